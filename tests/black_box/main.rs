//! Black-box tests of the built program. `tests/README.md` says what each module proves.

// A test fails by a panic: that is its way to speak.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Nobody outside reads these.
#![allow(missing_docs, unreachable_pub)]

#[path = "../common/mod.rs"]
mod common;

mod backup;
mod changes;
mod command;
mod commit;
mod concurrency;
mod cost;
mod docs;
mod file_systems;
mod filters;
mod guards;
mod input;
mod interface;
mod metadata;
mod names;
mod signals;
mod space;
mod stage;
mod systems;
mod turn;

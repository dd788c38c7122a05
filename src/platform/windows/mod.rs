//! Windows: the standard library's calls, and in `win32.rs` the few that it lacks.
// A function that cannot fail here has the signature that it has elsewhere.
#![allow(clippy::unnecessary_wraps, clippy::unused_self)]

pub(super) mod access;
pub(super) mod child;
pub(super) mod content;
pub(super) mod copy;
pub(super) mod descriptor;
pub(super) mod directory;
pub(super) mod errors;
mod event;
pub(super) mod filesystem;
pub(super) mod handle;
pub(super) mod ids;
pub(super) mod limits;
pub(super) mod links;
pub(super) mod lock;
pub(super) mod metadata;
pub(super) mod names;
pub(super) mod open;
mod path;
pub(super) mod privilege;
mod program;
pub(super) mod random;
mod relay;
pub(super) mod rename;
pub(super) mod retry;
mod rights;
pub(super) mod signals;
pub(super) mod startup;
pub(super) mod stat;
pub(super) mod swap_file;
pub(super) mod sync;
pub(super) mod termination;
pub(super) mod tree;
pub(super) mod unnamed;
pub(super) mod wait;
mod win32;
pub(super) mod words;
pub(super) mod writers;
pub(super) mod xattr;

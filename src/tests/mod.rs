//! Unit tests of what names no system but can only be tested on one.

#![allow(clippy::unwrap_used)] // A failure is a failed test.

mod group_sync;
mod tree;

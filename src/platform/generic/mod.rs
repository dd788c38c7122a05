//! Any Unix system: what POSIX provides, without the extensions that only some systems have.
// A function that cannot fail here has the signature that it has elsewhere.
#![allow(clippy::unnecessary_wraps, clippy::unused_self)]
// These systems have some of it their own way.
#![cfg_attr(any(target_os = "macos", target_os = "freebsd"), allow(dead_code, unused_imports))]

pub(super) use super::unix::{
    child, content, directory, errors, ids, limits, links, lock, metadata, names, open, retry,
};
pub(super) use super::unix::{startup, termination, tree, wait, words};

pub(super) mod access;
pub(super) mod copy;
pub(super) mod filesystem;
pub(super) mod handle;
pub(super) mod ignored;
pub(super) mod privilege;
pub(super) mod random;
pub(super) mod rename;
pub(super) mod signals;
pub(super) mod stat;
pub(super) mod swap_file;
pub(super) mod sync;
pub(super) mod unnamed;
pub(super) mod writers;
pub(super) mod xattr;

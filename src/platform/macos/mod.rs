//! macOS.

pub(super) use super::bsd::{filesystem, xattr};
pub(super) use super::generic::{
    access, copy, handle, ignored, privilege, random, signals, stat, swap_file, unnamed, writers,
};
pub(super) use super::unix::{
    child, content, directory, errors, ids, limits, links, lock, metadata, names, open, retry,
};
pub(super) use super::unix::{startup, termination, tree, wait, words};

pub(super) mod named;
pub(super) mod rename;
pub(super) mod sync;

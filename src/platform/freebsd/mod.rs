//! FreeBSD.

pub(super) use super::bsd::{filesystem, xattr};
pub(super) use super::generic::{
    access, handle, ignored, privilege, random, rename, signals, stat, swap_file, sync, unnamed, writers,
};
pub(super) use super::unix::{
    child, content, directory, errors, ids, limits, links, lock, metadata, names, open, retry,
};
pub(super) use super::unix::{startup, termination, tree, wait, words};

pub(super) mod copy;
pub(super) mod named;

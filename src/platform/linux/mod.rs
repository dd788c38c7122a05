//! Linux.

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
mod proc;
pub(super) mod random;
pub(super) mod rename;
pub(super) mod signals;
pub(super) mod stat;
pub(super) mod swap_file;
pub(super) mod sync;
pub(super) mod unnamed;
pub(super) mod writers;
pub(super) mod xattr;

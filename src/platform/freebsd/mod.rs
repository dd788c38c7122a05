//! FreeBSD.

pub(super) use super::bsd::{filesystem, xattr};
pub(super) use super::generic::{
    access, handle, privilege, random, rename, signals, startup, stat, swap_file, sync, unnamed,
};
pub(super) use super::unix::{child, content, directory, errors, ids, links, lock, metadata, names, open, retry};
pub(super) use super::unix::{termination, wait};

pub(super) mod copy;
pub(super) mod named;

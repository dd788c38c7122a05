//! What Linux adds to POSIX.

pub(super) mod access;
pub(crate) mod acl;
pub(super) mod copy;
pub(super) mod filesystem;
pub(super) mod handle;
pub(super) mod links;
pub(super) mod names;
pub(crate) mod opaque_acl;
pub(super) mod privilege;
mod proc;
pub(super) mod random;
pub(super) mod signals;
pub(super) mod startup;
pub(super) mod stat;
pub(super) mod swap;
pub(super) mod unnamed;
pub(super) mod xattr;

//! What macOS and FreeBSD have beside POSIX, in the same way: ACLs, the flags of chflags(2), extended attributes, and
//! statfs(2), which names the file system.

mod acl;
mod calls;
pub(super) mod filesystem;
mod flags;
pub(super) mod xattr;

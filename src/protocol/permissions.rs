//! What the caller may do with the names in a directory, as far as permissions tell.

use super::directory::Directory;
use crate::platform::{Errno, Stat, euid, may_write_directory, overrides_permissions, owner_or_capable};

/// Whether a symbolic link in the directory could be replaced, as far as permissions tell.
pub(super) fn may_replace_link(directory: &Directory, link: &Stat) -> bool {
    may_create_in(directory) && directory.stat().is_ok_and(|stat| !sticky_denies(&stat, link.uid))
}

/// Whether names could be created in the directory, as far as permissions tell.
pub(super) fn may_create_in(directory: &Directory) -> bool {
    match may_write_directory(directory) {
        Ok(()) | Err(Errno::NOSYS) => directory.stat().is_ok_and(|stat| !stat.is_immutable()),
        Err(Errno::ACCESS) => directory.stat().is_ok_and(|stat| overrides_permissions(&stat) && !stat.is_immutable()),
        Err(_) => false,
    }
}

/// Whether the sticky bit of `directory` keeps the caller from renaming over a file that `owner` owns.
pub(super) fn sticky_denies(directory: &Stat, owner: u32) -> bool {
    directory.mode & 0o1000 != 0 && directory.uid != euid() && !owner_or_capable(owner)
}

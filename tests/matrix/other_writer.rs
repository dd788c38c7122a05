//! The other writer, which does not cooperate and takes no lock.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use crate::scenario::other_content;

/// What the other writer does to TARGET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Renames a file with other content over it, or to its name, that only its owner can read.
    Replace,
    /// Removes it.
    Remove,
    /// Writes other content to it, in place.
    Overwrite,
    /// Takes all permissions from group and others.
    Chmod,
    /// Renames a symbolic link over it, or to its name.
    Link,
    /// Replaces it by a directory that is not empty.
    Directory,
}

/// What the link points to, in TARGET's directory.
pub const POINTEE: &str = "elsewhere";
/// The file in the directory.
pub const INSIDE: &str = "inside";
/// The mode that the other writer gives a file.
pub const PRIVATE: u32 = 0o600;

impl Action {
    pub const ALL: [Action; 6] =
        [Action::Replace, Action::Remove, Action::Overwrite, Action::Chmod, Action::Link, Action::Directory];

    pub fn name(self) -> &'static str {
        match self {
            Action::Replace => "other-replaces",
            Action::Remove => "other-removes",
            Action::Overwrite => "other-overwrites",
            Action::Chmod => "other-chmods",
            Action::Link => "other-links",
            Action::Directory => "other-makes-directory",
        }
    }

    /// Whether TARGET must exist.
    pub fn needs_file(self) -> bool {
        matches!(self, Action::Remove | Action::Overwrite | Action::Chmod)
    }

    /// Whether TARGET has the same inode afterwards.
    pub fn keeps_inode(self) -> bool {
        matches!(self, Action::Overwrite | Action::Chmod)
    }

    pub fn perform(self, target: &Path) -> io::Result<()> {
        let directory = target.parent().unwrap_or(target);
        fs::create_dir_all(directory)?;
        let beside = directory.join("others");
        match self {
            Action::Replace => {
                let mut file = fs::File::options().write(true).create_new(true).mode(PRIVATE).open(&beside)?;
                file.write_all(&other_content())?;
                fs::rename(&beside, target)
            }
            Action::Remove => fs::remove_file(target),
            Action::Overwrite => fs::write(target, other_content()),
            Action::Chmod => fs::set_permissions(target, Permissions::from_mode(PRIVATE)),
            Action::Link => {
                fs::write(directory.join(POINTEE), other_content())?;
                symlink(POINTEE, &beside)?;
                fs::rename(&beside, target)
            }
            Action::Directory => {
                fs::create_dir(&beside)?;
                fs::write(beside.join(INSIDE), other_content())?;
                if target.symlink_metadata().is_ok() {
                    fs::remove_file(target)?;
                }
                fs::rename(&beside, target)
            }
        }
    }
}

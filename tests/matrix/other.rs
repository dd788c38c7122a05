//! The other writer, who knows nothing of us and takes no turns.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

/// What the other writer does to TARGET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Renames a private file of another content over it, or to its name, where it is free.
    Replace,
    /// Removes it.
    Remove,
    /// Writes another content into it.
    Overwrite,
    /// Takes group and others the right to read it.
    Chmod,
    /// Renames a symbolic link over it, or to its name.
    Link,
    /// Puts a directory in its place, with something in it.
    Directory,
}

/// Where the link leads, beside TARGET.
pub const ELSEWHERE: &str = "elsewhere";
/// What is in the directory.
pub const INSIDE: &str = "inside";
/// The other writer's mode, with none of the bits that others have here.
pub const PRIVATE: u32 = 0o600;

impl Act {
    pub const ALL: [Act; 6] = [Act::Replace, Act::Remove, Act::Overwrite, Act::Chmod, Act::Link, Act::Directory];

    pub fn name(self) -> &'static str {
        match self {
            Act::Replace => "other-replaces",
            Act::Remove => "other-removes",
            Act::Overwrite => "other-overwrites",
            Act::Chmod => "other-chmods",
            Act::Link => "other-links",
            Act::Directory => "other-makes-directory",
        }
    }

    /// Whether there must be a file that it is done to.
    pub fn needs_file(self) -> bool {
        matches!(self, Act::Remove | Act::Overwrite | Act::Chmod)
    }

    /// Whether TARGET is the same inode afterwards.
    pub fn keeps_inode(self) -> bool {
        matches!(self, Act::Overwrite | Act::Chmod)
    }

    /// Does it.
    pub fn perform(self, target: &Path) -> io::Result<()> {
        let directory = target.parent().unwrap_or(target);
        fs::create_dir_all(directory)?;
        let beside = directory.join("others");
        match self {
            Act::Replace => {
                let mut file = fs::File::options().write(true).create_new(true).mode(PRIVATE).open(&beside)?;
                file.write_all(&content())?;
                fs::rename(&beside, target)
            }
            Act::Remove => fs::remove_file(target),
            Act::Overwrite => fs::write(target, content()),
            Act::Chmod => fs::set_permissions(target, Permissions::from_mode(PRIVATE)),
            Act::Link => {
                fs::write(directory.join(ELSEWHERE), content())?;
                symlink(ELSEWHERE, &beside)?;
                fs::rename(&beside, target)
            }
            Act::Directory => {
                fs::create_dir(&beside)?;
                fs::write(beside.join(INSIDE), content())?;
                if target.symlink_metadata().is_ok() {
                    fs::remove_file(target)?;
                }
                fs::rename(&beside, target)
            }
        }
    }
}

/// The other writer's content: neither old nor new, and of another length.
pub fn content() -> Vec<u8> {
    b"XXXXXXX\n".repeat(100)
}

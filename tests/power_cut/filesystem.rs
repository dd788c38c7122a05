//! The file systems and mount options under which the program is judged.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags};

use crate::error::{Context, Result};
use crate::loop_device::run;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Filesystem {
    Ext4,
    Ext4NoAutoDaAlloc,
    Ext4Writeback,
    Ext4FastCommit,
    Xfs,
    Btrfs,
}

impl Filesystem {
    pub(crate) const ALL: [Self; 6] =
        [Self::Ext4, Self::Ext4NoAutoDaAlloc, Self::Ext4Writeback, Self::Ext4FastCommit, Self::Xfs, Self::Btrfs];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Ext4NoAutoDaAlloc => "ext4-noauto_da_alloc",
            Self::Ext4Writeback => "ext4-writeback",
            Self::Ext4FastCommit => "ext4-fast_commit",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }

    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
            _ => "ext4",
        }
    }

    const fn options(self) -> &'static str {
        match self {
            Self::Ext4 | Self::Ext4FastCommit => "",
            Self::Ext4NoAutoDaAlloc => "noauto_da_alloc",
            Self::Ext4Writeback => "data=writeback",
            // Other copies of the image have the same UUID.
            Self::Xfs => "nouuid",
            Self::Btrfs => "nodiscard",
        }
    }

    /// Makes an empty file system in a sparse file, as small as each kind can be and still behave as usual.
    pub(crate) fn make(self, file: &Path) -> Result<()> {
        let size = match self {
            Self::Xfs => 300 << 20,
            Self::Btrfs => 128 << 20,
            _ => 64 << 20,
        };
        std::fs::File::create(file).and_then(|file| file.set_len(size)).context(file.display())?;
        let mut command = match self {
            Self::Xfs => {
                let mut command = Command::new("mkfs.xfs");
                command.args(["-q", "-K", "-m", "reflink=1"]);
                command
            }
            Self::Btrfs => {
                let mut command = Command::new("mkfs.btrfs");
                command.args(["-q", "-K"]);
                command
            }
            _ => {
                let mut command = Command::new("mkfs.ext4");
                // Everything is initialized now: a kernel thread that did it later would write during a recording.
                command.args(["-q", "-b", "4096", "-E"]);
                command.arg("nodiscard,lazy_itable_init=0,lazy_journal_init=0");
                if self == Self::Ext4FastCommit {
                    command.args(["-O", "fast_commit"]);
                }
                command
            }
        };
        run(command.arg(file)).map(drop)
    }

    /// Read-write, so that the journal recovers as it does after a real power cut.
    pub(crate) fn mount(self, device: &Path, directory: &Path) -> Result<()> {
        let options = std::ffi::CString::new(self.options()).context("mount options")?;
        rustix::mount::mount(device, directory, self.kind(), MountFlags::empty(), options.as_c_str())
            .context(format_args!("mount {}", self.name()))
    }

    /// Repairs what the kernel refuses to mount, by e2fsck; there is nothing alike for the others.
    pub(crate) fn fsck(self, device: &Path) -> bool {
        // Status 1: errors were corrected.
        self.kind() == "ext4"
            && Command::new("e2fsck")
                .args(["-f", "-y"])
                .arg(device)
                .output()
                .is_ok_and(|output| output.status.code().is_some_and(|code| code <= 1))
    }
}

/// Another thread's child may have inherited an open file for an instant, until its exec: so it is tried again.
pub(crate) fn unmount(directory: &Path) -> rustix::io::Result<()> {
    for _ in 0..2000 {
        match rustix::mount::unmount(directory, UnmountFlags::empty()) {
            Err(Errno::BUSY) => std::thread::sleep(Duration::from_millis(1)),
            result => return result,
        }
    }
    Err(Errno::BUSY)
}

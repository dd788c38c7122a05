//! What else goes on in the machine: without it, nothing reaches the disk in mid-run.
//!
//! No single noise finds everything. One that forces the journal hides a missing directory sync; silence hides a
//! missing file sync.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::device::run;
use crate::filesystem::Filesystem;
use crate::support::{Context, Result};

/// The directory of what is not the program's business.
pub(crate) const ELSEWHERE: &str = "elsewhere";
const FILE: &str = "noise";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Noise {
    Quiet,
    /// An unrelated file elsewhere is synced: commits ext4's and XFS's journal, and nobody else's data.
    Journal,
    /// btrfs commits its transaction, and waits for it.
    Commit,
    /// The whole file system is synced.
    Syncfs,
    /// Another program syncs the directory of TARGET: all that is known of the names in it, and nothing of their content.
    Directory,
}

impl Noise {
    pub(crate) const ALL: [Self; 5] = [Self::Quiet, Self::Journal, Self::Commit, Self::Syncfs, Self::Directory];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Journal => "journal",
            Self::Commit => "commit",
            Self::Syncfs => "syncfs",
            Self::Directory => "directory",
        }
    }

    pub(crate) const fn all(filesystem: Filesystem) -> &'static [Self] {
        match filesystem {
            Filesystem::Btrfs => &Self::ALL,
            _ => &[Self::Quiet, Self::Journal, Self::Syncfs, Self::Directory],
        }
    }
}

pub(crate) struct NoiseMaker {
    noise: Noise,
    root: PathBuf,
    file: File,
    count: u64,
}

impl NoiseMaker {
    /// Lays its file, to be on the disk before a recording begins.
    pub(crate) fn prepare(root: &Path) -> Result<()> {
        let directory = root.join(ELSEWHERE);
        std::fs::create_dir(&directory).context(directory.display())?;
        std::fs::write(directory.join(FILE), [0; 4096]).context(directory.display())
    }

    pub(crate) fn new(noise: Noise, root: &Path) -> Result<Self> {
        let name = root.join(ELSEWHERE).join(FILE);
        let file = OpenOptions::new().write(true).open(&name).context(name.display())?;
        Ok(Self { noise, root: root.to_owned(), file, count: 0 })
    }

    pub(crate) fn sound(&mut self) -> Result<()> {
        match self.noise {
            Noise::Quiet => Ok(()),
            Noise::Journal => {
                self.count += 1;
                self.file.write_all_at(&self.count.to_le_bytes(), 8 * (self.count % 512)).context("make noise")?;
                self.file.sync_all().context("make noise")
            }
            Noise::Commit => {
                let mut btrfs = Command::new("btrfs");
                run(btrfs.args(["filesystem", "sync"]).arg(&self.root)).map(drop)
            }
            Noise::Syncfs => rustix::fs::syncfs(&self.file).context("make noise"),
            Noise::Directory => sync_directories(&self.root),
        }
    }
}

fn sync_directories(directory: &Path) -> Result<()> {
    for entry in std::fs::read_dir(directory).context(directory.display())? {
        let entry = entry.context(directory.display())?;
        if entry.file_type().context(directory.display())?.is_dir() && entry.file_name() != ELSEWHERE {
            sync_directories(&entry.path())?;
        }
    }
    File::open(directory).and_then(|opened| opened.sync_all()).context(directory.display())
}

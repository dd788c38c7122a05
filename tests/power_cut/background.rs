//! Background I/O: what others do on the file system while the program runs. Without it, nothing but the program's own
//! syncs reaches the disk during a run.
//!
//! No kind of it finds everything. One that commits the journal hides a missing directory sync; none at all hides a missing
//! file sync.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Context, Result};
use crate::filesystem::Filesystem;
use crate::loop_device::run;
use crate::scenario::ELSEWHERE;

const FILE: &str = "background";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Background {
    /// None.
    Quiet,
    /// An unrelated file elsewhere is synced: commits ext4's and XFS's journal, and nobody else's data.
    Journal,
    /// btrfs commits its transaction, and waits for it.
    Commit,
    /// The whole file system is synced.
    Syncfs,
    /// Another program syncs TARGET's directory: the names in it, and not their content.
    Directory,
}

impl Background {
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

pub(crate) struct BackgroundIo {
    background: Background,
    root: PathBuf,
    file: File,
    count: u64,
}

impl BackgroundIo {
    /// Creates the file that it writes, before a recording begins.
    pub(crate) fn prepare(root: &Path) -> Result<()> {
        let directory = root.join(ELSEWHERE);
        std::fs::create_dir(&directory).context(directory.display())?;
        std::fs::write(directory.join(FILE), [0; 4096]).context(directory.display())
    }

    pub(crate) fn new(background: Background, root: &Path) -> Result<Self> {
        let name = root.join(ELSEWHERE).join(FILE);
        let file = OpenOptions::new().write(true).open(&name).context(name.display())?;
        Ok(Self { background, root: root.to_owned(), file, count: 0 })
    }

    pub(crate) fn run(&mut self) -> Result<()> {
        match self.background {
            Background::Quiet => Ok(()),
            Background::Journal => {
                self.count += 1;
                self.file.write_all_at(&self.count.to_le_bytes(), 8 * (self.count % 512)).context("background I/O")?;
                self.file.sync_all().context("background I/O")
            }
            Background::Commit => {
                let mut btrfs = Command::new("btrfs");
                run(btrfs.args(["filesystem", "sync"]).arg(&self.root)).map(drop)
            }
            Background::Syncfs => rustix::fs::syncfs(&self.file).context("background I/O"),
            Background::Directory => sync_directories(&self.root),
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

//! The simulated machine: a disk, the loop device on it, a mount point, and an empty file system of each kind.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use tempfile::TempDir;

use crate::disk::{self, Disk};
use crate::error::{Context, Result};
use crate::filesystem::{Filesystem, unmount};
use crate::image::Image;
use crate::loop_device::Device;

/// Fields are dropped in their order: the loop device before the disk that it is on, and the directory last.
pub(crate) struct Simulator {
    device: Device,
    pub(crate) disk: Disk,
    empty: HashMap<Filesystem, Image>,
    /// A file of it that is a mount point.
    bound: RefCell<Option<PathBuf>>,
    pub(crate) program: PathBuf,
    directory: TempDir,
}

impl Simulator {
    pub(crate) fn open() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("power-cut-").tempdir().context("make a work directory")?;
        let served = directory.path().join("served");
        for path in [&served, &directory.path().join("mounted")] {
            std::fs::create_dir(path).context(path.display())?;
        }
        let disk = Disk::serve(&served)?;
        let device = Device::attach(&served.join(disk::FILE_NAME), directory.path())?;
        Ok(Self { device, disk, empty: HashMap::new(), bound: RefCell::default(), program: program(), directory })
    }

    /// Whether this kernel mounts each kind of file system from the disk.
    pub(crate) fn try_out(mut self) -> Result<()> {
        for filesystem in [Filesystem::Ext4, Filesystem::Xfs, Filesystem::Btrfs] {
            self.insert_empty(filesystem)?;
            self.mount(filesystem)?;
            self.unmount()?;
        }
        Ok(())
    }

    pub(crate) fn device(&self) -> &Path {
        self.device.path()
    }

    pub(crate) fn mounted(&self) -> PathBuf {
        self.directory.path().join("mounted")
    }

    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Each simulator makes its own: btrfs mounts only one copy of a UUID at a time.
    pub(crate) fn insert_empty(&mut self, filesystem: Filesystem) -> Result<()> {
        // Those that differ only in mount options are the same.
        let made = match filesystem {
            Filesystem::Ext4NoAutoDaAlloc | Filesystem::Ext4Writeback => Filesystem::Ext4,
            other => other,
        };
        if !self.empty.contains_key(&made) {
            let file = self.scratch("empty");
            made.make(&file)?;
            self.empty.insert(made, Image::load(&file)?);
            std::fs::remove_file(&file).context(file.display())?;
        }
        if let Some(image) = self.empty.get(&made) {
            self.disk.insert(image.clone());
        }
        Ok(())
    }

    pub(crate) fn mount(&self, filesystem: Filesystem) -> Result<()> {
        filesystem.mount(self.device(), &self.mounted())
    }

    /// Makes a file of the mounted file system a mount point, until it is unmounted.
    pub(crate) fn bind(&self, file: &str) -> Result<()> {
        let file = self.mounted().join(file);
        rustix::mount::mount_bind(&file, &file).context(file.display())?;
        self.bound.replace(Some(file));
        Ok(())
    }

    fn unbind(&self) -> Result<()> {
        match self.bound.take() {
            Some(file) => unmount(&file).context(file.display()),
            None => Ok(()),
        }
    }

    pub(crate) fn unmount(&self) -> Result<()> {
        self.unbind()?;
        unmount(&self.mounted()).context("unmount")
    }

    /// Makes the disk work again, with nothing mounted from it.
    pub(crate) fn clear(&self) -> Result<()> {
        self.disk.clear_fault();
        self.unbind()?;
        loop {
            match unmount(&self.mounted()) {
                Ok(()) => {}
                Err(Errno::INVAL) => return Ok(()),
                Err(errno) => return Err(errno).context("unmount"),
            }
        }
    }
}

/// The program under test: the one that cargo has built, or another build of it.
fn program() -> PathBuf {
    std::env::var_os("ATOMIC_WRITE_POWER_CUT_PROGRAM")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_atomic-write")), PathBuf::from)
}

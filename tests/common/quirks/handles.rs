//! Open files and open directories.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use fuser::FileType;
use rustix::fs::{self, Dir, Mode, OFlags};
use rustix::io::{Errno, Result};

use super::pass::{Served, State, unless};
use super::show;

/// An open file.
#[derive(Debug)]
pub struct Open {
    pub file: File,
    pub behind: u64,
    writes: bool,
}

#[derive(Debug)]
pub struct Listing {
    file: OwnedFd,
    entries: Vec<Listed>,
}

/// A name in a directory, the number of its file and what it is.
pub type Listed = (OsString, u64, FileType);

impl Served {
    pub fn open(&self, number: u64, flags: OFlags) -> Result<u64> {
        let quirks = self.quirks();
        let file = {
            let state = self.state();
            let node = state.served(number, &quirks)?;
            unless(state.is_pending(node).then_some(Errno::NOENT))?;
            unless(quirks.open)?;
            if writes(flags) {
                unless(quirks.write)?;
            }
            if state.files.values().any(|open| open.behind == node.behind && open.writes) {
                unless(quirks.open_while_written)?;
            }
            let flags = flags.intersection(OFlags::ACCMODE) | OFlags::CLOEXEC;
            File::from(fs::open(node.path(), flags, Mode::empty())?)
        };
        self.opened(file, flags)
    }

    pub fn opened(&self, file: File, flags: OFlags) -> Result<u64> {
        let behind = fs::fstat(&file)?.st_ino;
        let mut state = self.state();
        let handle = state.nodes.fresh();
        state.files.insert(handle, Open { file, behind, writes: writes(flags) });
        Ok(handle)
    }

    pub fn with_file<T>(&self, handle: u64, act: impl FnOnce(&File) -> Result<T>) -> Result<T> {
        act(&self.state().files.get(&handle).ok_or(Errno::BADF)?.file)
    }

    /// The last close of a file that is marked for deletion removes its name.
    pub fn close(&self, handle: u64) {
        let mut state = self.state();
        state.files.remove(&handle);
        let State { files, pending, .. } = &mut *state;
        pending.retain(|pending| files.values().any(|open| open.behind == pending.node.behind));
    }

    pub fn open_directory(&self, number: u64) -> Result<u64> {
        let mut state = self.state();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = fs::open(state.nodes.get(number)?.path(), flags, Mode::empty())?;
        let handle = state.nodes.fresh();
        state.directories.insert(handle, Listing { file, entries: Vec::new() });
        Ok(handle)
    }

    /// The names from this offset on. They are listed when the first of them are read.
    pub fn list(&self, handle: u64, from: usize) -> Result<Vec<Listed>> {
        let mut state = self.state();
        let State { directories, pending, .. } = &mut *state;
        let listing = directories.get_mut(&handle).ok_or(Errno::BADF)?;
        if from == 0 {
            listing.entries = Dir::read_from(&listing.file)?
                .map(|entry| {
                    let entry = entry?;
                    let name = OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
                    Ok((name, entry.ino(), show::kind(entry.file_type())))
                })
                .collect::<Result<_>>()?;
            let directory = fs::fstat(&listing.file)?.st_ino;
            let here = pending.iter().filter(|pending| pending.directory == directory);
            listing
                .entries
                .extend(here.map(|pending| (pending.name.clone(), pending.node.behind, FileType::RegularFile)));
        }
        Ok(listing.entries.iter().skip(from).cloned().collect())
    }

    pub fn sync_directory(&self, handle: u64) -> Result<()> {
        unless(self.quirks().fsyncdir)?;
        fs::fsync(&self.state().directories.get(&handle).ok_or(Errno::BADF)?.file)
    }

    pub fn close_directory(&self, handle: u64) {
        self.state().directories.remove(&handle);
    }
}

fn writes(flags: OFlags) -> bool {
    flags.intersects(OFlags::WRONLY | OFlags::RDWR)
}

//! The staging file as the place where bytes go.

use super::directory::Directory;
use crate::error::{Error, Result, at};
use crate::platform::{self, BorrowedFd, Errno};

/// After so many bytes the kernel is asked to begin writing them back, so that the last sync finds little to do, and so
/// that neither Ctrl-C nor other programs' syncs wait for gigabytes.
const WINDOW: u64 = 8 * 1024 * 1024;
/// No more than so many bytes are left to the kernel to write back: a multiple of the window, so that the wait is short.
const BACKLOG: u64 = 32 * WINDOW;

/// The staging file as the place where bytes go.
pub(crate) struct StagingWriter<'a> {
    pub(super) file: BorrowedFd<'a>,
    /// Where the staging file is.
    directory: &'a Directory,
    /// Where the next byte goes; also the size in the end.
    pub(crate) offset: u64,
    /// Up to here writing back has begun.
    writeback_started: u64,
    /// Up to here it has ended.
    synced_to: u64,
    write_behind: bool,
}

impl<'a> StagingWriter<'a> {
    /// `write_behind` is off where nothing will be synced.
    pub(crate) fn new(file: BorrowedFd<'a>, directory: &'a Directory, write_behind: bool) -> Self {
        StagingWriter { file, directory, offset: 0, writeback_started: 0, synced_to: 0, write_behind }
    }

    pub(super) fn failed(&self, step: &'static str, errno: Errno) -> Error {
        at(step, format_args!("staging file in {}", self.directory.shown()))(errno)
    }

    /// Writes all of `bytes`.
    pub(crate) fn write_all(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match platform::write_at(self.file, bytes, self.offset) {
                Ok(0) => return Err(self.failed("write", Errno::IO)),
                Ok(count) => {
                    bytes = bytes.get(count..).unwrap_or_default();
                    self.advance(count as u64)?;
                }
                Err(errno) => return Err(self.failed("write", errno)),
            }
        }
        Ok(())
    }

    pub(super) fn advance(&mut self, count: u64) -> Result<()> {
        self.offset += count;
        if !self.write_behind || self.offset - self.writeback_started < WINDOW {
            return Ok(());
        }
        platform::start_writeback(self.file, self.writeback_started, self.offset - self.writeback_started);
        self.writeback_started = self.offset;
        if self.offset - self.synced_to >= BACKLOG {
            // An error is reported once: the last sync would not know of it.
            platform::sync_data(self.file).map_err(|errno| self.failed("sync", errno))?;
            self.synced_to = self.offset;
        }
        Ok(())
    }

    /// Sets the size, where the end is a hole.
    pub(super) fn finish(&self) -> Result<()> {
        platform::set_size(self.file, self.offset).map_err(|errno| self.failed("write", errno))
    }

    /// Reserves room, where the file system can do that and nothing else; that it cannot is no error, that there is none
    /// is.
    pub(super) fn reserve(&self, offset: u64, length: u64) -> Result<()> {
        if length == 0 || !self.directory.filesystem().reserves_space_only() {
            return Ok(());
        }
        platform::reserve(self.file, offset, length).map_err(|errno| self.failed("reserve space", errno))
    }
}

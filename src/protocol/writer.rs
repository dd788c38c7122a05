//! Writing to the staging file.

use super::directory::Directory;
use crate::error::{Error, Result};
use crate::platform::{self, BorrowedFd, Errno};
use crate::progress::Progress;

/// Start writeback after this many bytes. The last sync then finds little to do, and neither Ctrl-C nor the syncs of
/// other programs wait for gigabytes.
const WINDOW: u64 = 8 * 1024 * 1024;
/// Leave at most this many bytes to the kernel's writeback. It is a multiple of the window, so that the wait is short.
const BACKLOG: u64 = 32 * WINDOW;

pub(crate) struct StagingWriter<'a> {
    pub(super) file: BorrowedFd<'a>,
    /// The directory of the staging file.
    directory: &'a Directory,
    /// The offset of the next byte; in the end, the size.
    pub(crate) offset: u64,
    /// Writeback has started for everything before this offset.
    writeback_started: u64,
    /// Everything before this offset is synced.
    synced_to: u64,
    write_behind: bool,
    /// Counts what is written.
    progress: Option<Progress>,
}

impl<'a> StagingWriter<'a> {
    /// `write_behind` is false if nothing will be synced.
    pub(crate) fn new(file: BorrowedFd<'a>, directory: &'a Directory, write_behind: bool) -> Self {
        StagingWriter { file, directory, offset: 0, writeback_started: 0, synced_to: 0, write_behind, progress: None }
    }

    /// From here on, what is written counts as received.
    pub(crate) fn count_for(&mut self, progress: &Progress) {
        self.progress = Some(progress.clone());
    }

    /// Counts bytes that are there without a write: shared blocks, and holes.
    pub(crate) fn count(&self, bytes: u64) {
        if let Some(progress) = &self.progress {
            progress.added(bytes);
        }
    }

    /// Leaves a hole.
    pub(super) fn skip(&mut self, length: u64) {
        self.offset += length;
        self.count(length);
    }

    pub(super) fn failed(&self, step: &'static str, errno: Errno) -> Error {
        self.directory.staging_error(step, errno)
    }

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
        self.count(count);
        if !self.write_behind || self.offset - self.writeback_started < WINDOW {
            return Ok(());
        }
        platform::start_writeback(self.file, self.writeback_started, self.offset - self.writeback_started);
        self.writeback_started = self.offset;
        if self.offset - self.synced_to >= BACKLOG {
            // The kernel reports a write error once, so the last sync would not report it again.
            platform::sync_data(self.file).map_err(|errno| self.failed("sync", errno))?;
            self.synced_to = self.offset;
        }
        Ok(())
    }

    /// Sets the size, for a file that ends in a hole.
    pub(super) fn finish(&self) -> Result<()> {
        platform::set_size(self.file, self.offset).map_err(|errno| self.failed("write", errno))
    }

    /// Reserves space on a file system where that has no other effect. It is no error if the file system cannot
    /// reserve, but it is one if the disk is full.
    pub(super) fn reserve(&self, offset: u64, length: u64) -> Result<()> {
        if length == 0 || !self.directory.filesystem().reserves_space_only() {
            return Ok(());
        }
        platform::reserve(self.file, offset, length).map_err(|errno| self.failed("reserve space", errno))
    }
}

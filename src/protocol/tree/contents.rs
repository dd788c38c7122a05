//! The content of one file of a tree.

use std::path::Path;

use crate::error::{Result, at, failed};
use crate::input::Input;
use crate::platform::{self, AsFd, BorrowedFd, OwnedFd, Signals, Stat};
use crate::protocol::copy::{BUFFER, copy_chunk, next_data, reflink};
use crate::protocol::writer::StagingWriter;
use crate::quote::Shown;

/// A file up to this size, in bytes, is read and written: for so little, any other way costs more than it saves.
const SMALL: u64 = 64 * 1024;
/// The same where blocks can be shared.
const SMALL_TO_SHARE: u64 = 8 * 1024;

/// Copies contents. It remembers what the file system has refused.
pub(super) struct Contents<'a> {
    signals: &'a Signals,
    can_share: bool,
    buffer: Vec<u8>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(signals: &'a Signals) -> Self {
        Contents { signals, can_share: true, buffer: Vec::with_capacity(BUFFER) }
    }

    /// Copies the whole file, whose state is `stat`, with its holes. `path` is its path for messages.
    pub(super) fn copy(
        &mut self,
        from: &OwnedFd,
        stat: &Stat,
        path: &Path,
        sink: &mut StagingWriter<'_>,
    ) -> Result<()> {
        let small = if self.can_share { SMALL_TO_SHARE } else { SMALL };
        if stat.size <= small && !stat.may_have_holes() {
            return self.read_and_write(from, stat, path, sink);
        }
        if self.can_share {
            if reflink(from.as_fd(), sink, stat.size)? {
                return Ok(());
            }
            self.can_share = false;
        }
        self.copy_ranges(from, stat, path, sink)
    }

    /// Reads up to the size, which the caller compares afterwards. Some virtual files report size 0 but have content.
    fn read_and_write(&mut self, from: &OwnedFd, stat: &Stat, path: &Path, sink: &mut StagingWriter<'_>) -> Result<()> {
        loop {
            self.buffer.clear();
            let read = platform::read_at(from, &mut self.buffer, sink.offset);
            read.map_err(at("read", Shown(path.as_os_str())))?;
            if self.buffer.is_empty() {
                return Ok(());
            }
            sink.write_all(&self.buffer)?;
            if sink.offset == stat.size {
                return Ok(());
            }
        }
    }

    /// Copies the data between the holes, within the kernel if it can.
    fn copy_ranges(&self, from: &OwnedFd, stat: &Stat, path: &Path, sink: &mut StagingWriter<'_>) -> Result<()> {
        let mut input = TreeFile { file: from.as_fd(), path, signals: self.signals };
        let mut offset = 0;
        while let Some(data) = next_data(&input, offset, stat.size)? {
            sink.offset = data.start;
            sink.reserve(data.start, data.end - data.start)?;
            offset = data.start;
            while offset < data.end {
                match copy_chunk(&mut input, offset, data.end - offset, sink, None)? {
                    0 => return Err(failed("read", format_args!("{}: changed while it was read", input.name()))),
                    count => offset += count,
                }
            }
            if offset >= stat.size {
                break;
            }
        }
        sink.offset = stat.size;
        sink.finish()
    }
}

/// A file of the tree as an input.
struct TreeFile<'a> {
    file: BorrowedFd<'a>,
    path: &'a Path,
    signals: &'a Signals,
}

impl Input for TreeFile<'_> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.file
    }
    fn regular(&self) -> Option<(&Stat, u64)> {
        None
    }
    fn begin(&mut self) -> Result<()> {
        Ok(())
    }
    fn ready(&mut self) -> Result<()> {
        Ok(self.signals.check()?)
    }
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
    fn name(&self) -> String {
        Shown(self.path.as_os_str()).to_string()
    }
}

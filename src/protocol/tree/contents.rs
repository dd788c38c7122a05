//! The content of one file of a tree.

use std::path::Path;

use crate::error::{Result, at};
use crate::platform::{self, AsFd, Errno, OwnedFd, Signals, Stat, is_full};
use crate::protocol::copy::{FileReader, check_early_end, copy_chunk, next_data};
use crate::protocol::writer::StagingWriter;
use crate::quote::Shown;

/// Where no blocks can be shared, a file up to this size, in bytes, is read and written: for so little, any other way costs
/// more than it saves.
const SMALL: usize = 64 * 1024;

/// Copies contents. It remembers what the file system has refused.
pub(super) struct Contents<'a> {
    signals: &'a Signals,
    can_share: bool,
    buffer: Vec<u8>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(signals: &'a Signals) -> Self {
        Contents { signals, can_share: true, buffer: Vec::with_capacity(SMALL) }
    }

    /// Copies the whole file, whose state is `stat`, with its holes. `path` is its path for messages.
    pub(super) fn copy(
        &mut self,
        from: &OwnedFd,
        stat: &Stat,
        path: &Path,
        sink: &mut StagingWriter<'_>,
    ) -> Result<()> {
        if self.can_share && stat.size > 0 {
            match platform::reflink(from, sink.file) {
                // No size is set, as the caller finds whether the file has grown: that takes long on XFS.
                Ok(()) => {
                    sink.count(stat.size);
                    return Ok(());
                }
                Err(errno) if is_full(errno) || errno == Errno::IO => return Err(sink.failed("write", errno)),
                Err(_) => self.can_share = false,
            }
        }
        if stat.size <= SMALL as u64 && !stat.may_have_holes() {
            return self.read_and_write(from, stat, path, sink);
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
            self.signals.check()?;
        }
    }

    /// Copies the data between the holes, within the kernel if it can.
    fn copy_ranges(&self, from: &OwnedFd, stat: &Stat, path: &Path, sink: &mut StagingWriter<'_>) -> Result<()> {
        let name = Shown(path.as_os_str()).to_string();
        let mut input = FileReader { file: from.as_fd(), name: &name, signals: Some(self.signals) };
        let mut offset = 0;
        while let Some(data) = next_data(&input, offset, stat.size)? {
            sink.offset = data.start;
            sink.reserve(data.start, data.end - data.start)?;
            offset = data.start;
            while offset < data.end {
                match copy_chunk(&mut input, offset, data.end - offset, sink, None)? {
                    0 => {
                        check_early_end(&input, stat)?;
                        return sink.finish();
                    }
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

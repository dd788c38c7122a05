//! The bytes of files and pipes.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::windows::fs::FileExt;
use std::path::PathBuf;

use super::descriptor::{AsFd, BorrowedFd, Console, OwnedFd};
use super::errors::{Errno, Result, done};
use super::relay::read_directly;

/// Reads into the free capacity of `buffer`.
fn append(buffer: &mut Vec<u8>, read: impl FnOnce(&mut [u8]) -> Result<usize>) -> Result<usize> {
    let length = buffer.len();
    buffer.resize(buffer.capacity(), 0);
    let count = read(buffer.get_mut(length..).unwrap_or_default());
    buffer.truncate(length + *count.as_ref().unwrap_or(&0));
    count
}

/// One read, appended to `buffer` up to its capacity.
pub(crate) fn read_once(file: impl AsFd, buffer: &mut Vec<u8>) -> Result<usize> {
    let file = file.as_fd();
    append(buffer, |free| match file.relay.get() {
        Some(relay) => relay.read(free),
        None => read_directly(file, free),
    })
}

/// One read at `offset`, appended to `buffer` up to its capacity. 0 is the end of the file.
pub(crate) fn read_at(file: impl AsFd, buffer: &mut Vec<u8>, offset: u64) -> Result<usize> {
    append(buffer, |free| read_at_into(file, free, offset))
}

/// One read at `offset` into `buffer`. 0 is the end of the file.
pub(crate) fn read_at_into(file: impl AsFd, buffer: &mut [u8], offset: u64) -> Result<usize> {
    done(file.as_fd().file()?.seek_read(buffer, offset))
}

/// One write at `offset`.
pub(crate) fn write_at(file: impl AsFd, bytes: &[u8], offset: u64) -> Result<usize> {
    done(file.as_fd().file()?.seek_write(bytes, offset))
}

/// Writes all of `bytes`, for messages. A console gets them as UTF-16.
pub(crate) fn write_all(file: impl AsFd, bytes: &[u8]) -> Result<()> {
    let file = file.as_fd();
    done(match file.console {
        Some(Console::Output) => std::io::stdout().write_all(bytes).and_then(|()| std::io::stdout().flush()),
        Some(Console::Error) => std::io::stderr().write_all(bytes),
        _ => file.file()?.write_all(bytes),
    })
}

/// The file offset, in bytes.
pub(crate) fn offset(file: impl AsFd) -> Result<u64> {
    done(file.as_fd().file()?.stream_position())
}

/// Sets the file offset, in bytes.
pub(crate) fn seek(file: impl AsFd, offset: u64) -> Result<()> {
    done(file.as_fd().file()?.seek(SeekFrom::Start(offset)).map(drop))
}

/// Sets the size, in bytes.
pub(crate) fn set_size(file: impl AsFd, size: u64) -> Result<()> {
    done(file.as_fd().file()?.set_len(size))
}

/// A pipe that no child inherits: read end and write end.
pub(crate) fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = done(std::io::pipe())?;
    let open = |end: std::os::windows::io::OwnedHandle| OwnedFd::new(File::from(end), PathBuf::new());
    Ok((open(reader.into()), open(writer.into())))
}

/// The standard handle of a process cannot be replaced safely. A shell that redirected it has it open anyway.
pub(crate) fn close_stdin() {}

pub(crate) fn stdin() -> BorrowedFd<'static> {
    static STDIN: std::sync::OnceLock<std::io::Stdin> = std::sync::OnceLock::new();
    STDIN.get_or_init(std::io::stdin).as_fd()
}

/// Whether the handle cannot be read: no call tells, so the read does.
pub(crate) fn is_write_only(_: impl AsFd) -> Result<bool> {
    Ok(false)
}

/// Closes the file. Windows reports no write error here.
pub(crate) fn close(file: OwnedFd) -> Result<()> {
    file.into_file().map(drop).ok_or(Errno::BADF)
}

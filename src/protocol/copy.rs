//! Copying bytes into the staging file: all of them, in constant memory, preserving holes.

use super::writer::StagingWriter;
use crate::digest::Hasher;
use crate::error::{Error, Result, TargetState, at, failed};
use crate::input::{Input, SMALL};
use crate::platform::{self, BorrowedFd, Errno, Event, Retries, Signals, Stat, is_full, wait};

/// How much is read at once, in bytes.
pub(crate) const BUFFER: usize = 256 * 1024;
/// The same until a read of a stream is that long, in bytes: the default capacity of a pipe.
const FIRST_BUFFER: usize = 64 * 1024;
/// How much of a stream is read at first, in bytes. Most files that are replaced are small, and the heap has this much
/// without asking the system.
const SMALL_BUFFER: usize = 512;
/// The pipe capacity, in bytes, that is requested once the pipe was full: the limit of an unprivileged user.
const PIPE: usize = 1024 * 1024;
/// How much is copied within the kernel at once, in bytes. Signals are checked in between.
const CHUNK: u64 = 32 * 1024 * 1024;

/// One read into `buffer`, which replaces its content, up to its capacity. At the end of the input it is empty.
pub(crate) fn read(input: &mut dyn Input, buffer: &mut Vec<u8>) -> Result<()> {
    buffer.clear();
    append(input, buffer)
}

/// The same, after what is in `buffer` already.
fn append(input: &mut dyn Input, buffer: &mut Vec<u8>) -> Result<()> {
    let mut retries = Retries::default();
    loop {
        input.ready()?;
        match platform::read_once(input.descriptor(), buffer) {
            Ok(_) => return Ok(()),
            Err(errno @ (Errno::INTR | Errno::AGAIN)) => {
                retries.retry(errno).map_err(|errno| cannot_read(input, errno))?;
                if errno == Errno::AGAIN {
                    // Another process has set `O_NONBLOCK` on the shared open file description.
                    wait([Some(Event::Readable(input.descriptor()))], None, None)
                        .map_err(|errno| cannot_read(input, errno))?;
                }
            }
            Err(errno) => return Err(cannot_read(input, errno)),
        }
    }
}

/// Fails if the file, whose state was `stat`, has become shorter: it ended before its size. It is never padded. A setting of
/// the kernel's has the size of a page, whatever its content is, so where nothing has changed that is its end.
pub(crate) fn check_early_end(input: &dyn Input, stat: &Stat) -> Result<()> {
    // A network file system's client may not know yet.
    let now = Stat::of_uncached(input.descriptor()).map_err(|errno| cannot_read(input, errno))?;
    if stat.is_same_content(&now) { Ok(()) } else { Err(became_shorter(input)) }
}

fn became_shorter(input: &dyn Input) -> Error {
    failed("read", format_args!("{}: changed while it was read", input.name()))
}

fn cannot_read(input: &dyn Input, errno: Errno) -> Error {
    at("read", input.name())(errno)
}

/// Reads to the end of the input. Returns how many bytes were read.
pub(crate) fn stream(
    input: &mut dyn Input,
    sink: &mut StagingWriter<'_>,
    mut hasher: Option<&mut Hasher>,
) -> Result<u64> {
    let is_small = input.regular().is_none_or(|(stat, _)| stat.size < SMALL_BUFFER as u64);
    let mut buffer = Vec::with_capacity(if is_small { SMALL_BUFFER } else { FIRST_BUFFER });
    let mut total = 0;
    loop {
        let before = buffer.len();
        append(input, &mut buffer)?;
        let is_at_end = buffer.len() == before;
        if buffer.len() == SMALL_BUFFER && !is_at_end {
            // Written together with what follows, so that large writes begin at whole pages.
            buffer.reserve_exact(FIRST_BUFFER - SMALL_BUFFER);
            continue;
        }
        if let Some(hasher) = hasher.as_deref_mut() {
            hasher.update(&buffer);
        }
        sink.write_all(&buffer)?;
        total += buffer.len() as u64;
        if is_at_end {
            return Ok(total);
        }
        if buffer.len() == FIRST_BUFFER && buffer.capacity() < BUFFER {
            // The writer is faster than this reader. If it is not a pipe or the limit is reached, its capacity stays as
            // it is.
            platform::enlarge_pipe(input.descriptor(), PIPE);
            buffer = Vec::with_capacity(BUFFER);
        }
        buffer.clear();
    }
}

/// Reads a file from its start to its end, for its digest.
pub(crate) fn hash(file: &mut FileReader<'_>, hasher: &mut Hasher) -> Result<()> {
    platform::seek(file.file, 0).map_err(|errno| cannot_read(file, errno))?;
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        read(file, &mut buffer)?;
        if buffer.is_empty() {
            return Ok(());
        }
        hasher.update(&buffer);
    }
}

/// Copies a regular file from `start`; `stat` is its state when it was opened. Shares its blocks if possible, otherwise
/// copies within the kernel, otherwise through memory. Returns how many bytes were copied.
pub(crate) fn file(
    input: &mut dyn Input,
    stat: &Stat,
    start: u64,
    sink: &mut StagingWriter<'_>,
    mut hasher: Option<&mut Hasher>,
) -> Result<u64> {
    let base = sink.offset;
    let mut from = start;
    if (1..=SMALL).contains(&stat.size) && start <= stat.size {
        platform::seek(input.descriptor(), start).map_err(|errno| cannot_read(input, errno))?;
        let count = stream(input, sink, hasher)?;
        if count < stat.size - start {
            check_early_end(input, stat)?;
        }
        return Ok(count);
    }
    if start == 0 && base == 0 && hasher.is_none() && reflink(input.descriptor(), sink, stat.size)? {
        from = stat.size;
    } else {
        while from < stat.size {
            let Some(extent) = next_data(input, from, stat.size)? else { break };
            hash_zeros(input, from, extent.start, hasher.as_deref_mut())?;
            sink.skip(extent.start - from);
            sink.reserve(sink.offset, extent.end - extent.start)?;
            from = extent.start;
            while from < extent.end {
                let count = copy_chunk(input, from, extent.end - from, sink, hasher.as_deref_mut())?;
                if count == 0 {
                    check_early_end(input, stat)?;
                    sink.finish()?;
                    return Ok(from - start);
                }
                from += count;
            }
        }
        // The rest is a hole, or the file has shrunk: reads cannot distinguish the two.
        hash_zeros(input, from, stat.size, hasher.as_deref_mut())?;
        if Stat::of(input.descriptor()).map_err(|errno| cannot_read(input, errno))?.size < stat.size {
            return Err(became_shorter(input));
        }
        sink.skip(stat.size.saturating_sub(from));
        from = from.max(stat.size);
        sink.finish()?;
    }
    // Some virtual files report size 0 but have content, and any file may have grown.
    platform::seek(input.descriptor(), from).map_err(|errno| cannot_read(input, errno))?;
    let rest = stream(input, sink, hasher)?;
    Ok(from - start + rest)
}

/// Shares the blocks of the whole file, if the file system can. Used for the old content and for the input.
pub(crate) fn reflink(from: BorrowedFd<'_>, sink: &mut StagingWriter<'_>, size: u64) -> Result<bool> {
    if size == 0 {
        return Ok(false);
    }
    match platform::reflink(from, sink.file) {
        Ok(()) => {}
        Err(errno) if is_full(errno) || errno == Errno::IO => return Err(sink.failed("write", errno)),
        Err(_) => return Ok(false),
    }
    sink.skip(size);
    // The file may have grown since its state was read.
    sink.finish()?;
    Ok(true)
}

/// What the file that is replaced is called in messages.
pub(crate) const OLD_CONTENT: &str = "the old content";

/// An open file as an input, of which nothing needs to be waited for.
pub(crate) struct FileReader<'a> {
    pub(crate) file: BorrowedFd<'a>,
    /// For messages.
    pub(crate) name: &'a str,
    /// Checked between chunks; `None` where they are held.
    pub(crate) signals: Option<&'a Signals>,
}

impl Input for FileReader<'_> {
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
        Ok(self.signals.map_or(Ok(()), Signals::check)?)
    }
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
    fn name(&self) -> String {
        self.name.to_owned()
    }
}

/// Copies the first `length` bytes of the old content, of which `stat` is the state.
pub(crate) fn copy_prefix(
    old: &mut FileReader<'_>,
    stat: &Stat,
    length: u64,
    sink: &mut StagingWriter<'_>,
) -> Result<()> {
    if reflink(old.file, sink, stat.size)? {
        sink.offset = length;
        return sink.finish();
    }
    let mut from = 0;
    while from < length {
        let Some(extent) = next_data(old, from, length)? else { break };
        sink.offset = extent.start;
        sink.reserve(extent.start, extent.end - extent.start)?;
        from = extent.start;
        while from < extent.end {
            match copy_chunk(old, from, extent.end - from, sink, None)? {
                0 => {
                    let reason = "the old content became shorter while it was copied";
                    return Err(failed("read", reason).context(TargetState::Changed));
                }
                count => from += count,
            }
        }
    }
    sink.offset = length;
    sink.finish()
}

/// The next range of data at or after `from`; `None` if only a hole remains.
pub(super) fn next_data(input: &dyn Input, from: u64, end: u64) -> Result<Option<std::ops::Range<u64>>> {
    let data = platform::next_data(input.descriptor(), from).map_err(|errno| cannot_read(input, errno))?;
    Ok(data.filter(|data| data.start < end).map(|data| data.start..data.end.min(end)))
}

/// Copies at most `length` bytes at `from`. 0 is the end of the file.
pub(super) fn copy_chunk(
    input: &mut dyn Input,
    from: u64,
    length: u64,
    sink: &mut StagingWriter<'_>,
    hasher: Option<&mut Hasher>,
) -> Result<u64> {
    input.ready()?;
    let wanted = usize::try_from(length.min(CHUNK)).unwrap_or(BUFFER);
    if hasher.is_none() {
        match platform::copy_range(input.descriptor(), from, sink.file, sink.offset, wanted) {
            Err(errno) if is_full(errno) => return Err(sink.failed("write", errno)),
            // Some kernels return 0 if they cannot copy. Whatever the reason, reading and writing reports a better
            // error.
            Ok(0) | Err(_) => {}
            Ok(count) => {
                sink.advance(count as u64)?;
                return Ok(count as u64);
            }
        }
    }
    let mut buffer = Vec::with_capacity(BUFFER.min(usize::try_from(length).unwrap_or(BUFFER)));
    platform::read_at(input.descriptor(), &mut buffer, from).map_err(|errno| cannot_read(input, errno))?;
    if let Some(hasher) = hasher {
        hasher.update(&buffer);
    }
    sink.write_all(&buffer)?;
    Ok(buffer.len() as u64)
}

/// Hashes a hole as zeros. It may be huge, so signals are checked.
fn hash_zeros(input: &mut dyn Input, from: u64, to: u64, hasher: Option<&mut Hasher>) -> Result<()> {
    let Some(hasher) = hasher else { return Ok(()) };
    let zeros = vec![0; BUFFER];
    let mut left = to.saturating_sub(from);
    while left > 0 {
        input.ready()?;
        let count = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
        hasher.update(zeros.get(..count).unwrap_or_default());
        left -= count as u64;
    }
    Ok(())
}

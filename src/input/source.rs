//! An input that is a descriptor: standard input or a source file.

use std::path::Path;
use std::time::Instant;

use super::reader::Input;
use crate::error::{Context, Error, Result, at, failed};
use crate::platform::{
    self, AsFd, BorrowedFd, Errno, Event, FileSystem, FileType, OwnedFd, Signals, Stat, Woken, wait, was_closed,
};
use crate::progress::LONG;
use crate::quote::Shown;

/// So many reads of a stream may take long even if none of them has to wait.
const MANY: u32 = 64;
/// A file of this size, in bytes, is read and written: to look for holes and to reserve space takes longer than that. It takes
/// one read, and another one to find its end.
pub(crate) const SMALL: u64 = 16 * 1024;

/// Standard input, or `--from SOURCE`.
pub(crate) struct Source<'s> {
    file: File,
    /// For a regular file, its state when it was opened, and the offset at which to begin.
    regular: Option<(Stat, u64)>,
    name: String,
    signals: &'s Signals,
    /// How often it has been read.
    reads: u32,
}

enum File {
    /// By its descriptor: the standard library's standard input has a buffer.
    Stdin(BorrowedFd<'static>),
    Opened(OwnedFd),
    /// Read to its end and closed: it may be TARGET.
    Closed,
}

impl<'s> Source<'s> {
    /// Standard input. Fails if it was closed when the program started.
    pub(crate) fn stdin(signals: &'s Signals) -> Result<Self> {
        if was_closed(0) {
            // The Rust runtime opened /dev/null in its place, which would look like an empty input.
            return Err(failed("read", "standard input is closed"));
        }
        let stdin = platform::stdin();
        let now = Stat::of(stdin).context("read")?;
        let regular = if now.kind() == FileType::RegularFile {
            let start = platform::offset(stdin).context("read")?;
            Some((now, start))
        } else {
            None
        };
        Ok(Source { file: File::Stdin(stdin), regular, name: "standard input".to_owned(), signals, reads: 0 })
    }

    /// Opens a source file.
    pub(crate) fn open(path: &Path, signals: &'s Signals) -> Result<Self> {
        let name = Shown(path.as_os_str()).to_string();
        let cannot_open = |errno| at("open", &name)(errno);
        // poll waits for the writer of a FIFO, and for signals at the same time.
        let file = platform::open_source(path).map_err(cannot_open)?;
        let now = Stat::of(&file).map_err(cannot_open)?;
        let regular = match now.kind() {
            FileType::Directory => return Err(cannot_open(Errno::ISDIR)),
            FileType::RegularFile => Some((now, 0)),
            _ => None,
        };
        Ok(Source { file: File::Opened(file), regular, name, signals, reads: 0 })
    }
}

impl Source<'_> {
    /// Whether the program must wait for its input, and somebody may ask meanwhile how far it is. Without a writer there
    /// would be no end of the wait.
    fn is_awaited(&self) -> bool {
        let now = || wait([Some(Event::Readable(self.descriptor()))], None, Some(Instant::now()));
        self.signals.may_be_asked()
            && matches!(now(), Ok(Woken::Deadline))
            && matches!(platform::is_write_only(self.descriptor()), Ok(false))
    }

    fn cannot_read(&self, errno: Errno) -> Error {
        at("read", &self.name)(errno)
    }
}

impl Input for Source<'_> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        match &self.file {
            File::Stdin(stdin) => stdin.as_fd(),
            File::Opened(file) => file.as_fd(),
            // Unreachable: nothing is read after `finish`.
            File::Closed => platform::stdin(),
        }
    }

    fn regular(&self) -> Option<(&Stat, u64)> {
        self.regular.as_ref().map(|(stat, start)| (stat, *start))
    }

    /// The permission bits of a regular SOURCE, as cp(1) uses them.
    fn mode(&self) -> Option<u32> {
        self.source().map(|stat| stat.mode & 0o777)
    }

    fn source(&self) -> Option<&Stat> {
        match (&self.file, &self.regular) {
            (File::Opened(_), Some((stat, _))) => Some(stat),
            _ => None,
        }
    }

    fn begin(&mut self) -> Result<()> {
        // What is no file may be waited for.
        let is_opened_stream = || self.regular.is_none() && matches!(self.file, File::Opened(_));
        if self.regular.as_ref().map_or_else(is_opened_stream, |(stat, _)| stat.size >= LONG) {
            self.signals.watch_requests();
        }
        // A read would fail, but the poll that precedes it where signals are watched would never return.
        if self.signals.watched()
            && self.regular.is_none()
            && platform::is_write_only(self.descriptor()).map_err(|errno| self.cannot_read(errno))?
        {
            return Err(self.cannot_read(Errno::BADF));
        }
        Ok(())
    }

    fn ready(&mut self) -> Result<()> {
        if let Some((stat, _)) = &self.regular {
            self.reads = self.reads.saturating_add(1);
            // The second read of a small file finds its end.
            return if self.reads == 2 && stat.size <= SMALL { Ok(()) } else { Ok(self.signals.check()?) };
        }
        if !self.signals.answers_requests() && matches!(self.file, File::Stdin(_)) {
            self.reads += 1;
            if self.reads > MANY || self.is_awaited() {
                self.signals.watch_requests();
            }
            if !self.signals.answers_requests() {
                // A read that blocks is correct here: signals have their default actions.
                return Ok(());
            }
        }
        loop {
            let woken = wait([Some(Event::Readable(self.descriptor()))], Some(self.signals), None);
            let woken = woken.map_err(|errno| self.cannot_read(errno))?;
            self.signals.check()?;
            if woken == Woken::Ready([true]) {
                return Ok(());
            }
        }
    }

    fn finish(&mut self) -> Result<()> {
        let File::Opened(file) = &self.file else { return Ok(()) };
        if let Some((before, _)) = &self.regular {
            let now = Stat::of(file).context("read")?;
            let same = before.is_same_content(&now);
            if !same && (before.size != now.size || !FileSystem::of(file).updates_times_late()) {
                return Err(failed("read", format_args!("{}: changed while it was read", self.name)));
            }
        }
        self.file = File::Closed;
        Ok(())
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

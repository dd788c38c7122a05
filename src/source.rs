//! Where the bytes come from, when they come from a descriptor: standard input or a source file.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, OFlags, SeekFrom};
use rustix::io::Errno;

use crate::engine::filesystem::FileSystem;
use crate::engine::stat::Stat;
use crate::failure::{Failure, Result, words};
use crate::input::Input;
use crate::quote::Shown;
use crate::signals::Signals;
use crate::startup;
use crate::sys;
use crate::wait::{Woken, wait};

/// Standard input, or `--from SOURCE`.
pub(crate) struct Source<'s> {
    file: File,
    /// Its state when it was opened, where it is a regular file, and the offset at which we begin.
    regular: Option<(Stat, u64)>,
    name: String,
    signals: &'s Signals,
}

enum File {
    Stdin(std::io::Stdin),
    Opened(OwnedFd),
    /// Read to its end, and let go of: it may be TARGET.
    Done,
}

impl<'s> Source<'s> {
    /// Standard input, if there is any.
    pub(crate) fn stdin(signals: &'s Signals) -> Result<Self> {
        if startup::was_closed(0) {
            // The runtime has put /dev/null in its place, which would look like an empty input.
            return Err(Failure::failed("read", "standard input is closed"));
        }
        let stdin = std::io::stdin();
        let now = Stat::of(&stdin).map_err(Failure::call("read"))?;
        let regular = if now.kind() == FileType::RegularFile {
            let start = sys::seek(&stdin, SeekFrom::Current(0)).map_err(Failure::call("read"))?;
            Some((now, start))
        } else {
            None
        };
        Ok(Source { file: File::Stdin(stdin), regular, name: "standard input".to_owned(), signals })
    }

    /// A source file.
    pub(crate) fn open(path: &Path, signals: &'s Signals) -> Result<Self> {
        let name = Shown(path.as_os_str()).to_string();
        let failed = |errno| Failure::failed("open source", format_args!("{name}: {}", words(errno)));
        // A FIFO without a writer is waited for by poll, where signals are waited for as well.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = sys::open(rustix::fs::CWD, path, flags).map_err(failed)?;
        let now = Stat::of(&file).map_err(failed)?;
        let regular = match now.kind() {
            FileType::Directory => return Err(failed(Errno::ISDIR)),
            FileType::RegularFile => Some((now, 0)),
            _ => None,
        };
        Ok(Source { file: File::Opened(file), regular, name, signals })
    }

    /// The permission bits that a new TARGET takes from it, as cp(1) has it: those of a regular SOURCE.
    pub(crate) fn mode(&self) -> Option<u32> {
        match (&self.file, &self.regular) {
            (File::Opened(_), Some((stat, _))) => Some(stat.mode & 0o777),
            _ => None,
        }
    }
}

impl Source<'_> {
    fn cannot_read(&self, errno: Errno) -> Failure {
        Failure::failed("read", format_args!("{}: {}", self.name, words(errno)))
    }
}

impl Input for Source<'_> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        match &self.file {
            File::Stdin(stdin) => stdin.as_fd(),
            File::Opened(file) => file.as_fd(),
            // Not reached: nothing is read after `finish`.
            File::Done => rustix::stdio::stdin(),
        }
    }

    fn regular(&self) -> Option<(&Stat, u64)> {
        self.regular.as_ref().map(|(stat, start)| (stat, *start))
    }

    fn begin(&mut self) -> Result<()> {
        // A read would tell it; a poll, which comes first where signals are watched, would wait for ever.
        if self.signals.watched() && self.regular.is_none() {
            let flags = rustix::fs::fcntl_getfl(self.descriptor()).map_err(|errno| self.cannot_read(errno))?;
            if flags & OFlags::RWMODE == OFlags::WRONLY {
                return Err(self.cannot_read(Errno::BADF));
            }
        }
        Ok(())
    }

    fn ready(&mut self) -> Result<()> {
        if self.regular.is_some() {
            return self.signals.check();
        }
        if !self.signals.watched() && matches!(self.file, File::Stdin(_)) {
            // A read that blocks; a signal then does what it does by default.
            return Ok(());
        }
        loop {
            let woken = wait([Some(self.descriptor())], Some(self.signals), None);
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
            let now = Stat::of(file).map_err(Failure::call("read"))?;
            let same = before.is_same_content(&now);
            if !same && (before.size != now.size || !FileSystem::of(file).dates_late()) {
                return Err(Failure::failed("read", format_args!("{}: changed while it was read", self.name)));
            }
        }
        self.file = File::Done;
        Ok(())
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

//! `--lock`: one writer at a time.
//!
//! The lock is a flock(2) lock on TARGET itself or, while TARGET is absent, on its directory. There is no lock file.
//! Every replacement creates a new inode, so after the wait the locked file may have lost the name: the lock counts
//! only if a second lookup, with the lock held, finds the same file. The staging file is locked before it gets its
//! name, so that a writer that opens the new TARGET waits as well.

use std::time::{Duration, Instant};

use super::directory::PathHandle;
use super::preflight;
use super::resolve::ResolvedTarget;
use crate::error::{Context, Error, Result, at, failed, refused_by_guard};
use crate::options::Options;
use crate::platform::{
    self, AsFd, BorrowedFd, Errno, Event, FileType, OwnedFd, Signals, Woken, from_io, pipe, try_lock, unlock, wait,
    write_all,
};

const STEP: &str = "lock";

/// The lock is held while this lives.
#[derive(Debug)]
pub(crate) struct TargetLock {
    /// Holds the lock; `None` if the directory's own descriptor does.
    _held: Option<OwnedFd>,
}

/// Waits for the lock, for at most `timeout` seconds. Updates `target.existing` to TARGET as it is with the lock held.
pub(crate) fn acquire(
    target: &mut ResolvedTarget,
    options: &Options,
    timeout: Option<f64>,
    signals: &Signals,
) -> Result<TargetLock> {
    let deadline = timeout.and_then(Deadline::after);
    let mut lost = LostLocks::default();
    loop {
        if let Some(old) = &target.existing {
            preflight::check_kind(old.kind(), options)?;
        }
        match attempt(target, options, deadline.as_ref(), signals)? {
            Attempt::Locked(lock) => return Ok(lock),
            Attempt::Lost { waited } => lost.retry(target, waited)?,
        }
    }
}

/// The result of one attempt to lock TARGET.
enum Attempt {
    Locked(TargetLock),
    /// The file had lost its name by then. `waited` is whether another writer held the lock.
    Lost {
        waited: bool,
    },
}

fn attempt(
    target: &mut ResolvedTarget,
    options: &Options,
    deadline: Option<&Deadline>,
    signals: &Signals,
) -> Result<Attempt> {
    let lock_name = || {
        let held = platform::try_lock_name(&target.directory, &target.name);
        if matches!(held, Err(Errno::WOULDBLOCK)) {
            // A file that is open here might not be replaced by the writer that has the turn.
            target.existing.iter().for_each(|old| old.handle.close());
        }
        held
    };
    if let Some(held) = by_polling("TARGET", deadline, signals, lock_name)? {
        target.existing = target.open_path().context(STEP)?;
        return Ok(Attempt::Locked(TargetLock { _held: Some(held) }));
    }
    let held = match open(target, options)? {
        Opened::File(file) => Some(file),
        Opened::Nothing => None,
        Opened::Replaced(now) => {
            target.existing = now;
            return Ok(Attempt::Lost { waited: false });
        }
    };
    let waited = match &held {
        Some(file) => lock(file.as_fd(), "TARGET", deadline, signals)?,
        None => lock(target.directory.as_fd(), "its directory", deadline, signals)?,
    };
    let now = target.open_path().context(STEP)?;
    let same = is_same(now.as_ref(), target.existing.as_ref());
    target.existing = now;
    if same {
        return Ok(Attempt::Locked(TargetLock { _held: held }));
    }
    if held.is_none() {
        unlock(&**target.directory).map_err(|errno| cannot_lock(errno, "its directory"))?;
    }
    Ok(Attempt::Lost { waited })
}

/// What to lock.
enum Opened {
    /// TARGET.
    File(OwnedFd),
    /// The directory, because TARGET cannot be locked: it is absent, for example, or a symbolic link to be replaced.
    Nothing,
    /// TARGET has been replaced by this file.
    Replaced(Option<PathHandle>),
}

fn open(target: &ResolvedTarget, options: &Options) -> Result<Opened> {
    let filesystem = target.directory.filesystem();
    if filesystem.is_remote() {
        // A file lock is on an open inode, and these clients move or remove an inode that is open when it is replaced.
        // A directory lock is local to this machine.
        return Err(failed(STEP, "its network file system has no lock that lasts for a replacement"));
    }
    // On FUSE, renaming over an open file may first rename it away.
    let kind = if options.tree { FileType::Directory } else { FileType::RegularFile };
    let lockable = target.existing.as_ref().filter(|old| old.kind() == kind && !filesystem.is_fuse());
    let Some(old) = lockable else {
        if target.directory.readable() {
            return Ok(Opened::Nothing);
        }
        let reason = format!("directory {} may not be read, so it cannot be locked", target.directory.shown());
        return Err(failed(STEP, reason));
    };
    // A separate open file description: otherwise a command that inherits the descriptor would keep the lock.
    let errno = match target.open(old) {
        Ok(file) => return Ok(Opened::File(file)),
        Err(errno) => errno,
    };
    let now = target.open_path().context(STEP)?;
    if is_same(now.as_ref(), Some(old)) || !matches!(errno, Errno::STALE | Errno::NOENT) {
        return Err(cannot_lock(errno, "TARGET"));
    }
    Ok(Opened::Replaced(now))
}

fn is_same(now: Option<&PathHandle>, before: Option<&PathHandle>) -> bool {
    match (now, before) {
        (None, None) => true,
        (Some(now), Some(before)) => now.stat.is_same_file(&before.stat),
        _ => false,
    }
}

/// Counts the locks that were acquired on a file that had lost its name. With many writers this happens after every
/// wait. Without a wait it happens only if other writers do not use the lock.
#[derive(Default)]
struct LostLocks {
    without_wait: u32,
}

impl LostLocks {
    const MAX: u32 = 1000;

    fn retry(&mut self, target: &ResolvedTarget, waited: bool) -> Result<()> {
        if target.directory.has_unstable_inode_numbers(&target.name) {
            return Err(failed(
                STEP,
                "TARGET cannot be locked: its file system gives it another inode number at each look",
            ));
        }
        self.without_wait = if waited { 0 } else { self.without_wait + 1 };
        if self.without_wait < Self::MAX {
            return Ok(());
        }
        Err(failed(STEP, "TARGET cannot be locked: other writers keep replacing it without taking turns"))
    }
}

/// Locks a staging file, which no other process can have locked.
pub(crate) fn lock_staged(file: BorrowedFd<'_>) -> Result<()> {
    try_lock(file).map_err(|errno| cannot_lock(errno, "the staging file"))
}

struct Deadline {
    at: Instant,
    seconds: f64,
}

impl Deadline {
    /// `None`, which is no time limit, if the clock cannot represent the time.
    fn after(seconds: f64) -> Option<Deadline> {
        let duration = Duration::try_from_secs_f64(seconds).ok()?;
        Instant::now().checked_add(duration).map(|at| Deadline { at, seconds })
    }
}

/// Waits for the lock. Returns whether it was held by another process.
fn lock(file: BorrowedFd<'_>, what: &'static str, deadline: Option<&Deadline>, signals: &Signals) -> Result<bool> {
    match try_lock(file) {
        Ok(()) => return Ok(false),
        Err(Errno::WOULDBLOCK) => {}
        Err(errno) => return Err(cannot_lock(errno, what)),
    }
    if deadline.is_none() && !signals.watched() {
        return platform::lock(file).map(|()| true).map_err(|errno| cannot_lock(errno, what));
    }
    // flock(2) has no timeout, so a thread waits and reports through a pipe. If the wait is given up, the thread ends
    // with the process.
    let (done_reader, done_writer) = pipe().context(STEP)?;
    let thread_file = file.try_clone_to_owned().map_err(|error| from_io(&error)).context(STEP)?;
    let waiter = std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        let waited = platform::lock(&thread_file);
        // The reader may be closed already. If a seccomp filter refuses the write, the end of the pipe reports.
        let _ = write_all(&done_writer, b"\n");
        drop(done_writer);
        waited
    });
    let Ok(waiter) = waiter else {
        // Some seccomp filters refuse clone3(2) with an error after which glibc does not fall back.
        return by_polling(what, deadline, signals, || try_lock(file)).map(|()| true);
    };
    loop {
        let woken =
            wait([Some(Event::Readable(done_reader.as_fd()))], Some(signals), deadline.map(|deadline| deadline.at));
        match woken.context(STEP)? {
            Woken::Deadline => return Err(timed_out(deadline)),
            Woken::Ready([true]) => break,
            Woken::Ready([false]) => signals.check()?,
        }
    }
    match waiter.join() {
        Ok(waited) => waited.map(|()| true).map_err(|errno| cannot_lock(errno, what)),
        Err(_) => Err(failed(STEP, "the waiting thread failed")),
    }
}

/// Tries to lock until that succeeds, where no call can wait for it.
fn by_polling<T>(
    what: &'static str,
    deadline: Option<&Deadline>,
    signals: &Signals,
    try_lock: impl Fn() -> platform::Result<T>,
) -> Result<T> {
    const PAUSE: Duration = Duration::from_millis(10);
    loop {
        match try_lock() {
            Err(Errno::WOULDBLOCK) => {}
            done => return done.map_err(|errno| cannot_lock(errno, what)),
        }
        let pause = Instant::now() + PAUSE;
        if deadline.is_some_and(|deadline| deadline.at < pause) {
            return Err(timed_out(deadline));
        }
        wait([None], Some(signals), Some(pause)).context(STEP)?;
        signals.check()?;
    }
}

fn timed_out(deadline: Option<&Deadline>) -> Error {
    let seconds = deadline.map_or(0.0, |deadline| deadline.seconds);
    refused_by_guard(STEP, format_args!("another writer had the turn for all of {seconds} s"))
}

fn cannot_lock(errno: Errno, what: &'static str) -> Error {
    at(STEP, format_args!("{what} cannot be locked"))(errno)
}

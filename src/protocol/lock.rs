//! `--lock`: one writer at a time.
//!
//! The lock is a flock(2) lock on TARGET itself or, while TARGET is absent and on FUSE, on its directory. No lock file.
//! Every replacement creates a new inode, so after the wait the locked file may have lost the name: the lock counts
//! only if a second lookup, with the lock held, finds the same file. The staging file is locked before it gets its
//! name, so that a writer that opens the new TARGET waits as well.

use std::time::{Duration, Instant};

use super::callers::Identity;
use super::directory::{Directory, PathHandle};
use super::lock_wait::{STEP, TARGET, Waiting};
use super::preflight;
use super::resolve::ResolvedTarget;
use super::run::Run;
use crate::error::{Context, Error, Result, at, failed};
use crate::options::Options;
use crate::platform::{
    self, AsFd, BorrowedFd, Errno, Event, FileType, OwnedFd, Stat, Woken, from_io, pipe, try_lock, unlock, wait,
    write_all,
};

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
    run: Run<'_>,
) -> Result<TargetLock> {
    let waiting = Waiting::new(timeout, run);
    let mut lost = LostLocks::default();
    loop {
        if let Some(old) = &target.existing {
            preflight::check_kind(old.kind(), options)?;
        }
        match attempt(target, options, &waiting)? {
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

fn attempt(target: &mut ResolvedTarget, options: &Options, waiting: &Waiting<'_>) -> Result<Attempt> {
    let lock_name = || {
        let held = platform::try_lock_name(&target.directory, &target.name);
        if matches!(held, Err(Errno::WOULDBLOCK)) {
            // A file that is open here might not be replaced by the writer that has the turn.
            target.existing.iter().for_each(|old| old.handle.close());
        }
        held
    };
    let name = || Identity::of_name(&target.directory, &target.name).context(STEP);
    if let Some(held) = by_polling(TARGET, name, waiting, lock_name)? {
        waiting.callers.tell_children(&name()?);
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
    let (identity, waited) = match &held {
        Some(file) => lock(file.as_fd(), TARGET, waiting)?,
        None => lock(target.directory.as_fd(), "its directory", waiting)?,
    };
    let now = target.open_path().context(STEP)?;
    let same = is_same(now.as_ref(), target.existing.as_ref());
    target.existing = now;
    if same {
        waiting.callers.tell_children(&identity);
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
        let reason = "its network file system has no lock that lasts for a replacement";
        return Err(failed(STEP, reason).context(Unavailable));
    }
    let kind = if options.tree { FileType::Directory } else { FileType::RegularFile };
    let lockable = target.existing.as_ref().filter(|old| old.kind() == kind && locks_files(&target.directory));
    let Some(old) = lockable else {
        if target.directory.readable() {
            return Ok(Opened::Nothing);
        }
        let reason = format!("no read permission on directory {}, so it cannot be locked", target.directory.shown());
        return Err(failed(STEP, reason).context(Unavailable));
    };
    // A separate open file description: otherwise a command that inherits the descriptor would keep the lock.
    let errno = match target.open(old) {
        Ok(file) => return Ok(Opened::File(file)),
        Err(errno) => errno,
    };
    let now = target.open_path().context(STEP)?;
    if is_same(now.as_ref(), Some(old)) || !matches!(errno, Errno::STALE | Errno::NOENT) {
        return Err(cannot_lock(errno, TARGET));
    }
    Ok(Opened::Replaced(now))
}

/// Whether the lock of a file that exists is on the file. On FUSE it is on the directory: renaming over an open file may
/// first rename it away, or be refused.
pub(super) fn locks_files(directory: &Directory) -> bool {
    !directory.filesystem().is_fuse()
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
                "TARGET cannot be locked: its file system gives it another inode number each time",
            )
            .context(Unavailable));
        }
        self.without_wait = if waited { 0 } else { self.without_wait + 1 };
        if self.without_wait < Self::MAX {
            return Ok(());
        }
        Err(failed(STEP, "TARGET cannot be locked: other writers keep replacing it without a lock"))
    }
}

/// Locks a staging file, which no other process can have locked.
pub(crate) fn lock_staged(file: BorrowedFd<'_>) -> Result<()> {
    try_lock(file).map_err(|errno| cannot_lock(errno, "the staging file"))
}

/// Marks the error of a lock that cannot be had here. As a context it prints nothing.
#[derive(Debug)]
struct Unavailable;

impl std::fmt::Display for Unavailable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

/// Whether [`acquire`] failed because there is no lock here.
pub(crate) fn is_unavailable(error: &Error) -> bool {
    error.is::<Unavailable>()
}

/// Waits for the lock. Returns what is locked, and whether it was held by another process.
fn lock(file: BorrowedFd<'_>, what: &'static str, waiting: &Waiting<'_>) -> Result<(Identity, bool)> {
    let stat = Stat::of(file).context(STEP)?;
    let identity = Identity::of_file(&stat);
    match try_lock(file) {
        Ok(()) => return Ok((identity, false)),
        Err(Errno::WOULDBLOCK) => waiting.begin(&identity, what)?,
        Err(errno) => return Err(cannot_lock(errno, what)),
    }
    // flock(2) has no timeout, and does not tell that it waits, so a thread waits and reports through a pipe. If the wait
    // is given up, the thread ends with the process.
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
        by_polling(what, || Ok(Identity::of_file(&stat)), waiting, || try_lock(file))?;
        return Ok((identity, true));
    };
    loop {
        let done = Some(Event::Readable(done_reader.as_fd()));
        match wait([done], Some(waiting.run.signals), waiting.next()).context(STEP)? {
            Woken::Deadline => waiting.check()?,
            Woken::Ready([true]) => break,
            Woken::Ready([false]) => waiting.run.signals.check()?,
        }
    }
    match waiter.join() {
        Ok(waited) => waited.map(|()| (identity, true)).map_err(|errno| cannot_lock(errno, what)),
        Err(_) => Err(failed(STEP, "the waiting thread failed")),
    }
}

/// Tries to lock until that succeeds, where no call can wait for it.
fn by_polling<T>(
    what: &'static str,
    identity: impl Fn() -> Result<Identity>,
    waiting: &Waiting<'_>,
    try_lock: impl Fn() -> platform::Result<T>,
) -> Result<T> {
    const PAUSE: Duration = Duration::from_millis(10);
    loop {
        match try_lock() {
            Err(Errno::WOULDBLOCK) => waiting.begin(&identity()?, what)?,
            done => return done.map_err(|errno| cannot_lock(errno, what)),
        }
        let pause = Instant::now() + PAUSE;
        if waiting.deadline.as_ref().is_some_and(|deadline| deadline.at < pause) {
            return Err(waiting.timed_out());
        }
        wait([None], Some(waiting.run.signals), Some(pause)).context(STEP)?;
        waiting.run.signals.check()?;
        waiting.check()?;
    }
}

fn cannot_lock(errno: Errno, what: &'static str) -> Error {
    let error = at(STEP, format_args!("{what} cannot be locked"))(errno);
    // Others say that there are locks, which could not be had.
    if matches!(errno, Errno::NOTSUP | Errno::NOSYS | Errno::NOLCK | Errno::INVAL | Errno::ACCESS | Errno::PERM) {
        error.context(Unavailable)
    } else {
        error
    }
}

//! Taking turns (`--lock`).
//!
//! The lock is flock(2) on TARGET itself, or, while TARGET is absent, on its directory; no lock file. Every replacement
//! makes a new inode, so a lock that was waited for may be on a file that has lost the name: only a second look, after
//! the lock is held, makes it ours. The staging file is locked before it gets its name, so that who opens the new
//! TARGET waits for us as well.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::fs::{FileType, FlockOperation};
use rustix::io::Errno;

use super::directory::PathHandle;
use super::preflight;
use super::resolve::ResolvedTarget;
use crate::failure::{Failure, Result, words};
use crate::signals::Signals;
use crate::sys;
use crate::wait::{Woken, wait};

const STEP: &str = "lock";

/// The lock is held while this lives.
#[derive(Debug)]
pub(crate) struct TargetLock {
    /// Holds the lock; for an absent TARGET the directory's own descriptor does.
    _held: Option<OwnedFd>,
}

/// Waits for the turn, no longer than `timeout` seconds. `target.existing` is what TARGET is once the lock is ours.
pub(crate) fn acquire(
    target: &mut ResolvedTarget,
    no_dereference: bool,
    timeout: Option<f64>,
    signals: &Signals,
) -> Result<TargetLock> {
    // A time that no clock reaches is for ever.
    let deadline = timeout.and_then(|seconds| {
        let duration = Duration::try_from_secs_f64(seconds).ok()?;
        Instant::now().checked_add(duration).map(|at| Deadline { at, seconds })
    });
    let mut lost = Lost::default();
    loop {
        if let Some(old) = &target.existing {
            preflight::suitable(old.kind(), no_dereference)?;
        }
        let held = match open(target)? {
            Opened::File(file) => Some(file),
            Opened::Nothing => None,
            Opened::Replaced(now) => {
                target.existing = now;
                lost.once_more(target, false)?;
                continue;
            }
        };
        let waited = match &held {
            Some(file) => lock(file.as_fd(), "TARGET", deadline.as_ref(), signals)?,
            None => lock(target.directory.as_fd(), "its directory", deadline.as_ref(), signals)?,
        };
        let now = target.directory.open_path(&target.name).map_err(Failure::call(STEP))?;
        let same = is_same(now.as_ref(), target.existing.as_ref());
        target.existing = now;
        if same {
            return Ok(TargetLock { _held: held });
        }
        if held.is_none() {
            sys::flock(&target.directory, FlockOperation::Unlock).map_err(|errno| cannot(errno, "its directory"))?;
        }
        lost.once_more(target, waited)?;
    }
}

/// What is to be locked.
enum Opened {
    /// TARGET.
    File(OwnedFd),
    /// Nothing that could be locked there, such as an absent TARGET or a link to be replaced: its directory is.
    Nothing,
    /// This is TARGET now.
    Replaced(Option<PathHandle>),
}

fn open(target: &ResolvedTarget) -> Result<Opened> {
    let filesystem = target.directory.filesystem();
    if filesystem.is_remote() {
        // The lock of a file is on its inode, which a replacement takes away while it is open; that of a directory never
        // leaves this machine.
        return Err(Failure::failed(STEP, "its network file system has no lock that lasts for a replacement"));
    }
    // Behind FUSE a file that is open when it is renamed over may be moved away first.
    let lockable = target.existing.as_ref().filter(|old| old.kind() == FileType::RegularFile && !filesystem.is_fuse());
    let Some(old) = lockable else {
        if target.directory.readable() {
            return Ok(Opened::Nothing);
        }
        let reason = format!("directory {} may not be read, so it cannot be locked", target.directory.shown());
        return Err(Failure::failed(STEP, reason));
    };
    // A description of its own: a command that inherited ours would keep the lock.
    let errno = match old.open(target) {
        Ok(file) => return Ok(Opened::File(file)),
        Err(errno) => errno,
    };
    let now = target.directory.open_path(&target.name).map_err(Failure::call(STEP))?;
    if is_same(now.as_ref(), Some(old)) || !matches!(errno, Errno::STALE | Errno::NOENT) {
        return Err(cannot(errno, "TARGET"));
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

/// Locks that were had on a file that had lost the name by then. Among many writers that happens to each of them again and
/// again, after each wait; without a wait only to who meets writers that do not take turns.
#[derive(Default)]
struct Lost {
    without_wait: u32,
}

impl Lost {
    const MOST: u32 = 1000;

    fn once_more(&mut self, target: &ResolvedTarget, waited: bool) -> Result<()> {
        if target.directory.has_unstable_numbers(&target.name) {
            return Err(Failure::failed(
                STEP,
                "TARGET cannot be locked: its file system gives it another inode number at each look",
            ));
        }
        self.without_wait = if waited { 0 } else { self.without_wait + 1 };
        if self.without_wait < Self::MOST {
            return Ok(());
        }
        Err(Failure::failed(STEP, "TARGET cannot be locked: other writers keep replacing it without taking turns"))
    }
}

/// Locks a staging file that nobody else can know.
pub(crate) fn lock_staged(file: BorrowedFd<'_>) -> Result<()> {
    sys::flock(file, FlockOperation::NonBlockingLockExclusive).map_err(|errno| cannot(errno, "the staging file"))
}

struct Deadline {
    at: Instant,
    seconds: f64,
}

/// Returns whether it had to be waited for.
fn lock(file: BorrowedFd<'_>, what: &str, deadline: Option<&Deadline>, signals: &Signals) -> Result<bool> {
    match sys::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(false),
        Err(Errno::WOULDBLOCK) => {}
        Err(errno) => return Err(cannot(errno, what)),
    }
    if deadline.is_none() && !signals.watched() {
        return sys::flock(file, FlockOperation::LockExclusive).map(|()| true).map_err(|errno| cannot(errno, what));
    }
    // flock knows no timeout: a thread waits, and tells by a pipe. When we stop first, it ends with the process.
    let (told, tell) = sys::pipe().map_err(Failure::call(STEP))?;
    let thread_file = file.try_clone_to_owned().map_err(|error| Failure::failed(STEP, words(error)))?;
    let waiter = std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        let waited = sys::flock(&thread_file, FlockOperation::LockExclusive);
        // Nobody may listen any more. Where a filter refuses this, the end of the pipe tells.
        let _ = rustix::io::write(&tell, b"\n");
        drop(tell);
        waited
    });
    let Ok(waiter) = waiter else {
        return lock_by_trying(file, what, deadline, signals);
    };
    loop {
        let woken = wait([Some(told.as_fd())], Some(signals), deadline.map(|deadline| deadline.at));
        match woken.map_err(Failure::call(STEP))? {
            Woken::Deadline => return Err(too_late(deadline)),
            Woken::Ready([true]) => break,
            Woken::Ready([false]) => signals.check()?,
        }
    }
    match waiter.join() {
        Ok(waited) => waited.map(|()| true).map_err(|errno| cannot(errno, what)),
        Err(_) => Err(Failure::failed(STEP, "the waiting thread failed")),
    }
}

/// Where no thread can be had, as under a filter that refuses clone3(2), which glibc does not take for "unknown".
fn lock_by_trying(file: BorrowedFd<'_>, what: &str, deadline: Option<&Deadline>, signals: &Signals) -> Result<bool> {
    const PAUSE: Duration = Duration::from_millis(10);
    loop {
        match sys::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {}
            done => return done.map(|()| true).map_err(|errno| cannot(errno, what)),
        }
        let pause = Instant::now() + PAUSE;
        if deadline.is_some_and(|deadline| deadline.at < pause) {
            return Err(too_late(deadline));
        }
        wait([None], Some(signals), Some(pause)).map_err(Failure::call(STEP))?;
        signals.check()?;
    }
}

fn too_late(deadline: Option<&Deadline>) -> Failure {
    let seconds = deadline.map_or(0.0, |deadline| deadline.seconds);
    Failure::refused(STEP, format_args!("another writer had the turn for all of {seconds} s"))
}

fn cannot(errno: Errno, what: &str) -> Failure {
    Failure::failed(STEP, format_args!("{what} cannot be locked: {}", words(errno)))
}

//! Taking turns (`--lock`).
//!
//! The lock is flock(2) on TARGET itself, or, while TARGET is absent, on its directory; no lock file. Every replacement
//! makes a new inode, so a lock that was waited for may be on a file that has lost the name: only a second look, after
//! the lock is held, makes it a turn. The staging file is locked before it gets its name, so that who opens the new
//! TARGET waits for us as well.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::{FileType, FlockOperation};
use rustix::io::Errno;

use super::names::Place;
use super::preflight;
use crate::failure::{Failure, Result, words};
use crate::signals::Signals;
use crate::sys;

const STEP: &str = "lock";

/// The turn is ours while this lives.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Holds the lock; for an absent TARGET the directory's own descriptor does.
    _held: Option<OwnedFd>,
}

/// Waits for the turn, no longer than `timeout` seconds. `place.at` is what TARGET is once the turn is ours.
pub(crate) fn take(place: &mut Place, no_dereference: bool, timeout: Option<f64>, signals: &Signals) -> Result<Turn> {
    // A time that no clock reaches is for ever.
    let deadline = timeout.and_then(|seconds| {
        let duration = Duration::try_from_secs_f64(seconds).ok()?;
        Instant::now().checked_add(duration).map(|at| Deadline { at, seconds })
    });
    loop {
        let file = match &place.at {
            Some(old) => {
                preflight::suitable(old.kind(), no_dereference)?;
                (old.kind() == FileType::RegularFile).then_some(old)
            }
            None => None,
        };
        if let Some(old) = file {
            // A description of its own: a command that inherited ours would keep the lock.
            let held = match old.open(place) {
                Ok(held) => held,
                Err(errno) => {
                    let now = place.directory.pin(&place.name).map_err(Failure::call(STEP))?;
                    let same = now.as_ref().is_some_and(|now| now.stat.is_same_file(&old.stat));
                    if same || !matches!(errno, Errno::STALE | Errno::NOENT) {
                        return Err(cannot(errno, "TARGET"));
                    }
                    // It has lost its name meanwhile.
                    place.at = now;
                    continue;
                }
            };
            lock(held.as_fd(), "TARGET", deadline.as_ref(), signals)?;
            let now = place.directory.pin(&place.name).map_err(Failure::call(STEP))?;
            let same = now.as_ref().is_some_and(|now| now.stat.is_same_file(&old.stat));
            place.at = now;
            if same {
                return Ok(Turn { _held: Some(held) });
            }
        } else {
            // Nothing there that could be locked: an absent TARGET, or a link to be replaced.
            if !place.directory.readable() {
                let reason = format!("directory {} may not be read, so it cannot be locked", place.directory.shown());
                return Err(Failure::failed(STEP, reason));
            }
            lock(place.directory.as_fd(), "its directory", deadline.as_ref(), signals)?;
            let now = place.directory.pin(&place.name).map_err(Failure::call(STEP))?;
            let same = match (&now, &place.at) {
                (None, None) => true,
                (Some(now), Some(old)) => now.stat.is_same_file(&old.stat),
                _ => false,
            };
            place.at = now;
            if same {
                return Ok(Turn { _held: None });
            }
            sys::flock(&place.directory, FlockOperation::Unlock).map_err(|errno| cannot(errno, "its directory"))?;
        }
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

fn lock(file: BorrowedFd<'_>, what: &str, deadline: Option<&Deadline>, signals: &Signals) -> Result<()> {
    match sys::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(()),
        Err(Errno::WOULDBLOCK) => {}
        Err(errno) => return Err(cannot(errno, what)),
    }
    if deadline.is_none() && !signals.watched() {
        return sys::flock(file, FlockOperation::LockExclusive).map_err(|errno| cannot(errno, what));
    }
    // flock knows no timeout: a thread waits, and tells by an eventfd. When we stop first, it ends with the process.
    let told = eventfd(0, EventfdFlags::CLOEXEC).map_err(Failure::call(STEP))?;
    let (file, tell) = match (file.try_clone_to_owned(), told.try_clone()) {
        (Ok(file), Ok(tell)) => (file, tell),
        (Err(error), _) | (_, Err(error)) => return Err(Failure::failed(STEP, words(error))),
    };
    let waiter = std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        let waited = sys::flock(&file, FlockOperation::LockExclusive);
        // Nobody listens any more: no harm.
        let _ = rustix::io::write(&tell, &1_u64.to_ne_bytes());
        waited
    });
    let waiter = waiter.map_err(|error| Failure::failed(STEP, words(error)))?;
    loop {
        let left = deadline.map(|deadline| deadline.at.saturating_duration_since(Instant::now()));
        let timeout = left.map(|left| Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        let mut wanted = vec![PollFd::new(&told, PollFlags::IN)];
        let others: Vec<_> = signals.descriptors().collect();
        wanted.extend(others.iter().map(|descriptor| PollFd::new(descriptor, PollFlags::IN)));
        match poll(&mut wanted, timeout.as_ref()) {
            Ok(0) => {
                let seconds = deadline.map_or(0.0, |deadline| deadline.seconds);
                return Err(Failure::refused(STEP, format_args!("another writer had the turn for all of {seconds} s")));
            }
            Ok(_) if !wanted[0].revents().is_empty() => break,
            Ok(_) => signals.check()?,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Failure::call(STEP)(errno)),
        }
    }
    match waiter.join() {
        Ok(waited) => waited.map_err(|errno| cannot(errno, what)),
        Err(_) => Err(Failure::failed(STEP, "the waiting thread failed")),
    }
}

fn cannot(errno: Errno, what: &str) -> Failure {
    Failure::failed(STEP, format_args!("{what} cannot be locked: {}", words(errno)))
}

//! Reading ahead, so that a pipe or a console can be waited for: a thread reads into a buffer, and whoever waits is told.
//! It reads the next piece only after the last one was taken, so memory is constant.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::errors::{Result, done};
use super::event;

/// How much is read at once, in bytes: as the protocol does.
const PIECE: usize = 256 * 1024;

/// A console, which the standard library reads and writes in UTF-16.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::platform) enum Console {
    Input,
    Output,
    Error,
}

#[derive(Debug)]
pub(in crate::platform) struct Relay(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    piece: Mutex<Piece>,
    taken: Condvar,
}

/// What has been read and not yet been taken.
#[derive(Debug, Default)]
struct Piece {
    bytes: Vec<u8>,
    /// How many of them have been taken.
    taken: usize,
    /// The end of the input or an error, behind the bytes.
    end: Option<Result<()>>,
}

impl Piece {
    fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }
}

impl Shared {
    fn piece(&self) -> MutexGuard<'_, Piece> {
        self.piece.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay {
    /// Starts to read the file. The thread ends with the input, or with the process.
    pub(super) fn start(file: &File, console: Option<Console>) -> Result<Relay> {
        let reader = done(file.try_clone())?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().spawn(move || read_all(reader, console, &theirs));
        done(thread).map(|_| Relay(shared))
    }

    /// Whether a read does not block.
    pub(super) fn is_ready(&self) -> bool {
        let piece = self.0.piece();
        !piece.is_empty() || piece.end.is_some()
    }

    /// Takes what has been read, up to the length of `buffer`; waits for it if there is nothing. 0 is the end.
    pub(super) fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let seen = event::count();
            let mut piece = self.0.piece();
            let rest = piece.bytes.get(piece.taken..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            if let (Some(into), Some(from), 1..) = (buffer.get_mut(..count), rest.get(..count), count) {
                into.copy_from_slice(from);
                piece.taken += count;
                if piece.is_empty() {
                    self.0.taken.notify_one();
                }
                return Ok(count);
            }
            if let Some(end) = piece.end {
                return end.map(|()| 0);
            }
            drop(piece);
            event::wait_since(seen, None);
        }
    }
}

fn read_all(mut file: File, console: Option<Console>, shared: &Shared) {
    let mut buffer = vec![0; PIECE];
    loop {
        buffer.resize(PIECE, 0);
        let read = match console {
            Some(Console::Input) => io::stdin().read(&mut buffer),
            _ => file.read(&mut buffer),
        };
        let count = done(read);
        let mut piece = shared.piece();
        while !piece.is_empty() {
            piece = shared.taken.wait(piece).unwrap_or_else(PoisonError::into_inner);
        }
        match count {
            Ok(1..) => {
                buffer.truncate(count.unwrap_or_default());
                std::mem::swap(&mut piece.bytes, &mut buffer);
                piece.taken = 0;
            }
            Ok(0) => piece.end = Some(Ok(())),
            Err(errno) => piece.end = Some(Err(errno)),
        }
        let has_ended = piece.end.is_some();
        drop(piece);
        event::notify();
        if has_ended {
            return;
        }
    }
}

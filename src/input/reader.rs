//! The input, as the protocol uses it.

use super::terminated::Terminated;
use crate::error::Result;
use crate::platform::{BorrowedFd, Stat};

/// A source of bytes.
pub(crate) trait Input {
    /// The descriptor to read from.
    fn descriptor(&self) -> BorrowedFd<'_>;
    /// For a regular file, its state and the offset at which to begin.
    fn regular(&self) -> Option<(&Stat, u64)>;
    /// The permission bits that it gives to a new TARGET.
    fn mode(&self) -> Option<u32> {
        None
    }
    /// Its state when it was opened, if it is a regular SOURCE, whose times TARGET may keep.
    fn source(&self) -> Option<&Stat> {
        None
    }
    /// Begins, once everything else is ready. A command is started here.
    fn begin(&mut self) -> Result<()>;
    /// Waits until a read does not block, where a signal or a command's end must be waited for as well. Fails when one
    /// of these ends the input.
    fn ready(&mut self) -> Result<()>;
    /// Checks after the end of the input that it was complete.
    fn finish(&mut self) -> Result<()>;
    /// Its name, for messages.
    fn name(&self) -> String;
    /// Releases the input after a failure. Returns a command that still runs, for the caller to wait for.
    fn terminate(&mut self) -> Option<Terminated> {
        None
    }
}

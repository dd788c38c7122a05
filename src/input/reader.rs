//! The input, as the protocol sees it.

use super::abandoned::Abandoned;
use crate::error::Result;
use crate::platform::{BorrowedFd, Stat};

/// Where bytes come from.
pub(crate) trait Input {
    /// To read from.
    fn descriptor(&self) -> BorrowedFd<'_>;
    /// Where it is a regular file: its state and the offset at which to begin.
    fn regular(&self) -> Option<(&Stat, u64)>;
    /// The permission bits that it gives to a new TARGET.
    fn mode(&self) -> Option<u32> {
        None
    }
    /// Begins, once nothing can stand in the way any more: a command is started here.
    fn begin(&mut self) -> Result<()>;
    /// Waits until a read will not block, where anything else must be waited for as well; fails when that happens.
    fn ready(&mut self) -> Result<()>;
    /// After the end of the input: whether it was the whole.
    fn finish(&mut self) -> Result<()>;
    /// For messages.
    fn name(&self) -> String;
    /// After a failure of ours: lets go of what is still running, which somebody else then waits for.
    fn abandon(&mut self) -> Option<Abandoned> {
        None
    }
}

//! Random bytes.

use rustix::fs::{CWD, OFlags};

use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::open::open;
use crate::platform::unix::retry::transfer;

/// Reads them from /dev/urandom.
pub(crate) fn random_bytes(bytes: &mut [u8]) -> Result<()> {
    let device = open(CWD, "/dev/urandom", OFlags::RDONLY)?;
    let mut filled = 0;
    while let Some(rest @ [_, ..]) = bytes.get_mut(filled..) {
        match transfer(|| rustix::io::read(&device, &mut *rest))? {
            0 => return Err(Errno::IO),
            count => filled += count,
        }
    }
    Ok(())
}

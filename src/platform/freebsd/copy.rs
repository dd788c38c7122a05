//! Moving bytes within the kernel.

use std::os::fd::AsFd;

pub(crate) use crate::platform::generic::copy::{enlarge_pipe, next_data, reflink, reserve, start_writeback};
use crate::platform::unix::errors::{Errno, Result, from_nix};
use crate::platform::unix::retry::transfer;

/// Copies up to `length` bytes between two offsets. 0 is the end of `from`.
pub(crate) fn copy_range(
    from: impl AsFd,
    from_offset: u64,
    to: impl AsFd,
    to_offset: u64,
    length: usize,
) -> Result<usize> {
    let signed = |offset| i64::try_from(offset).map_err(|_| Errno::FBIG);
    let (from_offset, to_offset) = (signed(from_offset)?, signed(to_offset)?);
    transfer(|| {
        let (mut from_offset, mut to_offset) = (from_offset, to_offset);
        nix::fcntl::copy_file_range(&from, Some(&mut from_offset), &to, Some(&mut to_offset), length).map_err(from_nix)
    })
}

//! Random bytes.

use std::os::fd::OwnedFd;

use rustix::fs::{CWD, OFlags};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::platform::unix::errors::{Errno, Result};
use crate::platform::unix::open::open;
use crate::platform::unix::retry::Retries;

/// Uses getrandom(2), or /dev/urandom where the kernel is too old for it or a seccomp filter refuses it.
pub(crate) fn random_bytes(bytes: &mut [u8]) -> Result<()> {
    let mut device: Option<OwnedFd> = None;
    let mut retries = Retries::default();
    let mut filled = 0;
    while let Some(rest @ [_, ..]) = bytes.get_mut(filled..) {
        let read = match &device {
            None => getrandom(rest, GetRandomFlags::empty()),
            Some(device) => rustix::io::read(device, rest),
        };
        match read {
            Ok(0) => return Err(Errno::IO),
            Ok(count) => filled += count,
            Err(Errno::INTR) => retries.retry(Errno::INTR)?,
            Err(Errno::NOSYS | Errno::PERM) if device.is_none() => {
                device = Some(open(CWD, "/dev/urandom", OFlags::RDONLY)?);
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

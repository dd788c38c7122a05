//! The flags of chflags(2) that a replaced file passes on. A file with the others is not replaced (`Flags`), or they
//! describe how the file system stores the old content.

use std::os::fd::AsFd;

use nix::libc;

use super::calls::set_flags;
use crate::platform::unix::errors::Result;
use crate::platform::unix::retry::retry_on_intr;

#[cfg(target_os = "macos")]
const KEPT: u32 = libc::UF_NODUMP | libc::UF_HIDDEN;
#[cfg(target_os = "freebsd")]
#[allow(clippy::cast_possible_truncation)] // They fit, as in `st_flags`.
const KEPT: u32 = (libc::UF_NODUMP | libc::UF_HIDDEN | libc::UF_SYSTEM) as u32;

fn all(file: impl AsFd) -> Result<u32> {
    retry_on_intr(|| rustix::fs::fstat(&file)).map(|stat| stat.st_flags)
}

/// The flags that are kept, if the file has one.
pub(super) fn get(file: impl AsFd) -> Result<Option<Vec<u8>>> {
    let kept = all(file)? & KEPT;
    Ok((kept != 0).then(|| kept.to_ne_bytes().to_vec()))
}

/// Sets the flags that are kept, from what [`get`] has returned. The others stay.
pub(super) fn set(file: impl AsFd, flags: Option<&[u8]>) -> Result<()> {
    let kept = flags.and_then(|flags| flags.try_into().ok()).map_or(0, u32::from_ne_bytes) & KEPT;
    let now = all(&file)?;
    let wanted = now & !KEPT | kept;
    if now == wanted { Ok(()) } else { retry_on_intr(|| set_flags(&file, wanted)) }
}

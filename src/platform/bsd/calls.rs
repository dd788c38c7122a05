//! The calls on ACLs and flags of an open file, which no crate provides.
//!
//! The crates reach ACLs and flags by path. A path is no substitute: whoever may write the directory can put another file
//! there between two calls, and that file would get the ACL.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::{self, NonNull};

use nix::libc;

use crate::platform::unix::errors::{Errno, Result, from_io};

/// An ACL in the memory of the C library, as in acl(3).
pub(super) struct NativeAcl(NonNull<c_void>);

unsafe extern "C" {
    fn acl_free(object: *mut c_void) -> c_int;
    fn acl_from_text(text: *const c_char) -> *mut c_void;
}

#[cfg(target_os = "macos")]
unsafe extern "C" {
    fn acl_get_fd_np(file: c_int, kind: c_int) -> *mut c_void;
    fn acl_set_fd_np(file: c_int, acl: *mut c_void, kind: c_int) -> c_int;
    fn acl_init(entries: c_int) -> *mut c_void;
    fn acl_to_text(acl: *mut c_void, length: *mut libc::ssize_t) -> *mut c_char;
}

#[cfg(target_os = "freebsd")]
unsafe extern "C" {
    fn acl_get_fd(file: c_int) -> *mut c_void;
    fn acl_set_fd(file: c_int, acl: *mut c_void) -> c_int;
    fn acl_is_trivial_np(acl: *mut c_void, trivial: *mut c_int) -> c_int;
    fn acl_strip_np(acl: *mut c_void, recalculate_mask: c_int) -> *mut c_void;
    fn acl_to_text_np(acl: *mut c_void, length: *mut libc::ssize_t, flags: c_int) -> *mut c_char;
}

/// `ACL_TYPE_EXTENDED`, the only type that macOS has.
#[cfg(target_os = "macos")]
const EXTENDED: c_int = 0x100;

/// `ACL_TEXT_NUMERIC_IDS`: a name may be unknown, or belong to another id by the time that it is read again.
#[cfg(target_os = "freebsd")]
const NUMERIC_IDS: c_int = 0x02;

impl NativeAcl {
    /// The ACL of an open file.
    pub(super) fn of(file: impl AsFd) -> Result<NativeAcl> {
        let file = file.as_fd().as_raw_fd();
        // SAFETY: the descriptor is open. The call returns a new ACL or null.
        #[cfg(target_os = "macos")]
        let acl = unsafe { acl_get_fd_np(file, EXTENDED) };
        // SAFETY: the same.
        #[cfg(target_os = "freebsd")]
        let acl = unsafe { acl_get_fd(file) };
        NativeAcl::owned(acl)
    }

    /// Sets it as the ACL of an open file.
    pub(super) fn set(&self, file: impl AsFd) -> Result<()> {
        let file = file.as_fd().as_raw_fd();
        // SAFETY: the descriptor is open, and the ACL lives.
        #[cfg(target_os = "macos")]
        let done = unsafe { acl_set_fd_np(file, self.0.as_ptr(), EXTENDED) };
        // SAFETY: the same.
        #[cfg(target_os = "freebsd")]
        let done = unsafe { acl_set_fd(file, self.0.as_ptr()) };
        if done == 0 { Ok(()) } else { Err(last_error()) }
    }

    /// The ACL that grants what the permission bits grant.
    #[cfg(target_os = "macos")]
    #[allow(clippy::unused_self)] // Elsewhere it follows from the ACL.
    pub(super) fn stripped(&self) -> Result<NativeAcl> {
        // SAFETY: the call returns a new ACL without entries, or null.
        NativeAcl::owned(unsafe { acl_init(1) })
    }

    /// The ACL that grants what the permission bits grant.
    #[cfg(target_os = "freebsd")]
    pub(super) fn stripped(&self) -> Result<NativeAcl> {
        // SAFETY: the ACL lives. The call returns a new one or null.
        NativeAcl::owned(unsafe { acl_strip_np(self.0.as_ptr(), 0) })
    }

    /// Whether the permission bits express the same. An ACL of macOS is beside them, so then it has no entries: its text
    /// is a line with the version.
    #[cfg(target_os = "macos")]
    pub(super) fn is_trivial(&self) -> Result<bool> {
        Ok(self.to_text()?.to_bytes().split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count() < 2)
    }

    /// Whether the permission bits express the same.
    #[cfg(target_os = "freebsd")]
    pub(super) fn is_trivial(&self) -> Result<bool> {
        let mut trivial = 0;
        // SAFETY: the ACL lives, and the call writes to `trivial`.
        let done = unsafe { acl_is_trivial_np(self.0.as_ptr(), &raw mut trivial) };
        if done == 0 { Ok(trivial != 0) } else { Err(last_error()) }
    }

    /// The text from which [`NativeAcl::from_text`] makes the same ACL.
    pub(super) fn to_text(&self) -> Result<CString> {
        // SAFETY: the ACL lives. The call returns a new string or null, and accepts null in place of a length.
        #[cfg(target_os = "macos")]
        let text = unsafe { acl_to_text(self.0.as_ptr(), ptr::null_mut()) };
        // SAFETY: the same.
        #[cfg(target_os = "freebsd")]
        let text = unsafe { acl_to_text_np(self.0.as_ptr(), ptr::null_mut(), NUMERIC_IDS) };
        // Freed by the same call as an ACL.
        let text = NativeAcl::owned(text.cast())?;
        // SAFETY: the string ends with a zero byte, and lives until `text` is dropped.
        Ok(unsafe { CStr::from_ptr(text.0.as_ptr().cast()) }.to_owned())
    }

    pub(super) fn from_text(text: &CStr) -> Result<NativeAcl> {
        // SAFETY: the string ends with a zero byte. The call returns a new ACL or null, and does not keep the string.
        NativeAcl::owned(unsafe { acl_from_text(text.as_ptr()) })
    }

    /// What a call has returned, which is null after an error.
    fn owned(object: *mut c_void) -> Result<NativeAcl> {
        NonNull::new(object).map(NativeAcl).ok_or_else(last_error)
    }
}

impl Drop for NativeAcl {
    fn drop(&mut self) {
        // SAFETY: a call of acl(3) has returned the object, which is not used after this.
        unsafe { acl_free(self.0.as_ptr()) };
    }
}

/// Sets the flags of an open file, all at once.
pub(super) fn set_flags(file: impl AsFd, flags: u32) -> Result<()> {
    // SAFETY: the descriptor is open.
    let done = unsafe { libc::fchflags(file.as_fd().as_raw_fd(), flags.into()) };
    if done == 0 { Ok(()) } else { Err(last_error()) }
}

/// macOS has two numbers for what is not supported. One is enough for the callers.
fn last_error() -> Errno {
    let errno = from_io(&io::Error::last_os_error());
    if errno == Errno::OPNOTSUPP { Errno::NOTSUP } else { errno }
}

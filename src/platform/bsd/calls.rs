//! The calls on ACLs and flags of an open file, which no crate provides.
//!
//! The crates reach ACLs and flags by path. A path is no substitute: whoever may write the directory can put another file
//! there between two calls, and that file would get the ACL.
#![allow(unsafe_code)]

#[cfg(target_os = "freebsd")]
use std::ffi::{CStr, CString, c_char};
use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::{self, NonNull};

use nix::libc;

use crate::platform::unix::errors::{Errno, Result, from_io};

/// An ACL in the memory of the C library, as in acl(3).
pub(super) struct NativeAcl(NonNull<c_void>);

unsafe extern "C" {
    fn acl_free(object: *mut c_void) -> c_int;
}

#[cfg(target_os = "macos")]
unsafe extern "C" {
    fn acl_copy_ext(buffer: *mut c_void, acl: *mut c_void, size: libc::ssize_t) -> libc::ssize_t;
    fn acl_copy_int(buffer: *const c_void) -> *mut c_void;
    fn acl_get_entry(acl: *mut c_void, which: c_int, entry: *mut *mut c_void) -> c_int;
    fn acl_get_fd_np(file: c_int, kind: c_int) -> *mut c_void;
    fn acl_init(entries: c_int) -> *mut c_void;
    fn acl_set_fd_np(file: c_int, acl: *mut c_void, kind: c_int) -> c_int;
}

#[cfg(target_os = "freebsd")]
unsafe extern "C" {
    fn acl_from_text(text: *const c_char) -> *mut c_void;
    fn acl_get_fd(file: c_int) -> *mut c_void;
    fn acl_set_fd(file: c_int, acl: *mut c_void) -> c_int;
    fn acl_is_trivial_np(acl: *mut c_void, trivial: *mut c_int) -> c_int;
    fn acl_strip_np(acl: *mut c_void, recalculate_mask: c_int) -> *mut c_void;
    fn acl_to_text_np(acl: *mut c_void, length: *mut libc::ssize_t, flags: c_int) -> *mut c_char;
}

/// `ACL_TYPE_EXTENDED`, the only type that macOS has.
#[cfg(target_os = "macos")]
const EXTENDED: c_int = 0x100;

/// `ACL_FIRST_ENTRY`.
#[cfg(target_os = "macos")]
const FIRST: c_int = 0;

/// The external form of an ACL. The largest has 128 entries of 24 bytes after a head of 44, so reads by a number of entries
/// stay within it.
#[cfg(target_os = "macos")]
#[repr(align(8))]
struct External([u8; 4096]);

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

    /// Whether the permission bits express the same. An ACL of macOS is beside them, so then it has no entries.
    #[cfg(target_os = "macos")]
    #[allow(clippy::unnecessary_wraps)] // Elsewhere it can fail.
    pub(super) fn is_trivial(&self) -> Result<bool> {
        let mut entry = ptr::null_mut();
        // SAFETY: the ACL lives, and the call writes to `entry`, which is not used.
        Ok(unsafe { acl_get_entry(self.0.as_ptr(), FIRST, &raw mut entry) } != 0)
    }

    /// Whether the permission bits express the same.
    #[cfg(target_os = "freebsd")]
    pub(super) fn is_trivial(&self) -> Result<bool> {
        let mut trivial = 0;
        // SAFETY: the ACL lives, and the call writes to `trivial`.
        let done = unsafe { acl_is_trivial_np(self.0.as_ptr(), &raw mut trivial) };
        if done == 0 { Ok(trivial != 0) } else { Err(last_error()) }
    }

    /// The bytes from which [`NativeAcl::from_bytes`] makes the same ACL: the external form. The text form would lose who is
    /// meant by an entry whose user is unknown by now.
    #[cfg(target_os = "macos")]
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut external = External([0; 4096]);
        let size = external.0.len().try_into().map_err(|_| Errno::INVAL)?;
        // SAFETY: the ACL lives, and the call writes at most `size` bytes.
        let length = unsafe { acl_copy_ext(external.0.as_mut_ptr().cast(), self.0.as_ptr(), size) };
        let length = usize::try_from(length).map_err(|_| last_error())?;
        external.0.get(..length).map(<[u8]>::to_vec).ok_or(Errno::INVAL)
    }

    #[cfg(target_os = "macos")]
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<NativeAcl> {
        let mut external = External([0; 4096]);
        external.0.get_mut(..bytes.len()).ok_or(Errno::INVAL)?.copy_from_slice(bytes);
        // SAFETY: whatever number of entries the bytes tell, the call refuses it or reads within `external`.
        NativeAcl::owned(unsafe { acl_copy_int(external.0.as_ptr().cast()) })
    }

    /// The bytes from which [`NativeAcl::from_bytes`] makes the same ACL: the text form, the only one that there is.
    #[cfg(target_os = "freebsd")]
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        // SAFETY: the ACL lives. The call returns a new string or null, and accepts null in place of a length.
        let text = unsafe { acl_to_text_np(self.0.as_ptr(), ptr::null_mut(), NUMERIC_IDS) };
        // Freed by the same call as an ACL.
        let text = NativeAcl::owned(text.cast())?;
        // SAFETY: the string ends with a zero byte, and lives until `text` is dropped.
        Ok(unsafe { CStr::from_ptr(text.0.as_ptr().cast()) }.to_bytes().to_vec())
    }

    #[cfg(target_os = "freebsd")]
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<NativeAcl> {
        let text = CString::new(bytes).map_err(|_| Errno::INVAL)?;
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

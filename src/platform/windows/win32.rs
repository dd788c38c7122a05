//! The few calls of Windows that neither the standard library nor a safe crate offers: a handler for the console, a wait for
//! a process, jobs, security descriptors, attributes and the change time of an open file, a move that replaces nothing or
//! is written through, and free space.
//!
//! Each function here is safe: it owns or borrows what it passes, and checks what it gets.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fs::File;
use std::io::{Error, Result};
use std::mem::size_of;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, WAIT_OBJECT_0};
pub(super) use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetKernelObjectSecurity, OWNER_SECURITY_INFORMATION, SE_DACL_AUTO_INHERIT_REQ,
    SE_DACL_AUTO_INHERITED, SetKernelObjectSecurity,
};
pub(super) use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_ADD_FILE, FILE_ADD_SUBDIRECTORY, FILE_APPEND_DATA, FILE_ATTRIBUTE_ENCRYPTED, FILE_ATTRIBUTE_HIDDEN,
    FILE_ATTRIBUTE_NORMAL, FILE_ATTRIBUTE_NOT_CONTENT_INDEXED, FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_SYSTEM,
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_DELETE_ON_CLOSE, FILE_FLAG_OPEN_REPARSE_POINT, FILE_READ_ATTRIBUTES,
    FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_WRITE_ATTRIBUTES, FILE_WRITE_EA, READ_CONTROL,
    WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_BASIC_INFO, FileBasicInfo, GetDiskFreeSpaceExW, GetFileInformationByHandleEx, MOVEFILE_REPLACE_EXISTING,
    MOVEFILE_WRITE_THROUGH, MoveFileExW, SetFileInformationByHandle,
};
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT, SetConsoleCtrlHandler,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{INFINITE, OpenProcess, PROCESS_SYNCHRONIZE, WaitForSingleObject};
use windows_sys::core::BOOL;

fn check(done: BOOL) -> Result<()> {
    if done == 0 { Err(Error::last_os_error()) } else { Ok(()) }
}

/// The size of a structure, as the calls want it.
#[allow(clippy::cast_possible_truncation)] // It is small.
const fn size<T>() -> u32 {
    size_of::<T>() as u32
}

/// The path in UTF-16, with a zero at its end.
fn wide(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}

/// What the console tells a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ConsoleEvent {
    Interrupt,
    Break,
    Close,
}

static HANDLER: OnceLock<fn(ConsoleEvent)> = OnceLock::new();

/// From here on `handler` is called, in a thread of its own, in place of the default action, which ends the process. The
/// first handler stays.
pub(super) fn set_console_handler(handler: fn(ConsoleEvent)) -> Result<()> {
    if HANDLER.set(handler).is_err() {
        return Ok(());
    }
    // SAFETY: `dispatch` has the signature that is asked for, and lives as long as the process.
    check(unsafe { SetConsoleCtrlHandler(Some(dispatch), 1) })
}

unsafe extern "system" fn dispatch(event: u32) -> BOOL {
    let event = match event {
        CTRL_C_EVENT => ConsoleEvent::Interrupt,
        CTRL_BREAK_EVENT => ConsoleEvent::Break,
        CTRL_CLOSE_EVENT | CTRL_LOGOFF_EVENT | CTRL_SHUTDOWN_EVENT => ConsoleEvent::Close,
        _ => return 0,
    };
    if let Some(handler) = HANDLER.get() {
        handler(event);
    }
    1
}

/// Waits until the process has ended.
pub(super) fn wait_for_end(process: BorrowedHandle<'_>) {
    // SAFETY: the handle is open while it is borrowed.
    unsafe { WaitForSingleObject(process.as_raw_handle(), INFINITE) };
}

/// Whether there is a process with this id that has not ended.
pub(super) fn is_running(id: u32) -> bool {
    // SAFETY: it takes numbers only.
    let process = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, id) };
    if process.is_null() {
        // Otherwise there is one, and it is another user's.
        return Error::last_os_error().raw_os_error() != i32::try_from(ERROR_INVALID_PARAMETER).ok();
    }
    // SAFETY: the call has just opened it, and nobody else has it.
    let process = unsafe { OwnedHandle::from_raw_handle(process) };
    // SAFETY: the handle is open.
    unsafe { WaitForSingleObject(process.as_raw_handle(), 0) != WAIT_OBJECT_0 }
}

/// A job: its processes end when it is dropped.
#[derive(Debug)]
pub(super) struct Job(OwnedHandle);

impl Job {
    pub(super) fn new() -> Result<Job> {
        // SAFETY: it has neither a security descriptor nor a name, which null means.
        let job = unsafe { CreateJobObjectW(null(), null()) };
        if job.is_null() {
            return Err(Error::last_os_error());
        }
        // SAFETY: the handle is new and belongs to nobody else.
        let job = Job(unsafe { OwnedHandle::from_raw_handle(job) });
        job.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)?;
        Ok(job)
    }

    fn limit(&self, flags: u32) -> Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = flags;
        let size = size::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>();
        // SAFETY: the structure is of the kind that is named, and of that size.
        check(unsafe {
            SetInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast::<c_void>(),
                size,
            )
        })
    }

    /// Puts the process, and all that it will start, into the job.
    pub(super) fn assign(&self, process: BorrowedHandle<'_>) -> Result<()> {
        // SAFETY: both handles are open.
        check(unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle()) })
    }

    /// Ends all its processes.
    pub(super) fn terminate(&self) {
        // SAFETY: the handle is open. If none runs any more, nothing happens.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) };
    }

    /// Lets its processes run on.
    pub(super) fn release(self) {
        let _ = self.limit(0);
    }
}

/// A part of a security descriptor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Security {
    Owner,
    AccessControlList,
}

impl Security {
    fn information(self) -> u32 {
        match self {
            Security::Owner => OWNER_SECURITY_INFORMATION,
            Security::AccessControlList => DACL_SECURITY_INFORMATION,
        }
    }
}

/// Part of the file's security descriptor, in the self-relative form, which has no pointers.
pub(super) fn security(file: &File, part: Security) -> Result<Vec<u8>> {
    let mut descriptor = Vec::<u8>::new();
    loop {
        let mut needed = 0;
        let length = u32::try_from(descriptor.len()).map_err(Error::other)?;
        // SAFETY: the buffer has the length that is passed, and the system writes no more than that.
        let done = unsafe {
            GetKernelObjectSecurity(
                file.as_raw_handle(),
                part.information(),
                descriptor.as_mut_ptr().cast(),
                length,
                &raw mut needed,
            )
        };
        match check(done) {
            Ok(()) => return Ok(descriptor),
            Err(error) if is_too_short(&error) && needed > length => descriptor.resize(needed as usize, 0),
            Err(error) => return Err(error),
        }
    }
}

fn is_too_short(error: &Error) -> bool {
    error.raw_os_error().is_some_and(|code| u32::try_from(code) == Ok(ERROR_INSUFFICIENT_BUFFER))
}

/// Sets part of the file's security descriptor, which [`security`] has returned. The list is set as it is, with the
/// entries that were inherited where it comes from.
pub(super) fn set_security(file: &File, part: Security, descriptor: &[u8]) -> Result<()> {
    // The system reads it as a structure, so it needs that alignment.
    let mut aligned = vec![0_u64; descriptor.len().div_ceil(size_of::<u64>())];
    for (word, bytes) in aligned.iter_mut().zip(descriptor.chunks(size_of::<u64>())) {
        let mut padded = [0; size_of::<u64>()];
        padded.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        // Revision, an unused byte, then the control bits, in two bytes: "was inherited" is kept only if it is asked for.
        *word = u64::from_le_bytes(padded);
    }
    if let Some(first) = aligned.first_mut() {
        let (inherited, request) = (u64::from(SE_DACL_AUTO_INHERITED) << 16, u64::from(SE_DACL_AUTO_INHERIT_REQ) << 16);
        if *first & inherited != 0 {
            *first |= request;
        }
    }
    // SAFETY: the descriptor is one that the system has made; all its offsets are within it. It is copied.
    check(unsafe { SetKernelObjectSecurity(file.as_raw_handle(), part.information(), aligned.as_mut_ptr().cast()) })
}

fn basic_info(file: &File) -> Result<FILE_BASIC_INFO> {
    let mut info = FILE_BASIC_INFO::default();
    let size = size::<FILE_BASIC_INFO>();
    // SAFETY: the structure is of the kind that is named, and of that size.
    check(unsafe {
        GetFileInformationByHandleEx(file.as_raw_handle(), FileBasicInfo, (&raw mut info).cast::<c_void>(), size)
    })?;
    Ok(info)
}

/// When anything of the file was last changed, in 100 nanoseconds since 1601.
pub(super) fn change_time(file: &File) -> Result<u64> {
    Ok(u64::try_from(basic_info(file)?.ChangeTime).unwrap_or(0))
}

/// Sets the attributes of the file, such as "hidden".
pub(super) fn set_attributes(file: &File, attributes: u32) -> Result<()> {
    // A time of 0 stays as it is.
    let info = FILE_BASIC_INFO { FileAttributes: attributes, ..FILE_BASIC_INFO::default() };
    let size = size::<FILE_BASIC_INFO>();
    // SAFETY: the structure is of the kind that is named, and of that size.
    check(unsafe {
        SetFileInformationByHandle(file.as_raw_handle(), FileBasicInfo, (&raw const info).cast::<c_void>(), size)
    })
}

/// Moves a file to another name on the same volume. It is written through, as far as the system does that.
pub(super) fn move_file(old: &Path, new: &Path, replace: bool) -> Result<()> {
    let flags = MOVEFILE_WRITE_THROUGH | if replace { MOVEFILE_REPLACE_EXISTING } else { 0 };
    let (old, new) = (wide(old), wide(new));
    // SAFETY: both paths end in a zero.
    check(unsafe { MoveFileExW(old.as_ptr(), new.as_ptr(), flags) })
}

/// How many bytes the caller may still write in the directory.
pub(super) fn free_space(directory: &Path) -> Result<u64> {
    let mut free = 0;
    let directory = wide(directory);
    // SAFETY: the path ends in a zero; numbers that are not wanted are null.
    check(unsafe { GetDiskFreeSpaceExW(directory.as_ptr(), &raw mut free, null_mut(), null_mut()) })?;
    Ok(free)
}

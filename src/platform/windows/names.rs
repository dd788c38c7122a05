//! Names in directories: create, rename, remove.

use std::ffi::OsStr;
use std::fs;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::directory::DirectoryHandle;
use super::errors::{Errno, Result, done};
use super::metadata::set_read_only;
use super::rights::open_itself;
use super::stat::Stat;
use super::win32::{self, DELETE, FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES};

/// The longest name, in [`NAME_UNITS`].
pub(crate) const MAX_NAME_LENGTH: usize = 255;
/// In what the length of a name is measured.
pub(crate) const NAME_UNITS: &str = "UTF-16 units";

/// The length of a name, in [`NAME_UNITS`].
pub(crate) fn name_length(name: &OsStr) -> usize {
    name.encode_wide().count()
}

/// Why the system would take `name` for something other than a file's name in a directory, or no other program could
/// open it.
pub(crate) fn misleading_name(name: &OsStr) -> Option<&'static str> {
    if name_length(name) > MAX_NAME_LENGTH {
        return Some("is longer than the 255 UTF-16 units of the longest name");
    }
    let text = name.to_string_lossy();
    if text.contains(':') {
        return Some("names an alternate data stream, which is no file of its own (:)");
    }
    if text.contains(|c: char| c < ' ' || r#"<>"|?*"#.contains(c)) {
        return Some(r#"contains a character that no name on Windows may have (<>"|?* or a control character)"#);
    }
    if text.ends_with(['.', ' ']) {
        return Some("ends in a dot or a space, which Windows leaves out");
    }
    let stem = text.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    is_device(&stem).then_some("is the name of a device on Windows, with any extension")
}

fn is_device(stem: &str) -> bool {
    let is_number = |rest: &str| {
        let mut rest = rest.chars();
        matches!((rest.next(), rest.next()), (Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'), None))
    };
    matches!(stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || ["COM", "LPT"].iter().any(|port| stem.strip_prefix(port).is_some_and(is_number))
}

/// How long to wait for a program that has a file open: virus scanners and indexers do so for a moment.
const OPEN_ELSEWHERE: Duration = Duration::from_millis(1500);

/// Repeats a call that fails because another program has the file open, with growing pauses. Such a call fails with
/// "access denied" or "sharing violation".
pub(super) fn retry_while_open<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + OPEN_ELSEWHERE;
    let mut pause = Duration::from_millis(1);
    loop {
        match call() {
            Err(Errno::ACCESS | Errno::BUSY | Errno::WOULDBLOCK) if Instant::now() + pause < deadline => {}
            called => return called,
        }
        std::thread::sleep(pause);
        pause *= 2;
    }
}

/// Whether a directory can be renamed while it is open.
pub(crate) const RENAMES_OPEN_DIRECTORIES: bool = false;

/// Renames a file. Replaces an existing `new`, even a read-only one. Fails with BUSY if another program has
/// `new` open in a way that excludes it.
pub(crate) fn rename(
    from: &DirectoryHandle,
    old: impl AsRef<OsStr>,
    to: &DirectoryHandle,
    new: impl AsRef<OsStr>,
) -> Result<()> {
    let (old, new) = (from.join(old)?, to.join(new)?);
    retry_while_open(|| replace(&old, &new)).map_err(|errno| why_not_replaced(&new, errno))
}

/// The move is written through. Where a file of the new name is open, only POSIX semantics replace it, which the
/// standard library asks for.
fn replace(old: &Path, new: &Path) -> Result<()> {
    let renamed = || match done(win32::move_file(old, new, true)) {
        Err(Errno::ACCESS | Errno::BUSY) => done(fs::rename(old, new)),
        moved => moved,
    };
    match renamed() {
        Err(errno @ Errno::ACCESS) => writable_meanwhile(new, renamed).unwrap_or(Err(errno)),
        renamed => renamed,
    }
}

/// Calls with the read-only attribute of the file cleared, which otherwise protects its name. Sets it again if the call
/// fails, or if the file has another name. `None` if it has no such attribute.
fn writable_meanwhile<T>(path: &Path, call: impl FnOnce() -> Result<T>) -> Option<Result<T>> {
    let file = open_itself(path.to_owned(), &[FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES]).ok()?;
    let stat = Stat::of(&file).ok().filter(Stat::is_read_only)?;
    set_read_only(&file, false).ok()?;
    if stat.links > 1 {
        let called = call();
        let _ = set_read_only(&file, true);
        return Some(called);
    }
    // An open file would keep the name.
    drop(file);
    let called = call();
    if called.is_err()
        && let Ok(file) = open_itself(path.to_owned(), &[FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES])
        && Stat::of(&file).is_ok_and(|now| now.is_same_file(&stat))
    {
        let _ = set_read_only(&file, true);
    }
    Some(called)
}

/// A name in use is refused with "access denied". That is so if the caller may delete the file.
fn why_not_replaced(new: &Path, errno: Errno) -> Errno {
    if errno != Errno::ACCESS {
        return errno;
    }
    match open_itself(new.to_owned(), &[DELETE]) {
        Ok(_) | Err(Errno::BUSY) => Errno::BUSY,
        Err(_) => errno,
    }
}

/// Creates a hard link. Fails with EXIST if `new` exists.
pub(crate) fn link(
    from: &DirectoryHandle,
    old: impl AsRef<OsStr>,
    to: &DirectoryHandle,
    new: impl AsRef<OsStr>,
) -> Result<()> {
    let (old, new) = (from.join(old)?, to.join(new)?);
    retry_while_open(|| done(fs::hard_link(&old, &new)))
}

/// Removes a name that is not a directory's.
pub(crate) fn unlink(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<()> {
    let path = directory.join(name)?;
    retry_while_open(|| {
        let remove = || done(fs::remove_file(&path));
        match remove() {
            Err(errno @ Errno::ACCESS) => writable_meanwhile(&path, remove).unwrap_or(Err(errno)),
            removed => removed,
        }
    })
}

pub(crate) fn remove_directory(directory: &DirectoryHandle, name: impl AsRef<OsStr>) -> Result<()> {
    let path = directory.join(name)?;
    retry_while_open(|| done(fs::remove_dir(&path)))
}

/// Creates a directory with the access control list that its parent gives it, whatever the mode.
pub(crate) fn make_directory(directory: &DirectoryHandle, name: impl AsRef<OsStr>, _: u32) -> Result<()> {
    done(fs::create_dir(directory.join(name)?))
}

//! What a test does to files and asks about them, on Windows. `unix.rs` has the same names.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt, symlink_dir, symlink_file};
use std::os::windows::io::AsHandle;
use std::path::Path;
use std::process::ExitStatus;

use winapi_util::Handle;
use winapi_util::file::information;

/// What is empty whenever it is read.
pub const NOTHING: &str = "NUL";

/// There is none here.
pub fn is_root() -> bool {
    false
}

/// The bit for the owner to write is the only one.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_readonly(mode & 0o200 == 0);
    fs::set_permissions(path, permissions)
}

pub fn mode(path: &Path) -> io::Result<u32> {
    Ok(if fs::symlink_metadata(path)?.permissions().readonly() { 0o444 } else { 0o666 })
}

/// The number of a file. That of a link is its own.
pub fn inode(path: &Path) -> io::Result<u64> {
    /// `FILE_FLAG_BACKUP_SEMANTICS`, which directories need, and `FILE_FLAG_OPEN_REPARSE_POINT`.
    const FLAGS: u32 = 0x0200_0000 | 0x0020_0000;
    let file = File::options().read(true).custom_flags(FLAGS).open(path)?;
    Ok(information(Handle::from_file(file))?.file_index())
}

/// What the link leads to decides of which kind it is.
pub fn symlink(to: &Path, path: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    if directory.join(to).is_dir() { symlink_dir(to, path) } else { symlink_file(to, path) }
}

/// No system call does that here.
pub fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// As if nothing were ever left out.
pub fn allocated(path: &Path) -> io::Result<u64> {
    Ok(fs::metadata(path)?.len())
}

/// Everything that a look or a write would change.
#[derive(Debug, Eq, PartialEq)]
pub struct Traces {
    inode: u64,
    attributes: u32,
    length: u64,
    created: u64,
    accessed: Option<u64>,
    modified: u64,
}

impl Traces {
    /// For what we have read ourselves.
    pub fn without_access(self) -> Traces {
        Traces { accessed: None, ..self }
    }
}

pub fn traces(path: &Path) -> Traces {
    let stat = fs::symlink_metadata(path).unwrap();
    Traces {
        inode: inode(path).unwrap(),
        attributes: stat.file_attributes(),
        length: stat.file_size(),
        created: stat.creation_time(),
        accessed: Some(stat.last_access_time()),
        modified: stat.last_write_time(),
    }
}

pub fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Standard input, without a buffer of ours.
pub fn stdin() -> io::Result<File> {
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

/// These bytes as an argument, if they are UTF-8.
pub fn argument(bytes: &[u8]) -> Option<OsString> {
    String::from_utf8(bytes.to_vec()).ok().map(OsString::from)
}

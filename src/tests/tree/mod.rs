//! Whole directories.

mod copy;
mod read;
mod remove;
mod same;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Error, ErrorExt};
use crate::notices::Notices;
use crate::platform::{self, Signals};
use crate::progress::Progress;
use crate::protocol::directory::Directory;
use crate::protocol::tree;

/// More levels than a path may have bytes.
const DEEP: usize = 5000;

/// A new directory.
fn scratch() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(path: &Path) -> Directory {
    Directory::open(&platform::working_directory(), path.as_os_str(), path.to_owned(), &Notices::default()).unwrap()
}

fn progress() -> Progress {
    Progress::new(Path::new("top"))
}

fn signals() -> Signals {
    Signals::at_start(|| ())
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn bits(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// The step and the reason.
fn text(error: &Error) -> String {
    let (step, reason) = error.step_and_reason();
    format!("{step}: {reason}")
}

/// Copies `from` to a new directory `to`, and returns the warnings.
fn copy(from: &Path, to: &Path) -> Result<Vec<String>, Error> {
    fs::create_dir(to).unwrap();
    let notices = Notices::default();
    tree::copy(&open(from), &open(to), true, &notices, &signals(), &progress())?;
    Ok(notices.take_warnings())
}

fn remove(path: &Path) -> tree::remove::Removal {
    tree::remove(&open(path.parent().unwrap()), path.file_name().unwrap())
}

/// Creates directories inside one another, more than any path can name, with a file in the innermost.
fn make_deep(top: &Path) {
    let mut here = platform::open_directory(&platform::working_directory(), top, true).unwrap().0;
    for _ in 0..DEEP {
        platform::make_directory(&here, "d", 0o700).unwrap();
        here = platform::open_directory(&here, "d", false).unwrap().0;
    }
    let file = platform::create_new(&here, "file", 0o600).unwrap();
    platform::write_at(&file, b"deep", 0).unwrap();
}

/// A tree with entries of all kinds that need no privilege.
fn make_some(top: &Path) {
    fs::create_dir_all(top.join("a/b/c")).unwrap();
    fs::write(top.join("a/file"), "content").unwrap();
    fs::write(top.join("a/b/c/empty"), "").unwrap();
    fs::write(odd(top), "odd").unwrap();
    std::os::unix::fs::symlink("../../outside", top.join("a/link")).unwrap();
    fs::hard_link(top.join("a/file"), top.join("a/b/again")).unwrap();
    make_fifo(&top.join("a/fifo"));
    chmod(&top.join("a/b"), 0o750);
}

/// A name that is no text.
fn odd(top: &Path) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    top.join(std::ffi::OsStr::from_bytes(b"-\n\xff "))
}

fn make_fifo(path: &Path) {
    use nix::sys::stat::Mode;
    // No copy of one can be made on macOS.
    if !cfg!(target_os = "macos") {
        nix::unistd::mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    }
}

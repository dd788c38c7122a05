//! Small files of /proc.

use std::os::fd::{AsFd, AsRawFd};

use rustix::fs::{CWD, OFlags};

use crate::platform::unix::open::open;
use crate::platform::unix::retry::transfer;

/// A path by which this process can open the file again, whatever became of its name.
pub(super) fn descriptor_path(file: impl AsFd) -> String {
    format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())
}

/// Reads a whole small file; `None` if it cannot be read.
pub(super) fn read(path: &str) -> Option<String> {
    let file = open(CWD, path, OFlags::RDONLY).ok()?;
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match transfer(|| rustix::io::read(&file, &mut chunk)).ok()? {
            0 => return String::from_utf8(text).ok(),
            length => text.extend_from_slice(chunk.get(..length)?),
        }
    }
}

//! The imitation itself. A broken one would let the tests of the program pass.

mod plain;
mod quirks;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{getxattr, listxattr};
use rustix::io::Errno;

use crate::common::quirks::Quirky;

const ACL: &str = "system.posix_acl_access";

/// The error of a call of the standard library.
fn error<T>(result: std::io::Result<T>) -> Option<Errno> {
    result.err().map(|error| Errno::from_raw_os_error(error.raw_os_error().unwrap()))
}

fn links(scene: &Quirky, name: &str) -> u64 {
    scene.path(name).symlink_metadata().unwrap().nlink()
}

fn attribute(path: &Path, name: &str) -> Result<Vec<u8>, Errno> {
    let mut value = vec![0; 4096];
    let length = getxattr(path, name, value.as_mut_slice())?;
    value.truncate(length);
    Ok(value)
}

fn attributes(path: &Path) -> Result<String, Errno> {
    let mut list = vec![0; 4096];
    let length = listxattr(path, list.as_mut_slice())?;
    list.truncate(length);
    Ok(String::from_utf8(list).unwrap())
}

//! The inodes that the kernel knows, each with an open descriptor on the underlying file.

use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io::{Errno, Result};

/// The number that FUSE gives the root.
pub const ROOT: u64 = 1;
/// No file system uses numbers from here on.
const FRESH: u64 = 1 << 48;

#[derive(Debug)]
pub struct Node {
    fd: OwnedFd,
    /// The inode number of the underlying file.
    pub behind: u64,
    /// How many lookups the kernel has not forgotten yet.
    known: u64,
}

impl Node {
    /// Opens a name of a directory, whatever its type.
    pub fn open(directory: BorrowedFd<'_>, name: impl rustix::path::Arg) -> Result<Node> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(directory, name, flags, Mode::empty())?;
        let behind = fstat(&fd)?.st_ino;
        Ok(Node { fd, behind, known: 0 })
    }

    /// The same file, by another descriptor.
    pub fn again(&self) -> Result<Node> {
        let fd = rustix::io::fcntl_dupfd_cloexec(&self.fd, 0)?;
        Ok(Node { fd, behind: self.behind, known: 0 })
    }

    /// A path of the file itself, even of a symbolic link.
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.fd.as_raw_fd()).into()
    }
}

impl AsFd for Node {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// By the number that FUSE uses.
#[derive(Debug)]
pub struct Nodes {
    known: HashMap<u64, Node>,
    next: u64,
}

impl Nodes {
    pub fn new(root: Node) -> Nodes {
        Nodes { known: HashMap::from([(ROOT, Node { known: 1, ..root })]), next: FRESH }
    }

    pub fn get(&self, number: u64) -> Result<&Node> {
        self.known.get(&number).ok_or(Errno::STALE)
    }

    /// A number that has never been used.
    pub fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Counts a lookup of this file under the underlying file's number, and returns the number.
    pub fn meet(&mut self, node: Node) -> u64 {
        let number = node.behind;
        self.known.entry(number).or_insert(node).known += 1;
        number
    }

    /// The same, under a number of its own.
    pub fn meet_afresh(&mut self, node: Node) -> u64 {
        let number = self.fresh();
        self.known.insert(number, Node { known: 1, ..node });
        number
    }

    pub fn is_known(&self, number: u64) -> bool {
        self.known.contains_key(&number)
    }

    pub fn forget(&mut self, number: u64, times: u64) {
        if let Some(node) = self.known.get_mut(&number) {
            node.known = node.known.saturating_sub(times);
            if node.known == 0 && number != ROOT {
                self.known.remove(&number);
            }
        }
    }
}

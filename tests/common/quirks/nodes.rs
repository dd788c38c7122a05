//! The inodes that the kernel knows, each held by a descriptor that leads to the file behind it.

use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io::{Errno, Result};

/// FUSE's number of the root.
pub const ROOT: u64 = 1;
/// No file system hands out numbers from here on.
const FRESH: u64 = 1 << 48;

#[derive(Debug)]
pub struct Node {
    fd: OwnedFd,
    /// The number of the file behind it.
    pub behind: u64,
    /// How many times the kernel has been given it.
    known: u64,
}

impl Node {
    /// Holds a name of a directory, whatever it is.
    pub fn open(directory: BorrowedFd<'_>, name: impl rustix::path::Arg) -> Result<Node> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(directory, name, flags, Mode::empty())?;
        let behind = fstat(&fd)?.st_ino;
        Ok(Node { fd, behind, known: 0 })
    }

    /// The same file, held once more.
    pub fn again(&self) -> Result<Node> {
        let fd = rustix::io::fcntl_dupfd_cloexec(&self.fd, 0)?;
        Ok(Node { fd, behind: self.behind, known: 0 })
    }

    /// A path that leads to the file itself, a symbolic link included.
    pub fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.fd.as_raw_fd()).into()
    }
}

impl AsFd for Node {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// By FUSE's number.
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

    /// Notes that the kernel gets to know this file, by the number of the file behind it, and returns the number.
    pub fn meet(&mut self, node: Node) -> u64 {
        let number = node.behind;
        self.known.entry(number).or_insert(node).known += 1;
        number
    }

    /// The same, by a number of its own.
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

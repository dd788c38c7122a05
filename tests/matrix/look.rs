//! What a case's directory looks like, name by name.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Everything about one name that the contract speaks of.
#[derive(Clone, PartialEq, Eq)]
pub struct Look {
    /// With the type.
    pub mode: u32,
    pub owner: (u32, u32),
    pub attributes: BTreeMap<String, Vec<u8>>,
    /// A link's text; nothing, for a directory.
    pub content: Vec<u8>,
    pub inode: u64,
}

impl Look {
    pub fn at(path: &Path) -> std::io::Result<Look> {
        let stat = fs::symlink_metadata(path)?;
        let content = if stat.is_file() {
            // Root reads everything; an ordinary user's files are readable by their owner here.
            fs::read(path)?
        } else if stat.is_symlink() {
            fs::read_link(path)?.as_os_str().as_bytes().to_vec()
        } else {
            Vec::new()
        };
        let attributes = if stat.is_file() { attributes(path) } else { BTreeMap::new() };
        Ok(Look { mode: stat.mode(), owner: (stat.uid(), stat.gid()), attributes, content, inode: stat.ino() })
    }

    /// Whether it is such a file, whatever its inode.
    pub fn is_like(&self, other: &Look) -> bool {
        self.content == other.content && self.is_dressed_like(other)
    }

    /// The same, apart from the content.
    pub fn is_dressed_like(&self, other: &Look) -> bool {
        (self.mode, self.owner, &self.attributes) == (other.mode, other.owner, &other.attributes)
    }

    pub fn is_file(&self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }

    pub fn bits(&self) -> u32 {
        self.mode & 0o7777
    }
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start: String = String::from_utf8_lossy(&self.content).chars().take(8).collect();
        write!(f, "{:o} {:?} inode {} ", self.mode, self.owner, self.inode)?;
        write!(f, "{:?} {} bytes {start:?}", self.attributes.keys(), self.content.len())
    }
}

fn attributes(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut names = vec![0; 4096];
    let length = rustix::fs::llistxattr(path, &mut names).unwrap_or(0);
    let names = names[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty());
    names
        .map(|name| {
            let mut value = vec![0; 4096];
            let length = rustix::fs::lgetxattr(path, name, &mut value).unwrap_or(0);
            value.truncate(length);
            (String::from_utf8_lossy(name).into_owned(), value)
        })
        .collect()
}

/// Every name below a directory.
pub type Snapshot = BTreeMap<PathBuf, Look>;

pub fn snapshot(root: &Path) -> std::io::Result<Snapshot> {
    let mut found = Snapshot::new();
    let mut left = vec![root.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            let look = Look::at(&path)?;
            if fs::symlink_metadata(&path)?.is_dir() {
                left.push(path.clone());
            }
            found.insert(path.strip_prefix(root).unwrap_or(&path).to_owned(), look);
        }
    }
    Ok(found)
}

//! What a name leads to, and what a whole directory holds.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;
use rustix::io::Errno;

use super::content;

/// Everything about a file that the contract promises something of. Equality includes the inode.
#[derive(Clone, PartialEq, Eq)]
pub struct FileState {
    /// With the file type.
    pub mode: u32,
    pub owner: (u32, u32),
    pub attributes: BTreeMap<String, Vec<u8>>,
    /// Of a symbolic link, its text; of a directory, nothing.
    pub content: Vec<u8>,
    pub inode: u64,
}

impl FileState {
    /// Nothing, where there is no such name.
    pub fn at(path: &Path) -> io::Result<Option<Self>> {
        match Self::of(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            result => result.map(Some),
        }
    }

    pub fn of(path: &Path) -> io::Result<Self> {
        let stat = fs::symlink_metadata(path)?;
        let content = if stat.is_file() {
            fs::read(path)?
        } else if stat.is_symlink() {
            fs::read_link(path)?.as_os_str().as_bytes().to_vec()
        } else {
            Vec::new()
        };
        let attributes = if stat.is_file() { attributes(path)? } else { BTreeMap::new() };
        let owner = (stat.uid(), stat.gid());
        Ok(Self { mode: stat.mode(), owner, attributes, content, inode: stat.ino() })
    }

    pub fn with_content(&self, content: &[u8]) -> Self {
        Self { content: content.to_vec(), ..self.clone() }
    }

    /// Whether only the inode may differ.
    pub fn is_like(&self, other: &Self) -> bool {
        self.has_content_of(other) && self.has_metadata_of(other)
    }

    pub fn has_content_of(&self, other: &Self) -> bool {
        (self.kind(), &self.content) == (other.kind(), &other.content)
    }

    pub fn has_metadata_of(&self, other: &Self) -> bool {
        (self.mode, self.owner, &self.attributes) == (other.mode, other.owner, &other.attributes)
    }

    pub fn is_file(&self) -> bool {
        self.kind() == 0o100_000
    }

    pub fn is_directory(&self) -> bool {
        self.kind() == 0o040_000
    }

    /// The mode without the file type.
    pub fn permissions(&self) -> u32 {
        self.mode & 0o7777
    }

    fn kind(&self) -> u32 {
        self.mode & 0o170_000
    }
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            0o100_000 => f.write_str(&content::describe(&self.content))?,
            0o120_000 => write!(f, "a link to {}", String::from_utf8_lossy(&self.content))?,
            0o040_000 => f.write_str("a directory")?,
            kind => write!(f, "a file of type {kind:o}")?,
        }
        let (user, group) = self.owner;
        write!(f, ", mode {:04o}, owner {user}:{group}, inode {}", self.permissions(), self.inode)?;
        write!(f, ", attributes {:?}", self.attributes.keys().collect::<Vec<_>>())
    }
}

impl fmt::Debug for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What stands in a message for a name that need not exist.
pub fn describe(state: Option<&FileState>) -> String {
    state.map_or_else(|| "absent".to_owned(), ToString::to_string)
}

fn attributes(path: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut names = Vec::with_capacity(4096);
    match rustix::fs::llistxattr(path, spare_capacity(&mut names)) {
        // A file system without attributes.
        Err(Errno::OPNOTSUPP) => {}
        listed => drop(listed?),
    }
    let mut found = BTreeMap::new();
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = Vec::with_capacity(4096);
        rustix::fs::lgetxattr(path, name, spare_capacity(&mut value))?;
        found.insert(String::from_utf8_lossy(name).into_owned(), value);
    }
    Ok(found)
}

/// Every name below a directory. What a command removes meanwhile is left out.
pub type Snapshot = BTreeMap<PathBuf, FileState>;

pub fn snapshot(root: &Path) -> io::Result<Snapshot> {
    let mut found = Snapshot::new();
    let mut left = vec![root.to_owned()];
    while let Some(directory) = left.pop() {
        let is_private = directory.strip_prefix(root).is_ok_and(is_in_private);
        if is_private && FileState::at(&directory)?.is_some_and(|state| state.mode & 0o700 != 0o700) {
            // What is left of a staged tree may have a mode that keeps its owner out, and is not needed any more.
            fs::set_permissions(&directory, fs::Permissions::from_mode(0o700))?;
        }
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let Some(state) = FileState::at(&path)? else { continue };
            if state.is_directory() {
                left.push(path.clone());
            }
            found.insert(path.strip_prefix(root).unwrap_or(&path).to_owned(), state);
        }
    }
    Ok(found)
}

/// Whether this is in a private directory, which has a staging file's name.
pub fn is_in_private(path: &Path) -> bool {
    path.ancestors().skip(1).any(is_staging_name)
}

/// Whether this is a name that the contract allows a staging file to have.
pub fn is_staging_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let random = name.strip_prefix(b".aw-").unwrap_or_default();
    random.len() == 12 && random.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

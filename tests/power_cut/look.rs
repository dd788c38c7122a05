//! What a file looks like to whoever opens it: content, mode, owner, access control list, extended attributes.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::content;
use crate::support::{Context, Result};

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) mode: u32,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    pub(crate) attributes: BTreeMap<String, Vec<u8>>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Look {
    Absent,
    /// A symbolic link, which leads there.
    Link(PathBuf),
    File {
        content: Arc<[u8]>,
        metadata: Metadata,
    },
}

impl Look {
    pub(crate) fn at(path: &Path) -> Result<Self> {
        let found = match fs::symlink_metadata(path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound) => return Ok(Self::Absent),
            result => result.context(path.display())?,
        };
        if found.is_symlink() {
            return Ok(Self::Link(fs::read_link(path).context(path.display())?));
        }
        if !found.is_file() {
            return Err(format!("{}: not a regular file", path.display()).into());
        }
        Ok(Self::File {
            content: fs::read(path).context(path.display())?.into(),
            metadata: Metadata {
                mode: found.mode() & 0o7777,
                owner: found.uid(),
                group: found.gid(),
                attributes: attributes(path)?,
            },
        })
    }

    pub(crate) fn with(&self, content: &Arc<[u8]>) -> Self {
        match self {
            Self::Absent | Self::Link(_) => self.clone(),
            Self::File { metadata, .. } => Self::File { content: Arc::clone(content), metadata: metadata.clone() },
        }
    }

    pub(crate) fn metadata(&self) -> Option<&Metadata> {
        match self {
            Self::Absent | Self::Link(_) => None,
            Self::File { metadata, .. } => Some(metadata),
        }
    }

    pub(crate) fn same_content(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) => true,
            (Self::Link(one), Self::Link(two)) => one == two,
            (Self::File { content: one, .. }, Self::File { content: two, .. }) => one == two,
            _ => false,
        }
    }
}

impl fmt::Display for Look {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => formatter.write_str("absent"),
            Self::Link(leads_to) => write!(formatter, "a link to {}", leads_to.display()),
            Self::File { content, metadata } => write!(
                formatter,
                "{}, mode {:04o}, owner {}:{}, attributes {:?}",
                content::describe(content),
                metadata.mode,
                metadata.owner,
                metadata.group,
                metadata.attributes.keys().collect::<Vec<_>>(),
            ),
        }
    }
}

fn attributes(path: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut names = Vec::with_capacity(4096);
    rustix::fs::llistxattr(path, rustix::buffer::spare_capacity(&mut names)).context(path.display())?;
    let mut found = BTreeMap::new();
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = Vec::with_capacity(4096);
        rustix::fs::lgetxattr(path, name, rustix::buffer::spare_capacity(&mut value)).context(path.display())?;
        found.insert(String::from_utf8_lossy(name).into_owned(), value);
    }
    Ok(found)
}

/// An access control list as the kernel takes it: entries of tag, permissions and id.
pub(crate) fn acl(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

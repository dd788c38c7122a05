//! What a replaced file hands on: read here, applied to the new one in `apply_metadata.rs`.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::io::Errno;

use super::acl::{self, Acl};
use super::directory::PathHandle;
use super::opaque_acl;
use super::privilege::{self, IdMapping, Ids};
use super::resolve::ResolvedTarget;
use super::stat::Stat;
use crate::failure::{Failure, Result, words};
use crate::quote::Shown;
use crate::sys;

/// What a replaced file hands on.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) stat: Stat,
    pub(super) owner: IdMapping,
    pub(super) group: IdMapping,
    pub(super) acl: Option<Acl>,
    /// Access control lists of other kinds, as the file system hands them out.
    /// `None` is one that could not be read.
    pub(super) opaque_acls: Vec<(CString, Option<Vec<u8>>)>,
    pub(super) attributes: Vec<(CString, Vec<u8>)>,
    /// Names of attributes that could be seen but that the caller may not read.
    pub(super) unread: Vec<String>,
}

impl Metadata {
    /// Reads it by the handle. File systems that know names and not files, as many behind FUSE and NFS, may have
    /// lost a file that was replaced meanwhile; then that of the file which is there now.
    pub(crate) fn of(pinned: &PathHandle, target: &ResolvedTarget) -> Result<Metadata> {
        /// As often as other writers may be quicker.
        const MOST: usize = 64;
        let mut read = Metadata::of_inode(pinned, target);
        for _ in 0..MOST {
            match &read {
                Err(failure) if matches!(failure.errno, Some(Errno::NOENT | Errno::STALE)) => {}
                _ => break,
            }
            let now = target.directory.open_path(&target.name).map_err(Failure::call("read metadata"))?;
            let Some(now) = now.filter(|now| now.kind() == rustix::fs::FileType::RegularFile) else { break };
            read = Metadata::of_inode(&now, target);
        }
        read
    }

    fn of_inode(pinned: &PathHandle, target: &ResolvedTarget) -> Result<Metadata> {
        let handle = pinned.handle.get().map_err(Failure::call("read metadata"))?;
        let stat = Stat::of(&*handle).map_err(Failure::call("read metadata"))?;
        let mut owner = privilege::id_mapping(Ids::Users, stat.uid);
        let mut group = privilege::id_mapping(Ids::Groups, stat.gid);
        if owner == IdMapping::Ambiguous {
            let is_mapped = privilege::owner_is_mapped(&*handle);
            owner = if is_mapped { IdMapping::Mapped } else { IdMapping::Unmapped };
        }
        if group == IdMapping::Ambiguous && privilege::group_is_mapped(&*handle, &stat) {
            group = IdMapping::Mapped;
        }
        let (opaque_acls, attributes, unread) = (Vec::new(), Vec::new(), Vec::new());
        let mut metadata = Metadata { stat, owner, group, acl: None, opaque_acls, attributes, unread };
        // The path goes by way of the descriptor; without /proc the file is opened.
        let opened: OwnedFd;
        let mut path = names_path(handle.as_fd());
        let list = match list(&path) {
            Err(Errno::NOENT) => {
                opened = pinned.open(target).map_err(Failure::call("read metadata"))?;
                path = Source::Descriptor(opened.as_fd());
                list(&path)
            }
            listed => listed,
        };
        let filesystem = target.directory.filesystem();
        let mut names: Vec<CString> = match &list {
            Ok(list) => each_name(list).collect(),
            Err(Errno::NOTSUP) => Vec::new(),
            // Some FUSE file systems without attributes answer so. One that has an ACL all the same hands it out.
            Err(errno) if filesystem.is_fuse() && (*errno == Errno::IO || sys::is_refusal(*errno)) => {
                metadata.unread.push(format!("extended attributes, which cannot be listed ({})", words(*errno)));
                metadata.acl = value(&path, acl::NAME).ok().and_then(|value| Acl::parse(&value));
                Vec::new()
            }
            Err(errno) => return Err(Failure::call("read metadata")(*errno)),
        };
        if filesystem.is_smb() {
            names.push(opaque_acl::SMB.to_owned());
        }
        for name in names {
            metadata.read(&path, name)?;
        }
        Ok(metadata)
    }

    /// Reads one attribute, where it is one that is kept.
    fn read(&mut self, path: &Source<'_>, name: CString) -> Result<()> {
        let is_acl = name.to_bytes() == acl::ATTRIBUTE.as_bytes();
        let is_opaque_acl = opaque_acl::is_one(&name);
        if !is_acl && !is_opaque_acl && !is_preserved(name.to_bytes()) {
            return Ok(());
        }
        match value(path, &name) {
            Ok(value) if is_acl => {
                let acl = Acl::parse(&value).ok_or_else(|| unreadable(&name, "of an unknown form"))?;
                self.acl = Some(acl);
            }
            Ok(value) if is_opaque_acl => self.opaque_acls.push((name, Some(value))),
            Ok(value) => self.attributes.push((name, value)),
            // Removed meanwhile, or not to be had here.
            Err(Errno::NODATA) => {}
            Err(Errno::NOTSUP) if is_opaque_acl => {}
            Err(errno) if is_opaque_acl && sys::is_refusal(errno) => self.opaque_acls.push((name, None)),
            // Without the list nobody could tell what the group may do: the mode shows the mask in its place.
            Err(errno) if !is_acl && sys::is_refusal(errno) => self.unread.push(shown(&name)),
            Err(errno) => return Err(unreadable(&name, &words(errno))),
        }
        Ok(())
    }

    /// Whether `--mode` would make a difference.
    pub(crate) fn differs_from(&self, mode: u32) -> bool {
        self.stat.bits() != mode || self.acl.is_some()
    }
}

fn unreadable(name: &CStr, reason: &str) -> Failure {
    Failure::failed("read metadata", format_args!("{}: {reason}", shown(name)))
}

/// Whether the finished file will belong to somebody whose files we then may not link any more: `CAP_CHOWN` gives it
/// away, and linking another's file needs `CAP_FOWNER`.
pub(crate) fn owner_locks_out(old: &PathHandle) -> bool {
    use rustix::thread::CapabilitySet;
    old.stat.uid != privilege::euid() && privilege::has(CapabilitySet::CHOWN) && !privilege::has(CapabilitySet::FOWNER)
}

/// How attributes are reached.
pub(super) enum Source<'a> {
    Path(String),
    Descriptor(BorrowedFd<'a>),
}

fn names_path(fd: BorrowedFd<'_>) -> Source<'static> {
    Source::Path(sys::proc_path(fd))
}

pub(super) fn list(source: &Source<'_>) -> std::result::Result<Vec<u8>, Errno> {
    grow(|buffer| match source {
        Source::Path(path) => sys::listxattr(path, buffer),
        Source::Descriptor(fd) => sys::flistxattr(fd, buffer),
    })
}

/// The names in a list, each ended by a zero.
pub(super) fn each_name(list: &[u8]) -> impl Iterator<Item = CString> {
    list.split_inclusive(|&byte| byte == 0).filter_map(|name| CString::from_vec_with_nul(name.to_vec()).ok())
}

/// An attribute's name, for messages: whoever may write the file has chosen it.
pub(super) fn shown(name: &CStr) -> String {
    Shown(OsStr::from_bytes(name.to_bytes())).to_string()
}

fn value(source: &Source<'_>, name: &CStr) -> std::result::Result<Vec<u8>, Errno> {
    grow(|buffer| match source {
        Source::Path(path) => sys::getxattr(path, name, buffer),
        Source::Descriptor(fd) => sys::fgetxattr(fd, name, buffer),
    })
}

/// Calls with more and more room: the size may change between asking for it and getting it.
pub(super) fn grow(
    call: impl Fn(&mut [u8]) -> std::result::Result<usize, Errno>,
) -> std::result::Result<Vec<u8>, Errno> {
    /// `XATTR_SIZE_MAX` and `XATTR_LIST_MAX`.
    const MOST: usize = 65536;
    let mut buffer = vec![0; 512];
    loop {
        match call(&mut buffer) {
            Err(Errno::RANGE) if buffer.len() < MOST => buffer.resize(MOST, 0),
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(errno) => return Err(errno),
        }
    }
}

/// The contract's list: what belongs to the file is kept, what belongs to its old content is not.
pub(super) fn is_preserved(name: &[u8]) -> bool {
    const CONTENT: [&[u8]; 3] = [b"security.capability", b"security.ima", b"security.evm"];
    const OVERLAY: [&[u8]; 2] = [b"trusted.overlay.", b"user.overlay."];
    // As root sees XFS keep the access control lists themselves, which are handed on as such.
    const LISTS: [&[u8]; 2] = [b"trusted.SGI_ACL_FILE", b"trusted.SGI_ACL_DEFAULT"];
    let belongs = name.starts_with(b"user.")
        || name.starts_with(b"trusted.")
        || name.starts_with(b"security.")
        || name == b"btrfs.compression";
    belongs
        && !CONTENT.contains(&name)
        && !LISTS.contains(&name)
        && !OVERLAY.iter().any(|prefix| name.starts_with(prefix))
}

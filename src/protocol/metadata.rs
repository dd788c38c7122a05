//! The metadata that the new file takes from the replaced one. It is read here and applied in `apply_metadata.rs`.
//! `platform::is_preserved` says which extended attributes belong to the file, and which to its old content.

use std::ffi::{CStr, CString};

use super::directory::PathHandle;
use super::resolve::ResolvedTarget;
use crate::error::{Context, Error, ErrorExt, Result, failed};
use crate::options::Owners;
use crate::platform::{
    self, Acl, AsFd, Attributes, Errno, FileHandle, FileSystem, IdMapping, Ids, OwnedFd, Stat, acl,
    is_metadata_refusal, is_preserved, opaque_acl, os_message,
};
use crate::quote::ShownBytes;

const STEP: &str = "read metadata";

/// The metadata that the new file takes from the replaced one.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) stat: Stat,
    pub(super) owner: IdMapping,
    pub(super) group: IdMapping,
    pub(super) acl: Option<Acl>,
    /// ACLs of other kinds, in the file system's format. `None` could not be read.
    pub(super) opaque_acls: Vec<(CString, Option<Vec<u8>>)>,
    pub(super) attributes: Vec<(CString, Vec<u8>)>,
    /// The names of attributes that the caller may list but not read.
    pub(super) unread: Vec<String>,
}

impl Metadata {
    /// Reads the metadata of `old` through its handle. A file system that identifies files by name, as many FUSE and
    /// NFS servers do, may have lost a file that was replaced concurrently. Then the metadata of the current file is
    /// read.
    pub(crate) fn of(old: &PathHandle, target: &ResolvedTarget) -> Result<Metadata> {
        /// How often another writer may replace the file first.
        const MAX_ATTEMPTS: usize = 64;
        let mut read = Metadata::of_inode(old, target);
        for _ in 0..MAX_ATTEMPTS {
            match &read {
                Err(error) if matches!(error.errno(), Some(Errno::NOENT | Errno::STALE)) => {}
                _ => break,
            }
            let now = target.open_path().context(STEP)?;
            let Some(now) = now.filter(|now| now.kind() == old.kind()) else { break };
            read = Metadata::of_inode(&now, target);
        }
        read
    }

    fn of_inode(old: &PathHandle, target: &ResolvedTarget) -> Result<Metadata> {
        let handle = old.handle.get().context(STEP)?;
        let mut metadata =
            Metadata::of_stat(platform::stat_handle(&handle, &target.directory, &target.name).context(STEP)?, &handle);
        // By the path of the descriptor. Where a descriptor has no path, the file is opened.
        let opened: OwnedFd;
        let mut attributes = Attributes::of_handle(&handle);
        let names = match attributes.names() {
            Err(Errno::NOENT) => match target.open(old) {
                Ok(file) => {
                    opened = file;
                    attributes = Attributes::of_file(opened.as_fd());
                    attributes.names()
                }
                Err(Errno::ACCESS) => {
                    metadata.not_readable()?;
                    Ok(Vec::new())
                }
                Err(errno) => return Err(Error::new(errno).context(STEP)),
            },
            names => names,
        };
        let filesystem = target.directory.filesystem();
        let mut names = metadata.names(names, &attributes, filesystem)?;
        if filesystem.is_smb() {
            names.push(opaque_acl::SMB.to_owned());
        }
        for name in names {
            metadata.read(&attributes, name)?;
        }
        Ok(metadata)
    }

    /// Only owner, group and mode.
    fn of_stat(stat: Stat, handle: &FileHandle) -> Metadata {
        let mut owner = platform::id_mapping(Ids::Users, stat.uid);
        let mut group = platform::id_mapping(Ids::Groups, stat.gid);
        if owner == IdMapping::Ambiguous {
            let is_mapped = platform::owner_is_mapped(handle);
            owner = if is_mapped { IdMapping::Mapped } else { IdMapping::Unmapped };
        }
        if group == IdMapping::Ambiguous && platform::group_is_mapped(handle, &stat) {
            group = IdMapping::Mapped;
        }
        let (opaque_acls, attributes, unread) = (Vec::new(), Vec::new(), Vec::new());
        Metadata { stat, owner, group, acl: None, opaque_acls, attributes, unread }
    }

    /// The file may be written but not read, and its attributes are not reached by path. An ACL may have denied what its
    /// mode shows; only where such an ACL is opaque, what to do without it is known.
    fn not_readable(&mut self) -> Result<()> {
        let Some(acl) = opaque_acl::BESIDE_MODE else { return Err(Error::new(Errno::ACCESS).context(STEP)) };
        self.opaque_acls.push((acl.to_owned(), None));
        self.unread.push("extended attributes, as the old file cannot be read".to_owned());
        Ok(())
    }

    /// The listed names. If the file system cannot list them, records that and tries the ACL.
    fn names(
        &mut self,
        listed: platform::Result<Vec<CString>>,
        attributes: &Attributes<'_>,
        filesystem: FileSystem,
    ) -> Result<Vec<CString>> {
        match listed {
            Ok(names) => Ok(names),
            Err(Errno::NOTSUP) => Ok(Vec::new()),
            // Some FUSE file systems without attributes return these errors. One that has an ACL nevertheless returns
            // it by name.
            Err(errno) if filesystem.is_fuse() && (errno == Errno::IO || is_metadata_refusal(errno)) => {
                self.unread.push(format!("extended attributes, which cannot be listed ({})", os_message(errno)));
                self.acl = attributes.value(acl::ATTRIBUTE).ok().flatten().and_then(|value| Acl::parse(&value));
                Ok(Vec::new())
            }
            Err(errno) => Err(Error::new(errno).context(STEP)),
        }
    }

    /// Reads one attribute, if it is preserved.
    fn read(&mut self, attributes: &Attributes<'_>, name: CString) -> Result<()> {
        let is_acl = name.as_c_str() == acl::ATTRIBUTE;
        let is_opaque_acl = opaque_acl::is_opaque_acl(&name);
        if !is_acl && !is_opaque_acl && !is_preserved(&name) {
            return Ok(());
        }
        match attributes.value(&name) {
            // Removed concurrently.
            Ok(None) => {}
            Ok(Some(value)) if is_acl => {
                let acl = Acl::parse(&value).ok_or_else(|| unreadable(&name, "of an unknown form"))?;
                self.acl = Some(acl);
            }
            Ok(Some(value)) if is_opaque_acl => self.opaque_acls.push((name, Some(value))),
            Ok(Some(value)) => self.attributes.push((name, value)),
            // Not available here.
            Err(Errno::NOTSUP) if is_opaque_acl => {}
            Err(errno) if is_opaque_acl && is_metadata_refusal(errno) => self.opaque_acls.push((name, None)),
            // An unreadable ACL is an error: the group's permissions would be unknown, because the mode shows the mask
            // instead.
            Err(errno) if !is_acl && is_metadata_refusal(errno) => self.unread.push(shown(&name)),
            Err(errno) => return Err(unreadable(&name, &os_message(errno))),
        }
        Ok(())
    }

    /// Whether the file has the requested owner and group already, as far as is known.
    pub(crate) fn belongs_to(&self, owners: Owners) -> bool {
        let has_unmapped = owners.user.is_some() && self.owner == IdMapping::Unmapped
            || owners.group.is_some() && self.group == IdMapping::Unmapped;
        !has_unmapped && owners.are_met_by(self.stat.uid, self.stat.gid)
    }

    /// Whether `--mode` would change the file.
    pub(crate) fn differs_from(&self, mode: u32) -> bool {
        let is_beside_mode = |(name, _): &(CString, _)| Some(name.as_c_str()) == opaque_acl::BESIDE_MODE;
        !platform::is_mode_met(mode, self.stat.bits())
            || self.acl.is_some()
            || self.opaque_acls.iter().any(is_beside_mode)
    }
}

fn unreadable(name: &CStr, reason: &str) -> Error {
    failed(STEP, format_args!("{}: {reason}", shown(name)))
}

/// An attribute's name, escaped for messages: any user who may write the file can choose it.
pub(super) fn shown(name: &CStr) -> String {
    ShownBytes(name.to_bytes()).to_string()
}

/// The mode of a file that has lost its group, whose members may now be in any class: group and others get what both had.
pub(super) fn without_group(mode: u32) -> u32 {
    let both = mode >> 3 & mode & 0o7;
    mode & !0o77 | both << 3 | both
}

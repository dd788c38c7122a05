//! Extended attributes, access control lists among them.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs;
use rustix::io::{Errno, Result};

use super::nfs4;
use super::pass::{Served, State, unless};

/// `XATTR_SIZE_MAX` and `XATTR_LIST_MAX`.
const MOST: usize = 1 << 16;

impl Served {
    pub fn set_attribute(&self, number: u64, name: &OsStr, value: Option<&[u8]>, flags: i32) -> Result<()> {
        let (quirks, mut state) = (self.quirks(), self.state());
        let State { nodes, acls, .. } = &mut *state;
        let node = nodes.get(number)?;
        if is_acl(name) {
            unless(quirks.acl)?;
        }
        if let Some(list) = quirks.nfs4_acl.filter(|_| name == nfs4::NAME) {
            unless(list.set)?;
            if let Some(value) = value {
                // The mode shows what it can show of the ACL.
                let mode = fs::fstat(node)?.st_mode & 0o7000 | nfs4::mode_of(value);
                fs::chmod(node.path(), fs::Mode::from_raw_mode(mode))?;
                acls.insert(node.behind, (node.as_fd().try_clone_to_owned().unwrap(), value.to_vec()));
            } else {
                acls.remove(&node.behind);
            }
            return Ok(());
        }
        match value {
            Some(value) => {
                let flags = fs::XattrFlags::from_bits_retain(flags.cast_unsigned());
                fs::setxattr(node.path(), name, value, flags)
            }
            None => fs::removexattr(node.path(), name),
        }
    }

    pub fn get_attribute(&self, number: u64, name: &OsStr) -> Result<Vec<u8>> {
        let (quirks, state) = (self.quirks(), self.state());
        let node = state.served(number, &quirks)?;
        if is_acl(name) && quirks.acl.is_some() {
            return Err(Errno::NOTSUP);
        }
        if quirks.nfs4_acl.is_some() && name == nfs4::NAME {
            let set = state.acls.get(&node.behind).map(|(_, value)| value.clone());
            return set.map_or_else(|| Ok(nfs4::trivial(fs::fstat(node)?.st_mode)), Ok);
        }
        let mut value = vec![0; MOST];
        let length = fs::getxattr(node.path(), name, value.as_mut_slice())?;
        value.truncate(length);
        Ok(value)
    }

    pub fn list_attributes(&self, number: u64) -> Result<Vec<u8>> {
        let (quirks, state) = (self.quirks(), self.state());
        unless(quirks.listxattr)?;
        let mut list = vec![0; MOST];
        let length = fs::listxattr(state.served(number, &quirks)?.path(), list.as_mut_slice())?;
        list.truncate(length);
        if quirks.acl.is_some() {
            let names = list.split_inclusive(|byte| *byte == 0);
            list =
                names.filter(|name| !is_acl(OsStr::from_bytes(&name[..name.len() - 1]))).flatten().copied().collect();
        }
        if quirks.nfs4_acl.is_some() {
            list.extend(nfs4::NAME.bytes().chain([0]));
        }
        Ok(list)
    }
}

fn is_acl(name: &OsStr) -> bool {
    name == "system.posix_acl_access" || name == "system.posix_acl_default"
}

//! What each request does to the files behind the mount, and what the quirks make of it.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fuser::{FileAttr, FileType, TimeOrNow};
use rustix::fs::{self, AtFlags, CWD, Dir, Gid, Mode, OFlags, Stat, Timestamps, Uid};
use rustix::io::{Errno, Result};

use super::nodes::{Node, Nodes, ROOT};
use super::{Change, Inodes, Quirks, Shared, nfs4, show};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(600);

/// The served file system.
#[derive(Debug)]
pub struct Served {
    pub backing: PathBuf,
    pub point: PathBuf,
    pub shared: Arc<Shared>,
    state: Mutex<State>,
}

#[derive(Debug)]
pub struct State {
    pub nodes: Nodes,
    pub files: HashMap<u64, Open>,
    directories: HashMap<u64, Listing>,
    /// `system.nfs4_acl` by the number of the file, which is held so that no other gets the number.
    acls: HashMap<u64, (OwnedFd, Vec<u8>)>,
}

/// An open file.
#[derive(Debug)]
pub struct Open {
    pub file: File,
    pub behind: u64,
    writes: bool,
}

#[derive(Debug)]
struct Listing {
    file: OwnedFd,
    entries: Vec<Listed>,
}

/// A name in a directory, the number of its file and what it is.
pub type Listed = (OsString, u64, FileType);

/// What a name leads to, and for how long the kernel may believe that.
#[derive(Debug)]
pub struct Entry {
    pub attributes: FileAttr,
    pub attributes_hold: Duration,
    pub name_holds: Duration,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub uid: u32,
    pub gid: u32,
    pub pid: u32,
}

/// What a file is to become.
#[derive(Debug)]
pub struct Wanted {
    pub mode: Option<u32>,
    pub owner: (Option<u32>, Option<u32>),
    pub size: Option<u64>,
    pub times: (Option<TimeOrNow>, Option<TimeOrNow>),
    pub handle: Option<u64>,
}

/// Fails with the error, if there is one.
pub fn unless(refused: Option<Errno>) -> Result<()> {
    refused.map_or(Ok(()), Err)
}

impl Served {
    pub fn new(backing: &Path, point: &Path, shared: Arc<Shared>) -> Served {
        // Without links in them, as the kernel tells paths.
        let (backing, point) = (backing.canonicalize().unwrap(), point.canonicalize().unwrap());
        let nodes = Nodes::new(Node::open(CWD, &backing).unwrap());
        let (files, directories, acls) = (HashMap::new(), HashMap::new(), HashMap::new());
        Served { backing, point, shared, state: Mutex::new(State { nodes, files, directories, acls }) }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn quirks(&self) -> Quirks {
        self.shared.quirks().clone()
    }

    pub fn look_up(&self, parent: u64, name: &OsStr) -> Result<Entry> {
        let mut state = self.state();
        let node = Node::open(state.nodes.get(parent)?.as_fd(), name)?;
        entry(&mut state, node, &self.quirks(), false)
    }

    pub fn attributes(&self, number: u64) -> Result<(FileAttr, Duration)> {
        let (quirks, mut state) = (self.quirks(), self.state());
        let node = state.nodes.get(number)?;
        let stat = fs::fstat(node)?;
        let shown = match quirks.inodes {
            Inodes::Fixed if number == ROOT => ROOT,
            Inodes::Fixed => node.behind,
            Inodes::PerLookup => number,
            Inodes::PerPath => by_path(&std::fs::read_link(node.path()).map_err(|error| show::raw(&error))?),
            Inodes::PerGetattr => state.nodes.fresh(),
        };
        let holds = if quirks.stale_link_counts { LONG } else { Duration::ZERO };
        Ok((show::attributes(&stat, shown, &quirks), holds))
    }

    pub fn change(&self, number: u64, wanted: &Wanted) -> Result<()> {
        let (quirks, mut state) = (self.quirks(), self.state());
        let State { nodes, files, acls, .. } = &mut *state;
        let node = nodes.get(number)?;
        let before = fs::fstat(node)?;
        let (uid, gid) = wanted.owner;
        if (uid.is_some() || gid.is_some()) && done(quirks.chown)? {
            let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
            fs::chownat(node, "", uid, gid, AtFlags::EMPTY_PATH)?;
        }
        if let Some(mode) = wanted.mode.map(|mode| mode & 0o7777)
            && done(quirks.chmod)?
        {
            fs::chmod(node.path(), Mode::from_raw_mode(mode))?;
            if quirks.nfs4_acl.is_some_and(|list| list.chmod_resets) && before.st_mode & 0o7777 != mode {
                acls.remove(&node.behind);
            }
        }
        if let Some(size) = wanted.size {
            match wanted.handle.and_then(|handle| files.get(&handle)) {
                Some(open) => fs::ftruncate(&open.file, size)?,
                None => fs::ftruncate(fs::open(node.path(), OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?, size)?,
            }
        }
        let (accessed, modified) = wanted.times;
        if accessed.is_some() || modified.is_some() {
            let times =
                Timestamps { last_access: show::timespec(accessed), last_modification: show::timespec(modified) };
            fs::utimensat(CWD, node.path(), &times, AtFlags::empty())?;
        }
        Ok(())
    }

    /// Makes a name by `make`, which gets the directory; what it leads to becomes the caller's.
    pub fn make(
        &self,
        parent: u64,
        name: &OsStr,
        caller: Caller,
        mode: Option<u32>,
        make: impl FnOnce(&Node) -> Result<()>,
    ) -> Result<Entry> {
        let (quirks, mut state) = (self.quirks(), self.state());
        unless(quirks.create)?;
        let directory = state.nodes.get(parent)?;
        make(directory)?;
        let node = Node::open(directory.as_fd(), name)?;
        give(&node, &fs::fstat(directory)?, caller)?;
        if let Some(mode) = mode {
            fs::chmod(node.path(), Mode::from_raw_mode(mode & 0o7777))?;
        }
        entry(&mut state, node, &quirks, false)
    }

    pub fn create(
        &self,
        parent: u64,
        name: &OsStr,
        caller: Caller,
        mode: u32,
        flags: OFlags,
    ) -> Result<(FileAttr, u64)> {
        let mut opened = None;
        let entry = self.make(parent, name, caller, Some(mode), |directory| {
            // Appending is the kernel's: it says where each write goes.
            let flags = flags.intersection(OFlags::ACCMODE | OFlags::EXCL) | OFlags::CREATE | OFlags::NOFOLLOW;
            opened = Some(fs::openat(directory, name, flags | OFlags::CLOEXEC, Mode::from_raw_mode(mode & 0o7777))?);
            Ok(())
        })?;
        let file = File::from(opened.ok_or(Errno::IO)?);
        Ok((entry.attributes, self.opened(file, flags)?))
    }

    pub fn open(&self, number: u64, flags: OFlags) -> Result<u64> {
        let quirks = self.quirks();
        let file = {
            let state = self.state();
            let node = state.nodes.get(number)?;
            unless(quirks.open)?;
            if writes(flags) {
                unless(quirks.write)?;
            }
            if state.files.values().any(|open| open.behind == node.behind && open.writes) {
                unless(quirks.open_while_written)?;
            }
            let flags = flags.intersection(OFlags::ACCMODE) | OFlags::CLOEXEC;
            File::from(fs::open(node.path(), flags, Mode::empty())?)
        };
        self.opened(file, flags)
    }

    fn opened(&self, file: File, flags: OFlags) -> Result<u64> {
        let behind = fs::fstat(&file)?.st_ino;
        let mut state = self.state();
        let handle = state.nodes.fresh();
        state.files.insert(handle, Open { file, behind, writes: writes(flags) });
        Ok(handle)
    }

    pub fn with_file<T>(&self, handle: u64, act: impl FnOnce(&File) -> Result<T>) -> Result<T> {
        act(&self.state().files.get(&handle).ok_or(Errno::BADF)?.file)
    }

    pub fn open_directory(&self, number: u64) -> Result<u64> {
        let mut state = self.state();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = fs::open(state.nodes.get(number)?.path(), flags, Mode::empty())?;
        let handle = state.nodes.fresh();
        state.directories.insert(handle, Listing { file, entries: Vec::new() });
        Ok(handle)
    }

    /// The names from this place on. Those that there are when the first are asked for.
    pub fn list(&self, handle: u64, from: usize) -> Result<Vec<Listed>> {
        let mut state = self.state();
        let listing = state.directories.get_mut(&handle).ok_or(Errno::BADF)?;
        if from == 0 {
            listing.entries = Dir::read_from(&listing.file)?
                .map(|entry| {
                    let entry = entry?;
                    let name = OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
                    Ok((name, entry.ino(), show::kind(entry.file_type())))
                })
                .collect::<Result<_>>()?;
        }
        Ok(listing.entries.iter().skip(from).cloned().collect())
    }

    pub fn sync_directory(&self, handle: u64) -> Result<()> {
        unless(self.quirks().fsyncdir)?;
        fs::fsync(&self.state().directories.get(&handle).ok_or(Errno::BADF)?.file)
    }

    pub fn close_directory(&self, handle: u64) {
        self.state().directories.remove(&handle);
    }

    pub fn link(&self, number: u64, parent: u64, name: &OsStr) -> Result<Entry> {
        let (quirks, mut state) = (self.quirks(), self.state());
        unless(quirks.create)?;
        unless(quirks.link)?;
        let (node, directory) = (state.nodes.get(number)?, state.nodes.get(parent)?);
        fs::linkat(CWD, node.path(), directory, name, AtFlags::SYMLINK_FOLLOW)?;
        unless(quirks.link_reports)?;
        let node = Node::open(directory.as_fd(), name)?;
        entry(&mut state, node, &quirks, true)
    }

    pub fn unlink(&self, parent: u64, name: &OsStr) -> Result<()> {
        let (quirks, state) = (self.quirks(), self.state());
        let directory = state.nodes.get(parent)?;
        unless(quirks.unlink)?;
        if state.is_open(&Node::open(directory.as_fd(), name)?) {
            unless(quirks.unlink_open)?;
        }
        fs::unlinkat(directory, name, AtFlags::empty())
    }

    pub fn set_attribute(&self, number: u64, name: &OsStr, value: Option<&[u8]>, flags: i32) -> Result<()> {
        let (quirks, mut state) = (self.quirks(), self.state());
        let State { nodes, acls, .. } = &mut *state;
        let node = nodes.get(number)?;
        if is_acl(name) {
            unless(quirks.acl)?;
        }
        if let Some(list) = quirks.nfs4_acl.filter(|_| name == nfs4::NAME) {
            unless(list.set)?;
            match value {
                Some(value) => acls.insert(node.behind, (node.as_fd().try_clone_to_owned().unwrap(), value.to_vec())),
                None => acls.remove(&node.behind),
            };
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
        let node = state.nodes.get(number)?;
        if is_acl(name) && quirks.acl.is_some() {
            return Err(Errno::NOTSUP);
        }
        if quirks.nfs4_acl.is_some() && name == nfs4::NAME {
            let set = state.acls.get(&node.behind).map(|(_, value)| value.clone());
            return set.map_or_else(|| Ok(nfs4::trivial(fs::fstat(node)?.st_mode)), Ok);
        }
        let mut value = vec![0; 1 << 16];
        let length = fs::getxattr(node.path(), name, value.as_mut_slice())?;
        value.truncate(length);
        Ok(value)
    }

    pub fn list_attributes(&self, number: u64) -> Result<Vec<u8>> {
        let (quirks, state) = (self.quirks(), self.state());
        unless(quirks.listxattr)?;
        let mut list = vec![0; 1 << 16];
        let length = fs::listxattr(state.nodes.get(number)?.path(), list.as_mut_slice())?;
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

    pub fn read_link(&self, number: u64) -> Result<Vec<u8>> {
        Ok(fs::readlinkat(self.state().nodes.get(number)?, "", Vec::new())?.into_bytes())
    }

    pub fn remove_directory(&self, parent: u64, name: &OsStr) -> Result<()> {
        fs::unlinkat(self.state().nodes.get(parent)?, name, AtFlags::REMOVEDIR)
    }

    pub fn room(&self) -> Result<fs::StatVfs> {
        fs::fstatvfs(self.state().nodes.get(ROOT)?)
    }
}

impl State {
    /// Whether anybody has the file open.
    pub fn is_open(&self, node: &Node) -> bool {
        self.files.values().any(|open| open.behind == node.behind)
    }
}

fn entry(state: &mut State, node: Node, quirks: &Quirks, by_link: bool) -> Result<Entry> {
    let stat = fs::fstat(&node)?;
    let attributes = |number| show::attributes(&stat, number, quirks);
    if quirks.stale_link_counts {
        // The kernel has the number for the inode's own and shows it, so the attributes may be kept only where it is the true one.
        let true_number = by_link && !state.nodes.is_known(node.behind);
        let number = if true_number { state.nodes.meet(node) } else { state.nodes.meet_afresh(node) };
        let attributes_hold = if true_number { LONG } else { Duration::ZERO };
        return Ok(Entry { attributes: attributes(number), attributes_hold, name_holds: LONG });
    }
    let afresh = quirks.inodes == Inodes::PerLookup;
    let number = if afresh { state.nodes.meet_afresh(node) } else { state.nodes.meet(node) };
    Ok(Entry { attributes: attributes(number), attributes_hold: Duration::ZERO, name_holds: Duration::ZERO })
}

/// A new file is the caller's, as one made by the caller would be.
fn give(node: &Node, directory: &Stat, caller: Caller) -> Result<()> {
    let has = fs::fstat(node)?;
    let passed_on = directory.st_mode & 0o2000 != 0;
    let gid = if passed_on { has.st_gid } else { caller.gid };
    if (has.st_uid, has.st_gid) == (caller.uid, gid) {
        return Ok(());
    }
    fs::chownat(node, "", Some(Uid::from_raw(caller.uid)), Some(Gid::from_raw(gid)), AtFlags::EMPTY_PATH)
}

/// Whether a change is to be carried out.
fn done(change: Change) -> Result<bool> {
    match change {
        Change::Works => Ok(true),
        Change::Ignored => Ok(false),
        Change::Refused(errno) => Err(errno),
    }
}

fn writes(flags: OFlags) -> bool {
    flags.intersects(OFlags::WRONLY | OFlags::RDWR)
}

fn is_acl(name: &OsStr) -> bool {
    name == "system.posix_acl_access" || name == "system.posix_acl_default"
}

/// FNV-1a.
fn by_path(path: &Path) -> u64 {
    let bytes = path.as_os_str().as_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

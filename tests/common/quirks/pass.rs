//! What each request does with the underlying files, and the quirks in that.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fuser::{FileAttr, TimeOrNow};
use rustix::fs::{self, AtFlags, CWD, Gid, Mode, OFlags, Stat, Timestamps, Uid};
use rustix::io::{Errno, Result};

use super::handles::{Listing, Open};
use super::nodes::{Node, Nodes, ROOT};
use super::{Change, Inodes, Quirks, Shared, show};

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
    pub directories: HashMap<u64, Listing>,
    /// `system.nfs4_acl` by inode number. Each file is kept open, so that no other file gets its number.
    pub acls: HashMap<u64, (OwnedFd, Vec<u8>)>,
    /// Names that are marked for deletion, which are removed with the last close of their files.
    pub pending: Vec<Pending>,
}

/// A name that is marked for deletion. It is already removed from the underlying directory.
#[derive(Debug)]
pub struct Pending {
    /// The inode number of the underlying directory.
    pub directory: u64,
    pub name: OsString,
    pub node: Node,
}

/// What a name refers to, and for how long the kernel may cache that.
#[derive(Debug)]
pub struct Entry {
    pub attributes: FileAttr,
    pub attributes_hold: Duration,
    pub name_holds: Duration,
}

/// The caller.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub uid: u32,
    pub gid: u32,
    pub pid: u32,
}

/// The attributes to set.
#[derive(Debug)]
pub struct Wanted {
    pub mode: Option<u32>,
    pub owner: (Option<u32>, Option<u32>),
    pub size: Option<u64>,
    pub times: (Option<TimeOrNow>, Option<TimeOrNow>),
    pub handle: Option<u64>,
}

/// Fails with the quirk's error, if there is one.
pub fn unless(refused: Option<Errno>) -> Result<()> {
    refused.map_or(Ok(()), Err)
}

impl Served {
    pub fn new(backing: &Path, point: &Path, shared: Arc<Shared>) -> Served {
        // Without symbolic links, as the paths in /proc are.
        let (backing, point) = (backing.canonicalize().unwrap(), point.canonicalize().unwrap());
        let nodes = Nodes::new(Node::open(CWD, &backing).unwrap());
        let (files, directories, acls) = (HashMap::new(), HashMap::new(), HashMap::new());
        let state = State { nodes, files, directories, acls, pending: Vec::new() };
        Served { backing, point, shared, state: Mutex::new(state) }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn quirks(&self) -> Quirks {
        self.shared.quirks().clone()
    }

    pub fn look_up(&self, parent: u64, name: &OsStr) -> Result<Entry> {
        let mut state = self.state();
        let directory = state.nodes.get(parent)?;
        let node = match state.pending_at(directory, name) {
            Some(pending) => pending.node.again()?,
            None => Node::open(directory.as_fd(), name)?,
        };
        entry(&mut state, node, &self.quirks(), false)
    }

    pub fn attributes(&self, number: u64) -> Result<(FileAttr, Duration)> {
        let (quirks, mut state) = (self.quirks(), self.state());
        let node = state.served(number, &quirks)?;
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
        if wanted.handle.is_none() && state.is_pending(state.nodes.get(number)?) {
            return Err(Errno::NOENT);
        }
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

    /// Creates a name by `make`, which gets the directory, and makes the caller the owner of the file.
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
            // The kernel handles O_APPEND: each write request has its offset.
            let flags = flags.intersection(OFlags::ACCMODE | OFlags::EXCL) | OFlags::CREATE | OFlags::NOFOLLOW;
            opened = Some(fs::openat(directory, name, flags | OFlags::CLOEXEC, Mode::from_raw_mode(mode & 0o7777))?);
            Ok(())
        })?;
        let file = File::from(opened.ok_or(Errno::IO)?);
        Ok((entry.attributes, self.opened(file, flags)?))
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
    /// The inode, unless its handle is stale.
    pub fn served(&self, number: u64, quirks: &Quirks) -> Result<&Node> {
        let node = self.nodes.get(number)?;
        unless((quirks.cached_names && fs::fstat(node)?.st_nlink == 0).then_some(Errno::STALE))?;
        Ok(node)
    }

    /// Whether any process has the file open.
    pub fn is_open(&self, node: &Node) -> bool {
        self.files.values().any(|open| open.behind == node.behind)
    }

    /// Whether the file is marked for deletion, under any name: a request does not say by which name the file was opened.
    pub fn is_pending(&self, node: &Node) -> bool {
        self.pending.iter().any(|pending| pending.node.behind == node.behind)
    }

    /// The file of this name, where it is marked for deletion.
    pub fn pending_at(&self, directory: &Node, name: &OsStr) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.directory == directory.behind && pending.name == name)
    }
}

fn entry(state: &mut State, node: Node, quirks: &Quirks, by_link: bool) -> Result<Entry> {
    let stat = fs::fstat(&node)?;
    let attributes = |number| show::attributes(&stat, number, quirks);
    if quirks.stale_link_counts {
        // The kernel takes this number for the inode's own and shows it, so attributes may be cached only where it is.
        let true_number = by_link && !state.nodes.is_known(node.behind);
        let number = if true_number { state.nodes.meet(node) } else { state.nodes.meet_afresh(node) };
        let attributes_hold = if true_number { LONG } else { Duration::ZERO };
        return Ok(Entry { attributes: attributes(number), attributes_hold, name_holds: LONG });
    }
    let afresh = quirks.inodes == Inodes::PerLookup;
    let number = if afresh { state.nodes.meet_afresh(node) } else { state.nodes.meet(node) };
    let name_holds = if quirks.cached_names { LONG } else { Duration::ZERO };
    Ok(Entry { attributes: attributes(number), attributes_hold: Duration::ZERO, name_holds })
}

/// Makes the caller the owner of a new file.
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

/// FNV-1a.
fn by_path(path: &Path) -> u64 {
    let bytes = path.as_os_str().as_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

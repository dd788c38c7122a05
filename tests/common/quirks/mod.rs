//! A pass-through FUSE file system with switchable quirks: what network file systems, other systems' file systems and
//! user-space file systems do otherwise than a local one.
//!
//! It serves a directory of the scene from a thread of the test. Without quirks it does what the directory's own file
//! system does, but for what FUSE itself lacks here: no unnamed files, no flags of a rename unless they are asked for,
//! no file attributes of chattr(1). Nothing is cached, neither names nor attributes nor pages.
//!
//! Some answers never reach the program: the kernel takes ENOSYS from fsync for success, and from other calls for
//! another error. See the [module of its own tests](../../black_box/linux/file_systems/imitation.rs).

mod attributes;
mod handles;
pub mod nfs4;
mod nodes;
mod pass;
mod rename;
mod serve;
mod show;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fuser::{BackgroundSession, Config, MountOption, SessionACL};
use rustix::io::Errno;

use super::{Mounted, Scene, is_root, skip};

/// What the file system does otherwise. An error is what the call answers instead of being carried out.
#[derive(Clone, Debug, Default)]
pub struct Quirks {
    pub inodes: Inodes,
    /// The user and the group that every file is shown to have.
    pub owner: Option<(u32, u32)>,
    /// The permission bits that every file and directory is shown to have.
    pub mode: Option<u32>,
    pub chmod: Change,
    pub chown: Change,
    /// There are no access control lists: setting or removing one answers this, none is listed.
    pub acl: Option<Errno>,
    pub listxattr: Option<Errno>,
    /// `system.nfs4_acl` is shown for every file.
    pub nfs4_acl: Option<Nfs4Acl>,
    /// Opening a file that exists.
    pub open: Option<Errno>,
    /// Opening a file that is open for writing.
    pub open_while_written: Option<Errno>,
    /// Renaming a file that anybody has open.
    pub rename_open: Option<Errno>,
    /// Renaming over a file that anybody has open.
    pub rename_over_open: Option<Errno>,
    /// Removing a file that anybody has open.
    pub unlink_open: Option<Errno>,
    /// Any rename.
    pub rename: Option<Errno>,
    /// A rename over a name that exists.
    pub rename_over: Option<Errno>,
    /// A rename over a file that somebody holds.
    pub rename_over_held: Option<Held>,
    /// A rename over a name that exists removes what has it, and then fails with this.
    pub rename_removes: Option<Errno>,
    /// A rename is carried out, and this is reported.
    pub rename_reports: Option<Errno>,
    /// Renames know `RENAME_NOREPLACE` and `RENAME_EXCHANGE`.
    pub rename_flags: bool,
    /// Anything that makes a new name.
    pub create: Option<Errno>,
    /// Opening a file for writing.
    pub write: Option<Errno>,
    pub link: Option<Errno>,
    /// A link is made, and this is reported.
    pub link_reports: Option<Errno>,
    pub unlink: Option<Errno>,
    pub fsync: Option<Errno>,
    pub fsyncdir: Option<Errno>,
    /// Each name is an inode of its own to the kernel, which keeps what it was told of it for long. A link that is
    /// removed stays in the count of the other name.
    pub stale_link_counts: bool,
    /// The kernel keeps names for long, as a client of NFS does. A file that has been removed or replaced on the server, by
    /// its last name, is a stale handle.
    pub cached_names: bool,
}

/// Which inode numbers are shown. That of the mount's own root is fixed, but for `PerGetattr`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Inodes {
    /// Those of the files behind it.
    #[default]
    Fixed,
    /// Each lookup of a name makes a new one, as where nothing remembers the old. An open file keeps its own.
    PerLookup,
    /// Each look is told another, through an open descriptor as well.
    PerGetattr,
    /// The number is made from the path, so that a rename changes it.
    PerPath,
}

/// What a change of metadata does.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Change {
    #[default]
    Works,
    /// Success is reported and nothing done.
    Ignored,
    Refused(Errno),
}

/// How `system.nfs4_acl` behaves. What is set also sets the permission bits, as a server does.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Nfs4Acl {
    /// What setting and removing it answer, where they are refused.
    pub set: Option<Errno>,
    /// Another mode makes the list the one that says what the mode says.
    pub chmod_resets: bool,
}

/// What becomes of a file that is renamed over while somebody holds it: it is open, or the caller has a descriptor of
/// any kind on it, `O_PATH` included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Held {
    /// As an NFS client does: it is renamed away first. For an instant the name is absent.
    RenamedAway,
    /// As an SMB client does: it is removed, and then the rename fails with this.
    Removed(Errno),
    /// The same where the server only marks it for deletion, as long as it is open: it keeps its name until the last who
    /// has it open closes it. Until then the name is listed and can be looked at; it can neither be opened, by this name or
    /// another, nor changed, nor given to another file, which fails with this again.
    DeletePending(Errno),
}

/// What the served file system and the test share.
#[derive(Debug, Default)]
struct Shared {
    quirks: Mutex<Quirks>,
    absences: AtomicUsize,
    given: Mutex<Vec<Given>>,
}

/// A name that a rename was to give to another file, or take away, whether or not it was then carried out.
#[derive(Clone, Debug)]
pub struct Given {
    pub name: String,
    /// What the process that asked had open on the file that had the name, by whatever kind of descriptor.
    pub open: Vec<String>,
}

impl Shared {
    fn given(&self) -> MutexGuard<'_, Vec<Given>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn quirks(&self) -> MutexGuard<'_, Quirks> {
        self.quirks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A scene on the imitation; unmounted when it is dropped.
pub struct Quirky {
    // In the order in which they go.
    scene: Scene,
    _mounted: Mounted,
    _session: BackgroundSession,
    shared: Arc<Shared>,
    outer: Scene,
}

impl Quirky {
    /// Mounts it, without quirks. `None`, and said so, where FUSE is not to be had.
    pub fn new() -> Option<Quirky> {
        Self::mount(true)
    }

    /// The same where nobody but the file system decides who may do what, and it allows everything.
    pub fn permissive() -> Option<Quirky> {
        Self::mount(false)
    }

    fn mount(kernel_decides: bool) -> Option<Quirky> {
        let outer = Scene::new();
        let (backing, point) = (outer.mkdir("backing"), outer.mkdir("mount"));
        let mut config = Config::default();
        config.mount_options.push(MountOption::FSName("quirks".to_owned()));
        if kernel_decides {
            config.mount_options.push(MountOption::DefaultPermissions);
        }
        if is_root() {
            config.acl = SessionACL::All;
        }
        let shared = Arc::<Shared>::default();
        let served = serve::Served::new(&backing, &point, Arc::clone(&shared));
        let session = match fuser::spawn_mount(served, &point, &config) {
            Ok(session) => session,
            Err(error) => {
                skip(format!("FUSE cannot be mounted: {error}").trim_end());
                return None;
            }
        };
        let mounted = Mounted::at(point);
        let scene = Scene::on(mounted.path());
        Some(Quirky { scene, _mounted: mounted, _session: session, shared, outer })
    }

    /// Changes the quirks, from the next call on.
    pub fn set(&self, change: impl FnOnce(&mut Quirks)) {
        change(&mut self.shared.quirks());
    }

    /// The path of the file behind the mount.
    pub fn behind(&self, name: impl AsRef<Path>) -> PathBuf {
        self.outer.path("backing").join(self.scene.root().file_name().unwrap()).join(name)
    }

    /// How often a name was absent during a rename over it.
    pub fn absences(&self) -> usize {
        self.shared.absences.load(Ordering::Relaxed)
    }

    /// The names that renames were to give away, since this was asked last.
    pub fn given(&self) -> Vec<Given> {
        std::mem::take(&mut self.shared.given())
    }
}

impl Deref for Quirky {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        &self.scene
    }
}

impl Drop for Quirky {
    /// What is refused would be left behind.
    fn drop(&mut self) {
        *self.shared.quirks() = Quirks::default();
    }
}

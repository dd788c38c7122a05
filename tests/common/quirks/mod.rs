//! A pass-through FUSE file system with switchable quirks: the behaviour in which network file systems, those of other
//! systems and those in user space differ from a local one.
//!
//! It serves a directory of the scene from a thread of the test. Without quirks it does what the directory's own file
//! system does, except for what FUSE does not support here: unnamed files, flags of rename (they can be switched on), and the
//! attributes of chattr(1). Nothing is cached, neither names nor attributes nor pages.
//!
//! Some errors never reach the program: the kernel takes ENOSYS from fsync for success, and from other calls for
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

/// The quirks. A call with an error fails with it and is not carried out.
#[derive(Clone, Debug, Default)]
pub struct Quirks {
    pub inodes: Inodes,
    /// The user and the group that every file is shown to have.
    pub owner: Option<(u32, u32)>,
    /// The permission bits that every file and directory is shown to have.
    pub mode: Option<u32>,
    pub chmod: Change,
    pub chown: Change,
    /// There are no ACLs: setting or removing one fails with this, and none is listed.
    pub acl: Option<Errno>,
    pub listxattr: Option<Errno>,
    /// `system.nfs4_acl` is shown for every file.
    pub nfs4_acl: Option<Nfs4Acl>,
    /// Opening a file that exists.
    pub open: Option<Errno>,
    /// Opening a file that is open for writing.
    pub open_while_written: Option<Errno>,
    /// Renaming a file that any process has open.
    pub rename_open: Option<Errno>,
    /// Renaming over a file that any process has open.
    pub rename_over_open: Option<Errno>,
    /// Removing a file that any process has open.
    pub unlink_open: Option<Errno>,
    /// Any rename.
    pub rename: Option<Errno>,
    /// A rename over a name that exists.
    pub rename_over: Option<Errno>,
    /// Renaming over a file that is in use.
    pub rename_over_held: Option<Held>,
    /// A rename over an existing name removes that name, and then fails with this.
    pub rename_removes: Option<Errno>,
    /// A rename is carried out, and fails with this all the same.
    pub rename_reports: Option<Errno>,
    /// Renames support `RENAME_NOREPLACE` and `RENAME_EXCHANGE`.
    pub rename_flags: bool,
    /// Any call that creates a name.
    pub create: Option<Errno>,
    /// Opening a file for writing.
    pub write: Option<Errno>,
    pub link: Option<Errno>,
    /// A link is made, and fails with this all the same.
    pub link_reports: Option<Errno>,
    pub unlink: Option<Errno>,
    pub fsync: Option<Errno>,
    pub fsyncdir: Option<Errno>,
    /// The kernel sees an inode of its own for each name, and caches its attributes. So a link that is removed still counts in
    /// the link count of the other name.
    pub stale_link_counts: bool,
    /// The kernel caches names, as an NFS client does. The handle of a file whose last name was removed or replaced on the
    /// server is stale.
    pub cached_names: bool,
}

/// Which inode numbers are shown. That of the root of the mount is fixed, except with `PerGetattr`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Inodes {
    /// Those of the underlying files.
    #[default]
    Fixed,
    /// Each lookup of a name gives a new number, as on a file system that keeps none. An open file keeps its number.
    PerLookup,
    /// Each stat gives a new number, through an open descriptor too.
    PerGetattr,
    /// The number depends on the path, so a rename changes it.
    PerPath,
}

/// What happens on a change of metadata.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Change {
    #[default]
    Works,
    /// Success is reported and nothing done.
    Ignored,
    Refused(Errno),
}

/// How `system.nfs4_acl` behaves. Setting it also sets the permission bits, as on a server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Nfs4Acl {
    /// The error of setting and removing it, where they are refused.
    pub set: Option<Errno>,
    /// A chmod replaces the ACL by one that is equivalent to the mode.
    pub chmod_resets: bool,
}

/// What a rename does over a file in use: a process has it open, or the caller has any descriptor on it, `O_PATH`
/// included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Held {
    /// As on an NFS client: the file is renamed away first, and for an instant the name is absent.
    RenamedAway,
    /// As on an SMB client: the file is removed, and then the rename fails with this.
    Removed(Errno),
    /// The same where the server only marks an open file for deletion: it keeps its name until its last close. Until then
    /// the name is listed, and stat works; opening the file by any name, changing it, and giving its name to another file
    /// fail with this.
    DeletePending(Errno),
}

/// What the served file system and the test share.
#[derive(Debug, Default)]
struct Shared {
    quirks: Mutex<Quirks>,
    absences: AtomicUsize,
    given: Mutex<Vec<Given>>,
}

/// A name that a rename was to give to another file or to remove, whether or not it was carried out.
#[derive(Clone, Debug)]
pub struct Given {
    pub name: String,
    /// The descriptors of any kind that the calling process had on the file of that name.
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

/// A scene on this file system, which is unmounted when the scene is dropped.
pub struct Quirky {
    // They are dropped in this order.
    scene: Scene,
    _mounted: Mounted,
    _session: BackgroundSession,
    shared: Arc<Shared>,
    outer: Scene,
}

impl Quirky {
    /// Mounts it without quirks. `None`, with a message, where there is no FUSE.
    pub fn new() -> Option<Quirky> {
        Self::mount(true)
    }

    /// The same, but the kernel leaves permission checks to the file system, which permits everything.
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

    /// The path of the underlying file.
    pub fn behind(&self, name: impl AsRef<Path>) -> PathBuf {
        self.outer.path("backing").join(self.scene.root().file_name().unwrap()).join(name)
    }

    /// How often a name was absent during a rename over it.
    pub fn absences(&self) -> usize {
        self.shared.absences.load(Ordering::Relaxed)
    }

    /// The names that renames were to give to other files or to remove, since the last call of this.
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
    /// Quirks that refuse a removal would leave files behind.
    fn drop(&mut self) {
        *self.shared.quirks() = Quirks::default();
    }
}

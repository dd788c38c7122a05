//! A /proc that lists no processes but one.
//!
//! With `-I` the program looks at the descriptors of all processes. How many there are changes from run to run, and faults
//! are injected by the number of a call.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use nix::sched::CloneFlags;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount};

use crate::common::{self, Scene};
use crate::error::{Context, Result};

/// A kernel thread, which has no descriptors.
const LISTED: &str = "2";

/// Where the real /proc is meanwhile.
pub struct Hidden(Scene);

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = unmount("/proc", UnmountFlags::DETACH);
        // Before the directory is removed with all that is in it.
        unmount(self.0.path(REAL), UnmountFlags::DETACH).expect("unmount the real /proc");
    }
}

const REAL: &str = "proc";

/// Hides the others from this process and its children. Needs root, and does nothing without it. All mounts are in a
/// namespace of their own.
pub fn hide() -> Result<Option<Hidden>> {
    if !common::is_root() {
        return Ok(None);
    }
    nix::sched::unshare(CloneFlags::CLONE_NEWNS).context("enter a mount namespace")?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).context("private mounts")?;
    let scene = Scene::new();
    let real = scene.mkdir(REAL);
    mount_bind("/proc", &real).context("/proc")?;
    let hidden = Hidden(scene);
    mount("none", "/proc", "tmpfs", MountFlags::empty(), None).context("/proc")?;
    for entry in fs::read_dir(&real)? {
        let name = entry?.file_name();
        if name == "meminfo" {
            // Whether files are synced one by one depends on what the machine has to write for others.
            fs::write("/proc/meminfo", common::calm_meminfo()).context("/proc/meminfo")?;
            continue;
        }
        let is_process = name.to_str().is_some_and(|name| name.parse::<u32>().is_ok());
        if !is_process || name == LISTED {
            symlink(real.join(&name), Path::new("/proc").join(&name)).context("/proc")?;
        }
    }
    Ok(Some(hidden))
}

//! File systems that a test mounts. Needs root.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::needs::{lacks, skip_on_this_kernel};
use super::{Scene, tool};

/// What `mount -t` must be told for a file system of `kind`: the kernel's driver or, where the kernel has none, one on FUSE. If
/// that is missing too, it counts as something that the test needs. For vfat there is none on FUSE, so a kernel without it makes no
/// test fail, even where nothing may be skipped.
pub fn driver(kind: &'static str) -> Option<&'static str> {
    let known = fs::read_to_string("/proc/filesystems").unwrap();
    if known.lines().any(|line| line.trim_start_matches("nodev").trim() == kind) {
        return Some(kind);
    }
    match kind {
        "exfat" => (!lacks!("mount.exfat-fuse")).then_some("exfat-fuse"),
        "ntfs-3g" => (!lacks!("mount.ntfs-3g")).then_some("ntfs-3g"),
        kind => {
            skip_on_this_kernel(&format!("this kernel has no {kind}"));
            None
        }
    }
}

/// A mounted file system, unmounted when it is dropped. Needs root.
pub struct Mounted {
    point: PathBuf,
    _image: Option<tempfile::NamedTempFile>,
}

impl Mounted {
    /// A new file system of `kind` (ext4, xfs, btrfs) on a sparse image of `mebibytes`, with mount `options`.
    pub fn image(scene: &Scene, kind: &str, mebibytes: u64, options: &str) -> Self {
        let image = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        image.as_file().set_len(mebibytes << 20).unwrap();
        let path = image.path().to_str().unwrap();
        let quiet: &[&str] = if kind.starts_with("ext") { &["-q", "-F"] } else { &["-q", "-f"] };
        tool(&format!("mkfs.{kind}"), &[quiet, &[path]].concat());
        let point = scene.mkdir(format!("mount-{kind}"));
        let options = if options.is_empty() { "loop".to_owned() } else { format!("loop,{options}") };
        tool("mount", &["-o", &options, path, point.to_str().unwrap()]);
        Mounted { point, _image: Some(image) }
    }

    /// `mount` with these arguments, on a new directory of this name.
    pub fn with(scene: &Scene, name: &str, args: &[&str]) -> Self {
        let point = scene.mkdir(name);
        tool("mount", &[args, &[point.to_str().unwrap()]].concat());
        Mounted { point, _image: None }
    }

    /// `mount --bind`, on what exists already.
    pub fn bind(from: &Path, onto: &Path) -> Self {
        tool("mount", &["--bind", from.to_str().unwrap(), onto.to_str().unwrap()]);
        Mounted { point: onto.to_owned(), _image: None }
    }

    /// What is mounted there already.
    pub fn at(point: PathBuf) -> Self {
        Mounted { point, _image: None }
    }

    pub fn path(&self) -> &Path {
        &self.point
    }
}

/// A scene on a new file system of its own. Needs root.
pub struct Disk {
    // In the order in which they go.
    scene: Scene,
    _mounted: Mounted,
    _outer: Scene,
}

impl Disk {
    /// See [`Mounted::image`].
    pub fn new(kind: &str, mebibytes: u64, options: &str) -> Self {
        let outer = Scene::new();
        let mounted = Mounted::image(&outer, kind, mebibytes, options);
        Disk { scene: Scene::on(mounted.path()), _mounted: mounted, _outer: outer }
    }
}

impl Deref for Disk {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        &self.scene
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily where a failed test still has it in use.
        let unmount = |args: &[&str]| Command::new("umount").args(args).arg(&self.point).output();
        if !unmount(&[]).is_ok_and(|output| output.status.success()) {
            let _ = unmount(&["-l"]);
        }
    }
}

//! What the test targets share: a directory for each test, the program in it, and what needs root.

// Each target uses its own part of this.
#![allow(dead_code)]

pub mod acl;
pub mod events;
pub mod filter;
pub mod needs;
pub mod quirks;
pub mod simulation;
pub mod strace;

pub use needs::skip;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::ops::Deref;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program under test.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_atomic-write"))
}

/// Whether root runs the tests.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The user that root's tests become where they need an ordinary one.
pub const USER: u32 = 65533;

/// The words before a command that make an ordinary user run it: none where one runs the tests.
pub fn as_user() -> &'static [&'static str] {
    if is_root() { &["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"] } else { &[] }
}

/// The words before a command that hide /proc from it. Needs root, and unshare(1).
pub const NO_PROC: [&str; 6] = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"];

/// A directory of its own for one test, removed at the end. It lies in `ATOMIC_WRITE_TEST_DIR` where that is set, so
/// that the suite can be run on any file system.
pub struct Scene {
    directory: tempfile::TempDir,
}

impl Scene {
    pub fn new() -> Self {
        let base = std::env::var_os("ATOMIC_WRITE_TEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
        Self::on(&base)
    }

    /// The same, with `f` in it, which holds `old`.
    pub fn with_old() -> Self {
        let scene = Self::new();
        scene.write("f", "old");
        scene
    }

    /// A directory below `base`, that other users can enter.
    pub fn on(base: &Path) -> Self {
        let directory = tempfile::Builder::new().prefix("scene-").tempdir_in(base).unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Scene { directory }
    }

    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn text(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub fn mkdir(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir(&path).unwrap();
        path
    }

    pub fn symlink(&self, to: impl AsRef<Path>, name: impl AsRef<Path>) -> PathBuf {
        let path = self.path(name);
        std::os::unix::fs::symlink(to, &path).unwrap();
        path
    }

    /// What each is to hold, and its name.
    pub fn symlinks(&self, links: &[(&str, &str)]) {
        for (to, name) in links {
            self.symlink(to, name);
        }
    }

    /// Asserts that the file holds this, and that nothing is beside it.
    #[track_caller]
    pub fn has_only(&self, name: &str, content: &str) {
        assert_eq!((self.text(name).as_str(), self.names()), (content, vec![name.to_owned()]));
    }

    pub fn chmod(&self, name: impl AsRef<Path>, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Permission and set-ID bits.
    pub fn mode(&self, name: impl AsRef<Path>) -> u32 {
        fs::symlink_metadata(self.path(name)).unwrap().mode() & 0o7777
    }

    pub fn inode(&self, name: impl AsRef<Path>) -> u64 {
        fs::symlink_metadata(self.path(name)).unwrap().ino()
    }

    /// Makes the ordinary user of [`as_user`] the owner; `""` is the scene itself.
    pub fn give_to_user(&self, name: impl AsRef<Path>) {
        if is_root() {
            std::os::unix::fs::lchown(self.path(name), Some(USER), Some(USER)).unwrap();
        }
    }

    /// The names in the directory, sorted; what the program has left behind is among them.
    pub fn names(&self) -> Vec<String> {
        names_in(self.root())
    }

    /// The program, in this directory.
    pub fn cmd(&self) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(program());
        command.current_dir(self.root());
        clean(|name| {
            command.env_remove(name);
        });
        command
    }

    /// The program, in this directory, where the test needs the process itself (signals, descriptors).
    pub fn process(&self) -> Command {
        self.other(program())
    }

    /// Another program, in this directory.
    pub fn other(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root()).stdin(Stdio::null());
        clean(|name| {
            command.env_remove(name);
        });
        command
    }

    /// The program, in this directory, started by another one: `setpriv`, `unshare` and their options. It is run by way of a descriptor, as another user may be unable to reach its path.
    pub fn through(&self, words: &[&str]) -> assert_cmd::Command {
        let mut command = self.other("sh");
        command.args(["-c", "exec 9<\"$AW\"; exec \"$@\"", "sh"]).args(words).arg("/proc/self/fd/9");
        command.env("AW", program());
        assert_cmd::Command::from_std(command)
    }

    /// The program, in this directory, for an ordinary user. Where root runs the tests, what is root's here becomes his.
    pub fn ordinary(&self) -> assert_cmd::Command {
        for name in self.names().into_iter().chain([String::new()]) {
            if self.owner(&name).0 == 0 {
                self.give_to_user(&name);
            }
        }
        self.through(as_user())
    }

    /// Gives a file to a user and a group. Needs root.
    pub fn give(&self, name: impl AsRef<Path>, user: u32, group: u32) {
        std::os::unix::fs::lchown(self.path(name), Some(user), Some(group)).unwrap();
    }

    /// User and group of a file.
    pub fn owner(&self, name: impl AsRef<Path>) -> (u32, u32) {
        let stat = fs::symlink_metadata(self.path(name)).unwrap();
        (stat.uid(), stat.gid())
    }

    /// A shell script, in this directory; `$AW` is the program.
    pub fn sh(&self, script: &str) -> Output {
        self.other("sh").args(["-c", script]).env("AW", program()).output().unwrap()
    }
}

/// The environment must not decide a test.
fn clean(mut remove: impl FnMut(&str)) {
    for name in ["VERSION_CONTROL", "SIMPLE_BACKUP_SUFFIX", "TMPDIR", "RUST_BACKTRACE", "LD_LIBRARY_PATH"] {
        remove(name);
    }
}

/// The names in a directory, sorted; without those that libfuse gives to files that are still being closed.
pub fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with(".fuse_hidden"));
    names.sort();
    names
}

/// Writes more than a pipe holds, so that the program has begun to read when this returns. Returns what was written.
pub fn write_until_read(stdin: &mut impl Write) -> Vec<u8> {
    let content = vec![b'x'; (64 << 10) + 1];
    stdin.write_all(&content).unwrap();
    content
}

/// Standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a tool that must succeed; returns its standard output.
pub fn tool(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", stderr(&output));
    stdout(&output)
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
        let quiet: &[&str] = if kind == "ext4" { &["-q", "-F"] } else { &["-q", "-f"] };
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

//! What the test targets share: a directory for each test, the program in it, and what needs root.

// Each target uses its own part of this.
#![allow(dead_code, unused_imports)]

#[cfg(target_os = "linux")]
pub mod acl;
pub mod does;
pub mod events;
#[cfg(target_os = "linux")]
pub mod fifo;
#[cfg(target_os = "linux")]
pub mod filter;
#[cfg(target_os = "linux")]
pub mod mounted;
pub mod needs;
#[cfg(target_os = "linux")]
pub mod quirks;
#[cfg(target_os = "linux")]
pub mod simulation;
#[cfg(target_os = "linux")]
pub mod strace;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
pub mod system;
#[cfg(target_os = "linux")]
pub mod terminal;
#[cfg(target_os = "linux")]
pub mod users;

pub use does::{does, its_name};
#[cfg(target_os = "linux")]
pub use mounted::{Disk, Mounted, driver};
pub use needs::skip;
pub use system::{NOTHING, is_root};
#[cfg(target_os = "linux")]
pub use users::{NO_PROC, USER, as_user};

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The program under test: the one that was built with the tests, or another that `ATOMIC_WRITE_TEST_PROGRAM` names.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| another_program().unwrap_or_else(|| env!("CARGO_BIN_EXE_atomic-write").into()))
}

/// This test program. Where /proc is empty, the name by which it was started is all there is.
pub fn this_program() -> PathBuf {
    std::env::current_exe().or_else(|_| fs::canonicalize(std::env::args_os().next().unwrap())).unwrap()
}

/// What /proc/meminfo says where nothing is to be written to any disk.
#[cfg(target_os = "linux")]
pub fn calm_meminfo() -> String {
    let calm = |line: &str| match line.split_once(':') {
        Some((name @ ("Dirty" | "Writeback"), _)) => format!("{name}: 0 kB\n"),
        _ => format!("{line}\n"),
    };
    fs::read_to_string("/proc/meminfo").unwrap_or_default().lines().map(calm).collect()
}

/// Tells other threads that it is over, also if the test fails: whoever waits for them would wait for ever.
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The program under test, where it is not the one that was built with the tests.
pub fn another_program() -> Option<PathBuf> {
    std::env::var_os("ATOMIC_WRITE_TEST_PROGRAM").map(PathBuf::from)
}

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
        let base = std::path::absolute(base).unwrap();
        let directory = tempfile::Builder::new().prefix("scene-").tempdir_in(base).unwrap();
        system::set_mode(directory.path(), 0o755).unwrap();
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
        system::symlink(to.as_ref(), &path).unwrap();
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
        system::set_mode(&self.path(name), mode).unwrap();
    }

    /// Permission and set-ID bits.
    pub fn mode(&self, name: impl AsRef<Path>) -> u32 {
        system::mode(&self.path(name)).unwrap()
    }

    pub fn inode(&self, name: impl AsRef<Path>) -> u64 {
        system::inode(&self.path(name)).unwrap()
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

    /// The program, in this directory, with this file as its standard input.
    pub fn with_stdin(&self, args: &[&str], file: fs::File) -> Output {
        self.process().args(args).stdin(file).output().unwrap()
    }

    pub fn open(&self, name: impl AsRef<Path>) -> fs::File {
        fs::File::open(self.path(name)).unwrap()
    }

    /// What another program does in this directory; see [`does`].
    #[track_caller]
    pub fn meanwhile(&self, steps: &[&str]) {
        let words = does(steps);
        let output = self.other(&words[0]).args(&words[1..]).output().unwrap();
        assert!(output.status.success(), "{steps:?}: {output:?}");
    }

    /// A shell script, in this directory; `$AW` is the program. Needs [`Shell`](needs::Need::Shell).
    pub fn sh(&self, script: &str) -> Output {
        self.other("sh").args(["-c", script]).env("AW", program()).output().unwrap()
    }
}

/// The environment must not decide a test.
fn clean(mut remove: impl FnMut(&str)) {
    const NAMES: [&str; 7] = [
        "ATOMIC_WRITE_LOCKED",
        "ATOMIC_WRITE_SYNC",
        "LD_LIBRARY_PATH",
        "RUST_BACKTRACE",
        "SIMPLE_BACKUP_SUFFIX",
        "TMPDIR",
        "VERSION_CONTROL",
    ];
    NAMES.into_iter().for_each(&mut remove);
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

/// How often something is tried that the next run may decide otherwise: less where processes take long to start, as on
/// Windows and in an emulator.
pub fn rounds(many: usize) -> usize {
    if cfg!(windows) || needs::is_emulated() { many.div_ceil(20) } else { many }
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

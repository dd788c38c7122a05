//! The programs that are compared: ours in two builds, the floors, which are the bare system calls in C, and other tools.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common;

/// How cargo builds ours.
pub const OURS: &str = "atomic-write";
/// A static build, as it would be shipped.
pub const STATIC: &str = "atomic-write, static";
/// A static build with musl, for small writes alone.
pub const MUSL: &str = "atomic-write, musl";

/// Where the programs are.
pub struct Programs {
    /// `None` where it cannot be built here.
    linked_statically: Option<PathBuf>,
    /// A directory of them; `None` where there is no C compiler.
    floors: Option<PathBuf>,
    /// The floor of a small write with musl; `None` where there is no musl-gcc.
    musl_floor: Option<PathBuf>,
}

impl Programs {
    /// Builds what is to be built. `directory` takes the floors.
    pub fn build(directory: &Path) -> Self {
        Programs {
            linked_statically: linked_statically(),
            floors: floors(directory),
            musl_floor: musl_floor(directory),
        }
    }

    /// Ours, by name.
    pub fn ours(&self) -> Vec<(&'static str, PathBuf)> {
        let mut ours = vec![(OURS, common::program().to_owned())];
        ours.extend(self.linked_statically.iter().map(|path| (STATIC, path.clone())));
        ours
    }

    /// Ours with musl, and the floor of a small write with musl, where they are here.
    pub fn musl(&self) -> (Option<PathBuf>, Option<PathBuf>) {
        let ours = std::env::var_os("ATOMIC_WRITE_MUSL").map(PathBuf::from);
        if ours.is_none() {
            eprintln!("skipped: {MUSL}: ATOMIC_WRITE_MUSL names no program; see .ci/cross/README.md");
        }
        (ours, self.musl_floor.clone())
    }

    /// The floor of this name in benches/floor.
    pub fn floor(&self, name: &str) -> Option<PathBuf> {
        self.floors.as_ref().map(|directory| directory.join(name))
    }
}

/// Whether a tool is installed; prints a message if it is not.
pub fn installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let found = directories.map(|directory| directory.join(tool)).any(|file| file.is_file());
    if !found {
        eprintln!("skipped: {tool} is not installed");
    }
    found
}

/// Whether a file system of this kind can be made and mounted here; prints a message if not.
pub fn mountable(kind: &str) -> bool {
    if !common::is_root() {
        eprintln!("skipped: {kind}: only root can mount a file system");
        return false;
    }
    installed(&format!("mkfs.{kind}"))
}

/// The static build: `ATOMIC_WRITE_STATIC`, or else built here.
fn linked_statically() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("ATOMIC_WRITE_STATIC") {
        return Some(path.into());
    }
    let target = host()?;
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("static");
    eprintln!("building {STATIC}");
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--bin", "atomic-write", "--target", &target, "--target-dir"])
        .arg(&directory)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RUSTFLAGS", "-C target-feature=+crt-static -C relocation-model=static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status();
    if built.is_ok_and(|status| status.success()) {
        return Some(directory.join(target).join("release/atomic-write"));
    }
    eprintln!("skipped: {STATIC} cannot be built here");
    None
}

/// The target triple of this machine. Without `--target`, the flags would apply to procedural macros, which cannot be
/// linked statically.
fn host() -> Option<String> {
    let output = Command::new("rustc").arg("-vV").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}

fn floors(directory: &Path) -> Option<PathBuf> {
    if !installed("cc") {
        eprintln!("skipped: the floors, which are written in C");
        return None;
    }
    for name in ["small", "read_write", "splice", "write_behind", "dontcache", "peak", "exchange", "group"] {
        if !compile("cc", name, &directory.join(name)) {
            eprintln!("skipped: the floors: cc cannot link statically here");
            return None;
        }
    }
    Some(directory.to_owned())
}

fn musl_floor(directory: &Path) -> Option<PathBuf> {
    let program = directory.join("small-musl");
    (installed("musl-gcc") && compile("musl-gcc", "small", &program)).then_some(program)
}

/// Whether this compiler makes a static program of the source of this name.
fn compile(compiler: &str, name: &str, program: &Path) -> bool {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/floor").join(name).with_extension("c");
    let compiled = Command::new(compiler)
        .args(["-O2", "-static", "-pthread", "-o"])
        .arg(program)
        .arg(source)
        .stdin(Stdio::null())
        .status();
    compiled.is_ok_and(|status| status.success())
}

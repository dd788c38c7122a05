//! What a test needs of the machine: where that is not to be had the test does nothing, and at the end of the process one
//! line tells how many did so, and why.

// Each target uses its own part of this.
#![allow(unused_imports, unused_macros)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::FileTimes;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Scene, another_program, is_root, program, stdout, system, write_until_read};

/// Returns from the test where it lacks something: `needs!(root, strace, "mkfs.xfs")`. Where nothing may be skipped
/// (`ATOMIC_WRITE_TEST_NO_SKIP=1`, as in CI), the test fails instead.
macro_rules! needs {
    ($($need:tt),+) => {
        if $crate::common::needs::lacks!($($need),+) {
            return;
        }
    };
}
pub(crate) use needs;

/// The same as an expression, for what returns something.
macro_rules! lacks {
    ($($need:tt),+) => {
        $crate::common::needs::lacks_any(&[$($crate::common::needs::need!($need)),+])
    };
}
pub(crate) use lacks;

/// One of them: a word of its own, or the name of a program, as an expression between parentheses.
macro_rules! need {
    (root) => {
        $crate::common::needs::Need::Root
    };
    (shell) => {
        $crate::common::needs::Need::Shell
    };
    (validation_by_sh) => {
        $crate::common::needs::Need::ValidationBySh
    };
    (permissions) => {
        $crate::common::needs::Need::Permissions
    };
    (symlinks) => {
        $crate::common::needs::Need::Symlinks
    };
    (hard_links) => {
        $crate::common::needs::Need::HardLinks
    };
    (holes) => {
        $crate::common::needs::Need::Holes
    };
    (open_files_give_way) => {
        $crate::common::needs::Need::OpenFilesGiveWay
    };
    (quiet_reads) => {
        $crate::common::needs::Need::QuietReads
    };
    (exchange) => {
        $crate::common::needs::Need::Exchange
    };
    (locks_without_names) => {
        $crate::common::needs::Need::LocksWithoutNames
    };
    (native_program) => {
        $crate::common::needs::Need::NativeProgram
    };
    (signals) => {
        $crate::common::needs::Need::Signals
    };
    (fifos) => {
        $crate::common::needs::Need::Fifos
    };
    (descriptors) => {
        $crate::common::needs::Need::Descriptors
    };
    (any_names) => {
        $crate::common::needs::Need::AnyNames
    };
    (long_paths) => {
        $crate::common::needs::Need::LongPaths
    };
    (unnamed_files) => {
        $crate::common::needs::Need::UnnamedFiles
    };
    (acls_and_attributes) => {
        $crate::common::needs::Need::AclsAndAttributes
    };
    (changed_answers) => {
        $crate::common::needs::Need::ChangedAnswers
    };
    (dynamic_program) => {
        $crate::common::needs::Need::DynamicProgram
    };
    (own_program) => {
        $crate::common::needs::Need::OwnProgram
    };
    (strace) => {
        $crate::common::needs::Need::Strace
    };
    (user_namespaces) => {
        $crate::common::needs::Need::UserNamespaces
    };
    (mount_namespaces) => {
        $crate::common::needs::Need::MountNamespaces
    };
    ($program:ident) => {
        $crate::common::needs::Need::Program(stringify!($program))
    };
    ($program:literal) => {
        $crate::common::needs::Need::Program($program)
    };
    (($program:expr)) => {
        $crate::common::needs::Need::Program($program)
    };
}
pub(crate) use need;

/// What it says is looked at once in a process.
macro_rules! once {
    ($probe:expr) => {{
        static FOUND: OnceLock<bool> = OnceLock::new();
        *FOUND.get_or_init(|| $probe)
    }};
}

#[derive(Clone, Copy)]
pub enum Need<'n> {
    Root,
    Program(&'n str),
    /// A POSIX sh(1).
    Shell,
    /// It is sh(1) that runs what `--validate` says, and it is there.
    ValidationBySh,
    /// The bits of a mode are kept and mean something.
    Permissions,
    Symlinks,
    HardLinks,
    /// A hole in a file takes no room.
    Holes,
    /// What is open can be renamed over and removed, and its name is free at once.
    OpenFilesGiveWay,
    /// The program can exchange two names.
    Exchange,
    /// A lock of the program is no file in the directory.
    LocksWithoutNames,
    /// The program can read without renewing the time of the last access.
    QuietReads,
    /// A process can be ended by a signal, which its parent sees.
    Signals,
    Fifos,
    /// A shell can start a program with closed descriptors.
    Descriptors,
    /// Names are bytes: control characters, quotes and colons are possible.
    AnyNames,
    /// A path may be as long as PATH_MAX of Linux.
    LongPaths,
    /// The program has them in the directory of the tests: the file system does, and the system permits them.
    UnnamedFiles,
    /// setfacl(1) and setfattr(1) work in the directory of the tests, and the program keeps what they set.
    AclsAndAttributes,
    /// strace(1) can change what a call answers.
    ChangedAnswers,
    /// The program under test loads libraries.
    DynamicProgram,
    /// The program under test was built with the tests.
    OwnProgram,
    /// No emulator and no script stands before it: they change arguments and environment, and hide that a COMMAND cannot be
    /// started.
    NativeProgram,
    /// strace(1) sees the calls of the program under test, and not those of an emulator.
    Strace,
    /// unshare(1) can make one: not in a chroot, where the kernel refuses it, nor in many a container.
    UserNamespaces,
    /// Root can make one, with a network of its own, and mount in it: not in a chroot whose root is no mount point, nor in
    /// many a container.
    MountNamespaces,
}

impl Need<'_> {
    /// What is not to be had.
    fn lacking(self) -> Option<String> {
        match self {
            Need::Root => lacking(is_root(), "root"),
            Need::Program(name) => lacking(is_installed(name), name),
            Need::Shell => lacking(is_installed("sh"), "a shell"),
            Need::ValidationBySh => lacking(cfg!(unix) && is_installed("sh"), "a shell for --validate"),
            Need::Permissions => lacking(once!(has_permissions()), "permissions"),
            Need::Symlinks => lacking(once!(has_symlinks()), "symbolic links"),
            Need::HardLinks => lacking(once!(has_hard_links()), "hard links"),
            Need::Holes => lacking(once!(has_holes()), "holes"),
            Need::OpenFilesGiveWay => lacking(once!(has_open_files_that_give_way()), "open files that give way"),
            Need::Exchange => lacking(once!(has_exchange()), "an exchange of names"),
            Need::LocksWithoutNames => lacking(once!(has_locks_without_names()), "locks that are no files"),
            Need::QuietReads => lacking(once!(has_quiet_reads()), "reads that renew no access time"),
            Need::Signals => lacking(cfg!(unix), "signals"),
            Need::Fifos => lacking(cfg!(unix) && is_installed("mkfifo"), "FIFOs"),
            Need::Descriptors => lacking(cfg!(unix), "descriptors"),
            Need::AnyNames => lacking(once!(has_any_names()), "names of any bytes"),
            Need::LongPaths => lacking(cfg!(target_os = "linux"), "long paths"),
            Need::UnnamedFiles => lacking(once!(has_unnamed_files()), "unnamed files"),
            Need::AclsAndAttributes => lacking(once!(has_acls_and_attributes()), "ACLs and attributes"),
            Need::ChangedAnswers => Need::Strace.lacking().or_else(|| {
                let can = super::tool("strace", &["-h"]).contains("poke_exit");
                lacking(can, "a strace that can change what a call answers")
            }),
            Need::DynamicProgram => Need::Program("ldd").lacking().or_else(|| {
                let output = std::process::Command::new("ldd").arg(program()).output().unwrap();
                lacking(stdout(&output).contains("libc.so"), "a program that is linked dynamically")
            }),
            Need::OwnProgram => lacking(another_program().is_none(), "the program that was built with the tests"),
            Need::NativeProgram => lacking(!is_emulated(), "a program that no emulator runs"),
            Need::Strace => Need::Program("strace").lacking().or_else(|| Need::NativeProgram.lacking()),
            Need::UserNamespaces => lacking(once!(unshares("-U true")), "user namespaces"),
            Need::MountNamespaces => {
                let mounts = "-n -m sh -c 'mount -t tmpfs none /proc'";
                lacking(once!(is_root() && unshares(mounts)), "mount namespaces")
            }
        }
    }
}

fn has_permissions() -> bool {
    let scene = Scene::with_old();
    scene.chmod("f", 0o640);
    scene.mode("f") == 0o640
}

fn has_symlinks() -> bool {
    let scene = Scene::with_old();
    let is_made = system::symlink("f".as_ref(), &scene.path("link")).is_ok();
    is_made && scene.path("link").is_symlink() && std::fs::read(scene.path("link")).is_ok()
}

fn has_hard_links() -> bool {
    let scene = Scene::with_old();
    std::fs::hard_link(scene.path("f"), scene.path("link")).is_ok()
}

fn has_holes() -> bool {
    let scene = Scene::new();
    let file = std::fs::File::create(scene.path("f")).unwrap();
    file.set_len(1 << 20).unwrap();
    file.sync_all().unwrap();
    system::allocated(&scene.path("f")).unwrap() < 1 << 19
}

fn has_open_files_that_give_way() -> bool {
    let scene = Scene::with_old();
    scene.write("g", "new");
    let _held = (scene.open("f"), scene.open("g"));
    std::fs::rename(scene.path("g"), scene.path("f")).is_ok() && std::fs::remove_file(scene.path("f")).is_ok()
}

/// Of the program that was built with the tests it is known where it can.
fn has_quiet_reads() -> bool {
    let scene = Scene::with_old();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let file = std::fs::File::options().write(true).open(scene.path("f")).unwrap();
    file.set_times(FileTimes::new().set_accessed(long_ago).set_modified(long_ago)).unwrap();
    let quiet = || {
        scene.cmd().args(["-C", "f"]).write_stdin("old").assert().success();
        std::fs::metadata(scene.path("f")).unwrap().accessed().unwrap() == long_ago
    };
    another_program().is_none() && cfg!(all(target_os = "linux", not(generic_unix))) || quiet()
}

/// Another program on Linux does so if it uses what only Linux has, as unnamed files are.
fn has_exchange() -> bool {
    let scene = Scene::with_old();
    scene.write("g", "new");
    let possible = system::exchange(&scene.path("f"), &scene.path("g")).is_ok();
    let of_linux = || another_program().is_none() || Need::UnnamedFiles.lacking().is_none();
    possible && !cfg!(generic_unix) && (!cfg!(target_os = "linux") || of_linux())
}

fn has_any_names() -> bool {
    let scene = Scene::new();
    let name = system::argument(b"\xff\n\"");
    name.is_some_and(|name| std::fs::write(scene.path(name), "").is_ok())
}

/// Where there are none the staging file has a name while the program waits for its input.
fn has_unnamed_files() -> bool {
    adds_no_name(&["f"])
}

/// Nothing is staged where the content is the same as before.
fn has_locks_without_names() -> bool {
    adds_no_name(&["-C", "--lock", "f"])
}

/// Whether `f` is the only name while the program waits for the rest of its input, which is what `f` holds.
fn adds_no_name(args: &[&str]) -> bool {
    let scene = Scene::new();
    let mut content = Vec::new();
    write_until_read(&mut content);
    scene.write("f", content);
    let mut child = scene.process().args(args).stdin(Stdio::piped()).spawn().unwrap();
    write_until_read(child.stdin.as_mut().unwrap());
    let names = scene.names();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    names == ["f"]
}

/// Of the program that was built with the tests it is known that it keeps them.
fn has_acls_and_attributes() -> bool {
    let scene = Scene::new();
    let set = "true >f && setfacl -m u:1234:r f && setfattr -n user.x -v x f";
    let kept = "echo new | \"$AW\" f && getfacl -n f | grep user:1234:r && getfattr -n user.x f";
    let succeeds = |script| scene.sh(script).status.success();
    succeeds(set) && (another_program().is_none() || succeeds(kept))
}

/// Whether the program under test is one for another processor, or a script that starts another program.
pub fn is_emulated() -> bool {
    once!(another_program().is_some_and(|other| !is_of_this_processor(&other)))
}

fn is_of_this_processor(program: &Path) -> bool {
    /// As long as what identifies an ELF file, with its type and its machine.
    const HEAD: usize = 20;
    let head = |path: &Path| std::fs::read(path).unwrap_or_default().into_iter().take(HEAD).collect::<Vec<_>>();
    let (program, tests) = (head(program), head(&super::this_program()));
    program.len() == HEAD && program[..6] == tests[..6] && program[18..] == tests[18..]
}

/// Whether unshare(1) does this here.
fn unshares(arguments: &str) -> bool {
    is_installed("sh") && Scene::new().sh(&format!("unshare {arguments}")).status.success()
}

fn lacking(is_there: bool, what: &str) -> Option<String> {
    (!is_there).then(|| format!("need {what}"))
}

fn is_installed(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH").filter(|path| !path.is_empty()) else { return false };
    let directories = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    let program = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    directories.map(|directory| directory.join(&program)).any(|file| file.is_file())
}

/// Whether any of these is not to be had; all of those are told.
pub fn lacks_any(needs: &[Need]) -> bool {
    let lacking: BTreeSet<String> = needs.iter().filter_map(|need| need.lacking()).collect();
    if lacking.is_empty() {
        return false;
    }
    may_be_skipped(&lacking);
    tell(lacking);
    true
}

/// Whether one of these steps of [`does`](super::does) is not possible here while the program has `f` open.
pub fn lacks_for(steps: &[&str]) -> bool {
    let needs: Vec<Need> = steps.iter().filter_map(|step| need_of(step)).collect();
    lacks_any(&needs)
}

fn need_of(step: &str) -> Option<Need<'static>> {
    match step.split(' ').collect::<Vec<_>>()[..] {
        ["rename", _, "f"] | ["remove", "f"] | ["rename", "f", _] | ["remove-all" | "rmdir", ..] => {
            Some(Need::OpenFilesGiveWay)
        }
        ["symlink", ..] => Some(Need::Symlinks),
        ["link", ..] => Some(Need::HardLinks),
        ["mode", ..] => Some(Need::Permissions),
        _ => None,
    }
}

/// Says why a test, or a part of it, does nothing here.
pub fn skip(why: &str) {
    let reasons = BTreeSet::from([format!("as {why}")]);
    may_be_skipped(&reasons);
    tell(reasons);
}

/// The same for what nobody can install, as the kernel lacks it: nowhere does the test fail for that.
pub fn skip_on_this_kernel(why: &str) {
    tell(BTreeSet::from([format!("as {why}")]));
}

/// Why each test did nothing, or not all that it does elsewhere.
type Skipped = BTreeMap<String, BTreeSet<String>>;

static SKIPPED: Mutex<Skipped> = Mutex::new(BTreeMap::new());

fn test() -> String {
    std::thread::current().name().unwrap_or("?").to_owned()
}

/// What cannot be had where the tests run, as [`Need`]s call it, with commas: it may be skipped even where nothing else may.
pub const LACKING: &str = "ATOMIC_WRITE_TEST_LACKS";

fn may_be_skipped(reasons: &BTreeSet<String>) {
    let is_known = |lacking: String| lacking.split(',').any(|lacking| reasons.contains(&format!("need {lacking}")));
    let may = std::env::var_os("ATOMIC_WRITE_TEST_NO_SKIP").is_none() || std::env::var(LACKING).is_ok_and(is_known);
    assert!(may, "{} may not be skipped: {}", test(), list(reasons));
}

fn list(reasons: &BTreeSet<String>) -> String {
    reasons.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn tell(reasons: BTreeSet<String>) {
    let test = test();
    eprintln!("skipped: {test}: {}", list(&reasons));
    let mut skipped = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    // Where tests run one after another they all run in the main thread.
    let key = if test == "main" { format!("main {}", skipped.len()) } else { test };
    skipped.entry(key).or_default().extend(reasons);
}

/// How many tests did nothing, and how many of them for each reason.
fn summary(skipped: &Skipped) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in skipped.values().flatten() {
        *counts.entry(reason).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let several = if counts.len() > 1 { " (a test may lack several)" } else { "" };
    let told = |&(reason, count): &(&str, usize)| match reason.strip_prefix("need ") {
        Some(what) if count == 1 => format!("1 needs {what}"),
        _ => format!("{count} {reason}"),
    };
    let counts: Vec<_> = counts.iter().map(told).collect();
    let (tests, reasons) = (skipped.len(), counts.join(", "));
    (tests > 0).then(|| format!("skipped: {tests} of the tests did nothing, or a part only: {reasons}{several}"))
}

/// The harness has no hook for its end and ends the process itself: so when the process ends.
#[ctor::dtor]
fn summarize() {
    let skipped = SKIPPED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(summary) = summary(&skipped) {
        // Nobody may be reading any more.
        let _ = writeln!(std::io::stdout(), "{summary}");
    }
}

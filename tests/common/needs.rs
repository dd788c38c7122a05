//! What a test needs of the machine: where that is not to be had the test does nothing, and at the end of the process one
//! line tells how many did so, and why.

// Each target uses its own part of this.
#![allow(unused_imports, unused_macros)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use super::{is_root, stdout, strace};

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

#[derive(Clone, Copy)]
pub enum Need<'n> {
    Root,
    Program(&'n str),
    /// The directory of the tests is on a file system that has them, and the system permits them.
    UnnamedFiles,
    /// setfacl(1) and setfattr(1) work in the directory of the tests.
    AclsAndAttributes,
    /// strace(1) can change what a call answers.
    ChangedAnswers,
    /// The program under test loads libraries.
    DynamicProgram,
}

impl Need<'_> {
    /// What is not to be had.
    fn lacking(self) -> Option<String> {
        match self {
            Need::Root => lacking(is_root(), "root"),
            Need::Program(name) => lacking(is_installed(name), name),
            Need::UnnamedFiles => {
                Need::Program("strace").lacking().or_else(|| lacking(strace::has_unnamed(), "unnamed files"))
            }
            Need::AclsAndAttributes => {
                let script = "true >f && setfacl -m u:1234:r f && setfattr -n user.x -v x f";
                lacking(super::Scene::new().sh(script).status.success(), "ACLs and attributes")
            }
            Need::ChangedAnswers => Need::Program("strace").lacking().or_else(|| {
                let can = super::tool("strace", &["-h"]).contains("poke_exit");
                lacking(can, "a strace that can change what a call answers")
            }),
            Need::DynamicProgram => Need::Program("ldd").lacking().or_else(|| {
                let output = std::process::Command::new("ldd").arg(super::program()).output().unwrap();
                lacking(stdout(&output).contains("libc.so"), "a program that is linked dynamically")
            }),
        }
    }
}

fn lacking(is_there: bool, what: &str) -> Option<String> {
    (!is_there).then(|| format!("need {what}"))
}

fn is_installed(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH").filter(|path| !path.is_empty()) else { return false };
    let directories = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    directories.map(|directory| directory.join(program)).any(|file| file.is_file())
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

fn may_be_skipped(reasons: &BTreeSet<String>) {
    let may = std::env::var_os("ATOMIC_WRITE_TEST_NO_SKIP").is_none();
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

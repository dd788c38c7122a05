//! Arguments and environment of any bytes. README.md beside this file says how to run more.

// What it is done with, only Linux has.
#![cfg(target_os = "linux")]
// A test fails by a panic: that is its way to speak.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Nobody outside reads these.
#![allow(missing_docs, unreachable_pub)]

#[path = "../common/mod.rs"]
mod common;

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::process::{Output, Stdio};

use common::{Scene, names_in};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

/// `PROPTEST_CASES` and `PROPTEST_RNG_SEED` decide where they are set; else the same few cases each time.
fn config(cases: u32) -> Config {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(20_261_125);
    }
    config
}

/// Words that mean something.
const KNOWN: &[&str] = &[
    "--",
    "-",
    "",
    "f",
    "g",
    "./f",
    "sub/f",
    "sub",
    "link",
    "fifo",
    "missing/f",
    ".",
    "sub/",
    "--from",
    "--from=g",
    "-e",
    "--edit",
    "-a",
    "--append",
    "--allow-empty",
    "--non-empty",
    "--checksum",
    "--checksum=sha256:00",
    "--validate",
    "--validate=true",
    "--validate=false",
    "-n",
    "--no-clobber",
    "--if-match",
    "-C",
    "--if-changed",
    "--backup",
    "--backup=t",
    "--backup=never",
    "--backup=odd",
    "-b",
    "-S",
    "-S.bak",
    "--suffix=a/b",
    "--suffix=",
    "--lock",
    "--lock-timeout",
    "--lock-timeout=0",
    "--lock-timeout=-1",
    "--lock-timeout=nan",
    "-m",
    "-m7",
    "-m99999",
    "-m0600",
    "-f",
    "-P",
    "-D",
    "--allow-in-place",
    "--in-place",
    "--sync=none",
    "--sync=odd",
    "--report",
    "-v",
    "-q",
    "-qvbPC",
    "-h",
    "--help",
    "-V",
    "--version",
    "--bogus",
    "true",
    "false",
    "cat",
    "echo",
    "no-such-command",
];

/// Any bytes but those that lead elsewhere: a name with a slash could be any file of the machine.
fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>().prop_map(|byte| if byte == 0 || byte == b'/' { b'.' } else { byte }), 0..most)
}

fn word() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(KNOWN).prop_map(|word| word.as_bytes().to_vec());
    prop_oneof![
        6 => known.clone(),
        1 => bytes(300),
        1 => (known, bytes(8)).prop_map(|(word, more)| [word, more].concat()),
    ]
}

fn environment() -> impl Strategy<Value = Option<Vec<u8>>> {
    let known = prop::sample::select(&["numbered", "t", "nil", "off", "x", ""][..]);
    prop::option::of(prop_oneof![known.prop_map(|word| word.as_bytes().to_vec()), bytes(300)])
}

/// A scene within a scene, with something of every kind in it, and a PATH that finds nothing harmful.
fn stage() -> Scene {
    let scene = Scene::new();
    for directory in ["inside", "inside/sub", "bin"] {
        scene.mkdir(directory);
    }
    scene.write("outside", "untouched");
    scene.write("inside/f", "old");
    scene.write("inside/g", "source");
    scene.symlink("f", "inside/link");
    rustix::fs::mknodat(rustix::fs::CWD, scene.path("inside/fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    for tool in ["sh", "true", "false", "cat", "echo"] {
        let found = ["/bin", "/usr/bin"].map(|place| format!("{place}/{tool}"));
        let found = found.iter().find(|path| fs::exists(path).unwrap()).unwrap();
        symlink(found, scene.path("bin").join(tool)).unwrap();
    }
    scene
}

fn run(scene: &Scene, words: &[Vec<u8>], environment: [&Option<Vec<u8>>; 2], input: &[u8]) -> Output {
    let mut command = scene.process();
    command.current_dir(scene.path("inside")).env("PATH", scene.path("bin"));
    command.args(words.iter().cloned().map(OsString::from_vec));
    for (name, value) in ["VERSION_CONTROL", "SIMPLE_BACKUP_SUFFIX"].into_iter().zip(environment) {
        if let Some(value) = value {
            command.env(name, OsString::from_vec(value.clone()));
        }
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Who wants no input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// What no terminal would obey.
fn is_harmless(said: &[u8]) -> bool {
    String::from_utf8(said.to_vec()).is_ok_and(|said| !said.chars().any(|c| c.is_control() && c != '\n'))
}

fn judge(scene: &Scene, output: &Output) -> Result<(), TestCaseError> {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    prop_assert!(!said.contains("panicked"), "{said}");
    let code = output.status.code();
    // COMMAND is one of a few that exit with 0 or 1.
    let documented = [0, 1, 2, 3, 123, 125, 126, 127];
    prop_assert!(code.is_some_and(|code| documented.contains(&code)), "{:?}: {said}", output.status);
    // A tool's words are its own.
    let others = ["sh: ", "cat: ", "echo: "].iter().any(|tool| said.contains(tool));
    if [1, 2, 3].contains(&code.unwrap_or(-1)) && !others {
        prop_assert!(is_harmless(&output.stderr), "{said:?}");
        prop_assert!(!said.is_empty(), "a failure without a word");
    }
    prop_assert_eq!(scene.names(), ["bin", "inside", "outside"]);
    prop_assert_eq!(scene.text("outside"), "untouched");
    let inside = names_in(&scene.path("inside"));
    prop_assert!(!inside.iter().any(|name| name.starts_with(".aw-") && name.len() == 16), "{inside:?}");
    Ok(())
}

proptest! {
    #![proptest_config(config(200))]

    /// No argument makes it panic, hang, write elsewhere, or end in a way that is not documented.
    #[test]
    fn arguments_and_environment_of_any_bytes(
        words in prop::collection::vec(word(), 0..8),
        control in environment(),
        suffix in environment(),
        input in bytes(64),
    ) {
        // It would wait for a writer, as it should.
        prop_assume!(!words.windows(2).any(|pair| pair[0] == b"--from" && pair[1] == b"fifo"));
        let scene = stage();
        let output = run(&scene, &words, [&control, &suffix], &input);
        judge(&scene, &output)?;
    }

    /// Row 47: every name works, and is printed safely.
    #[test]
    fn targets_of_any_bytes(name in bytes(255), more in prop::sample::select(&["-v", "--non-empty", "-bv"][..])) {
        prop_assume!(!matches!(name.as_slice(), b"" | b"." | b".." | b"-"));
        let scene = stage();
        let path = scene.path("inside").join(OsString::from_vec(name.clone()));
        let words = [more.as_bytes().to_vec(), b"--".to_vec(), name.clone()];
        let input: &[u8] = if more == "--non-empty" { b"" } else { b"new" };
        let output = run(&scene, &words, [&None, &None], input);
        judge(&scene, &output)?;
        prop_assert!(is_harmless(&output.stderr), "{:?}", String::from_utf8_lossy(&output.stderr));
        prop_assert_eq!(String::from_utf8_lossy(&output.stderr).lines().next().is_some(), true);
        if input.is_empty() {
            prop_assert_eq!(output.status.code(), Some(3));
        } else {
            prop_assert_eq!(output.status.code(), Some(0));
            prop_assert_eq!(fs::read(path).unwrap(), input);
        }
    }
}

/// PATH_MAX is 4096 with the NUL: what the kernel takes works, what it does not is an error like any other.
#[test]
fn paths_up_to_the_longest() {
    for length in 4090..=4100 {
        let scene = stage();
        let mut path = "./".repeat((length - 1) / 2).into_bytes();
        path.extend(if length % 2 == 0 { &b"ff"[..] } else { b"f" });
        assert_eq!(path.len(), length);
        let output = run(&scene, &[path], [&None, &None], b"new");
        judge(&scene, &output).unwrap();
        let name = if length % 2 == 0 { "inside/ff" } else { "inside/f" };
        if output.status.success() {
            assert_eq!(scene.text(name), "new");
        } else {
            assert!(length > 4095, "{length}");
            assert!(common::stderr(&output).contains("File name too long"), "{}", common::stderr(&output));
        }
    }
}

//! Streams of every length and pace.
//!
//! Rows: 2, 3.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};

use rustix::fs::OFlags;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::{NO_SHARING, calls};
use crate::common::needs::needs;
use crate::common::strace::{Call, Strace};
use crate::common::{Scene, stderr};
use crate::portable::input::{bytes, sha256};

/// Row 2: under a limit of 1000 bytes for files the first write is short. Once the limit is lifted, the rest must follow.
#[test]
fn a_short_write_is_continued() {
    needs!(strace, prlimit);
    let scene = Scene::new();
    let content = bytes(5000);
    let strace = Strace::new(&scene, &["f"]).input(&content).by(&["prlimit", "--fsize=1000:"]);
    let stopped = strace.stopped_after("pwrite64:when=1");
    let short = stopped.calls().one("pwrite64", &[]).result.clone();
    assert!(short.starts_with("1000"), "{short}");
    let pid = Pid::from_raw(i32::try_from(stopped.id()).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: None, maximum: None }).unwrap();
    let traced = stopped.resume();
    assert!(traced.output.status.success() && scene.read("f") == content, "{traced:?}");
}

/// Row 2: had the first, short, write been taken for the whole, this would end well.
#[test]
fn a_write_that_stays_short_is_an_error() {
    needs!(prlimit);
    let scene = Scene::with_old();
    scene.write("src", bytes(5000));
    for command in [r#""$AW" f <src"#, r#"cat src | "$AW" f"#, r#""$AW" f --from src"#, r#""$AW" f -- cat src"#] {
        let output = scene.sh(&format!("ulimit -f 1; {command}"));
        let text = stderr(&output);
        assert!(matches!(output.status.code(), Some(1 | 125)) && text.contains("File too large"), "{output:?}");
        assert_eq!((scene.text("f").as_str(), scene.names().len()), ("old", 2));
    }
}

/// Little is read at first. Written by itself, it would let all that follows begin within a page.
#[test]
fn what_follows_the_first_read_is_written_with_it() {
    needs!(strace);
    let scene = Scene::new();
    let traced = Strace::new(&scene, &["f"]).input(bytes(3000)).run();
    let results = |name, parts| traced.calls.all(name, parts).filter_map(Call::returned).collect::<Vec<_>>();
    assert_eq!(results("read", &["pipe:"]), [512, 2488, 0], "{traced:?}");
    assert_eq!(results("pwrite64", &[]), [3000], "{traced:?}");
}

/// Row 3: somebody has made the pipe non-blocking, and nothing is there yet.
#[test]
fn a_non_blocking_standard_input_is_waited_for() {
    needs!(strace);
    let scene = Scene::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&reader, OFlags::NONBLOCK).unwrap();
    let mut child = traced(&scene, OwnedFd::from(reader), "read,poll,ppoll");
    let mut log = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut wait_for = |what: &str| {
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            assert_ne!(std::io::BufRead::read_line(&mut log, &mut line).unwrap(), 0, "it did not wait");
        }
    };
    wait_for("(Timeout)");
    writer.write_all(b"one ").unwrap();
    wait_for("\"one \"");
    writer.write_all(b"two").unwrap();
    drop(writer);
    std::io::copy(&mut log, &mut std::io::sink()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(scene.text("f"), "one two");
}

/// The program with `f`, under strace, which tells of `call` on standard error.
fn traced(scene: &Scene, stdin: OwnedFd, call: &str) -> Child {
    let mut command = scene.other("strace");
    command.args(["-q", "-e", &format!("trace={call}")]).arg(crate::common::program()).arg("f");
    command.stdin(stdin).stderr(Stdio::piped()).spawn().unwrap()
}

/// Row 3: interrupted once, in each call that moves bytes.
#[test]
fn an_interrupted_call_is_made_again() {
    needs!(strace);
    let content = bytes(300_000);
    let from = ["--from", "src", "f"];
    let checked = ["--checksum", &sha256(&content), "--from", "src", "f"];
    for (args, call) in [
        (&from[..], "copy_file_range"),
        (&from, "ftruncate"),
        (&from, "fallocate"),
        (&from, "fsync"),
        (&checked, "pread64"),
        (&checked, "pwrite64"),
    ] {
        let at = calls(args, &content);
        let which = at.0.iter().rposition(|found| found.name == call && !found.args.contains("/lib/"));
        let Some(which) = which else {
            // Blocks are shared here, and nothing is copied.
            continue;
        };
        let scene = Scene::new();
        scene.write("src", &content);
        let injection = format!("{call}:error=EINTR:when={}", at.when(which));
        let traced = Strace::new(&scene, args).inject(injection).run();
        assert!(traced.output.status.success() && scene.read("f") == content, "{call}: {:?}", traced.output);
        assert!(traced.calls.0.iter().any(|found| found.result.contains("INJECTED")), "{call}");
    }
}

/// Row 3, on the stream: the first read of the input is interrupted, and later ones.
#[test]
fn an_interrupted_read_is_made_again() {
    needs!(strace);
    let content = bytes(300_000);
    let before = {
        let scene = Scene::new();
        Strace::new(&scene, &["f"]).input(&content).run().calls
    };
    let first = before.when(before.at("read", &["0<pipe"]));
    let scene = Scene::new();
    let traced = Strace::new(&scene, &["f"])
        .input(&content)
        .inject(format!("read:error=EINTR:when={first}..{}", first + 2))
        .run();
    assert!(traced.output.status.success() && scene.read("f") == content, "{:?}", traced.output);
    assert_eq!(traced.calls.0.iter().filter(|found| found.result.contains("INJECTED")).count(), 3);
}

/// Row 2: kernels that copy nothing and say 0, and those that cannot copy here.
#[test]
fn where_the_kernel_cannot_copy_the_bytes_go_through_memory() {
    needs!(strace);
    let content = bytes(700_000);
    for answer in
        ["retval=0", "error=ENOSYS", "error=EXDEV", "error=EINVAL", "error=EOPNOTSUPP", "error=EPERM", "error=EIO"]
    {
        let scene = Scene::new();
        scene.write("src", &content);
        let traced = Strace::new(&scene, &["--from", "src", "f"])
            .inject(NO_SHARING)
            .inject(format!("copy_file_range:{answer}"))
            .run();
        assert!(traced.output.status.success() && scene.read("f") == content, "{answer}: {:?}", traced.output);
    }
}

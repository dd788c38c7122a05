//! Large contents in constant memory: `VmHWM` as the validating command reads it of its parent, with everything received.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

use crate::common::{Scene, stderr};
use crate::{share, tell};

const MEBI: u64 = 1024 * 1024;
/// More than what is used, and less than the smallest of the contents.
const MOST_KIBIBYTES: u64 = 12 * 1024;

/// Writes the parent's peak, in KiB, to `peak`.
const LOOK: &str = "sed -n 's/^VmHWM:[[:space:]]*\\([0-9]*\\) kB/\\1/p' /proc/$PPID/status > peak";

fn peak(scene: &Scene) -> u64 {
    scene.text("peak").trim().parse().unwrap()
}

fn judge(scene: &Scene, bytes: u64) {
    assert_eq!(scene.path("f").metadata().unwrap().len(), bytes);
    let peak = peak(scene);
    tell(&format!("{} MiB at a peak of {peak} KiB", bytes / MEBI));
    assert!(peak < MOST_KIBIBYTES, "{peak} KiB");
    assert_eq!(scene.names(), ["f", "peak"]);
}

#[test]
fn a_dense_pipe_takes_constant_memory() {
    let scene = Scene::new();
    let bytes = share(64, 512, 4096) * MEBI;
    let mut command = scene.process();
    command.args(["--validate", LOOK, "f"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let chunk: Vec<u8> = (0..MEBI).map(|number| u8::try_from(number % 251).unwrap()).collect();
    for _ in 0..bytes / MEBI {
        pipe.write_all(&chunk).unwrap();
    }
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    judge(&scene, bytes);
}

/// And stays sparse (row 8).
#[test]
fn a_sparse_source_takes_constant_memory_and_no_room() {
    let scene = Scene::new();
    let bytes = share(1024, 4096, 20 * 1024) * MEBI;
    let other = Scene::new();
    let source = other.write("source", "start");
    let file = File::options().append(true).open(&source).unwrap();
    file.set_len(bytes - 3).unwrap();
    { &file }.write_all(b"end").unwrap();
    scene.cmd().args(["--validate", LOOK, "f", "--from"]).arg(&source).assert().success().stderr("");
    judge(&scene, bytes);
    assert!(scene.path("f").metadata().unwrap().blocks() * 512 < MEBI);
}

/// As an editor of large files: through a command, and after what was there.
#[test]
fn a_command_and_an_old_content_take_constant_memory() {
    let scene = Scene::new();
    let mebibytes: u64 = share(32, 256, 1024);
    let script = format!("head -c {mebibytes}M /dev/zero");
    scene.cmd().args(["--validate", LOOK, "f", "--", "sh", "-c", &script]).assert().success().stderr("");
    judge(&scene, mebibytes * MEBI);
    scene.cmd().args(["--validate", LOOK, "--append", "--if-changed", "f"]).write_stdin("!").assert().success();
    judge(&scene, mebibytes * MEBI + 1);
}

//! The private directory: nobody else enters it, and it is gone at every end that can be seen coming.
//!
//! Rows: 35, 96, 98.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::run;
use crate::common::events::{Fifo, end_of};
use crate::common::needs::needs;
use crate::common::{Disk, Scene, names_in, stderr, stdout, tool};

/// Another user looks at what is staged, and at a file that everybody may read.
const LOOKS: &str = r#"
    chmod 777 "$1"
    as="setpriv --reuid=65533 --regid=65533 --clear-groups"
    $as cat open || exit 9
    $as cat "$1" 2>/dev/null && echo read
    $as ls "${1%/*}" 2>/dev/null && echo listed
    $as test -e "$1" && echo seen
    $as sh -c ': >>"$1"' sh "$1" 2>/dev/null && echo written
    true"#;

#[test]
fn nobody_else_can_reach_what_is_staged() {
    needs!(root, setpriv);
    let scene = Scene::with_old();
    scene.chmod("", 0o777);
    scene.write("open", "opened\n");
    scene.chmod("f", 0o666);
    let output = run(&scene, &[], &format!("umask 0; echo secret >\"$1\"; {LOOKS}"));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stdout(&output), "opened\n");
    // While a validator looks, too.
    for args in [&["f"][..], &["-I", "{}", "f", "--", "cp", "open", "{}"], &["new"]] {
        let output = scene.cmd().args(["--validate", LOOKS]).args(args).write_stdin("secret").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "opened\n", "{args:?}");
    }
}

/// The program, with a shell script for COMMAND or for a validator, which says when it runs and sleeps.
fn start(scene: &Scene, args: &[&str], script: &str) -> Child {
    let mut ready = Fifo::new(scene, "ready");
    let script =
        format!("echo more >\"${{1%/*}}/beside\"; mkdir \"${{1%/*}}/d\"; {script}; echo ready >ready; exec sleep 100");
    let words: Vec<&str> = args.iter().map(|&word| if word == "SCRIPT" { script.as_str() } else { word }).collect();
    let mut process = scene.process();
    process.args(words).process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    let child = process.spawn().unwrap();
    assert_eq!(ready.line(), "ready");
    std::fs::remove_file(scene.path("ready")).unwrap();
    child
}

const COMMAND: &[&str] = &["-I", "{}", "f", "--", "sh", "-c", "SCRIPT", "sh", "{}"];
const EDIT: &[&str] = &["-e", "--lock", "-b", "-I", "{}", "f", "--", "sh", "-c", "SCRIPT", "sh", "{}"];
const VALIDATOR: &[&str] = &["--validate", "SCRIPT", "f"];
const BOTH: &[&str] = &["--validate", "SCRIPT", "-I", "{}", "f", "--", "cp", "f", "{}"];

#[test]
fn a_signal_leaves_nothing_and_ends_us() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGUSR2, Signal::SIGALRM] {
        for args in [COMMAND, EDIT, VALIDATOR, BOTH] {
            let scene = Scene::with_old();
            let mut child = start(&scene, args, "ulimit -c 0");
            kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
            assert_eq!(end_of(&mut child).signal(), Some(signal as i32), "{args:?}");
            scene.has_only("f", "old");
        }
    }
}

#[test]
fn a_signal_leaves_nothing_of_a_new_target_and_its_parents() {
    for args in [
        &["-D", "-I", "{}", "a/b/f", "--", "sh", "-c", "SCRIPT", "sh", "{}"][..],
        &["-D", "--validate", "SCRIPT", "a/b/f"],
    ] {
        let scene = Scene::new();
        let mut child = start(&scene, args, ":");
        kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
        assert_eq!(end_of(&mut child).signal(), Some(15), "{args:?}");
        assert_eq!(scene.names(), [""; 0], "{args:?}");
    }
}

/// What cannot be caught leaves what a later look recognises, and TARGET as it was.
#[test]
fn after_a_kill_only_the_private_directory_is_left() {
    for args in [COMMAND, EDIT, VALIDATOR, BOTH] {
        let scene = Scene::with_old();
        let inode = scene.inode("f");
        let mut child = start(&scene, args, "echo $$ >\"${1%/*}/id\"");
        child.kill().unwrap();
        child.wait().unwrap();
        let names = scene.names();
        assert!(names.len() == 2 && names[0].starts_with(".aw-") && names[1] == "f", "{names:?}");
        assert_eq!((scene.text("f").as_str(), scene.inode("f"), scene.mode(&names[0])), ("old", inode, 0o700));
        let id: i32 = scene.text(format!("{}/id", names[0])).trim().parse().unwrap();
        kill(Pid::from_raw(id), Signal::SIGKILL).unwrap();
        assert!(names_in(&scene.path(&names[0])).contains(&"beside".to_owned()));
    }
}

#[test]
fn a_failure_or_a_refusal_leaves_nothing() {
    let scene = Scene::with_old();
    let others = r#"echo new >"$1"; mkdir "$1.d"; echo x >"$1.d/x"; ln -s / "$1.l"; mkfifo "$1.p""#;
    for (options, more, code) in [
        (&[][..], "exit 1", 1),
        (&[], "kill -9 $$", 137),
        (&[], "rm \"$1\"", 123),
        (&["--validate", "exit 1"], "true", 123),
        (&["--validate", "exit 127"], "true", 125),
        (&["--if-match", crate::portable::guards::target::OLD], "echo other >f", 123),
    ] {
        scene.write("f", "old");
        let output = run(&scene, options, &format!("{others}; {more}"));
        assert_eq!(output.status.code(), Some(code), "{more}: {output:?}");
        assert_eq!(scene.names(), ["f"], "{more}");
    }
    // Links that were left are removed, not followed.
    assert!(std::path::Path::new("/bin").exists());
}

/// Both the file and its directory are to be removed.
#[test]
fn what_cannot_be_removed_is_told_once() {
    needs!(root, chattr, "mkfs.ext4");
    let disk = Disk::new("ext4", 16, "");
    let script = r#"echo new >"$1"; chattr +i "$1""#;
    let output = disk.cmd().args(["-I", "{}", "f", "--", "sh", "-c", script, "-", "{}"]).output().unwrap();
    tool("chattr", &["-R", "-i", disk.root().to_str().unwrap()]);
    let text = stderr(&output);
    assert_eq!((output.status.code(), text.matches("is left behind").count()), (Some(0), 1), "{text}");
    assert_eq!((text.lines().count(), disk.text("f").as_str()), (1, "new\n"), "{text}");
}

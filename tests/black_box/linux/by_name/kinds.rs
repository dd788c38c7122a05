//! What can be at the path, as only Linux has it; and who still has it open.
//!
//! Rows: 95, 99.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use super::run;
use crate::common::events::Fifo;
use crate::common::needs::needs;
use crate::common::{Scene, stderr};

#[test]
fn a_fifo_a_socket_or_a_device_is_refused_and_not_opened() {
    let scene = Scene::with_old();
    let socket =
        r#"perl -MIO::Socket::UNIX -e 'chdir $ARGV[0]; IO::Socket::UNIX->new(Local => "f", Listen => 1)' "${1%/*}""#;
    for script in [r#"mkfifo "$1""#, socket, r#"mknod "$1" c 1 3"#] {
        if script == socket {
            needs!(perl);
        }
        if script.starts_with("mknod") {
            needs!(root);
        }
        let output = run(&scene, &[], script);
        assert_eq!(output.status.code(), Some(123), "{script}: {output:?}");
        let words = "f: replace: the command left something that is no regular file (unchanged)\n";
        assert!(stderr(&output).contains(words), "{output:?}");
        scene.has_only("f", "old");
    }
}

/// The user's own command may forbid the user to read its file.
#[test]
fn an_unreadable_file_is_taken_with_its_mode() {
    let scene = Scene::new();
    for mode in ["000", "200", "111"] {
        let script = format!("echo new >\"$1\"; chmod {mode} \"$1\"");
        let words = ["-I", "{}", "f", "--", "sh", "-c", &script, "sh", "{}"];
        let output = scene.ordinary().args(words).output().unwrap();
        assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
        assert_eq!(scene.mode("f"), u32::from_str_radix(mode, 8).unwrap());
        scene.chmod("f", 0o600);
        scene.has_only("f", "new\n");
        // An existing one keeps its own.
        let output = scene.ordinary().args(words).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!((scene.mode("f"), scene.text("f").as_str()), (0o600, "new\n"));
        std::fs::remove_file(scene.path("f")).unwrap();
    }
}

#[test]
fn a_cached_file_keeps_inode_and_mode_and_gives_them_to_nobody() {
    let scene = Scene::with_old();
    scene.chmod("f", 0o640);
    scene.write("cache", "cached");
    scene.chmod("cache", 0o444);
    let before = std::fs::metadata(scene.path("cache")).unwrap();
    for target in ["f", "new"] {
        let output = scene.cmd().args(["-I", "{}", target, "--", "ln", "cache", "{}"]).output().unwrap();
        assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
        let (after, made) =
            (std::fs::metadata(scene.path("cache")).unwrap(), std::fs::metadata(scene.path(target)).unwrap());
        assert_eq!((after.ino(), after.nlink(), after.mode()), (before.ino(), 1, before.mode()));
        assert_ne!(made.ino(), before.ino());
        assert_eq!((made.nlink(), made.mtime() > 0, scene.text(target).as_str()), (1, true, "cached"));
        assert_eq!(scene.mode(target), if target == "f" { 0o640 } else { 0o444 });
    }
    assert_eq!(scene.names(), ["cache", "f", "new"]);
}

#[test]
fn a_process_that_still_writes_is_told_of() {
    let scene = Scene::with_old();
    let (mut ready, mut go) = (Fifo::new(&scene, "ready"), Fifo::new(&scene, "go"));
    let keeps = "exec 8>>\"$1\"; echo ready >ready; read line <go";
    let script = format!("echo new >\"$1\"; {{ {keeps}; }} </dev/null >/dev/null 2>&1 & read line <ready");
    let output = run(&scene, &[], &script);
    go.send();
    assert!(output.status.success(), "{output:?}");
    let words = stderr(&output);
    let (process, rest) = words.split_once(" (sh) ").unwrap_or_else(|| panic!("{words}"));
    assert!(process.starts_with("atomic-write: f: warning: process "), "{words}");
    assert_eq!(rest, "still has the file open for writing\n");
    assert_eq!(scene.text("f"), "new\n");
    drop(ready);
    // One that reads it is no danger.
    ready = Fifo::new(&scene, "readers");
    let script = script.replace("8>>", "8<").replace(">ready", ">readers").replace("<ready", "<readers");
    let output = run(&scene, &[], &script);
    go.send();
    assert!(output.status.success() && stderr(&output).is_empty(), "{output:?}");
    drop(ready);
}

#[test]
fn a_name_of_any_bytes_is_the_last_component() {
    let scene = Scene::new();
    let names: [&[u8]; 4] = [b"\xff\xfe.c", b"\xc3\x28", b" \n ", &[b'\xe4'; 255]];
    for name in names {
        let name = std::ffi::OsStr::from_bytes(name);
        let mut command = scene.cmd();
        command.args(["-I", "{}"]).arg(name).args(["--", "sh", "-c", r#"printf %s "${1##*/}" >"$1""#, "sh", "{}"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(scene.read(name), name.as_bytes());
    }
    assert_eq!(scene.names().len(), names.len());
}

/// As in `cp --sparse`: the file itself becomes TARGET.
#[test]
fn holes_and_inode_are_those_of_the_written_file() {
    needs!(holes);
    let scene = Scene::with_old();
    let output = run(&scene, &[], r#"truncate -s 16M "$1"; stat -c %i "$1" >inode"#);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(scene.inode("f").to_string(), scene.text("inode").trim());
    let stat = std::fs::metadata(scene.path("f")).unwrap();
    assert!(stat.len() == 16 << 20 && stat.blocks() < 2048, "{stat:?}");
}

//! `--if-changed` where the content is the same: TARGET and its directory are as if nobody had been there.
//!
//! Rows: 18.

use std::fs;
use std::io::{Seek, SeekFrom};
use std::process::Stdio;

use crate::common::needs::{lacks, needs};
use crate::common::system::traces;
use crate::common::{Scene, does, write_until_read};

/// Asserts that a run with these options leaves `f`, of this content, alone.
fn leaves_alone(options: &[&str], content: &[u8], stdin: &[u8]) {
    let scene = Scene::new();
    scene.write("f", content);
    scene.write("same", content);
    // Old enough that a relative access time would be renewed.
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let times = fs::FileTimes::new().set_accessed(old).set_modified(old);
    fs::File::options().write(true).open(scene.path("f")).unwrap().set_times(times).unwrap();
    let (file, directory) = (traces(&scene.path("f")), traces(scene.root()));
    let command = match options {
        [.., "--edit", "f", "--"] => does(&["copy"]),
        [.., "--"] => does(&["cat same"]),
        _ => Vec::new(),
    };
    scene.cmd().args(options).args(command).write_stdin(stdin).assert().success().stdout("").stderr("");
    let mut traced = (traces(&scene.path("f")), file);
    if lacks!(quiet_reads) {
        traced = (traced.0.without_access(), traced.1.without_access());
    }
    assert_eq!(traced.0, traced.1, "{options:?}");
    let has_lock = options.iter().any(|option| matches!(*option, "--lock" | "--edit" | "--append"));
    if !has_lock || !lacks!(locks_without_names) {
        // Our own listing of the directory is what reads it.
        assert_eq!(traces(scene.root()).without_access(), directory.without_access(), "{options:?}");
    }
    assert_eq!(scene.names(), ["f", "same"]);
    assert!(scene.read("f") == content);
}

#[test]
fn identical_content_leaves_everything_alone_wherever_it_comes_from() {
    for content in [&b"old"[..], &vec![b'x'; 1_000_000], &vec![0; 256 * 1024], b"\n"] {
        leaves_alone(&["-C", "f"], content, content);
        leaves_alone(&["--if-changed", "f", "--from", "same"], content, b"");
        leaves_alone(&["-C", "--from", "-", "f"], content, content);
        leaves_alone(&["-C", "f", "--"], content, b"");
        leaves_alone(&["-C", "--edit", "f", "--"], content, b"");
        if cfg!(unix) {
            // Elsewhere the lock is a file beside TARGET.
            leaves_alone(&["-C", "--lock", "-b", "-D", "f"], content, content);
        }
        if !lacks!(permissions) {
            leaves_alone(&["-C", "-m", "644", "--sync", "none", "f"], content, content);
        }
        leaves_alone(&["-C", "--append", "f"], content, b"");
    }
    leaves_alone(&["-C", "f"], b"", b"");
}

#[test]
fn a_file_as_standard_input_is_compared_from_where_it_stands() {
    let scene = Scene::with_old();
    scene.write("in", "skipped\nold");
    let inode = scene.inode("f");
    let mut file = scene.open("in");
    file.seek(SeekFrom::Start(8)).unwrap();
    assert!(scene.with_stdin(&["-C", "f"], file).status.success());
    assert_eq!(scene.inode("f"), inode);
    assert!(scene.with_stdin(&["-C", "f"], scene.open("f")).status.success());
    assert_eq!((scene.inode("f"), scene.text("f")), (inode, "old".to_owned()));
}

#[test]
fn a_command_that_fails_or_writes_nothing_is_no_identical_content() {
    let scene = Scene::new();
    scene.write("f", "");
    scene.cmd().args(["-C", "f", "--"]).args(does(&[])).assert().code(123);
    scene.cmd().args(["-C", "--allow-empty", "f", "--"]).args(does(&[])).assert().success();
    scene.write("f", "old");
    scene.cmd().args(["-C", "f", "--"]).args(does(&["print old", "exit 9"])).assert().code(9);
}

#[test]
fn another_mode_is_a_change() {
    needs!(permissions);
    let scene = Scene::new();
    let content = vec![b'x'; 700_000];
    for options in [&["-C"][..], &["-C", "--append"]] {
        scene.write("f", &content);
        scene.chmod("f", 0o644);
        let inode = scene.inode("f");
        let input = if options.contains(&"--append") { Vec::new() } else { content.clone() };
        let run = |mode| {
            let args = ["--report", "-m", mode, "f"];
            scene.cmd().args(options).args(args).write_stdin(input.clone()).assert().success()
        };
        run("600").stdout("replaced\n");
        assert_eq!(scene.mode("f"), 0o600);
        assert_ne!(scene.inode("f"), inode);
        assert!(scene.read("f") == content);
        run("600").stdout("unchanged\n");
    }
}

#[test]
fn a_link_leads_to_what_is_compared() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.write("file", "old");
    scene.symlink("file", "f");
    let inode = scene.inode("file");
    scene.cmd().args(["-C", "f"]).write_stdin("old").assert().success();
    assert_eq!(scene.inode("file"), inode);
    // The link itself has no content: it is replaced.
    scene.cmd().args(["-C", "-P", "--report", "f"]).write_stdin("old").assert().success().stdout("replaced\n");
    assert!(!scene.path("f").is_symlink());
}

/// Row 26: exit 0 says that TARGET has the content, so the name is looked at again in the end.
#[test]
fn a_target_replaced_or_removed_meanwhile_gets_the_content_it_had() {
    needs!(open_files_give_way);
    let scene = Scene::new();
    for (options, removed) in [(&["-C"][..], true), (&["-C"], false), (&["-C", "-m", "640"], true)] {
        if options.contains(&"-m") && lacks!(permissions) {
            continue;
        }
        let content = vec![b'x'; (64 << 10) + 1];
        scene.write("f", &content);
        scene.chmod("f", 0o640);
        scene.write("other", "other");
        let mut command = scene.process();
        command.args(options).args(["--report", "f"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The old content is open by now.
        assert!(write_until_read(child.stdin.as_mut().unwrap()) == content);
        if removed {
            fs::remove_file(scene.path("f")).unwrap();
        } else {
            fs::rename(scene.path("other"), scene.path("f")).unwrap();
        }
        drop(child.stdin.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_ne!(output.stdout, b"unchanged\n");
        assert!(scene.read("f") == content, "{options:?}");
    }
}

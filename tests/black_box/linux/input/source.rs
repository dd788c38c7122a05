//! `--from` in all its kinds, and standard input that is a file.
//!
//! Rows: none.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, mkfifoat};

use crate::common::{Scene, is_root};

/// Asserts that `--from source` fails before anything else happens, with these words.
fn fails(scene: &Scene, source: &str, words: &str) {
    let before = scene.names();
    let line = format!("atomic-write: f: open: {words} (unchanged)\n");
    scene.cmd().args(["--from", source, "f"]).assert().code(1).stdout("").stderr(line);
    assert_eq!(scene.names(), before);
}

#[test]
fn a_source_that_cannot_be_read_is_told_early() {
    let scene = Scene::new();
    scene.mkdir("d");
    scene.symlinks(&[("loop", "loop"), ("missing", "dangling")]);
    fails(&scene, "missing", "missing: No such file or directory");
    fails(&scene, "dangling", "dangling: No such file or directory");
    fails(&scene, "", "'': No such file or directory");
    fails(&scene, "d", "d: Is a directory");
    fails(&scene, "loop", "loop: Too many symbolic links encountered");
    if !is_root() {
        scene.write("secret", "content");
        scene.chmod("secret", 0);
        fails(&scene, "secret", "secret: Permission denied");
    }
    let beside = tempfile::tempdir().unwrap();
    let socket = beside.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let socket = socket.to_str().unwrap();
    fails(&scene, socket, &format!("{socket}: No such device or address"));
}

/// Its writer may come later, as for `cat fifo`: no writer yet is not the end of the input.
#[test]
fn a_fifo_is_waited_for() {
    let scene = Scene::new();
    let fifo = scene.path("fifo");
    mkfifoat(CWD, &fifo, Mode::from_raw_mode(0o600)).unwrap();
    let mut child = scene.process().args(["--from", "fifo", "f"]).spawn().unwrap();
    asleep_over(child.id(), &fifo);
    // Fails, and does not wait, where nobody reads any more.
    let flags = OFlags::WRONLY.union(OFlags::NONBLOCK).bits();
    let mut writer = OpenOptions::new().write(true).custom_flags(i32::try_from(flags).unwrap()).open(&fifo).unwrap();
    writer.write_all(b"content").unwrap();
    drop(writer);
    assert!(child.wait().unwrap().success());
    assert_eq!(scene.text("f"), "content");
}

/// Waits until the process sleeps and has this file open, or has ended.
fn asleep_over(id: u32, file: &Path) {
    for _ in 0..6000 {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        let mut descriptors = std::fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
        let open = descriptors.any(|entry| std::fs::read_link(entry.path()).is_ok_and(|path| path == file));
        if state == Some('Z') || (state == Some('S') && open) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it neither sleeps nor ends");
}

/// A pipe, a device and a file of /proc tell no size, and lend no mode.
#[test]
fn what_is_no_regular_file_gives_its_content_only() {
    let scene = Scene::new();
    scene.sh("mkfifo -m 600 fifo");
    let script = r#"umask 022
        { printf fifo >fifo & "$AW" piped --from fifo; wait; }
        "$AW" empty --from /dev/null
        printf stdin | "$AW" stdin --from /dev/stdin
        printf numbered | "$AW" numbered --from /dev/fd/0"#;
    let output = scene.sh(script);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    for (name, content) in [("piped", "fifo"), ("empty", ""), ("stdin", "stdin"), ("numbered", "numbered")] {
        assert_eq!((scene.text(name).as_str(), scene.mode(name)), (content, 0o644), "{name}");
    }
}

/// Its size is 0 and its content is not.
#[test]
fn a_file_of_proc_has_content() {
    let scene = Scene::new();
    let expected = std::fs::read_to_string("/proc/filesystems").unwrap();
    // The last has the mode of its source, which is nobody's to write.
    for script in [
        r#""$AW" f </proc/filesystems"#,
        r#""$AW" -C f </proc/filesystems"#,
        r#"rm f; "$AW" f --from /proc/filesystems"#,
    ] {
        assert!(scene.sh(script).status.success());
        assert_eq!(scene.text("f"), expected, "{script}");
    }
}

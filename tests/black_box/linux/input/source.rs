//! `--from` in all its kinds, and standard input that is a file.
//!
//! Rows: none.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, mkfifoat};

use super::NO_SHARING;
use crate::common::needs::needs;
use crate::common::strace::{Strace, look};
use crate::common::{Scene, is_root, stderr, stdout};
use crate::portable::input::{bytes, sha256};

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

/// Its size is a page and its content is shorter.
#[test]
fn a_file_of_sysfs_ends_before_its_size() {
    let setting = "/sys/class/net/lo/mtu";
    let expected = std::fs::read_to_string(setting).unwrap();
    assert!((expected.len() as u64) < std::fs::metadata(setting).unwrap().len());
    let checksum = sha256(expected.as_bytes());
    let checked = format!("--checksum {checksum} --from {setting} f");
    for way in [
        &format!("--from {setting} f"),
        &format!("f <{setting}"),
        &checked,
        &format!("--preserve-timestamps --from {setting} f"),
        &format!("--in-place --from {setting} f"),
        &format!("-t . {setting}; mv mtu f"),
    ] {
        for old in ["printf other >f", "printf '%09999d' 0 >f", "rm -f f"] {
            let scene = Scene::new();
            let output = scene.sh(&format!("{old}; \"$AW\" {way}"));
            assert!(output.status.success() && output.stderr.is_empty(), "{way}: {output:?}");
            assert_eq!(scene.text("f"), expected, "{way}");
        }
        let scene = Scene::new();
        scene.write("f", &expected);
        let output = scene.sh(&format!("\"$AW\" -C --report {}", way.trim_end_matches("; mv mtu f")));
        let word = if way.starts_with("-t") { "created mtu\n" } else { "unchanged\n" };
        assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), (word, ""), "{way}");
    }
    let scene = Scene::with_old();
    scene.cmd().args(["-a", "--from", setting, "f"]).assert().success().stderr("");
    assert_eq!(scene.text("f"), format!("old{expected}"));
}

/// Too large to be read at once, as where a page has 64 KiB: the kernel copies it, or this program.
#[test]
fn a_large_file_may_end_before_its_size_if_nothing_has_changed() {
    needs!(strace);
    let content = bytes(50_000);
    let checksum = sha256(&content);
    for (options, changes) in [(&[][..], false), (&["--checksum", &checksum], false), (&[], true)] {
        let scene = Scene::with_old();
        scene.write("src", &content);
        // As if it had nothing in it.
        let args = [options, &["--from", "src", "f"]].concat();
        let strace = || Strace::new(&scene, &args).inject(NO_SHARING).inject("copy_file_range:error=ENOSYS");
        let recorded = strace().run().calls;
        scene.write("f", "old");
        let end = format!("pread64:retval=0:when={}+", recorded.when(recorded.at("pread64", &["/src>"])));
        let strace = || strace().inject(&end);
        let traced = if changes {
            let stopped = strace().stopped_after("lseek:when=1");
            OpenOptions::new().write(true).open(scene.path("src")).unwrap().set_len(10).unwrap();
            stopped.resume()
        } else {
            strace().run()
        };
        let text = stderr(&traced.output);
        if changes {
            assert_eq!(text, "atomic-write: f: read: src: changed while it was read (unchanged)\n");
            assert_eq!(scene.text("f"), "old");
        } else if options.is_empty() {
            assert_eq!((traced.output.status.code(), scene.text("f").as_str(), text.as_str()), (Some(0), "", ""));
        } else {
            assert_eq!((traced.output.status.code(), scene.text("f").as_str()), (Some(3), "old"), "{text}");
            assert!(text.contains("(0 bytes)"), "{text}");
        }
    }
}

/// What was read by then is not the whole of any of its states.
#[test]
fn a_small_file_that_is_cut_on_standard_input_is_an_error() {
    needs!(strace);
    for options in [&[][..], &["-C"], &["-a"], &["--sync", "none"]] {
        let scene = Scene::with_old();
        scene.write("src", bytes(10_000));
        let args = [options, &["f"]].concat();
        let strace = || Strace::new(&scene, &args).by(&["sh", "-c", "exec \"$@\" <src", "sh"]);
        let opened = strace().run().calls;
        let looked = opened.0.iter().position(|call| call.name == look() && call.args.contains("/src>")).unwrap();
        let stop = format!("{}:when={}", look(), opened.when(looked));
        scene.write("f", "old");
        let stopped = strace().stopped_after(&stop);
        OpenOptions::new().write(true).open(scene.path("src")).unwrap().set_len(10).unwrap();
        let traced = stopped.resume();
        let words = "atomic-write: f: read: standard input: changed while it was read (unchanged)\n";
        assert_eq!((stderr(&traced.output).as_str(), scene.text("f").as_str()), (words, "old"), "{options:?}");
    }
}

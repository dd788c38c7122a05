//! A rename that cannot succeed is found before the first byte is read, with nothing touched.
//!
//! Rows: 20, 21, 22.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::process::{Output, Stdio};

use crate::common::needs::needs;
use crate::common::strace::{Strace, plain_calls};
use crate::common::{Disk, Mounted, Scene, as_user, names_in, program, skip, stderr, tool};

/// Runs it with a file on its standard input, as the user that `launcher` makes it; nothing of that may be read.
fn unread(scene: &Scene, launcher: &[&str], args: &[&str]) -> Output {
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(b"new").unwrap();
    input.rewind().unwrap();
    let words = [launcher, &[program().to_str().unwrap()], args].concat();
    let stdin = Stdio::from(input.try_clone().unwrap());
    let output = scene.other(words[0]).args(&words[1..]).stdin(stdin).output().unwrap();
    assert_eq!(input.stream_position().unwrap(), 0, "input was read: {}", stderr(&output));
    output
}

/// Refused with this line, unread; COMMAND is not started either.
fn refused(scene: &Scene, launcher: &[&str], target: &str, says: &str) {
    let output = unread(scene, launcher, &[target]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(stderr(&output), format!("atomic-write: {target}: {says}"));
    let output = unread(scene, launcher, &[target, "--", "sh", "-c", "echo started >&2"]);
    assert_eq!(output.status.code(), Some(125), "{}", stderr(&output));
    assert_eq!(stderr(&output), format!("atomic-write: {target}: {says}"));
}

/// An ext4 file system, whose files take every attribute.
struct Attributes {
    scene: Disk,
}

impl Attributes {
    fn new() -> Self {
        let scene = Disk::new("ext4", 8, "");
        scene.write("f", "old");
        Attributes { scene }
    }

    fn chattr(&self, change: &str, name: &str) {
        tool("chattr", &[change, self.scene.path(name).to_str().unwrap()]);
    }
}

// Row 20.
#[test]
fn the_staging_file_is_beside_the_final_file_wherever_that_is() {
    needs!(strace);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/f", "old");
    scene.symlink("d/f", "link");
    let temporary = format!("TMPDIR={}", scene.root().display());
    for target in ["d/f", "link"] {
        let run = Strace::new(&scene, &[target]).input("new").by(&["env", &temporary]).run();
        assert_eq!(run.output.status.code(), Some(0), "{run:?}");
        let staged = run.calls.one("openat", &["O_TMPFILE"]);
        assert!(staged.args.contains(&format!("<{}>", scene.path("d").display())), "{staged:?}");
    }
    assert_eq!((scene.text("d/f").as_str(), scene.names()), ("new", vec!["d".to_owned(), "link".to_owned()]));
}

// Row 20: a refusal to rename is never an occasion to copy.
#[test]
fn a_rename_that_the_kernel_refuses_copies_nothing_over_target() {
    needs!(strace);
    for (errno, words) in [("EXDEV", "Cross-device link"), ("EBUSY", "Device or resource busy")] {
        let scene = Scene::with_old();
        let state = || {
            let stat = fs::metadata(scene.path("f")).unwrap();
            (stat.ino(), stat.mtime_nsec(), stat.ctime_nsec())
        };
        let before = state();
        let run = Strace::new(&scene, &["f"]).input("new").inject(format!("renameat:error={errno}")).run();
        assert_eq!(run.output.status.code(), Some(1), "{run:?}");
        let hint = "hint: --allow-in-place overwrites it (not atomic)\n";
        assert_eq!(stderr(&run.output), format!("atomic-write: f: rename: {words} (unchanged)\n{hint}"));
        assert_eq!(state(), before);
        scene.has_only("f", "old");
    }
}

// Row 20.
#[test]
fn a_symlink_onto_another_file_system_is_replaced_over_there() {
    needs!(root);
    let scene = Scene::new();
    let memory = Mounted::with(&scene, "memory", &["-t", "tmpfs", "none"]);
    scene.symlink("memory/f", "link");
    scene.cmd().arg("link").write_stdin("new").assert().success().stderr("");
    assert_eq!(fs::read(memory.path().join("f")).unwrap(), b"new");
    assert_eq!(names_in(memory.path()), ["f"]);
}

// Row 21.
#[test]
fn a_mount_point_is_refused_before_anything_is_read() {
    needs!(root);
    let scene = Scene::new();
    // The same file system: only the attribute tells.
    let inside = scene.write("inside", "old");
    let target = scene.write("f", "");
    let mounted = Mounted::bind(&inside, &target);
    let says = "replace: is a mount point (unchanged)\n\
                hint: mount its directory instead, or --allow-in-place (not atomic)\n";
    refused(&scene, &[], "f", says);
    drop(mounted);
    assert_eq!((scene.text("inside").as_str(), scene.names()), ("old", vec!["f".to_owned(), "inside".to_owned()]));
}

// Row 22.
#[test]
fn an_immutable_or_append_only_file_is_refused_before_anything_is_read() {
    needs!(root, chattr, "mkfs.ext4");
    let ext4 = Attributes::new();
    for (attribute, says) in [
        ("i", "replace: is immutable (unchanged)\nhint: chattr -i removes the attribute\n"),
        ("a", "replace: is append-only (unchanged)\nhint: chattr -a removes the attribute\n"),
    ] {
        ext4.chattr(&format!("+{attribute}"), "f");
        refused(&ext4.scene, &[], "f", says);
        ext4.chattr(&format!("-{attribute}"), "f");
        ext4.scene.has_only("f", "old");
    }
}

// Row 22.
#[test]
fn no_option_goes_round_an_immutable_file() {
    needs!(root, chattr, "mkfs.ext4");
    let ext4 = Attributes::new();
    ext4.chattr("+i", "f");
    for option in ["--allow-in-place", "--force"] {
        let output = unread(&ext4.scene, &[], &[option, "f"]);
        assert_eq!(output.status.code(), Some(1), "{option}");
        assert!(stderr(&output).contains("is immutable (unchanged)"), "{option}");
    }
    ext4.chattr("-i", "f");
    assert_eq!(ext4.scene.text("f"), "old");
}

// Row 22: there link works, rename and unlink do not.
#[test]
fn an_append_only_directory_takes_new_files_and_keeps_its_old_ones() {
    needs!(root, chattr, "mkfs.ext4");
    let ext4 = Attributes::new();
    let Attributes { scene, .. } = &ext4;
    scene.mkdir("d");
    scene.write("d/f", "old");
    ext4.chattr("+a", "d");
    let says = "replace: directory d/ is append-only (unchanged)\n\
                hint: --allow-in-place overwrites it (not atomic)\n";
    refused(scene, &[], "d/f", says);
    scene.cmd().arg("d/new").write_stdin("new").assert().success().stderr("");
    assert_eq!((scene.text("d/f").as_str(), scene.text("d/new").as_str()), ("old", "new"));
    // The copy that must be safe first goes where its name can be removed.
    scene.cmd().args(["--allow-in-place", "d/f"]).write_stdin("other").assert().success();
    ext4.chattr("-a", "d");
    assert_eq!(names_in(&scene.path("d")), ["f", "new"]);
    assert_eq!(scene.text("d/f"), "other");
}

// Row 22.
#[test]
fn an_immutable_directory_is_refused_for_old_and_new() {
    needs!(root, chattr, "mkfs.ext4");
    let ext4 = Attributes::new();
    ext4.scene.mkdir("d");
    ext4.scene.write("d/f", "old");
    ext4.chattr("+i", "d");
    let hint = "hint: --allow-in-place overwrites it (not atomic)\n";
    for (target, hint) in [("d/f", hint), ("d/new", "")] {
        refused(&ext4.scene, &[], target, &format!("replace: directory d/ is immutable (unchanged)\n{hint}"));
    }
    ext4.chattr("-i", "d");
    assert_eq!(names_in(&ext4.scene.path("d")), ["f"]);
}

// Row 22.
#[test]
fn anothers_file_in_a_sticky_directory_is_refused_before_reading() {
    needs!(root, setpriv);
    let scene = Scene::new();
    scene.mkdir("d");
    for name in ["d/theirs", "d/mine"] {
        scene.write(name, "old");
        scene.chmod(name, 0o666);
    }
    scene.give_to_user("d/mine");
    scene.chmod("d", 0o1777);
    let says = "replace: is another user's file in sticky directory d/ (unchanged)\n\
                hint: --allow-in-place overwrites it (not atomic)\n";
    refused(&scene, as_user(), "d/theirs", says);
    let own = unread(&scene, as_user(), &["d/mine", "--", "printf", "new"]);
    assert_eq!(own.status.code(), Some(0), "{}", stderr(&own));
    scene.cmd().arg("d/theirs").write_stdin("new").assert().success();
    assert_eq!((scene.text("d/mine").as_str(), scene.text("d/theirs").as_str()), ("new", "new"));
    assert_eq!(names_in(&scene.path("d")), ["mine", "theirs"]);
}

/// A swap file in use.
struct Swap<'a>(&'a str);

impl Drop for Swap<'_> {
    fn drop(&mut self) {
        tool("swapoff", &[self.0]);
    }
}

// Row 22.
#[test]
fn a_swap_file_is_refused_before_anything_is_read() {
    needs!(root, mkswap, swapon);
    let scene = Disk::new("ext4", 8, "");
    // A blank in the path is escaped in /proc/swaps.
    let target = scene.write("a b", vec![0; 1 << 20]);
    scene.chmod("a b", 0o600);
    let path = target.to_str().unwrap();
    tool("mkswap", &[path]);
    if !scene.other("swapon").arg(path).output().unwrap().status.success() {
        return skip("swapon(8) is not permitted");
    }
    let swap = Swap(path);
    refused(&scene, &[], "a b", "replace: is in use as a swap file (unchanged)\nhint: swapoff releases it\n");
    drop(swap);
    assert_eq!(scene.names(), ["a b"]);
    scene.cmd().arg("a b").write_stdin("new").assert().success().stderr("");
    drop(scene);
}

// Row 22: what is found early is found by looking.
#[test]
fn nothing_is_opened_for_writing_or_removed_to_find_out() {
    needs!(strace);
    let calls = plain_calls();
    let staged = calls.at("openat", &["O_TMPFILE"]);
    for call in &calls.0[..staged] {
        let opens = call.name.starts_with("open") && !call.args.contains("O_RDONLY");
        let changes = ["unlink", "rmdir", "rename", "mkdir", "link"].iter().any(|name| call.name.starts_with(name));
        assert!(!opens && !changes, "{call:?}");
    }
    assert!(!calls.0.iter().any(|call| call.is("openat", &["\"f\""]) && !call.args.contains("O_PATH")));
}

// Promise 6.
#[test]
fn a_read_only_file_system_is_refused_before_anything_is_read() {
    needs!(root);
    let scene = Scene::new();
    let memory = Mounted::with(&scene, "d", &["-t", "tmpfs", "none"]);
    File::create(memory.path().join("f")).unwrap();
    tool("mount", &["-o", "remount,ro", memory.path().to_str().unwrap()]);
    refused(&scene, &[], "d/f", "replace: Read-only file system (unchanged)\n");
    refused(&scene, &[], "d/new", "replace: directory d/: Read-only file system (unchanged)\n");
}

// The hint names nothing that would be a usage error.
#[test]
fn no_overwrite_is_offered_where_it_contradicts_another_option() {
    needs!(root);
    let scene = Scene::with_old();
    let _bound = Mounted::bind(&scene.path("f"), &scene.path("f"));
    for (option, or) in [("--backup", ", or --in-place (not atomic)"), ("--no-dereference", "")] {
        let output = unread(&scene, &[], &[option, "f"]);
        let says = "atomic-write: f: replace: is a mount point (unchanged)\nhint: mount its directory instead";
        assert_eq!(stderr(&output), format!("{says}{or}\n"));
    }
}

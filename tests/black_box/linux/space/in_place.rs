//! `--allow-in-place` overwrites only what cannot be renamed over, and only when a complete copy is safe.
//!
//! Rows: 19, 87.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::common::needs::needs;
use crate::common::strace::{Strace, Traced};
use crate::common::{Mounted, Scene, as_user, names_in, stderr, tool};

/// More than is written at once.
const LARGE: usize = 600_000;

/// A file in a directory that its owner may not write, and a directory on a disk for the copy.
pub(super) struct Stuck {
    pub(super) scene: Scene,
    /// Where the copy goes: not the scene, which may lie in memory.
    pub(super) elsewhere: Scene,
}

impl Stuck {
    pub(super) fn new() -> Self {
        let scene = Scene::new();
        scene.mkdir("d");
        scene.write("d/f", "old");
        for name in ["d/f", "d"] {
            scene.give_to_user(name);
        }
        scene.chmod("d/f", 0o640);
        scene.chmod("d", 0o555);
        let elsewhere = Scene::on("/var/tmp".as_ref());
        elsewhere.give_to_user("");
        Stuck { scene, elsewhere }
    }

    pub(super) fn run(&self, args: &[&str], input: impl AsRef<[u8]>, injections: &[&str]) -> Traced {
        let temporary = format!("TMPDIR={}", self.elsewhere.root().display());
        let mut strace = Strace::new(&self.scene, args).input(input).by(as_user()).by(&["env", &temporary]);
        for &injection in injections {
            strace = strace.inject(injection);
        }
        let run = strace.run();
        self.scene.chmod("d", 0o755);
        run
    }

    pub(super) fn copies(&self) -> Vec<PathBuf> {
        let names = names_in(self.elsewhere.root());
        names.iter().map(|name| self.elsewhere.path(name)).collect()
    }

    pub(super) fn target(&self) -> Vec<u8> {
        self.scene.read("d/f")
    }
}

pub(super) const ALLOWED: [&str; 2] = ["--allow-in-place", "d/f"];

#[test]
fn without_it_the_error_names_the_obstacle_and_the_option() {
    needs!(strace);
    let stuck = Stuck::new();
    let run = stuck.run(&["d/f"], "new", &[]);
    assert_eq!(run.output.status.code(), Some(1));
    let says = "atomic-write: d/f: replace: no write permission on directory d/ (unchanged)\n\
                hint: --allow-in-place overwrites it (not atomic)\n";
    assert_eq!(stderr(&run.output), says);
    assert_eq!(stuck.target(), b"old");
}

#[test]
fn target_keeps_its_inode_and_mode_and_the_user_is_warned() {
    needs!(strace);
    for input in ["newer", "n", ""] {
        let stuck = Stuck::new();
        let before = stuck.scene.inode("d/f");
        let run = stuck.run(&ALLOWED, input, &[]);
        assert_eq!(run.output.status.code(), Some(0), "{run:?}");
        let says = "atomic-write: d/f: warning: no write permission on directory d/, so it was overwritten in place \
                    (not atomic)\n";
        assert_eq!(stderr(&run.output), says);
        assert_eq!(stuck.target(), input.as_bytes());
        assert_eq!((stuck.scene.inode("d/f"), stuck.scene.mode("d/f")), (before, 0o640));
        assert_eq!(stuck.copies(), [] as [PathBuf; 0]);
    }
}

#[test]
fn the_private_copy_is_on_the_disk_before_the_overwrite_begins() {
    needs!(strace);
    for how in ["full", "file"] {
        let stuck = Stuck::new();
        let run = stuck.run(&["--sync", how, "--allow-in-place", "d/f"], "new", &[]);
        assert_eq!(run.output.status.code(), Some(0), "{run:?}");
        let elsewhere = stuck.elsewhere.root().display().to_string();
        run.calls.in_order(&[
            ("openat", &[&elsewhere, ".aw-", "O_CREAT|O_EXCL", "0600"]),
            ("pwrite64", &[".aw-", "new"]),
            ("fsync", &[".aw-"]),
            ("fsync", &[&elsewhere]),
            ("openat", &["\"f\"", "O_WRONLY"]),
            ("pwrite64", &["d/f>", "new"]),
            ("fsync", &["d/f>"]),
            ("unlink", &[".aw-"]),
        ]);
        assert!(!run.calls.has("openat", &["\"f\"", "O_TRUNC"]));
    }
}

#[test]
fn a_failing_overwrite_is_status_5_and_tells_the_copys_path() {
    needs!(strace);
    let new = vec![b'n'; LARGE];
    let recorded = Stuck::new().run(&ALLOWED, &new, &[]).calls;
    let second = recorded.0.iter().enumerate().filter(|(_, call)| call.is("pwrite64", &["d/f>"])).nth(1).unwrap().0;
    let failures = [
        format!("pwrite64:error=EIO:when={}", recorded.when(second)),
        recorded.inject("ftruncate", &["d/f>"], "error=EIO"),
        recorded.inject("fsync", &["d/f>"], "error=EIO"),
    ];
    for failure in &failures {
        let stuck = Stuck::new();
        let run = stuck.run(&ALLOWED, &new, &[failure]);
        assert_eq!(run.output.status.code(), Some(5), "{failure}: {run:?}");
        let [copy] = stuck.copies().try_into().unwrap();
        let says = format!(
            "atomic-write: d/f: overwrite in place: I/O error (damaged)\n\
             hint: the whole new content is {}\n",
            copy.display()
        );
        assert_eq!(stderr(&run.output), says, "{failure}");
        assert_eq!(fs::read(&copy).unwrap(), new, "{failure}");
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o7777, 0o600, "{failure}");
    }
}

#[test]
fn with_a_command_that_is_status_122() {
    needs!(strace);
    let args = ["--allow-in-place", "d/f", "--", "echo", "new"];
    let recorded = Stuck::new().run(&args, "", &[]).calls;
    let stuck = Stuck::new();
    let run = stuck.run(&args, "", &[&recorded.inject("fsync", &["d/f>"], "error=EIO")]);
    assert_eq!(run.output.status.code(), Some(122), "{run:?}");
    assert_eq!(stuck.copies().len(), 1);
}

#[test]
fn until_the_first_byte_is_overwritten_target_is_unchanged() {
    needs!(strace);
    let recorded = Stuck::new().run(&ALLOWED, "new", &[]).calls;
    let elsewhere = ["<"];
    let copy_synced = recorded.at("fsync", &[".aw-"]);
    let directory_synced =
        copy_synced + 1 + recorded.0[copy_synced + 1..].iter().position(|c| c.is("fsync", &elsewhere)).unwrap();
    let failures = [
        recorded.inject("pwrite64", &[".aw-"], "error=ENOSPC"),
        recorded.inject("fsync", &[".aw-"], "error=EIO"),
        format!("fsync:error=EIO:when={}", recorded.when(directory_synced)),
        recorded.inject("openat", &["\"f\"", "O_WRONLY"], "error=EACCES"),
        recorded.inject("pwrite64", &["d/f>"], "error=EIO"),
    ];
    for failure in &failures {
        let stuck = Stuck::new();
        let run = stuck.run(&ALLOWED, "new", &[failure]);
        assert_eq!(run.output.status.code(), Some(1), "{failure}: {run:?}");
        assert!(stderr(&run.output).contains("(unchanged)"), "{failure}");
        assert_eq!(stuck.target(), b"old", "{failure}");
        assert_eq!(stuck.copies(), [] as [PathBuf; 0], "{failure}");
    }
}

#[test]
fn input_that_does_not_deserve_it_overwrites_nothing() {
    needs!(strace);
    let refused: [(&[&str], i32); 3] = [
        (&["--non-empty", "--allow-in-place", "d/f"], 3),
        (&["--allow-in-place", "d/f", "--", "sh", "-c", "echo part; exit 7"], 7),
        (&["--allow-in-place", "d/f", "--", "true"], 123),
    ];
    for (args, expected) in refused {
        let stuck = Stuck::new();
        let run = stuck.run(args, "", &[]);
        assert_eq!(run.output.status.code(), Some(expected), "{args:?}: {run:?}");
        assert_eq!(stuck.target(), b"old");
        assert_eq!(stuck.copies(), [] as [PathBuf; 0]);
    }
}

#[test]
fn a_signal_during_the_overwrite_waits_until_it_is_done() {
    needs!(strace);
    let recorded = Stuck::new().run(&ALLOWED, "new", &[]).calls;
    // SIGFPE is not watched while input arrives.
    for signal in ["signal=TERM", "signal=INT", "signal=FPE"] {
        let stuck = Stuck::new();
        let run = stuck.run(&ALLOWED, "new", &[&recorded.inject("pwrite64", &["d/f>"], signal)]);
        assert_eq!(run.output.status.code(), Some(0), "{signal}: {run:?}");
        assert_eq!(stuck.target(), b"new");
        assert_eq!(stuck.copies(), [] as [PathBuf; 0]);
    }
}

#[test]
fn a_mount_point_is_overwritten_in_place() {
    needs!(root);
    let scene = Scene::new();
    let inside = scene.write("inside", "old");
    let target = scene.write("f", "");
    let mounted = Mounted::bind(&inside, &target);
    let run = scene.cmd().args(["--allow-in-place", "f"]).write_stdin("new").output().unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert!(stderr(&run).contains("warning: is a mount point, so it was overwritten in place"));
    drop(mounted);
    assert_eq!(scene.text("inside"), "new");
    assert_eq!(scene.names(), ["f", "inside"]);
}

// Promise 8 holds here as well.
#[test]
fn a_mode_is_narrowed_before_the_first_byte_is_overwritten() {
    needs!(strace);
    let stuck = Stuck::new();
    let run = stuck.run(&["--allow-in-place", "--mode", "606", "d/f"], "new", &[]);
    assert_eq!(run.output.status.code(), Some(0), "{run:?}");
    let calls = run.calls;
    let overwritten = calls.at("pwrite64", &["d/f>"]);
    assert!(calls.at("fchmod", &["d/f>", "0600"]) < overwritten, "{calls:?}");
    assert!(overwritten < calls.at("fchmod", &["d/f>", "0606"]), "{calls:?}");
    assert_eq!((stuck.target(), stuck.scene.mode("d/f")), (b"new".to_vec(), 0o606));
}

#[test]
fn who_may_write_but_not_chmod_is_told_before_the_overwrite() {
    needs!(root, setpriv);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/f", "old");
    scene.chmod("d/f", 0o666);
    let run = |mode: &str| {
        let mut command = scene.through(as_user());
        let args = ["--allow-in-place", "--mode", mode, "d/f", "--", "sh", "-c", "echo ran >&2; printf new"];
        command.args(args).output().unwrap()
    };
    let refused = run("600");
    let says = "cannot change the mode of another user's file (unchanged)\n";
    assert_eq!((refused.status.code(), stderr(&refused)), (Some(125), format!("atomic-write: d/f: replace: {says}")));
    assert_eq!((scene.text("d/f").as_str(), scene.mode("d/f")), ("old", 0o666));
    // It has that mode.
    assert_eq!(run("666").status.code(), Some(0));
    assert_eq!((scene.text("d/f").as_str(), scene.mode("d/f")), ("new", 0o666));
}

// Promise 6: `--force` is for renames.
#[test]
fn who_may_not_write_is_told_before_the_command_runs() {
    let stuck = Stuck::new();
    stuck.scene.chmod("d/f", 0o440);
    let mut command = stuck.scene.ordinary();
    let args = ["--allow-in-place", "--force", "d/f", "--", "sh", "-c", "echo ran >&2; echo new"];
    let output = command.args(args).output().unwrap();
    stuck.scene.chmod("d", 0o755);
    let says = "no write permission on the file, and it cannot be replaced by a rename (unchanged)\n";
    assert_eq!((output.status.code(), stderr(&output)), (Some(125), format!("atomic-write: d/f: replace: {says}")));
    assert_eq!(stuck.target(), b"old");
}

// What is not carried over to new content is not left on it either.
#[test]
fn set_id_bits_do_not_stay_on_what_is_overwritten() {
    needs!(root, acls_and_attributes);
    let scene = Scene::new();
    let (from, onto) = (scene.write("from", "old"), scene.write("f", ""));
    assert!(scene.sh("setfacl -m u:1234:rw from").status.success());
    let _bound = Mounted::bind(&from, &onto);
    let overwrite = |options: &[&str]| {
        scene.cmd().args(["-q", "--allow-in-place"]).args(options).arg("f").write_stdin("new").assert().success();
    };
    scene.chmod("f", 0o6775);
    overwrite(&[]);
    assert_eq!(scene.mode("f"), 0o775);
    assert!(tool("getfacl", &["-cnp", onto.to_str().unwrap()]).contains("user:1234:rw"));
    overwrite(&["--mode", "2660"]);
    assert_eq!(scene.mode("f"), 0o2660);
    assert!(!tool("getfacl", &["-cnp", onto.to_str().unwrap()]).contains("1234"));
}

#[test]
fn a_mode_that_was_narrowed_for_nothing_is_as_it_was() {
    needs!(strace);
    let stuck = Stuck::new();
    let run = stuck.run(&["--allow-in-place", "--mode", "600", "d/f"], "new", &["pwrite64:error=EIO:when=2"]);
    assert_eq!(run.output.status.code(), Some(1), "{run:?}");
    assert_eq!((stuck.target(), stuck.scene.mode("d/f")), (b"old".to_vec(), 0o640));
}

#[test]
fn the_copy_is_not_kept_in_memory() {
    needs!(root, strace);
    let outer = Scene::new();
    let memory = Mounted::with(&outer, "memory", &["-t", "tmpfs", "-o", "mode=1777", "none"]);
    let stuck = Stuck::new();
    let temporary = format!("TMPDIR={}", memory.path().display());
    let run = Strace::new(&stuck.scene, &ALLOWED).input("new").by(as_user()).by(&["env", &temporary]).run();
    assert_eq!(run.output.status.code(), Some(0), "{run:?}");
    let copy = run.calls.one("openat", &[".aw-", "O_EXCL"]);
    assert!(!copy.args.contains(&format!("<{}>", memory.path().display())), "{copy:?}");
}

// Row 9: what can never fit is found while TARGET is whole.
#[test]
fn content_that_does_not_fit_overwrites_nothing() {
    needs!(root, chattr, "mkfs.ext4");
    let scene = Scene::new();
    let small = Mounted::image(&scene, "ext4", 8, "");
    let directory = small.path().to_str().unwrap();
    fs::write(small.path().join("f"), "old").unwrap();
    tool("chattr", &["+i", directory]);
    let elsewhere = Scene::on("/var/tmp".as_ref());
    let mut command = scene.cmd();
    command.arg("--allow-in-place").arg(small.path().join("f")).env("TMPDIR", elsewhere.root());
    let output = command.write_stdin(vec![b'x'; 16 << 20]).output().unwrap();
    tool("chattr", &["-i", directory]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).ends_with(": overwrite in place: No space left on device (unchanged)\n"), "{output:?}");
    assert_eq!(fs::read(small.path().join("f")).unwrap(), b"old");
    assert_eq!(elsewhere.names(), [""; 0]);
}

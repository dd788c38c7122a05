//! What is in the way of an overwrite in place is found while TARGET is whole, and told as it is.
//!
//! Rows: 87.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use crate::common::needs::needs;
use crate::common::{Mounted, Scene, USER, as_user, stderr, tool};
use crate::linux::space::in_place::{ALLOWED, Stuck};

// Row 87: what is reserved for root is not free for others.
#[test]
fn room_that_is_reserved_for_root_is_no_room_for_others() {
    needs!(root, "mkfs.ext4", tune2fs, setpriv);
    let scene = Scene::new();
    let small = Mounted::image(&scene, "ext4", 16, "");
    let device = tool("findmnt", &["-no", "SOURCE", small.path().to_str().unwrap()]);
    let file = small.path().join("f");
    let prepare = || {
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::chown(&file, Some(USER), Some(USER)).unwrap();
    };
    prepare();
    // Whoever may not write its directory must overwrite it.
    tool("tune2fs", &["-m", "50", device.trim()]);
    tool("sync", &["-f", file.to_str().unwrap()]);
    let free = rustix::fs::statvfs(&file).unwrap();
    let (all, for_users) = (free.f_bfree * free.f_frsize, free.f_bavail * free.f_frsize);
    assert!(for_users + (2 << 20) < all, "{for_users} of {all}");
    let elsewhere = Scene::on("/var/tmp".as_ref());
    elsewhere.give_to_user("");
    let overwrite = |launcher: &[&str], size: u64| {
        let mut command = scene.through(launcher);
        command.args(["--allow-in-place", "mount-ext4/f"]).env("TMPDIR", elsewhere.root());
        command.write_stdin(vec![b'x'; usize::try_from(size).unwrap()]).output().unwrap()
    };
    let output = overwrite(as_user(), for_users + (1 << 20));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).ends_with(": overwrite in place: No space left on device (unchanged)\n"), "{output:?}");
    assert_eq!((fs::read(&file).unwrap(), elsewhere.names()), (b"old".to_vec(), vec![]));
    // What there is room for is written.
    let output = overwrite(as_user(), for_users / 2);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(fs::metadata(&file).unwrap().len(), for_users / 2);
    // Root may use what is kept for it. Only an immutable directory keeps root from renaming.
    prepare();
    tool("chattr", &["+i", small.path().to_str().unwrap()]);
    let output = overwrite(&[], for_users + (1 << 20));
    tool("chattr", &["-i", small.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(elsewhere.names(), [""; 0]);
}

// The mode was narrowed, nothing was written, and it cannot be set back: that is no "unchanged".
#[test]
fn a_mode_that_cannot_be_set_back_is_told() {
    needs!(strace);
    let args = ["--allow-in-place", "--mode", "600", "d/f"];
    let first_write = Stuck::new().run(&args, "new", &[]).calls.inject("pwrite64", &["d/f>"], "error=EIO");
    let calls = Stuck::new().run(&args, "new", &[&first_write]).calls;
    let restored = calls.0.iter().rposition(|call| call.is("fchmod", &["d/f>", "0640"])).expect("it is set back");
    let stuck = Stuck::new();
    let refused = format!("fchmod:error=EIO:when={}", calls.when(restored));
    let run = stuck.run(&args, "new", &[&first_write, &refused]);
    let text = stderr(&run.output);
    assert_eq!((stuck.target(), stuck.scene.mode("d/f")), (b"old".to_vec(), 0o600), "{text}");
    assert!(!text.contains("(unchanged)"), "{text}");
    assert!(text.contains("mode"), "{text}");
    assert_eq!(run.output.status.code(), Some(5), "{text}");
}

// The copy is elsewhere, and so is what is wrong with it.
#[test]
fn an_error_on_the_copy_names_the_directory_of_the_copy() {
    needs!(strace);
    let calls = Stuck::new().run(&ALLOWED, "new", &[]).calls;
    let failures = [calls.inject("pwrite64", &[".aw-"], "error=ENOSPC"), calls.inject("fsync", &[".aw-"], "error=EIO")];
    for failure in failures {
        let stuck = Stuck::new();
        let run = stuck.run(&ALLOWED, "new", &[&failure]);
        let (text, copy) = (stderr(&run.output), stuck.elsewhere.root().to_str().unwrap().to_owned());
        assert_eq!(run.output.status.code(), Some(1), "{failure}: {text}");
        assert!(text.contains(&copy) && !text.contains(" in d/"), "{failure}: {text}");
        assert!(text.contains("(unchanged)\n"), "{failure}: {text}");
        assert_eq!((stuck.target(), stuck.copies()), (b"old".to_vec(), Vec::<PathBuf>::new()), "{failure}");
    }
}

/// Runs the program with `words` in namespaces of its own, in which the network's settings belong to nobody else.
fn in_own_network(scene: &Scene, prepare: &str, path: &str, look: &str) -> Output {
    let script = format!(
        "set -e; {prepare}; printf 7 | TMPDIR={temporary} \"$AW\" --allow-in-place {path}; {look}",
        temporary = scene.root().display()
    );
    let mut command = scene.other("unshare");
    command.args(["-n", "-m", "sh", "-c", &script]).env("AW", crate::common::program()).output().unwrap()
}

// There is nothing to be synced of a setting of the kernel's.
#[test]
fn a_setting_of_the_kernel_is_written_without_a_sync() {
    needs!(root, mount_namespaces);
    let scene = Scene::on("/var/tmp".as_ref());
    let settings = [
        ("true", "/proc/sys/net/ipv4/neigh/lo/ucast_solicit"),
        ("mount -t sysfs none /sys", "/sys/class/net/lo/tx_queue_len"),
    ];
    for (prepare, path) in settings {
        let output = in_own_network(&scene, prepare, path, &format!("cat {path}"));
        assert_eq!(output.status.code(), Some(0), "{path}: {output:?}");
        assert_eq!(output.stdout, b"7\n", "{path}");
        assert!(stderr(&output).contains("overwritten in place"), "{path}: {output:?}");
        assert_eq!(scene.names(), [""; 0], "{path}");
    }
}

// What the kernel does not take is an error, and not a new content.
#[test]
fn a_setting_that_the_kernel_refuses_is_unchanged() {
    needs!(root, mount_namespaces);
    let scene = Scene::on("/var/tmp".as_ref());
    let path = "/proc/sys/net/ipv4/ip_forward";
    let script = format!(
        "echo nonsense | TMPDIR={} \"$AW\" --allow-in-place {path}; echo $?; cat {path}",
        scene.root().display()
    );
    let mut command = scene.other("unshare");
    let output = command.args(["-n", "sh", "-c", &script]).env("AW", crate::common::program()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().next(), Some("1"), "{output:?}");
    assert!(stderr(&output).contains("Invalid argument (unchanged)\n"), "{output:?}");
    assert_eq!(scene.names(), [""; 0]);
}

/// Its old content is kept beside the new, for which there is no room; the attempt gives it new times.
#[test]
fn on_a_full_btrfs_only_the_times_have_changed() {
    const SIZE: usize = 20_000;
    const TIMES: &str = " (its times have changed)";
    needs!(root, "mkfs.btrfs");
    let outer = Scene::new();
    let mounted = Mounted::image(&outer, "btrfs", 120, "");
    let scene = Scene::on(mounted.path());
    let (old, new) = (vec![b'o'; SIZE], vec![b'n'; SIZE]);
    let names: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    scene.mkdir("d");
    outer.mkdir("src");
    for name in &names {
        outer.write(format!("src/{name}"), &new);
    }
    let sources = names.iter().map(|name| outer.path(format!("src/{name}")).display().to_string());
    let args: Vec<String> = ["--in-place", "-t", "d"].map(str::to_owned).into_iter().chain(sources).collect();
    let mut seen = 0;
    // There is to be room for some copies, and not for what the overwrites take.
    for room in [2, 3, 4, 5, 8] {
        for name in &names {
            scene.write(format!("d/{name}"), &old);
        }
        let fill = format!("head -c 200M /dev/zero >>full; sync -f .; truncate -s -{} full; sync -f .", room * 20480);
        scene.other("sh").args(["-c", &fill]).output().unwrap();
        let output = scene.cmd().args(&args).output().unwrap();
        let text = stderr(&output);
        assert!(!text.contains("(changed meanwhile)"), "{text}");
        for name in &names {
            let line =
                text.lines().find(|line| line.starts_with(&format!("atomic-write: d/{name}: "))).unwrap_or_default();
            if line.ends_with(" (unchanged)") || line.ends_with(TIMES) {
                assert!(scene.read(format!("d/{name}")) == old, "{line}");
            } else {
                assert!(line.ends_with(" (damaged)") || scene.read(format!("d/{name}")) == new, "{name}: {text}");
            }
        }
        seen += text.matches(TIMES).count();
    }
    assert!(seen > 0);
}

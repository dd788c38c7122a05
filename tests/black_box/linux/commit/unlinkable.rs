//! A security module lets the trial of a link pass and refuses the link. The content, all of which has been read then,
//! arrives by a copy that has a name.
//!
//! Rows: 82, 93.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};

use crate::common::filter::{EMPTY_PATH, Filter};
use crate::common::needs::needs;
use crate::common::strace::{Strace, Traced};
use crate::common::{Scene, as_user, is_root, stderr, tool};

/// What modules, and file systems that behave like one, say to the second link and to every later one.
const REFUSALS: [&str; 5] = ["EACCES", "EPERM", "EOPNOTSUPP", "EXDEV", "ENOENT"];

/// The digest of `old`.
const OLD: &str = "sha256:cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";

/// An old TARGET (if any) in a scene, with a mode of its own.
fn scene(old: bool) -> Scene {
    let scene = Scene::new();
    if old {
        scene.write("f", "old");
        scene.chmod("f", 0o640);
    }
    scene
}

fn refused(errno: &str) -> String {
    format!("linkat:error={errno}:when=2+")
}

fn run(scene: &Scene, args: &[&str], errno: &str) -> Traced {
    Strace::new(scene, args).input("new").inject(refused(errno)).run()
}

fn arrives(scene: &Scene, traced: &Traced, what: &str) {
    let text = stderr(&traced.output);
    assert_eq!((traced.output.status.code(), text.as_str()), (Some(0), ""), "{what}");
    assert_eq!(scene.text("f").trim_end(), "new", "{what}");
    // The copy is on the disk, with its metadata, before it becomes TARGET.
    let copied = traced.calls.at("openat", &[".aw-", "O_CREAT|O_EXCL"]);
    let becomes =
        traced.calls.0.iter().position(|call| call.name.starts_with("renameat") && call.args.contains("\"f\""));
    let between = &traced.calls.0[copied..becomes.expect("a rename")];
    let synced = between.iter().rposition(|call| call.is("fsync", &["/.aw-"])).expect("a sync");
    let changed = between.iter().rposition(|call| call.name.starts_with("fch") || call.name.contains("setxattr"));
    assert!(changed.is_none_or(|changed| changed < synced), "{what}: {between:#?}");
}

#[test]
fn a_refused_link_is_gone_round_by_a_copy() {
    needs!(strace, unnamed_files);
    for errno in REFUSALS {
        for old in [true, false] {
            let scene = scene(old);
            scene.sh("true >expected");
            let traced = run(&scene, &["f"], errno);
            arrives(&scene, &traced, &format!("{errno} {old}"));
            assert_eq!(scene.mode("f"), if old { 0o640 } else { scene.mode("expected") }, "{errno}");
            assert_eq!(scene.names(), ["expected", "f"], "{errno}");
        }
    }
}

#[test]
fn every_mode_of_use_works_where_the_link_is_refused() {
    needs!(strace, unnamed_files);
    let modes: [(bool, &[&str], &[&str]); 12] = [
        (true, &["--lock", "f"], &["f"]),
        (false, &["--lock", "f"], &["f"]),
        (true, &["--backup=simple", "f"], &["f", "f~"]),
        (true, &["--backup=numbered", "f"], &["f", "f.~1~"]),
        (false, &["--backup=simple", "f"], &["f"]),
        (false, &["--no-clobber", "f"], &["f"]),
        (true, &["--validate", "grep -q new \"$1\"", "f"], &["f"]),
        (false, &["--validate", "grep -q new \"$1\"", "f"], &["f"]),
        (true, &["--mode", "604", "f"], &["f"]),
        (false, &["--mode", "604", "f"], &["f"]),
        (true, &["--if-changed", "f"], &["f"]),
        (true, &["f", "--", "echo", "new"], &["f"]),
    ];
    for errno in REFUSALS {
        for (old, args, names) in modes {
            let scene = scene(old);
            let traced = run(&scene, args, errno);
            arrives(&scene, &traced, &format!("{errno} {args:?}"));
            assert_eq!(scene.names(), names, "{errno} {args:?}");
            if args.contains(&"604") {
                assert_eq!(scene.mode("f"), 0o604, "{errno} {args:?}");
            } else if old {
                assert_eq!(scene.mode("f"), 0o640, "{errno} {args:?}");
            }
            if let Some(backup) = names.get(1) {
                assert_eq!((scene.text(backup).as_str(), scene.mode(backup)), ("old", 0o640), "{errno} {args:?}");
            }
        }
    }
}

/// As root, where that is had, and as an ordinary user.
fn callers() -> impl Iterator<Item = &'static [&'static str]> {
    let both = [&[][..], as_user()];
    both.into_iter().take(if is_root() { 2 } else { 1 })
}

#[test]
fn what_reads_the_old_content_works_where_the_link_is_refused() {
    needs!(strace, unnamed_files);
    let ways: [(&[&str], &str); 7] = [
        (&["f"], "new"),
        (&["--append", "f"], "oldnew"),
        (&["--edit", "f", "--", "sed", "s/old/new/"], "new"),
        (&["--if-match", OLD, "f"], "new"),
        (&["--if-match", OLD, "--append", "--backup=simple", "f"], "oldnew"),
        (&["--no-dereference", "f"], "new"),
        // The copy has a name, so nothing is overwritten.
        (&["--allow-in-place", "f"], "new"),
    ];
    for (errno, caller) in REFUSALS.iter().flat_map(|errno| callers().map(move |caller| (errno, caller))) {
        for (args, becomes) in ways {
            let scene = scene(true);
            scene.give_to_user("");
            scene.give_to_user("f");
            let before = scene.inode("f");
            let traced = Strace::new(&scene, args).input("new").by(caller).inject(refused(errno)).run();
            let told = format!("{errno} {caller:?} {args:?}: {}", stderr(&traced.output));
            assert_eq!((traced.output.status.code(), stderr(&traced.output).as_str()), (Some(0), ""), "{told}");
            assert_eq!((scene.text("f").as_str(), scene.mode("f")), (becomes, 0o640), "{told}");
            assert_ne!(scene.inode("f"), before, "{told}");
            let names = if args.contains(&"--backup=simple") { &["f", "f~"][..] } else { &["f"] };
            assert_eq!(scene.names(), names, "{told}");
        }
    }
}

/// By way of /proc, where the descriptor itself cannot be linked.
#[test]
fn a_refused_link_by_proc_is_gone_round_by_a_copy() {
    needs!(strace, unnamed_files);
    let filter = Filter::new().refuse_where(nix::libc::SYS_linkat, EMPTY_PATH, nix::libc::ENOENT).words();
    let filter: Vec<&str> = filter.iter().map(String::as_str).collect();
    for errno in REFUSALS {
        for old in [true, false] {
            let scene = scene(old);
            let refused = format!("linkat:error={errno}:when=3+");
            let traced = Strace::new(&scene, &["f"]).input("new").by(&filter).inject(refused).run();
            let trials = traced.calls.all("linkat", &["\".\""]).map(|call| call.result.split(' ').nth(1).unwrap());
            assert_eq!(trials.collect::<Vec<_>>(), ["ENOENT", "EEXIST"], "{errno}: {traced:?}");
            arrives(&scene, &traced, &format!("{errno} {old}"));
            assert_eq!(scene.names(), ["f"], "{errno}");
        }
    }
}

#[test]
fn acls_and_attributes_are_as_by_a_link() {
    needs!(strace, unnamed_files, acls_and_attributes);
    let acl = |scene: &Scene, name: &str| tool("getfacl", &["-cnpE", scene.path(name).to_str().unwrap()]);
    for errno in REFUSALS {
        let scene = scene(true);
        assert!(scene.sh("setfacl -m u:1234:rw f && setfattr -n user.x -v y f").status.success());
        let before = acl(&scene, "f");
        arrives(&scene, &run(&scene, &["f"], errno), errno);
        assert_eq!(acl(&scene, "f"), before, "{errno}");
        let value =
            tool("getfattr", &["-n", "user.x", "--only-values", "--absolute-names", scene.path("f").to_str().unwrap()]);
        assert_eq!(value, "y", "{errno}");
        // A new one in a directory with a default ACL.
        let scene = self::scene(false);
        assert!(scene.sh("setfacl -d -m u:1234:rw,m::rw . && true >expected").status.success());
        arrives(&scene, &run(&scene, &["f"], errno), errno);
        assert_eq!((acl(&scene, "f"), scene.mode("f")), (acl(&scene, "expected"), scene.mode("expected")), "{errno}");
    }
}

/// Large, and with holes: all of it is there, and not more on the disk.
#[test]
fn the_copy_is_whole_and_keeps_holes() {
    needs!(strace, unnamed_files);
    let scene = scene(true);
    let source = fs::File::create(scene.path("src")).unwrap();
    source.set_len(8 << 20).unwrap();
    let data: Vec<u8> = (0_u32..100_000).flat_map(u32::to_le_bytes).collect();
    source.write_all_at(&data, 4 << 20).unwrap();
    source.sync_all().unwrap();
    let traced = run(&scene, &["--from", "src", "f"], "EACCES");
    assert_eq!(traced.output.status.code(), Some(0), "{traced:?}");
    assert!(scene.read("f") == scene.read("src"));
    let blocks = |name: &str| fs::metadata(scene.path(name)).unwrap().blocks() * 512;
    assert!(blocks("f") <= blocks("src") + (128 << 10), "{} of {}", blocks("f"), blocks("src"));
}

/// The copy is as private as the finished file, from its creation on.
#[test]
fn the_copy_is_never_wider_than_the_finished_file() {
    needs!(strace, unnamed_files);
    let scene = scene(true);
    scene.chmod("f", 0o600);
    let calls = run(&scene, &["f"], "EACCES").calls;
    let copied = calls.at("openat", &[".aw-", "O_CREAT|O_EXCL"]);
    assert!(calls.0[copied].args.ends_with("0600"), "{:?}", calls.0[copied]);
    let modes = calls.0[copied..].iter().filter(|call| call.name.contains("chmod"));
    assert!(modes.clone().all(|call| call.args.ends_with("0600")), "{:?}", modes.collect::<Vec<_>>());
}

#[test]
fn where_the_copy_fails_as_well_both_reasons_are_told() {
    needs!(strace, unnamed_files);
    for old in [true, false] {
        let args = ["f"];
        let recorded = run(&scene(old), &args, "EACCES").calls;
        let failures = [
            (recorded.inject("openat", &[".aw-", "O_EXCL"], "error=ENOSPC"), "No space left on device"),
            (recorded.inject("openat", &[".aw-", "O_EXCL"], "error=EROFS"), "Read-only file system"),
        ];
        for (failure, words) in failures {
            let scene = scene(old);
            let traced = Strace::new(&scene, &args).input("new").inject(refused("EACCES")).inject(&failure).run();
            let text = stderr(&traced.output);
            assert_eq!(traced.output.status.code(), Some(1), "{failure}: {text}");
            assert!(text.contains("Permission denied") && text.contains(words), "{failure}: {text}");
            assert!(text.contains("(unchanged)\n"), "{failure}: {text}");
            assert_eq!(scene.names(), if old { vec!["f"] } else { vec![] }, "{failure}");
            assert!(!old || scene.text("f") == "old", "{failure}");
        }
    }
}

/// The calls that the copy is made of.
const NAMES: [&str; 9] =
    ["openat", "fchmod", "pread64", "pwrite64", "copy_file_range", "fsync", "statx", "renameat", "renameat2"];

/// Whatever fails of the copy, TARGET is as it was and nothing is left.
#[test]
fn any_failure_of_the_copy_leaves_target_as_it_was() {
    needs!(strace, unnamed_files);
    for old in [true, false] {
        let recorded = run(&scene(old), &["f"], "EACCES").calls;
        let from = recorded.0.iter().position(|call| call.is("linkat", &["\"f\""]) || call.is("linkat", &["\".aw-"]));
        let end = recorded.0.iter().rposition(|call| call.name.starts_with("renameat")).unwrap();
        for at in from.unwrap()..=end {
            let name = recorded.0[at].name.as_str();
            if !NAMES.contains(&name) {
                continue;
            }
            let scene = scene(old);
            let failure = format!("{name}:error=EIO:when={}", recorded.when(at));
            let traced = Strace::new(&scene, &["f"]).input("new").inject(refused("EACCES")).inject(&failure).run();
            let text = stderr(&traced.output);
            let before = traced.output.status.code() != Some(0);
            assert!(
                !before || traced.output.status.code() == Some(1) && text.contains("(unchanged)"),
                "{failure}: {text}"
            );
            let content = fs::read_to_string(scene.path("f")).ok();
            let expected = if before { old.then_some("old") } else { Some("new") };
            assert_eq!(content.as_deref(), expected, "{failure}: {text}");
            assert!(scene.names().iter().all(|name| name == "f"), "{failure}: {:?}", scene.names());
        }
    }
}

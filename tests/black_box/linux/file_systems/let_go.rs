//! When TARGET's name is given to another file, nothing of ours is open on the file that had it, by whatever kind of
//! descriptor. Clients of NFS and SMB would not leave it in place.
//!
//! Rows: 91.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use rustix::io::Errno;

use super::{EXISTING, Run, Trial, Way, way};
use crate::common::needs::{lacks, needs};
use crate::common::quirks::{Nfs4Acl, Quirks};
use crate::common::strace::{Strace, has_unnamed};
use crate::common::{Scene, as_user, is_root, stderr};

/// Of `old\n` and of `new\n`.
const OLD: &str = "sha256:01d09d19c2139a46aebfb577780d123d7396e97201bc7ead210a2ebff8239dee";

const NEW: &str = "sha256:7aa7a5359173d05b63cfd682e3c38487f3cb4f7f1d60659fe59fab1505977d4c";

/// The other ways, and each option that looks at TARGET.
const OTHERS: [Way; 24] = [
    way(&["-C", "--mode", "600", "f"]),
    way(&["--if-match", OLD, "f"]),
    way(&["--if-match", OLD, "-C", "f"]),
    way(&["--checksum", NEW, "f"]),
    way(&["--checksum", NEW, "--from", "source", "f"]),
    way(&["--validate", "grep -q old \"$2\"", "f"]),
    way(&["--validate", "grep -q new \"$1\"", "--edit", "f", "--", "sed", "s/old/new/"]),
    way(&["--mode", "600", "f"]),
    way(&["--mode", "600", "--edit", "f", "--", "sed", "s/old/new/"]),
    way(&["--no-dereference", "f"]),
    way(&["--parents", "f"]),
    way(&["--report", "f"]),
    way(&["--verbose", "f"]),
    way(&["--allow-in-place", "f"]),
    way(&["--sync", "file", "f"]),
    way(&["--non-empty", "f"]),
    Way { becomes: "old\n", ..way(&["--from", "f", "f"]) },
    Way { becomes: "old\nold\n", ..way(&["--append", "--from", "f", "f"]) },
    Way { becomes: "old\n", ..way(&["f", "--", "cat", "f"]) },
    Way { becomes: "old\nnew\n", ..way(&["--append", "--if-match", OLD, "--checksum", NEW, "f"]) },
    Way { backup: Some("f~"), ..way(&["-b", "--if-match", OLD, "f"]) },
    Way { backup: Some("f.bak"), ..way(&["--suffix", ".bak", "--if-changed", "f"]) },
    Way { becomes: "old\nnew\n", backup: Some("f.~1~"), ..way(&["--backup=numbered", "--append", "f"]) },
    Way { backup: Some("f~"), ..way(&["--lock", "--if-match", OLD, "--backup=simple", "f"]) },
];

fn ways() -> impl Iterator<Item = &'static Way> {
    EXISTING.iter().chain(&OTHERS)
}

/// Which calls there are, and what is looked at.
const SURROUNDINGS: [fn(&mut Quirks); 5] = [
    |_| (),
    |quirks| quirks.rename_flags = true,
    |quirks| quirks.link = Some(Errno::PERM),
    |quirks| quirks.nfs4_acl = Some(Nfs4Acl { set: None, chmod_resets: true }),
    |quirks| quirks.stale_link_counts = true,
];

/// Asserts that TARGET's name was given away, as often as that was, with nothing of ours open on it.
fn is_let_go(trial: &Trial, way: &Way, run: &Run) {
    let told = format!("{way:?}, ordinary user: {}: {run:?}", trial.ordinary);
    assert_eq!(run.status, Some(0), "{told}");
    assert_eq!(trial.content("f").as_deref(), Some(way.becomes), "{told}");
    let given = trial.given();
    let mut targets = given.iter().filter(|given| given.name == "f").peekable();
    assert!(targets.peek().is_some(), "{told}: {given:?}");
    assert!(targets.all(|target| target.open.is_empty()), "{told}: {given:#?}");
}

#[test]
fn nothing_of_ours_is_open_on_target_when_it_is_replaced() {
    for trial in Trial::for_each_caller() {
        for surroundings in SURROUNDINGS {
            trial.each(ways(), surroundings, is_let_go);
        }
    }
}

// What TARGET has become is looked at, too, and let go of again.
#[test]
fn nothing_of_ours_is_open_on_what_target_becomes_meanwhile() {
    let becoming: [&[&str]; 4] = [
        &["f", "--", "sh", "-c", "chmod 600 source; mv source f; cat"],
        &["--backup=simple", "f", "--", "sh", "-c", "chmod 600 source; mv source f; cat"],
        &["--validate", "chmod 600 source; mv source f", "f"],
        &["--append", "--no-lock", "--validate", "chmod 600 source; mv source f", "f"],
    ];
    for trial in Trial::for_each_caller() {
        for surroundings in &SURROUNDINGS[..4] {
            for args in becoming {
                trial.begin(&["f", "source"]);
                trial.set(surroundings);
                let run = trial.run(args);
                let becomes = if args.contains(&"--append") { "old\nnew\n" } else { "new\n" };
                is_let_go(&trial, &Way { args, becomes, backup: None }, &run);
                assert_eq!(trial.mode("f"), 0o600, "{args:?}: {run:?}");
            }
        }
    }
}

// As in `atomic-write f -- sort <f`.
#[test]
fn nothing_of_ours_is_open_on_target_where_it_is_standard_input() {
    let ways: [(&[&str], &str, Option<&str>); 7] = [
        (&["f"], "old\n", None),
        (&["f", "--from", "-"], "old\n", None),
        (&["f", "--", "sed", "s/old/new/"], "new\n", None),
        (&["--append", "f"], "old\nold\n", None),
        (&["--backup=simple", "f", "--", "sed", "s/old/new/"], "new\n", Some("f~")),
        (&["--lock", "f", "--", "sed", "s/old/new/"], "new\n", None),
        (&["--validate", "grep -q old \"$2\"", "f"], "old\n", None),
    ];
    for trial in Trial::for_each_caller() {
        for surroundings in &SURROUNDINGS[..4] {
            for (args, becomes, backup) in ways {
                trial.begin(&["f", "source"]);
                trial.set(surroundings);
                let caller = if trial.ordinary { as_user() } else { &[] };
                let from_itself = ["sh", "-c", "exec \"$0\" \"$@\" <f"];
                let output = trial.through(&[caller, &from_itself].concat()).args(args).output().unwrap();
                let run = Run { status: output.status.code(), says: stderr(&output), tells: String::new() };
                is_let_go(&trial, &Way { args, becomes, backup: None }, &run);
                assert_eq!(backup.map(|name| trial.content(name)), backup.map(|_| Some("old\n".to_owned())));
            }
        }
    }
}

/// How a local file system gives the staging file its names.
#[derive(Clone, Copy, Debug)]
enum Naming {
    ByLinks,
    /// There are no unnamed files.
    FromTheStart,
    /// There are, and none can be linked.
    WithoutLinks,
    /// The link is refused when it matters, and a copy with a name takes the place.
    ByCopy,
    /// There is more to read of TARGET, to know whether it has changed.
    OnSmb,
}

fn local_scene(ordinary: bool) -> Scene {
    let scene = Scene::new();
    scene.write("f", "old\n");
    scene.write("source", "new\n");
    if ordinary {
        for name in ["f", "source", ""] {
            scene.give_to_user(name);
        }
    }
    scene
}

fn traced<'s>(scene: &'s Scene, way: &Way, naming: Naming, ordinary: bool) -> Strace<'s> {
    let strace = Strace::new(scene, way.args).input("new\n");
    let strace = match naming {
        Naming::FromTheStart => strace.without_unnamed("EOPNOTSUPP"),
        Naming::WithoutLinks => strace.without_links(),
        Naming::ByCopy if has_unnamed() => strace.inject("linkat:error=EACCES:when=2+"),
        Naming::OnSmb => strace.on_smb(),
        Naming::ByLinks | Naming::ByCopy => strace,
    };
    if ordinary { strace.by(as_user()) } else { strace }
}

/// The program is stopped as soon as the call has been made: what it had open then it has open still.
#[test]
fn on_a_local_file_system_only_the_lock_is_open_on_target() {
    needs!(strace);
    ways().for_each(|way| nothing_is_open_but_the_lock(way, Naming::ByLinks, false));
    if is_root() {
        ways().for_each(|way| nothing_is_open_but_the_lock(way, Naming::ByLinks, true));
    }
    for naming in [Naming::FromTheStart, Naming::WithoutLinks, Naming::ByCopy] {
        for way in &EXISTING {
            nothing_is_open_but_the_lock(way, naming, false);
        }
    }
    if !lacks!(changed_answers) {
        // Where locks are refused.
        ways().filter(|way| !way.needs_lock()).for_each(|way| nothing_is_open_but_the_lock(way, Naming::OnSmb, false));
    }
}

fn nothing_is_open_but_the_lock(way: &Way, naming: Naming, ordinary: bool) {
    let scene = local_scene(ordinary);
    let recorded = traced(&scene, way, naming, ordinary).run();
    let told = format!("{way:?}, {naming:?}, ordinary user: {ordinary}: {recorded:?}");
    assert_eq!(recorded.output.status.code(), Some(0), "{told}");
    let calls = &recorded.calls;
    // Not by the rename to the same name in a private directory.
    let is_private = |args: &str| {
        let directory = args.rsplit_once(">, \"").map_or("", |(before, _)| before);
        directory.rsplit('/').next().unwrap().starts_with(".aw-")
    };
    let gives = |at: &usize| {
        let call = &calls.0[*at];
        call.name.starts_with("rename") && call.args.contains("\"f\"") && !is_private(&call.args)
    };
    let given: Vec<usize> = (0..calls.0.len()).filter(gives).collect();
    assert!(!given.is_empty(), "{told}");
    for at in given {
        let scene = local_scene(ordinary);
        // Held by the test, so that no other file gets its number.
        let held = File::open(scene.path("f")).unwrap();
        let old = held.metadata().unwrap();
        let stop = format!("{}:when={}", calls.0[at].name, calls.when(at));
        let stopped = traced(&scene, way, naming, ordinary).stopped_after(&stop);
        let descriptors = fs::read_dir(format!("/proc/{}/fd", stopped.id())).unwrap().map(Result::unwrap);
        let is_old = |stat: fs::Metadata| (stat.dev(), stat.ino()) == (old.dev(), old.ino());
        let open = descriptors.filter(|entry| fs::metadata(entry.path()).is_ok_and(is_old)).count();
        let is_locked = way.locks() && !matches!(naming, Naming::OnSmb);
        assert_eq!(open, usize::from(is_locked), "{told}: {:?}", calls.0[at]);
        let ended = stopped.resume();
        assert_eq!(ended.output.status.code(), Some(0), "{told}");
        assert_eq!(scene.text("f"), way.becomes, "{told}");
    }
}

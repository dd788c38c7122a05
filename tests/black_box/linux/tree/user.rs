//! As an ordinary user, in a directory of his.
//!
//! Rows: 100.

use std::process::Output;

use crate::common::needs::needs;
use crate::common::strace::{Call, Strace};
use crate::common::{Disk, Scene, as_user, stderr, stdout};
use crate::portable::metadata::new::UMASKS;
use crate::portable::tree::{made, tree, with_tree};

/// All in the scene is the user's.
fn mine() -> Scene {
    let scene = with_tree();
    for name in ["", "d", "d/f", "d/sub", "d/sub/g"] {
        scene.give_to_user(name);
    }
    scene
}

fn run(scene: &Scene, args: &[&str], script: &str) -> Output {
    let mut command = scene.through(as_user());
    command.args(["--tree", "-I", "{}"]).args(args).args(["--", "sh", "-c", script]).output().unwrap()
}

#[track_caller]
fn done(scene: &Scene, args: &[&str], script: &str) {
    let output = run(scene, args, script);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{args:?}");
}

#[test]
fn everything_basic_works() {
    needs!(exchange);
    let scene = mine();
    done(&scene, &["new"], "printf new >{}/f");
    assert_eq!(tree(&scene, "new"), ["f = new"]);
    done(&scene, &["--edit", "--lock", "d"], "printf er >>{}/f");
    assert_eq!(tree(&scene, "d"), ["f = older", "sub/", "sub/g = old"]);
    done(&scene, &["--backup=simple", "--validate", "test -f \"$1/f\"", "d"], "printf new >{}/f");
    assert_eq!((tree(&scene, "d"), tree(&scene, "d~").len()), (vec!["f = new".to_owned()], 3));
    let output = run(&scene, &["-C", "--report", "d"], "printf new >{}/f");
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("unchanged\n", ""));
    done(&scene, &["d"], "printf other >{}/f");
    scene.through(as_user()).args(["--tree", "--from", "d~", "d"]).assert().success().stderr("");
    assert_eq!(tree(&scene, "d"), tree(&scene, "d~"));
    assert_eq!(scene.names(), ["d", "d~", "new"]);
    assert!(crate::common::is_root() || scene.owner("d").0 != 0);
}

#[test]
fn directories_without_permissions_are_removed() {
    needs!(exchange);
    for mode in [0o000, 0o500, 0o300, 0o600] {
        let scene = mine();
        let script = format!(
            "mkdir -p {{}}/sub/closed/in; echo >{{}}/sub/closed/f; echo >{{}}/sub/closed/in/g; chmod {mode:o} {{}}/sub/closed/in {{}}/sub/closed"
        );
        let output = run(&scene, &["d"], &format!("{script}; exit 7"));
        assert_eq!((output.status.code(), scene.names()), (Some(7), vec!["d".to_owned()]), "{mode:o}: {output:?}");
        assert_eq!(tree(&scene, "d"), made("old"));
    }
}

/// Their files are renamed away with them, and go.
#[test]
fn an_old_tree_with_read_only_directories_is_removed() {
    needs!(exchange);
    let scene = mine();
    scene.chmod("d/sub", 0o555);
    done(&scene, &["d"], "printf new >{}/f");
    assert_eq!((tree(&scene, "d"), scene.names()), (vec!["f = new".to_owned()], vec!["d".to_owned()]));
}

/// Others' files in it, which he may not remove, are told.
#[test]
fn what_is_anothers_in_the_old_tree_stays_and_is_named() {
    needs!(root, exchange);
    let scene = mine();
    scene.give("d/sub", 0, 0);
    let output = run(&scene, &["d"], "printf new >{}/f");
    assert_eq!((output.status.code(), tree(&scene, "d")), (Some(0), vec!["f = new".to_owned()]), "{output:?}");
    let says = stderr(&output);
    let Some((path, _)) =
        says.strip_prefix("atomic-write: d: warning: ").and_then(|rest| rest.split_once(" is left behind: "))
    else {
        panic!("{says}")
    };
    assert!(scene.path(path).exists(), "{says}");
}

#[test]
fn an_edit_shares_the_blocks_of_the_files() {
    needs!(root, strace, "mkfs.btrfs", exchange);
    let scene = Disk::new("btrfs", 128, "");
    scene.mkdir("d");
    scene.write("d/f", vec![b'x'; 1 << 20]);
    let args = ["--tree", "--edit", "-I", "{}", "d", "--", "sh", "-c", "echo y >>{}/f"];
    let traced = Strace::new(&scene, &args).run();
    assert!(traced.output.status.success(), "{traced:?}");
    assert!(traced.calls.all("ioctl", &["FICLONE"]).any(Call::succeeded), "{:#?}", traced.calls);
    assert_eq!(scene.read("d/f").len(), (1 << 20) + 2);
}

/// A umask may deny even the owner what a copy, a command and a rename need.
#[test]
fn every_umask_lets_trees_be_made_copied_and_edited() {
    needs!(exchange);
    for umask in UMASKS {
        let scene = mine();
        let program = crate::common::program().display().to_string();
        let script = format!(
            "umask {umask}; {program} --tree -I {{}} new -- sh -c 'umask 022; printf new >\"$1/f\"' - {{}} &&
            {program} --tree --from d copy && {program} --tree --edit -I {{}} d -- sh -c 'printf new >\"$1/f\"' - {{}} &&
            {program} -I {{}} file -- cp d/f {{}} && echo x | {program} --validate 'test -s \"$1\"' other"
        );
        let words = [as_user(), &["sh", "-c", &script]].concat();
        let output = scene.other(words[0]).args(&words[1..]).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{umask}");
        for name in ["new", "copy", "d"] {
            scene.chmod(name, 0o755);
        }
        assert_eq!(tree(&scene, "new"), ["f = new"], "{umask}");
        assert_eq!((tree(&scene, "copy"), tree(&scene, "d")[0].as_str()), (made("old"), "f = new"), "{umask}");
        assert_eq!(scene.names(), ["copy", "d", "file", "new", "other"], "{umask}");
    }
}

/// A rename to another directory needs the right to write the renamed one.
#[test]
fn a_directory_that_is_read_only_gets_its_name() {
    needs!(exchange);
    for mode in [0o555, 0o500, 0o050, 0] {
        let (scene, bits) = (mine(), format!("{mode:o}"));
        done(&scene, &["new"], &format!("printf new >{{}}/f; chmod {bits} {{}}"));
        done(&scene, &["--mode", &bits, "d"], "printf new >{}/f");
        assert_eq!((scene.mode("new"), scene.mode("d"), scene.names().len()), (mode, mode, 2));
        for name in ["new", "d"] {
            scene.chmod(name, 0o755);
            assert_eq!(tree(&scene, name), ["f = new"]);
        }
        scene.chmod("new", mode | 0o400);
        scene.through(as_user()).args(["--tree", "--from", "new", "copy"]).assert().code(i32::from(mode < 0o500));
        if mode >= 0o500 {
            assert_eq!((scene.mode("copy"), tree(&scene, "copy")), (mode | 0o400, vec!["f = new".to_owned()]));
        }
        for name in scene.names() {
            scene.chmod(name, 0o755);
        }
    }
}

//! What may refuse a file looks at each by itself.
//!
//! Rows: 107.

use super::{SOURCES, done, found, many, said, says, with_files};
use crate::common::needs::{lacks, needs};
use crate::common::system::traces;
use crate::common::{Scene, names_in, stdout};

const COUNT: &str = "atomic-write: d: 3 files: 2 failed, 1 created\n";
const OLD: [&str; 2] = ["a = old a", "b = old b"];

#[test]
fn no_clobber_creates_what_is_missing() {
    let scene = with_files();
    let refused = "no-clobber: already exists (unchanged)\n";
    let expected = format!("atomic-write: d/a: {refused}atomic-write: d/b: {refused}{COUNT}");
    says(&many(&scene, &[&["-n"][..], &SOURCES].concat()), 3, "", &expected);
    assert_eq!(found(&scene), ["a = old a", "b = old b", "c = new c"]);
}

#[test]
fn non_empty_refuses_empty_sources_alone() {
    let scene = with_files();
    scene.write("src/a", "");
    let refused = "atomic-write: d/a: non-empty: the input is empty (unchanged)\nhint: did the producer fail?\n";
    let expected = format!("{refused}atomic-write: d: 2 files: 1 failed, 1 replaced\n");
    says(&many(&scene, &["--non-empty", "src/a", "src/b"]), 3, "", &expected);
    assert_eq!(found(&scene), ["a = old a", "b = new b"]);
}

#[test]
fn each_is_validated_with_its_own_name() {
    needs!(validation_by_sh);
    let scene = with_files();
    let script = "echo \"$2\"; cat \"$1\"; grep -qv b";
    let output = many(&scene, &[&["--validate", script][..], &SOURCES].concat());
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    for line in ["d/a\nnew a", "d/b\nnew b", "d/c\nnew c", "d/b: validate: command ", "3 files: 1 failed, 1 created, 1"]
    {
        assert!(said(&output).contains(line), "{line:?} is not in {:?}", said(&output));
    }
    assert_eq!(found(&scene), ["a = new a", "b = old b", "c = new c"]);
}

#[test]
fn one_source_may_have_a_digest() {
    let scene = with_files();
    let output = many(&scene, &["--checksum", &format!("sha256:{}", "0".repeat(64)), "src/a"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let text = said(&output);
    let (_, got) = text.split_once("got sha256:").unwrap();
    let digest = format!("sha256:{}", &got[..64]);
    assert_eq!(found(&scene), OLD);
    done(&many(&scene, &["--checksum", &digest, "src/a"]));
    assert_eq!(found(&scene)[0], "a = new a");
    // It is TARGET's now.
    done(&many(&scene, &["--if-match", &digest, "src/a"]));
    let output = many(&scene, &["--if-match", &digest, "src/b"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(found(&scene), ["a = new a", "b = old b"]);
}

#[test]
fn what_has_not_changed_is_left_alone() {
    let scene = with_files();
    scene.write("d/a", "new a");
    let before = traces(&scene.path("d/a"));
    let output = many(&scene, &[&["-C", "--report"][..], &SOURCES].concat());
    says(&output, 0, "unchanged a\nreplaced b\ncreated c\n", "");
    let (before, now) = (before, traces(&scene.path("d/a")));
    if lacks!(quiet_reads) {
        assert_eq!(before.without_access(), now.without_access());
    } else {
        assert_eq!(before, now);
    }
    says(
        &many(&scene, &[&["-C", "--report"][..], &SOURCES].concat()),
        0,
        "unchanged a\nunchanged b\nunchanged c\n",
        "",
    );
}

#[test]
fn backups_are_kept_of_each() {
    let scene = with_files();
    done(&many(&scene, &[&["-b"][..], &SOURCES].concat()));
    assert_eq!(found(&scene), ["a = new a", "a~ = old a", "b = new b", "b~ = old b", "c = new c"]);
    done(&many(&scene, &["--backup=numbered", "d/b", "src/a"]));
    assert_eq!(found(&scene)[..3], ["a = new a", "a.~1~ = new a", "a~ = old a"]);
}

#[test]
fn append_lengthens_each() {
    let scene = with_files();
    done(&many(&scene, &[&["-a"][..], &SOURCES].concat()));
    assert_eq!(found(&scene), ["a = old anew a", "b = old bnew b", "c = new c"]);
    done(&many(&scene, &["-a", "--no-lock", "src/a", "src/b"]));
    assert_eq!(found(&scene), ["a = old anew anew a", "b = old bnew bnew b", "c = new c"]);
}

#[test]
fn in_place_keeps_each_file() {
    let scene = with_files();
    let inode = scene.inode("d/a");
    let output = many(&scene, &[&["--in-place", "--report"][..], &SOURCES].concat());
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "replaced a\nreplaced b\ncreated c\n"));
    assert_eq!(
        (scene.inode("d/a"), found(&scene)),
        (inode, ["a = new a", "b = new b", "c = new c"].map(str::to_owned).to_vec())
    );
}

/// What holds signals for an overwrite must not keep the next command's end from being noticed.
#[test]
fn commands_end_after_files_that_were_overwritten() {
    needs!(shell, descriptors);
    for options in ["--validate true", "--lock --validate true"] {
        let scene = with_files();
        scene.write("d/c", "old c");
        // Few descriptors make small groups.
        let script = format!("ulimit -n 80; \"$AW\" -q -t d --in-place {options} src/a src/b src/c");
        says(&scene.sh(&script), 0, "", "");
        assert_eq!(found(&scene), ["a = new a", "b = new b", "c = new c"]);
    }
}

#[test]
fn a_dry_run_does_nothing() {
    let scene = with_files();
    let before = (traces(&scene.path("d/a")), traces(&scene.path("d")));
    for options in [&["--dry-run"][..], &["--dry-run", "-b"], &["--dry-run", "--in-place"], &["--dry-run", "-C"]] {
        let output = many(&scene, &[options, &["-q"], &SOURCES].concat());
        says(&output, 0, "", "");
        assert_eq!(found(&scene), OLD);
    }
    assert_eq!(before.0.without_access(), traces(&scene.path("d/a")).without_access());
    let output = many(&scene, &["--dry-run", "-n", "--report", "src/a", "src/c", "src/missing"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), "created c\n"));
    assert!(said(&output).ends_with("atomic-write: d: 3 files: 2 failed, 1 would be created\n"), "{output:?}");
    assert_eq!(found(&scene), OLD);
}

#[test]
fn each_way_of_syncing_has_the_same_content() {
    for how in ["full", "file", "none"] {
        let scene = with_files();
        done(&many(&scene, &[&["--sync", how][..], &SOURCES].concat()));
        assert_eq!(found(&scene), ["a = new a", "b = new b", "c = new c"]);
        done(&scene.cmd().args(["-t", "e", "-D"]).args(SOURCES).env("ATOMIC_WRITE_SYNC", how).output().unwrap());
        assert_eq!(names_in(&scene.path("e")), ["a", "b", "c"]);
    }
}

#[test]
fn two_runs_with_locks_in_opposite_order_both_end() {
    needs!(open_files_give_way);
    let scene = Scene::new();
    for directory in ["d", "one", "other"] {
        scene.mkdir(directory);
    }
    let names: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for name in &names {
        scene.write(format!("one/{name}"), "one");
        scene.write(format!("other/{name}"), "other");
        scene.write(format!("d/{name}"), "old");
    }
    let start = |directory: &str, backwards: bool| {
        let mut sources: Vec<String> = names.iter().map(|name| format!("{directory}/{name}")).collect();
        if backwards {
            sources.reverse();
        }
        scene.process().args(["--lock", "-t", "d"]).args(sources).spawn().unwrap()
    };
    let mut children = [start("one", false), start("other", true)];
    for child in &mut children {
        assert_eq!(crate::common::events::end_of(child).code(), Some(0));
    }
    assert!(names.iter().all(|name| ["one", "other"].contains(&scene.text(format!("d/{name}")).as_str())));
    assert_eq!(names_in(&scene.path("d")).len(), names.len());
}

//! Each SOURCE becomes DIR/its last component, with the metadata that it would have alone.
//!
//! Rows: 48, 107.

use super::{SOURCES, done, found, many, says, with_files};
use crate::common::needs::needs;
use crate::common::{Scene, names_in};

const NEW: [&str; 3] = ["a = new a", "b = new b", "c = new c"];

#[test]
fn each_source_becomes_its_last_component_in_the_directory() {
    let scene = with_files();
    done(&many(&scene, &SOURCES));
    assert_eq!(found(&scene), NEW);
    assert_eq!(names_in(&scene.path("src")), ["a", "b", "c"]);
    // Where one works does not matter, nor how the paths are written.
    let absolute = scene.path("src").join("a");
    scene.write("d/a", "old");
    done(&many(&scene, &[absolute.to_str().unwrap(), "./src/../src/b", "src//c"]));
    assert_eq!(found(&scene), NEW);
}

#[test]
fn options_stand_before_between_and_after() {
    let orders: [&[&str]; 7] = [
        &["--target-directory", "d", "src/a", "src/b", "src/c"],
        &["--target-directory=d", "src/a", "src/b", "src/c"],
        &["src/a", "src/b", "src/c", "-t", "d"],
        &["src/a", "-td", "src/b", "-f", "src/c"],
        &["-t", "d/", "--", "src/a", "src/b", "src/c"],
        &["-t", "./d", "src/a", "--", "src/b", "src/c"],
        &["-ft", "d", "src/a", "src/b", "src/c"],
    ];
    for args in orders {
        let scene = with_files();
        done(&scene.cmd().args(args).output().unwrap());
        assert_eq!(found(&scene), NEW, "{args:?}");
    }
}

#[test]
fn a_name_with_a_dash_comes_after_dashes_or_a_path() {
    for (args, name) in [(&["--", "-n"][..], "-n"), (&["./-n"], "-n"), (&["./-"], "-"), (&["--", "--"], "--")] {
        let scene = Scene::new();
        scene.mkdir("d");
        scene.write(name, "new");
        done(&many(&scene, args));
        assert_eq!(found(&scene), [format!("{name} = new")], "{args:?}");
    }
}

#[test]
fn a_single_source_is_one_of_many() {
    let scene = with_files();
    says(&many(&scene, &["--report", "src/a"]), 0, "replaced a\n", "");
    assert_eq!(found(&scene), ["a = new a", "b = old b"]);
}

#[test]
fn new_files_have_the_sources_bits_less_the_umask() {
    needs!(shell, permissions);
    let scene = with_files();
    for (name, mode) in [("a", 0o755), ("b", 0o777), ("c", 0o666)] {
        scene.chmod(format!("src/{name}"), mode);
    }
    scene.chmod("d/a", 0o640);
    std::fs::remove_file(scene.path("d/b")).unwrap();
    let output = scene.sh("umask 027; \"$AW\" -t d src/a src/b src/c");
    done(&output);
    assert_eq!((scene.mode("d/a"), scene.mode("d/b"), scene.mode("d/c")), (0o640, 0o750, 0o640));
    done(&many(&scene, &["-m", "600", "src/a", "src/b"]));
    assert_eq!((scene.mode("d/a"), scene.mode("d/b"), scene.mode("d/c")), (0o600, 0o600, 0o640));
}

#[test]
fn links_in_the_directory_are_followed_unless_replaced() {
    needs!(symlinks);
    for follow in [true, false] {
        let scene = with_files();
        scene.mkdir("other");
        scene.write("other/f", "old");
        std::fs::remove_file(scene.path("d/a")).unwrap();
        std::fs::remove_file(scene.path("d/b")).unwrap();
        scene.symlinks(&[("../other/f", "d/a"), ("../other/new", "d/b")]);
        let expected =
            if follow { "replaced a\ncreated b\ncreated c\n" } else { "replaced a\nreplaced b\ncreated c\n" };
        let mut args = vec!["--report"];
        args.extend(SOURCES);
        if !follow {
            args.push("-P");
        }
        says(&many(&scene, &args), 0, expected, "");
        if follow {
            assert_eq!(found(&scene), ["a -> ../other/f", "b -> ../other/new", "c = new c"]);
            assert_eq!((scene.text("other/f").as_str(), scene.text("other/new").as_str()), ("new a", "new b"));
            assert_eq!(names_in(&scene.path("other")), ["f", "new"]);
        } else {
            assert_eq!(found(&scene), NEW);
            assert_eq!((scene.text("other/f").as_str(), names_in(&scene.path("other")).len()), ("old", 1));
        }
    }
}

#[test]
fn a_directory_behind_a_link_is_one() {
    needs!(symlinks);
    let scene = with_files();
    scene.symlink("d", "link");
    done(&scene.cmd().args(["-t", "link"]).args(SOURCES).output().unwrap());
    assert_eq!(found(&scene), NEW);
}

#[test]
fn missing_directories_are_created_where_that_is_asked_for() {
    let scene = with_files();
    let hint = "hint: --parents creates missing directories\n";
    let message = format!("atomic-write: x/y: open directory: x/y: No such file or directory (unchanged)\n{hint}");
    let output = scene.cmd().args(["-t", "x/y"]).args(SOURCES).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    if cfg!(unix) {
        says(&output, 1, "", &message);
    }
    assert_eq!(scene.names(), ["d", "src"]);
    done(&scene.cmd().args(["-D", "-t", "x/y"]).args(SOURCES).output().unwrap());
    assert_eq!(names_in(&scene.path("x/y")), ["a", "b", "c"]);
}

#[test]
fn created_directories_go_if_nothing_was_done() {
    let rest: [(&[&str], i32); 4] = [
        (&["missing", "src"], 1),
        (&["--dry-run", "src/a"], 0),
        (&["--non-empty", "src/e"], 3),
        (&["src/a", "d/a"], 2),
    ];
    for (args, status) in rest {
        let scene = with_files();
        scene.write("src/e", "");
        let output = scene.cmd().args(["-D", "-t", "x/y"]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{args:?} {output:?}");
        assert_eq!(scene.names(), ["d", "src"], "{args:?}");
    }
    // What was done keeps them.
    let scene = with_files();
    let output = scene.cmd().args(["-D", "-t", "x/y", "missing", "src/a"]).output().unwrap();
    assert_eq!((output.status.code(), names_in(&scene.path("x/y"))), (Some(1), vec!["a".to_owned()]));
}

#[test]
fn a_source_may_be_its_own_target() {
    let scene = with_files();
    for args in [&["d/a", "d/b"][..], &["./d/a", "src/../d/b"], &["-C", "d/a", "d/b"]] {
        done(&many(&scene, args));
        assert_eq!(found(&scene), ["a = old a", "b = old b"]);
    }
    done(&scene.cmd().current_dir(scene.path("d")).args(["-t", ".", "a", "./b"]).output().unwrap());
    assert_eq!(found(&scene), ["a = old a", "b = old b"]);
}

//! Two names that lead to one file: the second would replace what the first has become.
//!
//! Rows: 108.

use std::fs;

use super::{SOURCES, done, found, many, said, says, with_files};
use crate::common::needs::needs;
use crate::common::{Scene, stdout};

/// The second of two is told, with the name of the first.
#[track_caller]
fn second_fails(scene: &Scene, args: &[&str], on_stdout: &str, line: &str) {
    let output = many(scene, &[&["--report"], args].concat());
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), on_stdout), "{output:?}");
    assert!(said(&output).contains(line), "{line:?} is not in {:?}", said(&output));
}

#[test]
fn two_links_to_one_file_are_told() {
    needs!(symlinks);
    for there in [true, false] {
        for options in [&[][..], &["-C"], &["--lock"], &["--in-place"]] {
            let scene = with_files();
            for name in ["a", "b"] {
                fs::remove_file(scene.path("d").join(name)).unwrap();
                scene.symlink("f", format!("d/{name}"));
            }
            if there {
                scene.write("d/f", "new b");
            }
            let change = if there { "replaced" } else { "created" };
            let line = "atomic-write: d/b: replace: is the file that d/a has become (";
            let expected = format!("{change} a\ncreated c\n");
            second_fails(&scene, &[options, &SOURCES].concat(), &expected, line);
            assert_eq!(found(&scene), ["a -> f", "b -> f", "c = new c", "f = new a"]);
        }
    }
}

#[test]
fn a_link_to_another_target_of_the_run_is_told() {
    needs!(symlinks);
    for sources in [["src/a", "src/b"], ["src/b", "src/a"]] {
        let scene = with_files();
        fs::remove_file(scene.path("d/b")).unwrap();
        scene.symlink("a", "d/b");
        let (first, second) = (&sources[0][4..], &sources[1][4..]);
        let line = format!("atomic-write: d/{second}: replace: is the file that d/{first} has become (");
        second_fails(&scene, &sources, &format!("replaced {first}\n"), &line);
        assert_eq!(found(&scene), [format!("a = new {first}"), "b -> a".to_owned()]);
        // Where the link itself is replaced there are two files.
        done(&many(&scene, &["-P", sources[0], sources[1]]));
        assert_eq!(found(&scene), ["a = new a", "b = new b"]);
    }
}

/// What has been left alone is not replaced by way of another name either.
#[test]
fn an_unchanged_file_is_not_replaced_by_another_name() {
    needs!(symlinks);
    for options in [&["-C"][..], &["-C", "--lock"], &["-C", "-b"]] {
        let scene = with_files();
        scene.write("d/a", "new a");
        fs::remove_file(scene.path("d/b")).unwrap();
        scene.symlink("a", "d/b");
        let line = "atomic-write: d/b: replace: is the file that d/a has become (";
        second_fails(&scene, &[options, &["src/a", "src/b"]].concat(), "unchanged a\n", line);
        assert_eq!(found(&scene), ["a = new a", "b -> a"]);
        // The same content is what both ask for.
        scene.write("src/b", "new a");
        let output = many(&scene, &[options, &["--report", "src/a", "src/b"]].concat());
        says(&output, 0, "unchanged a\nunchanged b\n", "");
    }
}

#[test]
fn a_numbered_backup_takes_the_next_free_number() {
    let scene = with_files();
    scene.write("src/a.~1~", "new backup");
    done(&many(&scene, &["--backup=numbered", "src/a.~1~", "src/a"]));
    assert_eq!(found(&scene), ["a = new a", "a.~1~ = new backup", "a.~2~ = old a", "b = old b"]);
}

#[test]
fn hard_links_part_company_and_are_two_files() {
    needs!(hard_links);
    let scene = with_files();
    fs::remove_file(scene.path("d/b")).unwrap();
    fs::hard_link(scene.path("d/a"), scene.path("d/b")).unwrap();
    done(&many(&scene, &["-q", "src/a", "src/b"]));
    assert_eq!(found(&scene), ["a = new a", "b = new b"]);
    // In place they are one.
    let scene = with_files();
    fs::remove_file(scene.path("d/b")).unwrap();
    fs::hard_link(scene.path("d/a"), scene.path("d/b")).unwrap();
    let line = "atomic-write: d/b: replace: is the file that d/a has become (";
    second_fails(&scene, &["-q", "--in-place", "src/a", "src/b"], "replaced a\n", line);
    assert_eq!(found(&scene), ["a = new a", "b = new a"]);
}

#[test]
fn names_that_differ_in_case_are_two_or_told() {
    let scene = with_files();
    scene.mkdir("more");
    scene.write("more/A", "new A");
    let has_case = !scene.path("D").exists();
    if has_case {
        done(&many(&scene, &["src/a", "more/A"]));
        assert_eq!(found(&scene), ["A = new A", "a = new a", "b = old b"]);
    } else {
        second_fails(&scene, &["src/a", "more/A"], "replaced a\n", "is the file that ");
        assert_eq!(found(&scene), ["a = new a", "b = old b"]);
    }
}

#[test]
fn a_backup_does_not_replace_what_was_put_in_place() {
    let scene = with_files();
    scene.write("src/a~", "new a~");
    let line = "atomic-write: d/a: replace: its backup would replace the file that d/a~ has become (";
    second_fails(&scene, &["-b", "src/a~", "src/a"], "created a~\n", line);
    assert_eq!(found(&scene), ["a = old a", "a~ = new a~", "b = old b"]);
    // Numbered ones replace nothing, and in this order no content is lost.
    says(&many(&scene, &["--backup=numbered", "src/a~", "src/a"]), 0, "", "");
    assert_eq!(found(&scene).len(), 5);
    let scene = with_files();
    scene.write("src/a~", "new a~");
    says(&many(&scene, &["--backup=simple", "src/a", "src/a~"]), 0, "", "");
    assert_eq!(found(&scene), ["a = new a", "a~ = new a~", "a~~ = old a", "b = old b"]);
}

/// It would be lost, and what was compared or followed would be another file.
#[test]
fn a_backup_does_not_replace_what_is_still_to_be_done() {
    let line = "atomic-write: d/a: backup: it would replace d/a~, another file of this run (unchanged)\n";
    for (options, content, change) in [(&["-b"][..], "other", "replaced"), (&["-b", "-C"], "new a~", "unchanged")] {
        let scene = with_files();
        scene.write("src/a~", "new a~");
        scene.write("d/a~", content);
        let args = [&["--report"], options, &["src/a", "src/a~"]].concat();
        let output = many(&scene, &args);
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), format!("{change} a~\n")), "{output:?}");
        assert!(said(&output).contains(line), "{output:?}");
        assert_eq!((scene.text("d/a"), scene.text("d/a~")), ("old a".to_owned(), "new a~".to_owned()));
    }
}

/// A rehearsal foresees what a run says.
#[test]
fn a_dry_run_tells_of_two_names_of_one_file() {
    needs!(symlinks);
    for (text, sources) in [("b", ["src/a", "src/b"]), ("b", ["src/b", "src/a"]), ("c", ["src/a", "src/c"])] {
        for options in [&[][..], &["--dry-run"]] {
            let scene = with_files();
            fs::remove_file(scene.path("d/a")).unwrap();
            scene.symlink(text, "d/a");
            let output = many(&scene, &[options, &["-q", sources[0], sources[1]]].concat());
            let [first, second] = sources.map(|source| &source[4..]);
            let line = format!("atomic-write: d/{second}: replace: is the file that d/{first} has become (");
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            assert!(said(&output).starts_with(&line), "{options:?} {output:?}");
        }
    }
}

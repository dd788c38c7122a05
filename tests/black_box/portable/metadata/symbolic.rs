//! Symbolic modes, which change the mode that the file would have otherwise, as chmod(1) does.
//!
//! Rows: none.

use crate::common::needs::needs;
use crate::common::{Scene, does};

const WORDS: [&str; 14] = [
    "+x",
    "a-w",
    "u=rwx,go=rx",
    "go-rwx",
    "=rw",
    "-w",
    "g=u",
    "a+X",
    "u+x,g-r,o=",
    "+t",
    "ug+s",
    "o+w",
    "=0751",
    "+x-022,o=r",
];

/// Runs `make`, which leaves `f` with the mode, and `g` without it; then chmod(1) gives `g` the mode.
fn is_as_chmod(make: &str, umask: &str, word: &str) {
    let scene = Scene::new();
    let output =
        scene.sh(&format!("umask {umask}; {}; chmod -- {word} g", make.replace("MODE", &format!("-m {word}"))));
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{make} {umask} {word}");
    assert_eq!(format!("{:04o}", scene.mode("f")), format!("{:04o}", scene.mode("g")), "{make} {umask} {word}");
    assert_eq!(scene.names(), ["f", "g"]);
}

fn is_as_chmod_for_all(make: &str) {
    needs!(shell, permissions);
    for umask in ["022", "077", "002", "0"] {
        for word in WORDS {
            is_as_chmod(make, umask, word);
        }
    }
}

#[test]
fn of_a_new_file_it_is_what_a_redirection_would_have_made() {
    is_as_chmod_for_all("echo new | \"$AW\" MODE f; echo new >g");
}

#[test]
fn of_an_old_file_it_is_that_files_mode() {
    is_as_chmod_for_all("echo old >f; chmod 754 f; cp -p f g; echo new | \"$AW\" MODE f");
    is_as_chmod_for_all("echo old >f; echo old >g; chmod 0 f g; echo new | \"$AW\" -f MODE f");
}

#[test]
fn in_place_it_is_that_files_mode() {
    is_as_chmod_for_all("echo old >f; chmod 754 f; cp -p f g; echo new | \"$AW\" --in-place MODE f");
}

#[test]
fn of_a_directory_it_is_what_mkdir_or_the_old_one_has() {
    needs!(shell, permissions, exchange);
    for word in WORDS {
        is_as_chmod("mkdir s g; \"$AW\" --tree MODE f --from s; rmdir s", "022", word);
        is_as_chmod("mkdir s f g; chmod 2750 f g; \"$AW\" --tree MODE f --from s; rmdir s", "022", word);
    }
}

#[test]
fn with_a_source_it_is_that_of_the_copy() {
    is_as_chmod_for_all("echo new >s; chmod 754 s; \"$AW\" MODE f --from s; cp s g; rm s");
}

#[test]
fn of_what_a_command_wrote_it_is_the_mode_given_by_it() {
    needs!(permissions);
    for (word, mode) in [("a-w", 0o551), ("+x", 0o751), ("o=g", 0o755), ("u+s", 0o4751)] {
        let scene = Scene::new();
        scene
            .cmd()
            .args(["-I", "{}", "-m", word, "f", "--"])
            .args(does(&["write {} new", "mode {} 751"]))
            .assert()
            .success();
        assert_eq!(scene.mode("f"), mode, "{word}");
    }
}

#[test]
fn set_id_bits_of_the_old_file_are_no_part_of_it() {
    needs!(permissions);
    let scene = Scene::with_old();
    scene.chmod("f", 0o6755);
    scene.cmd().args(["-m", "go-x", "f"]).write_stdin("new").assert().success().stderr("");
    assert_eq!(scene.mode("f"), 0o744);
}

#[test]
fn what_has_the_content_and_the_mode_is_left_alone() {
    needs!(permissions);
    let scene = Scene::with_old();
    scene.chmod("f", 0o751);
    let inode = scene.inode("f");
    scene.cmd().args(["-C", "-m", "u+x,o-w", "f"]).write_stdin("old").assert().success();
    assert_eq!(scene.inode("f"), inode);
    scene.cmd().args(["-C", "-m", "o-x", "f"]).write_stdin("old").assert().success();
    assert_eq!((scene.mode("f"), scene.inode("f") == inode), (0o750, false));
}

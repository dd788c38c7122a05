//! A new TARGET: as `>` would create it, or as `cp` would.
//!
//! Rows: 48.

use crate::common::needs::needs;
use crate::common::{Scene, stderr};

pub const UMASKS: [&str; 6] = ["000", "022", "027", "077", "0222", "0777"];

/// Runs `script` under each umask and says by which mode `f` and `g` differ.
fn same_modes_under_each_umask(script: &str) {
    for umask in UMASKS {
        let scene = Scene::new();
        let output = scene.sh(&format!("umask {umask}; {script}"));
        assert!(output.status.success() && stderr(&output).is_empty(), "{umask}: {}", stderr(&output));
        assert_eq!(format!("{:04o}", scene.mode("f")), format!("{:04o}", scene.mode("g")), "umask {umask}");
        scene.chmod("f", 0o600);
        assert_eq!(scene.text("f"), "new\n");
    }
}

/// Row 48.
#[test]
fn a_new_file_has_the_mode_that_a_redirection_gives() {
    needs!(shell, permissions);
    same_modes_under_each_umask("true >g; echo new | \"$AW\" f");
    let scene = Scene::new();
    scene.sh("umask 027; echo new | \"$AW\" f");
    assert_eq!(scene.mode("f"), 0o640);
}

/// Row 48, where the staging file was narrower meanwhile.
#[test]
fn a_new_file_that_was_private_meanwhile_has_the_same_mode() {
    needs!(shell, permissions);
    same_modes_under_each_umask("true >g; echo new | \"$AW\" --validate true f");
}

#[test]
fn a_new_file_has_the_sources_bits_less_the_umask() {
    needs!(shell, permissions);
    for mode in ["0755", "0777", "0640", "0400", "4755", "2755", "1644"] {
        let source = format!("echo new >source; chmod {mode} source; cp source g; \"$AW\" --from source f");
        same_modes_under_each_umask(&format!("(umask 022; echo new >source); {source}"));
    }
}

#[test]
fn a_source_that_is_no_regular_file_gives_no_bits() {
    needs!(shell, permissions, fifos);
    let scene = Scene::new();
    scene.sh("umask 022; mkfifo -m 0777 fifo; echo new >fifo & \"$AW\" --from fifo f; wait");
    assert_eq!((scene.mode("f"), scene.text("f").as_str()), (0o644, "new\n"));
    scene.sh("umask 022; echo new | \"$AW\" --from - g");
    assert_eq!(scene.mode("g"), 0o644);
}

#[test]
fn an_existing_target_keeps_its_mode_whatever_the_source_has() {
    needs!(permissions);
    let scene = Scene::new();
    scene.write("source", "new");
    scene.chmod("source", 0o777);
    scene.write("f", "old");
    scene.chmod("f", 0o640);
    scene.cmd().args(["--from", "source", "f"]).assert().success().stderr("");
    assert_eq!((scene.mode("f"), scene.text("f").as_str()), (0o640, "new"));
}

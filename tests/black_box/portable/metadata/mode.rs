//! `-m`, and files that the caller may not write.
//!
//! Rows: none.

use crate::common::Scene;
use crate::common::needs::needs;

/// A TARGET of this mode.
pub fn scene(mode: u32) -> Scene {
    let scene = Scene::with_old();
    scene.chmod("f", mode);
    scene
}

const MODES: [(&str, u32); 9] = [
    ("644", 0o644),
    ("0644", 0o644),
    ("00600", 0o600),
    ("0", 0),
    ("7", 0o7),
    ("0777", 0o777),
    ("1755", 0o1755),
    ("4755", 0o4755),
    ("6711", 0o6711),
];

#[test]
fn a_mode_wins_over_the_umask() {
    needs!(shell, permissions);
    for (word, mode) in MODES {
        let scene = Scene::new();
        let output = scene.sh(&format!("umask 077; echo new | \"$AW\" -m {word} f"));
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{word}");
        assert_eq!(scene.mode("f"), mode, "{word}");
    }
}

#[test]
fn a_mode_wins_over_the_old_one() {
    needs!(permissions);
    for (word, mode) in MODES {
        let scene = scene(0o640);
        scene.cmd().args(["-m", word, "f"]).write_stdin("new").assert().success().stderr("");
        assert_eq!(scene.mode("f"), mode, "{word}");
    }
}

#[test]
fn a_mode_has_three_spellings_and_wins_over_the_source() {
    needs!(permissions);
    let scene = scene(0o640);
    scene.write("source", "new");
    for words in [&["-m", "0604"][..], &["-m0604"], &["--mode", "604"], &["--mode=0604"]] {
        std::fs::remove_file(scene.path("f")).unwrap();
        scene.cmd().args(["--from", "source", "f"]).args(words).assert().success();
        assert_eq!(scene.mode("f"), 0o604, "{words:?}");
    }
}

#[test]
fn what_is_no_mode_is_a_usage_error() {
    for word in ["", "8", "0o644", "u", "rw-r--r--", "10000", "u-1", "+8", "u+q", "u+x,", " 644", "6 44", "77777777777"]
    {
        let scene = scene(0o640);
        let (inode, mode) = (scene.inode("f"), scene.mode("f"));
        scene.cmd().arg(format!("--mode={word}")).arg("f").write_stdin("new").assert().code(2).stdout("");
        assert_eq!((scene.inode("f"), scene.mode("f")), (inode, mode), "{word}");
    }
}

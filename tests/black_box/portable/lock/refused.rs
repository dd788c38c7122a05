//! A lock that cannot be had, or not in time.
//!
//! Rows: none.

use crate::common::needs::lacks_for;
use crate::common::{Scene, does, stderr};

#[test]
fn a_free_lock_is_had_at_once() {
    let scene = Scene::new();
    for content in ["new", "newer"] {
        scene.cmd().args(["--lock-timeout", "0", "f"]).write_stdin(content).assert().success();
        assert_eq!(scene.text("f"), content);
    }
    assert_eq!(scene.names(), ["f"]);
}

#[test]
fn a_time_that_is_none_is_a_usage_error() {
    let scene = Scene::new();
    for word in ["", "-1", "nan", "inf", "soon", "1s", "0x1"] {
        scene.cmd().arg(format!("--lock-timeout={word}")).arg("f").assert().code(2);
    }
    for word in ["1e300", "86400.5", "18446744073709551616"] {
        scene.cmd().args(["--lock-timeout", word, "f"]).assert().success();
    }
}

/// Whoever does not take the lock is found out at the commit.
#[test]
fn a_writer_without_the_lock_is_not_overwritten() {
    for (before, meanwhile) in [
        (true, &["write g other\n", "rename g f"][..]),
        (true, &["remove f", "write f other\n"]),
        (false, &["write f other\n"]),
    ] {
        if lacks_for(meanwhile) {
            continue;
        }
        let scene = Scene::new();
        if before {
            scene.write("f", "old");
        }
        let command = does(&[meanwhile, &["print mine\n"]].concat());
        let output = scene.cmd().args(["--lock", "f", "--"]).args(command).output().unwrap();
        assert_eq!(output.status.code(), Some(125), "{output:?}");
        let words = "f: lock: was replaced meanwhile by a writer that does not lock it (changed meanwhile)";
        assert!(stderr(&output).contains(words), "{output:?}");
        assert_eq!(scene.text("f"), "other\n");
        assert_eq!(scene.names(), ["f"]);
    }
}

//! `-m`, and files that the caller may not write.
//!
//! Rows: 50, 54.

use crate::common::needs::needs;
use crate::common::{USER, as_user};
use crate::portable::metadata::mode::scene;

/// Row 50: giving the file back clears the bits, even for root.
#[test]
fn set_id_bits_that_are_asked_for_survive_a_foreign_owner() {
    needs!(root);
    for (word, mode) in [("4755", 0o4755), ("2755", 0o2755), ("6755", 0o6755)] {
        for (user, group) in [(12, 13), (0, 13), (12, 0)] {
            let scene = scene(0o644);
            scene.give("f", user, group);
            scene.cmd().args(["-m", word, "f"]).write_stdin("new").assert().success().stderr("");
            assert_eq!((scene.owner("f"), scene.mode("f")), ((user, group), mode), "{word}");
        }
    }
}

/// The kernel drops set-group-ID without a word for who is not in the group.
#[test]
fn a_set_group_id_bit_that_is_not_permitted_is_warned_of() {
    needs!(root);
    let scene = scene(0o644);
    scene.give(".", USER, 13);
    scene.chmod(".", 0o2755);
    scene.give("f", USER, 13);
    let warning = "atomic-write: f: warning: cannot set mode 2755 (it is 0755)\n";
    scene.through(as_user()).args(["-m", "2755", "f"]).write_stdin("new").assert().success().stderr(warning);
    assert_eq!((scene.owner("f"), scene.mode("f")), ((USER, 13), 0o755));
    // Nor where TARGET is new.
    let warning = "atomic-write: g: warning: cannot set mode 2755 (it is 0755)\n";
    scene.through(as_user()).args(["-m", "2755", "g"]).write_stdin("new").assert().success().stderr(warning);
}

/// Row 54.
#[test]
fn a_file_that_may_not_be_written_is_refused_before_reading() {
    let scene = scene(0o444);
    let inode = scene.inode("f");
    let refusal = "atomic-write: f: replace: no write permission on the file (unchanged)\n\
                   hint: --force replaces it anyway\n";
    scene.ordinary().arg("f").write_stdin("new").assert().code(1).stderr(refusal);
    scene.ordinary().args(["f", "--", "touch", "started"]).assert().code(125).stderr(refusal);
    assert_eq!((scene.inode("f"), scene.mode("f"), scene.text("f").as_str()), (inode, 0o444, "old"));
    assert_eq!(scene.names(), ["f"]);
}

#[test]
fn force_replaces_a_file_that_may_not_be_written() {
    for mode in [0o444, 0o400, 0o000, 0o555] {
        for option in ["-f", "--force"] {
            let scene = scene(mode);
            scene.ordinary().args([option, "f"]).write_stdin("new").assert().success().stderr("");
            assert_eq!(scene.mode("f"), mode);
            scene.chmod("f", 0o600);
            assert_eq!(scene.text("f"), "new");
        }
    }
}

#[test]
fn a_mode_implies_force_for_ones_own_file_alone() {
    let scene = scene(0o444);
    scene.ordinary().args(["-m", "0440", "f"]).write_stdin("new").assert().success().stderr("");
    assert_eq!((scene.mode("f"), scene.text("f").as_str()), (0o440, "new"));
    needs!(root);
    scene.give("f", 12, 13);
    scene.ordinary().args(["-m", "0644", "f"]).write_stdin("newer").assert().code(1);
    assert_eq!((scene.mode("f"), scene.text("f").as_str()), (0o440, "new"));
    scene.ordinary().args(["-f", "-m", "0644", "f"]).write_stdin("newer").assert().success();
    assert_eq!((scene.owner("f"), scene.mode("f")), ((USER, USER), 0o644));
}

//! COMMAND, or another writer, changes TARGET and the run fails: the state at the end of the line is the true one.
//!
//! Rows: 76.

use crate::common::Scene;
use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::portable::command::written::{UNCHANGED, assert_state};

/// The old file was TARGET, then the backup, and is TARGET again: nothing but its change time tells of it.
#[test]
fn a_backup_that_was_taken_back_is_no_change_of_another_program() {
    needs!(strace);
    // An exchange and back; a second link, a rename and back.
    for refused in [None, Some("renameat2:error=EINVAL")] {
        let prepare = |scene| {
            let strace = Strace::new(scene, &["-b", "f", "--", "echo", "new"]);
            refused.into_iter().fold(strace, Strace::inject)
        };
        let scene = Scene::with_old();
        let failure = prepare(&scene).run().calls.inject("renameat", &["\"f~\""], "error=EIO");
        let scene = Scene::with_old();
        let inode = scene.inode("f");
        let traced = prepare(&scene).inject(failure).run();
        assert_eq!(traced.output.status.code(), Some(125), "{traced:?}");
        assert_state(&traced.output, UNCHANGED, "taken back");
        assert_eq!((scene.text("f").as_str(), scene.inode("f"), scene.names()), ("old", inode, vec!["f".to_owned()]));
    }
}

//! Statuses, the shape of what is said, and when nothing is.
//!
//! Rows: none.

use crate::portable::interface::messages::scene;

/// The file is replaced then, and the status tells that truth.
#[test]
fn a_report_that_cannot_be_written_is_a_warning() {
    let scene = scene();
    let output = scene.sh(r#"printf new | "$AW" --report f >/dev/full"#);
    assert_eq!((output.status.code(), scene.text("f").as_str()), (Some(0), "new"));
    assert!(crate::common::stderr(&output).starts_with("atomic-write: f: warning: "), "{output:?}");
}

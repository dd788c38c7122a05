//! Names are bytes, and are printed safely.
//!
//! Rows: none.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::common::{Scene, stderr};
use crate::portable::names::shown::{NAMES, assert_safe};

// Whoever may write a file chooses the names of its attributes.
#[test]
fn an_attribute_that_cannot_be_kept_is_printed_safely() {
    for (bytes, shown) in NAMES {
        let scene = Scene::with_old();
        let attribute = OsStr::from_bytes(&[b"user.", bytes].concat()).to_owned();
        rustix::fs::setxattr(scene.path("f"), &attribute, b"1", rustix::fs::XattrFlags::empty()).unwrap();
        // Its owner may write it, and not read the attribute.
        scene.chmod("f", 0o200);
        let output = scene.ordinary().arg("f").write_stdin("new").output().unwrap();
        assert_safe(&stderr(&output), shown.trim_start_matches("$'").trim_end_matches('\''));
        assert!(stderr(&output).contains("warning: cannot keep"), "{output:?}");
    }
}

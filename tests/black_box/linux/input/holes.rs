//! Holes stay holes.
//!
//! Rows: 8.

use super::NO_SHARING;
use crate::common::Scene;
use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::portable::input::holes::{MEBIBYTE, SHAPES, assert_sparse, sparse};

/// Where blocks cannot be shared, and where the kernel cannot copy.
#[test]
fn holes_stay_holes_however_the_data_is_copied() {
    needs!(strace);
    for (data, size) in SHAPES {
        for injection in [NO_SHARING, "copy_file_range:error=ENOSYS"] {
            let scene = Scene::new();
            sparse(&scene.path("src"), data, size);
            let traced = Strace::new(&scene, &["--from", "src", "f"]).inject(NO_SHARING).inject(injection).run();
            assert!(traced.output.status.success(), "{traced:?}");
            assert_sparse(&scene, &format!("{injection} {data:?}"));
        }
    }
}

/// Where the file system does not tell where its data is.
#[test]
fn without_the_answer_all_is_copied() {
    needs!(strace);
    let scene = Scene::new();
    sparse(&scene.path("src"), &[(MEBIBYTE, 10)], 2 * MEBIBYTE);
    let traced =
        Strace::new(&scene, &["--from", "src", "f"]).inject(NO_SHARING).inject("lseek:error=EINVAL:when=1").run();
    assert!(traced.output.status.success(), "{traced:?}");
    assert!(scene.read("f") == scene.read("src"));
}

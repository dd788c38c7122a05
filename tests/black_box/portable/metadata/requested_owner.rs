//! `--owner` and `--group`, as far as any user of any system may use them.
//!
//! Rows: none.

use crate::portable::interface::usage;

#[test]
fn an_owner_that_does_not_exist_is_a_usage_error() {
    if cfg!(windows) {
        usage(&["--owner=0", "f"], "--owner: files have no such owners on this system");
        usage(&["--group=Users", "f"], "--group: files have no such owners on this system");
        return;
    }
    usage(&["--owner=no-such-user", "f"], "--owner: there is no user 'no-such-user'");
    usage(&["--group", "no:such", "f"], "--group: there is no group 'no:such'");
    usage(&["--owner=+root", "f"], "--owner: there is no user '+root'");
    usage(&["--owner=-1", "f"], "--owner: there is no user '-1'");
    usage(&["--owner=", "f"], "--owner: USER is an empty word");
    for id in ["4294967295", "+4294967295", "99999999999"] {
        usage(&["--group", id, "f"], &format!("--group: '{id}' is no group id (0 to 4294967294)"));
    }
}

/// Whoever may not give files away may say whose they are.
#[cfg(unix)]
#[test]
fn ones_own_file_may_be_asked_for_by_anyone() {
    use std::os::unix::fs::MetadataExt;

    use crate::common::Scene;

    for options in [&[][..], &["--in-place"], &["-C"]] {
        let scene = Scene::with_old();
        let stat = std::fs::metadata(scene.path("f")).unwrap();
        let own = [format!("--owner={}", stat.uid()), format!("--group=+{}", stat.gid())];
        for name in ["f", "new"] {
            scene.cmd().args(options).args(&own).arg(name).write_stdin("new").assert().success().stderr("");
            let now = std::fs::metadata(scene.path(name)).unwrap();
            assert_eq!((now.uid(), now.gid(), scene.text(name).as_str()), (stat.uid(), stat.gid(), "new"));
        }
    }
}

//! Closed descriptors: no file of ours takes their numbers, and a closed standard input is an error.
//!
//! Rows: 6.

use std::fs::OpenOptions;

use rustix::fs::{CWD, Mode, mkfifoat};

use crate::common::{Scene, write_until_read};
use crate::portable::input::closed::COMBINATIONS;

/// Seen from outside, while the program waits for a FIFO: /dev/null stands where nothing stood.
#[test]
fn no_file_of_ours_takes_their_numbers() {
    for closed in COMBINATIONS {
        let scene = Scene::with_old();
        mkfifoat(CWD, scene.path("fifo"), Mode::from_raw_mode(0o600)).unwrap();
        let script = format!(r#"exec "$AW" --from fifo f {closed}"#);
        let mut shell = scene.other("sh");
        let mut child = shell.args(["-c", &script]).env("AW", crate::common::program()).spawn().unwrap();
        let mut writer = OpenOptions::new().write(true).open(scene.path("fifo")).unwrap();
        let content = write_until_read(&mut writer);
        for (descriptor, redirection) in [(0, "<&-"), (1, ">&-"), (2, "2>&-")] {
            let closed = closed.split(' ').any(|word| word == redirection);
            let now = std::fs::read_link(format!("/proc/{}/fd/{descriptor}", child.id())).unwrap();
            assert!(!closed || now.as_os_str() == "/dev/null", "{redirection}: {}", now.display());
        }
        drop(writer);
        assert!(child.wait().unwrap().success());
        assert!(scene.read("f") == content);
    }
}

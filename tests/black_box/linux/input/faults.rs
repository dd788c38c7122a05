//! Read errors are errors, not the end of the input.
//!
//! Rows: 4.

use std::fs::File;
use std::process::Stdio;

use super::{NO_SHARING, calls};
use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Scene, stderr};
use crate::portable::input::bytes;
use crate::portable::input::faults::fails;
use crate::portable::input::holes::sparse;

/// Nothing is mapped at address 0: the kernel answers EIO.
#[test]
fn an_input_error_at_once() {
    fails(&["f"], File::open("/proc/self/mem").unwrap(), "f: read: standard input: I/O error");
    fails(&["f", "--from", "/proc/self/mem"], Stdio::null(), "f: read: /proc/self/mem: I/O error");
    fails(&["-C", "f"], File::open("/proc/self/mem").unwrap(), "I/O error");
    fails(&["-a", "f"], File::open("/proc/self/mem").unwrap(), "I/O error");
}

#[test]
fn an_input_error_in_the_middle_of_a_stream() {
    needs!(strace);
    let content = bytes(300_000);
    let run = |scene: &Scene, injection: Option<String>| {
        scene.write("f", "old");
        let strace = Strace::new(scene, &["f"]).input(&content);
        injection.into_iter().fold(strace, Strace::inject).run()
    };
    let before = run(&Scene::new(), None).calls;
    let second = before.when(before.at("read", &["0<pipe"])) + 1;
    let scene = Scene::new();
    // From then on, as the program also looks for signals now and then, by a read that may come before it.
    let traced = run(&scene, Some(format!("read:error=EIO:when={second}+")));
    assert_eq!(traced.output.status.code(), Some(1), "{traced:?}");
    assert!(stderr(&traced.output).contains("read: standard input: I/O error (unchanged)"));
    assert_eq!((scene.text("f").as_str(), scene.names().len()), ("old", 1));
}

#[test]
fn an_input_error_in_the_middle_of_a_file() {
    needs!(strace);
    // With a hole, so that there are two copies; the second fails, and so does the attempt to read.
    let scene = Scene::with_old();
    sparse(&scene.path("src"), &[(0, 65536), (1 << 20, 65536)], 2 << 20);
    let traced = Strace::new(&scene, &["--from", "src", "f"])
        .inject(NO_SHARING)
        .inject("copy_file_range:error=EIO:when=2+")
        .inject(format!("pread64:error=EIO:when={}+", loaders_preads() + 1))
        .run();
    let text = stderr(&traced.output);
    assert_eq!(traced.output.status.code(), Some(1), "{text}");
    assert!(text.contains("f: read: src: I/O error (unchanged)"), "{text}");
    assert_eq!((scene.text("f").as_str(), scene.names()), ("old", vec!["f".to_owned(), "src".to_owned()]));
}

/// How often the loader of shared libraries calls pread before the program begins.
fn loaders_preads() -> usize {
    calls(&["--from", "src", "f"], b"x").all("pread64", &["/lib"]).count()
}

//! Neighbours that hardly move, or not at all.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{Scene, stderr};
use crate::share;

/// Waits until it holds; the bound is a last resort.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("never: {what}");
}

fn sleeps(child: &Child) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
}

fn full_pipe() -> (std::io::PipeReader, OwnedFd) {
    let (reader, writer) = std::io::pipe().unwrap();
    let writer = OwnedFd::from(writer);
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    while rustix::io::write(&writer, &[b'.'; 4096]).is_ok() {}
    while rustix::io::write(&writer, b".").is_ok() {}
    rustix::fs::fcntl_setfl(&writer, flags).unwrap();
    (reader, writer)
}

/// A producer that stops half way: nothing happens to TARGET, and a signal still ends it.
#[test]
fn an_input_that_stops_is_waited_for_and_can_be_given_up() {
    let scene = Scene::new();
    for (options, signal) in [(&[][..], Signal::TERM), (&["--parents"], Signal::HUP), (&["--lock"], Signal::INT)] {
        scene.write("f", "old");
        let mut child = scene.process().args(options).arg("f").stdin(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(&vec![b'n'; 100_000]).unwrap();
        until("everything is read", || rustix::io::ioctl_fionread(&pipe).unwrap() == 0 && sleeps(&child));
        assert_eq!(scene.text("f"), "old");
        assert_eq!(scene.names(), ["f"]);
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()));
        assert_eq!((scene.text("f"), scene.names()), ("old".into(), vec!["f".into()]));
    }
}

/// Nobody reads what it says: TARGET is done all the same, and once somebody reads, so is the program.
#[test]
fn a_full_pipe_for_the_report_delays_the_exit_only() {
    let scene = Scene::new();
    let (mut reader, writer) = full_pipe();
    let mut child = scene.process().args(["--report", "f"]).stdin(Stdio::null()).stdout(writer).spawn().unwrap();
    until("TARGET is there", || scene.path("f").exists() && sleeps(&child));
    let mut said = String::new();
    reader.read_to_string(&mut said).unwrap();
    assert_eq!(said.trim_start_matches('.'), "created\n");
    assert!(child.wait().unwrap().success());
    assert_eq!(scene.names(), ["f"]);
}

/// The same for an error: nothing is left while it waits.
#[test]
fn a_full_pipe_for_the_error_delays_the_exit_only() {
    let scene = Scene::new();
    let (mut reader, writer) = full_pipe();
    let mut command = scene.process();
    command.args(["--non-empty", "f"]).stdin(Stdio::null()).stderr(writer);
    let mut child = command.spawn().unwrap();
    // The command keeps the pipe open too.
    drop(command);
    until("it waits", || sleeps(&child) && scene.names().is_empty());
    let mut said = String::new();
    reader.read_to_string(&mut said).unwrap();
    assert!(said.contains("non-empty"), "{said}");
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(scene.names().is_empty());
}

/// Byte by byte, each in a read of its own: nothing is shown before the end, and nothing is lost.
#[test]
fn an_input_that_trickles_arrives_whole() {
    let scene = Scene::with_old();
    let mut command = scene.process();
    let mut child = command.arg("f").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let (bytes, pause) = share((500, 0), (2000, 2), (30_000, 10));
    let content: Vec<u8> = (0..bytes).map(|number| b'a' + u8::try_from(number % 26).unwrap()).collect();
    for byte in &content {
        pipe.write_all(&[*byte]).unwrap();
        until("it is read", || rustix::io::ioctl_fionread(&pipe).unwrap() == 0);
        assert_eq!(scene.text("f"), "old");
        std::thread::sleep(Duration::from_millis(pause));
    }
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(scene.read("f"), content);
}

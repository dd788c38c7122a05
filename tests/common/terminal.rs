//! A pseudo-terminal, made by script(1): what is written to it is typed, and what is on its screen can be waited for.

use std::io::{Read, Write};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::events::{BOUND, end_of};
use super::{Scene, program};

/// A terminal in which a line of the shell runs.
pub struct Terminal {
    script: Child,
    screen: ChildStdout,
    shown: Vec<u8>,
}

impl Terminal {
    /// `$AW` is the program. Needs script(1).
    pub fn run(scene: &Scene, line: &str) -> Terminal {
        let mut script = scene.other("script");
        script.args(["-qec", &format!("stty rows 24 cols 80; {line}"), "/dev/null"]);
        script.env("SHELL", "/bin/sh").env("AW", program()).env("TERM", "vt100");
        let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let screen = script.stdout.take().unwrap();
        Terminal { script, screen, shown: Vec::new() }
    }

    /// Waits until the text is on the screen, or was.
    pub fn shows(&mut self, text: &str) {
        let start = Instant::now();
        while !String::from_utf8_lossy(&self.shown).contains(text) {
            // What is drawn again and again has no silent minute.
            assert!(
                self.read() && start.elapsed() < BOUND,
                "{text:?} is not shown: {}",
                String::from_utf8_lossy(&self.shown).escape_debug()
            );
        }
        self.shown.clear();
    }

    /// Waits until `end` is on the screen; the text must be there then.
    pub fn shows_before(&mut self, text: &str, end: &str, what: &str) {
        let shown = |shown: &[u8]| String::from_utf8_lossy(shown).into_owned();
        while !shown(&self.shown).contains(end) {
            assert!(self.read(), "{what}: {:?}", shown(&self.shown));
        }
        assert!(shown(&self.shown).contains(text), "{what}: {:?}", shown(&self.shown));
        self.shown.clear();
    }

    pub fn types(&mut self, keys: &str) {
        self.script.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end of what runs in it; returns its status, as the shell tells it.
    pub fn end(self) -> i32 {
        self.end_and_rest().0
    }

    /// The same, and what has been shown since.
    pub fn end_and_rest(mut self) -> (i32, String) {
        while self.read() {}
        let rest = String::from_utf8_lossy(&self.shown).into_owned();
        (end_of(&mut self.script).code().unwrap(), rest)
    }

    /// Reads what has been shown since; `false` at the end.
    fn read(&mut self) -> bool {
        let bound = Timespec { tv_sec: BOUND.as_secs().try_into().unwrap(), tv_nsec: 0 };
        match poll(&mut [PollFd::new(&self.screen, PollFlags::IN)], Some(&bound)) {
            Ok(0) => panic!("nothing more is shown: {}", String::from_utf8_lossy(&self.shown).escape_debug()),
            Ok(_) => {}
            Err(Errno::INTR) => return true,
            Err(errno) => panic!("{errno}"),
        }
        let mut bytes = [0; 4096];
        let count = self.screen.read(&mut bytes).unwrap();
        self.shown.extend_from_slice(&bytes[..count]);
        count > 0
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Of a test that failed: its end hangs the terminal up.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

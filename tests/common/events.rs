//! Events to wait for, each with a bound: a program that does not do its part makes the test fail, not hang.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::io::Errno;

use super::Scene;

/// Longer than anything here takes, on a busy machine too.
const BOUND: Duration = Duration::from_secs(60);

/// Waits until `holds`, where there is no event to wait for.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < BOUND, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits for the end of a process.
pub fn end_of(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > BOUND {
            let _ = child.kill();
            panic!("it did not end: {:?}", child.wait());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// As the shell tells it: the status, or 128 and the signal's number.
pub fn shell_status(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
}

/// A FIFO in the scene, by which a script and the test tell each other how far they are. No open of it blocks.
pub struct Fifo(File);

impl Fifo {
    pub fn new(scene: &Scene, name: &str) -> Fifo {
        let path = scene.path(name);
        mkfifoat(CWD, &path, Mode::from_raw_mode(0o666)).unwrap();
        Fifo(File::options().read(true).write(true).open(path).unwrap())
    }

    /// Waits for a line of the script, and returns it without its end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        loop {
            let bound = Timespec { tv_sec: BOUND.as_secs().try_into().unwrap(), tv_nsec: 0 };
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&bound)) {
                Ok(0) => panic!("no line came"),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(errno) => panic!("{errno}"),
            }
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            if byte == *b"\n" {
                return line;
            }
            line.push(byte[0].into());
        }
    }

    /// Sends a line to the script.
    pub fn send(&mut self) {
        self.0.write_all(b"go\n").unwrap();
    }
}

//! FIFOs, by which a script and a test speak.

use std::fs::File;
use std::io::{Read, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::io::Errno;

use super::Scene;
use super::events::BOUND;

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

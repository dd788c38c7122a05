//! One run of one command, from before it is started until it has ended.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The exit status of a floor whose system calls this system does not support.
const UNSUPPORTED: i32 = 77;

/// Where a command's standard input comes from.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    Nothing,
    /// A few bytes, in a pipe before the command starts.
    Bytes(&'a [u8]),
    /// This file, through cat(1) and a pipe.
    Stream(&'a Path),
    /// The output of a shell script, through a pipe.
    Script(&'a str),
    /// The file itself.
    File(&'a Path),
}

/// Runs the command once. `None` where it is a floor that this system does not support.
pub fn time(mut command: Command, input: Input<'_>) -> Option<Duration> {
    let producer = match input {
        Input::Nothing => {
            command.stdin(Stdio::null());
            None
        }
        Input::Bytes(bytes) => {
            command.stdin(filled(bytes));
            None
        }
        Input::File(path) => {
            command.stdin(File::open(path).unwrap());
            None
        }
        Input::Stream(path) => {
            let mut producer = Command::new("cat");
            producer.arg(path);
            Some(producer)
        }
        Input::Script(script) => {
            let mut producer = Command::new("sh");
            producer.args(["-c", script]);
            Some(producer)
        }
    };
    let start = Instant::now();
    let producing = producer.map(|mut producer| {
        let mut child = producer.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        command.stdin(child.stdout.take().unwrap());
        child
    });
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // Closes our copy of the pipe: the command must be its only reader.
    command.stdin(Stdio::null());
    let status = child.wait().unwrap();
    let took = start.elapsed();
    if let Some(mut producing) = producing {
        producing.wait().unwrap();
    }
    worked(&command, status).then_some(took)
}

fn worked(command: &Command, status: ExitStatus) -> bool {
    if status.code() == Some(UNSUPPORTED) {
        return false;
    }
    assert!(status.success(), "{command:?}: {status}");
    true
}

/// A pipe with these bytes in it, whose other end is closed.
fn filled(bytes: &[u8]) -> OwnedFd {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    File::from(writer).write_all(bytes).unwrap();
    reader
}

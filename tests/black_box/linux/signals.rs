//! Signals: until the commit they end it with nothing done and nothing left, from then on they wait.

mod arriving;
mod every_call;
mod inherited;

use std::io::Write;
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::time::Duration;

use crate::common::strace::{Strace, has_unnamed};
use crate::common::{Scene, program, tool};

/// How the staging file comes to its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Staging {
    Unnamed,
    /// From the start.
    Named,
}

const STAGINGS: [Staging; 2] = [Staging::Unnamed, Staging::Named];

/// A run in the middle of its input.
struct Receiving {
    child: Child,
    stdin: ChildStdin,
}

impl Receiving {
    /// Starts `atomic-write ARGS` by way of `launcher` and returns when it has read a part of its input: more is
    /// written than a pipe can hold, and all of that has gone.
    fn start(scene: &Scene, staging: Staging, launcher: &[&str], args: &[&str]) -> Receiving {
        let program = program().to_str().unwrap();
        let words = [launcher, &[program], args].concat();
        let mut command = match staging {
            Staging::Named if has_unnamed() => {
                let mut strace = scene.other("strace");
                // The tracer is a process apart, so that the child is the program itself.
                strace.args(["-D", "-f", "-o", "/dev/null", "-e", &format!("inject={}", Strace::NO_LINKS), "sh"]);
                strace
            }
            Staging::Unnamed | Staging::Named => scene.other("sh"),
        };
        // SIGQUIT would leave its core.
        command.args(["-c", "ulimit -c 0; exec \"$@\"", "sh"]).args(words);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&vec![b'n'; 3 << 20]).unwrap();
        Receiving { child, stdin }
    }

    /// Sends it a signal by its number: real-time ones have no name.
    fn signal(&self, number: i32) {
        tool("sh", &["-c", &format!("kill -{number} {}", self.child.id())]);
    }

    /// Waits for its end while its input stays open. Bounded, as a program that ignores the signal waits for input.
    fn ends(mut self) -> ExitStatus {
        for _ in 0..6000 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill().unwrap();
        panic!("the signal did not end it");
    }

    /// Closes its input and waits for its end.
    fn end_input(mut self) -> ExitStatus {
        drop(self.stdin);
        self.child.wait().unwrap()
    }
}

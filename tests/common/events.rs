//! Events to wait for, each with a bound: a program that does not do its part makes the test fail, not hang.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
pub use super::fifo::Fifo;
use super::system;

/// Longer than anything here takes, on a busy machine too.
pub const BOUND: Duration = Duration::from_secs(60);

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
    status.code().unwrap_or_else(|| 128 + system::signal(status).unwrap())
}

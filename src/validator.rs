//! `--validate`: a command that must accept the content.

use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;

use rustix::fs::OFlags;

use crate::child::{Status, Stdio, spawn};
use crate::failure::{Failure, Result, words as os_message};
use crate::quote::Shown;
use crate::signals::Signals;
use crate::sys;
use crate::wait::wait;

/// Runs `sh -c SCRIPT` on the content, which it finds on its standard input and at `"$1"`.
pub(crate) fn validate(script: &OsStr, content: BorrowedFd<'_>, target: &Path, signals: &Signals) -> Result<()> {
    const STEP: &str = "validate";
    // /proc/self would be the grandchild that opens it.
    let path = format!("/proc/{}/fd/{}", std::process::id(), content.as_raw_fd());
    // Its own description, so that its reading does not move our offset.
    let stdin = sys::open(rustix::fs::CWD, path.as_str(), OFlags::RDONLY).map_err(Failure::call(STEP))?;
    let words = ["sh".into(), "-c".into(), script.to_owned(), "sh".into(), path.into(), target.as_os_str().to_owned()];
    let stderr = std::io::stderr();
    let stdio = Stdio { stdin: Some(stdin.as_fd()), stdout: stderr.as_fd() };
    signals.watch()?;
    signals.children()?;
    let mut child = spawn(&words, &stdio, signals)
        .map_err(|errno| Failure::failed(STEP, format_args!("sh could not be run: {}", os_message(errno))))?;
    let status = loop {
        signals.clear_children();
        if let Some(status) = child.try_wait()? {
            break status;
        }
        wait([Some(signals.children()?)], Some(signals), None).map_err(Failure::call(STEP))?;
        if let Some(caught) = signals.caught() {
            child.stop(None, caught, signals)?;
            return Err(Failure::signal(caught));
        }
    };
    let shown = Shown(script);
    match status {
        Status::Exited(0) => Ok(()),
        // The shell's words for "found, not executable" and "not found".
        Status::Exited(code @ (126 | 127)) => {
            Err(Failure::failed(STEP, format_args!("command '{shown}' could not be run (status {code})")))
        }
        Status::Exited(code) => {
            Err(Failure::refused(STEP, format_args!("command '{shown}' exited with status {code}")))
        }
        Status::Killed(signal) => {
            Err(Failure::refused(STEP, format_args!("command '{shown}' was killed by signal {signal}")))
        }
    }
}

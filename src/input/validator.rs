//! `--validate`: a command that must accept the content.

use std::ffi::OsStr;
use std::path::Path;

use crate::error::{Context, Result, failed, refused_by_guard};
use crate::platform::{AsFd, BorrowedFd, Event, Interrupted, Signals, Status, Stdio, os_message, spawn_shell, wait};
use crate::quote::Shown;

/// Runs `sh -c SCRIPT`. The content is its standard input, and `"$1"` is a path to it.
pub(crate) fn validate(
    script: &OsStr,
    content: BorrowedFd<'_>,
    path: &Path,
    target: &Path,
    signals: &Signals,
) -> Result<()> {
    const STEP: &str = "validate";
    let stderr = std::io::stderr();
    let stdio = Stdio { stdin: Some(content), stdout: Some(stderr.as_fd()) };
    signals.watch().context("signals")?;
    signals.watch_children().context("signals")?;
    let mut child = spawn_shell(script, path, target, &stdio, signals)
        .map_err(|errno| failed(STEP, format_args!("sh could not be run: {}", os_message(errno))))?;
    let status = loop {
        signals.clear_children();
        if let Some(status) = child.try_wait().context("wait")? {
            break status;
        }
        wait([Some(Event::ChildEnded)], Some(signals), None).context(STEP)?;
        if let Some(caught) = signals.caught() {
            child.stop(None, caught, signals).context("wait")?;
            return Err(Interrupted(caught).into());
        }
    };
    let shown = Shown(script);
    match status {
        Status::Exited(0) => Ok(()),
        // The shell's statuses for "found but not executable" and "not found".
        Status::Exited(code @ (126 | 127)) => {
            Err(failed(STEP, format_args!("command '{shown}' could not be run (status {code})")))
        }
        Status::Exited(code) => {
            Err(refused_by_guard(STEP, format_args!("command '{shown}' exited with status {code}")))
        }
        Status::Killed(signal) => {
            Err(refused_by_guard(STEP, format_args!("command '{shown}' was killed by signal {signal}")))
        }
    }
}

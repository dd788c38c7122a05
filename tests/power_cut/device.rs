//! The loop device on the recording disk, and a guardian that gives it back whatever becomes of this process.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::{Context, Result};

/// Reads until its standard input ends, which it does at this process's death at the latest.
const GUARDIAN: &str = r#"trap '' INT TERM HUP QUIT; read -r _; losetup -d "$1" 2>/dev/null"#;

pub(crate) struct Device {
    path: PathBuf,
    guardian: Child,
}

impl Device {
    pub(crate) fn attach(file: &Path) -> Result<Self> {
        let path =
            PathBuf::from(run(Command::new("losetup").args(["--direct-io=on", "--find", "--show"]).arg(file))?.trim());
        let guardian = Command::new("sh")
            .args(["-c", GUARDIAN, "sh"])
            .arg(&path)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("start the loop device's guardian")?;
        Ok(Self { path, guardian })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

/// Runs a tool of the system; what it says on standard error is the error.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().context(format_args!("run {name}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name}: {}: {}", output.status, words.trim()).into())
}

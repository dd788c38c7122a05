//! The loop device on the recording disk, and a process that detaches it even where this one is killed.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::error::{Context, Result};

/// Waits for a line. Where this process dies instead, it also unmounts and removes everything.
const CLEANER: &str = r#"
trap '' INT TERM HUP QUIT
exec >/dev/null 2>&1
cd /
if ! read -r _; then
    umount -l "$2"/mounted "$2"/served
    rm -rf --one-file-system "$2"
fi
losetup -d "$1"
"#;

pub(crate) struct Device {
    path: PathBuf,
    cleaner: Child,
}

impl Device {
    /// `directory`: the simulator's.
    pub(crate) fn attach(file: &Path, directory: &Path) -> Result<Self> {
        let path =
            PathBuf::from(run(Command::new("losetup").args(["--direct-io=on", "--find", "--show"]).arg(file))?.trim());
        let cleaner = Command::new("sh")
            .args(["-c", CLEANER, "sh"])
            .arg(&path)
            .arg(directory)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("start the loop device's cleaner")?;
        Ok(Self { path, cleaner })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Some(mut line) = self.cleaner.stdin.take() {
            let _ = line.write_all(b"done\n");
        }
        let _ = self.cleaner.wait();
    }
}

/// Runs a tool that must succeed; standard error is the error.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().context(format_args!("run {name}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name}: {}: {}", output.status, stderr.trim()).into())
}

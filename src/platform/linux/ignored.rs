//! Which signals are ignored, from /proc.

use rustix::fs::{Mode, OFlags};

/// Bit N-1: signal N is ignored, as in `sigignore` of proc_pid_stat(5). Without /proc none is known to be.
pub(in crate::platform) fn ignored_signals() -> u32 {
    read().unwrap_or(0)
}

/// The process id and the name end within so many bytes.
const NAME_IN: usize = 64;

/// /proc/self/status has them too, but the kernel generates /proc/self/stat faster; it lacks only real-time signals.
fn read() -> Option<u32> {
    let stat = rustix::fs::open("/proc/self/stat", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut text = [0; 1024];
    let length = rustix::io::read(&stat, &mut text).ok()?;
    let text = text.get(..length)?;
    // The second field, the program's name in parentheses, may contain anything, and at most 15 bytes. `sigignore` is the
    // 33rd field.
    let after_name = text.iter().take(NAME_IN).rposition(|&byte| byte == b')')? + 1;
    let ignored = text.get(after_name..)?.split(|&byte| byte == b' ').nth(31)?;
    std::str::from_utf8(ignored).ok()?.parse().ok()
}

//! The kind of machine that the figures were measured on.

use std::path::Path;

/// The kind of file system, as mount(8) calls it.
pub fn file_system(directory: &Path) -> &'static str {
    match rustix::fs::statfs(directory).map(|found| found.f_type) {
        Ok(0xef53) => "ext4",
        Ok(0x5846_5342) => "xfs",
        Ok(0x9123_683e) => "btrfs",
        Ok(0x0102_1994) => "tmpfs",
        Ok(0x794c_7630) => "overlay",
        _ => "another file system",
    }
}

/// Cores, file system, kernel, architecture.
pub fn description(directory: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let plural = if cores == 1 { "" } else { "s" };
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    let release = release.split(['.', '-']).take(2).collect::<Vec<_>>().join(".");
    let system = uname.sysname().to_string_lossy();
    let machine = uname.machine().to_string_lossy();
    format!("{cores} core{plural}, {}, {system} {release}, {machine}", file_system(directory))
}

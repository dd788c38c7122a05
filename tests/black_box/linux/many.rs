//! `-t`, as only Linux can look at it: calls, disks, limits, signals.

mod directories;
mod folded;
mod full;
mod killed;
mod limits;
mod preloaded;
mod reported;
mod synced;
mod told;
mod unchanged;
mod unsynced;

use std::fs;
use std::process::Child;

use crate::common::Scene;
use crate::common::events::until;

/// `src/0` and so on, with what they hold, and an empty `d`. Returns the paths.
pub fn sources(scene: &Scene, count: usize) -> Vec<String> {
    scene.mkdir("src");
    scene.mkdir("d");
    let write = |number: usize| {
        scene.write(format!("src/{number}"), format!("new {number}"));
        format!("src/{number}")
    };
    (0..count).map(write).collect()
}

/// `-t d OPTIONS SOURCES`.
pub fn args<'a>(options: &[&'a str], sources: &'a [String]) -> Vec<&'a str> {
    [&["-t", "d"], options, &sources.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat()
}

/// What this file of `d` must hold.
pub fn content(number: usize) -> String {
    format!("new {number}")
}

/// Words before a command that see this much that is to be written to the disks.
pub fn with_unwritten(scene: &Scene, kilobytes: u64) -> [String; 6] {
    scene.write("meminfo", format!("MemFree: 1 kB\nDirty: {kilobytes} kB\nWriteback: 0 kB\n"));
    let script = "mount --bind meminfo /proc/meminfo && exec \"$@\"";
    ["unshare", "-m", "sh", "-c", script, "sh"].map(str::to_owned)
}

/// Waits until the program has the source open that is a FIFO.
pub fn until_fifo_is_open(child: &Child) {
    until_open(child, "src/fifo");
}

/// Waits until the program has this source open.
pub fn until_open(child: &Child, source: &str) {
    let directory = format!("/proc/{}/fd", child.id());
    let is_it = |entry: std::io::Result<fs::DirEntry>| {
        fs::read_link(entry.unwrap().path()).is_ok_and(|path| path.ends_with(source))
    };
    until("the source is open", || fs::read_dir(&directory).unwrap().any(is_it));
}

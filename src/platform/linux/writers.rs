//! Which processes have a file open for writing.
//!
//! A lease, fcntl(2), would tell whether there is one, but no safe crate has it. So descriptors that /proc shows are compared,
//! as fuser(1) does: those of the processes that were started after this one, among which are all descendants of a command.

use std::os::fd::AsFd;

use rustix::fs::{CWD, Dir, OFlags};

use super::proc;
use crate::platform::unix::errors::Result;
use crate::platform::unix::open::open;
use crate::platform::unix::stat::Stat;

/// A process that has the file open for writing, as its id and its name. `None` if there is none, as far as /proc tells.
pub(crate) fn find_writer(file: impl AsFd) -> Option<(u32, String)> {
    let wanted = Stat::of(file).ok()?;
    let ours = started("self");
    let is_later = |pid: &u32| *pid != std::process::id() && started(&pid.to_string()) >= ours;
    numbers("/proc").ok()?.into_iter().filter(is_later).find_map(|pid| {
        let directory = format!("/proc/{pid}/fd");
        let is_writer = |number: &u32| {
            Stat::follow(format!("{directory}/{number}").as_str()).is_ok_and(|found| found.is_same_file(&wanted))
                && is_for_writing(pid, *number)
        };
        // Those of another user cannot be looked at.
        numbers(&directory).ok()?.iter().find(|number| is_writer(number))?;
        let name = proc::read(&format!("/proc/{pid}/comm")).unwrap_or_default();
        Some((pid, name.trim_end().to_owned()))
    })
}

/// When a process was started, in ticks since the system was: the 22nd field of proc_pid_stat(5). The second may contain
/// anything, and ends at the last parenthesis.
fn started(process: &str) -> Option<u64> {
    let stat = proc::read(&format!("/proc/{process}/stat"))?;
    stat.get(stat.rfind(')')?..)?.split(' ').nth(20)?.parse().ok()
}

/// The names in a directory that are numbers.
fn numbers(directory: &str) -> Result<Vec<u32>> {
    let mut entries = Dir::new(open(CWD, directory, OFlags::RDONLY | OFlags::DIRECTORY)?)?;
    let mut found = Vec::new();
    while let Some(entry) = entries.read() {
        found.extend(entry?.file_name().to_str().ok().and_then(|name| name.parse::<u32>().ok()));
    }
    Ok(found)
}

fn is_for_writing(pid: u32, number: u32) -> bool {
    let flags = proc::read(&format!("/proc/{pid}/fdinfo/{number}")).and_then(|info| {
        let octal = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
        u32::from_str_radix(octal.trim(), 8).ok()
    });
    flags.is_some_and(|flags| OFlags::from_bits_retain(flags) & OFlags::RWMODE != OFlags::RDONLY)
}

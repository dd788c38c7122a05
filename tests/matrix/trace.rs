//! The calls of a run, as strace shows them.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::path::Path;

use crate::common::strace;
use crate::file_state::is_staging_name;

/// One system call of the program.
#[derive(Clone, Debug)]
pub struct Call {
    shown: strace::Call,
    /// Its number among the calls of this name since the program's start, by which strace injects. The dynamic linker's
    /// calls count.
    pub nth: usize,
    /// Made by the Rust runtime before or after `main`.
    pub runtime: bool,
    /// Whether it closes an end of a pipe that the program has made.
    pub closes_pipe: bool,
    /// Whether the last name among its arguments is in a private directory, where a file has TARGET's name.
    in_private: bool,
}

impl Deref for Call {
    type Target = strace::Call;

    fn deref(&self) -> &strace::Call {
        &self.shown
    }
}

impl Call {
    /// Whether the last name among its arguments, which is made, replaced or removed, is this one beside TARGET.
    pub fn names(&self, name: &str) -> bool {
        !self.in_private && last_name(&self.shown) == Some(name)
    }

    /// Whether it reads the state of what has this name, and not of an open file.
    pub fn stats(&self, name: &str) -> bool {
        let stats = matches!(self.name.as_str(), "statx" | "newfstatat" | "lstat") || self.is("openat", &["O_PATH"]);
        stats && self.names(name)
    }

    /// Whether it has given this name to a file.
    pub fn gives(&self, name: &str) -> bool {
        matches!(self.name.as_str(), "linkat" | "renameat" | "renameat2") && self.succeeded() && self.names(name)
    }

    /// Whether it is an exchange with this name.
    pub fn exchanges(&self, name: &str) -> bool {
        self.names(name) && self.args.contains("RENAME_EXCHANGE")
    }

    /// Whether it reads from a signalfd, which never reads less than a whole signal.
    pub fn reads_signals(&self) -> bool {
        self.name == "read" && self.args.ends_with(", 128")
    }

    /// Whether a signal handler writes to its pipe, of which one end cannot fail while the other is open.
    pub fn wakes(&self) -> bool {
        self.name == "write" && self.args.ends_with("\"X\", 1")
    }

    /// Whether it writes to standard output or standard error.
    pub fn is_message(&self) -> bool {
        self.name == "write" && matches!(self.descriptor(), "1" | "2")
    }
}

/// All calls of a trace.
pub fn parse(log: &str) -> Vec<Call> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut pipes: HashSet<String> = HashSet::new();
    let mut private: HashSet<String> = HashSet::new();
    let mut calls = Vec::new();
    for shown in log.lines().filter_map(strace::Call::parse) {
        let count = counts.entry(shown.name.clone()).or_default();
        *count += 1;
        // pipe2([3, 4], O_CLOEXEC) = 0
        if let Some((both, _)) = shown.args.strip_prefix('[').and_then(|rest| rest.split_once(']'))
            && matches!(shown.name.as_str(), "pipe" | "pipe2")
        {
            pipes.extend(both.split(", ").map(str::to_owned));
        }
        let in_private = directory_of_last_name(&shown).is_some_and(|directory| private.contains(directory));
        if let ("openat", Some(opened), Some(name)) = (shown.name.as_str(), shown.returned(), last_name(&shown))
            && (is_staging_name(Path::new(name)) || (in_private && name == "."))
        {
            private.insert(opened.to_string());
        }
        let closes_pipe = shown.name == "close" && pipes.remove(&shown.args);
        if shown.name == "close" && shown.succeeded() {
            private.remove(&shown.args);
        }
        calls.push(Call { nth: *count, runtime: false, closes_pipe, in_private, shown });
    }
    calls
}

fn last_name(call: &strace::Call) -> Option<&str> {
    call.args.split('"').nth_back(1)
}

/// The descriptor before the last name among its arguments.
fn directory_of_last_name(call: &strace::Call) -> Option<&str> {
    let before = call.args.rsplitn(3, '"').nth(2)?.strip_suffix(", ")?;
    before.rsplit(", ").next()
}

/// The calls after the dynamic linker's. The first is the check of the standard descriptors, before `main`; those from
/// there to the first call of `main` are the runtime's.
pub fn ours(calls: Vec<Call>) -> Vec<Call> {
    let first =
        |name: &str, start: &str| calls.iter().position(|call| call.name == name && call.args.starts_with(start));
    let Some(begin) = first("fcntl", "0, F_GETFD") else { return Vec::new() };
    let main = first("rt_sigprocmask", "SIG_BLOCK, [XFSZ]");
    let runtime = first("poll", "[{fd=0, events=0}");
    let mut ours: Vec<Call> = calls
        .into_iter()
        .enumerate()
        .map(|(at, call)| Call {
            runtime: runtime.is_some_and(|from| at >= from) && main.is_some_and(|to| at < to)
                // The generic backend asks for dispositions before `main`. The runtime would meet the same error.
                || call.is("rt_sigaction", &[", NULL, "]),
            ..call
        })
        .skip(begin)
        .collect();
    // After `main` it takes down the alternative signal stack.
    let end = ours.iter().rposition(|call| call.name == "sigaltstack").unwrap_or(ours.len());
    ours.iter_mut().skip(end).for_each(|call| call.runtime = true);
    ours
}

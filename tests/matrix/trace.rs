//! What strace wrote down.

use std::collections::{HashMap, HashSet};

/// One system call of the program.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    /// The how many-th of this name since the program's start, the dynamic linker's among them: strace counts so.
    pub nth: usize,
    /// The line.
    pub text: String,
    /// Made by the Rust runtime on the way to `main`.
    pub runtime: bool,
    /// Whether an end of a pipe of our own making is closed.
    pub closes_pipe: bool,
}

impl Call {
    /// What it returned, where that is a number.
    pub fn result(&self) -> Option<i64> {
        let (_, result) = self.text.rsplit_once(" = ")?;
        result.split_whitespace().next()?.parse().ok()
    }

    pub fn succeeded(&self) -> bool {
        self.result().is_some_and(|result| result >= 0)
    }

    /// The last name among its arguments: that which is made, replaced or removed.
    pub fn names(&self, name: &str) -> bool {
        self.text.split('"').nth_back(1) == Some(name)
    }

    /// Whether it looks at what has this name, and not at what is open.
    pub fn looks_at(&self, name: &str) -> bool {
        let asks = matches!(self.name.as_str(), "statx" | "newfstatat" | "lstat")
            || (self.name == "openat" && self.text.contains("O_PATH"));
        asks && self.names(name)
    }

    /// Whether it has given this name to a file.
    pub fn gives(&self, name: &str) -> bool {
        matches!(self.name.as_str(), "linkat" | "renameat" | "renameat2") && self.succeeded() && self.names(name)
    }

    /// Whether it is an exchange with this name.
    pub fn exchanges(&self, name: &str) -> bool {
        self.names(name) && self.text.contains("RENAME_EXCHANGE")
    }

    /// Whether the result is strace's.
    pub fn is_injected(&self) -> bool {
        self.text.ends_with("(INJECTED)")
    }

    /// Whether signals are read, which come whole or not at all.
    pub fn reads_signals(&self) -> bool {
        self.name == "read" && self.text.split(" = ").next().is_some_and(|call| call.trim_end().ends_with(", 128)"))
    }

    /// Whether a descriptor is written that the program was started with.
    pub fn is_message(&self) -> bool {
        self.name == "write" && ["write(1,", "write(2,"].iter().any(|start| self.text.starts_with(start))
    }
}

/// All calls of a trace.
pub fn parse(log: &str) -> Vec<Call> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut pipes: HashSet<&str> = HashSet::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let Some((name, arguments)) = line.split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let count = counts.entry(name).or_default();
        *count += 1;
        // pipe2([3, 4], O_CLOEXEC) = 0
        if let Some((both, _)) = arguments.strip_prefix('[').and_then(|rest| rest.split_once(']'))
            && matches!(name, "pipe" | "pipe2")
        {
            pipes.extend(both.split(", "));
        }
        let descriptor = arguments.split(')').next().unwrap_or_default();
        let closes_pipe = name == "close" && pipes.remove(descriptor);
        calls.push(Call { name: name.to_owned(), nth: *count, text: line.to_owned(), runtime: false, closes_pipe });
    }
    calls
}

/// Those after the dynamic linker's: the first is the look at the standard descriptors, before `main`. What follows up
/// to the first call of `main` is the runtime's.
pub fn ours(calls: Vec<Call>) -> Vec<Call> {
    let Some(first) = calls.iter().position(|call| call.text.starts_with("fcntl(0, F_GETFD")) else {
        return Vec::new();
    };
    let main = calls.iter().position(|call| call.text.starts_with("rt_sigprocmask(SIG_BLOCK, [XFSZ]"));
    let runtime = calls.iter().position(|call| call.text.starts_with("poll([{fd=0, events=0}"));
    let mut ours: Vec<Call> = calls
        .into_iter()
        .enumerate()
        .map(|(at, call)| Call {
            runtime: runtime.is_some_and(|from| at >= from) && main.is_some_and(|to| at < to),
            ..call
        })
        .skip(first)
        .collect();
    // Its alternative stack for signals, taken down after `main`.
    let end = ours.iter().rposition(|call| call.name == "sigaltstack").unwrap_or(ours.len());
    ours.iter_mut().skip(end).for_each(|call| call.runtime = true);
    ours
}

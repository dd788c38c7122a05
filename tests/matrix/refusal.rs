//! How strace refuses what a scenario's system does not support.

use crate::scenario::Refused;
use crate::trace::Call;

/// Which calls of a name are refused.
enum Which {
    All,
    /// The first whose arguments contain this.
    Marked(&'static str),
    First,
    /// All but the first, which is a trial.
    AllButFirst,
}

/// Calls that are refused throughout a run.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub call: &'static str,
    pub errno: &'static str,
    /// For `strace -e inject=`.
    pub rule: String,
    /// The number of the first that is refused.
    pub first: usize,
    /// Whether it is the only one.
    pub once: bool,
}

impl Refusal {
    /// `calls` are those of a run in which nothing is refused.
    pub fn of(refused: Refused, calls: &[Call]) -> Option<Self> {
        let (call, errno, which) = rule(refused);
        let (when, first) = match which {
            Which::All => (String::new(), 1),
            Which::Marked(mark) => {
                let marked = calls.iter().find(|other| other.is(call, &[mark]))?;
                (format!(":when={}", marked.nth), marked.nth)
            }
            Which::First => (":when=1".to_owned(), 1),
            Which::AllButFirst => (":when=2+".to_owned(), 2),
        };
        let once = matches!(which, Which::Marked(_) | Which::First);
        Some(Self { call, errno, rule: format!("{call}:error={errno}{when}"), first, once })
    }

    /// Whether the `nth` call of the name is refused.
    pub fn covers(&self, nth: usize) -> bool {
        nth == self.first || (nth > self.first && !self.once)
    }
}

/// The call by which this is refused.
pub fn call(refused: Refused) -> &'static str {
    rule(refused).0
}

/// What the refused call's arguments must contain, where it is met by its number.
pub fn mark(refused: Refused) -> Option<&'static str> {
    match rule(refused).2 {
        Which::Marked(mark) => Some(mark),
        _ => None,
    }
}

fn rule(refused: Refused) -> (&'static str, &'static str, Which) {
    match refused {
        Refused::UnnamedFiles => ("openat", "EOPNOTSUPP", Which::Marked("O_TMPFILE")),
        Refused::RenameFlags => ("renameat2", "EINVAL", Which::All),
        Refused::HardLinks => ("linkat", "EPERM", Which::All),
        Refused::LinkToUnnamed => ("linkat", "EACCES", Which::AllButFirst),
        Refused::Rename => ("renameat", "EPERM", Which::All),
        Refused::RenameBetween => ("renameat", "EXDEV", Which::First),
        Refused::DirectoryWrite => ("faccessat2", "EACCES", Which::Marked("\".\", W_OK|X_OK")),
        Refused::Threads => ("clone3", "EAGAIN", Which::All),
        Refused::Unlink => ("unlinkat", "EIO", Which::All),
    }
}

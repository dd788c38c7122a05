//! What went wrong, in the terms of the contract: the step, the reason, and the state of TARGET.

use std::fmt::Display;

use rustix::io::Errno;

/// The result of everything that can fail.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What kind of end this is; it decides the exit status and the state of TARGET.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Something failed; TARGET is unchanged.
    Failed,
    /// A guard refused; TARGET is unchanged.
    Refused,
    /// COMMAND ended with this status, or could not be run (126, 127); TARGET is unchanged.
    Command(u8),
    /// This signal asked us to end; TARGET is unchanged. Nothing is printed.
    Signal(crate::caught::TerminationSignal),
    /// TARGET is replaced, but the directory could not be synced.
    NotDurable,
    /// The overwrite in place failed half way.
    Damaged,
    /// A rename that failed has removed TARGET, and the new content could not take its place.
    Missing,
}

/// How TARGET looks beside what it was when it was first looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Seen {
    Unchanged,
    /// The same but for its times, which say nothing on its file system.
    OtherTimes,
    /// By another program's doing.
    Changed,
}

/// A failure, told once by `report`.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) step: &'static str,
    pub(crate) reason: String,
    /// The system's error behind it, where there is one.
    pub(crate) errno: Option<Errno>,
    pub(crate) hints: Vec<String>,
    /// What is to be known of a TARGET that was replaced all the same.
    pub(crate) warnings: Vec<String>,
    /// What a TARGET that was not replaced looks like in the end.
    pub(crate) seen: Seen,
}

impl Failure {
    fn new(kind: Kind, step: &'static str, reason: impl Display) -> Self {
        Failure {
            kind,
            step,
            reason: reason.to_string(),
            errno: None,
            hints: Vec::new(),
            warnings: Vec::new(),
            seen: Seen::Unchanged,
        }
    }

    /// Something failed before the commit.
    pub(crate) fn failed(step: &'static str, reason: impl Display) -> Self {
        Failure::new(Kind::Failed, step, reason)
    }

    /// A guard refused.
    pub(crate) fn refused(step: &'static str, reason: impl Display) -> Self {
        Failure::new(Kind::Refused, step, reason)
    }

    /// The same, because TARGET's content is not what was read.
    pub(crate) fn changed(step: &'static str, reason: impl Display) -> Self {
        Failure { seen: Seen::Changed, ..Failure::refused(step, reason) }
    }

    /// COMMAND failed, or could not be run.
    pub(crate) fn command(status: u8, reason: impl Display) -> Self {
        Failure::new(Kind::Command(status), "replace", reason)
    }

    /// A signal arrived before the commit.
    pub(crate) fn signal(caught: crate::caught::TerminationSignal) -> Self {
        Failure::new(Kind::Signal(caught), "replace", "")
    }

    /// TARGET is replaced and perhaps not durable.
    pub(crate) fn not_durable(step: &'static str, reason: impl Display) -> Self {
        Failure::new(Kind::NotDurable, step, reason)
    }

    /// TARGET is damaged.
    pub(crate) fn damaged(step: &'static str, reason: impl Display) -> Self {
        Failure::new(Kind::Damaged, step, reason)
    }

    /// TARGET is gone.
    pub(crate) fn missing(step: &'static str, reason: impl Display) -> Self {
        Failure::new(Kind::Missing, step, reason)
    }

    /// A system call failed before the commit.
    pub(crate) fn call(step: &'static str) -> impl Fn(Errno) -> Self {
        move |errno| Failure { errno: Some(errno), ..Failure::failed(step, words(errno)) }
    }

    /// The same, of the place that is named.
    pub(crate) fn call_at(step: &'static str, place: impl Display, errno: Errno) -> Self {
        Failure { errno: Some(errno), ..Failure::failed(step, format_args!("{place}: {}", words(errno))) }
    }

    /// Whether the system refuses what was asked for, as against a disk that fails or is full, or a name that is not there.
    pub(crate) fn is_refusal(&self) -> bool {
        self.kind == Kind::Failed && self.errno.is_some_and(refuses_names)
    }

    /// Adds a line that helps.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }
}

/// Whether the error says that this system, or this sandbox, does not let a name be made or replaced here, by this way.
pub(crate) fn refuses_names(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::PERM
            | Errno::ACCESS
            | Errno::XDEV
            | Errno::BUSY
            | Errno::TXTBSY
            | Errno::NOSYS
            | Errno::NOTSUP
            | Errno::INVAL
            | Errno::MLINK
            | Errno::EXIST
    )
}

/// The system's words for an error, without its number.
pub(crate) fn words(errno: impl Into<std::io::Error>) -> String {
    let text = errno.into().to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

//! Errors, in the terms of the contract.
//!
//! anyhow carries them. The root is a system error or a sentence. The contexts around it give the place and, outside
//! that, the step. [`TargetState`] and [`Hints`] are contexts too; they mark the error and print nothing. A hint is
//! given by the check that fails. A typed root, [`Cause`] or [`Interrupted`](crate::platform::Interrupted),
//! determines the exit status and TARGET's state; `report` looks for it. Any other error means "failed, TARGET
//! unchanged".

use std::fmt::{self, Display};

use anyhow::anyhow;
pub(crate) use anyhow::{Context, Error, Result};

use crate::platform::{Errno, os_message, refuses_names};

/// What an error means for TARGET. The text is the reason.
#[derive(Debug)]
pub(crate) enum Cause {
    /// What the user asks for contradicts itself; nothing has been done.
    Usage(String),
    /// A guard refused; TARGET is unchanged.
    Refused(String),
    /// COMMAND exited with this status or could not be run (126, 127); TARGET is unchanged.
    Command(u8, String),
    /// TARGET is replaced, but the directory could not be synced.
    NotDurable(String),
    /// The overwrite in place failed partway.
    Damaged(String),
    /// A failed rename removed TARGET, and the new content could not take its place.
    Missing(String),
}

impl Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Cause::Usage(reason)
        | Cause::Refused(reason)
        | Cause::Command(_, reason)
        | Cause::NotDurable(reason)
        | Cause::Damaged(reason)
        | Cause::Missing(reason)) = self;
        f.write_str(reason)
    }
}

impl std::error::Error for Cause {}

/// How TARGET, which was not replaced, compares with its state when it was looked up. As a context it prints nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TargetState {
    Unchanged,
    /// Only its times differ, which proves nothing on its file system, or is the effect of a write that failed.
    TimesChanged,
    /// Another program has changed it.
    Changed,
}

impl Display for TargetState {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Hints for the user. As a context they print nothing.
#[derive(Debug)]
struct Hints(Vec<String>);

impl Display for Hints {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// A failure before the commit.
pub(crate) fn failed(step: &'static str, reason: impl Display) -> Error {
    anyhow!(reason.to_string()).context(step)
}

pub(crate) fn refused_by_guard(step: &'static str, reason: impl Display) -> Error {
    Error::new(Cause::Refused(reason.to_string())).context(step)
}

/// COMMAND failed or could not be run.
pub(crate) fn command_failed(status: u8, reason: impl Display) -> Error {
    Error::new(Cause::Command(status, reason.to_string())).context("replace")
}

/// TARGET is replaced and may not be durable.
pub(crate) fn not_durable(step: &'static str, reason: impl Display) -> Error {
    Error::new(Cause::NotDurable(reason.to_string())).context(step)
}

pub(crate) fn damaged(step: &'static str, reason: impl Display) -> Error {
    Error::new(Cause::Damaged(reason.to_string())).context(step)
}

pub(crate) fn missing(step: &'static str, reason: impl Display) -> Error {
    Error::new(Cause::Missing(reason.to_string())).context(step)
}

/// A failed call on the file or directory that `place` names.
pub(crate) fn at<'a>(step: &'static str, place: impl Display + 'a) -> impl FnOnce(Errno) -> Error + 'a {
    move |errno| Error::new(errno).context(place.to_string()).context(step)
}

/// What the program needs to know about an error.
pub(crate) trait ErrorExt: Sized {
    /// Adds a hint.
    #[must_use]
    fn hint(self, hint: impl Display) -> Self;
    /// The hints, in the order in which they were added.
    fn hints(&self) -> &[String];
    /// The system error at the root.
    fn errno(&self) -> Option<Errno>;
    /// Whether the system refuses the operation here. A failing disk, a full disk or a missing name is not a refusal.
    fn is_refused_by_system(&self) -> bool;
    /// The step, and the reason with its place in front.
    fn step_and_reason(&self) -> (String, String);
}

impl ErrorExt for Error {
    fn hint(mut self, hint: impl Display) -> Self {
        if let Some(Hints(hints)) = self.downcast_mut() {
            hints.push(hint.to_string());
            return self;
        }
        self.context(Hints(vec![hint.to_string()]))
    }

    fn hints(&self) -> &[String] {
        self.downcast_ref::<Hints>().map_or(&[], |Hints(hints)| hints)
    }

    fn errno(&self) -> Option<Errno> {
        self.downcast_ref().copied()
    }

    fn is_refused_by_system(&self) -> bool {
        self.errno().is_some_and(refuses_names)
    }

    fn step_and_reason(&self) -> (String, String) {
        let texts = self.chain().map(|error| match error.downcast_ref::<Errno>() {
            Some(errno) => os_message(*errno),
            None => error.to_string(),
        });
        // A marker has no text.
        let mut texts = texts.filter(|text| !text.is_empty());
        (texts.next().unwrap_or_default(), texts.collect::<Vec<_>>().join(": "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_found_but_not_printed() {
        let error = at("stage", "directory d")(Errno::ACCESS).hint("one").context(TargetState::Changed).hint("two");
        assert_eq!(error.step_and_reason(), ("stage".to_owned(), "directory d: Permission denied".to_owned()));
        assert_eq!(error.hints(), ["one", "two"]);
        assert_eq!(error.downcast_ref::<TargetState>(), Some(&TargetState::Changed));
        assert!(error.is_refused_by_system());
    }

    #[test]
    fn a_cause_is_the_reason() {
        let error = refused_by_guard("checksum", "wrong");
        assert_eq!(error.step_and_reason(), ("checksum".to_owned(), "wrong".to_owned()));
        assert!(matches!(error.downcast_ref(), Some(Cause::Refused(_))));
        assert!(!error.is_refused_by_system());
    }
}

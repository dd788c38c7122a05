//! SIGKILL and SIGTERM at every system call of a run, one run for each: TARGET is old or new, never anything else; and
//! what may be left is exactly what the protocol says.
//!
//! Rows: none.

use std::fs;
use std::os::unix::process::ExitStatusExt;

use crate::common::Scene;
use crate::common::needs::needs;
use crate::common::strace::{Calls, Strace, Traced};

/// What is replaced, and how the staging file comes to its name.
#[derive(Clone, Copy, Debug)]
struct Case {
    old: bool,
    named: bool,
}

/// What a run has left.
struct Left {
    run: Traced,
    /// `None`: there is no TARGET.
    content: Option<Vec<u8>>,
    /// All names but TARGET.
    others: Vec<String>,
}

impl Case {
    fn run(self, injection: Option<String>) -> Left {
        let scene = Scene::new();
        if self.old {
            scene.write("f", "old");
        }
        let mut strace = Strace::new(&scene, &["f"]).input("new");
        if self.named {
            strace = strace.without_links();
        }
        if let Some(injection) = injection {
            strace = strace.inject(injection);
        }
        let run = strace.run();
        let others = scene.names().into_iter().filter(|name| name != "f").collect();
        Left { run, content: fs::read(scene.path("f")).ok(), others }
    }

    fn before(self) -> Option<Vec<u8>> {
        self.old.then(|| b"old".to_vec())
    }

    /// The call that gives the staging file its short name, where there is one.
    fn naming(self, calls: &Calls) -> Option<usize> {
        match self {
            Case { named: true, .. } => Some(calls.at("openat", &["O_EXCL"])),
            Case { old: true, named: false } => Some(calls.at("linkat", &["\".aw-"])),
            Case { old: false, named: false } => None,
        }
    }

    /// The call that makes it TARGET.
    fn commit(self, calls: &Calls) -> usize {
        match self {
            Case { old: true, .. } => calls.at("renameat", &["\"f\""]),
            Case { old: false, named: true } => calls.at("renameat2", &["\"f\""]),
            Case { old: false, named: false } => calls.at("linkat", &["\"f\""]),
        }
    }

    /// Each call of a run, one after the other, with that signal sent when it is entered.
    fn at_every_call(self, signal: &str, judge: impl Fn(&Calls, usize, &Left)) {
        needs!(strace);
        let calls = self.run(None).run.calls;
        let mut tried = 0;
        for (at, call) in calls.0.iter().enumerate() {
            // Before execve(2) it is not the program yet, and at linkat(2) strace may have something else to inject.
            if call.name == "execve" || (self.named && call.name == "linkat") {
                continue;
            }
            let left = self.run(Some(format!("{}:signal={signal}:when={}", call.name, calls.when(at))));
            judge(&calls, at, &left);
            tried += 1;
        }
        assert!(tried > 50, "{tried} calls are not a run of the program");
    }

    /// A call at whose entry the process is killed is not made.
    fn killed(self) {
        self.at_every_call("KILL", |calls, at, left| {
            let call = &calls.0[at];
            assert_eq!(left.run.output.status.signal(), Some(9), "{self:?} at {call:?}: {:?}", left.run);
            let committed = at > self.commit(calls);
            let expected = if committed { Some(b"new".to_vec()) } else { self.before() };
            assert_eq!(left.content, expected, "{self:?} at {call:?}");
            let may_be_left = !committed && self.naming(calls).is_some_and(|naming| at > naming);
            assert_eq!(left.others.len(), usize::from(may_be_left), "{self:?} at {call:?}: {:?}", left.others);
            assert!(left.others.iter().all(|name| name.starts_with(".aw-")), "{:?}", left.others);
        });
    }

    /// Status and TARGET agree, and nothing is left.
    fn terminated(self) {
        self.at_every_call("TERM", |calls, at, left| {
            let call = &calls.0[at];
            let status = left.run.output.status;
            let expected = match (status.signal(), status.code()) {
                (Some(15), None) => self.before(),
                (None, Some(0)) => Some(b"new".to_vec()),
                _ => panic!("{self:?} at {call:?}: {:?}", left.run),
            };
            assert_eq!(left.content, expected, "{self:?} at {call:?}: {status:?}");
            assert_eq!(left.others, [""; 0], "{self:?} at {call:?}");
            // Until all input is there it ends the run, and during the commit it does not.
            if at <= calls.input_read().unwrap() {
                assert_eq!(status.signal(), Some(15), "{self:?} at {call:?}");
            }
            if at >= self.commit(calls) {
                assert_eq!(status.code(), Some(0), "{self:?} at {call:?}");
            }
        });
    }
}

const REPLACED: Case = Case { old: true, named: false };

const CREATED: Case = Case { old: false, named: false };

const REPLACED_BY_NAMED: Case = Case { old: true, named: true };

const CREATED_BY_NAMED: Case = Case { old: false, named: true };

#[test]
fn killed_while_replacing_it_leaves_a_name_only_between_link_and_rename() {
    REPLACED.killed();
}

#[test]
fn killed_while_creating_it_leaves_nothing_ever() {
    CREATED.killed();
}

#[test]
fn killed_without_unnamed_files_it_leaves_one_name_at_most() {
    REPLACED_BY_NAMED.killed();
    CREATED_BY_NAMED.killed();
}

#[test]
fn terminated_while_replacing_it_leaves_nothing_and_its_status_is_true() {
    REPLACED.terminated();
}

#[test]
fn terminated_while_creating_it_leaves_nothing_and_its_status_is_true() {
    CREATED.terminated();
}

#[test]
fn terminated_where_there_are_no_unnamed_files_it_leaves_nothing_either() {
    REPLACED_BY_NAMED.terminated();
    CREATED_BY_NAMED.terminated();
}

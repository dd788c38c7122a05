//! Every call of every mode, refused with ENOSYS and with EPERM throughout the run, by a filter that is in force before the
//! program begins.
//!
//! Rows: 81.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use nix::libc;

use super::calls::{Kind, USES, kind};
use super::judge::{self, judge};
use super::modes::{self, Mode};
use crate::common::filter::Filter;
use crate::common::needs::needs;
use crate::common::program;

/// What is refused: a call, or one use of it that is younger than the call.
#[derive(Clone, Debug)]
struct Refused {
    name: String,
    kind: Kind,
    filter: fn(i64, (u8, u64, u64), i32) -> Filter,
    call: i64,
    argument: (u8, u64, u64),
}

/// The calls of a run: all of its own threads, and of its children until they execute something else. With their numbers,
/// which differ between architectures.
fn calls(log: &str) -> BTreeMap<String, i64> {
    let mut calls = BTreeMap::new();
    let mut executed = BTreeSet::new();
    for line in log.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let Some((number, rest)) = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("] ")) else {
            continue;
        };
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let begins = executed.is_empty();
        if !executed.contains(process) && !name.is_empty() && !begins {
            calls.insert(name, number.trim().parse().unwrap());
        }
        let executes = rest.starts_with("execve(") || rest.starts_with("<... execve resumed>");
        if executes && rest.ends_with(" = 0") {
            // The first one executes the program itself.
            executed.insert(if begins { "the program" } else { process });
        }
    }
    calls
}

/// What a run without a filter calls, and what comes of it.
fn recorded(mode: &Mode) -> (BTreeMap<String, i64>, judge::Outcome) {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    rustix::fs::mkfifoat(rustix::fs::CWD, &log, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    // The tracer is a process apart, so that the child is the program itself.
    let words = ["strace", "-D", "-f", "-n", "-e", "signal=none", "-o", log.to_str().unwrap()];
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).chain([path()]).collect();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        std::fs::File::open(log).unwrap().read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    });
    let outcome = judge::run(mode, &words);
    outcome.is_as_declared(mode);
    (calls(&reader.join().unwrap()), outcome)
}

fn path() -> String {
    program().to_str().unwrap().to_owned()
}

/// What can be refused of these calls.
fn refusals(calls: &BTreeMap<String, i64>, mode: &Mode) -> Vec<Refused> {
    let mut refusals = Vec::new();
    for (name, &call) in calls {
        let kind =
            kind(name).unwrap_or_else(|| panic!("{}: what becomes of a run without {name} is not listed", mode.name));
        let whole = |call, _, errno| Filter::new().refuse(call, errno);
        refusals.push(Refused { name: name.clone(), kind, filter: whole, call, argument: (0, 0, 0) });
        for &(_, what, argument, kind, _) in USES.iter().filter(|used| used.0 == name) {
            let one = |call, argument, errno| Filter::new().refuse_where(call, argument, errno);
            refusals.push(Refused { name: format!("{name} {what}"), kind, filter: one, call, argument });
        }
    }
    refusals
}

/// Refuses the calls of these kinds, one by one, to each mode.
fn refuse(modes: &[Mode], kinds: &[Kind]) {
    needs!(strace);
    let mut faults = Vec::new();
    for mode in modes {
        let (calls, plain) = recorded(mode);
        for refused in refusals(&calls, mode).iter().filter(|refused| kinds.contains(&refused.kind)) {
            for (errno, errno_name) in [(libc::ENOSYS, "ENOSYS"), (libc::EPERM, "EPERM")] {
                let filter = (refused.filter)(refused.call, refused.argument, errno);
                let words: Vec<String> = filter.words().into_iter().chain([path()]).collect();
                if let Err(fault) = judge(mode, refused.kind, &plain, &judge::run(mode, &words)) {
                    faults.push(format!("{}: {} of {}: {fault}", mode.name, errno_name, refused.name));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What the judge is worth: calls that are answered with success, and that did nothing.
#[test]
fn a_verdict_that_is_not_true_is_found() {
    needs!(strace);
    let modes = modes::of_input();
    let mode = modes.iter().find(|mode| mode.name == "existing").unwrap();
    let (calls, plain) = recorded(mode);
    let judged = |names: &[&str], kind| {
        let filter = Filter::new().refuse_all(names.iter().map(|&name| calls[name]), 0);
        let words: Vec<String> = filter.words().into_iter().chain([path()]).collect();
        judge(mode, kind, &plain, &judge::run(mode, &words))
    };
    for kind in [Kind::Spared, Kind::Needed, Kind::Fatal] {
        let rename = ["rename", "renameat", "renameat2"].iter().find(|name| calls.contains_key(**name)).unwrap();
        assert!(judged(&[rename], kind).is_err(), "{kind:?}: TARGET was not replaced, and a name is left");
        assert!(judged(&["fchmod"], kind).is_err(), "{kind:?}: the mode is another");
        assert!(judged(&["fsync"], kind).is_ok(), "{kind:?}: nothing shows");
    }
}

const SPARED: &[Kind] = &[Kind::Spared];
const OTHERS: &[Kind] = &[Kind::Needed, Kind::Fatal];

#[test]
fn input_is_taken_without_the_calls_that_have_an_equivalent() {
    refuse(&modes::of_input(), SPARED);
}

#[test]
fn commands_run_without_the_calls_that_have_an_equivalent() {
    refuse(&modes::of_commands(), SPARED);
}

#[test]
fn backups_are_kept_without_the_calls_that_have_an_equivalent() {
    refuse(&modes::of_backups(), SPARED);
}

#[test]
fn the_lock_is_taken_without_the_calls_that_have_an_equivalent() {
    refuse(&modes::of_locks(), SPARED);
}

#[test]
fn guards_decide_without_the_calls_that_have_an_equivalent() {
    refuse(&modes::of_guards(), SPARED);
}

#[test]
fn names_are_found_without_the_calls_that_have_an_equivalent() {
    refuse(&modes::of_names(), SPARED);
}

#[test]
fn input_is_taken_whole_or_not_whatever_is_refused() {
    refuse(&modes::of_input(), OTHERS);
}

#[test]
fn commands_are_told_of_truly_whatever_is_refused() {
    refuse(&modes::of_commands(), OTHERS);
}

#[test]
fn backups_are_kept_or_nothing_is_changed_whatever_is_refused() {
    refuse(&modes::of_backups(), OTHERS);
}

#[test]
fn the_lock_has_a_true_verdict_whatever_is_refused() {
    refuse(&modes::of_locks(), OTHERS);
}

#[test]
fn guards_let_nothing_through_whatever_is_refused() {
    refuse(&modes::of_guards(), OTHERS);
}

#[test]
fn names_are_replaced_whole_or_not_whatever_is_refused() {
    refuse(&modes::of_names(), OTHERS);
}

//! Whether what the program says about TARGET is true, and whether everything else is as the contract has it.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use crate::fault::Fault;
use crate::file_state::{FileState, Snapshot, is_staging_name};
use crate::runner::Case;
use crate::scenario::{Expected, Scenario, Setting, Source, other_content};
use crate::trace::Call;

/// How a run ended.
pub struct Ended {
    pub status: ExitStatus,
    /// Standard error.
    pub stderr: String,
    pub calls: Vec<Call>,
}

const KILL: i32 = 9;
const TERM: i32 = 15;
const ABRT: i32 = 6;

/// Where the next numbered backup goes when its number is taken.
pub const NEXT_BACKUP: &str = "home/f.~3~";

pub type Verdict = Result<(), String>;

/// Judges a run in which one fault was met, or, where the calls came in another order, none.
pub fn judge(case: &Case, expected: &Expected, after: &Snapshot, ended: &Ended) -> Verdict {
    let (scenario, stderr) = (&case.scenario, ended.stderr.as_str());
    // It was another read that was cut short, of something that is never short.
    if case.fault == Fault::Short && ended.calls.iter().any(|call| call.is_injected() && call.reads_signals()) {
        return Ok(());
    }
    no_panic(ended)?;
    untouched(scenario, expected, after)?;
    match ended.status.signal() {
        None => {}
        Some(KILL) if case.fault == Fault::Kill => return killed(scenario, expected, after, stderr),
        Some(TERM) if case.fault == Fault::Term => {
            unchanged(scenario, expected, after)?;
            return nothing_left(expected, after, stderr, false);
        }
        // Without memory the run ends as if it had been killed; the language knows no other way.
        Some(ABRT) if case.fault.errno() == Some("ENOMEM") && case.call.name == "mmap" => {
            return killed(scenario, expected, after, stderr);
        }
        Some(signal) => return Err(format!("it died of signal {signal}")),
    }
    if case.fault == Fault::Kill && !scenario.has_command() && !scenario.validates() {
        return Err("SIGKILL was not met".to_owned());
    }
    if !case.call.is_message() {
        message(scenario, expected, ended, &states(case, expected, after))?;
    }
    let silent = case.call.is_message();
    match (ended.status.code().unwrap_or(-1), scenario.has_command()) {
        (0, _) => {
            nothing_left(expected, after, stderr, silent)?;
            if !knows_no_sync(case) {
                durable(scenario, ended)?;
            }
            content(scenario, expected, after, usize::from(case.fault == Fault::Short))?;
            if !knows_no_attributes(case) {
                metadata(expected, after, stderr)?;
            }
            backup(scenario, expected, after)
        }
        (4, false) | (121, true) => {
            nothing_left(expected, after, stderr, silent)?;
            content(scenario, expected, after, 0)?;
            metadata(expected, after, stderr)?;
            // What could neither be kept nor taken back is told.
            let old = expected.old().zip(expected.backup.as_ref()).map(|(old, _)| old);
            let told = |old: &FileState| leftovers(expected, after).iter().any(|(_, state)| *state == old);
            if old.is_some_and(told) { Ok(()) } else { backup(scenario, expected, after) }
        }
        (5, false) | (122, true) if scenario.in_place() => damaged(expected, after, stderr),
        (1 | 3, false) | (123 | 125 | 126 | 127, true) => {
            if asks_again(case) {
                return Err("what has to be asked again was taken for an error".to_owned());
            }
            unchanged(scenario, expected, after)?;
            nothing_left(expected, after, stderr, silent)
        }
        (status, _) => Err(format!("status {status} is not the contract's")),
    }
}

/// A run in which a rename over TARGET failed and had removed TARGET: the new content is there in the end, or it is told
/// where it is; or the old one is there again.
pub fn removed(scenario: &Scenario, expected: &Expected, after: &Snapshot, ended: &Ended) -> Verdict {
    let stderr = ended.stderr.as_str();
    no_panic(ended)?;
    untouched(scenario, expected, after)?;
    let target = after.get(&expected.target);
    match (ended.status.code().unwrap_or(-1), scenario.has_command()) {
        (0, _) => {
            content(scenario, expected, after, 0)?;
            metadata(expected, after, stderr)?;
            nothing_left(expected, after, stderr, false)?;
            backup(scenario, expected, after)
        }
        (5, false) | (122, true) if target.is_none() => {
            let told = |(name, state): &(&Path, &FileState)| {
                state.content == expected.after.content && stderr.contains(&*name.to_string_lossy())
            };
            let is_told = stderr.contains("(missing)") && leftovers(expected, after).iter().any(told);
            if is_told { Ok(()) } else { Err("it is not told where the new content is".to_owned()) }
        }
        (1, false) | (125, true) if target.is_some_and(|now| expected.old().is_some_and(|old| now.is_like(old))) => {
            nothing_left(expected, after, stderr, false)
        }
        (status, _) => Err(format!("status {status}, and TARGET is {target:?}")),
    }
}

/// A run without a fault.
pub fn succeeded(scenario: &Scenario, expected: &Expected, after: &Snapshot, ended: &Ended) -> Verdict {
    untouched(scenario, expected, after)?;
    nothing_left(expected, after, "", false)?;
    durable(scenario, ended)?;
    replaced(scenario, expected, after, "")
}

pub fn no_panic(ended: &Ended) -> Verdict {
    if ended.stderr.contains("panicked") || ended.stderr.contains("IO Safety") {
        return Err("it panicked".to_owned());
    }
    Ok(())
}

/// What is not the program's business is as it was.
fn untouched(scenario: &Scenario, expected: &Expected, after: &Snapshot) -> Verdict {
    for (name, state) in &expected.before {
        let ours = *name == expected.target || Some(name) == expected.backup.as_ref();
        if !ours && after.get(name) != Some(state) {
            return Err(format!("{} was touched: {state:?} became {:?}", name.display(), after.get(name)));
        }
    }
    for (name, state) in after {
        let ours = *name == expected.target || Some(name) == expected.backup.as_ref();
        let made = expected.target.starts_with(name) && scenario.setting == Setting::Parents;
        let next = expected.backup.is_some() && name == Path::new(NEXT_BACKUP);
        if !ours && !made && !next && !expected.before.contains_key(name) && !is_staging_name(name) {
            return Err(format!("{} appeared: {state:?}", name.display()));
        }
    }
    Ok(())
}

fn leftovers<'a>(expected: &Expected, after: &'a Snapshot) -> Vec<(&'a Path, &'a FileState)> {
    after
        .iter()
        .filter(|(name, _)| !expected.before.contains_key(*name))
        .filter(|(name, _)| **name != expected.target && Some(*name) != expected.backup.as_ref())
        .filter(|(name, _)| **name != Path::new(NEXT_BACKUP))
        .map(|(name, state)| (name.as_path(), state))
        .collect()
}

/// What could not be removed is told, unless there was no way to tell it.
fn nothing_left(expected: &Expected, after: &Snapshot, stderr: &str, silent: bool) -> Verdict {
    for (name, state) in leftovers(expected, after) {
        // The directories of a finished file are no leftover.
        if expected.target.starts_with(name) && after.contains_key(&expected.target) {
            continue;
        }
        if !is_told(name, stderr) && !silent {
            return Err(format!("{} is left behind and not told: {state:?}", name.display()));
        }
        narrow(expected, state)?;
    }
    Ok(())
}

/// Whether a line beside the error's leads to it, or into it.
pub fn is_told(name: &Path, stderr: &str) -> bool {
    let beside = |line: &&str| line.starts_with("hint: ") || line.contains(": warning: ");
    stderr.lines().filter(beside).any(|line| line.split_whitespace().any(|word| Path::new(word).starts_with(name)))
}

/// Nobody may read it who could not read the finished file, or the old one.
fn narrow(expected: &Expected, state: &FileState) -> Verdict {
    let is_old = expected.old().is_some_and(|old| old.inode == state.inode || old.is_like(state));
    let wider = state.permissions() & 0o077 & !expected.after.permissions();
    if state.is_file() && !is_old && wider != 0 {
        return Err(format!("the leftover can be read by more than the finished file: {state:?}"));
    }
    Ok(())
}

fn unchanged(scenario: &Scenario, expected: &Expected, after: &Snapshot) -> Verdict {
    for name in [Some(&expected.target), expected.backup.as_ref()].into_iter().flatten() {
        let (old, now) = (expected.before.get(name), after.get(name));
        if old != now && !(*name == expected.target && is_written(scenario, expected, now)) {
            return Err(format!("{} is not unchanged: {old:?} became {now:?}", name.display()));
        }
    }
    Ok(())
}

/// Whether this is what the command makes of TARGET by itself, whole or not.
fn is_written(scenario: &Scenario, expected: &Expected, state: Option<&FileState>) -> bool {
    scenario.source == Source::CommandWritesTarget
        && state.is_some_and(|state| {
            let same = expected.old().is_none_or(|old| old.inode == state.inode);
            same && other_content().starts_with(&state.content)
        })
}

/// What an error may say of TARGET where it was not replaced: the truth, unless an error that lasts hides it.
fn states(case: &Case, expected: &Expected, after: &Snapshot) -> Vec<&'static str> {
    let same = after.get(&expected.target) == expected.old();
    let looks = matches!(case.call.name.as_str(), "statx" | "newfstatat" | "openat");
    let hidden = looks && matches!(case.fault, Fault::On(errno) if !same || errno == "ENOENT");
    let states = [(same || hidden, "unchanged"), (!same || hidden, "changed by another program")];
    states.into_iter().filter_map(|(may, state)| may.then_some(state)).collect()
}

/// Errors that mean nothing where they come once: the call is made again, or waited for, or another name is taken. Where
/// they last, an error is all that is left.
fn asks_again(case: &Case) -> bool {
    match (case.fault, case.call.name.as_str()) {
        (Fault::Once("EINTR"), _) => true,
        (Fault::Once("EAGAIN"), name) => !matches!(name, "flock" | "clone" | "clone3" | "vfork"),
        (Fault::Once("EEXIST"), _) => {
            let made = case.call.args.split('"').nth_back(1).unwrap_or_default();
            made.starts_with(".aw-") || made.ends_with(".~2~")
        }
        _ => false,
    }
}

/// A directory that may not be read, or whose file system knows no sync of directories: where TARGET is left alone,
/// that is all right.
fn knows_no_sync(case: &Case) -> bool {
    let unknown = match case.call.name.as_str() {
        "fsync" => matches!(case.fault.errno(), Some("EINVAL" | "EOPNOTSUPP")),
        "openat" => case.fault.errno() == Some("EACCES"),
        _ => false,
    };
    unknown && case.scenario.leaves_alone()
}

/// A file system that says that there are no attributes is believed.
fn knows_no_attributes(case: &Case) -> bool {
    let none = matches!(case.fault.errno(), Some("ENODATA" | "EOPNOTSUPP"));
    none && matches!(case.call.name.as_str(), "listxattr" | "getxattr")
}

/// TARGET is the finished file, and the old one is where it belongs.
fn replaced(scenario: &Scenario, expected: &Expected, after: &Snapshot, stderr: &str) -> Verdict {
    content(scenario, expected, after, 0)?;
    metadata(expected, after, stderr)?;
    backup(scenario, expected, after)
}

/// TARGET has the new content, `off` by at most so many bytes.
fn content(scenario: &Scenario, expected: &Expected, after: &Snapshot, off: usize) -> Verdict {
    let Some(target) = after.get(&expected.target) else { return Err("TARGET is absent".to_owned()) };
    if scenario.leaves_alone() && expected.old() == Some(target) {
        return Ok(());
    }
    if expected.old().is_some_and(|old| (old.inode == target.inode) != scenario.in_place()) {
        return Err(format!("TARGET's inode is not what it should be: {target:?}"));
    }
    let exact = target.content == expected.after.content;
    if !exact && (off == 0 || !differs_by_one(&target.content, &expected.after.content)) {
        return Err(format!("TARGET has not the new content: {target:?}, not {:?}", expected.after));
    }
    Ok(())
}

/// The old file has the backup's name, or, where that was said to be taken, the next.
pub fn backup(scenario: &Scenario, expected: &Expected, after: &Snapshot) -> Verdict {
    let Some(backup) = &expected.backup else { return Ok(()) };
    let kept = after.get(backup).or_else(|| after.get(Path::new(NEXT_BACKUP)));
    let Some(old) = expected.old() else {
        let written = kept.is_some_and(|kept| kept.content == other_content());
        // There was nothing to keep, unless the command has made it.
        let fine =
            if scenario.source == Source::CommandWritesTarget { written } else { kept == expected.before.get(backup) };
        return if fine { Ok(()) } else { Err(format!("the backup is not what was there: {kept:?}")) };
    };
    // Where the file system cannot exchange and cannot link, it is a copy.
    if kept.is_some_and(|kept| kept == old || (kept.is_like(old) && !scenario.refused.is_empty())) {
        return Ok(());
    }
    Err(format!("the backup is not the old file: {kept:?}"))
}

/// What could not be kept has been told, and gives nobody more access.
fn metadata(expected: &Expected, after: &Snapshot, stderr: &str) -> Verdict {
    let (Some(has), wanted) = (after.get(&expected.target), &expected.after) else {
        return Err("TARGET is absent".to_owned());
    };
    if has.has_metadata_of(wanted) {
        return Ok(());
    }
    if !["warning: cannot keep", "warning: cannot set mode"].iter().any(|told| stderr.contains(told)) {
        return Err(format!("TARGET has not its metadata, which was not told: {has:?}, not {wanted:?}"));
    }
    let wider = has.permissions() & 0o077 & !wanted.permissions();
    // Without the list the group's entry shows in place of the mask.
    if wider != 0 {
        return Err(format!("TARGET can be read by more than before: {has:?}, not {wanted:?}"));
    }
    Ok(())
}

/// One byte that was never really moved: missing, added, or as it was in memory.
fn differs_by_one(has: &[u8], wanted: &[u8]) -> bool {
    let same = has.iter().zip(wanted).take_while(|(one, other)| one == other).count();
    let (has_rest, wanted_rest) = (has.get(same + 1..), wanted.get(same + 1..));
    (has_rest.is_some() && has_rest == wanted_rest)
        || has_rest == wanted.get(same..)
        || (wanted_rest.is_some() && wanted_rest == has.get(same..))
}

/// Exit 0: the content was synced before it got its name, and the name after.
pub fn durable(scenario: &Scenario, ended: &Ended) -> Verdict {
    let synced = |call: &Call| matches!(call.name.as_str(), "fsync" | "syncfs") && call.succeeded();
    let names = |call: &Call| matches!(call.name.as_str(), "linkat" | "renameat" | "renameat2") && call.succeeded();
    let calls = &ended.calls;
    let Some(last) = calls.iter().rposition(names).filter(|_| !scenario.in_place()) else {
        // Left alone, or overwritten.
        let count = calls.iter().filter(|call| synced(call)).count();
        return if count >= 2 { Ok(()) } else { Err(format!("exit 0 after {count} syncs")) };
    };
    let staged = calls.iter().position(synced);
    if staged.is_none_or(|staged| staged > last) {
        return Err("exit 0, but the content was not synced before it got its name".to_owned());
    }
    if !calls.iter().skip(last).any(synced) {
        return Err("exit 0, but the directory was not synced".to_owned());
    }
    Ok(())
}

/// SIGKILL: old or new, and at most the name that the contract allows.
fn killed(scenario: &Scenario, expected: &Expected, after: &Snapshot, stderr: &str) -> Verdict {
    let left = leftovers(expected, after);
    let files: Vec<_> = left.iter().filter(|(name, _)| is_staging_name(name)).collect();
    files.iter().try_for_each(|(_, state)| narrow(expected, state))?;
    let most = match expected.old() {
        Some(_) if !scenario.refused.is_empty() && expected.backup.is_some() => 2,
        Some(_) => 1,
        None => usize::from(scenario.is_named() || scenario.source == Source::CommandWritesTarget),
    };
    if files.len() > most {
        return Err(format!("{} names are left, not {most}: {files:?}", files.len()));
    }
    let target = after.get(&expected.target);
    if is_written(scenario, expected, target) {
        return Ok(());
    }
    let Some(old) = expected.old() else {
        // What the command made of it may have no other name yet than the short one.
        let written = |state: &FileState| state.content == other_content();
        return match target {
            None => Ok(()),
            Some(_)
                if scenario.source == Source::CommandWritesTarget && left.iter().any(|(_, state)| written(state)) =>
            {
                content(scenario, expected, after, 0).and_then(|()| metadata(expected, after, stderr))
            }
            Some(_) => replaced(scenario, expected, after, stderr),
        };
    };
    if scenario.in_place() {
        let whole = |state: &FileState| state.content == expected.after.content || state == old;
        let somewhere = target.is_some_and(whole) || files.iter().any(|(_, state)| whole(state));
        return if somewhere { Ok(()) } else { Err("neither old nor new content is whole anywhere".to_owned()) };
    }
    match target {
        Some(target) if target == old => {}
        Some(target) if target.is_like(&expected.after) => {}
        other => return Err(format!("TARGET is neither old nor new: {other:?}")),
    }
    let kept = |state: &FileState| state.is_like(old) || is_written(scenario, expected, Some(state));
    if expected.backup.is_some() && !after.values().any(kept) {
        return Err("the old file has no name any more".to_owned());
    }
    Ok(())
}

/// The overwrite failed: the whole new content is where the hint says.
fn damaged(expected: &Expected, after: &Snapshot, stderr: &str) -> Verdict {
    let whole = leftovers(expected, after)
        .into_iter()
        .find(|(name, state)| is_told(name, stderr) && state.content == expected.after.content);
    match whole {
        Some((_, state)) if state.permissions() == 0o600 => Ok(()),
        other => Err(format!("the whole new content is not told, or not 0600: {other:?}")),
    }
}

/// One line that names path, step, reason and one of the states; hints and warnings beside it.
pub fn message(scenario: &Scenario, expected: &Expected, ended: &Ended, states: &[&str]) -> Verdict {
    let code = ended.status.code().unwrap_or(-1);
    let start = format!("atomic-write: {}: ", expected.operand);
    let mut errors = 0;
    for line in ended.stderr.lines() {
        let Some(said) = line.strip_prefix(&start) else {
            // A command has words of its own, and so has the shell.
            let others = scenario.has_command() || scenario.validates();
            if line.starts_with("hint: ") || (others && !line.starts_with("atomic-write")) {
                continue;
            }
            return Err(format!("an odd line: {line}"));
        };
        // A command that cannot be waited for, or that will not end.
        let of_command = said.starts_with("waiting: ") || (code != 0 && said.ends_with(" still runs"));
        if said.starts_with("warning: ") || (of_command && scenario.has_command()) {
            continue;
        }
        let verbose = ["created (", "replaced (", "unchanged ("].iter().any(|word| said.starts_with(word));
        if code == 0 && verbose && scenario.options.contains(&"--verbose") {
            continue;
        }
        errors += 1;
        let states: &[&str] = match code {
            4 | 121 => &["replaced, may not survive a power cut"],
            5 | 122 => &["damaged", "missing"],
            _ => states,
        };
        let reasoned = states.iter().filter_map(|state| said.strip_suffix(&format!(" ({state})"))).any(|said| {
            said.split_once(": ").is_some_and(|(step, reason)| !step.trim().is_empty() && !reason.trim().is_empty())
        });
        if !reasoned {
            return Err(format!("not PATH: step: reason (one of {states:?}): {line}"));
        }
    }
    let wanted = usize::from(code != 0);
    if errors == wanted { Ok(()) } else { Err(format!("{errors} lines of error, not {wanted}")) }
}

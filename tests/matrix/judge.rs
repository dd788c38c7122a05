//! Whether a run with a fault kept the contract: its exit status and messages are true, and nothing else was changed.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::fault::Fault;
use crate::file_state::{FileState, Snapshot, is_in_private, is_staging_name};
use crate::runner::Case;
use crate::scenario::{Expected, Refused, Scenario, Setting, Source, other_content};
use crate::trace::Call;
use crate::tree::{self, Trees};

/// How a run ended.
pub struct Ended {
    pub status: ExitStatus,
    /// Standard error.
    pub stderr: String,
    /// Standard output, where it is read.
    pub stdout: String,
    pub calls: Vec<Call>,
}

const KILL: i32 = 9;
const TERM: i32 = 15;
const ABRT: i32 = 6;

/// The numbered backup's name where the kernel said that the first one is taken.
pub const NEXT_BACKUP: &str = "home/f.~3~";

pub type Verdict = Result<(), String>;

/// Judges a run with one fault, or without it, where the calls came in another order.
pub fn judge(case: &Case, expected: &Expected, after: &Snapshot, ended: &Ended) -> Verdict {
    let (scenario, stderr) = (&case.scenario, ended.stderr.as_str());
    // The calls came in another order: the fault hit a read of signals, which is never short.
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
        // Without memory the Rust runtime aborts, which leaves what SIGKILL leaves.
        Some(ABRT) if case.fault.errno() == Some("ENOMEM") && case.call.name == "mmap" => {
            return killed(scenario, expected, after, stderr);
        }
        Some(signal) => return Err(format!("it died of signal {signal}")),
    }
    if case.fault == Fault::Kill && !scenario.has_command() && !scenario.validates() {
        return Err("SIGKILL did not happen".to_owned());
    }
    if !case.call.is_message() {
        message(scenario, expected, ended, &states(case, expected, after))?;
    }
    let silent = case.call.is_message();
    match (ended.status.code().unwrap_or(-1), scenario.has_command()) {
        (status, _) if scenario.fails() == Some(status) => {
            unchanged(scenario, expected, after)?;
            nothing_left(expected, after, stderr, silent)
        }
        (0 | 121, _) if scenario.fails().is_some() => Err("it has taken what it must refuse".to_owned()),
        (0, _) => {
            nothing_left(expected, after, stderr, silent)?;
            if !cannot_sync_directory(case) {
                durable(scenario, ended)?;
            }
            content(scenario, expected, after, usize::from(case.fault == Fault::Short))?;
            if !has_no_attributes(case) {
                metadata(expected, after, stderr)?;
            }
            backup(scenario, expected, after)
        }
        (4, false) | (121, true) => {
            nothing_left(expected, after, stderr, silent)?;
            content(scenario, expected, after, 0)?;
            metadata(expected, after, stderr)?;
            // Where the old file could neither get the backup's name nor its own again, a message must name it.
            let old = expected.old().zip(expected.backup.as_ref()).map(|(old, _)| old);
            let left = leftovers(expected, after);
            let told = |old: &FileState| left.iter().any(|(_, state)| *state == old);
            let of_command = scenario.source == Source::CommandWritesTarget
                && left.iter().any(|(_, state)| state.content == other_content());
            if of_command || old.is_some_and(told) { Ok(()) } else { backup(scenario, expected, after) }
        }
        (5, false) | (122, true) if scenario.in_place() => damaged(expected, after, stderr),
        (1 | 3, false) | (123 | 125 | 126 | 127, true) => {
            if has_to_retry(case) {
                return Err("a call that has to be repeated was taken for an error".to_owned());
            }
            unchanged(scenario, expected, after)?;
            nothing_left(expected, after, stderr, silent)
        }
        (status, _) => Err(format!("status {status} is not the contract's")),
    }
}

/// Judges a run in which a rename over TARGET failed after it had removed TARGET: TARGET has the new content in the end, or
/// a message names the file that has it, or TARGET is the old file again.
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
            if is_told { Ok(()) } else { Err("no message names the file with the new content".to_owned()) }
        }
        (1, false) | (125, true) if target.is_some_and(|now| expected.old().is_some_and(|old| now.is_like(old))) => {
            nothing_left(expected, after, stderr, false)
        }
        (status, _) => Err(format!("status {status}, and TARGET is {target:?}")),
    }
}

/// Judges a run without a fault.
pub fn succeeded(scenario: &Scenario, expected: &Expected, after: &Snapshot, ended: &Ended) -> Verdict {
    untouched(scenario, expected, after)?;
    nothing_left(expected, after, &ended.stderr, false)?;
    if scenario.fails().is_some() {
        return unchanged(scenario, expected, after);
    }
    durable(scenario, ended)?;
    replaced(scenario, expected, after, "")
}

pub fn no_panic(ended: &Ended) -> Verdict {
    if ended.stderr.contains("panicked") || ended.stderr.contains("IO Safety") {
        return Err("it panicked".to_owned());
    }
    Ok(())
}

/// Whether it is TARGET, the backup, or in one of them.
fn is_ours(expected: &Expected, name: &Path) -> bool {
    let within = |top: &PathBuf| name == top || (expected.trees.is_some() && name.starts_with(top));
    within(&expected.target)
        || expected.backup.as_ref().is_some_and(within)
        || expected.others.iter().any(|other| within(&other.path) || other.backup.as_ref().is_some_and(within))
}

/// Everything but TARGET and the backup is as it was.
pub fn untouched(scenario: &Scenario, expected: &Expected, after: &Snapshot) -> Verdict {
    for (name, state) in &expected.before {
        let ours = is_ours(expected, name);
        if !ours && after.get(name) != Some(state) {
            return Err(format!("{} was changed: {state:?} became {:?}", name.display(), after.get(name)));
        }
    }
    for (name, state) in after {
        let ours = is_ours(expected, name);
        let made = expected.target.starts_with(name) && scenario.setting == Setting::Parents;
        let next = expected.backup.is_some() && name == Path::new(NEXT_BACKUP);
        if !ours && !made && !next && !expected.before.contains_key(name) && !is_staged(name) {
            return Err(format!("{} appeared: {state:?}", name.display()));
        }
    }
    Ok(())
}

/// Whether the contract allows this name for a staging file, or it is in a private directory.
pub fn is_staged(name: &Path) -> bool {
    is_staging_name(name) || is_in_private(name)
}

pub fn leftovers<'a>(expected: &Expected, after: &'a Snapshot) -> Vec<(&'a Path, &'a FileState)> {
    after
        .iter()
        .filter(|(name, _)| !expected.before.contains_key(*name))
        .filter(|(name, _)| !is_ours(expected, name))
        .filter(|(name, _)| **name != Path::new(NEXT_BACKUP))
        .map(|(name, state)| (name.as_path(), state))
        .collect()
}

/// Nothing is left behind, or a message names it. `silent`: no message could be written.
pub fn nothing_left(expected: &Expected, after: &Snapshot, stderr: &str, silent: bool) -> Verdict {
    for (name, state) in leftovers(expected, after) {
        // The directories that --parents made for the finished file.
        if expected.target.starts_with(name) && after.contains_key(&expected.target) {
            continue;
        }
        // A private directory is reported with all that is in it.
        if !name.ancestors().any(|name| is_staged(name) && is_reported(name, stderr))
            && !is_reported(name, stderr)
            && !silent
        {
            return Err(format!("{} is left behind and not reported: {state:?}", name.display()));
        }
        is_private(expected, name, state)?;
    }
    Ok(())
}

/// Whether a hint or a warning has a path to it, or below it.
pub fn is_reported(name: &Path, stderr: &str) -> bool {
    let beside = |line: &&str| line.starts_with("hint: ") || line.contains(": warning: ");
    stderr.lines().filter(beside).any(|line| line.split_whitespace().any(|word| Path::new(word).starts_with(name)))
}

/// Group and others have no permission that the finished file does not give them, and none for a private directory.
pub fn is_private(expected: &Expected, name: &Path, state: &FileState) -> Verdict {
    if is_in_private(name) {
        return Ok(());
    }
    if state.is_directory() && is_staging_name(name) && state.permissions() & 0o077 != 0 {
        return Err(format!("others may enter {}: {state:?}", name.display()));
    }
    let is_old = expected.old().is_some_and(|old| old.inode == state.inode || old.is_like(state));
    let mut others = expected.others.iter().map(|other| &other.after);
    let finished = others.find(|other| other.content == state.content).unwrap_or(&expected.after);
    let wider = state.permissions() & 0o077 & !finished.permissions();
    if state.is_file() && !is_old && wider != 0 {
        return Err(format!("the leftover gives more access than the finished file: {state:?}"));
    }
    Ok(())
}

fn unchanged(scenario: &Scenario, expected: &Expected, after: &Snapshot) -> Verdict {
    for name in [Some(&expected.target), expected.backup.as_ref()].into_iter().flatten() {
        if expected.trees.is_some() && Trees::part(&expected.before, name) != Trees::part(after, name) {
            return Err(format!("something in {} is not unchanged", name.display()));
        }
        let (old, now) = (expected.before.get(name), after.get(name));
        if old != now && !(*name == expected.target && is_of_command(scenario, expected, now)) {
            return Err(format!("{} is not unchanged: {old:?} became {now:?}", name.display()));
        }
    }
    Ok(())
}

/// Whether this is what the command has written to TARGET, the whole or a part.
fn is_of_command(scenario: &Scenario, expected: &Expected, state: Option<&FileState>) -> bool {
    scenario.source == Source::CommandWritesTarget
        && state.is_some_and(|state| {
            let same = expected.old().is_none_or(|old| old.inode == state.inode);
            same && other_content().starts_with(&state.content)
        })
}

/// The states that an error may report for a TARGET that was not replaced: the true one; any, where a lasting fault hides it.
fn states(case: &Case, expected: &Expected, after: &Snapshot) -> Vec<&'static str> {
    let same = after.get(&expected.target) == expected.old();
    let stats = matches!(case.call.name.as_str(), "statx" | "newfstatat" | "openat");
    let hidden = stats && matches!(case.fault, Fault::On(errno) if !same || errno == "ENOENT");
    // Where the wait for the command fails, the command may write TARGET after the error was found.
    let still_runs = case.scenario.source == Source::CommandWritesTarget && case.call.name.ends_with("poll");
    let hidden = hidden || still_runs;
    let states = [(same || hidden, "unchanged"), (!same || hidden, "changed meanwhile")];
    states.into_iter().filter_map(|(may, state)| may.then_some(state)).collect()
}

/// Whether the program has to handle the error by itself where it happens once: it repeats the call, waits, or takes
/// another name.
pub fn has_to_retry(case: &Case) -> bool {
    match (case.fault, case.call.name.as_str()) {
        (Fault::Once("EINTR"), _) => true,
        (Fault::Once("EAGAIN"), name) => !matches!(name, "flock" | "clone" | "clone3" | "vfork"),
        // An exchange never finds a name taken.
        (Fault::Once("EEXIST"), _) if !case.call.args.contains("RENAME_EXCHANGE") => {
            let made = case.call.args.split('"').nth_back(1).unwrap_or_default();
            made.starts_with(".aw-") || made.ends_with(".~2~")
        }
        _ => false,
    }
}

/// Whether the directory cannot be opened or synced. Where TARGET is left alone, that is no error.
pub fn cannot_sync_directory(case: &Case) -> bool {
    let unknown = match case.call.name.as_str() {
        "fsync" => matches!(case.fault.errno(), Some("EINVAL" | "EOPNOTSUPP")),
        "openat" => case.fault.errno() == Some("EACCES"),
        _ => false,
    };
    unknown && case.scenario.leaves_alone()
}

/// Whether the file system says that there are no extended attributes, which has to be believed.
pub fn has_no_attributes(case: &Case) -> bool {
    let none = matches!(case.fault.errno(), Some("ENODATA" | "EOPNOTSUPP"));
    none && matches!(case.call.name.as_str(), "listxattr" | "getxattr")
}

/// TARGET is the finished file, and the backup the old one.
fn replaced(scenario: &Scenario, expected: &Expected, after: &Snapshot, stderr: &str) -> Verdict {
    content(scenario, expected, after, 0)?;
    metadata(expected, after, stderr)?;
    backup(scenario, expected, after)
}

/// TARGET has the new content, in which at most `wrong` bytes are wrong.
fn content(scenario: &Scenario, expected: &Expected, after: &Snapshot, wrong: usize) -> Verdict {
    let Some(target) = after.get(&expected.target) else { return Err("TARGET is absent".to_owned()) };
    if let Some(trees) = &expected.trees {
        let found = Trees::part(after, &expected.target).unwrap_or_default();
        return if wrong > 0 || tree::has_content_of(&found, &trees.new) {
            Ok(())
        } else {
            Err(format!("TARGET is not the new tree: {}", tree::difference(Some(&found), Some(&trees.new))))
        };
    }
    if scenario.leaves_alone() && expected.old() == Some(target) {
        return Ok(());
    }
    if expected.old().is_some_and(|old| (old.inode == target.inode) != scenario.in_place()) {
        return Err(format!("TARGET's inode is not what it should be: {target:?}"));
    }
    let exact = target.content == expected.after.content;
    if !exact && (wrong == 0 || !differs_by_one(&target.content, &expected.after.content)) {
        return Err(format!("TARGET has not the new content: {target:?}, not {:?}", expected.after));
    }
    Ok(())
}

/// The old file has the backup's name, or the next number where the kernel said that the name is taken.
pub fn backup(scenario: &Scenario, expected: &Expected, after: &Snapshot) -> Verdict {
    let Some(backup) = &expected.backup else { return Ok(()) };
    if let Some(old) = expected.trees.as_ref().and_then(|trees| trees.old.as_ref()) {
        let kept = Trees::part(after, backup);
        return if tree::is_like(kept.as_ref(), Some(old)) {
            Ok(())
        } else {
            Err(format!("the backup is not the old tree: {}", tree::difference(kept.as_ref(), Some(old))))
        };
    }
    let kept = after.get(backup).or_else(|| after.get(Path::new(NEXT_BACKUP)));
    let Some(old) = expected.old() else {
        let written = kept.is_some_and(|kept| kept.content == other_content());
        // There was nothing to back up, unless the command created it.
        let fine =
            if scenario.source == Source::CommandWritesTarget { written } else { kept == expected.before.get(backup) };
        return if fine { Ok(()) } else { Err(format!("the backup is not what was there: {kept:?}")) };
    };
    // Where the file system can neither exchange nor link, the backup is a copy.
    if kept.is_some_and(|kept| kept == old || (kept.is_like(old) && scenario.refuses(Refused::RenameFlags))) {
        return Ok(());
    }
    Err(format!("the backup is not the old file: {kept:?}"))
}

/// TARGET has the expected metadata; or a warning reports the difference, which gives nobody more access.
fn metadata(expected: &Expected, after: &Snapshot, stderr: &str) -> Verdict {
    let top = expected.trees.as_ref().and_then(|trees| trees.new.get(Path::new("")));
    let (Some(has), wanted) = (after.get(&expected.target), top.unwrap_or(&expected.after)) else {
        return Err("TARGET is absent".to_owned());
    };
    let is_same = match &expected.trees {
        Some(trees) => {
            Trees::part(after, &expected.target).is_some_and(|found| tree::has_metadata_of(&found, &trees.new))
        }
        None => has.has_metadata_of(wanted),
    };
    if is_same {
        return Ok(());
    }
    if !["warning: cannot keep", "warning: cannot set mode"].iter().any(|told| stderr.contains(told)) {
        return Err(format!("TARGET has not its metadata, and no warning says so: {has:?}, not {wanted:?}"));
    }
    let wider = has.permissions() & 0o077 & !wanted.permissions();
    // Without the ACL, the mode shows the owning group's entry and not the mask.
    // The top directory of a copied tree has SOURCE's mode before it gets the old one's, which is told if it fails.
    if wider != 0 && expected.trees.is_none() {
        return Err(format!("TARGET gives more access than before: {has:?}, not {wanted:?}"));
    }
    Ok(())
}

/// Whether one byte is missing, added or wrong. An injected short count moves nothing.
pub fn differs_by_one(has: &[u8], wanted: &[u8]) -> bool {
    let same = has.iter().zip(wanted).take_while(|(one, other)| one == other).count();
    let (has_rest, wanted_rest) = (has.get(same + 1..), wanted.get(same + 1..));
    (has_rest.is_some() && has_rest == wanted_rest)
        || has_rest == wanted.get(same..)
        || (wanted_rest.is_some() && wanted_rest == has.get(same..))
}

/// Exit 0: the content was synced before the commit, and the directory after it.
pub fn durable(scenario: &Scenario, ended: &Ended) -> Verdict {
    let synced = |call: &Call| matches!(call.name.as_str(), "fsync" | "syncfs") && call.succeeded();
    // The old tree is removed by renames, too.
    let naming: &[&str] = if scenario.is_tree() { &["renameat2"] } else { &["linkat", "renameat", "renameat2"] };
    let names = |call: &Call| naming.contains(&call.name.as_str()) && call.succeeded();
    let calls = &ended.calls;
    let Some(last) = calls.iter().rposition(names).filter(|_| !scenario.in_place()) else {
        // TARGET was left alone, or overwritten in place.
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

/// Whether what the command has created gets a backup.
fn has_backup_of_command(scenario: &Scenario, expected: &Expected) -> bool {
    scenario.source == Source::CommandWritesTarget && expected.backup.is_some()
}

/// SIGKILL: TARGET is the old or the finished file, and no more staging files are left than the contract allows.
fn killed(scenario: &Scenario, expected: &Expected, after: &Snapshot, stderr: &str) -> Verdict {
    let left = leftovers(expected, after);
    let files: Vec<_> = left.iter().filter(|(name, _)| is_staging_name(name) && !is_in_private(name)).collect();
    files.iter().try_for_each(|(name, state)| is_private(expected, name, state))?;
    let directories = files.iter().filter(|(_, state)| state.is_directory()).count();
    if directories > usize::from(scenario.has_private_directory()) {
        return Err(format!("{directories} private directories are left: {files:?}"));
    }
    let most = match expected.old() {
        Some(_) if scenario.refuses(Refused::RenameFlags) && expected.backup.is_some() => 2,
        Some(_) => 1,
        None if scenario.refuses(Refused::RenameFlags) && has_backup_of_command(scenario, expected) => 2,
        // Whether a link to a free name is possible is tried first.
        None if scenario.refuses(Refused::RenameFlags) && scenario.is_no_clobber() => 2,
        None => usize::from(scenario.is_named() || scenario.source == Source::CommandWritesTarget),
    };
    // The directory; and a staging file that was not in it yet, or is a copy of what is in it.
    let most = if scenario.has_private_directory() {
        most.max(1 + usize::from(scenario.is_named() || scenario.refuses(Refused::RenameBetween)))
    } else {
        most
    };
    if files.len() > most {
        return Err(format!("{} names are left, not {most}: {files:?}", files.len()));
    }
    let target = after.get(&expected.target);
    if is_of_command(scenario, expected, target) {
        return Ok(());
    }
    if scenario.fails().is_some() {
        return unchanged(scenario, expected, after);
    }
    if let Some(trees) = &expected.trees {
        let found = Trees::part(after, &expected.target);
        let whole = [trees.old.as_ref(), Some(&trees.new)].into_iter().any(|tree| tree::is_like(found.as_ref(), tree));
        return if whole { Ok(()) } else { Err("TARGET is neither the old nor the new tree".to_owned()) };
    }
    let Some(old) = expected.old() else {
        // What the command created may have a staging file's name only.
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
    let kept = |state: &FileState| state.is_like(old) || is_of_command(scenario, expected, Some(state));
    if expected.backup.is_some() && !after.values().any(kept) {
        return Err("the old file has no name any more".to_owned());
    }
    Ok(())
}

/// The overwrite failed: a hint names the file with the whole new content, which only its owner can read.
fn damaged(expected: &Expected, after: &Snapshot, stderr: &str) -> Verdict {
    let whole = leftovers(expected, after)
        .into_iter()
        .find(|(name, state)| is_reported(name, stderr) && state.content == expected.after.content);
    match whole {
        Some((name, state)) if state.permissions() == 0o600 || is_in_private(name) => Ok(()),
        other => Err(format!("the file with the whole new content is not reported, or not 0600: {other:?}")),
    }
}

/// Standard error has one line with path, step, reason and one of these states; and hints and warnings.
pub fn message(scenario: &Scenario, expected: &Expected, ended: &Ended, states: &[&str]) -> Verdict {
    let code = ended.status.code().unwrap_or(-1);
    let start = format!("atomic-write: {}: ", expected.operand);
    let mut errors = 0;
    for line in ended.stderr.lines() {
        // A command that fails because its directory was removed may have written the beginning of its line.
        let line = match line.find("atomic-write: ") {
            Some(at) if scenario.is_by_name() => &line[at..],
            _ => line,
        };
        let Some(said) = line.strip_prefix(&start) else {
            // A command and its shell write messages of their own.
            let others = scenario.has_command() || scenario.validates();
            if line.starts_with("hint: ") || (others && !line.starts_with("atomic-write")) {
                continue;
            }
            return Err(format!("an unexpected line: {line}"));
        };
        // A command that could not be waited for, or did not end.
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

//! Judges runs with many files: each is old or new, and what the program says of each, and of all of them, is true.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use crate::fault::Fault;
use crate::file_state::{FileState, Snapshot, is_staging_name};
use crate::judge::{self, Ended, Verdict};
use crate::runner::Case;
use crate::scenario::{Expected, Refused, Scenario, Source};
use crate::trace::Call;

const KILL: i32 = 9;
const TERM: i32 = 15;
const ABRT: i32 = 6;

/// What has become of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Old,
    New,
    /// With `--if-changed`: the old one, which has the new content.
    Same,
}

/// A file, and what was said of it.
struct File<'a> {
    path: &'a Path,
    is: Is,
    existed: bool,
    /// The state in the line of its error, if there is one.
    told: Option<&'a str>,
}

/// Judges a run with one fault.
pub fn judge(case: &Case, expected: &Expected, after: &Snapshot, ended: &Ended) -> Verdict {
    let (scenario, stderr) = (&case.scenario, ended.stderr.as_str());
    if case.fault == Fault::Short && ended.calls.iter().any(|call| call.is_injected() && call.reads_signals()) {
        return Ok(());
    }
    judge::no_panic(ended)?;
    judge::untouched(scenario, expected, after)?;
    let attributed = judge::has_no_attributes(case);
    let files = files(scenario, expected, after, stderr, usize::from(case.fault == Fault::Short), attributed)?;
    match ended.status.signal() {
        None => {}
        Some(KILL) if case.fault == Fault::Kill => return killed(scenario, expected, after),
        Some(ABRT) if case.fault.errno() == Some("ENOMEM") && case.call.name == "mmap" => {
            return killed(scenario, expected, after);
        }
        Some(TERM) if case.fault == Fault::Term => {
            // They are one group, of which nothing was done; with locks each is one.
            if !scenario.locks() && files.iter().any(|file| file.is == Is::New) {
                return Err("it died of SIGTERM, but a file is new".to_owned());
            }
            judge::nothing_left(expected, after, stderr, false)?;
            return report(&files, ended);
        }
        Some(signal) => return Err(format!("it died of signal {signal}")),
    }
    if case.fault == Fault::Kill && is_deterministic(scenario) {
        return Err("SIGKILL did not happen".to_owned());
    }
    let silent = case.call.is_message();
    judge::nothing_left(expected, after, stderr, silent)?;
    if silent {
        return Ok(());
    }
    if ended.status.code() != Some(0) && is_deterministic(scenario) && judge::has_to_retry(case) {
        return Err("a call that has to be repeated was taken for an error".to_owned());
    }
    // The state cannot be known where every stat fails.
    let stats = matches!(case.call.name.as_str(), "statx" | "newfstatat" | "openat");
    let is_hidden = stats && matches!(case.fault, Fault::On(_));
    status(expected, &files, ended, is_hidden)?;
    report(&files, ended)?;
    let same = files.iter().filter(|file| file.is == Is::Same).count();
    if ended.status.code() == Some(0) && same != ended.stdout.matches("unchanged ").count() {
        return Err("exit 0, but not all were dealt with".to_owned());
    }
    if ended.status.code() == Some(0) && !judge::cannot_sync_directory(case) {
        let in_groups = matches!(case.fault.errno(), Some("ENOSPC" | "EDQUOT" | "EFBIG" | "EMFILE" | "ENFILE"));
        durable(scenario, ended, in_groups)?;
    }
    Ok(())
}

/// Judges a run without a fault.
pub fn succeeded(scenario: &Scenario, expected: &Expected, after: &Snapshot, ended: &Ended) -> Verdict {
    judge::untouched(scenario, expected, after)?;
    judge::nothing_left(expected, after, &ended.stderr, false)?;
    let files = files(scenario, expected, after, &ended.stderr, 0, false)?;
    status(expected, &files, ended, false)?;
    report(&files, ended)?;
    durable(scenario, ended, false)
}

/// Whether the calls come in the same order in each run. Threads sync files in any, but one file is synced by the first.
fn is_deterministic(scenario: &Scenario) -> bool {
    scenario.refuses(Refused::Threads) || scenario.locks()
}

fn files<'a>(
    scenario: &Scenario,
    expected: &'a Expected,
    after: &Snapshot,
    stderr: &'a str,
    wrong: usize,
    without_attributes: bool,
) -> Result<Vec<File<'a>>, String> {
    let target = (expected.target.as_path(), &expected.after, expected.backup.as_deref());
    let others = expected.others.iter().map(|other| (other.path.as_path(), &other.after, other.backup.as_deref()));
    let mut left = wrong;
    let mut files = Vec::new();
    for (path, finished, backup) in [target].into_iter().chain(others) {
        let (old, now) = (expected.before.get(path), after.get(path));
        let is = if old == now {
            let is_same = old.is_some_and(|old| old.content == finished.content);
            if is_same { Is::Same } else { Is::Old }
        } else {
            let Some(now) = now else { return Err(format!("{} is absent", path.display())) };
            let exact = now.content == finished.content;
            if !exact && (left == 0 || !judge::differs_by_one(&now.content, &finished.content)) {
                return Err(format!("{} is neither old nor new: {now:?}, not {finished:?}", path.display()));
            }
            left -= usize::from(!exact);
            if old.is_some_and(|old| old.inode == now.inode) {
                return Err(format!("{} was overwritten: {now:?}", path.display()));
            }
            if !without_attributes {
                metadata(path, now, finished, stderr)?;
            }
            Is::New
        };
        if let Some(backup) = backup {
            let kept = after.get(backup);
            let right = if is == Is::New { old } else { expected.before.get(backup) };
            // It may have a staging file's name, which is judged as such.
            let is_kept = is == Is::New && old.is_some_and(|old| staged(after).any(|state| state == old));
            // Where nothing can be exchanged or linked, it is a copy.
            let is_copy = scenario.refuses(Refused::RenameFlags)
                && right.zip(kept).is_some_and(|(right, kept)| kept.is_like(right));
            if kept != right && !is_kept && !is_copy {
                return Err(format!("{} is {kept:?}, not {right:?}", backup.display()));
            }
        }
        files.push(File { path, is, existed: old.is_some(), told: told(path, stderr)? });
    }
    Ok(files)
}

fn staged(after: &Snapshot) -> impl Iterator<Item = &FileState> {
    after.iter().filter(|(name, _)| is_staging_name(name)).map(|(_, state)| state)
}

fn metadata(path: &Path, now: &FileState, finished: &FileState, stderr: &str) -> Verdict {
    if now.has_metadata_of(finished) {
        return Ok(());
    }
    let start = format!("atomic-write: {}: warning: cannot ", path.display());
    let is_wider = now.permissions() & 0o077 & !finished.permissions() != 0;
    if is_wider || !stderr.lines().any(|line| line.starts_with(&start)) {
        return Err(format!("{now:?} has not the metadata of {finished:?}, or no warning says so"));
    }
    Ok(())
}

/// The state that the line about this path ends in: `PATH: step: reason (state)`.
fn told<'a>(path: &Path, stderr: &'a str) -> Result<Option<&'a str>, String> {
    let start = format!("atomic-write: {}: ", path.display());
    let said =
        stderr.lines().filter_map(|line| line.strip_prefix(&start)).filter(|said| !said.starts_with("warning: "));
    let lines: Vec<&str> = said.filter(|said| !is_count(said)).collect();
    let [line] = lines[..] else {
        return if lines.is_empty() { Ok(None) } else { Err(format!("more than one line: {lines:?}")) };
    };
    let state = line.strip_suffix(')').and_then(|line| line.rsplit_once(" (")).filter(|(said, _)| said.contains(": "));
    state.map(|(_, state)| Some(state)).ok_or_else(|| format!("not PATH: step: reason (state): {line}"))
}

/// Whether it is the line that counts all files.
fn is_count(said: &str) -> bool {
    said.split_once(" files: ").is_some_and(|(count, _)| count.parse::<usize>().is_ok())
}

/// The exit status and the lines of standard error are true.
fn status(expected: &Expected, files: &[File<'_>], ended: &Ended, is_hidden: bool) -> Verdict {
    let stderr = ended.stderr.as_str();
    let directory = expected.target.parent().unwrap_or(&expected.target);
    let whole = told(directory, stderr)?;
    let code = ended.status.code().unwrap_or(-1);
    for File { path, is, told, .. } in files {
        let path = path.display();
        match (told, is) {
            (Some("unchanged"), Is::Old | Is::Same) | (None, Is::New | Is::Same) => {}
            (Some("changed meanwhile"), _) if is_hidden => {}
            (Some("replaced, may not survive a power cut"), Is::New) if code == 4 => {}
            // The run ended before its turn.
            (None, Is::Old) if whole.is_some() => {}
            _ => return Err(format!("{path} is {is:?}, but the line about it says {told:?}")),
        }
    }
    let is_known = |line: &str| {
        line.starts_with("hint: ")
            || files
                .iter()
                .map(|file| file.path)
                .chain([directory])
                .any(|path| line.strip_prefix(&format!("atomic-write: {}: ", path.display())).is_some())
    };
    if let Some(line) = stderr.lines().find(|line| !is_known(line)) {
        return Err(format!("an unexpected line: {line}"));
    }
    let uncertain = |told: Option<&str>| told == Some("replaced, may not survive a power cut");
    let is_uncertain = uncertain(whole) || files.iter().any(|file| uncertain(file.told));
    let has_replaced = files.iter().any(|file| file.is == Is::New);
    let has_failed = whole.is_some() || files.iter().any(|file| file.told.is_some());
    let right = match code {
        0 => !has_failed,
        1 | 3 => has_failed && !is_uncertain,
        // What is left alone cannot be uncertain.
        4 => is_uncertain && has_replaced,
        _ => false,
    };
    if right { Ok(()) } else { Err(format!("status {code} is not what the lines say")) }
}

/// `--report` has a line for each file that was dealt with, and the last line of standard error counts all.
fn report(files: &[File<'_>], ended: &Ended) -> Verdict {
    let name = |file: &File<'_>| file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let word = |file: &File<'_>| match (file.is, file.existed) {
        _ if file.told.is_some() => None,
        (Is::New, false) => Some("created"),
        (Is::New, true) => Some("replaced"),
        // Unless it was not reached.
        (Is::Same, _) => ended.stdout.contains("unchanged ").then_some("unchanged"),
        (Is::Old, _) => None,
    };
    let wanted: String = files.iter().filter_map(|file| Some(format!("{} {}\n", word(file)?, name(file)))).collect();
    let told = files.iter().filter(|file| file.told.is_some());
    let is_uncertain = told.clone().any(|file| file.is == Is::New);
    if ended.stdout != wanted {
        return Err(format!("--report says {:?}, not {wanted:?}", ended.stdout));
    }
    let all = files.len();
    let count = |what: &str| files.iter().filter(|file| word(file) == Some(what)).count();
    let failed = told.count();
    let (created, replaced, unchanged) = (count("created"), count("replaced"), count("unchanged"));
    let left = all - failed - created - replaced - unchanged;
    let counts = [
        (failed, "failed"),
        (created, "created"),
        (replaced, "replaced"),
        (unchanged, "unchanged"),
        (left, "not reached"),
    ];
    let counts: Vec<String> =
        counts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    let wanted = format!("{all} files: {}", counts.join(", "));
    let said = ended.stderr.lines().find(|line| is_count(line.rsplit_once("home: ").map_or("", |(_, said)| said)));
    let is_needed = failed > 0 || (left > 0 && left < all);
    // A signal may come before it is waited for.
    let is_possible = is_needed || left > 0 && ended.status.signal().is_some();
    match said {
        None if !is_needed => Ok(()),
        Some(line) if is_possible && (line.ends_with(&format!(": {wanted}")) || is_uncertain) => Ok(()),
        said => Err(format!("the count is {said:?}, not {wanted:?}")),
    }
}

/// SIGKILL: each file is old or new, which has been judged; and at most one staging file has a name, or all that never had
/// none.
fn killed(scenario: &Scenario, expected: &Expected, after: &Snapshot) -> Verdict {
    let left = judge::leftovers(expected, after);
    left.iter().try_for_each(|(name, state)| judge::is_private(expected, name, state))?;
    // Where names cannot be exchanged, the old file gets one on its way to the backup's.
    let of_backup = usize::from(expected.backup.is_some());
    let most = match scenario.source {
        Source::Many(batch) if scenario.is_named() => batch.files + of_backup,
        _ => 1,
    };
    let names = left.iter().filter(|(name, _)| is_staging_name(name)).count();
    if names == left.len() && names <= most { Ok(()) } else { Err(format!("left, and not at most {most}: {left:?}")) }
}

/// Exit 0: the contents were synced before the first name, and the directory after the last. `in_groups`: what did not fit
/// on the disk may have followed in another group.
fn durable(scenario: &Scenario, ended: &Ended, in_groups: bool) -> Verdict {
    let synced = |call: &Call| matches!(call.name.as_str(), "fsync" | "syncfs") && call.succeeded();
    let names = |call: &Call| matches!(call.name.as_str(), "linkat" | "renameat" | "renameat2") && call.succeeded();
    let (calls, Source::Many(batch)) = (&ended.calls, scenario.source) else { return Ok(()) };
    let first = calls.iter().position(names).unwrap_or(calls.len());
    let last = calls.iter().rposition(names);
    // The last of all syncs is the directory's.
    let (until, least) =
        if in_groups || scenario.locks() { (calls.len(), batch.files + 1) } else { (first, batch.files) };
    let before = calls.iter().take(until).filter(|call| synced(call));
    let at_once = before.clone().any(|call| call.name == "syncfs");
    // What other threads do is not traced.
    if is_deterministic(scenario) && !at_once && before.count() < least {
        return Err("exit 0, but not all contents were synced before the first got its name".to_owned());
    }
    if last.is_some_and(|last| !calls.iter().skip(last).any(synced)) {
        return Err("exit 0, but the directory was not synced".to_owned());
    }
    Ok(())
}

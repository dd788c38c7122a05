//! Whether a run kept the contract in which another writer acted while the program was stopped.
//!
//! What is allowed depends on the scenario, on what the other writer did, and on when: before the program's first stat of
//! TARGET, before the last stat before the commit, after that stat, or after the commit. The trace shows which.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::file_state::{FileState, Snapshot, is_in_private, is_staging_name};
use crate::judge::{self, Verdict};
use crate::other_writer::{Action, INSIDE, POINTEE};
use crate::refusal;
use crate::scenario::{Expected, Refused, Scenario, Setting, Source};
use crate::stopped::{Interference, SteppedRun};
use crate::trace::Call;

/// A run in which the other writer acted.
struct ConcurrentRun<'a> {
    scenario: &'a Scenario,
    action: Action,
    expected: &'a Expected,
    run: &'a SteppedRun,
    interference: &'a Interference,
    after: &'a Snapshot,
    /// TARGET's last component.
    name: String,
}

/// Judges a run. Where the call was never made, as a command was slower or quicker, the run must succeed.
pub fn judge(scenario: &Scenario, action: Action, expected: &Expected, run: &SteppedRun, after: &Snapshot) -> Verdict {
    let Some(interference) = &run.interference else { return judge::succeeded(scenario, expected, after, &run.ended) };
    let name = expected.target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let concurrent = ConcurrentRun { scenario, action, expected, run, interference, after, name };
    let mut verdicts =
        vec![judge::no_panic(&run.ended), concurrent.untouched(), concurrent.readers(), concurrent.staged()];
    // Where the wrong call was refused, any error is allowed.
    if !concurrent.refused_wrong_call() {
        verdicts.push(match run.ended.status.code() {
            Some(0) if concurrent.is_committed() => concurrent.succeeded_before(),
            Some(0) => concurrent.succeeded_after(),
            Some(status) => concurrent.failed(status),
            None => Err("it died of a signal".to_owned()),
        });
        verdicts.push(judge::message(scenario, expected, &run.ended, concurrent.states()));
    }
    // All reasons are reported, not only the first.
    let reasons: Vec<String> = verdicts.into_iter().filter_map(Result::err).collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) }
}

impl ConcurrentRun<'_> {
    fn before(&self) -> Option<&FileState> {
        self.expected.old()
    }

    /// TARGET as the other writer left it.
    fn theirs(&self) -> Option<&FileState> {
        self.interference.after.get(&self.expected.target)
    }

    /// What the other writer's link points to.
    fn pointee<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s FileState> {
        snapshot.get(&self.expected.target.with_file_name(POINTEE)).filter(|_| self.action == Action::Link)
    }

    fn found(&self) -> Option<&FileState> {
        self.interference.before.get(&self.expected.target)
    }

    fn target(&self) -> Option<&FileState> {
        self.after.get(&self.expected.target)
    }

    /// Whether the program had committed before the other writer acted.
    fn is_committed(&self) -> bool {
        self.found().is_some_and(|found| {
            let same_inode = self.before().is_some_and(|before| before.inode == found.inode);
            found.content == self.expected.after.content && same_inode == self.scenario.in_place()
        })
    }

    /// The program's calls before the other writer acted.
    fn earlier(&self) -> &[Call] {
        &self.run.ended.calls[..self.interference.calls]
    }

    /// Whether the program made a stat of TARGET between the other writer's action and the commit. A refused exchange
    /// begins the commit.
    fn noticed_before_commit(&self) -> bool {
        let calls = &self.run.ended.calls;
        let refused = |call: &Call| call.exchanges(&self.name) && !call.succeeded();
        let commit = calls.iter().rposition(refused).or(calls.iter().rposition(|call| call.gives(&self.name)));
        let commit = commit.unwrap_or(calls.len());
        calls[..commit].iter().skip(self.interference.calls).any(|call| call.stats(&self.name))
    }

    /// Whether the program knows TARGET as it was before: it had made a stat of it, and that under the lock, where there is
    /// one. The generic backend looks TARGET up by several calls.
    fn knew_target(&self) -> bool {
        let locks = |call: &Call| call.name == "flock" && call.succeeded();
        let earlier = self.earlier();
        let from = if self.scenario.locks() { earlier.iter().position(locks) } else { Some(0) };
        let stat = from.and_then(|from| earlier[from..].iter().position(|call| call.stats(&self.name)));
        // A stat of TARGET and of its directory, an open, and a stat of what it has opened.
        let lookup = if cfg!(generic_unix) { 4 } else { 1 };
        stat.is_some_and(|stat| from.unwrap_or(0) + stat + lookup < earlier.len())
    }

    /// Whether another call was refused than was meant: strace refuses by number, and there were more calls before it.
    fn refused_wrong_call(&self) -> bool {
        let mark = self.scenario.refused.iter().find_map(|refused| refusal::mark(*refused));
        let Some(mark) = mark else { return false };
        self.run.ended.calls.iter().any(|call| call.is_injected() && !call.args.contains(mark))
    }

    /// The states of TARGET that an error may report.
    fn states(&self) -> &'static [&'static str] {
        if self.theirs() == self.before() {
            &["unchanged"]
        // The generic backend looks TARGET up once more if it could not open what it had found.
        } else if self.knew_target() && !cfg!(generic_unix) {
            &["changed meanwhile"]
        } else {
            &["unchanged", "changed meanwhile"]
        }
    }

    /// What the program may have written: made from the old file, or from what the other writer left.
    fn contents(&self) -> [Vec<u8>; 2] {
        [self.before(), self.theirs()].map(|base| self.content_from(base.filter(|base| base.is_file())))
    }

    fn content_from(&self, old: Option<&FileState>) -> Vec<u8> {
        self.scenario.content_from(old.map(|old| old.content.as_slice()))
    }

    fn is_ours(&self, state: &FileState) -> bool {
        state.is_file() && self.contents().contains(&state.content)
    }

    /// Whether the program may create, change or remove this name.
    fn may_change(&self, name: &Path) -> bool {
        name == self.expected.target
            || Some(name) == self.expected.backup.as_deref()
            || (self.expected.backup.is_some() && name == Path::new(judge::NEXT_BACKUP))
            || judge::is_staged(name)
            || (self.expected.target.starts_with(name) && self.scenario.setting == Setting::Parents)
    }

    /// Everything that the program may not change is as the other writer left it.
    fn untouched(&self) -> Verdict {
        for (name, state) in &self.interference.after {
            let followed = self.action == Action::Link && name.ends_with(POINTEE) && !self.knew_target();
            // An exchange gives the directory the backup's name, with all that is in it.
            let inside =
                self.action == Action::Directory && self.has_exchange() && name.starts_with(&self.expected.target);
            if !self.may_change(name) && !followed && !inside && self.after.get(name) != Some(state) {
                return Err(format!("{} was changed: {state:?} became {:?}", name.display(), self.after.get(name)));
            }
        }
        let appeared = |name: &&PathBuf| {
            let backup = self.expected.backup.is_some();
            let inside = backup && name.ends_with(INSIDE);
            // The backup of what the link points to.
            let elsewhere =
                backup && name.file_name().is_some_and(|name| name.as_bytes().starts_with(POINTEE.as_bytes()));
            !self.interference.after.contains_key(*name) && !self.may_change(name) && !inside && !elsewhere
        };
        match self.after.keys().find(appeared) {
            Some(name) => Err(format!("{} appeared", name.display())),
            None => Ok(()),
        }
    }

    /// At each stop TARGET has the whole content of one writer.
    fn readers(&self) -> Verdict {
        if self.scenario.in_place() || self.scenario.source == Source::CommandWritesTarget {
            return Ok(());
        }
        for stop in &self.run.stops {
            let seen = stop.seen.get(&self.expected.target);
            let later = stop.calls > self.interference.calls;
            let theirs = later && seen == self.theirs();
            if !theirs && (later || seen != self.before()) && !seen.is_some_and(|seen| self.is_ours(seen)) {
                return Err(format!("TARGET was {seen:?} after {} calls", stop.calls));
            }
        }
        Ok(())
    }

    /// At each stop a staging file gives group and others no permission that neither the old nor the finished file gives.
    fn staged(&self) -> Verdict {
        let file = |state: Option<&FileState>| state.filter(|state| state.is_file()).map_or(0, FileState::permissions);
        let old = file(self.before()) | file(self.pointee(&self.interference.after));
        let finished = match self.target() {
            Some(target) if self.is_ours(target) => target.permissions(),
            // It would not have taken that file's metadata.
            _ if self.scenario.is_no_clobber() => self.expected.after.permissions(),
            _ if self.theirs().is_some_and(FileState::is_file) => file(self.theirs()),
            _ => self.expected.after.permissions(),
        };
        for stop in &self.run.stops {
            let private = |(name, state): &(&PathBuf, &FileState)| is_staging_name(name) && state.is_directory();
            if let Some((name, state)) = stop
                .seen
                .iter()
                .filter(private)
                .find(|(_, state)| state.permissions() & 0o077 != 0 && self.scenario.has_private_directory())
            {
                return Err(format!("others may enter {}: {state:?}", name.display()));
            }
            // Before the other writer acts, the finished file is the one of an undisturbed run.
            let expected = if stop.calls > self.interference.calls { 0 } else { self.expected.after.permissions() };
            for (name, state) in stop
                .seen
                .iter()
                .filter(|(name, state)| is_staging_name(name) && state.is_file() && !is_in_private(name))
            {
                let known = [self.before(), self.theirs(), self.interference.before.get(name)];
                let is_known = known
                    .into_iter()
                    .flatten()
                    .any(|known| (known.inode, known.permissions()) == (state.inode, state.permissions()));
                let wider = state.permissions() & 0o077 & !(old | finished | expected);
                if !is_known
                    && wider != 0
                    && !self.was_named_before_noticing(name)
                    && !self.was_widened_before_noticing()
                {
                    let (name, calls) = (name.display(), stop.calls);
                    return Err(format!(
                        "{name} gave more access than the finished file after {calls} calls: {state:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether the file got this name before the program could notice the other writer.
    fn was_named_before_noticing(&self, name: &Path) -> bool {
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        let later = &self.run.ended.calls[self.interference.calls..];
        let linked = later.iter().position(|call| call.name == "linkat" && call.gives(&name));
        linked.is_some_and(|linked| !later[..linked].iter().any(|call| call.stats(&self.name)))
    }

    /// Whether the other writer acted between a stat of TARGET and the fchmod of the staging file. No single call does
    /// both.
    fn was_widened_before_noticing(&self) -> bool {
        let (earlier, later) = self.run.ended.calls.split_at(self.interference.calls);
        let stats = |calls: &[Call]| calls.iter().any(|call| call.stats(&self.name));
        let moves = |call: &Call| matches!(call.name.as_str(), "write" | "pwrite64" | "copy_file_range" | "ioctl");
        // From here on the content is complete.
        let complete = earlier.iter().rposition(moves).unwrap_or(earlier.len());
        let widened = later.iter().position(|call| call.name == "fchmod");
        stats(&earlier[complete..]) && widened.is_some_and(|widened| !stats(&later[..widened]))
    }

    /// Exit 0, and the other writer acted after the commit.
    fn succeeded_before(&self) -> Verdict {
        // Both write to the same file, in any order.
        let mixed = self.scenario.in_place() && self.action.keeps_inode();
        if !mixed && self.target() != self.theirs() {
            return Err(format!("what the other writer did is lost: {:?}", self.target()));
        }
        judge::backup(self.scenario, self.expected, self.after)?;
        self.nothing_left()?;
        judge::durable(self.scenario, &self.run.ended)
    }

    /// Exit 0, and the other writer acted before the commit.
    fn succeeded_after(&self) -> Verdict {
        self.nothing_left()?;
        judge::durable(self.scenario, &self.run.ended)?;
        if self.target() == self.theirs() {
            return self.left_alone();
        }
        let Some(target) = self.target() else { return Err("TARGET is absent".to_owned()) };
        if self.scenario.in_place() {
            let mixed = self.action == Action::Overwrite;
            return if mixed || self.is_ours(target) { Ok(()) } else { Err(format!("TARGET is not ours: {target:?}")) };
        }
        if !self.is_ours(target) {
            return Err(format!("TARGET has the content of neither writer: {target:?}"));
        }
        self.may_replace(target)?;
        self.metadata(target)?;
        self.backup()
    }

    /// Exit 0, and TARGET is as the other writer left it.
    fn left_alone(&self) -> Verdict {
        let made = self.content_from(self.pointee(&self.interference.after));
        let followed = self.pointee(self.after).is_some_and(|state| state.content == made);
        // The file that was compared or overwritten has lost the name TARGET.
        let compared = self.scenario.leaves_alone();
        if followed || compared || (self.scenario.in_place() && !self.action.keeps_inode()) {
            return Ok(());
        }
        Err("exit 0, but TARGET is the other writer's, who acted before".to_owned())
    }

    /// Whether the program was allowed to replace what the other writer left.
    fn may_replace(&self, target: &FileState) -> Verdict {
        if self.scenario.is_no_clobber() && self.theirs().is_some() {
            return Err("--no-clobber has replaced what was created".to_owned());
        }
        let looked = self.noticed_before_commit();
        let no_file = self.theirs().is_some_and(|theirs| !theirs.is_file());
        if no_file
            && self.scenario.setting != Setting::LinkItself
            && (looked || (self.action == Action::Directory && !self.has_exchange()))
        {
            return Err("it has replaced what is not a regular file".to_owned());
        }
        let content = |state: Option<&FileState>| state.map(|state| state.content.clone());
        let changed = content(self.before()) != content(self.theirs());
        let includes_it = self.scenario.edits() && target.content == self.content_from(self.theirs());
        if looked && changed && self.scenario.compares() && !includes_it {
            return Err("it has replaced what changed since it was read".to_owned());
        }
        Ok(())
    }

    fn has_exchange(&self) -> bool {
        self.run.ended.calls.iter().any(|call| call.exchanges(&self.name) && call.succeeded())
    }

    /// TARGET has the metadata of the file that it replaced, or of the one that the program knew.
    fn metadata(&self, target: &FileState) -> Verdict {
        let mut wanted: Vec<FileState> = Vec::new();
        let theirs = self.theirs().filter(|theirs| theirs.is_file());
        wanted.extend(theirs.map(|theirs| self.scenario.with_set_mode(theirs)));
        if theirs.is_none() || !self.noticed_before_commit() {
            wanted.push(self.expected.after.clone());
            wanted.push(self.scenario.with_set_mode(&self.expected.fresh));
        }
        if wanted.iter().any(|wanted| target.has_metadata_of(wanted)) {
            return Ok(());
        }
        let all = wanted.iter().fold(0, |all, wanted| all | wanted.permissions());
        let is_reported = self.run.ended.stderr.contains("warning: cannot keep");
        if is_reported && target.permissions() & 0o077 & !all == 0 {
            return Ok(());
        }
        Err(format!("TARGET has not the metadata of what it replaced: {target:?}, none of {wanted:?}"))
    }

    /// What was replaced has the backup's name.
    fn backup(&self) -> Verdict {
        let Some(backup) = &self.expected.backup else { return Ok(()) };
        let next = self.after.get(Path::new(judge::NEXT_BACKUP));
        let kept = next.or_else(|| self.after.get(backup));
        let is = |state: &FileState| kept.is_some_and(|kept| kept == state || kept.is_like(state));
        // Without an exchange the backup is a link to the old file. What replaces that file between the link and the rename
        // is lost.
        let linked = self.earlier().iter().any(|call| {
            call.name == "linkat" && call.succeeded() && call.args.contains(&format!("\"{}\", ", self.name))
        });
        let fine = match self.theirs() {
            Some(theirs) => is(theirs) || (linked && !self.has_exchange() && self.before().is_some_and(is)),
            None => kept == self.expected.before.get(backup) || self.before().is_some_and(is),
        };
        if fine { Ok(()) } else { Err(format!("what it replaced is not in the backup: {kept:?}")) }
    }

    /// An error: TARGET is as the other writer left it, and what the other writer did is a reason for an error.
    fn failed(&self, status: i32) -> Verdict {
        if self.is_committed() {
            return Err(format!("status {status} after the commit"));
        }
        if self.target() != self.theirs() {
            return Err(format!("status {status}, and TARGET is not as the other writer left it: {:?}", self.target()));
        }
        if let Some(backup) = &self.expected.backup
            && self.after.get(backup) != self.expected.before.get(backup)
        {
            return Err(format!("status {status}, and the backup has changed: {:?}", self.after.get(backup)));
        }
        self.nothing_left()?;
        // The program cannot tell this from a rename that failed and removed TARGET.
        if self.action == Action::Remove && self.scenario.refuses(Refused::Rename) && matches!(status, 5 | 122) {
            let whole = |(name, state): (&PathBuf, &FileState)| is_staging_name(name) && self.is_ours(state);
            return if self.after.iter().any(whole) { Ok(()) } else { Err("the new content is nowhere".to_owned()) };
        }
        let (failed, refused) = if self.scenario.has_command() { (125, 123) } else { (1, 3) };
        let may_refuse = (self.scenario.is_no_clobber() && self.theirs().is_some()) || self.scenario.compares();
        if (status == refused && may_refuse) || (status == failed && self.may_fail()) {
            return Ok(());
        }
        Err(format!("status {status} is not allowed after what the other writer did"))
    }

    /// Whether what the other writer did is a reason to fail.
    fn may_fail(&self) -> bool {
        match self.action {
            Action::Directory => true,
            Action::Link => self.scenario.setting != Setting::LinkItself,
            // The lock is on another file now.
            Action::Replace | Action::Remove => self.scenario.locks() || self.scenario.in_place(),
            // What is read must not change meanwhile. A chmod changes the ctime just as a write does.
            Action::Overwrite | Action::Chmod => self.scenario.reads_old(),
        }
    }

    fn nothing_left(&self) -> Verdict {
        let left = |(name, _): &(&PathBuf, &FileState)| is_staging_name(name);
        match self.after.iter().filter(left).find(|(name, _)| !judge::is_reported(name, &self.run.ended.stderr)) {
            Some((name, state)) => Err(format!("{} is left behind and not reported: {state:?}", name.display())),
            None => Ok(()),
        }
    }
}

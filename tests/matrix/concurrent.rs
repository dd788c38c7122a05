//! Whether two writers come out of it as the contract has it: us, and one who acted while we stood still.
//!
//! What is allowed depends on the mode, on what the other writer did, and on when: before the program had looked at
//! TARGET, before the last look of the commit, after that look, or after the commit. The trace tells.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::file_state::{FileState, Snapshot, is_staging_name};
use crate::judge::{self, Verdict};
use crate::other_writer::{Action, ELSEWHERE, INSIDE};
use crate::refusal;
use crate::scenario::{Expected, Refused, Scenario, Setting, Source};
use crate::stopped::{Interference, SteppedRun};
use crate::trace::Call;

/// A run that was met by the other writer.
struct ConcurrentRun<'a> {
    scenario: &'a Scenario,
    action: Action,
    expected: &'a Expected,
    run: &'a SteppedRun,
    interference: &'a Interference,
    after: &'a Snapshot,
    /// TARGET's own name.
    name: String,
}

/// Judges it. A run in which the call was never made, as a command was slower or quicker, must just succeed.
pub fn judge(scenario: &Scenario, action: Action, expected: &Expected, run: &SteppedRun, after: &Snapshot) -> Verdict {
    let Some(interference) = &run.interference else { return judge::succeeded(scenario, expected, after, &run.ended) };
    let name = expected.target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let concurrent = ConcurrentRun { scenario, action, expected, run, interference, after, name };
    let mut verdicts =
        vec![judge::no_panic(&run.ended), concurrent.untouched(), concurrent.readers(), concurrent.staged()];
    // Where what is refused is another call than it was, anything may be an error.
    if !concurrent.strays() {
        verdicts.push(match run.ended.status.code() {
            Some(0) if concurrent.is_committed() => concurrent.came_first(),
            Some(0) => concurrent.came_last(),
            Some(status) => concurrent.failed(status),
            None => Err("it died of a signal".to_owned()),
        });
        verdicts.push(judge::message(scenario, expected, &run.ended, concurrent.states()));
    }
    // Each is a finding of its own.
    let reasons: Vec<String> = verdicts.into_iter().filter_map(Result::err).collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) }
}

impl ConcurrentRun<'_> {
    fn before(&self) -> Option<&FileState> {
        self.expected.old()
    }

    /// What the other writer has made of TARGET.
    fn theirs(&self) -> Option<&FileState> {
        self.interference.after.get(&self.expected.target)
    }

    /// Where the other writer's link leads.
    fn elsewhere<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s FileState> {
        snapshot.get(&self.expected.target.with_file_name(ELSEWHERE)).filter(|_| self.action == Action::Link)
    }

    fn found(&self) -> Option<&FileState> {
        self.interference.before.get(&self.expected.target)
    }

    fn target(&self) -> Option<&FileState> {
        self.after.get(&self.expected.target)
    }

    /// Whether TARGET was ours already when the other writer came.
    fn is_committed(&self) -> bool {
        self.found().is_some_and(|found| {
            let same_inode = self.before().is_some_and(|before| before.inode == found.inode);
            found.content == self.expected.after.content && same_inode == self.scenario.in_place()
        })
    }

    /// What was done before the other writer came.
    fn earlier(&self) -> &[Call] {
        &self.run.ended.calls[..self.interference.calls]
    }

    /// Whether the program looked at TARGET once more before it took its place. An exchange that is not to be had is
    /// where the commit begins.
    fn looked_again(&self) -> bool {
        let calls = &self.run.ended.calls;
        let refused = |call: &Call| call.exchanges(&self.name) && !call.succeeded();
        let commit = calls.iter().rposition(refused).or(calls.iter().rposition(|call| call.gives(&self.name)));
        let commit = commit.unwrap_or(calls.len());
        calls[..commit].iter().skip(self.interference.calls).any(|call| call.stats(&self.name))
    }

    /// Whether the program can know what TARGET was at its start, or, where there are turns, at the start of its turn.
    fn had_looked(&self) -> bool {
        let turn = |call: &Call| call.name == "flock" && call.succeeded();
        let earlier = self.earlier();
        let from = if self.scenario.locks() { earlier.iter().position(turn) } else { Some(0) };
        let looked = from.and_then(|from| earlier[from..].iter().position(|call| call.stats(&self.name)));
        looked.is_some_and(|looked| from.unwrap_or(0) + looked + 1 < earlier.len())
    }

    /// Whether the call that the mode refuses by its number has become another one, as there were more before it.
    fn strays(&self) -> bool {
        let marks = self.scenario.refused.iter().filter_map(|refused| refusal::mark(*refused));
        let Some(mark) = marks.into_iter().next() else { return false };
        self.run.ended.calls.iter().any(|call| call.is_injected() && !call.args.contains(mark))
    }

    /// What TARGET may be called at the end of an error line.
    fn states(&self) -> &'static [&'static str] {
        if self.theirs() == self.before() {
            &["unchanged"]
        } else if self.had_looked() {
            &["changed by another program"]
        } else {
            &["unchanged", "changed by another program"]
        }
    }

    /// What may be ours: made from what was there, or from what the other writer made of it.
    fn contents(&self) -> [Vec<u8>; 2] {
        [self.before(), self.theirs()].map(|base| self.content_from(base.filter(|base| base.is_file())))
    }

    fn content_from(&self, old: Option<&FileState>) -> Vec<u8> {
        self.scenario.content_from(old.map(|old| old.content.as_slice()))
    }

    fn is_ours(&self, state: &FileState) -> bool {
        state.is_file() && self.contents().contains(&state.content)
    }

    /// Whether this is TARGET, or a name that we may have made.
    fn is_our_name(&self, name: &Path) -> bool {
        name == self.expected.target
            || Some(name) == self.expected.backup.as_deref()
            || (self.expected.backup.is_some() && name == Path::new(judge::NEXT_BACKUP))
            || is_staging_name(name)
            || (self.expected.target.starts_with(name) && self.scenario.setting == Setting::Parents)
    }

    /// What is the other writer's, or nobody's, is as it was.
    fn untouched(&self) -> Verdict {
        for (name, state) in &self.interference.after {
            let followed = self.action == Action::Link && name.ends_with(ELSEWHERE) && !self.had_looked();
            // A directory that came out of an exchange went to the backup with all that is in it.
            let inside =
                self.action == Action::Directory && self.has_exchange() && name.starts_with(&self.expected.target);
            if !self.is_our_name(name) && !followed && !inside && self.after.get(name) != Some(state) {
                return Err(format!("{} was touched: {state:?} became {:?}", name.display(), self.after.get(name)));
            }
        }
        let appeared = |name: &&PathBuf| {
            let backup = self.expected.backup.is_some();
            let inside = backup && name.ends_with(INSIDE);
            // The backup of what a link led to.
            let elsewhere =
                backup && name.file_name().is_some_and(|name| name.as_bytes().starts_with(ELSEWHERE.as_bytes()));
            !self.interference.after.contains_key(*name) && !self.is_our_name(name) && !inside && !elsewhere
        };
        match self.after.keys().find(appeared) {
            Some(name) => Err(format!("{} appeared", name.display())),
            None => Ok(()),
        }
    }

    /// Whoever opens TARGET gets one writer's whole content, at any instant that was looked at.
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

    /// While a staging file has a name, nobody can read it who can read neither the old file nor the finished one.
    fn staged(&self) -> Verdict {
        let file = |state: Option<&FileState>| state.filter(|state| state.is_file()).map_or(0, FileState::permissions);
        let old = file(self.before()) | file(self.elsewhere(&self.interference.after));
        let finished = match self.target() {
            Some(target) if self.is_ours(target) => target.permissions(),
            // It would never have been like that one.
            _ if self.scenario.is_no_clobber() => self.expected.after.permissions(),
            _ if self.theirs().is_some_and(FileState::is_file) => file(self.theirs()),
            _ => self.expected.after.permissions(),
        };
        for stop in &self.run.stops {
            // Until the other writer comes, the finished file is what was to be expected.
            let expected = if stop.calls > self.interference.calls { 0 } else { self.expected.after.permissions() };
            for (name, state) in stop.seen.iter().filter(|(name, state)| is_staging_name(name) && state.is_file()) {
                let known = [self.before(), self.theirs(), self.interference.before.get(name)];
                let is_known = known
                    .into_iter()
                    .flatten()
                    .any(|known| (known.inode, known.permissions()) == (state.inode, state.permissions()));
                let wider = state.permissions() & 0o077 & !(old | finished | expected);
                if !is_known && wider != 0 && !self.is_named_unawares(name) && !self.is_widened_unawares() {
                    let (name, calls) = (name.display(), stop.calls);
                    return Err(format!(
                        "{name} could be read by more than the finished file after {calls} calls: {state:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether the file got this name by a link before the program could see what the other writer had done.
    fn is_named_unawares(&self, name: &Path) -> bool {
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        let later = &self.run.ended.calls[self.interference.calls..];
        let linked = later.iter().position(|call| call.name == "linkat" && call.gives(&name));
        linked.is_some_and(|linked| !later[..linked].iter().any(|call| call.stats(&self.name)))
    }

    /// Whether a file got its mode after a look at TARGET that the other writer came too late for: no call looks at TARGET
    /// and sets the mode of another file at once.
    fn is_widened_unawares(&self) -> bool {
        let (earlier, later) = self.run.ended.calls.split_at(self.interference.calls);
        let looks = |calls: &[Call]| calls.iter().any(|call| call.stats(&self.name));
        let moves = |call: &Call| matches!(call.name.as_str(), "write" | "pwrite64" | "copy_file_range" | "ioctl");
        // Since the content was complete.
        let complete = earlier.iter().rposition(moves).unwrap_or(earlier.len());
        let widened = later.iter().position(|call| call.name == "fchmod");
        looks(&earlier[complete..]) && widened.is_some_and(|widened| !looks(&later[..widened]))
    }

    /// The other writer acted upon a TARGET that was ours.
    fn came_first(&self) -> Verdict {
        // Where both write into one file, the last byte wins.
        let mixed = self.scenario.in_place() && self.action.keeps_inode();
        if !mixed && self.target() != self.theirs() {
            return Err(format!("what the other writer made of it is lost: {:?}", self.target()));
        }
        judge::backup(self.scenario, self.expected, self.after)?;
        self.nothing_left()?;
        judge::durable(self.scenario, &self.run.ended)
    }

    /// Exit 0, and the other writer acted before the commit.
    fn came_last(&self) -> Verdict {
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
            return Err(format!("TARGET is nobody's: {target:?}"));
        }
        self.may_replace(target)?;
        self.metadata(target)?;
        self.kept()
    }

    /// Exit 0, and TARGET is what the other writer made of it before any commit of ours could be seen.
    fn left_alone(&self) -> Verdict {
        let made = self.content_from(self.elsewhere(&self.interference.after));
        let followed = self.elsewhere(self.after).is_some_and(|state| state.content == made);
        // What was compared, or was written into, has lost the name since.
        let compared = self.scenario.leaves_alone();
        if followed || compared || (self.scenario.in_place() && !self.action.keeps_inode()) {
            return Ok(());
        }
        Err("exit 0, but TARGET is the other writer's, who acted before".to_owned())
    }

    /// Whether what the other writer made could be replaced, and not by a content that knows nothing of it.
    fn may_replace(&self, target: &FileState) -> Verdict {
        if self.scenario.is_no_clobber() && self.theirs().is_some() {
            return Err("--no-clobber has replaced what was created".to_owned());
        }
        let looked = self.looked_again();
        let no_file = self.theirs().is_some_and(|theirs| !theirs.is_file());
        if no_file
            && self.scenario.setting != Setting::LinkItself
            && (looked || (self.action == Action::Directory && !self.has_exchange()))
        {
            return Err("it has replaced what is no file".to_owned());
        }
        let content = |state: Option<&FileState>| state.map(|state| state.content.clone());
        let changed = content(self.before()) != content(self.theirs());
        let knows = self.scenario.source == Source::Edit && target.content == self.content_from(self.theirs());
        if looked && changed && self.scenario.compares() && !knows {
            return Err("it has replaced what changed since it was read".to_owned());
        }
        Ok(())
    }

    fn has_exchange(&self) -> bool {
        self.run.ended.calls.iter().any(|call| call.exchanges(&self.name) && call.succeeded())
    }

    /// Like the file that it replaced, as far as that could be known.
    fn metadata(&self, target: &FileState) -> Verdict {
        let mut wanted: Vec<FileState> = Vec::new();
        let theirs = self.theirs().filter(|theirs| theirs.is_file());
        wanted.extend(theirs.map(|theirs| self.scenario.with_set_mode(theirs)));
        if theirs.is_none() || !self.looked_again() {
            wanted.push(self.expected.after.clone());
            wanted.push(self.scenario.with_set_mode(&self.expected.fresh));
        }
        if wanted.iter().any(|wanted| target.has_metadata_of(wanted)) {
            return Ok(());
        }
        let all = wanted.iter().fold(0, |all, wanted| all | wanted.permissions());
        let told = self.run.ended.stderr.contains("warning: cannot keep");
        if told && target.permissions() & 0o077 & !all == 0 {
            return Ok(());
        }
        Err(format!("TARGET has not the metadata of what it replaced: {target:?}, none of {wanted:?}"))
    }

    /// With a backup: what was at TARGET when it was replaced has the backup's name.
    fn kept(&self) -> Verdict {
        let Some(backup) = &self.expected.backup else { return Ok(()) };
        let next = self.after.get(Path::new(judge::NEXT_BACKUP));
        let kept = next.or_else(|| self.after.get(backup));
        let is = |state: &FileState| kept.is_some_and(|kept| kept == state || kept.is_like(state));
        // A second name of the old file, where there is no exchange: what replaces that between it and the rename is lost.
        let linked = self.earlier().iter().any(|call| {
            call.name == "linkat" && call.succeeded() && call.args.contains(&format!("\"{}\", ", self.name))
        });
        let fine = match self.theirs() {
            Some(theirs) => is(theirs) || (linked && !self.has_exchange() && self.before().is_some_and(is)),
            None => kept == self.expected.before.get(backup) || self.before().is_some_and(is),
        };
        if fine { Ok(()) } else { Err(format!("what it replaced is not in the backup: {kept:?}")) }
    }

    /// An error: TARGET is as the other writer made it, and there is a reason not to have replaced it.
    fn failed(&self, status: i32) -> Verdict {
        if self.is_committed() {
            return Err(format!("status {status} after the commit"));
        }
        if self.target() != self.theirs() {
            return Err(format!("status {status}, and TARGET is not as the other writer made it: {:?}", self.target()));
        }
        if let Some(backup) = &self.expected.backup
            && self.after.get(backup) != self.expected.before.get(backup)
        {
            return Err(format!("status {status}, and the backup has changed: {:?}", self.after.get(backup)));
        }
        self.nothing_left()?;
        // A system that removes TARGET and refuses the rename looks the same: what is left is told.
        if self.action == Action::Remove && self.scenario.refuses(Refused::Rename) && matches!(status, 5 | 122) {
            let whole = |(name, state): (&PathBuf, &FileState)| is_staging_name(name) && self.is_ours(state);
            return if self.after.iter().any(whole) { Ok(()) } else { Err("the new content is nowhere".to_owned()) };
        }
        let (failed, refused) = if self.scenario.has_command() { (125, 123) } else { (1, 3) };
        let may_refuse = (self.scenario.is_no_clobber() && self.theirs().is_some()) || self.scenario.compares();
        if (status == refused && may_refuse) || (status == failed && self.may_fail()) {
            return Ok(());
        }
        Err(format!("status {status} is no answer to what the other writer did"))
    }

    /// Whether it is an error that the other writer came in between.
    fn may_fail(&self) -> bool {
        match self.action {
            Action::Directory => true,
            Action::Link => self.scenario.setting != Setting::LinkItself,
            // The turn was taken for another file.
            Action::Replace | Action::Remove => self.scenario.locks() || self.scenario.in_place(),
            // What is read must not change meanwhile; the times tell it, and those of a chmod are the same.
            Action::Overwrite | Action::Chmod => self.scenario.reads_old(),
        }
    }

    fn nothing_left(&self) -> Verdict {
        let left = |(name, _): &(&PathBuf, &FileState)| is_staging_name(name);
        match self.after.iter().filter(left).find(|(name, _)| !judge::is_told(name, &self.run.ended.stderr)) {
            Some((name, state)) => Err(format!("{} is left behind and not told: {state:?}", name.display())),
            None => Ok(()),
        }
    }
}

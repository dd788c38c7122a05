//! Whether two writers come out of it as the contract has it: us, and one who acted while we stood still.
//!
//! What is allowed depends on the mode, on what the other writer did, and on when: before the program had looked at
//! TARGET, before the last look of the commit, after that look, or after the commit. The trace tells.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::judge::{self, Verdict};
use crate::look::{Look, Snapshot};
use crate::mode::{Base, Expected, Mode, Setting, Source, Which};
use crate::other::{Act, ELSEWHERE, INSIDE};
use crate::stopped::{Meeting, Met};
use crate::trace::Call;

/// A run that was met by the other writer.
struct Encounter<'a> {
    mode: &'a Mode,
    act: Act,
    expected: &'a Expected,
    met: &'a Met,
    meeting: &'a Meeting,
    after: &'a Snapshot,
    /// TARGET's own name.
    name: String,
}

/// Judges it. A run in which the call was never made, as a command was slower or quicker, must just succeed.
pub fn judge(mode: &Mode, act: Act, expected: &Expected, met: &Met, after: &Snapshot) -> Verdict {
    let Some(meeting) = &met.meeting else { return judge::succeeded(mode, expected, after, &met.ended) };
    let name = expected.target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let encounter = Encounter { mode, act, expected, met, meeting, after, name };
    let mut verdicts =
        vec![judge::no_panic(&met.ended), encounter.untouched(), encounter.readers(), encounter.staged()];
    // Where what is refused is another call than it was, anything may be an error.
    if !encounter.strays() {
        verdicts.push(match met.ended.status.code() {
            Some(0) if encounter.is_committed() => encounter.came_first(),
            Some(0) => encounter.came_last(),
            Some(status) => encounter.failed(status),
            None => Err("it died of a signal".to_owned()),
        });
        verdicts.push(judge::message(mode, expected, &met.ended, encounter.states()));
    }
    // Each is a finding of its own.
    let reasons: Vec<String> = verdicts.into_iter().filter_map(Result::err).collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) }
}

impl Encounter<'_> {
    fn before(&self) -> Option<&Look> {
        self.expected.old()
    }

    /// What the other writer has made of TARGET.
    fn theirs(&self) -> Option<&Look> {
        self.meeting.after.get(&self.expected.target)
    }

    /// Where the other writer's link leads.
    fn elsewhere<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s Look> {
        snapshot.get(&self.expected.target.with_file_name(ELSEWHERE)).filter(|_| self.act == Act::Link)
    }

    fn found(&self) -> Option<&Look> {
        self.meeting.before.get(&self.expected.target)
    }

    fn target(&self) -> Option<&Look> {
        self.after.get(&self.expected.target)
    }

    /// Whether TARGET was ours already when the other writer came.
    fn is_committed(&self) -> bool {
        self.found().is_some_and(|found| {
            let same_inode = self.before().is_some_and(|before| before.inode == found.inode);
            found.content == self.expected.after.content && same_inode == self.mode.in_place()
        })
    }

    /// What was done before the other writer came.
    fn earlier(&self) -> &[Call] {
        &self.met.ended.calls[..self.meeting.calls]
    }

    /// Whether the program looked at TARGET once more before it took its place. An exchange that is not to be had is
    /// where the commit begins.
    fn looked_again(&self) -> bool {
        let calls = &self.met.ended.calls;
        let refused = |call: &Call| call.exchanges(&self.name) && !call.succeeded();
        let commit = calls.iter().rposition(refused).or(calls.iter().rposition(|call| call.gives(&self.name)));
        let commit = commit.unwrap_or(calls.len());
        calls[..commit].iter().skip(self.meeting.calls).any(|call| call.looks_at(&self.name))
    }

    /// Whether the program can know what TARGET was at its start, or, where there are turns, at the start of its turn.
    fn had_looked(&self) -> bool {
        let turn = |call: &Call| call.name == "flock" && call.succeeded();
        let earlier = self.earlier();
        let from = if self.mode.takes_turn() { earlier.iter().position(turn) } else { Some(0) };
        let looked = from.and_then(|from| earlier[from..].iter().position(|call| call.looks_at(&self.name)));
        looked.is_some_and(|looked| from.unwrap_or(0) + looked + 1 < earlier.len())
    }

    /// Whether the call that the mode refuses by its number has become another one, as there were more before it.
    fn strays(&self) -> bool {
        let Some(Base { which: Which::Marked(mark), .. }) = self.mode.base else { return false };
        self.met.ended.calls.iter().any(|call| call.is_injected() && !call.text.contains(mark))
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
        [self.before(), self.theirs()].map(|base| self.mode.made_from(base.filter(|base| base.is_file())))
    }

    fn is_ours(&self, look: &Look) -> bool {
        look.is_file() && self.contents().contains(&look.content)
    }

    /// Whether this is TARGET, or a name that we may have made.
    fn is_our_name(&self, name: &Path) -> bool {
        name == self.expected.target
            || Some(name) == self.expected.backup.as_deref()
            || (self.expected.backup.is_some() && name == Path::new(judge::NEXT_BACKUP))
            || judge::is_staging(name)
            || (self.expected.target.starts_with(name) && self.mode.setting == Setting::Parents)
    }

    /// What is the other writer's, or nobody's, is as it was.
    fn untouched(&self) -> Verdict {
        for (name, look) in &self.meeting.after {
            let followed = self.act == Act::Link && name.ends_with(ELSEWHERE) && !self.had_looked();
            // A directory that came out of an exchange went to the backup with all that is in it.
            let inside = self.act == Act::Directory && self.has_exchange() && name.starts_with(&self.expected.target);
            if !self.is_our_name(name) && !followed && !inside && self.after.get(name) != Some(look) {
                return Err(format!("{} was touched: {look:?} became {:?}", name.display(), self.after.get(name)));
            }
        }
        let appeared = |name: &&PathBuf| {
            let backup = self.expected.backup.is_some();
            let inside = backup && name.ends_with(INSIDE);
            // The backup of what a link led to.
            let elsewhere =
                backup && name.file_name().is_some_and(|name| name.as_bytes().starts_with(ELSEWHERE.as_bytes()));
            !self.meeting.after.contains_key(*name) && !self.is_our_name(name) && !inside && !elsewhere
        };
        match self.after.keys().find(appeared) {
            Some(name) => Err(format!("{} appeared", name.display())),
            None => Ok(()),
        }
    }

    /// Whoever opens TARGET gets one writer's whole content, at any instant that was looked at.
    fn readers(&self) -> Verdict {
        if self.mode.in_place() || self.mode.source == Source::Writes {
            return Ok(());
        }
        for stop in &self.met.stops {
            let seen = stop.seen.get(&self.expected.target);
            let later = stop.calls > self.meeting.calls;
            let theirs = later && seen == self.theirs();
            if !theirs && (later || seen != self.before()) && !seen.is_some_and(|seen| self.is_ours(seen)) {
                return Err(format!("TARGET was {seen:?} after {} calls", stop.calls));
            }
        }
        Ok(())
    }

    /// While a staging file has a name, nobody can read it who can read neither the old file nor the finished one.
    fn staged(&self) -> Verdict {
        let file = |look: Option<&Look>| look.filter(|look| look.is_file()).map_or(0, Look::bits);
        let old = file(self.before()) | file(self.elsewhere(&self.meeting.after));
        let finished = match self.target() {
            Some(target) if self.is_ours(target) => target.bits(),
            // It would never have been like that one.
            _ if self.mode.is_no_clobber() => self.expected.after.bits(),
            _ if self.theirs().is_some_and(Look::is_file) => file(self.theirs()),
            _ => self.expected.after.bits(),
        };
        for stop in &self.met.stops {
            // Until the other writer comes, the finished file is what was to be expected.
            let expected = if stop.calls > self.meeting.calls { 0 } else { self.expected.after.bits() };
            for (name, look) in stop.seen.iter().filter(|(name, look)| judge::is_staging(name) && look.is_file()) {
                let known = [self.before(), self.theirs(), self.meeting.before.get(name)];
                let is_known =
                    known.into_iter().flatten().any(|known| (known.inode, known.bits()) == (look.inode, look.bits()));
                let wider = look.bits() & 0o077 & !(old | finished | expected);
                if !is_known && wider != 0 && !self.is_named_unawares(name) && !self.is_widened_unawares() {
                    let (name, calls) = (name.display(), stop.calls);
                    return Err(format!(
                        "{name} could be read by more than the finished file after {calls} calls: {look:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether the file got this name by a link before the program could see what the other writer had done.
    fn is_named_unawares(&self, name: &Path) -> bool {
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        let later = &self.met.ended.calls[self.meeting.calls..];
        let linked = later.iter().position(|call| call.name == "linkat" && call.gives(&name));
        linked.is_some_and(|linked| !later[..linked].iter().any(|call| call.looks_at(&self.name)))
    }

    /// Whether a file got its mode after a look at TARGET that the other writer came too late for: no call looks at TARGET
    /// and sets the mode of another file at once.
    fn is_widened_unawares(&self) -> bool {
        let (earlier, later) = self.met.ended.calls.split_at(self.meeting.calls);
        let looks = |calls: &[Call]| calls.iter().any(|call| call.looks_at(&self.name));
        let moves = |call: &Call| matches!(call.name.as_str(), "write" | "pwrite64" | "copy_file_range" | "ioctl");
        // Since the content was complete.
        let complete = earlier.iter().rposition(moves).unwrap_or(earlier.len());
        let widened = later.iter().position(|call| call.name == "fchmod");
        looks(&earlier[complete..]) && widened.is_some_and(|widened| !looks(&later[..widened]))
    }

    /// The other writer acted upon a TARGET that was ours.
    fn came_first(&self) -> Verdict {
        // Where both write into one file, the last byte wins.
        let mixed = self.mode.in_place() && self.act.keeps_inode();
        if !mixed && self.target() != self.theirs() {
            return Err(format!("what the other writer made of it is lost: {:?}", self.target()));
        }
        judge::backup(self.mode, self.expected, self.after)?;
        self.nothing_left()?;
        judge::durable(self.mode, &self.met.ended)
    }

    /// Exit 0, and the other writer acted before the commit.
    fn came_last(&self) -> Verdict {
        self.nothing_left()?;
        judge::durable(self.mode, &self.met.ended)?;
        if self.target() == self.theirs() {
            return self.left_alone();
        }
        let Some(target) = self.target() else { return Err("TARGET is absent".to_owned()) };
        if self.mode.in_place() {
            let mixed = self.act == Act::Overwrite;
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
        let made = self.mode.made_from(self.elsewhere(&self.meeting.after));
        let followed = self.elsewhere(self.after).is_some_and(|look| look.content == made);
        // What was compared, or was written into, has lost the name since.
        let compared = self.mode.leaves_alone();
        if followed || compared || (self.mode.in_place() && !self.act.keeps_inode()) {
            return Ok(());
        }
        Err("exit 0, but TARGET is the other writer's, who acted before".to_owned())
    }

    /// Whether what the other writer made could be replaced, and not by a content that knows nothing of it.
    fn may_replace(&self, target: &Look) -> Verdict {
        if self.mode.is_no_clobber() && self.theirs().is_some() {
            return Err("--no-clobber has replaced what was created".to_owned());
        }
        let looked = self.looked_again();
        let no_file = self.theirs().is_some_and(|theirs| !theirs.is_file());
        if no_file
            && self.mode.setting != Setting::Itself
            && (looked || (self.act == Act::Directory && !self.has_exchange()))
        {
            return Err("it has replaced what is no file".to_owned());
        }
        let content = |look: Option<&Look>| look.map(|look| look.content.clone());
        let changed = content(self.before()) != content(self.theirs());
        let knows = self.mode.source == Source::Edit && target.content == self.mode.made_from(self.theirs());
        if looked && changed && self.mode.compares() && !knows {
            return Err("it has replaced what changed since it was read".to_owned());
        }
        Ok(())
    }

    fn has_exchange(&self) -> bool {
        self.met.ended.calls.iter().any(|call| call.exchanges(&self.name) && call.succeeded())
    }

    /// Like the file that it replaced, as far as that could be known.
    fn metadata(&self, target: &Look) -> Verdict {
        let mut wanted: Vec<Look> = Vec::new();
        let theirs = self.theirs().filter(|theirs| theirs.is_file());
        wanted.extend(theirs.map(|theirs| self.mode.dressed(theirs)));
        if theirs.is_none() || !self.looked_again() {
            wanted.push(self.expected.after.clone());
            wanted.push(self.mode.dressed(&self.expected.fresh));
        }
        if wanted.iter().any(|wanted| target.is_dressed_like(wanted)) {
            return Ok(());
        }
        let all = wanted.iter().fold(0, |all, wanted| all | wanted.bits());
        let told = self.met.ended.words.contains("warning: cannot keep");
        if told && target.bits() & 0o077 & !all == 0 {
            return Ok(());
        }
        Err(format!("TARGET has not the metadata of what it replaced: {target:?}, none of {wanted:?}"))
    }

    /// With a backup: what was at TARGET when it was replaced has the backup's name.
    fn kept(&self) -> Verdict {
        let Some(backup) = &self.expected.backup else { return Ok(()) };
        let next = self.after.get(Path::new(judge::NEXT_BACKUP));
        let kept = next.or_else(|| self.after.get(backup));
        let is = |look: &Look| kept.is_some_and(|kept| kept == look || kept.is_like(look));
        // A second name of the old file, where there is no exchange: what replaces that between it and the rename is lost.
        let linked = self.earlier().iter().any(|call| {
            call.name == "linkat" && call.succeeded() && call.text.contains(&format!("\"{}\", ", self.name))
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
        if self.act == Act::Remove && self.mode.refuses_rename() && matches!(status, 5 | 122) {
            let whole = |(name, look): (&PathBuf, &Look)| judge::is_staging(name) && self.is_ours(look);
            return if self.after.iter().any(whole) { Ok(()) } else { Err("the new content is nowhere".to_owned()) };
        }
        let (failed, refused) = if self.mode.has_command() { (125, 123) } else { (1, 3) };
        let may_refuse = (self.mode.is_no_clobber() && self.theirs().is_some()) || self.mode.compares();
        if (status == refused && may_refuse) || (status == failed && self.may_fail()) {
            return Ok(());
        }
        Err(format!("status {status} is no answer to what the other writer did"))
    }

    /// Whether it is an error that the other writer came in between.
    fn may_fail(&self) -> bool {
        match self.act {
            Act::Directory => true,
            Act::Link => self.mode.setting != Setting::Itself,
            // The turn was taken for another file.
            Act::Replace | Act::Remove => self.mode.takes_turn() || self.mode.in_place(),
            // What is read must not change meanwhile; the times tell it, and those of a chmod are the same.
            Act::Overwrite | Act::Chmod => self.mode.reads_old(),
        }
    }

    fn nothing_left(&self) -> Verdict {
        let left = |(name, _): &(&PathBuf, &Look)| judge::is_staging(name);
        match self.after.iter().filter(left).find(|(name, _)| !judge::is_told(name, &self.met.ended.words)) {
            Some((name, look)) => Err(format!("{} is left behind and not told: {look:?}", name.display())),
            None => Ok(()),
        }
    }
}

//! What may be found on a disk after a power cut: the judge.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::look::Look;
use crate::support::Result;

/// A name and what it may lead to.
pub(crate) struct Slot {
    pub(crate) path: PathBuf,
    /// Until the program has exited with status 0. Nothing: whatever it is.
    pub(crate) before: Option<Vec<Look>>,
    /// From then on.
    pub(crate) after: Vec<Look>,
}

pub(crate) struct Expectation {
    pub(crate) home: PathBuf,
    pub(crate) slots: Vec<Slot>,
    /// How many recognisable names may be left in the directory.
    pub(crate) leftovers: usize,
    /// A symbolic link and where it leads, at any time.
    pub(crate) link: Option<(PathBuf, PathBuf)>,
    /// Where this has a name of its own, the first slot may be in any state until the exit.
    pub(crate) copy: Option<Look>,
    /// A file that must not be lost, whatever it is called.
    pub(crate) old: Option<Look>,
}

/// How strict the judge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Everything,
    /// Programs that keep no metadata are judged by what they do to the content.
    Content,
}

impl Expectation {
    /// Nothing, or what is wrong. `done`: the program had exited with status 0 before the power went.
    pub(crate) fn judge(&self, root: &Path, done: bool, measure: Measure) -> Result<()> {
        let safe = !done && self.has_copy(root)?;
        for slot in &self.slots[usize::from(safe)..] {
            let allowed = match (done, &slot.before) {
                (true, _) => &slot.after,
                (false, Some(before)) => before,
                (false, None) => continue,
            };
            let found = Look::at(&root.join(&slot.path))?;
            let right = allowed.iter().any(|look| match measure {
                Measure::Everything => *look == found,
                Measure::Content => look.same_content(&found),
            });
            if !right {
                let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
                let when = if done { "after exit 0" } else { "before the exit" };
                let name = slot.path.display();
                return Err(format!("{name} is {found}; {when} it may be: {}", allowed.join("; or ")).into());
            }
        }
        if measure == Measure::Content {
            return Ok(());
        }
        if let Some((link, leads_to)) = &self.link
            && fs::read_link(root.join(link))? != *leads_to
        {
            return Err(format!("{} leads elsewhere", link.display()).into());
        }
        let leftovers = self.leftovers(root)?;
        if leftovers.len() > self.leftovers {
            let count = self.leftovers;
            return Err(format!("left behind: {leftovers:?}; allowed: {count}").into());
        }
        self.old_survives(root, &leftovers)
    }

    /// Nothing, or what has changed, in the eyes of a program that says that nothing has.
    /// A name that could not be removed has to be told, in `words`.
    pub(crate) fn judge_unchanged(&self, root: &Path, words: &str) -> Result<()> {
        for slot in &self.slots {
            let found = Look::at(&root.join(&slot.path))?;
            let unchanged = slot.before.as_ref().and_then(|looks| looks.first());
            if unchanged.is_some_and(|look| *look != found) {
                return Err(format!("{} is {found}", slot.path.display()).into());
            }
        }
        match self.leftovers(root)?.iter().find(|name| !words.contains(&*name.to_string_lossy())) {
            None => Ok(()),
            Some(name) => Err(format!("{} is left behind in silence", name.display()).into()),
        }
    }

    /// The names in the directory that are nobody's.
    pub(crate) fn leftovers(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let home = root.join(&self.home);
        let Ok(entries) = fs::read_dir(&home) else {
            // With --parents the directory need not be there yet.
            return Ok(Vec::new());
        };
        let mut leftovers = Vec::new();
        for entry in entries {
            let name = self.home.join(entry?.file_name());
            if self.slots.iter().any(|slot| slot.path == name) {
                continue;
            }
            if !recognisable(&name) {
                return Err(format!("{} is nobody's name", name.display()).into());
            }
            self.stays_private(root, &name)?;
            leftovers.push(name);
        }
        Ok(leftovers)
    }

    fn has_copy(&self, root: &Path) -> Result<bool> {
        let Some(copy) = &self.copy else { return Ok(false) };
        for name in self.leftovers(root)? {
            if Look::at(&root.join(name))?.same_content(copy) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A leftover must not show to others what the finished file would not.
    fn stays_private(&self, root: &Path, name: &Path) -> Result<()> {
        let mode = fs::symlink_metadata(root.join(name))?.mode();
        let finished = self.slots[0].after.first().and_then(Look::metadata);
        match finished {
            Some(finished) if mode & 0o007 & !finished.mode != 0 => {
                Err(format!("{} has mode {mode:o}", name.display()).into())
            }
            _ => Ok(()),
        }
    }

    fn old_survives(&self, root: &Path, leftovers: &[PathBuf]) -> Result<()> {
        let Some(old) = &self.old else {
            return Ok(());
        };
        let names = self.slots.iter().map(|slot| &slot.path).chain(leftovers);
        for name in names {
            if Look::at(&root.join(name))?.same_content(old) {
                return Ok(());
            }
        }
        Err("the old content is under no name".into())
    }
}

/// The staging file's documented names: `.aw-` and twelve letters and digits.
fn recognisable(name: &Path) -> bool {
    let Some(name) = name.file_name() else { return false };
    let random = name.as_bytes().strip_prefix(b".aw-");
    random.is_some_and(|rest| rest.len() == 12 && rest.iter().all(u8::is_ascii_alphanumeric))
}

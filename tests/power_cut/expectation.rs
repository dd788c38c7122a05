//! What may be found on a disk after a power cut: the judge.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::file_state::{FileState, Snapshot, describe, is_staging_name};
use crate::scenario::{ELSEWHERE, Expected, Refused, Scenario, Setting, Source};
use crate::tree::{self, Trees};

/// A path and the states that it may have.
struct PathRule {
    path: PathBuf,
    /// The file that is written, if it is that or its backup.
    of: Option<PathBuf>,
    /// Until the program has exited with status 0. Nothing: any state.
    before: Option<Vec<Option<FileState>>>,
    /// From then on.
    after: Vec<Option<FileState>>,
}

pub(crate) struct Expectation {
    /// TARGET's directory.
    directory: PathBuf,
    /// TARGET's comes first.
    rules: Vec<PathRule>,
    /// How many staging files may be left in the directory.
    leftovers: usize,
    /// While a staging file has this content, TARGET may be in any state until the exit.
    copy: Option<FileState>,
    /// Contents that must not be lost, under whatever name.
    olds: Vec<FileState>,
    /// TARGET's comes first.
    finished: Vec<FileState>,
    /// TARGET is a directory.
    tree: Option<TreeRule>,
}

/// TARGET and the backup are whole trees.
struct TreeRule {
    target: PathBuf,
    backup: Option<PathBuf>,
    trees: Trees,
}

/// What the judge compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    Full,
    /// For programs that keep no metadata.
    ContentOnly,
}

impl Expectation {
    pub(crate) fn new(scenario: &Scenario, expected: Expected) -> Self {
        let tree = expected.trees.clone().map(|trees| TreeRule {
            target: expected.target.clone(),
            backup: expected.backup.clone(),
            trees,
        });
        let is_tree = tree.is_some();
        let in_tree = |path: &Path| tree.as_ref().is_some_and(|tree| tree.names().any(|name| path.starts_with(name)));
        let before = expected.before;
        let leftovers = leftovers(scenario, &expected.target, &before);
        let others = expected.others.into_iter().map(|other| (other.path, other.after, other.backup));
        let (mut rules, mut olds, mut finished) = (Vec::new(), Vec::new(), Vec::new());
        for (path, after, backup) in [(expected.target, expected.after, expected.backup)].into_iter().chain(others) {
            let old = before.get(&path).cloned();
            let either = vec![old.clone(), Some(after.clone())];
            rules.push(PathRule {
                before: (scenario.setting != Setting::SameUnsynced).then(|| either.clone()),
                after: if scenario.options.contains(&"--sync=file") { either } else { vec![Some(after.clone())] },
                of: Some(path.clone()),
                path: path.clone(),
            });
            finished.push(after);
            let Some(backup) = backup else { continue };
            rules.push(PathRule {
                before: Some(vec![before.get(&backup).cloned(), old.clone()]),
                after: vec![old.clone()],
                of: Some(path),
                path: backup,
            });
            olds.extend(old.filter(|_| !is_tree));
        }
        // Everything else stays as it is.
        let listed = |path: &Path| rules.iter().any(|rule| rule.path == path);
        let others = before.iter().filter(|(path, _)| !path.starts_with(ELSEWHERE) && !listed(path) && !in_tree(path));
        let unchanged: Vec<PathRule> = others
            .filter(|(_, state)| !state.is_directory())
            .map(|(path, state)| {
                let states = vec![Some(state.clone())];
                PathRule { path: path.clone(), of: None, before: Some(states.clone()), after: states }
            })
            .collect();
        Self {
            directory: scenario.directory().to_owned(),
            leftovers,
            copy: finished.first().filter(|_| scenario.setting == Setting::MountPoint).cloned(),
            olds,
            rules: rules.into_iter().filter(|_| !is_tree).chain(unchanged).collect(),
            finished,
            tree,
        }
    }

    /// Nothing, or what is wrong. `done`: the program had exited with status 0 before the power went.
    pub(crate) fn judge(&self, root: &Path, done: bool, strictness: Strictness) -> Result<()> {
        if let Some(tree) = &self.tree {
            tree.judge(root, done, &self.leftovers(root)?)?;
        }
        let has_copy = !done && self.has_copy(root)?;
        for rule in &self.rules[usize::from(has_copy)..] {
            let allowed = match (done, &rule.before) {
                (true, _) => &rule.after,
                (false, Some(before)) => before,
                (false, None) => continue,
            };
            let found = FileState::at(&root.join(&rule.path))?;
            if !allowed.iter().any(|state| is_same(state.as_ref(), found.as_ref(), strictness)) {
                let allowed: Vec<_> = allowed.iter().map(|state| describe(state.as_ref())).collect();
                let when = if done { "after exit 0" } else { "before the exit" };
                let (name, found) = (rule.path.display(), describe(found.as_ref()));
                return Err(format!("{name} is {found}; {when} it may be: {}", allowed.join("; or ")).into());
            }
        }
        if strictness == Strictness::ContentOnly {
            return Ok(());
        }
        let leftovers = self.leftovers(root)?;
        if leftovers.len() > self.leftovers {
            let count = self.leftovers;
            return Err(format!("left behind: {leftovers:?}; allowed: {count}").into());
        }
        self.old_survives(root, &leftovers)
    }

    /// Nothing, or what is wrong with the new tree, or with the new files, after a second run.
    pub(crate) fn judge_again(&self, root: &Path) -> Result<()> {
        let Some(tree) = &self.tree else {
            // Each of many files is finished.
            let is_file = |rule: &&PathRule| rule.of.as_ref() == Some(&rule.path);
            for (rule, wanted) in self.rules.iter().filter(is_file).zip(&self.finished) {
                let found = FileState::at(&root.join(&rule.path))?;
                if !found.as_ref().is_some_and(|found| found.is_like(wanted)) {
                    return Err(format!("{} is {}", rule.path.display(), describe(found.as_ref())).into());
                }
            }
            return Ok(());
        };
        let found = Trees::at(root, &tree.target)?;
        if tree::is_like(found.as_ref(), Some(&tree.trees.new)) {
            return Ok(());
        }
        Err(format!("not the new tree: {}", tree::difference(found.as_ref(), Some(&tree.trees.new))).into())
    }

    /// Nothing, or what has changed although the program says that nothing has. `stderr` must name each staging file that
    /// is left.
    pub(crate) fn judge_unchanged(&self, root: &Path, stderr: &str) -> Result<()> {
        self.judge_told(root, stderr, |_| true)
    }

    /// The same for many files, of which those are unchanged that `stderr` tells of; the others are finished.
    pub(crate) fn judge_each_told(&self, root: &Path, stderr: &str) -> Result<()> {
        let failed = |path: &Path| {
            let start = format!("atomic-write: {}: ", path.display());
            stderr.lines().any(|line| line.starts_with(&start) && line.ends_with("(unchanged)"))
        };
        self.judge_told(root, stderr, failed)
    }

    fn judge_told(&self, root: &Path, stderr: &str, is_unchanged: impl Fn(&Path) -> bool) -> Result<()> {
        for rule in &self.rules {
            let found = FileState::at(&root.join(&rule.path))?;
            let unchanged = rule.before.as_ref().and_then(|states| states.first());
            let wanted = match &rule.of {
                Some(of) if !is_unchanged(of) => rule.after.first(),
                _ => unchanged,
            };
            if wanted.is_some_and(|state| !is_same(state.as_ref(), found.as_ref(), Strictness::Full)) {
                return Err(format!("{} is {}", rule.path.display(), describe(found.as_ref())).into());
            }
        }
        match self.leftovers(root)?.iter().find(|name| !stderr.contains(&*name.to_string_lossy())) {
            None => Ok(()),
            Some(name) => Err(format!("{} is left behind and not reported", name.display()).into()),
        }
    }

    /// The staging files that are left in TARGET's directory.
    pub(crate) fn leftovers(&self, root: &Path) -> Result<Vec<PathBuf>> {
        let Ok(entries) = fs::read_dir(root.join(&self.directory)) else {
            // With --parents the directory need not be there yet.
            return Ok(Vec::new());
        };
        let mut leftovers = Vec::new();
        for entry in entries {
            let name = self.directory.join(entry?.file_name());
            let in_rules = self.rules.iter().any(|rule| rule.path == name);
            if in_rules || self.tree.as_ref().is_some_and(|tree| tree.names().any(|tree| *tree == name)) {
                continue;
            }
            if !is_staging_name(&name) {
                return Err(format!("{} is not a staging file's name", name.display()).into());
            }
            self.is_private(root, &name)?;
            leftovers.push(name);
        }
        Ok(leftovers)
    }

    fn has_copy(&self, root: &Path) -> Result<bool> {
        match &self.copy {
            Some(copy) => any_has_content(root, &Self::with_private(root, &self.leftovers(root)?)?, copy),
            None => Ok(false),
        }
    }

    /// These names, and what is in those that are private directories.
    fn with_private(root: &Path, leftovers: &[PathBuf]) -> Result<Vec<PathBuf>> {
        let mut names = leftovers.to_vec();
        for left in leftovers {
            if FileState::of(&root.join(left))?.is_directory() {
                for entry in fs::read_dir(root.join(left))? {
                    names.push(left.join(entry?.file_name()));
                }
            }
        }
        Ok(names)
    }

    /// Others must not be allowed more than the finished file allows them: of many, the one with this content.
    fn is_private(&self, root: &Path, name: &Path) -> Result<()> {
        let left = FileState::of(&root.join(name))?;
        let is_within = |finished: &&FileState| left.mode & 0o007 & !finished.mode == 0;
        let mut same = self.finished.iter().filter(|finished| finished.content == left.content).peekable();
        let is_fine = match same.peek() {
            Some(_) => same.all(|finished| is_within(&finished)),
            None => self.finished.iter().any(|finished| is_within(&finished)),
        };
        if is_fine {
            return Ok(());
        }
        Err(format!("{} has mode {:o}", name.display(), left.mode).into())
    }

    fn old_survives(&self, root: &Path, leftovers: &[PathBuf]) -> Result<()> {
        if self.olds.is_empty() {
            return Ok(());
        }
        let leftovers = Self::with_private(root, leftovers)?;
        let paths: Vec<PathBuf> = self.rules.iter().map(|rule| rule.path.clone()).chain(leftovers).collect();
        for old in &self.olds {
            if !any_has_content(root, &paths, old)? {
                return Err("an old content has no name".into());
            }
        }
        Ok(())
    }
}

impl TreeRule {
    fn names(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.target].into_iter().chain(&self.backup)
    }

    fn judge(&self, root: &Path, done: bool, leftovers: &[PathBuf]) -> Result<()> {
        let Trees { old, new } = &self.trees;
        let target = Trees::at(root, &self.target)?;
        let is_old = tree::is_like(target.as_ref(), old.as_ref());
        if !tree::is_like(target.as_ref(), Some(new)) && (done || !is_old) {
            let (old, new) = (old.as_ref(), Some(new));
            let [old, new] = [old, new].map(|wanted| tree::difference(target.as_ref(), wanted));
            return Err(format!("TARGET is neither old ({old}) nor new ({new}), or old after exit 0: {done}").into());
        }
        let (Some(backup), Some(old)) = (&self.backup, old) else { return Ok(()) };
        let kept = Trees::at(root, backup)?;
        let is_kept = tree::is_like(kept.as_ref(), Some(old));
        if !is_kept && (done || kept.is_some()) {
            return Err(
                format!("the backup is not the old tree: {}", tree::difference(kept.as_ref(), Some(old))).into()
            );
        }
        let name = self.target.file_name().unwrap_or_default();
        for left in leftovers {
            if tree::is_like(Trees::at(root, &left.join(name))?.as_ref(), Some(old)) {
                return Ok(());
            }
        }
        if is_kept || is_old { Ok(()) } else { Err("the old tree has no name".into()) }
    }
}

fn is_same(one: Option<&FileState>, other: Option<&FileState>, strictness: Strictness) -> bool {
    match (one, other, strictness) {
        (None, None, _) => true,
        (Some(one), Some(other), Strictness::Full) => one.is_like(other),
        (Some(one), Some(other), Strictness::ContentOnly) => one.has_content_of(other),
        _ => false,
    }
}

fn any_has_content(root: &Path, paths: &[PathBuf], content: &FileState) -> Result<bool> {
    for path in paths {
        if FileState::at(&root.join(path))?.is_some_and(|state| state.has_content_of(content)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn leftovers(scenario: &Scenario, target: &Path, before: &Snapshot) -> usize {
    if let Source::Many(batch) = scenario.source {
        // Staging files with a name have it as long as their group is staged. The others get one each in turn.
        let all = if scenario.refuses(Refused::UnnamedFiles) { batch.files } else { 1 };
        // And the old file that gets the name of the backup.
        let has_backup = matches!(scenario.setting, Setting::Backup { .. });
        return all + usize::from(has_backup && scenario.refuses(Refused::RenameFlags));
    }
    if scenario.has_private_directory() {
        // The directory; and a staging file that was not in it yet, or the old file.
        let beside = scenario.refuses(Refused::UnnamedFiles) || scenario.refuses(Refused::RenameFlags);
        return 1 + usize::from(beside);
    }
    if scenario.refuses(Refused::RenameFlags) {
        // The staging file and the old file; or a second name of the staging file, which is the trial link.
        return 2;
    }
    usize::from(scenario.refuses(Refused::UnnamedFiles) || before.contains_key(target))
}

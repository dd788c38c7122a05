//! Whole directories, which are old or new as a whole.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::content::{self, Version};
use super::error::{Context, Result};
use super::file_state::{FileState, Snapshot, snapshot};

/// The states that TARGET, a directory, may have. Paths are relative to it; its own is empty.
#[derive(Clone)]
pub struct Trees {
    pub old: Option<Snapshot>,
    pub new: Snapshot,
}

/// A name and a length.
type File = (&'static str, usize);
const OLD: [File; 3] = [("a", 3000), ("sub/b", 40_000), ("sub/deeper/c", 1)];
const NEW: [File; 4] = [("a", 5000), ("sub/b", 30_000), ("sub/new", 200), ("other/d", 9000)];
/// So many that they are not synced one by one.
const MANY: usize = 100;

/// The old tree, whose top directory has a mode that the new one's has not.
pub fn write_old(top: &Path) -> Result<()> {
    write(top, Version::Old, &OLD)?;
    symlink("a", top.join("link")).context("link")?;
    fs::set_permissions(top, Permissions::from_mode(0o750)).context(top.display())
}

pub fn write_new(top: &Path, large: bool) -> Result<()> {
    write(top, Version::New, &NEW)?;
    symlink("sub/b", top.join("link")).context("link")?;
    for number in 0..if large { MANY } else { 0 } {
        let path = top.join(format!("other/{number}"));
        fs::write(&path, content::bytes(Version::New, 64 * (number % 80 + 1))).context(path.display())?;
    }
    Ok(())
}

fn write(top: &Path, version: Version, files: &[File]) -> Result<()> {
    for (name, length) in files {
        let path = top.join(name);
        let directory = path.parent().unwrap_or(top);
        fs::create_dir_all(directory).context(directory.display())?;
        fs::write(&path, content::bytes(version, *length)).context(path.display())?;
    }
    Ok(())
}

impl Trees {
    /// `edited`: the new tree is made of the old one.
    pub fn of(root: &Path, target: &Path, source: &str, edited: bool) -> Result<Self> {
        let old = Self::at(root, target)?;
        let mut new = match (&old, edited) {
            (Some(old), true) => old.clone(),
            _ => Self::at(root, Path::new(source))?.ok_or("there is no SOURCE")?,
        };
        if edited {
            for state in new.values_mut().filter(|state| state.is_file()) {
                state.content = content::edited(&state.content);
            }
        }
        if let Some(top) = old.as_ref().and_then(|old| old.get(Path::new(""))) {
            new.insert(PathBuf::new(), top.clone());
        }
        Ok(Self { old, new })
    }

    /// What is there now. Nothing, where nothing is there.
    pub fn at(root: &Path, path: &Path) -> Result<Option<Snapshot>> {
        let path = root.join(path);
        let Some(top) = FileState::at(&path)? else { return Ok(None) };
        let mut found = if top.is_directory() { snapshot(&path)? } else { Snapshot::new() };
        found.insert(PathBuf::new(), top);
        Ok(Some(found))
    }

    /// The part of a snapshot that is this directory.
    pub fn part(of: &Snapshot, path: &Path) -> Option<Snapshot> {
        let part: Snapshot = of
            .iter()
            .filter_map(|(name, state)| Some((name.strip_prefix(path).ok()?.to_owned(), state.clone())))
            .collect();
        part.contains_key(Path::new("")).then_some(part)
    }
}

/// Whether only inodes differ.
pub fn is_like(one: Option<&Snapshot>, other: Option<&Snapshot>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, state)| other.get(name).is_some_and(|other| state.is_like(other)))
        }
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// Whether all names and contents are the same.
pub fn has_content_of(one: &Snapshot, other: &Snapshot) -> bool {
    one.len() == other.len()
        && one.iter().all(|(name, state)| other.get(name).is_some_and(|other| state.has_content_of(other)))
}

/// Whether the metadata of all names is the same.
pub fn has_metadata_of(one: &Snapshot, other: &Snapshot) -> bool {
    one.iter().all(|(name, state)| other.get(name).is_none_or(|other| state.has_metadata_of(other)))
}

/// The first difference between them, in words.
pub fn difference(found: Option<&Snapshot>, wanted: Option<&Snapshot>) -> String {
    let (Some(found), Some(wanted)) = (found, wanted) else {
        let there = |tree: Option<&Snapshot>| if tree.is_some() { "there" } else { "absent" };
        return format!("it is {}, not {}", there(found), there(wanted));
    };
    let names = found.keys().chain(wanted.keys());
    let differs = |name: &&PathBuf| match (found.get(*name), wanted.get(*name)) {
        (Some(found), Some(wanted)) => !found.is_like(wanted),
        _ => true,
    };
    names.into_iter().find(differs).map_or_else(String::new, |name| {
        format!("{:?} is {:?}, not {:?}", name.display(), found.get(name), wanted.get(name))
    })
}

//! What the program is asked to do, on which old state.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::XattrFlags;

use crate::content::{self, Version};
use crate::expectation::{Expectation, Slot};
use crate::look::{Look, acl};
use crate::noise::ELSEWHERE;
use crate::support::{Context, Result};
use crate::tracer::Invocation;

/// Where the bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Stdin,
    From,
    Command,
    Edit,
    Append,
}

/// What is special about the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Plain,
    /// TARGET is a link into another directory.
    Symlink,
    /// TARGET is a link, and is itself replaced.
    LinkItself,
    /// TARGET's directories are missing.
    Parents,
    /// New files inherit an access control list.
    DefaultAcl,
    /// The mode is asked for.
    Mode,
    /// The old content differs late in the file only.
    LateChange,
    /// TARGET has the content already, but nobody has synced it.
    Unsynced,
    /// SOURCE has just been written, and nobody has synced it.
    FreshSource,
    /// TARGET is a mount point, so that it can only be overwritten.
    MountPoint,
    /// The old content goes to this name; `older`: where there is one already.
    Backup {
        name: &'static str,
        older: bool,
    },
}

/// What the system does not offer: the tracer answers in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    UnnamedFiles,
    /// Exchanging, and renaming without replacing.
    RenameFlags,
    HardLinks,
}

#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The length of what is replaced.
    pub(crate) old: Option<usize>,
    pub(crate) new: usize,
    pub(crate) source: Source,
    pub(crate) options: &'static [&'static str],
    pub(crate) setting: Setting,
    pub(crate) refused: &'static [Refused],
}

/// The directory of the file that is written.
const HOME: &str = "home";

impl Scenario {
    /// Builds the old state under `root`, and says what is run and what may be found later.
    pub(crate) fn prepare(&self, root: &Path, program: &Path) -> Result<(Invocation, Expectation)> {
        let home = root.join(HOME);
        fs::create_dir(&home).context(home.display())?;
        if self.setting == Setting::DefaultAcl {
            let entries = [(1, 7, NOBODY), (2, 6, 4321), (4, 5, NOBODY), (16, 7, NOBODY), (32, 0, NOBODY)];
            set(&home, "system.posix_acl_default", &acl(&entries))?;
        }
        if self.setting == Setting::Unsynced {
            sync_all(&home)?;
        }
        let created = self.as_created(&home)?;
        let new: Arc<[u8]> = self.new_content().into();
        let target = self.target();
        let old = match self.old_content() {
            None if self.setting == Setting::LinkItself => {
                symlink("nowhere", root.join(&target)).context("lay the old link")?;
                Look::at(&root.join(&target))?
            }
            None => Look::Absent,
            Some(old) => self.lay_old(&root.join(&target), &old)?,
        };
        if self.setting == Setting::FreshSource {
            sync_all(&home)?;
        }
        let source = root.join(ELSEWHERE).join("source");
        if matches!(self.source, Source::From | Source::Command) {
            fs::write(&source, &new).context(source.display())?;
            fs::set_permissions(&source, Permissions::from_mode(0o640)).context(source.display())?;
        }
        if self.setting == Setting::Symlink {
            let links = root.join("links");
            fs::create_dir(&links).context(links.display())?;
            symlink("../home/f", links.join("f")).context(links.display())?;
        }
        let replaced = if old.metadata().is_none() { created } else { old.clone() };
        let wanted = self.wanted(&replaced.with(&new));
        let mut slots = vec![self.target_slot(target, &old, &wanted)];
        slots.extend(self.backup_slot(&home, &old)?);
        let expectation = Expectation {
            home: PathBuf::from(self.directory()),
            leftovers: self.leftovers(&old),
            link: (self.setting == Setting::Symlink).then(|| ("links/f".into(), "../home/f".into())),
            copy: (self.setting == Setting::MountPoint).then(|| wanted.clone()),
            old: matches!(self.setting, Setting::Backup { .. }).then(|| old.clone()),
            slots,
        };
        Ok((self.invocation(program, &new), expectation))
    }

    /// The plain run on a recovered disk.
    pub(crate) fn again(&self, program: &Path, input: &Arc<[u8]>) -> Invocation {
        let mut arguments: Vec<OsString> = vec![self.operand().into()];
        match self.setting {
            Setting::Parents => arguments.push("-D".into()),
            Setting::LinkItself => arguments.push("-P".into()),
            _ => {}
        }
        Invocation { program: program.into(), arguments, input: Some(Arc::clone(input)) }
    }

    fn leftovers(&self, old: &Look) -> usize {
        if self.refused.contains(&Refused::RenameFlags) {
            // The staged file and the old one; or the staged file's second name, by which it is seen early that links
            // work.
            return 2;
        }
        usize::from(self.refused.contains(&Refused::UnnamedFiles) || *old != Look::Absent)
    }

    /// Whether something of the old state is in memory only.
    pub(crate) const fn is_unsynced(&self) -> bool {
        matches!(self.setting, Setting::Unsynced | Setting::FreshSource)
    }

    fn directory(&self) -> &'static str {
        match self.setting {
            Setting::Parents => "home/a/b",
            _ => HOME,
        }
    }

    /// The file that is written, wherever the operand leads.
    pub(crate) fn target(&self) -> PathBuf {
        Path::new(self.directory()).join("f")
    }

    fn operand(&self) -> PathBuf {
        match self.setting {
            Setting::Symlink => "links/f".into(),
            _ => self.target(),
        }
    }

    fn invocation(&self, program: &Path, new: &Arc<[u8]>) -> Invocation {
        let mut arguments: Vec<OsString> = self.options.iter().map(OsString::from).collect();
        let operand = self.operand().into();
        let mut input = None;
        match self.source {
            Source::Stdin => {
                arguments.push(operand);
                input = Some(Arc::clone(new));
            }
            Source::Append => {
                arguments.extend(["--append".into(), operand]);
                input = Some(content::bytes(Version::New, self.new).into());
            }
            Source::From => {
                arguments.extend(["--from".into(), "elsewhere/source".into(), operand]);
            }
            Source::Command => {
                arguments.extend([operand, "--".into(), "cat".into(), "elsewhere/source".into()]);
            }
            Source::Edit => {
                arguments.extend(["--edit".into(), operand]);
                arguments.extend(["--", "tr", "O", "N"].map(OsString::from));
            }
        }
        Invocation { program: program.into(), arguments, input }
    }

    fn new_content(&self) -> Vec<u8> {
        match (self.source, self.old_content()) {
            (Source::Append, Some(mut old)) => {
                old.extend(content::bytes(Version::New, self.new));
                old
            }
            _ => content::bytes(Version::New, self.new),
        }
    }

    fn old_content(&self) -> Option<Vec<u8>> {
        let length = self.old?;
        let mut old = content::bytes(Version::Old, length);
        match self.setting {
            Setting::Unsynced => old = content::bytes(Version::New, length),
            Setting::LateChange => {
                let late = length - length.min(64);
                old[..late].copy_from_slice(&content::bytes(Version::New, late));
            }
            _ => {}
        }
        Some(old)
    }

    /// A new file looks as `>` would create it.
    fn as_created(&self, home: &Path) -> Result<Look> {
        let name = home.join("created");
        File::create(&name).context(name.display())?;
        let mut look = Look::at(&name)?;
        fs::remove_file(&name).context(name.display())?;
        if let (Source::From, Look::File { metadata, .. }) = (self.source, &mut look) {
            metadata.mode = 0o640;
        }
        Ok(look)
    }

    /// Writes the old file with everything about it that has to be kept.
    fn lay_old(&self, target: &Path, old: &[u8]) -> Result<Look> {
        fs::write(target, old).context(target.display())?;
        if !matches!(self.setting, Setting::Mode | Setting::Unsynced) {
            chown(target, Some(1234), Some(2345)).context(target.display())?;
            set(target, "user.kind", b"kept")?;
            set(target, "trusted.kind", b"kept as well")?;
            let entries = [(1, 6, NOBODY), (2, 4, 4321), (4, 0, NOBODY), (16, 4, NOBODY), (32, 0, NOBODY)];
            set(target, "system.posix_acl_access", &acl(&entries))?;
        }
        Look::at(target)
    }

    fn wanted(&self, kept: &Look) -> Look {
        let mut wanted = kept.clone();
        if let (Setting::Mode, Look::File { metadata, .. }) = (self.setting, &mut wanted) {
            metadata.mode = 0o604;
        }
        wanted
    }

    fn target_slot(&self, path: PathBuf, old: &Look, wanted: &Look) -> Slot {
        let either = vec![old.clone(), wanted.clone()];
        let file_only = self.options.contains(&"--sync=file");
        Slot {
            path,
            // What nobody has synced may be in any state until the program says that it is safe.
            before: (self.setting != Setting::Unsynced).then(|| either.clone()),
            after: if file_only { either } else { vec![wanted.clone()] },
        }
    }

    fn backup_slot(&self, home: &Path, old: &Look) -> Result<Option<Slot>> {
        let Setting::Backup { name, older } = self.setting else {
            return Ok(None);
        };
        let place = home.join(name);
        if older {
            fs::write(&place, content::bytes(Version::Older, 5000)).context(place.display())?;
        }
        Ok(Some(Slot {
            path: Path::new(HOME).join(name),
            before: Some(vec![Look::at(&place)?, old.clone()]),
            after: vec![old.clone()],
        }))
    }
}

/// The id of an entry that names nobody.
const NOBODY: u32 = u32::MAX;

/// What is not the program's business is on the disk.
fn sync_all(inside: &Path) -> Result<()> {
    let directory = File::open(inside).context(inside.display())?;
    rustix::fs::syncfs(&directory).context(inside.display())
}

fn set(path: &Path, name: &str, value: &[u8]) -> Result<()> {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty()).context(format_args!("{}: {name}", path.display()))
}

//! One run of the program: its arguments and input, what is there before it, and what must be there after it.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::XattrFlags;
use sha2::{Digest, Sha256};

use super::batch::{self, Batch};
use super::content::{self, Version};
use super::error::{Context, Result};
use super::file_state::{FileState, Snapshot, snapshot};
use super::tree::{self, Trees};
use crate::common::acl::{self, Entry};

/// Where the bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Stdin,
    From,
    Command,
    Edit,
    Append,
    /// A command that writes TARGET itself before it prints the new content.
    CommandWritesTarget,
    /// `-I`: a command writes the content by name.
    ByName(Writes),
    /// `--tree`: TARGET is a directory.
    Tree(Makes),
    /// `-t`: TARGET is the first of many files.
    Many(Batch),
}

/// How the new tree of `--tree` is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Makes {
    /// `--from`.
    Copy,
    /// A command copies SOURCE.
    ByCommand,
    /// `--edit`: a command replaces files in a copy of TARGET.
    Edited,
    /// `--from` a tree that is synced with its whole file system.
    Large,
}

impl Makes {
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Copy | Self::Large => &[],
            Self::ByCommand => &["cp", "-R", "elsewhere/source/.", PLACEHOLDER],
            Self::Edited => &["sed", "-i", content::SED, "{}/a", "{}/sub/b", "{}/sub/deeper/c"],
        }
    }
}

/// What the command of `-I` does with its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// It copies SOURCE there.
    Copy,
    /// It makes a hard link to SOURCE.
    Link,
    /// It copies SOURCE there, and leaves another file beside it.
    More,
    /// `--edit`: it replaces what it finds there.
    Edited,
    Nothing,
    SymbolicLink,
    /// It copies SOURCE there, and exits with status 7.
    Fails,
}

impl Writes {
    /// With [`PLACEHOLDER`] for the path.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Copy => &["cp", SOURCE, PLACEHOLDER],
            Self::Link => &["ln", SOURCE, PLACEHOLDER],
            Self::More => &["sh", "-c", "cp elsewhere/source \"$1\" && echo more >\"${1%/*}/more\"", "sh", PLACEHOLDER],
            Self::Edited => &["sed", "-i", content::SED, PLACEHOLDER],
            Self::Nothing => &["test", "-n", PLACEHOLDER],
            Self::SymbolicLink => &["ln", "-s", SOURCE, PLACEHOLDER],
            Self::Fails => &["sh", "-c", "cp elsewhere/source \"$1\"; exit 7", "sh", PLACEHOLDER],
        }
    }
}

/// What is special about the directory or about TARGET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Plain,
    /// TARGET has the new content already.
    Same,
    /// The same, and nothing of it has been synced.
    SameUnsynced,
    /// Only the end of the old content differs from the new one.
    LateChange,
    /// TARGET's old content is named by `--if-match`.
    IfMatch,
    /// TARGET is a link into another directory.
    Symlink,
    /// TARGET is a link, and is itself replaced.
    LinkItself,
    /// TARGET's directories are missing.
    Parents,
    /// New files inherit an ACL.
    DefaultAcl,
    /// SOURCE has not been synced.
    UnsyncedSource,
    /// TARGET is a mount point, so that it can only be overwritten. Whoever runs the scenario mounts it.
    MountPoint,
    /// The old file is kept under this name in TARGET's directory. `older`: the name of a backup that is there already.
    Backup {
        name: &'static str,
        older: Option<&'static str>,
    },
}

/// What the system does not support. Whoever runs the scenario refuses the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `O_TMPFILE`.
    UnnamedFiles,
    /// Exchanging, and renaming without replacing.
    RenameFlags,
    HardLinks,
    /// A link to an unnamed file, although a trial link worked.
    LinkToUnnamed,
    /// Renaming, although nothing forbids it.
    Rename,
    /// Renaming from one directory to another.
    RenameBetween,
    /// Writing to TARGET's directory.
    DirectoryWrite,
    Unlink,
    /// A second thread.
    Threads,
}

impl Refused {
    /// Whether the program under test does without it: the generic backend names the staging file at once, and has no flags
    /// for a rename.
    pub fn is_unused(self) -> bool {
        let unused = [Refused::UnnamedFiles, Refused::LinkToUnnamed, Refused::RenameFlags];
        cfg!(generic_unix) && unused.contains(&self)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    /// The length of the old content; nothing, where TARGET does not exist.
    pub old: Option<usize>,
    /// The length of the new content, or of what is appended.
    pub new: usize,
    pub source: Source,
    pub options: &'static [&'static str],
    pub setting: Setting,
    /// Whether the old file has another owner, an ACL and extended attributes. Needs root.
    pub has_rich_metadata: bool,
    pub refused: &'static [Refused],
}

/// TARGET's directory.
pub const HOME: &str = "home";
/// A directory beside it, for everything else.
pub const ELSEWHERE: &str = "elsewhere";
const SOURCE: &str = "elsewhere/source";
const PLACEHOLDER: &str = "{}";
/// The option that sets the mode.
pub const SET_MODE: &str = "--mode=0604";
/// The same of any file, and the owner and the group. Needs root.
pub const GIVE: [&str; 4] = ["--owner=12", "--group=13", "--mode=u=rw,g=,o=r", "--preserve-timestamps"];

/// How the program is started.
#[derive(Clone)]
pub struct Invocation {
    pub program: OsString,
    pub arguments: Vec<OsString>,
    pub input: Option<Arc<[u8]>>,
}

/// What may be there after a run. Paths are relative to the root.
pub struct Expected {
    /// TARGET as it is on the command line.
    pub operand: &'static str,
    /// The file that is written.
    pub target: PathBuf,
    pub before: Snapshot,
    /// The finished file, whatever its inode.
    pub after: FileState,
    /// The finished file, had there been no old one.
    pub fresh: FileState,
    pub backup: Option<PathBuf>,
    /// Where TARGET is a directory.
    pub trees: Option<Trees>,
    /// The files beside TARGET that are written as well.
    pub others: Vec<Other>,
}

/// A file beside TARGET that is written as well.
pub struct Other {
    pub path: PathBuf,
    /// The finished file, whatever its inode.
    pub after: FileState,
    pub backup: Option<PathBuf>,
}

impl Expected {
    pub fn old(&self) -> Option<&FileState> {
        self.before.get(&self.target)
    }
}

impl Scenario {
    /// Whether the program has to do without this.
    pub fn refuses(&self, what: Refused) -> bool {
        self.refused.contains(&what) || what.is_unused()
    }

    /// The file that is written, wherever the operand leads.
    pub fn target(&self) -> &'static str {
        if self.setting == Setting::Parents { "home/a/b/f" } else { "home/f" }
    }

    /// A link has another name than the file, so that a trace shows which of them a call is about.
    pub fn operand(&self) -> &'static str {
        if self.setting == Setting::Symlink { "links/link" } else { self.target() }
    }

    /// Of TARGET.
    pub fn directory(&self) -> &'static Path {
        Path::new(self.target()).parent().unwrap_or(Path::new(HOME))
    }

    pub fn sets_mode(&self) -> bool {
        self.options.contains(&SET_MODE) || self.gives()
    }

    pub fn gives(&self) -> bool {
        self.options.contains(&GIVE[0])
    }

    /// `--edit`.
    pub fn edits(&self) -> bool {
        matches!(self.source, Source::Edit | Source::ByName(Writes::Edited) | Source::Tree(Makes::Edited))
    }

    pub fn is_tree(&self) -> bool {
        matches!(self.source, Source::Tree(_))
    }

    pub fn is_many(&self) -> bool {
        matches!(self.source, Source::Many(_))
    }

    pub fn is_by_name(&self) -> bool {
        matches!(self.source, Source::ByName(_))
    }

    /// Whether a command reads the content before the commit.
    pub fn validates(&self) -> bool {
        self.options.contains(&"--validate")
    }

    /// Whether the content is in a private directory for some time.
    pub fn has_private_directory(&self) -> bool {
        self.is_by_name() || self.is_tree() || self.validates()
    }

    /// The status with which the program must end, if what the command leaves is not to become TARGET.
    pub fn fails(&self) -> Option<i32> {
        match self.source {
            Source::ByName(Writes::Nothing | Writes::SymbolicLink) => Some(123),
            Source::ByName(Writes::Fails) => Some(7),
            _ => None,
        }
    }

    /// What the program makes of a file with this content, or of none.
    pub fn content_from(&self, old: Option<&[u8]>) -> Vec<u8> {
        let (old, new) = (old.unwrap_or_default(), content::bytes(Version::New, self.new));
        match self.source {
            Source::Append => [old, &new].concat(),
            _ if self.edits() => content::edited(old),
            _ => new,
        }
    }

    /// A finished file that takes its metadata from this one.
    pub fn with_set_mode(&self, like: &FileState) -> FileState {
        let owner = if self.gives() { (12, 13) } else { like.owner };
        FileState { mode: if self.sets_mode() { 0o100_604 } else { like.mode }, owner, ..like.clone() }
    }

    fn old_content(&self) -> Option<Vec<u8>> {
        let length = self.old?;
        let mut old = content::bytes(Version::Old, length);
        let same = match self.setting {
            Setting::Same | Setting::SameUnsynced => length,
            Setting::LateChange => length - length.min(64),
            _ => 0,
        };
        old[..same].copy_from_slice(&content::bytes(Version::New, same));
        Some(old)
    }

    pub fn invocation(&self, program: &Path) -> Invocation {
        if let Source::Many(batch) = self.source {
            return self.invocation_of_many(batch, program);
        }
        let mut words = self.options.to_vec();
        words.extend(match self.source {
            Source::From => &["--from", SOURCE][..],
            Source::Edit => &["--edit"],
            Source::ByName(Writes::Edited) => &["--edit", "-I", PLACEHOLDER],
            Source::ByName(_) => &["-I", PLACEHOLDER],
            Source::Tree(Makes::Copy | Makes::Large) => &["--tree", "--from", SOURCE],
            Source::Tree(Makes::ByCommand) => &["--tree", "-I", PLACEHOLDER],
            Source::Tree(Makes::Edited) => &["--tree", "--edit", "-I", PLACEHOLDER],
            Source::Append => &["--append"],
            _ => &[],
        });
        let if_match = self.if_match();
        words.extend(if_match.as_deref());
        words.push(self.operand());
        words.extend(match self.source {
            Source::Command => &["--", "cat", SOURCE][..],
            Source::Edit => &["--", content::EDIT[0], content::EDIT[1], content::EDIT[2]],
            Source::CommandWritesTarget => &["--", "sh", "-c", "cat elsewhere/other >home/f; cat elsewhere/source"],
            Source::ByName(_) | Source::Tree(Makes::ByCommand | Makes::Edited) => &["--"],
            _ => &[],
        });
        words.extend(match self.source {
            Source::ByName(writes) => writes.words(),
            Source::Tree(makes) => makes.words(),
            _ => &[],
        });
        let input = matches!(self.source, Source::Stdin | Source::Append)
            .then(|| content::bytes(Version::New, self.new).into());
        Invocation { program: program.into(), arguments: words.into_iter().map(OsString::from).collect(), input }
    }

    fn invocation_of_many(&self, batch: Batch, program: &Path) -> Invocation {
        let mut words: Vec<OsString> = batch.launcher().into_iter().flatten().collect();
        words.push(program.into());
        words.extend(self.options.iter().map(OsString::from));
        words.extend(batch.words(self));
        Invocation { program: words.remove(0), arguments: words, input: None }
    }

    fn if_match(&self) -> Option<String> {
        let old = self.old_content().filter(|_| self.setting == Setting::IfMatch)?;
        let mut option = "--if-match=sha256:".to_owned();
        for byte in Sha256::digest(old) {
            let _ = write!(option, "{byte:02x}");
        }
        Some(option)
    }

    /// Builds what is there before under `root`.
    pub fn prepare(&self, root: &Path) -> Result<Expected> {
        let home = root.join(HOME);
        fs::create_dir(&home).context(home.display())?;
        fs::create_dir_all(root.join(ELSEWHERE)).context(ELSEWHERE)?;
        if self.setting == Setting::DefaultAcl {
            let entries =
                [Entry::Owner(7), Entry::User(4321, 6), Entry::OwningGroup(5), Entry::Mask(7), Entry::Other(0)];
            set_attribute(&home, acl::DEFAULT, &acl::encode(&entries))?;
        }
        if self.setting == Setting::SameUnsynced {
            sync_all(&home)?;
        }
        let old = self.old_content();
        let new = self.content_from(old.as_deref());
        let fresh = self.fresh(&home)?.with_content(&new);
        let target = root.join(self.target());
        if self.setting == Setting::LinkItself {
            write(&root.join("pointee"), &content::bytes(Version::Older, 6), 0o600)?;
            symlink("../pointee", &target).context(target.display())?;
        } else if self.is_tree() {
            if old.is_some() {
                tree::write_old(&target)?;
            }
        } else if let Some(old) = old {
            write(&target, &old, 0o664)?;
            if self.has_rich_metadata {
                set_rich_metadata(&target)?;
            }
        }
        if self.setting == Setting::Symlink {
            fs::create_dir(root.join("links")).context("links")?;
            symlink("../home/f", root.join("links/link")).context("links/link")?;
        }
        if let Setting::Backup { older: Some(older), .. } = self.setting {
            write(&home.join(older), &content::bytes(Version::Older, 5000), 0o600)?;
        }
        if self.setting == Setting::UnsyncedSource {
            sync_all(&home)?;
        }
        if let Source::Tree(makes) = self.source {
            tree::write_new(&root.join(SOURCE), makes == Makes::Large)?;
        }
        if matches!(self.source, Source::From | Source::Command | Source::CommandWritesTarget | Source::ByName(_)) {
            write(&root.join(SOURCE), &new, 0o640)?;
        }
        let others = match self.source {
            Source::Many(batch) => batch.others(self),
            _ => Vec::new(),
        };
        if self.is_many() {
            let source = |name: &str| root.join(batch::source(name));
            fs::create_dir(source("")).context("sources")?;
            write(&source("f"), &new, 0o640)?;
            for other in &others {
                write(&source(&other.name), &other.new, 0o640)?;
                if let Some(old) = &other.old {
                    write(&root.join(other.path()), old, 0o664)?;
                }
            }
        }
        if self.source == Source::CommandWritesTarget {
            write(&root.join("elsewhere/other"), &other_content(), 0o640)?;
        }
        let before = snapshot(root)?;
        let target = PathBuf::from(self.target());
        let old = before.get(&target).filter(|old| old.is_file());
        let after = self.with_set_mode(&old.map_or_else(|| fresh.clone(), |old| old.with_content(&new)));
        let backup = match self.setting {
            Setting::Backup { name, .. } => Some(Path::new(HOME).join(name)),
            _ => None,
        };
        let trees = match self.source {
            Source::Tree(makes) => Some(Trees::of(root, &target, SOURCE, makes == Makes::Edited)?),
            _ => None,
        };
        let has_backup = backup.is_some();
        let other = |other: &batch::Member| {
            let path = other.path();
            let like = before.get(&path).unwrap_or(&fresh);
            let after = self.with_set_mode(&like.with_content(&other.new));
            let backup = has_backup.then(|| Path::new(HOME).join(format!("{}~", other.name)));
            Other { path, after, backup }
        };
        let others = others.iter().map(other).collect();
        Ok(Expected { operand: self.operand(), target, before, after, fresh, backup, trees, others })
    }

    /// A new file is as `>` would create it, or has SOURCE's mode, also where a command copies or links it.
    fn fresh(&self, home: &Path) -> Result<FileState> {
        let path = home.join("created");
        File::create(&path).context(path.display())?;
        let created = FileState::of(&path).context(path.display())?;
        fs::remove_file(&path).context(path.display())?;
        let copied = self.source == Source::From || self.is_by_name() || self.is_many();
        let mode = if copied { 0o100_640 } else { created.mode };
        Ok(FileState { mode, ..created })
    }
}

/// A concurrent writer's content: neither old nor new, and of another length.
pub fn other_content() -> Vec<u8> {
    content::bytes(Version::Other, 800)
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    fs::write(path, content).context(path.display())?;
    fs::set_permissions(path, Permissions::from_mode(mode)).context(path.display())
}

fn set_rich_metadata(path: &Path) -> Result<()> {
    chown(path, Some(1234), Some(2345)).context(path.display())?;
    set_attribute(path, "user.kind", b"kept")?;
    set_attribute(path, "trusted.kind", b"kept as well")?;
    let entries = [Entry::Owner(6), Entry::User(4321, 4), Entry::OwningGroup(0), Entry::Mask(4), Entry::Other(0)];
    set_attribute(path, acl::ACCESS, &acl::encode(&entries))
}

fn set_attribute(path: &Path, name: &str, value: &[u8]) -> Result<()> {
    rustix::fs::setxattr(path, name, value, XattrFlags::empty()).context(format_args!("{}: {name}", path.display()))
}

/// Syncs the file system of this directory.
fn sync_all(directory: &Path) -> Result<()> {
    let opened = File::open(directory).context(directory.display())?;
    rustix::fs::syncfs(&opened).context(directory.display())
}

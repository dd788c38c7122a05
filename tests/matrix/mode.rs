//! The modes: what the program is asked to do, on which old state, and what must be there in the end.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::XattrFlags;
use sha2::{Digest, Sha256};

use crate::common;
use crate::look::{Look, Snapshot, snapshot};
use crate::other;
use crate::support::{Context, Result};
use crate::trace::Call;

/// Where the bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Stdin,
    From,
    Command,
    Edit,
    Append,
    /// A command that writes TARGET itself before it prints the new content.
    Writes,
}

/// What is special about the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Plain,
    /// TARGET has the content already.
    Same,
    /// TARGET is a link to the file.
    Symlink,
    /// TARGET is a link that is itself replaced.
    Itself,
    /// TARGET's directories are missing.
    Parents,
    /// The old file has everything that can be kept.
    Dressed,
    /// The old content is kept under this name.
    Backup(&'static str),
    /// TARGET's old content is known.
    IfMatch,
}

/// What the system refuses throughout, so that another way is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    pub call: &'static str,
    pub errno: &'static str,
    pub which: Which,
}

/// Which calls of the name are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    /// The first whose line contains this.
    Marked(&'static str),
    /// All but the first, which only asks whether it would be possible.
    AllButFirst,
}

/// The same, for `strace -e inject=`.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub call: &'static str,
    pub errno: &'static str,
    pub rule: String,
    /// The first that is refused.
    pub first: usize,
    /// Whether it is the only one.
    pub once: bool,
}

impl Refusal {
    /// Whether the `nth` call of the name is refused.
    pub fn holds(&self, nth: usize) -> bool {
        nth == self.first || (nth > self.first && !self.once)
    }
}

const NO_UNNAMED_FILES: Base = Base { call: "openat", errno: "EOPNOTSUPP", which: Which::Marked("O_TMPFILE") };
const NO_EXCHANGE: Base = Base { call: "renameat2", errno: "EINVAL", which: Which::All };
const NO_WAY_TO_RENAME: Base = Base { call: "faccessat2", errno: "EACCES", which: Which::Marked("\".\", W_OK|X_OK") };
const NO_RENAME: Base = Base { call: "renameat", errno: "EPERM", which: Which::All };
const NO_NAMING: Base = Base { call: "linkat", errno: "EACCES", which: Which::AllButFirst };
const NO_REMOVAL: Base = Base { call: "unlinkat", errno: "EIO", which: Which::All };

impl Base {
    /// `calls` are those of a run in which nothing is refused.
    pub fn refusal(&self, calls: &[Call]) -> Option<Refusal> {
        let Base { call, errno, which } = *self;
        let (when, first) = match which {
            Which::All => (String::new(), 1),
            Which::Marked(mark) => {
                let marked = calls.iter().find(|other| other.name == call && other.text.contains(mark))?;
                (format!(":when={}", marked.nth), marked.nth)
            }
            Which::AllButFirst => (":when=2+".to_owned(), 2),
        };
        let once = matches!(which, Which::Marked(_));
        Some(Refusal { call, errno, rule: format!("{call}:error={errno}{when}"), first, once })
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Mode {
    pub name: &'static str,
    /// Whether TARGET exists.
    pub exists: bool,
    pub source: Source,
    pub options: &'static [&'static str],
    pub setting: Setting,
    pub base: Option<Base>,
}

/// What may be found after a run.
pub struct Expected {
    /// As typed.
    pub operand: &'static str,
    /// The file that is written.
    pub target: PathBuf,
    pub before: Snapshot,
    /// The finished file, whatever its inode.
    pub after: Look,
    /// The same, where there is no old one.
    pub fresh: Look,
    pub backup: Option<PathBuf>,
}

impl Expected {
    pub fn old(&self) -> Option<&Look> {
        self.before.get(&self.target)
    }
}

/// How the program is started.
pub struct Invocation {
    pub arguments: Vec<String>,
    pub input: Vec<u8>,
}

const EXISTING: Mode =
    Mode { name: "existing", exists: true, source: Source::Stdin, options: &[], setting: Setting::Plain, base: None };
const NEW: Mode = Mode { name: "new", exists: false, ..EXISTING };

pub fn all() -> Vec<Mode> {
    let mut modes = vec![
        NEW,
        EXISTING,
        Mode { name: "from", source: Source::From, ..EXISTING },
        Mode { name: "from-new", source: Source::From, ..NEW },
        Mode { name: "command", source: Source::Command, ..EXISTING },
        Mode { name: "command-new", source: Source::Command, ..NEW },
        Mode { name: "edit", source: Source::Edit, options: &["--edit"], ..EXISTING },
        Mode { name: "append", source: Source::Append, options: &["--append"], ..EXISTING },
        Mode { name: "backup-simple", options: &["--backup=simple"], setting: Setting::Backup("d/f~"), ..EXISTING },
        Mode {
            name: "backup-numbered",
            options: &["--backup=numbered"],
            setting: Setting::Backup("d/f.~2~"),
            ..EXISTING
        },
        Mode {
            name: "backup-without-exchange",
            options: &["--backup=simple"],
            setting: Setting::Backup("d/f~"),
            base: Some(NO_EXCHANGE),
            ..EXISTING
        },
        Mode { name: "no-clobber", options: &["--no-clobber"], ..NEW },
        Mode { name: "if-changed-same", options: &["--if-changed"], setting: Setting::Same, ..EXISTING },
        Mode { name: "if-changed-different", options: &["--if-changed"], ..EXISTING },
        Mode { name: "if-match", setting: Setting::IfMatch, ..EXISTING },
        Mode { name: "lock", options: &["--lock"], ..EXISTING },
        Mode { name: "lock-new", options: &["--lock"], ..NEW },
        Mode { name: "lock-edit", source: Source::Edit, options: &["--lock", "--edit"], ..EXISTING },
        Mode { name: "parents", options: &["--parents"], setting: Setting::Parents, ..NEW },
        Mode { name: "validate", options: &["--validate", "test -s \"$1\""], ..EXISTING },
        Mode { name: "allow-in-place", options: &["--allow-in-place"], base: Some(NO_WAY_TO_RENAME), ..EXISTING },
        Mode { name: "named", base: Some(NO_UNNAMED_FILES), ..EXISTING },
        Mode { name: "named-new", base: Some(NO_UNNAMED_FILES), ..NEW },
        Mode { name: "named-no-clobber", options: &["--no-clobber"], base: Some(NO_UNNAMED_FILES), ..NEW },
        Mode { name: "unremovable", base: Some(NO_REMOVAL), ..EXISTING },
        Mode {
            name: "unremovable-parents",
            options: &["--parents"],
            setting: Setting::Parents,
            base: Some(NO_REMOVAL),
            ..NEW
        },
        Mode { name: "mode", options: &["-m", "0604"], ..EXISTING },
        Mode { name: "mode-new", options: &["-m", "0604"], ..NEW },
        Mode { name: "symlink", setting: Setting::Symlink, ..EXISTING },
        Mode { name: "full", options: &["--report", "--verbose"], ..EXISTING },
        Mode { name: "backup-new", options: &["--backup=simple"], setting: Setting::Backup("d/f~"), ..NEW },
        Mode {
            name: "backup-numbered-new",
            options: &["--backup=numbered"],
            setting: Setting::Backup("d/f.~2~"),
            ..NEW
        },
        Mode {
            name: "backup-numbered-without-flags",
            options: &["--backup=numbered"],
            setting: Setting::Backup("d/f.~2~"),
            base: Some(NO_EXCHANGE),
            ..EXISTING
        },
        Mode { name: "no-dereference", options: &["--no-dereference"], setting: Setting::Itself, ..EXISTING },
        Mode { name: "command-writes", source: Source::Writes, ..EXISTING },
        Mode {
            name: "command-writes-backup-new",
            source: Source::Writes,
            options: &["--backup=simple"],
            setting: Setting::Backup("d/f~"),
            ..NEW
        },
        Mode { name: "naming-refused", base: Some(NO_NAMING), ..EXISTING },
        Mode { name: "naming-refused-new", base: Some(NO_NAMING), ..NEW },
        Mode { name: "naming-refused-no-clobber", options: &["--no-clobber"], base: Some(NO_NAMING), ..NEW },
        Mode { name: "rename-refused-in-place", options: &["--allow-in-place"], base: Some(NO_RENAME), ..EXISTING },
        Mode { name: "named-lock", options: &["--lock"], base: Some(NO_UNNAMED_FILES), ..EXISTING },
        Mode {
            name: "named-validate",
            options: &["--validate", "test -s \"$1\""],
            base: Some(NO_UNNAMED_FILES),
            ..EXISTING
        },
        Mode { name: "if-changed-mode", options: &["--if-changed", "-m", "0604"], setting: Setting::Same, ..EXISTING },
    ];
    if common::is_root() {
        modes.push(Mode { name: "dressed", setting: Setting::Dressed, ..EXISTING });
        modes.push(Mode {
            name: "dressed-edit",
            source: Source::Edit,
            options: &["--edit"],
            setting: Setting::Dressed,
            ..EXISTING
        });
    }
    modes
}

/// Whether the scenes are on a disk.
pub fn on_disk() -> bool {
    /// `TMPFS_MAGIC`.
    const TMPFS: u64 = 0x0102_1994;
    let scene = common::Scene::new();
    #[allow(clippy::cast_sign_loss)] // A bit pattern.
    rustix::fs::statfs(scene.root()).is_ok_and(|mount| mount.f_type as u64 != TMPFS)
}

/// Different from the first byte, of different length, and either longer than what an attribute list or a status of
/// /proc fills.
fn content(letter: u8, lines: usize) -> Vec<u8> {
    let mut line = vec![letter; 15];
    line.push(b'\n');
    line.repeat(lines)
}

fn old() -> Vec<u8> {
    content(b'O', 300)
}

impl Mode {
    /// Whether TARGET is overwritten where it is.
    pub fn in_place(&self) -> bool {
        self.options.contains(&"--allow-in-place")
    }

    pub fn has_command(&self) -> bool {
        matches!(self.source, Source::Command | Source::Edit | Source::Writes)
    }

    /// Whether a command looks at the content.
    pub fn validates(&self) -> bool {
        self.options.contains(&"--validate")
    }

    /// Whether the staging file has a name before it can be TARGET's.
    pub fn is_named(&self) -> bool {
        matches!(self.base, Some(NO_UNNAMED_FILES | NO_NAMING))
    }

    /// Whether TARGET is as it should be, and nothing is to be written.
    pub fn leaves_alone(&self) -> bool {
        self.setting == Setting::Same && !self.options.contains(&"-m")
    }

    /// Whether the system refuses to rename over TARGET.
    pub fn refuses_rename(&self) -> bool {
        self.base == Some(NO_RENAME)
    }

    pub fn is_no_clobber(&self) -> bool {
        self.options.contains(&"--no-clobber")
    }

    /// Whether a TARGET that has changed since it was read is refused.
    pub fn compares(&self) -> bool {
        self.source == Source::Edit || self.setting == Setting::IfMatch
    }

    /// Whether writers take turns, or may.
    pub fn takes_turn(&self) -> bool {
        self.options.contains(&"--lock") || matches!(self.source, Source::Edit | Source::Append)
    }

    /// Whether the new content may begin with the old one, or is made of it.
    pub fn reads_old(&self) -> bool {
        matches!(self.source, Source::Edit | Source::Append) || self.options.contains(&"--if-changed")
    }

    /// What the program makes of a file, or of none.
    pub fn made_from(&self, base: Option<&Look>) -> Vec<u8> {
        let base = base.map(|base| base.content.as_slice()).unwrap_or_default();
        match self.source {
            Source::Append => [base, &content(b'N', 400)].concat(),
            Source::Edit => base
                .iter()
                .map(|byte| match byte {
                    b'O' => b'N',
                    b'X' => b'Y',
                    other => *other,
                })
                .collect(),
            _ => self.new_content(),
        }
    }

    /// A file of such metadata once it has the mode that is asked for.
    pub fn dressed(&self, like: &Look) -> Look {
        let mode = if self.options.contains(&"-m") { 0o100_604 } else { like.mode };
        Look { mode, ..like.clone() }
    }

    fn operand(&self) -> &'static str {
        match self.setting {
            Setting::Parents => "d/a/b/f",
            Setting::Symlink => "link",
            _ => "d/f",
        }
    }

    pub fn target(&self) -> &'static str {
        if self.setting == Setting::Symlink { "d/f" } else { self.operand() }
    }

    fn new_content(&self) -> Vec<u8> {
        match self.source {
            _ if self.setting == Setting::Same => old(),
            Source::Edit => content(b'N', 300),
            Source::Append => [old(), content(b'N', 400)].concat(),
            _ => content(b'N', 400),
        }
    }

    pub fn invocation(&self) -> Invocation {
        let mut arguments: Vec<String> = self.options.iter().map(|&option| option.to_owned()).collect();
        if self.setting == Setting::IfMatch {
            let mut digest = "--if-match=sha256:".to_owned();
            for byte in Sha256::digest(old()) {
                let _ = write!(digest, "{byte:02x}");
            }
            arguments.push(digest);
        }
        if self.source == Source::From {
            arguments.extend(["--from".to_owned(), "source".to_owned()]);
        }
        arguments.push(self.operand().to_owned());
        match self.source {
            Source::Command => arguments.extend(["--", "cat", "source"].map(str::to_owned)),
            Source::Edit => arguments.extend(["--", "tr", "OX", "NY"].map(str::to_owned)),
            Source::Writes => {
                arguments.extend(["--", "sh", "-c", "cat other >d/f; cat source"].map(str::to_owned));
            }
            _ => {}
        }
        let input = match self.source {
            Source::Append => content(b'N', 400),
            Source::Stdin => self.new_content(),
            _ => Vec::new(),
        };
        Invocation { arguments, input }
    }

    /// Builds the old state under `root`.
    pub fn prepare(&self, root: &Path) -> Result<Expected> {
        let home = root.join("d");
        fs::create_dir(&home).context(home.display())?;
        let created = home.join("created");
        fs::write(&created, "").context(created.display())?;
        let mut fresh = Look::at(&created)?;
        fs::remove_file(&created)?;
        if self.has_command() || self.source == Source::From {
            lay(&root.join("source"), &self.new_content(), 0o640)?;
        }
        if self.source == Source::Writes {
            lay(&root.join("other"), &other::content(), 0o640)?;
        }
        if self.source == Source::From {
            fresh.mode = 0o100_640;
        }
        fresh.content = self.new_content();
        let mut after = fresh.clone();
        let target = root.join(self.target());
        if self.setting == Setting::Itself {
            lay(&root.join("pointee"), b"older\n", 0o600)?;
            symlink("../pointee", &target)?;
        } else if self.exists {
            lay(&target, &old(), 0o664)?;
            if self.setting == Setting::Dressed {
                dress(&target)?;
            }
            after = Look { content: self.new_content(), ..Look::at(&target)? };
        }
        after = self.dressed(&after);
        match self.setting {
            Setting::Symlink => symlink("d/f", root.join("link"))?,
            Setting::Backup("d/f~") => lay(&home.join("f~"), b"older\n", 0o600)?,
            Setting::Backup(_) => lay(&home.join("f.~1~"), b"older\n", 0o600)?,
            _ => {}
        }
        let backup = match self.setting {
            Setting::Backup(name) => Some(name.into()),
            _ => None,
        };
        let (operand, target) = (self.operand(), self.target().into());
        Ok(Expected { operand, target, before: snapshot(root)?, after, fresh, backup })
    }
}

fn lay(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    fs::write(path, content).context(path.display())?;
    fs::set_permissions(path, Permissions::from_mode(mode)).context(path.display())
}

/// Another's file, with attributes and an access control list.
fn dress(path: &Path) -> Result<()> {
    let set = |name: &str, value: &[u8]| {
        rustix::fs::setxattr(path, name, value, XattrFlags::empty()).context(format_args!("{}: {name}", path.display()))
    };
    chown(path, Some(1234), Some(2345)).context(path.display())?;
    set("user.kind", b"kept")?;
    set("trusted.kind", b"kept as well")?;
    set("system.posix_acl_access", &acl())
}

/// `u::rw-,u:1001:r--,g::r--,m::r--,o::---`, as the kernel takes it.
fn acl() -> Vec<u8> {
    let entries: [(u16, u16, u32); 5] =
        [(1, 6, u32::MAX), (2, 4, 1001), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

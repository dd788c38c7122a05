//! The modes: what the program is asked to do, on which old state, and what must be there in the end.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::XattrFlags;
use sha2::{Digest, Sha256};

use crate::common;
use crate::look::{Look, Snapshot, snapshot};
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
}

/// What is special about the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Plain,
    /// TARGET has the content already.
    Same,
    /// TARGET is a link to the file.
    Symlink,
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
    /// The one call of this name whose line contains this; all of them, where there is none.
    pub marked: Option<&'static str>,
}

const NO_UNNAMED_FILES: Base = Base { call: "openat", errno: "EOPNOTSUPP", marked: Some("O_TMPFILE") };
const NO_EXCHANGE: Base = Base { call: "renameat2", errno: "EINVAL", marked: None };
const NO_WAY_TO_RENAME: Base = Base { call: "faccessat2", errno: "EACCES", marked: Some("\".\", W_OK|X_OK") };

const NO_REMOVAL: Base = Base { call: "unlinkat", errno: "EIO", marked: None };

impl Base {
    /// For `strace -e inject=`; `calls` are those of a run without.
    pub fn expression(&self, calls: &[Call]) -> Option<(String, usize)> {
        let Some(mark) = self.marked else { return Some((format!("{}:error={}", self.call, self.errno), 0)) };
        let call = calls.iter().find(|call| call.name == self.call && call.text.contains(mark))?;
        Some((format!("{}:error={}:when={}", self.call, self.errno, call.nth), call.nth))
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
        matches!(self.source, Source::Command | Source::Edit)
    }

    /// Whether the staging file has a name from the start.
    pub fn is_named(&self) -> bool {
        self.base == Some(NO_UNNAMED_FILES)
    }

    fn operand(&self) -> &'static str {
        match self.setting {
            Setting::Parents => "d/a/b/f",
            Setting::Symlink => "link",
            _ => "d/f",
        }
    }

    fn target(&self) -> &'static str {
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
            Source::Edit => arguments.extend(["--", "tr", "O", "N"].map(str::to_owned)),
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
        let mut after = Look::at(&created)?;
        fs::remove_file(&created)?;
        if matches!(self.source, Source::From | Source::Command) {
            lay(&root.join("source"), &self.new_content(), 0o640)?;
        }
        if self.source == Source::From {
            after.mode = 0o100_640;
        }
        let target = root.join(self.target());
        if self.exists {
            lay(&target, &old(), 0o664)?;
            if self.setting == Setting::Dressed {
                dress(&target)?;
            }
            after = Look::at(&target)?;
        }
        after.content = self.new_content();
        if self.options.contains(&"-m") {
            after.mode = 0o100_604;
        }
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
        Ok(Expected { operand, target, before: snapshot(root)?, after, backup })
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

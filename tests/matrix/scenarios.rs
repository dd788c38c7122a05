//! The scenarios, by name, and what the judges need to know of them.

use crate::batch::Batch;
use crate::common;
use crate::scenario::{GIVE, Makes, Refused, SET_MODE, Scenario, Setting, Source, Writes};

/// Each is more than the program reads from /proc or of an attribute list.
const OLD_LENGTH: usize = 4800;
const NEW_LENGTH: usize = 6400;

const EXISTING: Scenario = Scenario {
    name: "existing",
    old: Some(OLD_LENGTH),
    new: NEW_LENGTH,
    source: Source::Stdin,
    options: &[],
    setting: Setting::Plain,
    has_rich_metadata: false,
    refused: &[],
};
/// So many files are synced with their file system.
const AT_ONCE: usize = 9;
const NEW: Scenario = Scenario { name: "new", old: None, ..EXISTING };
const SIMPLE_BACKUP: Setting = Setting::Backup { name: "f~", older: Some("f~") };
const NUMBERED_BACKUP: Setting = Setting::Backup { name: "f.~2~", older: Some("f.~1~") };

const BY_NAME: Scenario = Scenario { name: "by-name", source: Source::ByName(Writes::Copy), ..EXISTING };
const BY_NAME_NEW: Scenario = Scenario { name: "by-name-new", source: BY_NAME.source, ..NEW };
const VALIDATE: Scenario = Scenario { name: "validate", options: &["--validate", "test -s \"$1\""], ..EXISTING };

pub fn all() -> Vec<Scenario> {
    let mut scenarios = vec![
        NEW,
        EXISTING,
        Scenario { name: "from", source: Source::From, ..EXISTING },
        Scenario { name: "from-new", source: Source::From, ..NEW },
        Scenario { name: "command", source: Source::Command, ..EXISTING },
        Scenario { name: "command-new", source: Source::Command, ..NEW },
        Scenario { name: "edit", source: Source::Edit, ..EXISTING },
        Scenario { name: "append", source: Source::Append, ..EXISTING },
        Scenario { name: "backup-simple", options: &["--backup=simple"], setting: SIMPLE_BACKUP, ..EXISTING },
        Scenario { name: "backup-numbered", options: &["--backup=numbered"], setting: NUMBERED_BACKUP, ..EXISTING },
        Scenario { name: "no-clobber", options: &["--no-clobber"], ..NEW },
        Scenario {
            name: "if-changed-same",
            options: &["--if-changed"],
            setting: Setting::Same,
            old: Some(NEW_LENGTH),
            ..EXISTING
        },
        Scenario { name: "if-changed-different", options: &["--if-changed"], ..EXISTING },
        Scenario { name: "if-match", setting: Setting::IfMatch, ..EXISTING },
        Scenario { name: "lock", options: &["--lock"], ..EXISTING },
        Scenario { name: "lock-new", options: &["--lock"], ..NEW },
        Scenario { name: "lock-edit", source: Source::Edit, options: &["--lock"], ..EXISTING },
        Scenario { name: "parents", options: &["--parents"], setting: Setting::Parents, ..NEW },
        VALIDATE,
        Scenario { name: "validate-new", options: VALIDATE.options, ..NEW },
        Scenario {
            name: "validate-backup",
            options: &["--backup=simple", "--validate", "test -s \"$1\""],
            setting: SIMPLE_BACKUP,
            ..EXISTING
        },
        Scenario { name: "mode", options: &[SET_MODE], ..EXISTING },
        Scenario { name: "mode-new", options: &[SET_MODE], ..NEW },
        Scenario { name: "symlink", setting: Setting::Symlink, ..EXISTING },
        Scenario { name: "full", options: &["--report", "--verbose"], ..EXISTING },
        Scenario { name: "backup-new", options: &["--backup=simple"], setting: SIMPLE_BACKUP, ..NEW },
        Scenario { name: "backup-numbered-new", options: &["--backup=numbered"], setting: NUMBERED_BACKUP, ..NEW },
        Scenario { name: "no-dereference", options: &["--no-dereference"], setting: Setting::LinkItself, ..EXISTING },
        Scenario { name: "command-writes", source: Source::CommandWritesTarget, ..EXISTING },
        Scenario {
            name: "command-writes-backup-new",
            source: Source::CommandWritesTarget,
            options: &["--backup=simple"],
            setting: SIMPLE_BACKUP,
            ..NEW
        },
        Scenario {
            name: "if-changed-mode",
            options: &["--if-changed", SET_MODE],
            setting: Setting::Same,
            old: Some(NEW_LENGTH),
            ..EXISTING
        },
    ];
    scenarios.extend(many());
    // Elsewhere each run would look at all processes of the machine.
    if cfg!(generic_unix) || common::is_root() {
        scenarios.extend(by_name());
    }
    // The generic backend cannot exchange names.
    if !cfg!(generic_unix) {
        let tree = Scenario { name: "tree", source: Source::Tree(Makes::ByCommand), ..EXISTING };
        let from = Source::Tree(Makes::Copy);
        scenarios.extend([
            tree,
            Scenario { name: "tree-new", old: None, ..tree },
            Scenario { name: "tree-from", source: from, ..tree },
            Scenario { name: "tree-edit", source: Source::Tree(Makes::Edited), ..tree },
            Scenario {
                name: "tree-backup",
                source: from,
                options: &["--backup=simple"],
                setting: Setting::Backup { name: "f~", older: None },
                ..tree
            },
        ]);
    }
    // What the backend does without anyway cannot be refused to it.
    scenarios
        .extend(with_refusals().into_iter().filter(|scenario| !scenario.refused.iter().any(|what| what.is_unused())));
    if common::is_root() {
        scenarios.extend([
            Scenario { name: "given", source: Source::From, options: &GIVE, ..EXISTING },
            Scenario { name: "given-new", source: Source::From, options: &GIVE, ..NEW },
        ]);
    }
    // The generic backend knows neither ACLs nor attributes.
    if common::is_root() && !cfg!(generic_unix) {
        scenarios.push(Scenario { name: "dressed", has_rich_metadata: true, ..EXISTING });
        scenarios.push(Scenario { name: "dressed-edit", source: Source::Edit, has_rich_metadata: true, ..EXISTING });
    }
    scenarios
}

/// The scenarios of `-t`. Without threads the calls come in the same order in each run.
fn many() -> Vec<Scenario> {
    let few = Scenario {
        name: "many",
        source: Source::Many(Batch { files: 3, descriptors: None }),
        options: &["--report"],
        refused: &[Refused::Threads],
        ..EXISTING
    };
    let mut scenarios = vec![
        few,
        Scenario { name: "many-threads", refused: &[], ..few },
        Scenario {
            name: "many-backup",
            options: &["--report", "--backup=simple"],
            setting: Setting::Backup { name: "f~", older: None },
            ..few
        },
        Scenario {
            name: "many-if-changed",
            options: &["--report", "--if-changed"],
            source: Source::Many(Batch { files: 4, descriptors: None }),
            ..few
        },
        Scenario {
            name: "many-unchanged",
            options: &["--report", "--if-changed"],
            setting: Setting::Same,
            old: Some(NEW_LENGTH),
            ..few
        },
        Scenario { name: "many-named", refused: &[Refused::UnnamedFiles], ..few },
        Scenario { name: "many-lock", options: &["--report", "--lock"], refused: &[], ..few },
    ];
    // The generic backend syncs each file by itself.
    if !cfg!(generic_unix) {
        scenarios.push(Scenario {
            name: "many-at-once",
            source: Source::Many(Batch { files: AT_ONCE, descriptors: None }),
            refused: &[],
            ..few
        });
    }
    scenarios.retain(|scenario| !scenario.refused.iter().any(|what| what.is_unused()));
    scenarios
}

/// The scenarios of `-I`.
fn by_name() -> Vec<Scenario> {
    let edited = Scenario { source: Source::ByName(Writes::Edited), ..EXISTING };
    let mut scenarios = vec![
        BY_NAME,
        BY_NAME_NEW,
        Scenario { name: "by-name-edit", ..edited },
        Scenario { name: "by-name-edit-same", setting: Setting::Same, old: Some(NEW_LENGTH), ..edited },
        Scenario { name: "by-name-lock-edit", options: &["--lock"], ..edited },
        Scenario {
            name: "by-name-if-changed-same",
            options: &["--if-changed"],
            setting: Setting::Same,
            old: Some(NEW_LENGTH),
            ..BY_NAME
        },
        Scenario { name: "by-name-backup", options: &["--backup=simple"], setting: SIMPLE_BACKUP, ..BY_NAME },
        Scenario {
            name: "by-name-backup-numbered",
            options: &["--backup=numbered"],
            setting: NUMBERED_BACKUP,
            ..BY_NAME
        },
        Scenario { name: "by-name-no-clobber", options: &["--no-clobber"], ..BY_NAME_NEW },
        Scenario { name: "by-name-validate", options: VALIDATE.options, ..BY_NAME },
        Scenario { name: "by-name-mode", options: &[SET_MODE], ..BY_NAME },
        Scenario { name: "by-name-mode-new", options: &[SET_MODE], ..BY_NAME_NEW },
        Scenario { name: "by-name-parents", options: &["--parents"], setting: Setting::Parents, ..BY_NAME_NEW },
        Scenario { name: "by-name-linked", source: Source::ByName(Writes::Link), ..BY_NAME },
        Scenario { name: "by-name-linked-new", source: Source::ByName(Writes::Link), ..BY_NAME_NEW },
        Scenario { name: "by-name-more", source: Source::ByName(Writes::More), ..BY_NAME },
        Scenario { name: "by-name-fails", source: Source::ByName(Writes::Fails), ..BY_NAME },
        Scenario { name: "by-name-nothing", source: Source::ByName(Writes::Nothing), ..BY_NAME_NEW },
        Scenario { name: "by-name-symlink", source: Source::ByName(Writes::SymbolicLink), ..BY_NAME },
        Scenario {
            name: "by-name-in-place",
            options: &["--allow-in-place"],
            refused: &[Refused::DirectoryWrite],
            ..BY_NAME
        },
        Scenario { name: "by-name-unremovable", refused: &[Refused::Unlink], ..BY_NAME },
        Scenario { name: "by-name-kept-inside", refused: &[Refused::RenameBetween], ..BY_NAME },
        Scenario {
            name: "by-name-backup-without-exchange",
            options: &["--backup=simple"],
            setting: SIMPLE_BACKUP,
            refused: &[Refused::RenameFlags],
            ..BY_NAME
        },
    ];
    scenarios.retain(|scenario| !scenario.refused.iter().any(|what| what.is_unused()));
    scenarios
}

/// The scenarios on a system that refuses something.
fn with_refusals() -> [Scenario; 15] {
    [
        Scenario {
            name: "backup-without-exchange",
            options: &["--backup=simple"],
            setting: SIMPLE_BACKUP,
            refused: &[Refused::RenameFlags],
            ..EXISTING
        },
        Scenario {
            name: "allow-in-place",
            options: &["--allow-in-place"],
            refused: &[Refused::DirectoryWrite],
            ..EXISTING
        },
        Scenario { name: "named", refused: &[Refused::UnnamedFiles], ..EXISTING },
        Scenario { name: "named-new", refused: &[Refused::UnnamedFiles], ..NEW },
        Scenario { name: "named-no-clobber", options: &["--no-clobber"], refused: &[Refused::UnnamedFiles], ..NEW },
        Scenario { name: "unremovable", refused: &[Refused::Unlink], ..EXISTING },
        Scenario {
            name: "unremovable-parents",
            options: &["--parents"],
            setting: Setting::Parents,
            refused: &[Refused::Unlink],
            ..NEW
        },
        Scenario {
            name: "backup-numbered-without-flags",
            options: &["--backup=numbered"],
            setting: NUMBERED_BACKUP,
            refused: &[Refused::RenameFlags],
            ..EXISTING
        },
        Scenario { name: "naming-refused", refused: &[Refused::LinkToUnnamed], ..EXISTING },
        Scenario { name: "naming-refused-new", refused: &[Refused::LinkToUnnamed], ..NEW },
        Scenario {
            name: "naming-refused-no-clobber",
            options: &["--no-clobber"],
            refused: &[Refused::LinkToUnnamed],
            ..NEW
        },
        Scenario {
            name: "rename-refused-in-place",
            options: &["--allow-in-place"],
            refused: &[Refused::Rename],
            ..EXISTING
        },
        Scenario { name: "named-lock", options: &["--lock"], refused: &[Refused::UnnamedFiles], ..EXISTING },
        Scenario { name: "validate-named", refused: &[Refused::UnnamedFiles], ..VALIDATE },
        Scenario { name: "validate-naming-refused", refused: &[Refused::LinkToUnnamed], ..VALIDATE },
    ]
}

/// Whether the scenes are on a disk.
pub fn on_disk() -> bool {
    /// `TMPFS_MAGIC`.
    const TMPFS: u64 = 0x0102_1994;
    let scene = common::Scene::new();
    #[allow(clippy::cast_sign_loss)] // A bit pattern.
    rustix::fs::statfs(scene.root()).is_ok_and(|mount| mount.f_type as u64 != TMPFS)
}

impl Scenario {
    /// Whether TARGET is overwritten where it is.
    pub fn in_place(&self) -> bool {
        self.options.contains(&"--allow-in-place")
    }

    pub fn has_command(&self) -> bool {
        matches!(self.source, Source::Command | Source::Edit | Source::CommandWritesTarget | Source::ByName(_))
            || matches!(self.source, Source::Tree(Makes::ByCommand | Makes::Edited))
    }

    /// Whether the staging file has a name before it can have TARGET's.
    pub fn is_named(&self) -> bool {
        self.refuses(Refused::UnnamedFiles) || self.refuses(Refused::LinkToUnnamed)
    }

    /// Whether TARGET is as it should be, and nothing is to be written.
    pub fn leaves_alone(&self) -> bool {
        self.setting == Setting::Same && !self.sets_mode()
    }

    /// Whether so many files are written that only what is done to them together is of interest.
    pub fn is_large(&self) -> bool {
        matches!(self.source, Source::Many(batch) if batch.files >= AT_ONCE)
    }

    pub fn is_no_clobber(&self) -> bool {
        self.options.contains(&"--no-clobber")
    }

    /// Whether a TARGET that has changed since it was read is refused.
    pub fn compares(&self) -> bool {
        self.edits() || self.setting == Setting::IfMatch
    }

    /// Whether a lock is taken.
    pub fn locks(&self) -> bool {
        self.options.contains(&"--lock") || self.reads_old_content()
    }

    /// Whether the old content is read.
    pub fn reads_old(&self) -> bool {
        self.reads_old_content() || self.options.contains(&"--if-changed")
    }

    /// Whether the new content is made of the old one.
    fn reads_old_content(&self) -> bool {
        self.edits() || self.source == Source::Append
    }
}

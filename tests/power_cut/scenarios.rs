//! The scenarios, by name.

use crate::batch::Batch;
use crate::scenario::{Makes, Refused, SET_MODE, Scenario, Setting, Source, Writes};

const KB40: usize = 40_000;
const MB4: usize = 4 << 20;
/// More than the program keeps in memory before it starts to write.
const HUGE: usize = 20 << 20;

const REPLACE: Scenario = Scenario {
    name: "replace-40k",
    old: Some(30_000),
    new: KB40,
    source: Source::Stdin,
    options: &[],
    setting: Setting::Plain,
    // The generic backend knows neither ACLs nor attributes.
    has_rich_metadata: !cfg!(generic_unix),
    refused: &[],
};

const NEW: Scenario = Scenario { name: "new-40k", old: None, ..REPLACE };

const BACKUP: Scenario = Scenario {
    name: "backup-40k",
    options: &["--backup=simple"],
    setting: Setting::Backup { name: "f~", older: None },
    ..REPLACE
};

const BY_NAME: Scenario = Scenario { name: "by-name-40k", source: Source::ByName(Writes::Copy), ..REPLACE };

const VALIDATE: Scenario = Scenario { name: "validate-40k", options: &["--validate", "test -s \"$1\""], ..REPLACE };

const TREE: Scenario =
    Scenario { name: "tree", source: Source::Tree(Makes::ByCommand), has_rich_metadata: false, ..REPLACE };

/// So many that they are synced with their file system, where nothing forbids it.
const MANY: Scenario =
    Scenario { name: "many", source: Source::Many(Batch { files: 12, descriptors: None }), ..REPLACE };

const LEAST: &[Refused] = &[Refused::UnnamedFiles, Refused::RenameFlags, Refused::HardLinks];

static SCENARIOS: &[Scenario] = &[
    REPLACE,
    NEW,
    Scenario { name: "replace-1", old: Some(1), new: 1, ..REPLACE },
    Scenario { name: "new-1", new: 1, ..NEW },
    Scenario { name: "replace-4m", old: Some(MB4), new: MB4, ..REPLACE },
    Scenario { name: "new-4m", new: MB4, ..NEW },
    Scenario { name: "replace-20m", new: HUGE, ..REPLACE },
    Scenario { name: "new-20m", new: HUGE, ..NEW },
    Scenario { name: "from-40k", source: Source::From, ..REPLACE },
    Scenario { name: "from-fresh-40k", source: Source::From, setting: Setting::UnsyncedSource, ..REPLACE },
    Scenario { name: "from-new-4m", new: MB4, source: Source::From, ..NEW },
    Scenario { name: "command-40k", source: Source::Command, ..REPLACE },
    Scenario { name: "command-new-40k", source: Source::Command, ..NEW },
    Scenario { name: "edit-40k", old: Some(KB40), source: Source::Edit, ..REPLACE },
    Scenario { name: "append-40k", source: Source::Append, ..REPLACE },
    Scenario { name: "append-locked-1", new: 1, source: Source::Append, options: &["--lock"], ..REPLACE },
    BACKUP,
    Scenario { name: "backup-older-40k", setting: Setting::Backup { name: "f~", older: Some("f~") }, ..BACKUP },
    Scenario {
        name: "backup-numbered-40k",
        options: &["--backup=numbered"],
        setting: Setting::Backup { name: "f.~1~", older: None },
        ..BACKUP
    },
    Scenario { name: "no-clobber-40k", options: &["--no-clobber"], ..NEW },
    Scenario {
        name: "if-changed-40k",
        old: Some(KB40),
        options: &["--if-changed"],
        setting: Setting::LateChange,
        ..REPLACE
    },
    Scenario {
        name: "if-changed-same-40k",
        old: Some(KB40),
        options: &["--if-changed"],
        setting: Setting::SameUnsynced,
        has_rich_metadata: false,
        ..REPLACE
    },
    Scenario { name: "parents-40k", options: &["--parents"], setting: Setting::Parents, ..NEW },
    Scenario { name: "symlink-40k", setting: Setting::Symlink, ..REPLACE },
    Scenario { name: "sync-file-40k", options: &["--sync=file"], ..REPLACE },
    Scenario { name: "sync-file-new-40k", options: &["--sync=file"], ..NEW },
    Scenario { name: "named-40k", refused: &[Refused::UnnamedFiles], ..REPLACE },
    Scenario { name: "backup-named-40k", refused: &[Refused::UnnamedFiles], ..BACKUP },
    Scenario { name: "backup-no-exchange-40k", refused: &[Refused::RenameFlags], ..BACKUP },
    Scenario { name: "backup-copied-40k", refused: LEAST, ..BACKUP },
    Scenario {
        name: "no-clobber-named-40k",
        options: &["--no-clobber"],
        refused: &[Refused::UnnamedFiles, Refused::RenameFlags],
        ..NEW
    },
    Scenario { name: "link-itself-40k", options: &["-P"], setting: Setting::LinkItself, ..NEW },
    Scenario { name: "dangling-40k", setting: Setting::Symlink, ..NEW },
    Scenario { name: "named-new-40k", refused: &[Refused::UnnamedFiles], ..NEW },
    Scenario { name: "in-place-40k", options: &["--allow-in-place"], setting: Setting::MountPoint, ..REPLACE },
    Scenario { name: "in-place-asked-40k", options: &["--in-place"], setting: Setting::MountPoint, ..REPLACE },
    Scenario { name: "mode-40k", options: &[SET_MODE], has_rich_metadata: false, ..REPLACE },
    Scenario { name: "default-acl-40k", setting: Setting::DefaultAcl, ..NEW },
    BY_NAME,
    Scenario { name: "by-name-new-40k", source: BY_NAME.source, ..NEW },
    Scenario { name: "by-name-4m", old: Some(MB4), new: MB4, ..BY_NAME },
    Scenario { name: "by-name-edit-40k", old: Some(KB40), source: Source::ByName(Writes::Edited), ..BY_NAME },
    Scenario { name: "by-name-linked-40k", source: Source::ByName(Writes::Link), ..BY_NAME },
    Scenario { name: "by-name-backup-40k", source: BY_NAME.source, ..BACKUP },
    Scenario {
        name: "by-name-backup-no-exchange-40k",
        source: BY_NAME.source,
        refused: &[Refused::RenameFlags],
        ..BACKUP
    },
    Scenario { name: "by-name-no-clobber-40k", source: BY_NAME.source, options: &["--no-clobber"], ..NEW },
    Scenario {
        name: "by-name-parents-40k",
        source: BY_NAME.source,
        options: &["--parents"],
        setting: Setting::Parents,
        ..NEW
    },
    Scenario { name: "by-name-in-place-40k", options: &["--allow-in-place"], setting: Setting::MountPoint, ..BY_NAME },
    VALIDATE,
    Scenario { name: "validate-new-40k", options: VALIDATE.options, ..NEW },
    Scenario { name: "validate-named-40k", refused: &[Refused::UnnamedFiles], ..VALIDATE },
    Scenario { name: "validate-backup-40k", options: &["--backup=simple", "--validate", "test -s \"$1\""], ..BACKUP },
    Scenario { name: "validate-by-name-40k", source: BY_NAME.source, ..VALIDATE },
    TREE,
    Scenario { name: "tree-new", old: None, ..TREE },
    Scenario { name: "tree-from", source: Source::Tree(Makes::Copy), ..TREE },
    Scenario { name: "tree-large", source: Source::Tree(Makes::Large), ..TREE },
    Scenario { name: "tree-large-new", source: Source::Tree(Makes::Large), old: None, ..TREE },
    Scenario { name: "tree-edit", source: Source::Tree(Makes::Edited), ..TREE },
    Scenario { name: "tree-backup", options: BACKUP.options, setting: BACKUP.setting, ..TREE },
    MANY,
    // Each synced by itself.
    Scenario { name: "many-few", source: Source::Many(Batch { files: 3, descriptors: None }), ..MANY },
    Scenario { name: "many-new", old: None, source: Source::Many(Batch { files: 5, descriptors: None }), ..MANY },
    // Groups of three.
    Scenario { name: "many-groups", source: Source::Many(Batch { files: 10, descriptors: Some(75) }), ..MANY },
    Scenario { name: "many-if-changed", options: &["--if-changed"], ..MANY },
    Scenario {
        name: "many-same",
        old: Some(KB40),
        options: &["--if-changed"],
        setting: Setting::SameUnsynced,
        has_rich_metadata: false,
        ..MANY
    },
    Scenario { name: "many-backup", options: BACKUP.options, setting: BACKUP.setting, ..MANY },
    Scenario { name: "many-named", refused: &[Refused::UnnamedFiles], ..MANY },
    Scenario { name: "many-sync-file", options: &["--sync=file"], ..MANY },
];

/// Those that the program under test can do: the generic backend cannot exchange two names, so it replaces no tree.
pub(crate) fn possible() -> impl Iterator<Item = &'static Scenario> {
    SCENARIOS.iter().filter(|scenario| !(cfg!(generic_unix) && scenario.is_tree() && scenario.old.is_some()))
}

/// A name that does not exist gives the first scenario, which then shows in the name of the job.
pub(crate) fn named(name: &str) -> &'static Scenario {
    let found = SCENARIOS.iter().find(|scenario| scenario.name == name);
    found.unwrap_or(&SCENARIOS[0])
}

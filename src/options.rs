//! The options of a replacement, which the command line and the protocol share.

use std::ffi::OsString;

use crate::mode::Mode;

/// What is on stable storage when the program exits with status 0.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Sync {
    /// Content, metadata and name
    #[default]
    Full,
    /// Content and metadata; after a power cut the name may still lead to the old file
    File,
    /// Nothing: atomic for running programs only
    None,
}

/// How a backup is named. The names are GNU's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Control {
    /// Always `f.~N~`.
    Numbered,
    /// Numbered if numbered backups exist, otherwise simple.
    Existing,
    /// `f` and the suffix.
    Simple,
}

/// A requested backup.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Backup {
    /// How it is named.
    pub control: Control,
    /// The suffix of a simple backup.
    pub suffix: OsString,
}

/// The requested owner and group, as ids.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Owners {
    /// The user.
    pub user: Option<u32>,
    /// The group.
    pub group: Option<u32>,
}

impl Owners {
    /// Whether a file of this user and this group is as requested.
    #[must_use]
    pub fn are_met_by(self, user: u32, group: u32) -> bool {
        self.user.is_none_or(|wanted| wanted == user) && self.group.is_none_or(|wanted| wanted == group)
    }

    /// Whether any is requested.
    #[must_use]
    pub fn are_requested(self) -> bool {
        self.user.is_some() || self.group.is_some()
    }
}

/// How TARGET is replaced.
///
/// The flags are independent choices of the user; an enum for each would only rename them.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Replace a symbolic link itself.
    pub no_dereference: bool,
    /// TARGET is a directory, which is replaced as a whole.
    pub tree: bool,
    /// The new content is the old content followed by the input.
    pub append: bool,
    /// A step reads the old content.
    pub reads_old: bool,
    /// Leave an identical TARGET alone.
    pub if_changed: bool,
    /// Refuse if TARGET exists.
    pub no_clobber: bool,
    /// Replace a file that the caller may not write.
    pub force: bool,
    /// Overwrite where a rename is impossible.
    pub allow_in_place: bool,
    /// Overwrite an existing file in any case.
    pub in_place: bool,
    /// The finished file's mode.
    pub mode: Option<Mode>,
    /// The finished file's owner and group.
    pub owners: Owners,
    /// The finished file has the times of SOURCE.
    pub preserve_timestamps: bool,
    /// Keep the old file.
    pub backup: Option<Backup>,
    /// Do all but the commit.
    pub dry_run: bool,
    /// What exit status 0 promises.
    pub sync: Sync,
}

impl Options {
    /// Whether an option is only for a regular file, and not for a symbolic link to it.
    pub(crate) fn is_of_file(&self) -> bool {
        self.append || self.allow_in_place || self.in_place
    }
}

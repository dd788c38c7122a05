//! What the user may choose about a replacement: the words that the command line and the engine share.

use std::ffi::OsString;

/// What is on stable storage when the program exits with 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Sync {
    /// Content, metadata and name
    Full,
    /// Content and metadata; after a power cut the name may still lead to the old file
    File,
    /// Nothing: atomic for running programs only
    None,
}

/// How a backup gets its name: GNU's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Control {
    /// `f.~N~`, always.
    Numbered,
    /// Numbered if numbered backups exist, else simple.
    Existing,
    /// `f` and the suffix.
    Simple,
}

/// A backup that was asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Backup {
    /// How it is named.
    pub control: Control,
    /// The suffix of a simple one.
    pub suffix: OsString,
}

/// How TARGET is replaced.
///
/// The flags are the user's independent choices; an enum for each would only rename them.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Replace a symbolic link itself.
    pub no_dereference: bool,
    /// The new content is the old followed by the input.
    pub append: bool,
    /// Leave an identical TARGET alone.
    pub if_changed: bool,
    /// Refuse if TARGET exists.
    pub no_clobber: bool,
    /// Replace a file that the caller may not write.
    pub force: bool,
    /// Overwrite where a rename is impossible.
    pub allow_in_place: bool,
    /// The finished file's mode.
    pub mode: Option<u32>,
    /// Keep the old file.
    pub backup: Option<Backup>,
    /// What exit 0 means for the disk.
    pub sync: Sync,
}

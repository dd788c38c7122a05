//! What `--mode` comes to for a particular file. Symbolic modes change the mode that it would have without the option.

use super::metadata::{Metadata, without_group};
use crate::mode::Mode;
use crate::options::Options;
use crate::platform::{self, Acl, Attributes, BorrowedFd, FileType, Stat, acl, is_metadata_refusal};

/// For a file that replaces `old`, or for `old` itself. `None` without the option.
pub(super) fn of_old(options: &Options, old: &Stat) -> Option<u32> {
    options.mode.as_ref().map(|mode| mode.apply(kept_bits(old), is_directory(old)))
}

/// The same, where the mode of `old` does not show all that its ACL denies.
pub(super) fn of_metadata(options: &Options, old: &Metadata) -> Option<u32> {
    options.mode.as_ref().map(|mode| mode.apply(bits_without_acl(&old.stat, old.acl.as_ref()), is_directory(&old.stat)))
}

/// The same for an open file.
pub(super) fn of_open(options: &Options, file: BorrowedFd<'_>, old: &Stat) -> platform::Result<Option<u32>> {
    let Some(mode) = &options.mode else { return Ok(None) };
    let acl = acl_that_matters(mode, file)?;
    Ok(Some(mode.apply(bits_without_acl(old, acl.as_ref()), is_directory(old))))
}

/// The same for a file that replaces `old` and, unless `has_group`, could not get its group: what only that group or only others
/// were permitted is then for nobody.
pub(super) fn of_replacement(mode: &Mode, old: &Metadata, has_group: bool) -> u32 {
    let bits = match &old.acl {
        _ if has_group => bits_without_acl(&old.stat, old.acl.as_ref()),
        Some(acl) => bits_without_acl(&old.stat, Some(&acl.without_group())) & 0o1777,
        None => without_group(old.stat.bits() & 0o1777),
    };
    mode.apply(bits, is_directory(&old.stat))
}

/// For a new file that was created with the mode `created`, in which an inherited ACL shows its mask.
pub(super) fn of_new(mode: &Mode, file: BorrowedFd<'_>, created: u32, is_directory: bool) -> platform::Result<u32> {
    let acl = acl_that_matters(mode, file)?;
    let bits = acl.map_or(created, |acl| with_set_id_bits(acl.with_mode(created).as_mode(created), created));
    Ok(mode.apply(bits, is_directory))
}

/// An ACL, which a symbolic mode must not take for the mode that it shows.
fn acl_that_matters(mode: &Mode, file: BorrowedFd<'_>) -> platform::Result<Option<Acl>> {
    if !mode.is_symbolic() {
        return Ok(None);
    }
    match Attributes::of_file(file).value(acl::ATTRIBUTE) {
        Err(errno) if is_metadata_refusal(errno) => Ok(None),
        value => Ok(value?.and_then(|value| Acl::parse(&value))),
    }
}

fn bits_without_acl(old: &Stat, acl: Option<&Acl>) -> u32 {
    let bits = kept_bits(old);
    acl.map_or(bits, |acl| with_set_id_bits(acl.as_mode(bits), bits))
}

fn with_set_id_bits(bits: u32, of: u32) -> u32 {
    bits | of & 0o6000
}

fn is_directory(old: &Stat) -> bool {
    old.kind() == FileType::Directory
}

/// New content in a file is no reason for the set-ID bits of the old.
fn kept_bits(old: &Stat) -> u32 {
    if is_directory(old) { old.bits() } else { old.bits() & 0o1777 }
}

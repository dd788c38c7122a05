//! What `--mode` comes to for a particular file. Symbolic modes change the mode that it would have without the option.

use super::metadata::Metadata;
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
    let acl = match Attributes::of_file(file).value(acl::ATTRIBUTE) {
        _ if !mode.is_symbolic() => None,
        Err(errno) if is_metadata_refusal(errno) => None,
        value => value?.and_then(|value| Acl::parse(&value)),
    };
    Ok(Some(mode.apply(bits_without_acl(old, acl.as_ref()), is_directory(old))))
}

fn bits_without_acl(old: &Stat, acl: Option<&Acl>) -> u32 {
    let bits = kept_bits(old);
    acl.map_or(bits, |acl| acl.as_mode(bits))
}

fn is_directory(old: &Stat) -> bool {
    old.kind() == FileType::Directory
}

/// New content in a file is no reason for the set-ID bits of the old.
fn kept_bits(old: &Stat) -> u32 {
    if is_directory(old) { old.bits() } else { old.bits() & 0o1777 }
}

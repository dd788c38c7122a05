//! `--if-changed`: whether the new content differs.
//!
//! The input is compared with the old content as it arrives. The staging file is created at the first difference; the
//! common part is then copied from the old file, which must not have changed. If there is no difference, nothing has
//! been written.

use super::copy::{BUFFER, FileReader, check_early_end, read};
use crate::digest::Hasher;
use crate::error::{Context, Result};
use crate::input::Input;
use crate::platform;
use crate::progress::Progress;

pub(crate) enum Comparison {
    /// The input, of this many bytes, equals the old content.
    Same(u64),
    /// They differ after `common` bytes. `next` is what has been read of the input beyond them. It is empty if the
    /// input ended, or if it can be read again at its offset.
    Differs {
        /// The length of the common part, in bytes.
        common: u64,
        next: Vec<u8>,
    },
}

/// Compares, and hashes the common part.
pub(crate) fn compare(
    input: &mut dyn Input,
    old: &FileReader<'_>,
    size: u64,
    mut hasher: Option<&mut Hasher>,
    progress: Option<&Progress>,
) -> Result<Comparison> {
    let regular = input.regular().map(|(stat, start)| (*stat, stat.size.saturating_sub(start)));
    if let Some((stat, left)) = &regular {
        // A file of a different size has different content, and its blocks can be shared. Some virtual files report
        // size 0 but have content, others a page and have less.
        if stat.size > 0 && *left != size && !stat.may_end_early() {
            return Ok(Comparison::Differs { common: 0, next: Vec::new() });
        }
    }
    // Small ones for a small file, of which there may be many.
    let length = usize::try_from(size).unwrap_or(BUFFER).saturating_add(1).clamp(4096, BUFFER);
    let (mut buffer, mut old_buffer) = (Vec::with_capacity(length), vec![0; length]);
    let mut common = 0;
    loop {
        read(input, &mut buffer)?;
        let old_length = read_full_at(old, old_buffer.get_mut(..buffer.len().max(1)).unwrap_or_default(), common)?;
        if buffer.is_empty() && old_length == 0 {
            if let Some((stat, left)) = &regular
                && common < *left
            {
                check_early_end(input, stat)?;
            }
            return Ok(Comparison::Same(common));
        }
        if buffer.is_empty() || old_buffer.get(..old_length) != Some(buffer.as_slice()) {
            return Ok(Comparison::Differs { common, next: buffer });
        }
        if let Some(hasher) = hasher.as_deref_mut() {
            hasher.update(&buffer);
        }
        common += buffer.len() as u64;
        if let Some(progress) = progress {
            progress.added(buffer.len() as u64);
        }
    }
}

/// Reads at `offset` until the buffer is full or the file ends.
fn read_full_at(old: &FileReader<'_>, buffer: &mut [u8], offset: u64) -> Result<usize> {
    let mut filled = 0;
    while let Some(rest @ [_, ..]) = buffer.get_mut(filled..) {
        match platform::read_at_into(old.file, rest, offset + filled as u64).context("compare")? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

//! Content that tells its version every 64 bytes, so that a mixture of two versions shows.

use std::fmt::Write;

/// Which of the writers' files it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// The backup that was there before.
    Older,
    Old,
    New,
    /// What the run on the recovered disk writes.
    Again,
}

const LINE: usize = 64;
/// What only the lines of the new version begin with.
const NEW: &[u8] = b"N|power cut|";

impl Version {
    pub(crate) const fn letter(self) -> u8 {
        match self {
            Self::Older => b'L',
            Self::Old => b'O',
            Self::New => b'N',
            Self::Again => b'A',
        }
    }
}

/// So many bytes of a version. A translation of its letter to another one's gives the other version.
pub(crate) fn bytes(version: Version, length: usize) -> Vec<u8> {
    let letter = char::from(version.letter());
    let mut text = String::with_capacity(length + LINE);
    let mut line = 0;
    while text.len() < length {
        let _ = writeln!(text, "{letter}|power cut|{line:>16}|{:>34}", line * LINE);
        line += 1;
    }
    text.truncate(length);
    text.into_bytes()
}

/// Whether a write to the disk brings any of the new version's lines.
pub(crate) fn carries_new(data: &[u8]) -> bool {
    // Files begin at 64-byte borders of the disk nearly always; what a file system packs elsewhere is found at length.
    data.chunks(LINE).any(|line| line.starts_with(NEW))
        || (data.len() <= 32 << 10 && data.windows(NEW.len()).any(|window| window == NEW))
}

/// A content in a few words: how long it is, and which version's lines stand where.
pub(crate) fn describe(content: &[u8]) -> String {
    let mut runs: Vec<(char, usize)> = Vec::new();
    for line in content.chunks(LINE) {
        let letter = match line[0] {
            0 => '0',
            byte => char::from(byte),
        };
        match runs.last_mut() {
            Some((last, count)) if *last == letter => *count += 1,
            _ => runs.push((letter, 1)),
        }
    }
    let shown: Vec<_> = runs.iter().take(8).map(|(letter, count)| format!("{letter:?}*{count}")).collect();
    format!("{} bytes [{}]", content.len(), shown.join(" "))
}

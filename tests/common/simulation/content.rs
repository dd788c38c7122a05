//! File contents that name their version every 64 bytes, so that a mixture of two versions shows.

use std::fmt::Write;

/// Which writer's content it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Of the backup that was there before.
    Older,
    Old,
    New,
    /// Of a concurrent writer.
    Other,
    /// Of a second run, on a recovered file system.
    Again,
}

const LINE: usize = 64;
/// What only lines of the new version begin with.
const NEW: &[u8] = b"N|power cut|";

impl Version {
    const fn letter(self) -> char {
        match self {
            Self::Older => 'L',
            Self::Old => 'O',
            Self::New => 'N',
            Self::Other => 'X',
            Self::Again => 'A',
        }
    }
}

/// `length` bytes of a version.
pub fn bytes(version: Version, length: usize) -> Vec<u8> {
    let letter = version.letter();
    let mut text = String::with_capacity(length + LINE);
    let mut line = 0;
    while text.len() < length {
        let _ = writeln!(text, "{letter}|power cut|{line:>16}|{:>34}", line * LINE);
        line += 1;
    }
    text.truncate(length);
    text.into_bytes()
}

/// What [`EDIT`] does: the old version becomes the new one, and a concurrent writer's becomes one of its own.
pub fn edited(content: &[u8]) -> Vec<u8> {
    let edit = |byte: &u8| match byte {
        b'O' => b'N',
        b'X' => b'Y',
        other => *other,
    };
    content.iter().map(edit).collect()
}

/// The command that edits.
pub const EDIT: [&str; 3] = ["tr", "OX", "NY"];

/// The same, for `sed`.
pub const SED: &str = "y/OX/NY/";

/// Whether a write to the disk contains any line of the new version.
pub fn contains_new(data: &[u8]) -> bool {
    // Files nearly always begin at a multiple of 64 bytes on the disk; elsewhere every offset has to be tried.
    data.chunks(LINE).any(|line| line.starts_with(NEW))
        || (data.len() <= 32 << 10 && data.windows(NEW.len()).any(|window| window == NEW))
}

/// A content in a few words: its length, and which version's lines it has in which order.
pub fn describe(content: &[u8]) -> String {
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

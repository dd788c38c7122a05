//! Names and numbers in messages.

use std::ffi::OsStr;
use std::fmt::{self, Write as _};

/// A name for a message. A name with characters that a terminal would interpret or hide is quoted for the shell
/// (`$'...'`), and so is one that looks as if it were quoted: no two names are shown alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a>(pub(crate) &'a OsStr);

/// The same for a name that is bytes on every system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownBytes<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ShownBytes(self.0.as_encoded_bytes()).fmt(f)
    }
}

impl fmt::Display for ShownBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("''");
        }
        let text = std::str::from_utf8(self.0);
        if let Ok(text) = text
            && !text.chars().any(is_unsafe)
            && !text.starts_with("$'")
        {
            return f.write_str(text);
        }
        f.write_str("$'")?;
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '\n' => f.write_str("\\n")?,
                    '\t' => f.write_str("\\t")?,
                    '\r' => f.write_str("\\r")?,
                    '\'' | '\\' => write!(f, "\\{character}")?,
                    character if is_unsafe(character) => {
                        let mut utf8 = [0; 4];
                        for byte in character.encode_utf8(&mut utf8).bytes() {
                            write!(f, "\\x{byte:02x}")?;
                        }
                    }
                    character => f.write_char(character)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        f.write_str("'")
    }
}

/// A word of a command line, quoted for the shell where it needs that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShellWord<'a>(pub(crate) &'a OsStr);

impl fmt::Display for ShellWord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Shown(self.0).to_string();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%+-./:=@_{}".contains(&byte) || !byte.is_ascii();
        // {1..3} would be three words.
        let is_range = shown.contains('{') && shown.contains("..");
        if shown.bytes().all(is_plain) && !is_range || shown.as_bytes() != self.0.as_encoded_bytes() {
            // As it is, or quoted already.
            return f.write_str(&shown);
        }
        write!(f, "'{}'", shown.replace('\'', r"'\''"))
    }
}

/// Control characters, characters that change the writing direction, and characters of zero width.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A number of bytes in the largest unit in which it is not below 1.
pub(crate) fn binary(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let power = count.checked_ilog2().unwrap_or(0) / 10;
    let Some(unit) = usize::try_from(power).ok().and_then(|power| UNITS.get(power.checked_sub(1)?)) else {
        return format!("{count} B");
    };
    let hundredths = (u128::from(count) * 100) >> (power * 10);
    format!("{}.{:02} {unit}", hundredths / 100, hundredths % 100)
}

/// A number of bytes, with its unit.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        1 => "1 byte".to_owned(),
        count => format!("{count} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        for (count, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1536, "1.50 KiB"),
            ((1 << 20) - 1, "1023.99 KiB"),
            (5 << 20, "5.00 MiB"),
            (u64::MAX, "15.99 EiB"),
        ] {
            assert_eq!(binary(count), shown);
        }
    }

    fn shown(bytes: &[u8]) -> String {
        ShownBytes(bytes).to_string()
    }

    #[test]
    fn plain_names_are_shown_as_they_are() {
        assert_eq!(shown("a b/gr\u{fc}n-\u{65e5}".as_bytes()), "a b/gr\u{fc}n-\u{65e5}");
    }

    #[test]
    fn words_are_quoted_where_the_shell_would_change_them() {
        for (word, expected) in [
            ("-n", "-n"),
            ("{}", "{}"),
            ("gr\u{fc}n", "gr\u{fc}n"),
            ("a b", "'a b'"),
            ("s/a*/b/", "'s/a*/b/'"),
            ("it's $1", r"'it'\''s $1'"),
            ("", "''"),
            ("$'x'\n", r"$'$\'x\'\n'"),
        ] {
            assert_eq!(ShellWord(word.as_ref()).to_string(), expected);
        }
    }

    #[test]
    fn terminal_control_characters_are_quoted() {
        assert_eq!(shown(b"a\x1b[31m\n"), r"$'a\x1b[31m\n'");
        assert_eq!(shown(b"caf\xe9"), r"$'caf\xe9'");
        assert_eq!(shown(br"$'x\n'"), r"$'$\'x\\n\''");
        assert_eq!(shown("\u{202e}'".as_bytes()), r"$'\xe2\x80\xae\''");
    }
}

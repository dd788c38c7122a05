//! Words of a command line.

use std::ffi::{OsStr, OsString};

use crate::platform::system::words::{from_units, units};

/// The word with `with` in place of each `placeholder`, which must not be empty.
pub(crate) fn replace_all(word: &OsStr, placeholder: &OsStr, with: &OsStr) -> OsString {
    from_units(replaced(&units(word), &units(placeholder), &units(with)))
}

fn replaced<T: Clone + PartialEq>(word: &[T], placeholder: &[T], with: &[T]) -> Vec<T> {
    let mut made = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, others)) = rest.split_first() {
        match rest.strip_prefix(placeholder) {
            Some(after) if !placeholder.is_empty() => {
                made.extend_from_slice(with);
                rest = after;
            }
            _ => {
                made.push(first.clone());
                rest = others;
            }
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_placeholder_is_replaced_once() {
        for (word, expected) in [
            ("", ""),
            ("{}", "{}/x"),
            ("--out={}", "--out={}/x"),
            ("{}{}", "{}/x{}/x"),
            ("{", "{"),
            ("{{}}", "{{}/x}"),
            ("a", "a"),
        ] {
            assert_eq!(replace_all(word.as_ref(), "{}".as_ref(), "{}/x".as_ref()), expected, "{word}");
        }
        assert_eq!(replace_all("a".as_ref(), "".as_ref(), "b".as_ref()), "a");
    }
}

//! Modes as chmod(1) takes them: octal, or symbolic, which change the mode that a file would have otherwise.

/// All that a mode can hold: permission, set-ID and sticky bits.
const ALL: u32 = 0o7777;

/// A requested mode.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Mode {
    /// These bits.
    Octal(u32),
    /// Changes to the mode that a file would have otherwise.
    Symbolic {
        /// They are made in this order.
        changes: Vec<Change>,
        /// The umask: where a change does not say for whom it is, as in `+x`, it leaves these bits alone.
        umask: u32,
    },
}

/// One change. `u+x` is one; `g-w=r` is two, `g-w` and `g=r`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Change {
    /// All bits of the classes that are named (`u`, `g`, `o`, `a`). `None` if none is: then the change is for all, except for the
    /// umask's bits.
    who: Option<u32>,
    operator: Operator,
    value: Value,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operator {
    Add,
    Remove,
    Set,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Value {
    Bits {
        bits: u32,
        /// `X`: also the bits for execution, if it is a directory or has one of them already.
        conditional_execution: bool,
    },
    /// `u`, `g` or `o`: the three permission bits of that class. The number says how far left they are in the mode.
    CopyOf(u32),
    /// `=755`: these bits, whatever the umask. No class may be named before it.
    Octal(u32),
}

impl Mode {
    /// Parses `644`, `u=rwx,go=rx`, `+x`, `a-w`.
    ///
    /// # Errors
    ///
    /// If it is neither an octal number from 0 to 7777 nor a list of changes.
    pub fn parse(word: &str) -> Result<Mode, String> {
        let is_octal = word.starts_with(|first: char| first.is_ascii_digit());
        let symbolic = || parse_symbolic(word).map(|changes| Mode::Symbolic { changes, umask: 0 });
        let mode = if is_octal { parse_octal(word).map(Mode::Octal) } else { symbolic() };
        mode.ok_or_else(|| {
            "an octal number from 0 to 7777, or changes such as u=rw,go=r or +x, are expected".to_owned()
        })
    }

    /// The same mode with the process's umask in it. An octal mode has no use for the umask, so `current` is not called.
    #[must_use]
    pub fn with_umask(self, current: &dyn Fn() -> u32) -> Mode {
        match self {
            Mode::Symbolic { changes, .. } => Mode::Symbolic { changes, umask: current() },
            octal @ Mode::Octal(_) => octal,
        }
    }

    /// The mode of a file that would have the mode `bits` otherwise.
    #[must_use]
    pub fn apply(&self, bits: u32, is_directory: bool) -> u32 {
        match self {
            Mode::Octal(mode) => *mode,
            Mode::Symbolic { changes, umask } => {
                changes.iter().fold(bits, |bits, change| change.apply(bits, *umask, is_directory))
            }
        }
    }

    /// Whether the result depends on the mode that the file would have otherwise.
    #[must_use]
    pub fn is_symbolic(&self) -> bool {
        matches!(self, Mode::Symbolic { .. })
    }
}

fn parse_octal(word: &str) -> Option<u32> {
    let digits = word.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    u32::from_str_radix(word, 8).ok().filter(|mode| digits && *mode <= ALL)
}

fn parse_symbolic(word: &str) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    for clause in word.split(',') {
        let mut rest = clause.trim_start_matches(['u', 'g', 'o', 'a']);
        let who = parse_who(&clause[..clause.len() - rest.len()]);
        // At least one operator.
        loop {
            let operator = match rest.bytes().next()? {
                b'+' => Operator::Add,
                b'-' => Operator::Remove,
                b'=' => Operator::Set,
                _ => return None,
            };
            rest = &rest[1..];
            let end = rest.find(['+', '-', '=']).unwrap_or(rest.len());
            let octal = || parse_octal(rest).filter(|_| who.is_none()).map(Value::Octal);
            let value = parse_value(&rest[..end]).or_else(octal)?;
            changes.push(Change { who, operator, value });
            rest = &rest[end..];
            if rest.is_empty() {
                break;
            }
        }
    }
    Some(changes)
}

/// All bits of these classes; `None` if the word is empty.
fn parse_who(word: &str) -> Option<u32> {
    word.bytes().map(bits_of).reduce(|one, other| one | other)
}

fn bits_of(who: u8) -> u32 {
    match who {
        b'u' => 0o4700,
        b'g' => 0o2070,
        b'o' => 0o1007,
        _ => ALL,
    }
}

fn parse_value(word: &str) -> Option<Value> {
    match word {
        "u" => return Some(Value::CopyOf(6)),
        "g" => return Some(Value::CopyOf(3)),
        "o" => return Some(Value::CopyOf(0)),
        _ => {}
    }
    let (mut bits, mut conditional_execution) = (0, false);
    for letter in word.bytes() {
        match letter {
            b'r' => bits |= 0o444,
            b'w' => bits |= 0o222,
            b'x' => bits |= 0o111,
            b'X' => conditional_execution = true,
            b's' => bits |= 0o6000,
            b't' => bits |= 0o1000,
            _ => return None,
        }
    }
    Some(Value::Bits { bits, conditional_execution })
}

impl Change {
    fn apply(self, before: u32, umask: u32, is_directory: bool) -> u32 {
        let value = match self.value {
            Value::Bits { bits, conditional_execution } => {
                let may_execute = conditional_execution && (is_directory || before & 0o111 != 0);
                bits | if may_execute { 0o111 } else { 0 }
            }
            Value::CopyOf(shift) => (before >> shift & 0o7) * 0o111,
            Value::Octal(bits) => bits,
        };
        let is_octal = matches!(self.value, Value::Octal(_));
        // If no class is named, the umask's bits are not changed.
        let value = if is_octal { value } else { value & self.who.unwrap_or(ALL & !umask) };
        match self.operator {
            Operator::Add => before | value,
            Operator::Remove => before & !value,
            Operator::Set => {
                // The set-ID bits of a directory stay unless they are named: they are meant for what is created in it.
                let kept = if is_directory && !is_octal { 0o6000 } else { 0 };
                before & (!self.who.unwrap_or(ALL) | kept) | value
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Mode;

    fn applied(word: &str, bits: u32) -> u32 {
        Mode::parse(word).unwrap().with_umask(&|| 0o022).apply(bits, false)
    }

    #[test]
    fn symbolic_modes_are_those_of_chmod() {
        for (word, before, after) in [
            ("u=rwx,go=rx", 0o600, 0o755),
            ("+x", 0o644, 0o755),
            ("+x", 0o600, 0o711),
            ("a-w", 0o664, 0o444),
            // The umask is 022.
            ("-w", 0o666, 0o466),
            ("+w", 0o444, 0o644),
            ("=rw", 0o777, 0o644),
            ("=", 0o7777, 0),
            ("a=", 0o777, 0),
            ("u=", 0o4755, 0o055),
            ("g=u", 0o640, 0o660),
            ("o=g-x", 0o750, 0o754),
            ("ug+s", 0o755, 0o6755),
            ("o+s", 0o755, 0o755),
            ("+t", 0o755, 0o1755),
            ("u+t", 0o755, 0o755),
            ("a+X", 0o644, 0o644),
            ("a+X", 0o744, 0o755),
            ("u+rw-x", 0o100, 0o600),
            ("go-rwx,u+x", 0o666, 0o700),
            ("0", 0o777, 0),
            ("07777", 0, 0o7777),
            // An octal number that nobody is named for: the umask does not matter.
            ("=755", 0o4666, 0o755),
            ("+022", 0o644, 0o666),
            ("-0777", 0o4755, 0o4000),
            ("=0644,+x", 0o777, 0o755),
            ("+x=600", 0o777, 0o600),
        ] {
            assert_eq!(applied(word, before), after, "{word} of {before:o}");
        }
    }

    #[test]
    fn set_id_bits_of_directories_stay_where_the_others_are_set() {
        let of_directory = |word: &str, bits| Mode::parse(word).unwrap().apply(bits, true);
        assert_eq!(of_directory("u=rwx,go=rx", 0o2700), 0o2755);
        assert_eq!(of_directory("g-s", 0o2700), 0o700);
        assert_eq!(of_directory("a=X", 0), 0o111);
        assert_eq!(of_directory("=755", 0o2700), 0o755);
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for word in [
            "",
            "8",
            "10000",
            "77777777777",
            "u",
            "x",
            "u+q",
            "z+x",
            "u+x,",
            ",u+x",
            "7x",
            "+8",
            "u=755",
            "=10000",
            "=755+x",
            "u=gr",
            "é+x",
            "u+é",
        ] {
            assert!(Mode::parse(word).is_err(), "{word}");
        }
    }
}

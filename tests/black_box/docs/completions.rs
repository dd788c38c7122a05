//! The completions for bash, zsh and fish: templates, filled from the definition of the command line.
//!
//! clap_complete knows nothing of a command that follows, of words that end in a colon, or of options whose value needs `=`.

use std::fmt::Write;
use std::path::Path;

use atomic_write::cli::Cli;
use clap::{Arg, ArgAction, Command, CommandFactory, ValueHint};

/// What the value of an option can be.
enum Value {
    None,
    /// Only after `=`.
    Optional(Vec<(String, String)>),
    Files,
    Directories,
    CommandLine,
    Digest,
    Words(Vec<(String, String)>),
    /// It cannot be listed.
    Any,
}

fn value(arg: &Arg) -> Value {
    let words = |words: &[&str]| words.iter().map(|word| ((*word).to_owned(), String::new())).collect();
    let listed = |word: &clap::builder::PossibleValue| {
        (word.get_name().to_owned(), word.get_help().map(ToString::to_string).unwrap_or_default())
    };
    match (name(arg).as_str(), arg.get_value_hint()) {
        _ if !matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) => Value::None,
        ("CONTROL", _) => Value::Optional(words(&["none", "numbered", "existing", "simple"])),
        ("ALGO:HEX", _) => Value::Digest,
        ("STR", _) => Value::Words(words(&["{}"])),
        (_, ValueHint::FilePath | ValueHint::AnyPath) => Value::Files,
        (_, ValueHint::DirPath) => Value::Directories,
        (_, ValueHint::CommandString) => Value::CommandLine,
        _ => match arg.get_possible_values() {
            values if values.is_empty() => Value::Any,
            values => Value::Words(values.iter().map(listed).collect()),
        },
    }
}

/// Of the value.
fn name(arg: &Arg) -> String {
    arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// As it is typed, the short form first.
fn forms(arg: &Arg) -> Vec<String> {
    let short = arg.get_short().map(|short| format!("-{short}"));
    short.into_iter().chain(arg.get_long().map(|long| format!("--{long}"))).collect()
}

/// The help's first line.
fn help(arg: &Arg) -> String {
    let help = arg.get_help().unwrap().to_string();
    help.lines().next().unwrap().trim_end_matches(':').to_owned()
}

fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_positional())
}

/// The template with the places filled: the options whose value is the next word, and what the shell needs to know.
fn filled(template: &str, between: &str, fill: &[(&str, String)]) -> String {
    let command = Cli::command();
    let takes = |arg: &&Arg| !matches!(value(arg), Value::None | Value::Optional(_));
    let long: Vec<_> =
        options(&command).filter(takes).filter_map(|arg| Some(format!("--{}", arg.get_long()?))).collect();
    let short: String = options(&command).filter(takes).filter_map(Arg::get_short).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(template);
    let mut text = std::fs::read_to_string(path).unwrap();
    text = text.replace("@LONG@", &long.join(between)).replace("@SHORT@", &short);
    for (place, lines) in fill {
        text = text.replace(place, lines.trim_end_matches('\n'));
    }
    text
}

pub(super) fn bash() -> String {
    let command = Cli::command();
    let (mut all, mut values) = (Vec::new(), String::new());
    for arg in options(&command) {
        all.extend(forms(arg));
        let action = match value(arg) {
            Value::None | Value::Any => continue,
            Value::Files => "[[ ! $tree ]] || $compopt +o default +o bashdefault -o dirnames".to_owned(),
            Value::Directories => "$compopt +o default +o bashdefault -o dirnames".to_owned(),
            Value::CommandLine => "COMPREPLY=($(compgen -c -- \"$cur\" | sort -u))".to_owned(),
            Value::Digest => "$compopt -o nospace\n            \
                COMPREPLY=($(compgen -W 'sha256: sha512:' -- \"$cur\"))"
                .to_owned(),
            Value::Optional(words) | Value::Words(words) => {
                let words: Vec<_> = words.into_iter().map(|(word, _)| word).collect();
                format!("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", words.join(" "))
            }
        };
        let forms = forms(arg).join(" | ");
        writeln!(values, "        {forms})\n            {action}\n            return\n            ;;").unwrap();
    }
    all.push("--backup=".to_owned());
    filled("atomic-write.bash.in", " | ", &[("@VALUES@", values), ("@OPTIONS@", all.join(" "))])
}

pub(super) fn zsh() -> String {
    let command = Cli::command();
    let mut lines = String::new();
    for arg in options(&command) {
        let forms = forms(arg);
        let name = name(arg).replace(':', "\\:");
        let words = |words: Vec<(String, String)>| {
            let each = words.iter().map(|(word, help)| match help.as_str() {
                "" => word.clone(),
                _ => format!("{word}\\:\"{}\"", help.replace(':', "\\:")),
            });
            let is_plain = words.iter().all(|(_, help)| help.is_empty());
            let list = each.collect::<Vec<_>>().join(" ");
            if is_plain { format!("({list})") } else { format!("(({list}))") }
        };
        let value = match value(arg) {
            Value::None => String::new(),
            Value::Optional(list) => format!("::{name}:{}", words(list)),
            Value::Files => format!(":{name}:$files"),
            Value::Directories => format!(":{name}:_files -/"),
            Value::CommandLine => format!(":{name}:_cmdstring"),
            Value::Digest => format!(":{name}:_atomic-write_digests"),
            Value::Words(list) => format!(":{name}:{}", words(list)),
            Value::Any => format!(":{name}: "),
        };
        let help = help(arg).replace('\'', r"'\''").replace(':', "\\:").replace('[', "\\[").replace(']', "\\]");
        let value = value.replace("$files", "'$files'");
        let is_repeatable = arg.get_id() == "validate" || arg.get_id() == "success_status";
        let first = if is_repeatable { "'*'".to_owned() } else { format!("'({})'", forms.join(" ")) };
        let after = |form: &String| match (value.as_str(), form.starts_with("--")) {
            ("", _) => form.clone(),
            (_, true) if value.starts_with("::") => format!("{form}=-"),
            (_, true) => format!("{form}="),
            (_, false) => format!("{form}+"),
        };
        let forms: Vec<_> = forms.iter().map(after).collect();
        let forms = if let [one] = &forms[..] { one.clone() } else { format!("{{{}}}", forms.join(",")) };
        writeln!(lines, "        {first}{forms}'[{help}]{value}' \\").unwrap();
    }
    filled("_atomic-write.in", " | ", &[("@OPTIONS@", lines)])
}

pub(super) fn fish() -> String {
    let command = Cli::command();
    let mut lines = String::new();
    for arg in options(&command) {
        let quoted = |text: &str| format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"));
        let words = |words: Vec<(String, String)>| {
            let lines: Vec<_> = words.iter().map(|(word, help)| format!("{word}\\t{}", quoted(help))).collect();
            format!("\"{}\"", lines.join(" "))
        };
        let value = match value(arg) {
            Value::None => String::new(),
            Value::Optional(list) => format!(" -f -a {}", words(list)),
            Value::Files => " -r -F".to_owned(),
            Value::Directories => " -x -a '(__fish_complete_directories)'".to_owned(),
            Value::CommandLine => " -x -a '(__fish_complete_command)'".to_owned(),
            Value::Digest => " -x -a 'sha256: sha512:'".to_owned(),
            Value::Words(list) if name(arg) == "STR" => format!(" -x -a {}", quoted(&list[0].0)),
            Value::Words(list) => format!(" -x -a {}", words(list)),
            Value::Any => " -x".to_owned(),
        };
        let short = arg.get_short().map(|short| format!(" -s {short}")).unwrap_or_default();
        let long = arg.get_long().map(|long| format!(" -l {long}")).unwrap_or_default();
        writeln!(lines, "complete -c atomic-write{short}{long}{value} -d {}", quoted(&help(arg))).unwrap();
    }
    filled("atomic-write.fish.in", " ", &[("@OPTIONS@", lines)])
}

//! Completions and man page, generated from the command line's definition and committed.
//!
//! `ATOMIC_WRITE_BLESS=1 cargo test --test black_box generated` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use atomic_write::cli::Cli;
use clap::{Arg, CommandFactory};
use clap_complete::Shell;

use super::completions;
use crate::common::needs::{lacks, needs};
use crate::common::{Scene, stderr, stdout};

const NAME: &str = "atomic-write";

/// Where a committed file is.
pub fn committed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Fails if the committed file is not `fresh`; writes it if that is asked for.
pub fn is_fresh(path: &str, fresh: &str) {
    let file = committed(path);
    let mut there = fs::read_to_string(&file).unwrap_or_default();
    if there != fresh && std::env::var_os("ATOMIC_WRITE_BLESS").is_some() {
        fs::write(&file, fresh).unwrap();
        fresh.clone_into(&mut there);
    }
    assert!(there == fresh, "{path} is stale: run ATOMIC_WRITE_BLESS=1 cargo test --test black_box generated");
}

/// What clap_complete makes. It expects help of one line.
fn completion(shell: Shell) -> String {
    let first_line = |arg: Arg| {
        let help = arg.get_help().and_then(|help| help.to_string().lines().next().map(str::to_owned));
        arg.help(help.unwrap_or_default())
    };
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command().mut_args(first_line), NAME, &mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn completions_are_fresh() {
    for (file, fresh) in [
        ("atomic-write.bash", completions::bash()),
        ("_atomic-write", completions::zsh()),
        ("atomic-write.fish", completions::fish()),
        ("_atomic-write.ps1", completion(Shell::PowerShell)),
        ("atomic-write.elv", completion(Shell::Elvish)),
    ] {
        is_fresh(&format!("completions/{file}"), &fresh);
    }
}

/// The page is `man/atomic-write.1.in`, written by hand, with two places that the definition of the command line fills.
fn man_page() -> String {
    let page = clap_mangen::Man::new(Cli::command());
    let mut options = Vec::new();
    page.render_options_section(&mut options).unwrap();
    let options = tidy(&String::from_utf8(options).unwrap());
    let template = fs::read_to_string(committed("man/atomic-write.1.in")).unwrap();
    wrap(&template.replace("@OPTIONS@\n", &options).replace("@VERSION@", env!("CARGO_PKG_VERSION")))
}

/// Lines of text at most 80 bytes long, which is what mandoc(1) wants.
fn wrap(page: &str) -> String {
    let mut wrapped = Vec::new();
    let mut is_literal = false;
    for line in page.lines() {
        is_literal = match line {
            ".EX" | ".TS" => true,
            ".EE" | ".TE" => false,
            _ => is_literal,
        };
        let mut rest = line;
        while !is_literal && !line.starts_with(['.', '\'']) && rest.len() > 80 {
            // A line that began with a full stop would be a request.
            let fits = |at: &usize| *at <= 80 && !rest[at + 1..].starts_with(['.', '\'']);
            let Some(at) = rest.rmatch_indices(' ').map(|(at, _)| at).find(fits) else { break };
            wrapped.push(&rest[..at]);
            rest = &rest[at + 1..];
        }
        wrapped.push(rest);
    }
    wrapped.join("\n") + "\n"
}

/// What the short help says ends with a full stop if more follows, and a list of values has a line for each.
fn sentences(options: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in options.lines() {
        let is_text = |line: &str| !line.is_empty() && !line.starts_with('.');
        if let [.., last, empty] = &mut lines[..]
            && is_text(line)
            && empty.is_empty()
            && is_text(last)
        {
            last.push('.');
        }
        let words = line.split_once(": ").map_or("", |(words, _)| words);
        if !words.is_empty() && words.split(", ").all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())) {
            lines.push(".sp 0".to_owned());
        }
        lines.push(line.to_owned());
    }
    lines.join("\n")
}

/// The options as one section: each group of them is a part of it, and there are no blank lines, which roff does not like.
fn tidy(options: &str) -> String {
    let options = sentences(options);
    let tidied = options.lines().filter_map(|line| match line {
        "" | ".br" => None,
        r"\fIPossible values:\fR" => Some(".br\n".to_owned()),
        ".RS 14" => Some(".RS\n".to_owned()),
        ".SH OPTIONS" => Some(".SH OPTIONS\n".to_owned()),
        _ => Some(line.strip_prefix(".SH ").map_or_else(|| format!("{line}\n"), part)),
    });
    tidied.collect()
}

fn part(heading: &str) -> String {
    let heading = heading.trim_matches('"').to_lowercase();
    let (first, rest) = heading.split_at(1);
    format!(".SS \"{}{rest}\"\n", first.to_uppercase())
}

#[test]
fn the_man_page_is_fresh() {
    is_fresh("man/atomic-write.1", &man_page());
}

/// A checker of the page must have nothing to say.
fn is_clean(checker: &mut Command) {
    let output = checker.arg(committed("man/atomic-write.1")).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn man_has_no_warnings_about_the_page() {
    needs!(man);
    let environment = [("LC_ALL", "C.UTF-8"), ("MANWIDTH", "80"), ("MAN_KEEP_STDERR", "1")];
    is_clean(Command::new("man").args(["-l", "--warnings"]).envs(environment));
}

#[test]
fn mandoc_has_no_warnings_about_the_page() {
    needs!(mandoc);
    is_clean(Command::new("mandoc").args(["-T", "lint", "-W", "warning"]));
}

/// A shell that can read the completion has nothing to say about it.
fn loads(shell: &str, script: &str, file: &str) -> Option<Output> {
    if lacks!((shell)) {
        return None;
    }
    let scene = Scene::new();
    let mut command = scene.other(shell);
    command.args(["-c", script]).arg(shell).arg(committed("completions").join(file)).env("HOME", scene.root());
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {}{}", stdout(&output), stderr(&output));
    Some(output)
}

#[test]
fn bash_completes_options() {
    let script = r#". "$1"; COMP_WORDS=(atomic-write --back) COMP_CWORD=1; _atomic_write atomic-write --back atomic-write
        printf '%s\n' "${COMPREPLY[@]}"; complete -p atomic-write"#;
    if let Some(output) = loads("bash", script, "atomic-write.bash") {
        let words = stdout(&output);
        assert!(words.starts_with("--backup\n") && words.contains("-F _atomic_write"), "{words}");
    }
}

#[test]
fn zsh_loads_its_completion() {
    let script = r#"autoload -Uz compinit && compinit -u -d "$HOME/dump" && fpath=("${1:h}" $fpath) &&
        autoload -Uz _atomic-write && source "$1" && print -- $_comps[atomic-write]"#;
    if let Some(output) = loads("zsh", script, "_atomic-write") {
        assert_eq!(stdout(&output), "_atomic-write\n");
    }
}

#[test]
fn fish_completes_options() {
    let script = r#"source $argv[2]; complete -C "atomic-write --back""#;
    if let Some(output) = loads("fish", script, "atomic-write.fish") {
        assert!(stdout(&output).starts_with("--backup"), "{}", stdout(&output));
    }
}

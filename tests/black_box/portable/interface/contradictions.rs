//! Options that contradict each other are usage errors, each with its own words.
//!
//! Rows: none.

use super::usage;
use crate::common::{Scene, does};

/// That of the input of these tests.
const SHA256: &str = "sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437";

#[test]
fn two_sources() {
    usage(&["--from", "src", "f", "--", "true"], "from --from SOURCE or from COMMAND, not from both");
    usage(&["--from", "-", "f", "--", "true"], "from --from SOURCE or from COMMAND, not from both");
}

#[test]
fn edit_without_a_command() {
    usage(&["--edit", "f"], "--edit needs a command");
    usage(&["--edit", "f", "--from", "src"], "--edit needs a command");
}

#[test]
fn edit_and_append() {
    usage(&["-e", "-a", "f", "--", "cat"], "--edit replaces the content that --append would keep");
}

#[test]
fn no_clobber_and_whatever_needs_an_existing_target() {
    usage(&["-n", "-e", "f", "--", "cat"], "--edit needs an existing TARGET");
    usage(&["-n", "-a", "f"], "--append keeps an existing TARGET's content");
    usage(&["-n", "--if-match", SHA256, "f"], "--if-match needs an existing TARGET");
    usage(&["-n", "-C", "f"], "--if-changed compares with an existing TARGET");
    usage(&["-n", "-b", "f"], "--no-clobber replaces nothing");
    usage(&["-n", "-S", ".old", "f"], "--no-clobber replaces nothing");
    usage(&["-n", "--allow-in-place", "f"], "--allow-in-place overwrites an existing TARGET");
}

#[test]
fn allow_in_place_and_what_it_cannot_do() {
    usage(&["--allow-in-place", "-b", "f"], "so --backup cannot keep it");
    usage(&["--allow-in-place", "-P", "f"], "cannot overwrite a symbolic link itself");
}

#[test]
fn no_lock_and_what_asks_for_one() {
    for lock in [&["--lock"][..], &["--lock-timeout", "1"]] {
        for args in [[lock, &["--no-lock", "f"]].concat(), [&["--no-lock"], lock, &["-a", "f"]].concat()] {
            usage(&args, "--no-lock and --lock or --lock-timeout contradict each other");
        }
    }
}

#[test]
fn what_only_a_command_has() {
    usage(&["--create", "f"], "--create is for --edit");
    usage(&["--create", "f", "--", "true"], "--create is for --edit");
    usage(&["--success-status", "1", "f"], "--success-status is of COMMAND");
    usage(&["--success-status", "1", "f", "--from", "src"], "--success-status is of COMMAND");
    usage(&["--shell", "cat", "f", "--", "cat"], "--shell SCRIPT stands in place of -- COMMAND");
    usage(&["--shell", "cat", "--from", "src", "f"], "from --from SOURCE or from COMMAND, not from both");
    usage(&["--shell", "", "f"], "--shell: SCRIPT is an empty word");
    usage(&["--shell", "cat >x", "-I", "{}", "f"], "--placeholder: no SCRIPT contains {}");
}

#[test]
fn in_place_and_what_it_cannot_do() {
    usage(&["--in-place", "-n", "f"], "--in-place overwrites an existing TARGET");
    usage(&["--in-place", "-P", "f"], "--in-place cannot overwrite a symbolic link itself");
    usage(&["--in-place", "--tree", "--from", "d", "f"], "--in-place overwrites a file");
}

#[test]
fn allow_empty_and_what_makes_it_senseless() {
    usage(&["--allow-empty", "--non-empty", "f", "--", "true"], "--allow-empty and --non-empty contradict");
    usage(&["--allow-empty", "f"], "--allow-empty is for COMMAND");
    usage(&["--allow-empty", "f", "--from", "src"], "--allow-empty is for COMMAND");
}

#[test]
fn what_only_looks_like_a_contradiction_is_fine() {
    for args in [
        &["-a", "--if-match", SHA256, "f"][..],
        &["-a", "-C", "f"],
        &["-n", "--backup=none", "g"],
        &["-n", "-f", "g"],
        &["-n", "-P", "g"],
        &["-v", "-q", "f"],
        &["--non-empty", "f", "--"],
        &["-D", "-n", "g"],
        &["--no-lock", "f"],
        &["--no-lock", "-a", "f"],
        &["--lock", "-a", "f"],
        &["--dry-run", "-n", "g"],
    ] {
        let scene = Scene::new();
        scene.write("f", "new");
        let command = if args.ends_with(&["--"]) { does(&["print new"]) } else { Vec::new() };
        scene.cmd().args(args).args(command).write_stdin("new").assert().success();
    }
}

/// Of other options the last one wins; of a guard that is given twice, one would not be asked.
#[test]
fn a_guard_is_given_once() {
    for (option, value) in [("--checksum", SHA256), ("--if-match", SHA256)] {
        usage(&[option, value, option, value, "f"], &format!("{option} is given more than once"));
    }
    for args in [&["--validate", "", "f"][..], &["--validate", "true", "--validate", "", "f"]] {
        usage(args, "--validate: COMMAND is an empty word");
    }
}

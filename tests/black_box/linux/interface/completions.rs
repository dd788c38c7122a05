//! Completions in the shells themselves, by keystrokes in a terminal: what is typed is sent off, and the words that arrive are
//! looked at.
//!
//! Rows: none.

use std::path::Path;

use crate::common::needs::needs;
use crate::common::terminal::Terminal;
use crate::common::{Scene, skip};

/// bash-completion, which defines `_command_offset`.
const LIBRARY: &str = "/usr/share/bash-completion/bash_completion";

/// What is typed, with tabs, and the words that arrive.
const SAME_IN_ALL: &[(&str, &str)] = &[
    // A file, also with a blank in its name, and a directory.
    ("one-f\t", "<one-file>"),
    ("two\t", "<two words>"),
    ("dir\tinn\t", "<dir/inner>"),
    ("--from one-f\t two\t", "<--from><one-file><two words>"),
    ("--tree d-or\tx", "<--tree><d-or-dir/x>"),
    // Many files, and their directory, where a single TARGET would come to its end.
    ("-t d-or\tx one-f\t two\t", "<-t><d-or-dir/x><one-file><two words>"),
    ("-Dt d-or\tx -- one-f\t two\t", "<-Dt><d-or-dir/x><--><one-file><two words>"),
    ("--target-directory d-or\tx one-f\t -- two\t", "<--target-directory><d-or-dir/x><one-file><--><two words>"),
    ("--target-directory=dir one-f\t two\t", "<--target-directory=dir><one-file><two words>"),
    ("-tdir --files0-from one-f\t", "<-tdir><--files0-from><one-file>"),
    // Options and their values.
    ("--no-cl\tf", "<--no-clobber><f>"),
    ("--checksum sha2\tab f", "<--checksum><sha256:ab><f>"),
    ("--checksum \t256:ab f", "<--checksum><sha256:ab><f>"),
    ("--if-match sha5\tab f", "<--if-match><sha512:ab><f>"),
    ("--sync no\tf", "<--sync><none><f>"),
    ("--sync=no\tf", "<--sync=none><f>"),
    ("--backup=num\tf", "<--backup=numbered><f>"),
    ("-I \tf", "<-I><{}><f>"),
    ("--validate aw-comm\t f", "<--validate><aw-command><f>"),
    // COMMAND, and what it completes itself: none of our options.
    ("f -- aw-comm\talp\t", "<f><--><aw-command><alpha>"),
    ("-eI {} f -- aw-comm\talp\t", "<-eI><{}><f><--><aw-command><alpha>"),
    ("--lock-timeout 1 f -- aw-comm\talp\t", "<--lock-timeout><1><f><--><aw-command><alpha>"),
    ("-- one-f\t -- aw-comm\talp\t", "<--><one-file><--><aw-command><alpha>"),
    ("f -- aw-command --allow-e\tx", "<f><--><aw-command><--allow-ex>"),
];

/// Starts the shell in the terminal, and types each line.
fn completes(shell: &str, start: &str, setup: &str, lines: &[(&str, &str)]) {
    let scene = Scene::new();
    for file in ["one-file", "two words"] {
        scene.write(file, "");
    }
    for directory in ["dir", "d-or-dir", "bin"] {
        std::fs::create_dir(scene.path(directory)).unwrap();
    }
    scene.write("dir/inner", "");
    scene.write("d-or-file", "");
    for program in ["bin/atomic-write", "bin/aw-command"] {
        scene.write(program, "#!/bin/sh\nprintf '<%s>' \"$@\"; echo '<end>'\n");
        scene.chmod(program, 0o755);
    }
    let completions = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    scene.write("setup", setup.replace("COMPLETIONS", completions.to_str().unwrap()));
    let mut terminal = Terminal::run(&scene, &format!("export HOME=$PWD PATH=\"$PWD/bin:$PATH\"; exec {start}"));
    terminal.types(". ./setup; echo rea''dy\n");
    terminal.shows("ready");
    for (typed, words) in lines {
        terminal.types(&format!("atomic-write {typed}\n"));
        // Fails with what is shown instead.
        terminal.shows_before(&format!("{words}<end>"), "<end>", &format!("{shell}: {typed:?}"));
    }
    terminal.types("exit\n");
    terminal.end();
}

#[test]
fn bash_completes_files_options_values_and_the_command() {
    needs!(script);
    if !Path::new(LIBRARY).exists() {
        return skip("bash-completion is not installed");
    }
    let setup = format!(". {LIBRARY}\n. COMPLETIONS/atomic-write.bash\ncomplete -W 'alpha beta' aw-command\n");
    completes("bash", "bash --norc --noprofile -i", &setup, SAME_IN_ALL);
}

#[test]
fn bash_without_its_library_completes_files_after_the_command() {
    needs!(script);
    let own = |line: &&(&str, &str)| !line.0.contains("alp\t");
    let mut lines: Vec<_> = SAME_IN_ALL.iter().filter(own).copied().collect();
    lines.push(("f -- aw-comm\tone-f\t", "<f><--><aw-command><one-file>"));
    completes("bash", "bash --norc --noprofile -i", ". COMPLETIONS/atomic-write.bash\n", &lines);
}

#[test]
fn zsh_completes_files_options_values_and_the_command() {
    needs!(script, zsh);
    let setup = "fpath=(COMPLETIONS $fpath); autoload -Uz compinit; compinit -u -D\n\
                 _aw-command() { compadd alpha beta }; compdef _aw-command aw-command\n";
    completes("zsh", "zsh -f -i", setup, SAME_IN_ALL);
}

#[test]
fn fish_completes_files_options_values_and_the_command() {
    needs!(script, fish);
    let setup = "source COMPLETIONS/atomic-write.fish\ncomplete -c aw-command -f -a 'alpha beta'\n";
    completes("fish", "fish --no-config --private -i", setup, SAME_IN_ALL);
}

//! Editors in a terminal: saved, left without saving, and ended by a signal.
//!
//! Rows: 95, 98.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::events::Fifo;
use crate::common::needs::needs;
use crate::common::terminal::Terminal;
use crate::common::{Scene, system};

struct Editor {
    words: &'static str,
    /// What is typed to add the line `more`, save and leave; and to leave.
    saves: &'static [&'static str],
    leaves: &'static str,
}

const VIM: Editor =
    Editor { words: "vim.tiny -u NONE -i NONE -N {}", saves: &["omore\u{1b}", ":wq\r"], leaves: ":q!\r" };
const NANO: Editor = Editor { words: "nano -I {}", saves: &["\u{5}\rmore", "\u{f}\r\u{18}"], leaves: "\u{18}" };
const ED: Editor = Editor { words: "ed {}", saves: &["a\nmore\n.\n", "w\nq\n"], leaves: "q\n" };
/// It has an editor do it, and shows the file again.
const LESS: Editor = Editor { words: "less {}", saves: &["v", "q"], leaves: "q" };

/// The editor on `f.txt`, which holds a line, by way of `--edit`; and the id of the program.
fn start(editor: &Editor) -> (Scene, Terminal, Pid) {
    let scene = Scene::new();
    scene.write("f.txt", "first line\n");
    // The last argument is the file.
    scene.write("add", "#!/bin/sh\nfor file; do :; done\necho more >>\"$file\"\n");
    scene.chmod("add", 0o755);
    let mut ready = Fifo::new(&scene, "ready");
    let line = format!(
        "echo $$ >ready; export VISUAL=./add HOME=. LESSHISTFILE=-; exec $AW -v -e -I {{}} f.txt -- {}",
        editor.words
    );
    let mut terminal = Terminal::run(&scene, &line);
    let id = Pid::from_raw(ready.line().parse().unwrap());
    // ed(1) tells the size.
    terminal.shows(if editor.words.starts_with("ed") { "11" } else { "first line" });
    (scene, terminal, id)
}

fn judge(editor: &Editor) {
    let (scene, mut terminal, _) = start(editor);
    let inode = scene.inode("f.txt");
    terminal.types(editor.saves[0]);
    if !editor.words.starts_with("ed") {
        terminal.shows("more");
    }
    terminal.types(editor.saves[1]);
    assert_eq!(terminal.end(), 0, "{}", editor.words);
    assert_eq!(scene.text("f.txt"), "first line\nmore\n", "{}", editor.words);
    assert_ne!(scene.inode("f.txt"), inode);
    assert_eq!(scene.names(), ["add", "f.txt", "ready"], "{}", editor.words);

    let (scene, mut terminal, _) = start(editor);
    let before = system::traces(&scene.path("f.txt")).without_access();
    terminal.types(editor.leaves);
    terminal.shows("f.txt: unchanged (11 bytes)");
    assert_eq!(terminal.end(), 0, "{}", editor.words);
    assert_eq!(system::traces(&scene.path("f.txt")).without_access(), before);
    assert_eq!(scene.names(), ["add", "f.txt", "ready"], "{}", editor.words);

    // Some keep a copy beside the file when they are ended.
    let (scene, mut terminal, id) = start(editor);
    if !editor.words.starts_with("less") {
        terminal.types(editor.saves[0]);
    }
    kill(id, Signal::SIGTERM).unwrap();
    assert_eq!(terminal.end(), 128 + 15, "{}", editor.words);
    assert_eq!(scene.text("f.txt"), "first line\n");
    assert_eq!(scene.names(), ["add", "f.txt", "ready"], "{}", editor.words);
}

#[test]
fn vim_edits() {
    needs!(script, "vim.tiny");
    judge(&VIM);
}

#[test]
fn nano_edits() {
    needs!(script, nano);
    judge(&NANO);
}

#[test]
fn ed_edits() {
    needs!(script, ed);
    judge(&ED);
}

#[test]
fn less_edits() {
    needs!(script, less);
    judge(&LESS);
}

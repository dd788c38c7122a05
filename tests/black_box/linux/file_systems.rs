//! File systems that do things otherwise, on an imitation of them (`common/quirks`), or on a local one that strace(1) makes
//! look like one.

mod acls;
mod combined;
mod imitation;
mod inode_numbers;
mod leftovers;
mod let_go;
mod link_counts;
mod modes;
mod nfs4;
mod open_files;
mod other_clients;
mod refused;
mod reported;
mod smb;
mod synced;

use std::ops::Deref;
use std::time::Duration;

use crate::common::quirks::{Quirks, Quirky};
use crate::common::{Scene, as_user, is_root, stderr, stdout};

/// One way to write a TARGET, with `new\n` on standard input.
#[derive(Debug)]
struct Way {
    args: &'static [&'static str],
    /// What TARGET is afterwards.
    becomes: &'static str,
    /// The name of the backup.
    backup: Option<&'static str>,
}

const fn way(args: &'static [&'static str]) -> Way {
    Way { args, becomes: "new\n", backup: None }
}

/// TARGET is `f`, and its content was `old\n`.
const EXISTING: [Way; 14] = [
    way(&["f"]),
    way(&["f", "--", "cat"]),
    way(&["--edit", "f", "--", "sed", "s/old/new/"]),
    Way { becomes: "old\nnew\n", ..way(&["--append", "f"]) },
    way(&["--if-changed", "f"]),
    way(&["--from", "source", "f"]),
    way(&["--validate", "grep -q new", "f"]),
    Way { backup: Some("f~"), ..way(&["--backup=simple", "f"]) },
    Way { backup: Some("f.~1~"), ..way(&["--backup=numbered", "f"]) },
    way(&["--lock", "f"]),
    Way { becomes: "old\nnew\n", ..way(&["--lock", "--append", "f"]) },
    Way { backup: Some("f~"), ..way(&["--lock", "--edit", "--backup=simple", "f", "--", "sed", "s/old/new/"]) },
    way(&["--force", "f"]),
    way(&["--sync", "none", "f"]),
];

/// TARGET is `n`, and absent.
const ABSENT: [Way; 8] = [
    way(&["n"]),
    way(&["n", "--", "cat"]),
    way(&["--no-clobber", "n"]),
    way(&["--append", "n"]),
    way(&["--from", "source", "n"]),
    way(&["--validate", "grep -q new", "n"]),
    way(&["--backup=numbered", "n"]),
    way(&["--lock", "n"]),
];

/// Runs that fail, and their statuses.
const FAILING: [(&[&str], i32); 4] = [
    (&["f", "--", "sh", "-c", "echo half; exit 7"], 7),
    (&["n", "--", "true"], 123),
    (&["--checksum", "sha256:0000000000000000000000000000000000000000000000000000000000000000", "f"], 3),
    (&["--validate", "false", "n"], 3),
];

impl Way {
    /// Whether it fails where there is no lock.
    fn needs_lock(&self) -> bool {
        self.args.contains(&"--lock")
    }

    /// Whether it locks where it can.
    fn locks(&self) -> bool {
        self.needs_lock() || self.args.contains(&"--edit") || self.args.contains(&"--append")
    }

    fn target(&self) -> &'static str {
        if self.args.contains(&"n") { "n" } else { "f" }
    }

    fn backs_up(&self) -> bool {
        self.args.iter().any(|arg| arg.starts_with("--backup"))
    }

    fn syncs(&self) -> bool {
        !self.args.contains(&"none")
    }

    /// What is there before it.
    fn before(&self) -> &'static [&'static str] {
        if self.target() == "f" { &["f", "source"] } else { &["source"] }
    }

    /// What is there after it.
    fn after(&self) -> Vec<&'static str> {
        let mut names = vec![self.target(), "source"];
        names.extend(self.backup);
        names.sort_unstable();
        names
    }
}

fn every_way() -> impl Iterator<Item = &'static Way> {
    EXISTING.iter().chain(&ABSENT)
}

/// What came of a run.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    /// Standard error.
    says: String,
    /// Standard output.
    tells: String,
}

impl Run {
    /// The lines that warn.
    fn warnings(&self) -> Vec<&str> {
        self.says.lines().filter(|line| line.contains(": warning: ")).collect()
    }

    fn has_failed(&self) -> bool {
        matches!(self.status, Some(1 | 125))
    }

    /// Whether what was left behind is told: each name with a dot, in a line that says so.
    fn tells_of(&self, names: &[String]) -> bool {
        let word = if self.status == Some(0) { "warning: " } else { "hint: " };
        names.iter().filter(|name| name.starts_with(".aw-")).all(|name| {
            let mut lines = self.says.lines();
            lines.any(|line| line.contains(word) && line.contains(name.as_str()) && line.contains("is left behind"))
        })
    }
}

/// The program on the imitation, for one caller.
struct Trial {
    scene: Quirky,
    ordinary: bool,
    /// Where copies may be made.
    elsewhere: Scene,
}

impl Deref for Trial {
    type Target = Quirky;

    fn deref(&self) -> &Quirky {
        &self.scene
    }
}

impl Trial {
    /// For who runs the tests, and where that is root, for an ordinary user as well. None, and said so, without FUSE.
    fn for_each_caller() -> impl Iterator<Item = Trial> {
        Self::on(Quirky::new)
    }

    fn on(mount: impl Fn() -> Option<Quirky>) -> impl Iterator<Item = Trial> {
        let callers = if is_root() { &[false, true][..] } else { &[false] };
        callers.iter().map_while(move |&ordinary| {
            let trial = Trial { scene: mount()?, ordinary, elsewhere: Scene::new() };
            trial.elsewhere.chmod(".", 0o1777);
            trial.begin(&["f", "source"]);
            Some(trial)
        })
    }

    /// No quirks and no other files than these, which are the caller's: `f` holds `old\n`, all others hold `new\n`.
    fn begin(&self, names: &[&str]) {
        self.set(|quirks| *quirks = Quirks::default());
        for name in self.names() {
            let path = self.path(name);
            if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
        }
        for &name in names {
            self.write(name, if name == "f" { "old\n" } else { "new\n" });
            self.chmod(name, 0o640);
        }
        if self.ordinary {
            names.iter().copied().chain([""]).for_each(|name| self.give_to_user(name));
        }
    }

    /// Runs the program with `new\n` on its standard input. It ends within a minute, or the test fails.
    fn run(&self, args: &[&str]) -> Run {
        let mut command = if self.ordinary { self.scene.through(as_user()) } else { self.scene.cmd() };
        command.env("TMPDIR", self.elsewhere.root()).timeout(Duration::from_secs(60));
        let output = command.args(args).write_stdin("new\n").output().unwrap();
        assert!(output.status.code().is_some(), "{args:?} did not end: {output:?}");
        Run { status: output.status.code(), says: stderr(&output), tells: stdout(&output) }
    }

    /// What the file behind the mount holds; nothing where it is absent.
    fn content(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.behind(name)).ok()
    }

    /// Asserts that the way did what it does on any file system, and left nothing.
    fn is_done(&self, way: &Way, run: &Run) {
        let told = format!("{way:?}, ordinary user: {}: {run:?}, {:?}", self.ordinary, self.names());
        assert_eq!(run.status, Some(0), "{told}");
        assert_eq!(self.content(way.target()).as_deref(), Some(way.becomes), "{told}");
        assert_eq!(self.names(), way.after(), "{told}");
        if let Some(backup) = way.backup {
            assert_eq!(self.content(backup).as_deref(), Some("old\n"), "{told}");
        }
    }

    /// The same, and nothing was said.
    fn is_done_in_silence(&self, way: &Way, run: &Run) {
        assert_eq!(run.says, "", "{way:?}, ordinary user: {}", self.ordinary);
        self.is_done(way, run);
    }

    /// Asserts that nothing was done and nothing left, and that it says so.
    fn is_unchanged(&self, way: &Way, run: &Run) {
        let told = format!("{way:?}, ordinary user: {}: {run:?}, {:?}", self.ordinary, self.names());
        assert!(run.has_failed() && run.says.contains("(unchanged)"), "{told}");
        assert_eq!(self.names(), way.before(), "{told}");
        assert_eq!(self.content("f").as_deref(), (way.target() == "f").then_some("old\n"), "{told}");
        assert_eq!(self.elsewhere.names(), [""; 0], "{told}");
    }

    /// Asserts that it was done, or that it says why not and that nothing was; and that nothing is left in silence.
    fn is_done_or_says_why(&self, way: &Way, run: &Run) {
        let names = self.names();
        let told = format!("{way:?}, ordinary user: {}: {run:?}, {names:?}", self.ordinary);
        assert!(run.tells_of(&names), "{told}");
        let content = self.content(way.target());
        if run.status == Some(0) {
            assert_eq!(content.as_deref(), Some(way.becomes), "{told}");
        } else {
            assert!(matches!(run.status, Some(1 | 3 | 123 | 125)) && run.says.contains("(unchanged)"), "{told}");
            assert_eq!(content.as_deref(), (way.target() == "f").then_some("old\n"), "{told}");
        }
        let others: Vec<_> = names.iter().filter(|name| !name.starts_with(".aw-")).collect();
        assert_eq!(others, if run.status == Some(0) { way.after() } else { way.before().to_vec() }, "{told}");
    }

    /// Runs each of the ways with these quirks, each time from the beginning, and has it judged.
    fn each(
        &self,
        ways: impl IntoIterator<Item = &'static Way>,
        quirks: impl Fn(&mut Quirks),
        judge: impl Fn(&Trial, &Way, &Run),
    ) {
        for way in ways {
            self.begin(way.before());
            self.set(&quirks);
            let run = self.run(way.args);
            judge(self, way, &run);
        }
    }
}

//! Real sandboxes of Landlock(7), which permit just the one file: a rename over it is refused when it is made, and not
//! before. `--allow-in-place` is for that too.
//!
//! Rows: 82.

use std::path::Path;
use std::process::Output;

use landlock::{
    ABI, Access, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
};

use crate::common::needs::skip_on_this_kernel;
use crate::common::{Scene, names_in, stderr};

/// What may be done below a path.
type Rule<'p> = (&'p Path, BitFlags<AccessFs>);

/// The rights that the sandbox is about.
const RIGHTS: ABI = ABI::V3;

/// Runs `start` in a thread that is in a sandbox, whose children are in it as well; `None` where the kernel has none.
fn in_sandbox(rules: &[Rule<'_>], start: impl FnOnce() -> Output + Send) -> Option<Output> {
    std::thread::scope(|scope| {
        let sandboxed = scope.spawn(|| {
            let mut ruleset = Ruleset::default().handle_access(AccessFs::from_all(RIGHTS)).unwrap().create().unwrap();
            let everywhere: &[Rule<'_>] = &[(Path::new("/"), AccessFs::from_read(RIGHTS))];
            for &(path, rights) in everywhere.iter().chain(rules) {
                ruleset = ruleset.add_rule(PathBeneath::new(PathFd::new(path).unwrap(), rights)).unwrap();
            }
            let status = ruleset.restrict_self().unwrap();
            (status.ruleset == RulesetStatus::FullyEnforced).then(start)
        });
        let output = sandboxed.join().unwrap();
        if output.is_none() {
            skip_on_this_kernel("this kernel has no Landlock, or an old one");
        }
        output
    })
}

/// `f` in a directory of its own, and another directory for the copy.
struct Sandbox {
    scene: Scene,
    elsewhere: Scene,
}

impl Sandbox {
    fn new() -> Sandbox {
        let (scene, elsewhere) = (Scene::new(), Scene::on("/var/tmp".as_ref()));
        scene.mkdir("d");
        scene.write("d/f", "old");
        scene.chmod("d/f", 0o640);
        Sandbox { scene, elsewhere }
    }

    /// Runs it where these rights are given on `d`, and where `d/f` may be written.
    fn run(&self, on_directory: BitFlags<AccessFs>, args: &[&str]) -> Option<Output> {
        let (directory, file) = (self.scene.path("d"), self.scene.path("d/f"));
        let mut rules: Vec<Rule<'_>> = vec![
            (self.elsewhere.root(), AccessFs::from_all(RIGHTS)),
            (&directory, on_directory | AccessFs::ReadFile),
            (Path::new("/dev/null"), AccessFs::from_file(RIGHTS)),
        ];
        if file.exists() {
            rules.push((&file, AccessFs::WriteFile | AccessFs::ReadFile | AccessFs::Truncate));
        }
        let mut command = self.scene.cmd();
        command.env("TMPDIR", self.elsewhere.root()).args(args).write_stdin("new");
        in_sandbox(&rules, || command.output().unwrap())
    }

    fn assert_content(&self, content: &str, what: &str) {
        assert_eq!(self.scene.text("d/f"), content, "{what}");
        assert_eq!((names_in(&self.scene.path("d")), self.elsewhere.names()), (vec!["f".to_owned()], vec![]), "{what}");
    }
}

/// Nothing but that file.
fn nothing() -> BitFlags<AccessFs> {
    BitFlags::empty()
}

/// New files, but none may go, and so none be renamed over.
fn to_create() -> BitFlags<AccessFs> {
    AccessFs::MakeReg | AccessFs::WriteFile | AccessFs::Truncate
}

#[test]
fn where_only_the_file_may_be_written_the_error_names_the_overwrite() {
    for args in [&["d/f"][..], &["--from", "/dev/null", "d/f"], &["d/f", "--", "echo", "new"]] {
        let sandbox = Sandbox::new();
        let inode = sandbox.scene.inode("d/f");
        let Some(output) = sandbox.run(nothing(), args) else { return };
        let (text, expected) = (stderr(&output), if args.contains(&"--") { 125 } else { 1 });
        assert_eq!(output.status.code(), Some(expected), "{args:?}: {text}");
        assert!(text.contains("(unchanged)\nhint: ") && text.contains("--allow-in-place"), "{args:?}: {text}");
        sandbox.assert_content("old", text.as_str());
        assert_eq!((sandbox.scene.inode("d/f"), sandbox.scene.mode("d/f")), (inode, 0o640));
    }
}

#[test]
fn where_only_the_file_may_be_written_an_overwrite_may_be_allowed() {
    let ways: [&[&str]; 6] = [
        &["d/f"],
        &["d/f", "--", "printf", "new"],
        &["--edit", "d/f", "--", "sed", "s/old/new/"],
        &["--if-changed", "d/f"],
        &["--checksum", "sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437", "d/f"],
        &["--validate", "grep -q new", "d/f"],
    ];
    for args in ways {
        let sandbox = Sandbox::new();
        let inode = sandbox.scene.inode("d/f");
        let Some(output) = sandbox.run(nothing(), &[&["--allow-in-place"], args].concat()) else { return };
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {text}");
        assert!(text.starts_with("atomic-write: d/f: warning: ") && text.contains("overwritten in place"), "{text}");
        sandbox.assert_content("new", &format!("{args:?}"));
        assert_eq!((sandbox.scene.inode("d/f"), sandbox.scene.mode("d/f")), (inode, 0o640), "{args:?}");
    }
}

/// The staging file can be made there; that it cannot be renamed shows at the commit.
#[test]
fn where_only_the_rename_is_refused_the_error_names_the_overwrite() {
    let sandbox = Sandbox::new();
    let Some(output) = sandbox.run(to_create(), &["d/f"]) else { return };
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("(unchanged)\n") && text.contains("hint: --allow-in-place"), "{text}");
    assert_eq!(sandbox.scene.text("d/f"), "old");
    assert_told(&sandbox, &text);
}

#[test]
fn where_only_the_rename_is_refused_an_overwrite_may_be_allowed() {
    for args in [&["--allow-in-place", "d/f"][..], &["--allow-in-place", "d/f", "--", "printf", "new"]] {
        let sandbox = Sandbox::new();
        let inode = sandbox.scene.inode("d/f");
        let Some(output) = sandbox.run(to_create(), args) else { return };
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {text}");
        assert!(text.contains("overwritten in place"), "{args:?}: {text}");
        assert_eq!((sandbox.scene.text("d/f").as_str(), sandbox.scene.inode("d/f")), ("new", inode), "{args:?}");
        assert_told(&sandbox, &text);
    }
}

/// What may not be removed is told.
fn assert_told(sandbox: &Sandbox, text: &str) {
    for name in names_in(&sandbox.scene.path("d")).iter().filter(|name| *name != "f") {
        assert!(text.contains(&format!("d/{name} is left behind")), "{text}");
    }
    assert_eq!(sandbox.elsewhere.names(), [""; 0], "{text}");
}

/// There is nothing to be overwritten of a new TARGET.
#[test]
fn a_new_target_that_may_not_be_created_is_an_error() {
    for options in [&[][..], &["--allow-in-place"]] {
        let sandbox = Sandbox::new();
        std::fs::remove_file(sandbox.scene.path("d/f")).unwrap();
        let Some(output) = sandbox.run(nothing(), &[options, &["d/f"]].concat()) else { return };
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("(unchanged)\n") && !text.contains("hint: --allow-in-place"), "{text}");
        assert!(names_in(&sandbox.scene.path("d")).is_empty() && sandbox.elsewhere.names().is_empty());
    }
}

/// A sandbox that permits all that a replacement needs is not noticed.
#[test]
fn where_the_directory_may_be_written_it_is_replaced() {
    let sandbox = Sandbox::new();
    let inode = sandbox.scene.inode("d/f");
    let Some(output) = sandbox.run(AccessFs::from_all(RIGHTS), &["d/f"]) else { return };
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    sandbox.assert_content("new", "replaced");
    assert_ne!(sandbox.scene.inode("d/f"), inode);
}

/// Everything but to move a file from one directory to another: that answers EXDEV.
fn within_directories() -> BitFlags<AccessFs> {
    AccessFs::from_all(RIGHTS) & !AccessFs::Refer
}

#[test]
fn what_may_not_change_directories_is_copied() {
    let by_name = |script| ["-I", "{}", "d/f", "--", "sh", "-c", script, "sh", "{}"];
    let writes = by_name("printf new >\"$1\"");
    let validates = ["--validate", "grep -q new \"$1\" && test \"${1##*/}\" = f", "d/f"];
    let ways: [(&[&str], &[&str]); 7] = [
        (&[], &writes),
        (&["-e"], &writes),
        (&["--lock"], &writes),
        (&["--validate", "grep -q new \"$1\""], &writes),
        (&[], &validates),
        (&["--lock"], &validates),
        (&["-C", "--sync", "none"], &validates),
    ];
    for (options, args) in ways {
        let sandbox = Sandbox::new();
        let inode = sandbox.scene.inode("d/f");
        let Some(output) = sandbox.run(within_directories(), &[options, args].concat()) else { return };
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{options:?} {args:?}");
        sandbox.assert_content("new", &format!("{options:?} {args:?}"));
        assert_ne!(sandbox.scene.inode("d/f"), inode);
        assert_eq!(sandbox.scene.mode("d/f"), 0o640, "{options:?} {args:?}");
    }
    // A new one has the bits that COMMAND gave it.
    let sandbox = Sandbox::new();
    std::fs::remove_file(sandbox.scene.path("d/f")).unwrap();
    let Some(output) = sandbox.run(within_directories(), &by_name("printf new >\"$1\"; chmod 750 \"$1\"")) else {
        return;
    };
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    sandbox.assert_content("new", "created");
    assert_eq!(sandbox.scene.mode("d/f"), 0o750);
}

#[test]
fn what_is_refused_there_leaves_nothing() {
    for args in [
        &["--validate", "false", "d/f"][..],
        &["--validate", "rm \"$1\"", "d/f"],
        &["-n", "-I", "{}", "d/f", "--", "touch", "{}"],
        &["-I", "{}", "d/f", "--", "ln", "-s", "f", "{}"],
    ] {
        let sandbox = Sandbox::new();
        let Some(output) = sandbox.run(within_directories(), args) else { return };
        assert!(matches!(output.status.code(), Some(3 | 123)), "{args:?}: {output:?}");
        sandbox.assert_content("old", &format!("{args:?}"));
    }
}

#[test]
fn backup_is_kept_where_nothing_may_change_directories() {
    let sandbox = Sandbox::new();
    let args = ["-b", "-I", "{}", "d/f", "--", "sh", "-c", "printf new >\"$1\"", "sh", "{}"];
    let Some(output) = sandbox.run(within_directories(), &args) else { return };
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert_eq!((sandbox.scene.text("d/f"), sandbox.scene.text("d/f~")), ("new".to_owned(), "old".to_owned()));
    assert_eq!(names_in(&sandbox.scene.path("d")), ["f", "f~"]);
}

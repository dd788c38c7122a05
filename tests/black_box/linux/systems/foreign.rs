//! Real exFAT, FAT and NTFS, where files have no modes, ACLs or owners of their own, for an ordinary user: the one whom all
//! files are shown to belong to, and another one who may write them.
//!
//! Rows: 79, 86.

use std::fs;
use std::process::Output;

use assert_cmd::assert::OutputAssertExt;

use crate::common::needs::lacks;
use crate::common::{Mounted, Scene, USER, as_user, driver, names_in, stderr, stdout, tool};

/// A file system of another system's, on an image of its own, at `disk`.
struct Foreign {
    scene: Scene,
    _disk: Mounted,
    _image: tempfile::NamedTempFile,
}

/// Which one, and how it is made and mounted.
#[derive(Clone, Copy, Debug)]
struct Kind {
    name: &'static str,
    make: &'static [&'static str],
}

const KINDS: [Kind; 3] = [
    Kind { name: "exfat", make: &["mkfs.exfat"] },
    Kind { name: "vfat", make: &["mkfs.vfat"] },
    Kind { name: "ntfs-3g", make: &["mkfs.ntfs", "-q", "-F", "-Q"] },
];

/// Whom files are shown to belong to.
#[derive(Clone, Copy, Debug)]
enum Shown {
    /// The user himself. The mode is 0755.
    Own,
    /// Root, and everybody may write them: 0777.
    Anothers,
}

impl Foreign {
    fn new(kind: Kind, shown: Shown) -> Option<Foreign> {
        if lacks!(root, (kind.make[0]), setpriv) {
            return None;
        }
        let driver = driver(kind.name)?;
        let scene = Scene::new();
        let image = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        image.as_file().set_len(64 << 20).unwrap();
        let path = image.path().to_str().unwrap();
        tool(kind.make[0], &[&kind.make[1..], &[path]].concat());
        let options = match shown {
            Shown::Own => format!("loop,uid={USER},gid={USER},umask=022"),
            Shown::Anothers => "loop,uid=0,gid=0,umask=000".to_owned(),
        };
        let disk = Mounted::with(&scene, "disk", &["-t", driver, "-o", &options, path]);
        scene.write("src", "new\n");
        Some(Foreign { scene, _disk: disk, _image: image })
    }

    /// The program, for the ordinary user, in the directory that is mounted; `old\n` is in `f`.
    fn run(&self, args: &[&str]) -> Output {
        for name in self.names() {
            fs::remove_file(self.scene.path("disk").join(name)).unwrap();
        }
        self.scene.write("disk/f", "old\n");
        self.again(args)
    }

    /// The same with what is there.
    fn again(&self, args: &[&str]) -> Output {
        let mut command = self.scene.through(as_user());
        command.current_dir(self.scene.path("disk")).args(args).write_stdin("new\n").output().unwrap()
    }

    fn names(&self) -> Vec<String> {
        names_in(&self.scene.path("disk"))
    }
}

/// For each file system and each owner.
fn on_each(test: impl Fn(&Foreign, Shown, &str)) {
    for kind in KINDS {
        for shown in [Shown::Own, Shown::Anothers] {
            if let Some(foreign) = Foreign::new(kind, shown) {
                test(&foreign, shown, &format!("{kind:?} {shown:?}"));
            }
        }
    }
}

/// The other ways to do it, which all work there.
#[test]
fn a_shell_and_mv_replace_files_there() {
    on_each(|foreign, _, what| {
        foreign.run(&["--help"]);
        let script = "cd disk && echo new >f && echo moved >g && mv g f && sed -i s/moved/edited/ f && cat f";
        let mut command = foreign.scene.other("setpriv");
        let output = command.args(&as_user()[1..]).args(["sh", "-c", script]).output().unwrap();
        assert_eq!(stdout(&output), "edited\n", "{what}: {output:?}");
    });
}

/// All files have one owner and one mode. Asked for, these are had; others are an error before anything is read.
#[test]
fn only_the_owner_and_the_mode_of_all_may_be_asked_for() {
    on_each(|foreign, shown, what| {
        let (owner, mode) = match shown {
            Shown::Own => (USER, "u=rwx,go=rx"),
            Shown::Anothers => (0, "a=rwx"),
        };
        for target in ["f", "g"] {
            let given = [&format!("--owner={owner}"), &format!("--group={owner}"), "-m", mode, target];
            let output = foreign.run(&given);
            assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{what}: {given:?}");
            for (option, step) in [("--owner=4321", "owner"), ("--group=4321", "group"), ("--mode=go-rx", "mode")] {
                let output = foreign.run(&[option, target]);
                let text = stderr(&output);
                assert_eq!(output.status.code(), Some(1), "{what}: {option} {target}: {text}");
                let says = format!("atomic-write: {target}: {step}: ");
                assert!(text.starts_with(&says) && text.contains("(unchanged)"), "{what}: {text}");
                assert_eq!(foreign.names(), ["f"], "{what}");
            }
        }
    });
}

#[test]
fn an_ordinary_user_replaces_and_creates_files_in_every_way() {
    let ways: [(&[&str], &str, &[&str]); 16] = [
        (&["f"], "new\n", &["f"]),
        (&["f", "--", "cat"], "new\n", &["f"]),
        (&["--from", "../src", "f"], "new\n", &["f"]),
        (&["--edit", "f", "--", "sed", "s/old/new/"], "new\n", &["f"]),
        (&["--append", "f"], "old\nnew\n", &["f"]),
        (&["--backup=simple", "f"], "new\n", &["f", "f~"]),
        (&["--backup=numbered", "f"], "new\n", &["f", "f.~1~"]),
        (&["--if-changed", "f"], "new\n", &["f"]),
        (&["--validate", "grep -q new \"$1\"", "f"], "new\n", &["f"]),
        (&["--sync", "none", "f"], "new\n", &["f"]),
        (&["--force", "f"], "new\n", &["f"]),
        (&["g"], "old\n", &["f", "g"]),
        (&["--from", "../src", "g"], "old\n", &["f", "g"]),
        (&["g", "--", "cat"], "old\n", &["f", "g"]),
        (&["--append", "g"], "old\n", &["f", "g"]),
        (&["--backup=simple", "g"], "old\n", &["f", "g"]),
    ];
    on_each(|foreign, _, what| {
        for (args, content, names) in ways {
            let output = foreign.run(args);
            assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{what}: {args:?}");
            assert_eq!(
                (foreign.scene.text("disk/f").as_str(), foreign.names()),
                (content, to_owned(names)),
                "{what}: {args:?}"
            );
            match names {
                [_, "g"] => assert_eq!(foreign.scene.text("disk/g"), "new\n", "{what}: {args:?}"),
                [_, backup] => assert_eq!(foreign.scene.text(format!("disk/{backup}")), "old\n", "{what}: {args:?}"),
                _ => {}
            }
        }
    });
}

fn to_owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// It works, or says before anything is read why it cannot: where inodes have no lasting numbers, or nothing can be
/// renamed to a name that must be free.
#[test]
fn what_needs_more_than_the_file_system_has_works_or_is_refused() {
    on_each(|foreign, _, what| {
        for args in [&["--lock", "f"][..], &["--edit", "--lock", "f", "--", "cat"], &["--no-clobber", "g"]] {
            let output = foreign.run(args);
            if output.status.success() {
                assert_eq!(stderr(&output), "", "{what}: {args:?}");
                continue;
            }
            let text = stderr(&output);
            assert!(
                matches!(output.status.code(), Some(1 | 125)) && text.contains("(unchanged)\n"),
                "{what}: {args:?}: {text}"
            );
            assert!(text.contains(": lock: ") || text.contains(": no-clobber: "), "{what}: {args:?}: {text}");
            assert_eq!((foreign.scene.text("disk/f").as_str(), foreign.names()), ("old\n", to_owned(&["f"])), "{what}");
        }
    });
}

/// Row 86: nobody takes what everybody can read for private.
#[test]
fn a_mode_that_keeps_others_out_is_an_error_before_command_runs() {
    on_each(|foreign, _, what| {
        for mode in ["600", "0400", "640", "000"] {
            for target in ["f", "g"] {
                let output = foreign.run(&["--mode", mode, target, "--", "sh", "-c", "echo ran >&2; echo new"]);
                let text = stderr(&output);
                assert_eq!(output.status.code(), Some(125), "{what}: {mode} {target}: {text}");
                assert!(
                    text.contains(": mode: ") && text.contains("(unchanged)\n") && !text.contains("ran"),
                    "{what}: {text}"
                );
                assert_eq!(
                    (foreign.scene.text("disk/f").as_str(), foreign.names()),
                    ("old\n", to_owned(&["f"])),
                    "{what}"
                );
            }
        }
    });
}

/// A mode that is wider than what every file has is no danger, and the same run again changes nothing.
#[test]
fn a_mode_that_cannot_be_had_is_a_warning_once() {
    on_each(|foreign, shown, what| {
        let has = foreign.scene.mode("src");
        foreign.run(&["--help"]);
        let has_there = foreign.scene.mode("disk/f");
        assert_ne!(has, has_there, "{what}: it has modes");
        let output = foreign.run(&["--report", "-C", "-m", "777", "f"]);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "replaced\n"), "{what}: {output:?}");
        let warned = stderr(&output).contains("warning: cannot set mode");
        assert_eq!(warned, matches!(shown, Shown::Own), "{what}: {output:?}");
        let output = foreign.again(&["--report", "-C", "-m", "777", "f"]);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "unchanged\n"), "{what}: {output:?}");
        // The mode that every file has can be asked for.
        let output = foreign.run(&["--report", "-m", &format!("{has_there:o}"), "f"]);
        output.assert().success().stdout("replaced\n").stderr("");
    });
}

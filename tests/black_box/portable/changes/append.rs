//! `--append`: the old content, whole, and then the input.
//!
//! Rows: 58.

use std::process::Output;

use crate::common::needs::{lacks, needs};
use crate::common::{Scene, does, stderr, system};

#[test]
fn the_input_follows_the_old_content_wherever_it_comes_from() {
    for length in [0, 1, 100_000, 3_000_000] {
        let old: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
        let expected = [&old[..], b"new\n"].concat();
        let forms: [(&[&str], &str); 7] = [
            (&["-a", "f"], "new\n"),
            (&["--append", "f", "--from", "new"], ""),
            (&["f", "-a", "--"], ""),
            (&["-aC", "f"], "new\n"),
            (&["-a", "--lock", "--backup=simple", "f"], "new\n"),
            (&["-aC", "f", "--from", "new"], ""),
            (&["-a", "-m", "600", "--non-empty", "f", "--from", "new"], ""),
        ];
        for (args, stdin) in forms {
            if args.contains(&"-m") && lacks!(permissions) {
                continue;
            }
            let scene = Scene::new();
            scene.write("new", "new\n");
            scene.write("f", &old);
            let inode = scene.inode("f");
            let command = if args.ends_with(&["--"]) { does(&["cat new"]) } else { Vec::new() };
            scene.cmd().args(args).args(command).write_stdin(stdin).assert().success().stderr("");
            assert!(scene.read("f") == expected, "{length} {args:?}");
            assert_ne!(scene.inode("f"), inode);
        }
    }
}

#[test]
fn appending_to_a_missing_target_creates_it() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.symlink("behind", "link");
    for (args, name) in
        [(&["-a", "f"][..], "f"), (&["-aC", "g"], "g"), (&["-a", "link"], "behind"), (&["-aD", "d/h"], "d/h")]
    {
        scene.cmd().args(args).arg("--report").write_stdin("new").assert().success().stdout("created\n");
        assert_eq!(scene.text(name), "new");
    }
}

#[test]
fn appending_nothing_replaces_unless_only_changes_are_wanted() {
    let scene = Scene::with_old();
    let inode = scene.inode("f");
    scene.cmd().args(["-aC", "--report", "f"]).assert().success().stdout("unchanged\n");
    assert_eq!(scene.inode("f"), inode);
    scene.cmd().args(["-a", "--report", "f"]).assert().success().stdout("replaced\n");
    assert_eq!(scene.text("f"), "old");
}

#[test]
fn a_file_can_be_appended_to_itself() {
    let scene = Scene::new();
    let forms: [(&str, &dyn Fn() -> Output); 5] = [
        ("-a <f", &|| scene.with_stdin(&["-a", "f"], scene.open("f"))),
        ("--from f", &|| scene.cmd().args(["-a", "f", "--from", "f"]).output().unwrap()),
        ("COMMAND", &|| scene.cmd().args(["-a", "f", "--"]).args(does(&["cat f"])).output().unwrap()),
        ("-aC <f", &|| scene.with_stdin(&["-aC", "f"], scene.open("f"))),
        ("a pipe", &|| scene.cmd().args(["-aC", "f"]).write_stdin(scene.read("f")).output().unwrap()),
    ];
    for (form, run) in forms {
        if form.contains('<') && lacks!(open_files_give_way) {
            continue;
        }
        scene.write("f", "twice\n");
        let output = run();
        assert!(output.status.success(), "{form}: {output:?}");
        assert_eq!(scene.text("f"), "twice\ntwice\n", "{form}");
    }
}

#[test]
fn an_empty_command_is_refused_where_its_output_would_be_appended() {
    let scene = Scene::with_old();
    scene.cmd().args(["-a", "f", "--"]).args(does(&[])).assert().code(123);
    scene.cmd().args(["-a", "f", "--"]).args(does(&["print part\n", "exit 6"])).assert().code(6);
    assert_eq!(scene.text("f"), "old");
}

#[test]
fn a_link_itself_has_nothing_to_append_to() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.write("file", "old");
    scene.symlink("file", "f");
    let output = scene.cmd().args(["-aP", "f"]).write_stdin("new").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("read: is a symbolic link"), "{output:?}");
    scene.cmd().args(["-a", "f"]).write_stdin("new").assert().success();
    assert_eq!(scene.text("file"), "oldnew");
    assert!(scene.path("f").is_symlink());
}

#[test]
fn holes_of_the_old_content_stay_holes() {
    needs!(holes);
    let scene = Scene::new();
    let file = std::fs::File::create(scene.path("f")).unwrap();
    file.set_len(64 << 20).unwrap();
    file.sync_all().unwrap();
    for options in ["-a", "-aC"] {
        scene.cmd().args([options, "f"]).write_stdin("end").assert().success();
    }
    assert_eq!(file.metadata().unwrap().len(), 64 << 20);
    assert_eq!(std::fs::metadata(scene.path("f")).unwrap().len(), (64 << 20) + 6);
    assert!(system::allocated(&scene.path("f")).unwrap() < 1 << 19);
}

/// Row 58: without the lock the last writer wins, whole.
#[test]
fn what_others_append_meanwhile_is_lost_without_the_lock() {
    needs!(shell);
    let scene = Scene::new();
    scene.write("f", "old ");
    let meanwhile = "printf 'other ' | $AW -a --no-lock f; printf 'mine '";
    let output = scene.sh(&format!("$AW -a --no-lock f -- sh -c \"{meanwhile}\""));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(scene.text("f"), "old mine ");
    let meanwhile = meanwhile.replace("--no-lock f", "f 2>/dev/null");
    let output = scene.sh(&format!("$AW -a f -- sh -c \"{meanwhile}\""));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(scene.text("f"), "old mine mine ");
}

#[test]
fn what_was_added_and_what_is_there_now_are_counted() {
    for (args, input, says, word) in [
        (&["f"][..], "12345", "replaced (5 bytes appended, now 8 bytes)", "replaced"),
        (&["-C", "f"], "12345", "replaced (5 bytes appended, now 8 bytes)", "replaced"),
        (&["-C", "f"], "", "unchanged (0 bytes appended, now 3 bytes)", "unchanged"),
        (&["--in-place", "f"], "1", "overwritten in place (1 byte appended, now 4 bytes)", "replaced"),
        (&["--dry-run", "f"], "12345", "would be replaced (5 bytes appended, then 8 bytes)", "replaced"),
        (&["new"], "12345", "created (5 bytes)", "created"),
        (&["--dry-run", "new"], "12345", "would be created (5 bytes)", "created"),
    ] {
        let scene = Scene::with_old();
        let target = args[args.len() - 1];
        let output = scene.cmd().args(["-a", "-v", "--report"]).args(args).write_stdin(input).output().unwrap();
        assert_eq!(stderr(&output), format!("atomic-write: {target}: {says}\n"), "{args:?}");
        assert_eq!(output.stdout, format!("{word}\n").as_bytes(), "{args:?}");
    }
}

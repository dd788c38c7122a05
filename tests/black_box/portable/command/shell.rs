//! `--shell`: a script in place of COMMAND, in which a pipeline fails as a whole.
//!
//! Rows: 1.

use std::process::Output;

use crate::common::needs::{lacks, needs};
use crate::common::{Scene, stderr};

fn shell(scene: &Scene, options: &[&str], script: &str) -> Output {
    scene.cmd().args(options).args(["f", "--shell", script]).write_stdin("given\n").output().unwrap()
}

#[test]
fn a_script_becomes_the_target_where_each_part_succeeds() {
    needs!(bash);
    for (options, script, becomes) in [
        (&[][..], "echo b; echo a", "b\na\n"),
        (&[], "printf 'b\\na\\n' | sort", "a\nb\n"),
        (&[], "cat", "given\n"),
        (&["-e"], "tr a-z A-Z | tr O U", "ULD"),
        (&["-a"], "echo '$0'", "old$0\n"),
        // Without arguments, and as the shell is called.
        (&[], "echo \"$# ${0##*/}\"", "0 bash\n"),
        (&[], "false || echo \"it's\"", "it's\n"),
        (&["--success-status", "1"], "echo x | grep -v y; false | cat", "x\n"),
    ] {
        let scene = Scene::with_old();
        let output = shell(&scene, options, script);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{script}");
        scene.has_only("f", becomes);
    }
}

#[test]
fn a_part_of_a_pipeline_that_fails_leaves_the_target_unchanged() {
    needs!(bash);
    for (options, script, status) in [
        (&[][..], "false | echo new", 1),
        (&[], "exit 3 | cat; exit", 3),
        (&[], "echo new | exit 4", 4),
        (&["-e"], "exit 5 | echo new", 5),
        (&["-a"], "echo new; exit 6", 6),
        (&["--allow-empty"], "no-such-command | cat", 127),
        (&[], "-n", 127),
        (&[], "echo new; )", 2),
        (&[], ":", 123),
    ] {
        let scene = Scene::with_old();
        let output = shell(&scene, options, script);
        assert_eq!(output.status.code(), Some(status), "{script}: {output:?}");
        scene.has_only("f", "old");
    }
    let scene = Scene::with_old();
    let words = "atomic-write: f: replace: command 'exit 7 | cat' exited with status 7 (unchanged)\n";
    assert_eq!(stderr(&shell(&scene, &[], "exit 7 | cat")), words);
}

#[test]
fn a_pipe_whose_reader_ends_early_is_explained() {
    needs!(bash, signals);
    let scene = Scene::with_old();
    let script = "trap - PIPE; (trap - PIPE; yes) | head -n 1";
    let output = shell(&scene, &[], script);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(141), "{text}");
    assert!(
        text.ends_with("hint: 141 is SIGPIPE, as of a pipe into head; to accept it: --success-status 141\n"),
        "{text}"
    );
    scene.has_only("f", "old");
    assert!(shell(&scene, &["--success-status", "141"], script).status.success());
    scene.has_only("f", "y\n");
}

/// The path is not in the script's text, so whatever it is called, it is only a path.
#[test]
fn with_a_placeholder_the_script_writes_at_a_path() {
    needs!(bash);
    let any = !lacks!(any_names);
    for name in
        ["f", "a b", "it's", "$(touch ran)", "`touch ran`", "\" ; touch ran; \"", "two\nlines", "*", "-n", "$HOME"]
    {
        if !any && name != "f" && name != "a b" && name != "it's" {
            continue;
        }
        for script in [
            "printf n >STR; printf ew | cat >>STR",
            // What the arguments are, and whose text it is, does not matter.
            "w() { printf new >STR; }; w ran",
            "sh -c 'printf new >STR'",
            "x=STR; printf new | tee -- \"$x\"",
        ] {
            let scene = Scene::new();
            let target = scene.path(name);
            let mut command = scene.cmd();
            command.args(["-I", "STR", "--shell", script, "--"]).arg(&target).assert().success().stderr("");
            assert_eq!(
                (scene.names(), std::fs::read(&target).unwrap()),
                (vec![name.to_owned()], b"new".to_vec()),
                "{script}"
            );
        }
    }
    let scene = Scene::with_old();
    assert!(shell(&scene, &["-I", "{}", "-e"], "tr a-z A-Z <{} >{}.new; mv {}.new {}").status.success());
    scene.has_only("f", "OLD");
    // Quotes of its own would take away those that it has.
    for script in ["echo >\"{}\"", "echo >'{}'"] {
        let output = scene.cmd().args(["-I", "{}", "--shell", script, "f"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(stderr(&output).contains("STR is quoted by itself; write it without quotes"), "{output:?}");
    }
    assert_eq!(shell(&scene, &["-I", "{}"], "false | cat >{}").status.code(), Some(1));
    scene.has_only("f", "OLD");
}

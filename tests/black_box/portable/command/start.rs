//! How COMMAND is found and started, and that it is not when something is known to stand in the way.
//!
//! Rows: none.

use crate::common::needs::needs;
use crate::common::{Scene, stderr};

pub fn script(scene: &Scene, name: &str, content: &str, mode: u32) {
    scene.write(name, content);
    scene.chmod(name, mode);
}

#[test]
fn a_command_that_is_not_there_is_127() {
    needs!(native_program);
    let scene = Scene::new();
    for command in ["no-such-command", "./none", "/no/such"] {
        is_not_found(&scene, command);
    }
    assert!(scene.names().is_empty());
}

fn is_not_found(scene: &Scene, command: &str) {
    // A directory of PATH that may not be searched would leave it open whether it is there.
    let output = scene.cmd().env("PATH", scene.root()).args(["f", "--", command]).output().unwrap();
    assert_eq!(output.status.code(), Some(127));
    let expected = format!("atomic-write: f: replace: command '{command}' was not found (unchanged)\n");
    assert_eq!(stderr(&output), expected);
}

#[test]
fn a_command_whose_interpreter_is_not_there_is_127() {
    needs!(native_program, shell, permissions);
    let scene = Scene::new();
    script(&scene, "no-interpreter", "#!/no/such/interpreter\n", 0o755);
    is_not_found(&scene, "./no-interpreter");
    assert_eq!(scene.names(), ["no-interpreter"]);
}

#[test]
fn a_command_that_cannot_be_run_is_126() {
    needs!(native_program, shell, permissions);
    let scene = Scene::new();
    script(&scene, "plain", "#!/bin/sh\necho new\n", 0o644);
    scene.mkdir("directory");
    for command in ["./plain", "./directory", "./plain/below"] {
        let output = scene.cmd().args(["f", "--", command]).output().unwrap();
        assert_eq!(output.status.code(), Some(126), "{}", stderr(&output));
        assert!(stderr(&output).contains(&format!("command '{command}' could not be run: ")), "{}", stderr(&output));
    }
    assert_eq!(scene.names(), ["directory", "plain"]);
}

#[test]
fn a_script_without_an_interpreter_line_is_given_to_the_shell() {
    needs!(native_program, shell, permissions);
    let scene = Scene::new();
    scene.mkdir("bin");
    script(&scene, "bin/made", "printf '%s|' \"$0\" \"$@\"\n", 0o755);
    let path = scene.path("bin/made");
    scene.cmd().args(["f", "--", "./bin/made", "a b", "-c"]).assert().success();
    assert_eq!(scene.text("f"), "./bin/made|a b|-c|");
    let search = format!("{}:/usr/bin:/bin", scene.path("bin").display());
    scene.cmd().env("PATH", search).args(["f", "--", "made", "x"]).assert().success();
    assert_eq!(scene.text("f"), format!("{}|x|", path.display()));
}

#[test]
fn a_command_is_looked_for_in_path() {
    needs!(native_program, shell, permissions);
    let scene = Scene::new();
    for directory in ["one", "two", "three"] {
        scene.mkdir(directory);
    }
    // Neither a directory of that name nor a file that cannot be run is it.
    scene.mkdir("one/made");
    script(&scene, "two/made", "#!/bin/sh\necho two\n", 0o644);
    script(&scene, "three/made", "#!/bin/sh\necho three\n", 0o755);
    script(&scene, "made", "#!/bin/sh\necho here\n", 0o755);
    let run = |path: &str| scene.cmd().env("PATH", path).args(["f", "--", "made"]).output().unwrap();
    assert!(run("one:two:three").status.success());
    assert_eq!(scene.text("f"), "three\n");
    // An empty element is the working directory.
    assert!(run("one::three").status.success());
    assert_eq!(scene.text("f"), "here\n");
    assert_eq!(run("one:two").status.code(), Some(126));
    assert_eq!(run("four").status.code(), Some(127));
    assert_eq!(scene.text("f"), "here\n");
}

#[test]
fn a_script_without_an_interpreter_line_is_found_in_path() {
    needs!(native_program, shell, permissions);
    let scene = Scene::new();
    for directory in ["one", "two"] {
        scene.mkdir(directory);
    }
    scene.mkdir("one/made");
    script(&scene, "two/made", "echo two\n", 0o755);
    scene.cmd().env("PATH", "one:two:/usr/bin:/bin").args(["f", "--", "made"]).assert().success();
    assert_eq!(scene.text("f"), "two\n");
}

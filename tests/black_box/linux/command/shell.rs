//! Which shell runs a script of `--shell`.
//!
//! Rows: none.

use crate::common::needs::needs;
use crate::common::{Scene, stderr, tool};

/// A directory with these programs in it, as PATH; each is a link to where it is found.
fn path(scene: &Scene, programs: &[(&str, &str)]) -> std::path::PathBuf {
    let directory = scene.mkdir("bin");
    for (name, program) in programs {
        scene.symlink(tool("sh", &["-c", &format!("command -v {program}")]).trim_end(), format!("bin/{name}"));
    }
    directory
}

const SCRIPT: &str = "false | echo new";

#[test]
fn without_bash_a_shell_that_has_pipefail_does() {
    needs!(bash);
    let scene = Scene::with_old();
    let path = path(&scene, &[("sh", "bash"), ("cat", "cat")]);
    let mut run = scene.cmd();
    run.env("PATH", &path).args(["--shell", SCRIPT, "f"]).assert().code(1);
    assert_eq!(scene.text("f"), "old");
    scene.cmd().env("PATH", &path).args(["--shell", "echo new | cat", "f"]).assert().success();
    assert_eq!(scene.text("f"), "new\n");
}

#[test]
fn without_bash_it_works_where_the_ends_of_children_are_ignored() {
    needs!(bash, env);
    let scene = Scene::new();
    let path = path(&scene, &[("sh", "bash")]);
    let mut run = scene.other("env");
    run.arg("--ignore-signal=CHLD").arg("-i").arg(format!("PATH={}", path.display())).arg(crate::common::program());
    let output = run.args(["--shell", "echo new", "f"]).output().unwrap();
    assert_eq!((output.status.code(), scene.text("f").as_str()), (Some(0), "new\n"), "{output:?}");
}

#[test]
fn without_pipefail_nothing_is_run() {
    needs!(dash);
    let dash = std::process::Command::new("dash").args(["-o", "pipefail", "-c", ":"]).output().unwrap();
    let scene = Scene::with_old();
    let with_dash = path(&scene, &[("sh", "dash"), ("touch", "touch"), ("cat", "cat")]);
    let nothing = scene.mkdir("empty");
    for path in [with_dash, nothing] {
        if path.ends_with("bin") && dash.status.success() {
            // A newer one, which has it.
            continue;
        }
        for options in [&[][..], &["-e"], &["-I", "{}"], &["--dry-run"]] {
            let script = if options.contains(&"-I") { "touch ran; echo >{}" } else { "touch ran; echo new" };
            let args = [options, &["--shell", script, "f"]].concat();
            let output = scene.cmd().env("PATH", &path).args(args).output().unwrap();
            assert_eq!(output.status.code(), Some(127), "{output:?}");
            let words = "atomic-write: f: replace: --shell: there is no bash, and sh has no pipefail (unchanged)\n";
            assert_eq!(stderr(&output), words);
            assert_eq!(
                (scene.text("f").as_str(), scene.names()),
                ("old", ["bin", "empty", "f"].map(str::to_owned).to_vec())
            );
        }
    }
}

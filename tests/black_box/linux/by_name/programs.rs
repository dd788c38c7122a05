//! Programs that write by name, as they are installed.
//!
//! Rows: 95, 96, 98, 99.

use std::process::Output;

use crate::common::needs::needs;
use crate::common::{Scene, stderr, tool};

/// Runs a program by way of `-I {}`, in the scene; it must succeed and leave nothing else.
#[track_caller]
fn writes(scene: &Scene, target: &str, options: &[&str], words: &[&str]) {
    let before = scene.names();
    let output = run(scene, target, options, words);
    assert!(output.status.success() && stderr(&output).is_empty(), "{words:?}: {output:?}");
    let after: Vec<String> = scene.names().into_iter().filter(|name| name != target).collect();
    assert_eq!(after, before.into_iter().filter(|name| name != target).collect::<Vec<_>>(), "{words:?}");
}

fn run(scene: &Scene, target: &str, options: &[&str], words: &[&str]) -> Output {
    scene.cmd().args(options).args(["-I", "{}", target, "--"]).args(words).output().unwrap()
}

/// What is said by a program in the scene, which must succeed.
fn said(scene: &Scene, script: &str) -> String {
    let output = scene.sh(script);
    assert!(output.status.success(), "{script}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_compiler_writes_a_program_that_can_be_executed() {
    needs!(gcc);
    let scene = Scene::new();
    scene.write("hello.c", "#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n");
    for options in [&[][..], &["-b"], &["-C"], &["--validate", "\"$1\" >/dev/null"]] {
        let command = ["-I", "{}", "hello", "--", "gcc", "-o", "{}", "hello.c"];
        scene.cmd().args(options).args(command).assert().success().stderr("");
        assert_eq!(said(&scene, "./hello"), "hello\n");
        assert_eq!(scene.mode("hello") & 0o111, 0o111);
        let _ = std::fs::remove_file(scene.path("hello~"));
    }
    // An error of the program's.
    scene.write("hello.c", "int main(void) {");
    let output = run(&scene, "hello", &[], &["gcc", "-o", "{}", "hello.c"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(said(&scene, "./hello"), "hello\n");
    assert_eq!(scene.names(), ["hello", "hello.c"]);
}

#[test]
fn linker_archiver_and_objcopy_write() {
    needs!(gcc, ld, ar, objcopy, strip);
    let scene = Scene::new();
    scene.write("a.c", "int one(void) { return 1; }\n");
    writes(&scene, "a.o", &[], &["gcc", "-c", "-o", "{}", "a.c"]);
    writes(&scene, "b.o", &[], &["ld", "-r", "-o", "{}", "a.o"]);
    writes(&scene, "c.o", &[], &["objcopy", "--strip-debug", "a.o", "{}"]);
    writes(&scene, "d.o", &[], &["strip", "-g", "-o", "{}", "a.o"]);
    for object in ["a.o", "b.o", "c.o", "d.o"] {
        assert!(said(&scene, &format!("nm {object}")).contains(" T one\n"), "{object}");
    }
    writes(&scene, "lib.a", &[], &["ar", "rc", "{}", "a.o"]);
    writes(&scene, "lib.a", &["-e"], &["ar", "r", "{}", "b.o"]);
    assert_eq!(said(&scene, "ar t lib.a"), "a.o\nb.o\n");
}

#[test]
fn sort_and_other_small_tools_write() {
    let scene = Scene::new();
    scene.write("lines", "b\na\n");
    let program = |words: &[&str]| {
        writes(&scene, "f", &[], words);
        scene.text("f")
    };
    assert_eq!(program(&["sort", "-o", "{}", "lines"]), "a\nb\n");
    assert_eq!(program(&["cp", "lines", "{}"]), "b\na\n");
    assert_eq!(program(&["install", "-m", "755", "lines", "{}"]), "b\na\n");
    assert_eq!(program(&["dd", "if=lines", "of={}", "bs=1", "count=2", "status=none"]), "b\n");
    writes(&scene, "f", &["-e"], &["sort", "-o", "{}", "{}", "lines"]);
    assert_eq!(scene.text("f"), "a\nb\nb\n");
    writes(&scene, "f", &["-e"], &["truncate", "-s", "2", "{}"]);
    assert_eq!(scene.text("f"), "a\n");
}

#[test]
fn editors_of_streams_edit_in_place() {
    needs!(perl);
    let scene = Scene::new();
    scene.write("f.txt", "old text\n");
    scene.chmod("f.txt", 0o640);
    writes(&scene, "f.txt", &["-e"], &["sed", "-i", "s/old/new/", "{}"]);
    assert_eq!(scene.text("f.txt"), "new text\n");
    writes(&scene, "f.txt", &["-e"], &["perl", "-pi", "-e", "s/new/newer/", "{}"]);
    assert_eq!((scene.text("f.txt").as_str(), scene.mode("f.txt")), ("newer text\n", 0o640));
    let output = run(&scene, "f.txt", &["-e"], &["sed", "-i.bak", "s/newer/newest/", "{}"]);
    assert!(output.status.success(), "{output:?}");
    assert!(stderr(&output).contains("removed what the command left beside its output: f.txt.bak\n"), "{output:?}");
    assert_eq!((scene.text("f.txt").as_str(), scene.names()), ("newest text\n", vec!["f.txt".to_owned()]));
}

#[test]
fn archivers_write() {
    needs!(tar, zip);
    let scene = Scene::new();
    scene.write("one", "1\n");
    scene.write("two", "2\n");
    writes(&scene, "a.tar", &[], &["tar", "-cf", "{}", "one"]);
    writes(&scene, "a.tar", &["-e"], &["tar", "-rf", "{}", "two"]);
    assert_eq!(said(&scene, "tar -tf a.tar"), "one\ntwo\n");
    writes(&scene, "a.zip", &[], &["zip", "-q", "{}", "one"]);
    writes(&scene, "a.zip", &["-e"], &["zip", "-q", "{}", "two"]);
    assert_eq!(
        said(&scene, "unzip -Z1 a.zip || zip -sf a.zip | sed -n 's/^  //p' | grep -E '^(one|two)$'"),
        "one\ntwo\n"
    );
}

#[test]
fn openssl_and_curl_write() {
    needs!(openssl, curl);
    let scene = Scene::new();
    let source = scene.write("source", "text\n");
    writes(&scene, "a.b64", &[], &["openssl", "enc", "-base64", "-in", "source", "-out", "{}"]);
    assert_eq!(scene.text("a.b64"), "dGV4dAo=\n");
    writes(&scene, "key.pem", &[], &["openssl", "rand", "-hex", "-out", "{}", "8"]);
    assert_eq!(scene.text("key.pem").len(), 17);
    let url = format!("file://{}", source.display());
    writes(&scene, "got", &[], &["curl", "-sS", "-o", "{}", &url]);
    assert_eq!(scene.text("got"), "text\n");
    let output = run(&scene, "got", &[], &["curl", "-sS", "-o", "{}", &format!("{url}.missing")]);
    assert_eq!(output.status.code(), Some(37), "{output:?}");
    assert_eq!(scene.text("got"), "text\n");
}

#[test]
fn a_database_is_created_and_changed() {
    needs!(sqlite3);
    let scene = Scene::new();
    writes(&scene, "a.db", &[], &["sqlite3", "{}", "create table t (n); insert into t values (1);"]);
    writes(&scene, "a.db", &["-e"], &["sqlite3", "{}", "insert into t values (2);"]);
    assert_eq!(said(&scene, "sqlite3 a.db 'select n from t'"), "1\n2\n");
    let inode = scene.inode("a.db");
    writes(&scene, "a.db", &["-e", "-q"], &["sqlite3", "{}", ".schema"]);
    assert_eq!(scene.inode("a.db"), inode);
}

#[test]
fn a_repository_is_a_tree_and_a_bundle_is_a_file() {
    needs!(git);
    let scene = Scene::new();
    let identity = "-c user.name=n -c user.email=e";
    said(&scene, &format!("git init -q r && git -C r {identity} commit -q --allow-empty -m c"));
    let output = run(&scene, "m.git", &[], &["git", "clone", "-q", "--mirror", "r", "{}"]);
    assert_eq!(output.status.code(), Some(123), "{output:?}");
    assert!(stderr(&output).contains("the command left a directory in place of a file"), "{output:?}");
    assert_eq!(scene.names(), ["r"]);
    writes(&scene, "r.bundle", &[], &["git", "-C", "r", "bundle", "create", "-q", "{}", "HEAD"]);
    assert!(said(&scene, "git ls-remote \"$PWD/r.bundle\"").contains("HEAD"));
}

/// The key's other half is a file of its own, and is not silently lost.
#[test]
fn a_program_that_writes_two_files_is_told_of_the_second() {
    needs!("ssh-keygen");
    let scene = Scene::new();
    let output = run(&scene, "id", &[], &["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "{}"]);
    assert!(output.status.success(), "{output:?}");
    assert!(stderr(&output).contains("removed what the command left beside its output: id.pub\n"), "{output:?}");
    assert!(tool("ssh-keygen", &["-y", "-f", scene.path("id").to_str().unwrap()]).starts_with("ssh-ed25519 "));
    assert_eq!((scene.names(), scene.mode("id")), (vec!["id".to_owned()], 0o600));
}

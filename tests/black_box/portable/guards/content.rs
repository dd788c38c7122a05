//! `--non-empty` and `--checksum`.
//!
//! Rows: none.

use super::refused;
use crate::common::{NOTHING, Scene, does, stderr};
use crate::portable::input::holes::sparse;

/// As many bytes `x` as in [`content`], as sha256sum(1) and sha512sum(1) have their digests.
const SHA256: &str = "sha256:60ac51f35e32790207b62d6a4614d523975339403a66cfc204df2c758ec28053";
const SHA512: &str = "sha512:db921bf3803f633c8358a9cfedca89967f068e78ce7046bf7fa80047979ba690\
                      be7855c90698953b197b3f2d9814051ad32270d1b8cba62720940754bcef3827";
/// The same with `y` for the last.
const OTHER: &str = "sha256:b2ea3d1dc38f5255ddfb2198b5f741eb18fb6c2d59cac3d9ecb68f01d9ce3be4";

fn content() -> Vec<u8> {
    vec![b'x'; 1_000_003]
}

#[test]
fn an_empty_input_is_refused_where_it_must_not_be() {
    let scene = Scene::with_old();
    let output = scene.cmd().args(["--non-empty", "f"]).output().unwrap();
    refused(&scene, &output, "non-empty: the input is empty");
    assert!(stderr(&output).ends_with("\nhint: did the producer fail?\n"));
    for options in [&["--from", NOTHING][..], &["--append"], &["-C"]] {
        let output = scene.cmd().args(options).args(["--non-empty", "f"]).output().unwrap();
        refused(&scene, &output, "non-empty: the input is empty");
    }
    scene.cmd().args(["--non-empty", "f"]).write_stdin("\n").assert().success();
    assert_eq!(scene.text("f"), "\n");
}

#[test]
fn an_empty_input_is_fine_where_nobody_minds() {
    let scene = Scene::with_old();
    scene.cmd().arg("f").assert().success();
    assert_eq!(scene.text("f"), "");
    scene.cmd().args(["--from", NOTHING, "g"]).assert().success();
    assert_eq!(scene.text("g"), "");
}

#[test]
fn content_with_the_right_digest_is_taken_in_either_case() {
    let content = content();
    for known in [SHA256, SHA512] {
        let scene = Scene::new();
        scene.write("source", &content);
        for word in [known.to_owned(), known.to_uppercase(), known.replace("sha", "SHA")] {
            scene.cmd().args(["--checksum", &word, "f"]).write_stdin(content.clone()).assert().success();
            scene.cmd().args(["--checksum", &word, "g", "--from", "source"]).assert().success();
            scene.cmd().args(["--checksum", &word, "h", "--"]).args(does(&["cat source"])).assert().success();
            // The input's digest, not the file's.
            scene.write("i", "old");
            scene.cmd().args(["-a", "--checksum", &word, "i", "--from", "source"]).assert().success();
            assert!(scene.read("f") == content && scene.read("g") == content && scene.read("h") == content);
            assert_eq!(scene.read("i").len(), content.len() + 3);
        }
    }
}

#[test]
fn if_changed_hashes_what_is_common_too() {
    let scene = Scene::new();
    let mut content = content();
    scene.write("f", &content);
    for (last, known) in [(b'x', SHA256), (b'y', OTHER)] {
        *content.last_mut().unwrap() = last;
        scene.cmd().args(["-C", "--checksum", known, "f"]).write_stdin(content.clone()).assert().success();
        assert!(scene.read("f") == content);
        let output = scene.cmd().args(["-C", "--checksum", known, "f"]).write_stdin("other").output().unwrap();
        assert_eq!(output.status.code(), Some(3));
    }
}

#[test]
fn content_with_another_digest_is_refused_and_both_are_told() {
    let scene = Scene::with_old();
    let (zeros, none) = ("0".repeat(64), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let expected = format!("sha256:{zeros}");
    let output = scene.cmd().args(["--checksum", &expected, "f"]).output().unwrap();
    refused(&scene, &output, &format!("checksum: expected {expected}, got sha256:{none} (0 bytes)"));
    assert!(stderr(&output).ends_with("hint: the input was empty; did the producer fail?\n"));
    let output = scene.cmd().args(["--checksum", &expected, "f"]).write_stdin("a").output().unwrap();
    let got = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    refused(&scene, &output, &format!("checksum: expected {expected}, got sha256:{got} (1 byte)"));
    assert!(!stderr(&output).contains("hint"));
}

#[test]
fn a_digest_that_is_none_is_a_usage_error() {
    let scene = Scene::with_old();
    let short = "sha512:".to_owned() + &"0".repeat(64);
    for option in ["--checksum", "--if-match"] {
        for word in ["", "sha256", "sha256:", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:xyz", &short] {
            scene.cmd().args([option, word, "f"]).write_stdin("new").assert().code(2);
        }
    }
    assert_eq!(scene.text("f"), "old");
}

#[test]
fn a_file_with_holes_has_the_digest_of_its_zeros() {
    let scene = Scene::new();
    sparse(&scene.path("source"), &[(1_500_000, 4)], 3_000_000);
    let known = "sha256:b838218de2c9ce3758477f839172a51aa6fee0b1a1d39be267792514d891e1e0";
    scene.cmd().args(["--checksum", known, "f", "--from", "source"]).assert().success();
    assert!(scene.read("f") == scene.read("source"));
}

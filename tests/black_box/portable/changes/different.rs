//! `--if-changed` where the content differs, somewhere: the common part is taken from the old file.
//!
//! Rows: 64.

use crate::common::needs::{lacks, needs};
use crate::common::{Scene, does, stderr};

/// `length` bytes that are nowhere alike.
pub fn content(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index * 31 % 251).unwrap()).collect()
}

/// What differs from `old`: at the start, late, at the very end, in the length.
fn variants(old: &[u8]) -> Vec<Vec<u8>> {
    let changed = |at: usize| {
        let mut new = old.to_vec();
        new[at] ^= 0xff;
        new
    };
    let mut longer = old.to_vec();
    longer.extend_from_slice(b"and more");
    let last = old.len() - 1;
    vec![changed(0), changed(last / 2), changed(last), longer, old[..last].to_vec(), old[..1].to_vec(), Vec::new()]
}

#[test]
fn every_difference_is_found_and_taken_wherever_the_content_comes_from() {
    // Around the size that is read at once, and not.
    for length in [3, 256 * 1024, 256 * 1024 + 1, 3_000_000] {
        let old = content(length);
        for new in variants(&old) {
            let scene = Scene::new();
            scene.write("new", &new);
            let from: [(&[&str], &[u8]); 5] = [
                (&["-C", "f"], &new),
                (&["-C", "f", "--from", "new"], b""),
                (&["-C", "--allow-empty", "f", "--"], b""),
                (&["-C", "--lock", "-b", "-S", "~", "--allow-empty", "-e", "f", "--"], b""),
                (&["-C", "-m", "600", "f"], &new),
            ];
            for (args, stdin) in from {
                if args.contains(&"-m") && lacks!(permissions) {
                    continue;
                }
                scene.write("f", &old);
                let command = if args.ends_with(&["--"]) { does(&["cat new"]) } else { Vec::new() };
                scene.cmd().args(args).args(command).write_stdin(stdin).assert().success().stderr("");
                assert!(scene.read("f") == new, "{length} {} {args:?}", new.len());
            }
        }
    }
}

#[test]
fn an_empty_old_file_and_a_missing_one_differ() {
    let scene = Scene::new();
    scene.write("f", "");
    scene.cmd().args(["-C", "--report", "f"]).write_stdin("new").assert().success().stdout("replaced\n");
    scene.cmd().args(["-C", "--report", "g"]).write_stdin("").assert().success().stdout("created\n");
    assert_eq!((scene.text("f"), scene.text("g")), ("new".to_owned(), String::new()));
}

#[test]
fn the_common_part_of_a_large_file_is_not_kept_in_memory() {
    needs!(shell, signals);
    let scene = Scene::new();
    let old = vec![b'x'; 48 << 20];
    scene.write("f", &old);
    let script = "ulimit -v 40000; { cat f; echo end; } | $AW -C f";
    let output = scene.sh(script);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(scene.read("f").len(), old.len() + 4);
}

#[test]
fn an_old_file_edited_while_it_is_compared_is_left_alone() {
    let old = vec![b'x'; 1_000_000];
    for (edit, end) in [
        // The same in the end as what was compared, and another.
        ("patch f y", "print "),
        ("patch f y", "print end\n"),
        ("append f end\n", "print end\n"),
        ("write f short", "print end\n"),
    ] {
        let scene = Scene::new();
        scene.write("f", &old);
        scene.write("same", &old);
        // More than the pipe holds: it is being compared when the edit comes.
        let command = does(&["cat same", edit, end]);
        let output = scene.cmd().args(["-C", "f", "--"]).args(command).output().unwrap();
        let inode = scene.inode("f");
        assert_eq!(output.status.code(), Some(125), "{edit} {end}: {output:?}");
        let words = stderr(&output);
        assert!(words.contains("read: the old content ") && words.contains(" while it was "), "{words}");
        assert_eq!((scene.inode("f"), scene.names()), (inode, vec!["f".to_owned(), "same".to_owned()]));
        assert!(scene.read("f") != scene.read("same"));
    }
}

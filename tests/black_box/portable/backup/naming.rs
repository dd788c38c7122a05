//! Which name a backup gets: control words, environment, suffixes, numbers.
//!
//! Rows: 32.

use crate::common::needs::needs;
use crate::common::{Scene, does, stderr, system};

/// What a control word means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Means {
    None,
    Simple,
    Existing,
    Numbered,
}

const WORDS: [(&str, Means); 20] = [
    ("none", Means::None),
    ("off", Means::None),
    ("no", Means::None),
    ("non", Means::None),
    ("o", Means::None),
    ("of", Means::None),
    ("simple", Means::Simple),
    ("never", Means::Simple),
    ("s", Means::Simple),
    ("simp", Means::Simple),
    ("ne", Means::Simple),
    ("existing", Means::Existing),
    ("nil", Means::Existing),
    ("e", Means::Existing),
    ("exist", Means::Existing),
    ("ni", Means::Existing),
    ("numbered", Means::Numbered),
    ("t", Means::Numbered),
    ("nu", Means::Numbered),
    ("numb", Means::Numbered),
];

impl Means {
    /// The names afterwards, where there was `f` alone.
    fn first(self) -> &'static [&'static str] {
        match self {
            Means::None => &["f"],
            Means::Simple | Means::Existing => &["f", "f~"],
            Means::Numbered => &["f", "f.~1~"],
        }
    }

    /// The names afterwards, where there were `f` and `f.~1~`.
    fn next(self) -> &'static [&'static str] {
        match self {
            Means::None => &["f", "f.~1~"],
            Means::Simple => &["f", "f.~1~", "f~"],
            Means::Existing | Means::Numbered => &["f", "f.~1~", "f.~2~"],
        }
    }

    /// Replaces `f` in both situations, by these words.
    fn holds(self, arguments: &[&str], environment: &[(&str, &str)]) {
        for (there, names) in [(&[][..], self.first()), (&["f.~1~"], self.next())] {
            let scene = Scene::with_old();
            for name in there {
                scene.write(name, "older");
            }
            let mut command = scene.cmd();
            command.envs(environment.iter().copied()).args(arguments).arg("f");
            command.write_stdin("new").assert().success().stdout("").stderr("");
            assert_eq!(scene.names(), names, "{arguments:?} {environment:?}");
            assert_eq!(scene.text("f"), "new");
            if let Some(made) = names.iter().find(|name| **name != "f" && !there.contains(name)) {
                assert_eq!(scene.text(made), "old");
            }
            for name in there {
                assert_eq!(scene.text(name), "older");
            }
        }
    }
}

#[test]
fn each_word_and_its_beginnings_mean_what_gnu_has_them_mean() {
    for (word, means) in WORDS {
        means.holds(&[&format!("--backup={word}")], &[]);
        means.holds(&["--backup"], &[("VERSION_CONTROL", word)]);
        means.holds(&["-b"], &[("VERSION_CONTROL", word)]);
        means.holds(&["-S~"], &[("VERSION_CONTROL", word)]);
    }
}

#[test]
fn without_a_word_existing_is_meant() {
    Means::Existing.holds(&["-b"], &[]);
    Means::Existing.holds(&["--backup"], &[]);
    Means::Existing.holds(&["--backup="], &[]);
    Means::Existing.holds(&["-b"], &[("VERSION_CONTROL", "")]);
    Means::Numbered.holds(&["--backup="], &[("VERSION_CONTROL", "numbered")]);
}

#[test]
fn the_option_wins_over_the_environment_which_asks_for_nothing() {
    Means::Simple.holds(&["--backup=simple"], &[("VERSION_CONTROL", "numbered")]);
    Means::Simple.holds(&["--backup=simple"], &[("VERSION_CONTROL", "nonsense")]);
    Means::Simple.holds(&["-b", "--backup=simple"], &[]);
    Means::None.holds(&["--backup=none", "-b", "-S", "x"], &[]);
    Means::None.holds(&[], &[("VERSION_CONTROL", "numbered"), ("SIMPLE_BACKUP_SUFFIX", ".x")]);
    Means::None.holds(&[], &[("VERSION_CONTROL", "nonsense")]);
}

#[test]
fn a_word_that_means_nothing_or_several_things_is_a_usage_error() {
    for word in ["n", "x", "nonex", "numbered1", "Numbered", "simple ", "tt", "1"] {
        let scene = Scene::with_old();
        let inode = scene.inode("f");
        for (argument, environment, origin) in
            [(format!("--backup={word}"), "", "CONTROL"), ("-b".to_owned(), word, "VERSION_CONTROL")]
        {
            let mut command = scene.cmd();
            command.env("VERSION_CONTROL", environment).args([&argument, "f"]);
            let output = command.write_stdin("new").output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{word}");
            let text = stderr(&output);
            assert!(text.contains(origin) && text.contains(word), "{text}");
            assert_eq!((scene.names(), scene.inode("f")), (vec!["f".to_owned()], inode));
        }
    }
}

/// The suffix that `f` gets as its simple backup.
fn suffix(arguments: &[&str], environment: Option<&str>) -> String {
    let scene = Scene::with_old();
    let mut command = scene.cmd();
    if let Some(suffix) = environment {
        command.env("SIMPLE_BACKUP_SUFFIX", suffix);
    }
    command.args(arguments).arg("f").write_stdin("new").assert().success().stderr("");
    let names = scene.names();
    let backup = names.iter().find(|name| *name != "f").expect("a backup");
    assert_eq!((names.len(), scene.text(backup).as_str(), scene.text("f").as_str()), (2, "old", "new"));
    backup.strip_prefix('f').unwrap().to_owned()
}

#[test]
fn a_suffix_alone_asks_for_a_backup_and_wins_over_the_environment() {
    for words in [&["-S", ".bak"][..], &["-S.bak"], &["--suffix", ".bak"], &["--suffix=.bak"], &["-b", "-S.bak"]] {
        assert_eq!(suffix(words, None), ".bak");
        assert_eq!(suffix(words, Some(".env")), ".bak");
    }
    assert_eq!(suffix(&["-b"], Some(".env")), ".env");
    assert_eq!(suffix(&["--backup=simple"], Some(".env")), ".env");
    assert_eq!(suffix(&["-b"], None), "~");
}

#[test]
fn a_suffix_that_is_none_gives_way_to_the_usual_one() {
    assert_eq!(suffix(&["-b"], Some("")), "~");
    assert_eq!(suffix(&["-b"], Some("a/b")), "~");
    assert_eq!(suffix(&["-S", ""], None), "~");
    assert_eq!(suffix(&["-S", ""], Some(".env")), "~");
}

#[test]
fn a_suffix_that_leads_into_another_directory_is_a_usage_error() {
    for suffix in ["/x", "a/b", "/../x"] {
        let scene = Scene::with_old();
        scene.cmd().args(["-S", suffix, "f"]).write_stdin("new").assert().code(2);
        assert_eq!((scene.names(), scene.text("f").as_str()), (vec!["f".to_owned()], "old"));
    }
}

#[test]
fn the_next_number_follows_the_highest() {
    let scene = Scene::with_old();
    // Only the first two are numbers as GNU writes them.
    for name in [
        "f.~2~",
        "f.~9~",
        "f.~010~",
        "f.~11",
        "f.~~",
        "f.~x~",
        "g.~20~",
        "f.~-30~",
        ".f.~40~",
        "f.~9~.~50~",
        "f.~99999999999999999999~",
    ] {
        scene.write(name, name);
    }
    let before = scene.names();
    scene.cmd().args(["-b", "f"]).write_stdin("new").assert().success();
    assert_eq!(scene.text("f.~10~"), "old");
    scene.cmd().args(["--backup=t", "f"]).write_stdin("newer").assert().success();
    assert_eq!(scene.text("f.~11~"), "new");
    for name in before.iter().filter(|name| *name != "f") {
        assert_eq!(scene.text(name), *name, "untouched");
    }
    assert_eq!(scene.names().len(), before.len() + 2);
}

#[test]
fn numbers_beyond_all_bounds_are_an_error_and_not_a_wrong_name() {
    let scene = Scene::with_old();
    scene.write(format!("f.~{}~", u64::MAX), "");
    let inode = scene.inode("f");
    scene.cmd().args(["-b", "f"]).write_stdin("new").assert().code(1);
    assert_eq!((scene.inode("f"), scene.names().len()), (inode, 2));
}

/// The number is taken at the last moment, by the kernel.
#[test]
fn a_number_that_somebody_else_took_meanwhile_is_left_to_him() {
    let scene = Scene::with_old();
    let command = does(&["write f.~1~ his\n", "write f.~2~ his\n", "print new\n"]);
    scene.cmd().args(["--backup=numbered", "f", "--"]).args(command).assert().success().stderr("");
    assert_eq!(scene.names(), ["f", "f.~1~", "f.~2~", "f.~3~"]);
    let texts: Vec<String> = scene.names().iter().map(|name| scene.text(name)).collect();
    assert_eq!(texts, ["new\n", "his\n", "his\n", "old"]);
}

#[test]
fn no_content_is_lost_among_writers_with_numbered_backups() {
    const WRITERS: usize = 24;
    needs!(exchange);
    let scene = Scene::with_old();
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let mut command = scene.cmd();
            command.args(["--backup=numbered", "f"]).write_stdin(format!("{number}"));
            std::thread::spawn(move || command.assert().success())
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let mut contents: Vec<String> = scene.names().iter().map(|name| scene.text(name)).collect();
    contents.sort();
    let mut expected: Vec<String> = (0..WRITERS).map(|number| number.to_string()).chain(["old".to_owned()]).collect();
    expected.sort();
    assert_eq!(contents, expected);
}

#[test]
fn a_new_target_has_no_backup_and_an_old_backup_stays() {
    let scene = Scene::new();
    scene.write("f~", "older");
    for control in ["simple", "numbered"] {
        scene.cmd().args([&format!("--backup={control}"), "f"]).write_stdin("new").assert().success().stderr("");
        assert_eq!((scene.names(), scene.text("f~").as_str()), (vec!["f".to_owned(), "f~".to_owned()], "older"));
        std::fs::remove_file(scene.path("f")).unwrap();
    }
}

#[test]
fn an_unchanged_target_has_no_backup() {
    let scene = Scene::with_old();
    let inode = scene.inode("f");
    scene.cmd().args(["-b", "-C", "f"]).write_stdin("old").assert().success();
    assert_eq!((scene.names(), scene.inode("f")), (vec!["f".to_owned()], inode));
    scene.cmd().args(["-b", "-C", "f"]).write_stdin("new").assert().success();
    assert_eq!((scene.text("f").as_str(), scene.inode("f~")), ("new", inode));
}

#[test]
fn a_backup_lies_beside_the_file_that_a_link_leads_to() {
    needs!(symlinks);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/real", "old");
    scene.symlink("d/real", "f");
    scene.cmd().args(["-b", "f"]).write_stdin("new").assert().success();
    assert_eq!(scene.names(), ["d", "f"]);
    assert_eq!((scene.text("d/real").as_str(), scene.text("d/real~").as_str()), ("new", "old"));
    // The link itself is what -P replaces and keeps.
    scene.cmd().args(["-P", "-b", "f"]).write_stdin("newer").assert().success();
    assert_eq!(std::fs::read_link(scene.path("f~")).unwrap().to_str(), Some("d/real"));
    assert_eq!((scene.text("f").as_str(), scene.text("d/real").as_str()), ("newer", "new"));
    assert!(!scene.path("f").is_symlink());
}

/// Row 32, for backups: found before anything is read. The name of 255 bytes itself is no trouble.
#[test]
fn a_backups_name_that_is_too_long_is_refused_before_command_runs() {
    for (length, words, fits) in [
        (255, "--backup=simple", false),
        (254, "--backup=simple", true),
        (252, "-S.bak", false),
        (251, "-S.bak", true),
        (252, "--backup=numbered", false),
        (251, "--backup=numbered", true),
        (255, "--backup=none", true),
    ] {
        let scene = Scene::new();
        let name = "x".repeat(length);
        scene.write(&name, "old");
        let command = does(&["write ran", "print new\n"]);
        let output = scene.cmd().args([words, &name, "--"]).args(command).output().unwrap();
        assert_eq!(output.status.code(), Some(if fits { 0 } else { 125 }), "{words} {length}: {}", stderr(&output));
        assert_eq!(scene.path("ran").exists(), fits);
        assert_eq!(scene.text(&name), if fits { "new\n" } else { "old" });
    }
}

#[test]
fn a_backup_that_is_a_link_is_replaced_and_not_followed() {
    needs!(symlinks);
    let scene = Scene::with_old();
    scene.write("elsewhere", "untouched");
    scene.symlink("elsewhere", "f~");
    scene.cmd().args(["-b", "f"]).write_stdin("new").assert().success();
    assert!(!scene.path("f~").is_symlink());
    assert_eq!((scene.text("f~").as_str(), scene.text("elsewhere").as_str()), ("old", "untouched"));
    scene.symlink("nowhere", "f.~1~");
    scene.cmd().args(["-b", "f"]).write_stdin("newer").assert().success();
    assert_eq!(scene.text("f.~2~"), "new");
}

#[test]
fn a_suffix_is_bytes() {
    needs!(any_names);
    let scene = Scene::with_old();
    let [suffix, backup] = [&b".\xff\n"[..], b"f.\xff\n"].map(|bytes| system::argument(bytes).unwrap());
    scene.cmd().arg("-S").arg(suffix).arg("f").write_stdin("new").assert().success();
    assert_eq!(scene.text(backup), "old");
}

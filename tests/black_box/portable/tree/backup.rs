//! The old tree as a backup.
//!
//! Rows: 102.

use super::{done, fails, made, make, run, tree, with_tree};
use crate::common::needs::needs;
use crate::common::{Scene, does, names_in};
use crate::portable::lock::lost::at_once;

#[test]
fn the_old_tree_gets_the_backups_name() {
    needs!(exchange);
    for (options, name) in [
        (&["-b"][..], "d~"),
        (&["--backup=simple"], "d~"),
        (&["--backup=numbered"], "d.~1~"),
        (&["--backup=existing"], "d~"),
        (&["-S", ".old"], "d.old"),
    ] {
        let scene = with_tree();
        let inode = scene.inode("d");
        done(&scene, &[options, &["d"]].concat(), &super::NEW);
        assert_eq!((tree(&scene, name), scene.inode(name)), (made("old"), inode), "{options:?}");
        assert_eq!(tree(&scene, "d"), ["f = new"]);
        assert_eq!(
            scene.names(),
            ["d", name]
                .map(str::to_owned)
                .into_iter()
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn an_older_backup_is_replaced_as_a_whole() {
    needs!(exchange);
    let scene = with_tree();
    make(&scene, "d~", "older");
    scene.write("d~/only", "here");
    done(&scene, &["-b", "d"], &super::NEW);
    assert_eq!((tree(&scene, "d"), tree(&scene, "d~")), (vec!["f = new".to_owned()], made("old")));
    assert_eq!(scene.names(), ["d", "d~"]);
    done(&scene, &["--backup=simple", "--edit", "d"], &["append {}/f er"]);
    assert_eq!((tree(&scene, "d"), tree(&scene, "d~")), (vec!["f = newer".to_owned()], vec!["f = new".to_owned()]));
    assert_eq!(scene.names(), ["d", "d~"]);
}

#[test]
fn numbers_go_on_where_there_are_some() {
    needs!(exchange);
    let scene = with_tree();
    make(&scene, "d.~7~", "older");
    done(&scene, &["--backup=existing", "d"], &super::NEW);
    assert_eq!(tree(&scene, "d.~8~"), made("old"));
    done(&scene, &["--backup=numbered", "d"], &["write {}/f newer"]);
    assert_eq!((tree(&scene, "d.~9~"), tree(&scene, "d.~7~")), (vec!["f = new".to_owned()], made("older")));
    assert_eq!(scene.names(), ["d", "d.~7~", "d.~8~", "d.~9~"]);
}

#[test]
fn a_backup_is_made_of_a_directory_that_appears() {
    needs!(exchange);
    let scene = Scene::new();
    done(&scene, &["-b", "d"], &["write {}/f new", "mkdir d", "write d/g theirs"]);
    assert_eq!((tree(&scene, "d"), tree(&scene, "d~")), (vec!["f = new".to_owned()], vec!["g = theirs".to_owned()]));
}

#[test]
fn a_failure_leaves_the_backups_as_they_were() {
    needs!(exchange);
    for (options, steps, status) in [
        (&["-b"][..], &["write {}/f new", "exit 7"][..], 7),
        (&["-b", "--validate", "exit 1"], &["write {}/f new"], 123),
        (&["-b"], &["list {}"], 123),
        (&["--backup=numbered", "--edit"], &["write {}/f new", "append d/f x"], 123),
    ] {
        let scene = with_tree();
        make(&scene, "d~", "older");
        let inode = scene.inode("d~");
        let output = run(&scene, &[options, &["d"]].concat(), steps);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        assert_eq!((scene.names(), scene.inode("d~")), (vec!["d".to_owned(), "d~".to_owned()], inode));
        assert_eq!(tree(&scene, "d~"), made("older"));
    }
}

#[test]
fn nothing_is_kept_of_what_was_not_there_or_did_not_change() {
    needs!(exchange);
    let scene = with_tree();
    let output = run(&scene, &["-b", "--edit", "d"], &["list {}"]);
    fails(&scene, &output, 0, "");
    done(&scene, &["-b", "new"], &super::NEW);
    assert_eq!(names_in(scene.root()), ["d", "new"]);
}

/// Each exchange gives away one old tree, and each of those is somebody's.
#[test]
fn many_writers_at_once_lose_no_tree() {
    needs!(exchange, open_files_give_way);
    let scene = Scene::new();
    scene.mkdir("d");
    scene.write("d/f", "0");
    let writers = 8;
    let ends = at_once(writers, |number| {
        let text = format!("write {{}}/f {}", number + 1);
        let mut command = scene.process();
        command.args(["--tree", "--backup=numbered", "-I", "{}", "d", "--"]).args(does(&[&text]));
        command.spawn().unwrap()
    });
    assert_eq!(ends, vec![0; writers]);
    let names = scene.names();
    let mut texts: Vec<String> = names.iter().map(|name| scene.text(format!("{name}/f"))).collect();
    texts.sort();
    assert_eq!(texts, (0..=writers).map(|number| number.to_string()).collect::<Vec<_>>(), "{names:?}");
}

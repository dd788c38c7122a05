//! What docs/recipes.md says of `make install`: under fakeroot, with DESTDIR, it makes what install(1) makes.

use std::fmt::Write;

use super::recipes::{block, run};
use crate::common::needs::needs;
use crate::common::{Scene, program, stderr, stdout};

/// The rules that automake writes, shortened by what they print: the files in groups and then the directory, links to other
/// names, and pages that are installed one by one as another name.
const MAKEFILE: &str = r#"
INSTALL = install -c
INSTALL_PROGRAM = $(INSTALL)
INSTALL_DATA = $(INSTALL) -m 644
prefix = /usr
am__base_list = sed '$$!N;$$!N;$$!N;$$!N;$$!N;$$!N;$$!N;s/\n/ /g' | sed '$$!N;$$!N;$$!N;$$!N;s/\n/ /g'
bin_PROGRAMS = $(wildcard bin/*)
data_DATA = $(wildcard data/*)
man_MANS = $(wildcard man/*)

install: install-binPROGRAMS install-dataDATA install-man install-hook

install-binPROGRAMS:
	mkdir -p '$(DESTDIR)$(prefix)/bin'
	for p in $(bin_PROGRAMS); do echo "$$p"; done | while read p; do \
	  $(INSTALL_PROGRAM) $$p '$(DESTDIR)$(prefix)/bin' || exit $$?; \
	done

install-dataDATA:
	mkdir -p '$(DESTDIR)$(prefix)/share/data'
	for p in $(data_DATA); do echo "$$p"; done | $(am__base_list) | while read files; do \
	  $(INSTALL_DATA) $$files '$(DESTDIR)$(prefix)/share/data' || exit $$?; \
	done

install-man:
	mkdir -p '$(DESTDIR)$(prefix)/share/man/man1'
	for p in $(man_MANS); do \
	  inst=`echo "$$p" | sed -e 's,.*/,,' -e 's,^,x,'`; \
	  $(INSTALL_DATA) "$$p" "$(DESTDIR)$(prefix)/share/man/man1/$$inst" || exit $$?; \
	done

install-hook:
	$(INSTALL) -d -m 700 '$(DESTDIR)/var/lib/empty dir'
	$(INSTALL) -m 4755 bin/p1 '$(DESTDIR)$(prefix)/bin/set-id'
	$(INSTALL) -p -m u=rw,go=r -o 1 -g 2 bin/p2 '$(DESTDIR)$(prefix)/bin/owned'
	ln -sf p1 '$(DESTDIR)$(prefix)/bin/link'
"#;

/// A project of several dozen files.
fn project() -> Scene {
    let scene = Scene::new();
    for directory in ["path", "bin", "data", "man"] {
        scene.mkdir(directory);
    }
    std::os::unix::fs::symlink(program(), scene.path("path/atomic-write")).unwrap();
    scene.write("Makefile", MAKEFILE);
    for number in 1..=60 {
        scene.write(format!("data/d{number}"), format!("data {number}\n"));
        scene.chmod(format!("data/d{number}"), 0o600);
    }
    for number in 1..=9 {
        scene.write(format!("bin/p{number}"), format!("program {number}\n"));
        scene.write(format!("man/m{number}.1"), "");
    }
    assert!(scene.other("touch").args(["-d", "2020-01-02", "bin/p2"]).status().unwrap().success());
    scene
}

/// The examples that the mode was asked for by.
const EXAMPLES: &str = "\
    atomic-write -t etc/app build/conf/*.conf\n\
    atomic-write -t usr/local/bin -m 755 --owner root --group root target/release/app\n\
    find build -name '*.json' -print0 | atomic-write -t srv/data --files0-from=-\n\
    atomic-write --if-changed --report -t gen build/gen/*.rs\n";

#[test]
fn many_files_go_where_they_belong() {
    needs!(fakeroot, find);
    let scene = project();
    let directories = ["build/conf", "build/gen", "target/release", "etc/app", "usr/local/bin", "srv/data", "gen"];
    for directory in directories {
        std::fs::create_dir_all(scene.path(directory)).unwrap();
    }
    let files = [
        "build/conf/a.conf",
        "build/conf/b.conf",
        "build/a.json",
        "build/gen/b.json",
        "build/gen/m.rs",
        "target/release/app",
    ];
    for file in files {
        scene.write(file, file);
    }
    scene.write("gen/m.rs", "build/gen/m.rs");
    scene.write("etc/app/a.conf", "old");
    scene.write("script", format!("PATH=$PWD/path:$PATH\n{EXAMPLES}stat -c '%a %u %g' usr/local/bin/app\n"));
    let output = run(&scene, "exec fakeroot sh -e script", "");
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("unchanged m.rs\n755 0 0\n", ""));
    let placed =
        ["etc/app/a.conf", "etc/app/b.conf", "srv/data/a.json", "srv/data/b.json", "gen/m.rs", "usr/local/bin/app"];
    for (name, source) in placed.iter().zip(files) {
        assert_eq!(scene.text(name), source);
    }
}

/// What the block does in the project, as root or as what fakeroot shows of it, after `before`: each file with its kind, mode,
/// owner, size and link.
fn installed(scene: &Scene, first_line: &str, before: &str) -> String {
    let mut script = String::new();
    writeln!(script, "PATH=$PWD/path:$PATH; umask 022\n{before}").unwrap();
    script.push_str(&block(first_line).scripts().remove(0).replace("make ", "make -s "));
    script.push_str(
        "\nfind stage -printf '%P %y %m %U %G %l\\n' | sort >list\nfind stage -name owned -printf 'of %TY\n' >>list",
    );
    scene.write("script", script);
    let output = run(scene, "exec fakeroot sh -e script", "");
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    assert_eq!(stderr(&output), "");
    scene.text("list")
}

const RECIPE: &str = "atomic-write --mode 755 atomic-install <<'END'";

/// The list, and all contents.
fn differs(one: &str, other: &str, scenes: [&Scene; 2]) {
    assert_eq!(one, other);
    let stages = scenes.map(|scene| scene.path("stage"));
    let diff = scenes[0].other("diff").arg("-r").args(stages).output().unwrap();
    assert!(diff.status.success(), "{}", stdout(&diff));
}

#[test]
fn a_project_is_installed_as_by_install() {
    needs!(make, fakeroot);
    let (ours, theirs) = (project(), project());
    let list = installed(&ours, RECIPE, "");
    assert!(list.lines().count() > 80 && list.contains("usr/bin/set-id f 4755 0 0"), "{list}");
    assert!(list.contains("usr/bin/owned f 644 1 2") && list.ends_with("of 2020\n"), "{list}");
    assert!(list.contains("var/lib/empty dir d 700 0 0") && list.contains("man1/xm9.1 f 644 0 0"), "{list}");
    // Without INSTALL=, so that install(1) does it.
    let dropped = "make() { command make \"$1\" \"$2\" \"$4\"; }";
    differs(&list, &installed(&theirs, RECIPE, dropped), [&ours, &theirs]);
}

#[test]
fn what_was_installed_is_replaced_and_links_are_not_followed() {
    needs!(make, fakeroot);
    let (ours, fresh) = (project(), project());
    let list = installed(&fresh, RECIPE, "");
    let before = "mkdir -p stage/usr/bin stage/usr/share/data; echo old >old; ln -s ../../../old stage/usr/bin/p1\n\
                  echo old >stage/usr/share/data/d1; chmod 600 stage/usr/share/data/d1; chown 3:4 stage/usr/share/data/d1";
    differs(&list, &installed(&ours, RECIPE, before), [&fresh, &ours]);
    assert_eq!(ours.text("old"), "old\n");
    // The second time with -C: nothing is written, so the inodes stay.
    let inodes = |scene: &Scene| {
        stdout(&scene.other("find").args(["stage/usr/share", "-type", "f", "-printf", "%i\n"]).output().unwrap())
    };
    let once = inodes(&ours);
    let compare = "make() { command make \"$1\" \"$2\" \"$3 -C\" \"$4\"; }";
    differs(&list, &installed(&ours, RECIPE, compare), [&fresh, &ours]);
    assert_eq!(inodes(&ours), once);
}

#[test]
fn a_file_that_cannot_be_installed_stops_make() {
    needs!(make, fakeroot);
    let scene = project();
    scene.write(
        "script",
        format!("PATH=$PWD/path:$PATH\nmkdir -p stage/usr/share/data/d7\n{}", block(RECIPE).scripts()[0]),
    );
    let output = run(&scene, "exec fakeroot sh -e script", "");
    assert!(!output.status.success() && stderr(&output).contains("d7: replace: is a directory"), "{}", stderr(&output));
    assert_eq!(scene.text("stage/usr/share/data/d8"), "data 8\n", "the others are there");
    assert!(!scene.path("stage/usr/share/man").exists(), "what comes after it is not");
}

#[test]
fn what_the_script_does_not_know_is_a_usage_error() {
    needs!(root, make);
    let scene = project();
    let output = run(&scene, &format!("PATH=$PWD/path:$PATH\n{}", block(RECIPE).scripts()[0]), "");
    assert!(output.status.success(), "{}", stderr(&output));
    for option in ["-s", "-b", "-D", "--strip"] {
        let output = run(&scene, &format!("PATH=$PWD/path:$PATH; ./atomic-install {option} data/d1 stage/new"), "");
        assert_eq!(output.status.code(), Some(2), "{option}");
    }
    assert!(!scene.path("stage/new").exists());
}

#[test]
fn the_own_rule_installs_under_fakeroot() {
    needs!(make, fakeroot);
    // A list of files may be empty.
    for names in [&["a", "b"][..], &[]] {
        let scene = project();
        scene.mkdir("doc");
        scene.write("app", "app");
        scene.write("doc/manual", "manual");
        for name in names {
            scene.write(format!("data/{name}.json"), *name);
        }
        let list = installed(&scene, "DESTDIR =", "");
        let files: Vec<_> = list.lines().filter(|line| line.contains(" f ")).collect();
        let data = names.iter().map(|name| format!("usr/local/share/app/{name}.json f 644 0 0 "));
        let (bin, man) = ("usr/local/bin/app f 755 0 0 ", "usr/local/share/man/man1/app.1 f 644 0 0 ");
        let expected: Vec<_> = [bin.to_owned()].into_iter().chain(data).chain([man.to_owned()]).collect();
        assert_eq!(files, expected);
    }
}

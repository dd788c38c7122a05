//! Libraries that are loaded before libc and stand in for its calls. The program calls the kernel by way of libc, so that
//! they see all of it.
//!
//! Rows: 85.

use crate::common::needs::needs;
use crate::common::strace::Strace;
use crate::common::{Scene, as_user, program, stderr, stdout};

/// The lines that a script prints in one session of fakeroot(1), in which an ordinary user seems to be root. `$AW` is the
/// program, `f` an old file of user 12 and group 13, and `owner` prints who owns what and its mode.
fn in_fakeroot(script: &str) -> Vec<String> {
    let scene = Scene::new();
    scene.give_to_user("");
    let prepare = "AW=/proc/self/fd/9; umask 022; owner() { stat -c '%n %u:%g %a' \"$@\"; }; \
                   printf old >f; chmod 640 f; chown 12:13 f; owner f";
    let mut command = scene.other("sh");
    command.args(["-c", "exec 9<\"$PROGRAM\"; exec \"$@\"", "sh"]).args(as_user()).env("PROGRAM", program());
    let output = command.args(["fakeroot", "sh", "-ec", &format!("{prepare}\n{script}")]).output().unwrap();
    assert!(output.status.success() && stderr(&output).is_empty(), "{script}: {output:?}");
    let text = stdout(&output);
    let mut lines = text.lines().map(str::to_owned);
    assert_eq!(lines.next().as_deref(), Some("f 12:13 640"));
    lines.collect()
}

#[test]
fn fakeroot_sees_the_owner_that_a_replaced_file_keeps() {
    needs!(fakeroot, dynamic_program);
    for replace in [
        "printf new | $AW f",
        "printf new >src; $AW --from src f",
        "$AW f -- printf new",
        "$AW --edit --lock f -- sed s/old/new/",
        "printf new | $AW --validate 'grep -q new \"$1\"' f",
        "printf new | $AW --if-changed f",
    ] {
        assert_eq!(in_fakeroot(&format!("{replace}; owner f; cat f")), ["f 12:13 640", "new"], "{replace}");
    }
}

#[test]
fn fakeroot_sees_a_new_file_as_its_roots() {
    needs!(fakeroot, dynamic_program);
    for create in ["echo new | $AW new", "echo new | $AW --no-clobber new", "echo new | $AW --parents new"] {
        assert_eq!(in_fakeroot(&format!("{create}; owner new")), ["new 0:0 644"], "{create}");
    }
    assert_eq!(in_fakeroot("echo new | $AW -D d/e/f; owner d d/e/f"), ["d 0:0 755", "d/e/f 0:0 644"]);
}

#[test]
fn fakeroot_sees_the_mode_that_was_asked_for() {
    needs!(fakeroot, dynamic_program);
    assert_eq!(in_fakeroot("echo new | $AW --mode 600 f; owner f"), ["f 12:13 600"]);
    assert_eq!(in_fakeroot("echo new | $AW --mode 4755 new; owner new"), ["new 0:0 4755"]);
    assert_eq!(in_fakeroot("echo new | $AW --mode 6755 f; owner f"), ["f 12:13 6755"]);
}

/// As a package's `make install` has it.
#[test]
fn fakeroot_sees_the_owner_that_was_asked_for() {
    needs!(fakeroot, dynamic_program);
    let root = "printf new >x; $AW --owner root --group root -m 755 g <x; owner g";
    assert_eq!(in_fakeroot(root), ["g 0:0 755"]);
    for (options, mode) in [("", 640), ("-m 4755", 4755), ("--in-place", 640), ("--backup=simple", 640)] {
        let given = format!("printf new | $AW {options} --owner 1 --group 2 f; owner f; cat f");
        assert_eq!(in_fakeroot(&given), [format!("f 1:2 {mode}"), "new".to_owned()], "{options}");
    }
    let new = "printf new | $AW --owner 1 g; owner g; printf new | $AW -C --report --owner 1 g";
    assert_eq!(in_fakeroot(new), ["g 1:0 644", "unchanged"]);
    let tree = "mkdir d; $AW --tree --owner 1 -I {} d -- touch {}/x; owner d d/x";
    assert_eq!(in_fakeroot(tree), ["d 1:0 755", "d/x 0:0 644"]);
}

#[test]
fn fakeroot_sees_the_owner_of_a_backup() {
    needs!(fakeroot, dynamic_program);
    for (option, backup) in [("--backup=simple", "f~"), ("--backup=numbered", "f.~1~")] {
        let lines = in_fakeroot(&format!("echo new | $AW {option} f; owner f {backup}; cat {backup}"));
        assert_eq!(lines, ["f 12:13 640".to_owned(), format!("{backup} 12:13 640"), "old".to_owned()]);
    }
}

/// Files that are replaced again and again use inodes again, of which fakeroot must have forgotten the owner.
#[test]
fn fakeroot_takes_no_owner_for_that_of_a_later_file() {
    needs!(fakeroot, dynamic_program);
    let script = "for i in 1 2 3 4 5 6 7 8; do echo $i | $AW f; echo $i | $AW new$i; done; owner f new*";
    let mut expected = vec!["f 12:13 640".to_owned()];
    expected.extend((1..=8).map(|number| format!("new{number} 0:0 644")));
    assert_eq!(in_fakeroot(script), expected);
}

/// All that make the kernel write.
const SYNCS: [&str; 6] = ["fsync", "fdatasync", "syncfs", "sync", "sync_file_range", "msync"];

#[test]
fn under_eatmydata_no_sync_reaches_the_kernel() {
    needs!(strace, eatmydata, dynamic_program);
    let ways: [&[&str]; 6] = [
        &["f"],
        &["new"],
        &["--backup=simple", "f"],
        &["--if-changed", "f"],
        &["f", "--", "echo", "new"],
        &["-D", "d/f"],
    ];
    for args in ways {
        let scene = Scene::with_old();
        let plain = Strace::new(&scene, args).input("new").run();
        assert!(plain.calls.0.iter().any(|call| SYNCS.contains(&call.name.as_str())), "{args:?}: {plain:?}");
        let scene = Scene::with_old();
        let eaten = Strace::new(&scene, args).input("new").by(&["eatmydata"]).run();
        assert_eq!(eaten.output.status.code(), Some(0), "{args:?}: {eaten:?}");
        let synced: Vec<_> = eaten.calls.0.iter().filter(|call| SYNCS.contains(&call.name.as_str())).collect();
        assert!(synced.is_empty(), "{args:?}: {synced:?}");
        assert_eq!(stderr(&eaten.output), "", "{args:?}");
    }
}

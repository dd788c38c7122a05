//! COMMAND starts with what we were started with: dispositions, mask, descriptors, environment.
//!
//! Rows: none.

use crate::common::needs::needs;
use crate::common::{Scene, stderr, stdout};

/// `PROBE`, run in the shell by way of `launcher` directly, and then as COMMAND. `launcher` ends in a word that runs
/// the rest.
pub fn both(launcher: &str, options: &str, probe: &str) -> (String, String) {
    let scene = Scene::with_old();
    let direct = scene.sh(&format!("{launcher} {probe}"));
    let ours = scene.sh(&format!("{launcher} \"$AW\" {options} f -- {probe}"));
    assert!(ours.status.success(), "{}", stderr(&ours));
    (stdout(&direct), scene.text("f"))
}

#[test]
fn a_closed_standard_output_of_ours_is_no_hindrance() {
    needs!(shell, descriptors);
    let scene = Scene::new();
    assert!(scene.sh("$AW f -- echo new >&-").status.success());
    assert_eq!(scene.text("f"), "new\n");
}

#[test]
fn environment_directory_limits_and_mask_of_modes_are_inherited() {
    needs!(native_program, shell, permissions);
    let probe = "sh -c 'env | grep -v ^_=; pwd; umask; ulimit -a'";
    let (direct, ours) = both("export ODD='a\nb=c' EMPTY=; umask 027; ulimit -n 77; env", "", probe);
    assert!(direct.contains("\n0027\n"), "{direct}");
    assert_eq!(direct, ours);
}

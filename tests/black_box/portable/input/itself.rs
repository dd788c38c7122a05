//! The input is TARGET itself.
//!
//! Rows: 5.

use crate::common::{Scene, stderr};

/// Runs a script that must succeed in silence, with `f` and a hard link and a symbolic link to it.
fn run(script: &str) -> Scene {
    let scene = Scene::new();
    scene.write("f", "one\ntwo\nthree\n");
    std::fs::hard_link(scene.path("f"), scene.path("hard")).unwrap();
    scene.symlink("f", "soft");
    let output = scene.sh(script);
    assert!(output.status.success() && stderr(&output).is_empty(), "{script}: {output:?}");
    assert_eq!(scene.names(), ["f", "hard", "soft"], "{script}");
    assert_eq!(scene.text("hard"), "one\ntwo\nthree\n", "{script}");
    scene
}

#[test]
fn the_content_stays_whichever_way_it_leads_to_itself() {
    for command in [
        r#""$AW" -q f <f"#,
        r#""$AW" -q f --from f"#,
        r#""$AW" -q f --from hard"#,
        r#""$AW" -q f <hard"#,
        r#""$AW" -q soft --from f"#,
        r#""$AW" -q f --from soft"#,
        r#""$AW" -q f --from - <soft"#,
        r#"cat f | "$AW" -q f"#,
        r#""$AW" -q f -- cat f"#,
        r#""$AW" -C f <f"#,
        r#""$AW" -C f --from hard"#,
        r#""$AW" -q -P f --from f"#,
    ] {
        assert_eq!(run(command).text("f"), "one\ntwo\nthree\n", "{command}");
    }
}

#[test]
fn a_filter_on_the_target_itself_works() {
    assert_eq!(run(r#"sort f | "$AW" -q f"#).text("f"), "one\nthree\ntwo\n");
    assert_eq!(run(r#"sort <f | "$AW" -q f"#).text("f"), "one\nthree\ntwo\n");
}

#[test]
fn what_is_appended_to_itself_is_doubled() {
    for command in [r#""$AW" -qa f <f"#, r#""$AW" -qa f --from f"#, r#""$AW" -qa f --from hard"#] {
        assert_eq!(run(command).text("f"), "one\ntwo\nthree\none\ntwo\nthree\n", "{command}");
    }
}

#[test]
fn the_rest_of_itself_is_what_is_left_of_it() {
    assert_eq!(run(r#"{ read -r line; "$AW" -q f; } <f"#).text("f"), "two\nthree\n");
}

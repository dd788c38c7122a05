//! COMMAND starts with what we were started with: dispositions, mask, descriptors, environment.
//!
//! Rows: 68, 70.

use crate::common::{Scene, stderr, stdout};
use crate::portable::command::inherited::both;

/// What a program sees of its own signals.
const SIGNALS: &str = "grep -E '^(SigBlk|SigIgn|SigCgt|ShdPnd|SigPnd):' /proc/self/status";

/// And of its own descriptors.
const DESCRIPTORS: &str = "ls /proc/self/fd";

/// The bit of SIGCHLD in `SigIgn`.
const CHILD: u64 = 1 << 16;

#[test]
fn dispositions_and_mask_are_those_that_we_were_started_with() {
    let launchers = [
        "env",
        "env --ignore-signal=INT,HUP,USR1",
        "env --ignore-signal=PIPE,XFSZ",
        "env --default-signal=PIPE,XFSZ",
        "env --block-signal=TERM,XFSZ,USR2,CHLD",
        "env --block-signal=PIPE --ignore-signal=TERM",
    ];
    for launcher in launchers {
        for options in ["", "--edit --lock", "--edit --if-changed", "-D --backup", "--validate true --lock-timeout 9"] {
            let (direct, ours) = both(launcher, options, SIGNALS);
            assert_eq!(direct.lines().count(), 5);
            assert_eq!(direct, ours, "{launcher} {options}");
        }
    }
}

#[test]
fn a_validator_starts_with_the_same_dispositions_and_mask() {
    let scene = Scene::new();
    for launcher in ["env", "env --ignore-signal=PIPE,INT --block-signal=USR1,XFSZ"] {
        let direct = scene.sh(&format!("{launcher} sh -c \"{SIGNALS}\""));
        let ours = scene.sh(&format!("{launcher} $AW --validate \"{SIGNALS}\" f </dev/null"));
        assert_eq!(stdout(&direct), stderr(&ours), "{launcher}");
    }
}

#[test]
fn descriptors_are_those_that_we_were_started_with() {
    for redirection in ["", "<&-", "2>&-", "<&- 2>&-", "7</dev/null", "3</dev/null 4<&3 9>extra", "<&- 3</dev/null"] {
        for options in ["", "--edit --allow-empty", "--lock -C --if-match $d --edit", "-D -b -a", "--validate : -m 600"]
        {
            if options.contains("--edit") && redirection.contains("<&-") {
                // There TARGET is standard input.
                continue;
            }
            let options = options.replace("$d", &format!("sha256:{OLD}"));
            // A shell cannot redirect what exec leaves to its own words, so a shell of its own has them.
            let launcher = format!("sh -c 'exec \"$@\" {redirection}' sh");
            let (direct, ours) = both(&launcher, &options, DESCRIPTORS);
            let expected = if options.contains("-b -a") { format!("old{direct}") } else { direct };
            assert_eq!(expected, ours, "{redirection} {options}");
        }
    }
}

/// The digest of `old`.
const OLD: &str = "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";

#[test]
fn a_validator_has_no_descriptor_but_the_standard_ones() {
    let scene = Scene::with_old();
    let direct = scene.sh(&format!("sh -c '{DESCRIPTORS}'"));
    let ours = scene.sh(&format!("echo new | $AW --lock -C -D --validate '{DESCRIPTORS}' f"));
    assert!(ours.status.success());
    assert_eq!(stdout(&direct), stderr(&ours));
}

#[test]
fn a_closed_standard_error_stays_closed() {
    let scene = Scene::new();
    let output = scene.sh("$AW g -- sh -c 'test -e /proc/$$/fd/2 && echo open || echo closed' 2>&-");
    assert!(output.status.success());
    assert_eq!(scene.text("g"), "closed\n");
}

/// Row 68: no group of its own, or the terminal's signals would not reach it.
#[test]
fn a_command_runs_in_our_process_group() {
    let scene = Scene::new();
    let output = scene.sh("cut -d' ' -f5 /proc/self/stat; $AW f -- cut -d' ' -f5 /proc/self/stat");
    assert_eq!(stdout(&output), scene.text("f"));
}

/// With SIGCHLD ignored the kernel throws a child's status away.
#[test]
fn a_parent_that_ignores_sigchld_costs_no_status() {
    let scene = Scene::with_old();
    let run = |args: &str| scene.sh(&format!("exec env --ignore-signal=CHLD $AW {args}")).status.code();
    assert_eq!(run("f -- sh -c 'echo new; exit 7'"), Some(7));
    assert_eq!(run("f --validate 'exit 1' -- echo new"), Some(123));
    assert_eq!(scene.text("f"), "old");
    assert_eq!(run("f --validate true -- grep SigIgn /proc/self/status"), Some(0));
    let text = scene.text("f");
    let ignored = u64::from_str_radix(text.trim().rsplit('\t').next().unwrap(), 16).unwrap();
    assert_eq!(ignored & CHILD, 0, "the command must be able to wait for its own children: {text}");
}

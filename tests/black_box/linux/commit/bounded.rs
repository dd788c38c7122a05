//! An error that lasts ends the run. No loop waits for a system that never gives in.
//!
//! Rows: 78.

use crate::common::needs::needs;
use crate::common::strace::{Calls, Strace, Traced, has_unnamed};
use crate::common::{Scene, stderr};

/// Bounds a run that would go on for ever: by the length of strace's log, and where no calls are made by the time. The
/// program goes on without strace then, and ends.
const BOUND: [&str; 4] = ["sh", "-c", "ulimit -f 16384; exec timeout -s KILL 60 \"$@\"", "sh"];

/// A run, and what is there before it.
struct Mode {
    args: &'static [&'static str],
    /// Whether TARGET exists.
    old: bool,
    /// Injections that are there anyway.
    system: &'static [&'static str],
}

impl Mode {
    fn scene(&self) -> Scene {
        let scene = Scene::new();
        scene.write("src", "new");
        if self.old {
            scene.write("f", "old");
        }
        scene
    }

    fn run(&self, scene: &Scene, injection: Option<&str>) -> Traced {
        let injections = self.system.iter().copied().chain(injection);
        injections.fold(Strace::new(scene, self.args).input("new").by(&BOUND), Strace::inject).run()
    }

    fn calls(&self) -> Calls {
        let traced = self.run(&self.scene(), None);
        assert!(traced.output.status.success(), "{:?}: {traced:?}", self.args);
        traced.calls
    }

    fn status(&self) -> i32 {
        if self.args.contains(&"--") { 125 } else { 1 }
    }
}

/// What comes of a run in which `injection` lasts from the call `name` with these `parts` on.
fn lasting(mode: &Mode, name: &str, parts: &[&str], error: &str) -> (Scene, Traced) {
    let injection = mode.calls().inject(name, parts, &format!("error={error}")) + "+";
    let scene = mode.scene();
    let traced = mode.run(&scene, Some(&injection));
    (scene, traced)
}

/// The names that must be there after a run that failed.
fn assert_as_before(mode: &Mode, scene: &Scene, what: &str) {
    assert_eq!(scene.names(), if mode.old { vec!["f", "src"] } else { vec!["src"] }, "{what}");
    assert!(!mode.old || scene.text("f") == "old", "{what}");
}

/// Where the staging file has a name from the start.
const NAMED: &[&str] = &[Strace::NO_LINKS];

#[test]
fn a_name_that_is_never_free_is_an_error() {
    needs!(strace);
    let plain: &[(Mode, &str, &[&str], &str)] = &[
        (Mode { args: &["f"], old: true, system: &[] }, "linkat", &["\".aw-"], "link: "),
        (Mode { args: &["--lock", "f"], old: true, system: &[] }, "linkat", &["\".aw-"], "link: "),
        (Mode { args: &["f", "--", "echo", "new"], old: true, system: &[] }, "linkat", &["\".aw-"], "link: "),
        (Mode { args: &["f"], old: true, system: NAMED }, "openat", &["O_EXCL"], "create staging file: "),
        (Mode { args: &["f"], old: false, system: NAMED }, "openat", &["O_EXCL"], "create staging file: "),
        (Mode { args: &["-C", "f"], old: true, system: NAMED }, "openat", &["O_EXCL"], "create staging file: "),
    ];
    for (mode, name, parts, step) in plain {
        let (scene, traced) = lasting(mode, name, parts, "EEXIST");
        let (text, what) = (stderr(&traced.output), format!("{:?} {name} {parts:?}", mode.args));
        assert_eq!(traced.output.status.code(), Some(mode.status()), "{what}: {text}");
        assert!(text.contains(&format!(": {step}")) && text.contains("File exists (unchanged)\n"), "{what}: {text}");
        assert_as_before(mode, &scene, &what);
    }
}

/// TARGET itself is said to exist, and is not there.
#[test]
fn a_target_that_exists_only_by_that_error_is_an_error() {
    needs!(strace);
    for (args, options) in [(&["f"], &[][..]), (&["f"], &[Strace::NO_LINKS])] {
        let mode = Mode { args, old: false, system: options };
        let name = if options.is_empty() && has_unnamed() { "linkat" } else { "renameat2" };
        let (scene, traced) = lasting(&mode, name, &["\"f\""], "EEXIST");
        let text = stderr(&traced.output);
        // Where a plain rename can do it in the end, it may.
        if traced.output.status.success() {
            assert_eq!((name, scene.text("f").as_str()), ("renameat2", "new"));
            continue;
        }
        assert_eq!(traced.output.status.code(), Some(1), "{name}: {text}");
        assert!(text.ends_with("(unchanged)\n") && text.lines().count() == 1, "{name}: {text}");
        assert_as_before(&mode, &scene, name);
    }
}

/// Without an exchange the old file gets a second name, which may never be free either.
#[test]
fn a_spare_name_that_is_never_free_is_an_error() {
    needs!(strace);
    let exchange = &["renameat2:error=EINVAL"];
    for args in [&["--backup=simple", "f"], &["--backup=numbered", "f"]] {
        let mode = Mode { args, old: true, system: exchange };
        let (scene, traced) = lasting(&mode, "linkat", &["\"f\", "], "EEXIST");
        let text = stderr(&traced.output);
        assert_eq!(traced.output.status.code(), Some(1), "{args:?}: {text}");
        assert!(text.contains("File exists (unchanged)\n"), "{args:?}: {text}");
        assert_as_before(&mode, &scene, args[0]);
    }
}

/// No number is free for the backup; nor can the exchange be taken back, as that is the same call.
#[test]
fn a_number_that_is_never_free_ends_the_run() {
    needs!(strace);
    let mode = Mode { args: &["--backup=numbered", "f"], old: true, system: &[] };
    let (scene, traced) = lasting(&mode, "renameat2", &["\"f.~1~\""], "EEXIST");
    let text = stderr(&traced.output);
    assert_eq!(traced.output.status.code(), Some(4), "{text}");
    let kept = scene.names().into_iter().find(|name| name.starts_with(".aw-")).expect("the old content");
    assert!(
        text.contains("backup: f.~1~: File exists; taking it back")
            && text.contains(&format!("the old content is {kept}\n")),
        "{text}"
    );
    assert_eq!((scene.text("f").as_str(), scene.text(&kept).as_str()), ("new", "old"));
}

/// It is said to exist, and cannot be entered.
#[test]
fn a_directory_that_neither_exists_nor_can_be_made_is_an_error() {
    needs!(strace);
    for error in ["EEXIST", "ENOENT"] {
        let scene = Scene::new();
        let strace = Strace::new(&scene, &["--parents", "d/e/f"]).input("new").by(&BOUND);
        let traced = strace.inject(format!("mkdirat:error={error}")).run();
        let text = stderr(&traced.output);
        assert_eq!(traced.output.status.code(), Some(1), "{error}: {text}");
        assert!(text.contains("create directory: "), "{error}: {text}");
        assert_eq!(scene.names(), [""; 0], "{error}");
    }
}

/// Calls that are not the program's own to make again: the loader's, the allocator's, the exit. The C library waits on a
/// futex in a loop of its own. No kernel interrupts rt_sigprocmask, and the C library does not tell of it.
const NOT_OURS: [&str; 9] =
    ["execve", "exit_group", "exit", "brk", "mmap", "munmap", "mprotect", "futex", "rt_sigprocmask"];

/// Calls that may say EAGAIN, upon which they are made again.
const MAY_BLOCK: [&str; 8] = ["read", "pread64", "pwrite64", "copy_file_range", "poll", "ppoll", "flock", "waitid"];

/// Whatever is called again is not called again for ever.
#[test]
fn a_call_that_is_interrupted_for_ever_ends_the_run() {
    needs!(strace);
    let modes = [
        Mode { args: &["f"], old: true, system: &[] },
        Mode { args: &["--from", "src", "--parents", "d/f"], old: false, system: &[] },
        Mode { args: &["--lock", "--backup=numbered", "f", "--", "echo", "new"], old: true, system: &[] },
        Mode { args: &["--edit", "--validate", "true", "f", "--", "echo", "new"], old: true, system: &[] },
        Mode { args: &["--append", "f"], old: true, system: &["ioctl:error=EOPNOTSUPP"] },
        Mode { args: &["--no-clobber", "f"], old: false, system: &[Strace::NO_LINKS] },
    ];
    for mode in &modes {
        let calls = mode.calls();
        // The program's own calls begin where it opens the directory or the source.
        let first = calls.0.iter().position(|call| call.is("openat", &["O_DIRECTORY"]) || call.quoted() == "src");
        let mut tried: Vec<&str> = Vec::new();
        for at in first.unwrap()..calls.0.len() {
            let name = calls.0[at].name.as_str();
            let injected = mode.system.iter().any(|what| what.starts_with(&format!("{name}:")));
            if tried.contains(&name) || NOT_OURS.contains(&name) || injected {
                continue;
            }
            tried.push(name);
            let errors: &[&str] = if MAY_BLOCK.contains(&name) { &["EINTR", "EAGAIN"] } else { &["EINTR"] };
            for error in errors {
                let scene = mode.scene();
                let injection = format!("{name}:error={error}:when={}+", calls.when(at));
                let traced = mode.run(&scene, Some(&injection));
                let what = format!("{:?} {injection}: {}", mode.args, stderr(&traced.output));
                let code = traced.output.status.code();
                // 137 is timeout(1)'s, 153 that of a log that became too long.
                assert!(code.is_some_and(|code| code < 128), "it goes on for ever: {what}");
                if code != Some(0) && !what.contains("replaced, may not survive") {
                    assert!(!mode.old || scene.text("f") == "old", "{what}");
                }
            }
        }
        assert!(tried.len() > 12, "{tried:?}");
    }
}

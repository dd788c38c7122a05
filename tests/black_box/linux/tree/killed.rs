//! Signals, and kills at any instant.
//!
//! Rows: 106.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::events::{Fifo, end_of};
use crate::common::needs::needs;
use crate::common::strace::{Call, Calls, Strace};
use crate::common::{Scene, stderr};
use crate::portable::tree::{made, make, tree, with_tree};

/// A run whose command waits, after it has written a part.
struct Waiting {
    scene: Scene,
    child: Child,
    go: Fifo,
}

impl Waiting {
    fn start(target: &str) -> Waiting {
        let scene = with_tree();
        let (mut ready, go) = (Fifo::new(&scene, "ready"), Fifo::new(&scene, "go"));
        let script = "mkdir {}/dir; echo new >{}/dir/f; echo x >{}-beside; echo >ready; read line <go; :";
        let args = ["--tree", "-I", "{}", target, "--", "sh", "-c", script];
        let child = scene.process().args(args).stderr(Stdio::piped()).spawn().unwrap();
        ready.line();
        Waiting { scene, child, go }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }
}

#[test]
fn a_signal_leaves_nothing_and_target_as_it_was() {
    needs!(exchange);
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        for target in ["d", "new"] {
            let mut waiting = Waiting::start(target);
            let inode = waiting.scene.inode("d");
            waiting.signal(signal);
            assert_eq!(end_of(&mut waiting.child).signal(), Some(signal as i32));
            let scene = &waiting.scene;
            assert_eq!((tree(scene, "d"), scene.inode("d")), (made("old"), inode));
            assert_eq!(scene.names(), ["d", "go", "ready"]);
        }
    }
}

#[test]
fn a_kill_while_the_command_runs_leaves_a_private_directory_at_most() {
    needs!(exchange);
    for target in ["d", "new"] {
        let mut waiting = Waiting::start(target);
        waiting.signal(Signal::SIGKILL);
        assert_eq!(end_of(&mut waiting.child).signal(), Some(9));
        waiting.go.send();
        let scene = &waiting.scene;
        assert_eq!(tree(scene, "d"), made("old"));
        let names = scene.names();
        let [private, "d", "go", "ready"] = &names.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
            panic!("{names:?}")
        };
        assert!(private.starts_with(".aw-") && scene.mode(private) == 0o700, "{names:?}");
    }
}

const ARGS: [&str; 4] = ["--tree", "--from", "src", "d"];

fn scene() -> Scene {
    let scene = with_tree();
    make(&scene, "src", "new");
    scene
}

/// The calls from the first change of the directory on.
fn recorded() -> (Calls, Vec<usize>) {
    let scene = scene();
    let calls = Strace::new(&scene, &ARGS).run().calls;
    let changes = ["mkdirat", "openat", "fchmod", "fsync", "renameat", "renameat2", "unlinkat"];
    let is_change = |call: &Call| {
        let reads = call.name == "openat" && !call.args.contains("O_CREAT");
        changes.contains(&call.name.as_str()) && call.args.contains(".aw-") && !reads
    };
    let at = (0..calls.0.len()).filter(|&at| is_change(&calls.0[at])).collect();
    (calls, at)
}

/// After each call that changes something.
#[test]
fn a_kill_at_any_instant_leaves_target_whole() {
    needs!(strace, exchange);
    let (calls, at) = recorded();
    assert!(at.len() > 15, "{calls:#?}");
    let exchange = calls.at("renameat2", &["\"d\"", "RENAME_EXCHANGE"]);
    for position in at {
        let scene = scene();
        let call = &calls.0[position];
        let stopped = Strace::new(&scene, &ARGS).stopped_after(&format!("{}:when={}", call.name, calls.when(position)));
        stopped.kill();
        let version = if position < exchange { "old" } else { "new" };
        assert_eq!((tree(&scene, "d"), tree(&scene, "src")), (made(version), made("new")), "{call:?}");
        let others: Vec<_> = scene.names().into_iter().filter(|name| name != "d" && name != "src").collect();
        assert!(others.len() <= 1 && others.iter().all(|name| name.starts_with(".aw-")), "{call:?}: {others:?}");
    }
}

/// Up to the commit it ends the run; from then on it waits until all is done.
#[test]
fn a_signal_at_any_instant_leaves_nothing() {
    needs!(strace, exchange);
    let (calls, at) = recorded();
    let exchange = calls.at("renameat2", &["\"d\"", "RENAME_EXCHANGE"]);
    // Of the tree: what is synced afterwards is the metadata of the top directory.
    let last_sync = calls.at("fsync", &["/d>"]);
    for position in at {
        let scene = scene();
        let call = &calls.0[position];
        let injection = format!("{}:signal=TERM:when={}", call.name, calls.when(position));
        let output = Strace::new(&scene, &ARGS).inject(injection).run().output;
        let committed = tree(&scene, "d") == made("new");
        assert!(committed || tree(&scene, "d") == made("old"), "{call:?}: {output:?}");
        assert_eq!(scene.names(), ["d", "src"], "{call:?}: {output:?}");
        // strace ends as the program did.
        assert_eq!(output.status.signal() == Some(15), !committed, "{call:?}: {output:?}");
        assert!(if committed { position > last_sync } else { position < exchange }, "{call:?}");
        assert!(position < exchange || stderr(&output).is_empty(), "{call:?}: {output:?}");
    }
}

//! Who watches a directory with inotify(7) learns of TARGET by the event that it waits for, with TARGET's own name, when the
//! content is whole.
//!
//! Rows: 84.

use std::fs;
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use crate::common::Scene;
use crate::common::events::until;
use crate::common::needs::needs;
use crate::common::strace::Strace;

/// What a drop folder waits for.
const FINISHED: ReadFlags = ReadFlags::CLOSE_WRITE.union(ReadFlags::MOVED_TO);

/// A watch on a directory, with everything that happens there.
struct Watch(OwnedFd);

impl Watch {
    fn on(directory: &Path) -> Watch {
        let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&fd, directory, WatchFlags::ALL_EVENTS).unwrap();
        Watch(fd)
    }

    /// What has happened to `name` until now, in its order.
    fn events(&self, name: &str) -> Vec<ReadFlags> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&self.0, &mut buffer);
        let mut events = Vec::new();
        loop {
            match reader.next() {
                Ok(event) if event.file_name().is_some_and(|found| found.to_str() == Ok(name)) => {
                    events.push(event.events());
                }
                Ok(event) => assert!(!event.events().contains(ReadFlags::QUEUE_OVERFLOW)),
                Err(Errno::AGAIN) => return events,
                Err(errno) => panic!("{errno}"),
            }
        }
    }

    /// Waits a little for an event.
    fn wait(&self) {
        let bound = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
        match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&bound)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => panic!("{errno}"),
        }
    }
}

/// One event that tells of a finished file, and nothing else but that it came to be and was opened.
fn assert_appeared(events: &[ReadFlags], what: &str) {
    let finished = events.iter().filter(|event| event.intersects(FINISHED)).count();
    assert_eq!(finished, 1, "{what}: {events:?}");
    assert!(events.last().is_some_and(|event| event.intersects(FINISHED)), "{what}: {events:?}");
    let expected = FINISHED | ReadFlags::CREATE | ReadFlags::OPEN;
    assert!(events.iter().all(|event| expected.contains(*event)), "{what}: {events:?}");
}

/// The ways to a new TARGET `f`; there is a file `src`.
const WAYS: [&[&str]; 8] = [
    &["f"],
    &["--from", "src", "f"],
    &["f", "--", "cat", "src"],
    &["--no-clobber", "f"],
    &["--lock", "f"],
    &["--backup=simple", "f"],
    &["--sync", "none", "f"],
    &["--mode", "640", "f"],
];

fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("src", "new");
    scene
}

#[test]
fn a_new_target_is_told_once_by_its_own_name() {
    for args in WAYS {
        let scene = scene();
        let watch = Watch::on(scene.root());
        scene.cmd().args(args).write_stdin("new").assert().success();
        assert_appeared(&watch.events("f"), &format!("{args:?}"));
        assert_eq!(scene.text("f"), "new");
    }
}

/// It is moved there, where it had a name; or closed, where it had to be linked.
#[test]
fn a_new_target_is_told_where_there_are_no_unnamed_files_too() {
    needs!(strace);
    let systems: [&[&str]; 4] = [
        &[Strace::NO_LINKS],
        &["renameat2:error=EINVAL"],
        &["linkat:error=EACCES:when=2+"],
        &["linkat:error=EPERM", "renameat2:error=EINVAL"],
    ];
    for args in [&["f"][..], &["--no-clobber", "f"], &["--from", "src", "f"]] {
        for system in systems {
            if args.contains(&"--no-clobber") && system.len() == 2 {
                // Refused: it could not be kept.
                continue;
            }
            let scene = scene();
            let watch = Watch::on(scene.root());
            let run = system.iter().fold(Strace::new(&scene, args).input("new"), |run, what| run.inject(*what)).run();
            assert_eq!(run.output.status.code(), Some(0), "{args:?} {system:?}: {run:?}");
            assert_appeared(&watch.events("f"), &format!("{args:?} {system:?}"));
        }
        // With a name from the start and no flags for renames, one that must not be replaced is linked.
        let scene = scene();
        let watch = Watch::on(scene.root());
        let run = Strace::new(&scene, args).input("new").without_links().inject("renameat2:error=EINVAL").run();
        assert_eq!(run.output.status.code(), Some(0), "{args:?}: {run:?}");
        assert_appeared(&watch.events("f"), &format!("{args:?}"));
    }
}

/// Who watches as deep as directories come to be.
#[test]
fn a_new_target_in_a_directory_that_was_just_created_is_told() {
    needs!(strace);
    let scene = Scene::new();
    let stopped = Strace::new(&scene, &["--parents", "d/f"]).input("new").stopped_after("mkdirat:when=1");
    let watch = Watch::on(&scene.path("d"));
    let run = stopped.resume();
    assert_eq!(run.output.status.code(), Some(0), "{run:?}");
    assert_appeared(&watch.events("f"), "parents");
}

/// Nobody may write it, and root may all the same. Others cannot open it for writing, and have no event to cause.
#[test]
fn a_new_target_that_nobody_may_write_is_told_to_watchers() {
    needs!(root);
    for mode in ["444", "400", "000"] {
        let scene = scene();
        let watch = Watch::on(scene.root());
        scene.cmd().args(["--mode", mode, "f"]).write_stdin("new").assert().success();
        assert_appeared(&watch.events("f"), mode);
    }
}

/// Writes `f`, by another program: what a test beside this one starts has our open files until it is executed, and closes
/// them late, which would be told.
fn write_by_another(scene: &Scene, content: &str) {
    assert!(scene.sh(&format!("printf {content} >f")).status.success());
}

#[test]
fn a_replaced_target_is_told_by_a_move() {
    for args in [&["f"][..], &["--from", "src", "f"], &["--lock", "f"], &["--edit", "f", "--", "cat", "src"]] {
        let scene = scene();
        write_by_another(&scene, "old");
        let watch = Watch::on(scene.root());
        scene.cmd().args(args).write_stdin("new").assert().success();
        let mut events = watch.events("f");
        // Looks at what is replaced.
        let looks = ReadFlags::OPEN | ReadFlags::ACCESS | ReadFlags::CLOSE_NOWRITE;
        events.retain(|event| !looks.contains(*event));
        assert_eq!(events, [ReadFlags::MOVED_TO], "{args:?}");
    }
}

#[test]
fn a_replaced_target_with_a_backup_is_told_by_a_move() {
    let scene = scene();
    scene.write("f", "old");
    let watch = Watch::on(scene.root());
    scene.cmd().args(["--backup=simple", "f"]).write_stdin("new").assert().success();
    assert!(watch.events("f").contains(&ReadFlags::MOVED_TO));
}

#[test]
fn what_is_left_alone_is_not_told() {
    let scene = scene();
    write_by_another(&scene, "new");
    let watch = Watch::on(scene.root());
    scene.cmd().args(["--if-changed", "f"]).write_stdin("new").assert().success();
    scene.cmd().args(["--non-empty", "g"]).write_stdin("").assert().code(3);
    scene.cmd().args(["h", "--", "sh", "-c", "echo part; exit 1"]).assert().code(1);
    let told: Vec<ReadFlags> = ["f", "g", "h"].iter().flat_map(|name| watch.events(name)).collect();
    assert!(!told.iter().any(|event| event.intersects(FINISHED)), "{told:?}");
}

/// Who takes the file at the event finds all of it.
#[test]
fn at_the_event_the_content_is_whole() {
    let scene = Scene::new();
    let content = vec![b'n'; 3 << 20];
    scene.write("src", &content);
    let watch = Watch::on(scene.root());
    let (done, taken) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                watch.wait();
                let finished = |event: &&ReadFlags| event.intersects(FINISHED);
                for _ in watch.events("f").iter().filter(finished) {
                    if fs::read(scene.path("f")).unwrap() == content {
                        taken.fetch_add(1, Ordering::SeqCst);
                    }
                }
            }
        });
        for (number, args) in [&["f"][..], &["--from", "src", "f"], &["--no-clobber", "f"], &["f"]].iter().enumerate() {
            scene.cmd().args(*args).write_stdin(content.clone()).assert().success();
            // The last one replaces.
            until("the whole file is taken", || taken.load(Ordering::SeqCst) == number + 1);
            if number < 2 {
                fs::remove_file(scene.path("f")).unwrap();
            }
        }
        done.store(true, Ordering::SeqCst);
    });
}

/// The event costs no program its start: who executes a new TARGET as soon as it is there never finds it busy.
#[test]
fn a_new_program_is_never_busy() {
    let scene = Scene::new();
    // No script, whose interpreter would find it removed.
    scene.write("src", fs::read("/bin/false").unwrap());
    scene.chmod("src", 0o755);
    let program = scene.path("f");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let executing = scope.spawn(|| {
            let mut started = 0;
            while !done.load(Ordering::SeqCst) {
                match Command::new(&program).stdin(Stdio::null()).status() {
                    Ok(status) => {
                        assert_eq!(status.code(), Some(1));
                        started += 1;
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound),
                }
            }
            started
        });
        for round in 0..200 {
            let options: &[&str] = if round % 2 == 0 { &["--from", "src"] } else { &["--mode", "755"] };
            let mut command = scene.cmd();
            command.args(options).arg("f").write_stdin(scene.read("src"));
            command.assert().success();
            fs::remove_file(&program).unwrap();
        }
        done.store(true, Ordering::SeqCst);
        assert!(executing.join().unwrap() > 0);
    });
}

/// And that is no luck: it is not opened for writing once it has its name.
#[test]
fn a_new_program_is_not_open_for_writing_when_named() {
    needs!(strace);
    for (mode, executable) in [("755", true), ("010", true), ("644", false)] {
        let scene = Scene::new();
        let run = Strace::new(&scene, &["--mode", mode, "f"]).input("new").run();
        assert_eq!(run.output.status.code(), Some(0), "{run:?}");
        let opened = run.calls.has("openat", &["\"f\"", "O_WRONLY"]);
        assert!(!(executable && opened), "{mode}: {:#?}", run.calls);
        // Where the file was linked, and not moved, that is what watchers are told by.
        let linked = run.calls.has("linkat", &["\"f\""]);
        assert_eq!(opened, linked && !executable, "{mode}: {:#?}", run.calls);
    }
}

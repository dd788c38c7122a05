//! `-t`: several runs at once in one directory, and very many files.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::fs::{FlockOperation, flock};

use crate::common::{Over, Scene, stderr};
use crate::crowd::{content, is_whole};
use crate::{share, staging_names, tell};

/// So many that they are synced with their file system.
const FILES: usize = 20;

/// Each writer's files, in a directory of its own.
fn write_sources(scene: &Scene, writers: usize) {
    scene.mkdir("d");
    for writer in 0..writers {
        scene.mkdir(format!("{writer}"));
        for file in 0..FILES {
            scene.write(format!("{writer}/{file}"), content(writer, file));
        }
    }
}

/// A run that writes a writer's files, in this order.
fn run(scene: &Scene, options: &[&str], writer: usize, files: impl Iterator<Item = usize>) -> Command {
    let mut command = scene.process();
    command.args(options).args(["-t", "d"]).args(files.map(|file| format!("{writer}/{file}")));
    command.stdin(Stdio::null());
    command
}

fn succeed(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Rows 57 and 62: each file is one writer's whole content, whenever it is read.
#[test]
fn readers_of_many_contended_files_see_whole_contents_only() {
    let scene = Scene::new();
    let (writers, rounds) = (8, share(3, 30, 300));
    write_sources(&scene, writers);
    succeed(run(&scene, &[], 0, 0..FILES));
    let target = scene.path("d");
    let (done, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for file in 0..FILES {
                        let bytes = fs::read(target.join(file.to_string())).unwrap();
                        assert!(is_whole(&bytes), "{file} is torn: {} bytes", bytes.len());
                        reads.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        // The readers end with the writers, whatever becomes of those.
        let _over = Over(&done);
        thread::scope(|scope| {
            for writer in 0..writers {
                let scene = &scene;
                // Few are synced one by one.
                let files = if writer % 4 == 3 { 0..5 } else { 0..FILES };
                scope.spawn(move || (0..rounds).for_each(|_| succeed(run(scene, &[], writer, files.clone()))));
            }
        });
    });
    tell(&format!("{} runs, {} whole reads", writers * rounds, reads.into_inner()));
    for file in 0..FILES {
        let has = scene.read(format!("d/{file}"));
        assert!((0..writers).any(|writer| has == content(writer, file)), "{file}");
    }
    assert_eq!(staging_names(&target), [""; 0]);
    assert_eq!(fs::read_dir(&target).unwrap().count(), FILES);
}

/// Whoever held some of the locks and waited for the next would wait for ever: both come as far as the file in the middle.
#[test]
fn locks_in_opposite_order_do_not_block_each_other() {
    let scene = Scene::new();
    let rounds = share(1, 5, 50);
    write_sources(&scene, 2);
    succeed(run(&scene, &[], 0, 0..FILES));
    for _ in 0..rounds {
        let middle = File::open(scene.path(format!("d/{}", FILES / 2))).unwrap();
        flock(&middle, FlockOperation::LockExclusive).unwrap();
        let start = |writer: usize, files: Vec<usize>| {
            // Long enough for whoever only waits for its turn.
            let mut command = run(&scene, &["--lock-timeout=20"], writer, files.into_iter());
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
            let told = lines.next().unwrap().unwrap();
            assert!(told.contains("waiting: another writer holds the lock"), "{told}");
            (child, lines)
        };
        let running = [start(0, (0..FILES).collect()), start(1, (0..FILES).rev().collect())];
        drop(middle);
        for (mut child, lines) in running {
            let said: Vec<String> = lines.map(Result::unwrap).collect();
            assert!(child.wait().unwrap().success(), "{said:?}");
        }
    }
    tell(&format!("{} runs under locks, in opposite order", 2 * rounds));
    for file in 0..FILES {
        let has = scene.read(format!("d/{file}"));
        assert!((0..2).any(|writer| has == content(writer, file)), "{file}");
    }
    assert_eq!(staging_names(&scene.path("d")), [""; 0]);
}

/// Looked at when the first line of `--report` is there: then everything has been done, and the rest does not fit into the
/// pipe.
fn peak_of(scene: &Scene, options: &[&str]) -> u64 {
    let mut command = scene.process();
    command.args(options).args(["--report", "-t", "d", "--files0-from", "list"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = child.stdout.take().unwrap();
    lines.read_exact(&mut [0]).unwrap();
    let status = fs::read_to_string(Path::new("/proc").join(child.id().to_string()).join("status")).unwrap();
    lines.read_to_end(&mut Vec::new()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

#[test]
fn memory_does_not_grow_with_the_number_of_files() {
    const MOST_KIBIBYTES: u64 = 12 * 1024;
    // On a disk, a hundred thousand files take minutes.
    let memory = Path::new("/dev/shm");
    let scene = if memory.is_dir() { Scene::on(memory) } else { Scene::new() };
    let count = share(20_000, 100_000, 100_000);
    scene.mkdir("sources");
    scene.mkdir("d");
    let mut list = Vec::new();
    for number in 0..count {
        let name = format!("sources/a-name-of-some-thirty-bytes-{number:06}");
        scene.write(&name, number.to_string());
        list.extend_from_slice(name.as_bytes());
        list.push(0);
    }
    scene.write("list", list);
    for options in [&[][..], &["--if-changed"], &[]] {
        let peak = peak_of(&scene, options);
        tell(&format!("{count} files {options:?} at a peak of {peak} KiB"));
        assert!(peak <= MOST_KIBIBYTES, "{peak} KiB");
    }
    assert_eq!(fs::read_dir(scene.path("d")).unwrap().count(), count);
}

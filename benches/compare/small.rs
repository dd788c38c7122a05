//! A small file, where starting the program takes most of the time; and many of them, several at a time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::clock::{Input, time};
use crate::programs::{MUSL, OURS, STATIC, installed};
use crate::race::{Claim, Contender, Finished, Kind, Race};
use crate::setup::Setup;
use crate::stream::SHELL;

const CONTENT: &[u8] =
    b"a small file: a setting, a status, a lease, a metric; most files that are replaced are small\n";
const FLOOR: &str = "floor";
const FLOOR_MUSL: &str = "floor, musl";
const FLOOR_UNSYNCED: &str = "floor, without syncs";
const DD: (&str, &str) = ("dd conv=fsync, mv, sync", "dd of=t conv=fsync status=none && mv t f && sync .");
pub const AT_A_TIME: usize = 8;

/// Ours and the bare system calls, and no other tools: their shared libraries would be in the processor's caches, and our
/// dynamic build would gain by that.
pub fn bare(setup: &Setup) -> Finished {
    let directory = scene(setup, "bare");
    let mut contenders = setup.ours(&directory, &["f"], Input::Bytes(CONTENT));
    if let Some(floor) = setup.programs.floor("small") {
        let floor = floor.to_str().unwrap();
        for (name, words) in [(FLOOR, &[floor, "f"][..]), (FLOOR_UNSYNCED, &[floor, "f", "unsynced"])] {
            contenders.push(Contender::command(name, Kind::Floor, &directory, words, Input::Bytes(CONTENT)));
        }
    }
    let (ours, floor) = setup.programs.musl();
    for (name, kind, program) in [(MUSL, Kind::Ours, ours), (FLOOR_MUSL, Kind::Floor, floor)] {
        if let Some(program) = program {
            let words = [program.to_str().unwrap(), "f"];
            contenders.push(Contender::command(name, kind, &directory, &words, Input::Bytes(CONTENT)));
        }
    }
    let claims = vec![
        Claim {
            text: "small write, static build with musl, to the faster of the floors with glibc and musl",
            ours: MUSL,
            theirs: &[FLOOR, FLOOR_MUSL],
            limit: 1.10,
        },
        Claim { text: "small write, static build, to the floor", ours: STATIC, theirs: &[FLOOR], limit: 1.25 },
        Claim { text: "small write, `cargo build --release`, to the floor", ours: OURS, theirs: &[FLOOR], limit: 1.50 },
    ];
    run(setup, "a small durable write, and the bare system calls", &directory, contenders, claims)
}

/// Ours and other tools.
pub fn peers(setup: &Setup) -> Finished {
    let directory = scene(setup, "peers");
    let mut contenders = setup.ours(&directory, &["f"], Input::Bytes(CONTENT));
    contenders.extend(theirs(&directory));
    let claims = vec![
        Claim {
            text: "small write, static build, to `cat > t && sync t && mv t f && sync .`",
            ours: STATIC,
            theirs: &[SHELL],
            limit: 0.30,
        },
        Claim {
            text: "small write, `cargo build --release`, to `cat > t && sync t && mv t f && sync .`",
            ours: OURS,
            theirs: &[SHELL],
            limit: 0.30,
        },
    ];
    run(setup, "a small durable write, and what people use", &directory, contenders, claims)
}

fn scene(setup: &Setup, name: &str) -> PathBuf {
    let directory = setup.scene.mkdir(name);
    std::fs::write(directory.join("f"), CONTENT).unwrap();
    std::fs::write(directory.join("source"), CONTENT).unwrap();
    directory
}

fn run(setup: &Setup, title: &str, directory: &Path, contenders: Vec<Contender<'_>>, claims: Vec<Claim>) -> Finished {
    let prepare = Box::new(|| setup.settle(directory));
    Race { title: title.to_owned(), contenders, claims, batch: setup.size.small_batch, prepare }.run(&setup.size.pace)
}

fn theirs(directory: &Path) -> Vec<Contender<'_>> {
    let mut all = Vec::new();
    let bytes = Input::Bytes(CONTENT);
    for (name, script) in [(SHELL, SHELL), DD] {
        all.push(Contender::command(name, Kind::Peer, directory, &["sh", "-c", script], bytes));
    }
    let others: [(&str, &[&str], Input<'_>); 3] = [
        ("sponge f", &["sponge", "f"], bytes),
        ("install source f", &["install", "source", "f"], Input::Nothing),
        ("sed -i s/x/y/ f", &["sed", "-i", "s/x/y/", "f"], Input::Nothing),
    ];
    for (name, words, input) in others {
        if installed(words[0]) {
            all.push(Contender::command(name, Kind::Unsafe, directory, words, input));
        }
    }
    all
}

pub fn many(setup: &Setup) -> Finished {
    let directory = setup.scene.mkdir("many");
    let (directory, count) = (directory.as_path(), setup.size.many);
    let mut contenders: Vec<Contender<'_>> = Vec::new();
    let programs = setup.programs.ours().into_iter().map(|(name, program)| (name, Kind::Ours, program));
    let floor = setup.programs.floor("small").map(|program| (FLOOR, Kind::Floor, program));
    for (name, kind, program) in programs.chain(floor) {
        let one =
            move |index| time(Setup::command(&program, directory, &[&format!("f{index}")]), Input::Bytes(CONTENT));
        contenders.push(Contender::new(name, kind, move || at_a_time(count, &one)));
    }
    for index in 0..count {
        std::fs::write(directory.join(format!("f{index}")), CONTENT).unwrap();
    }
    let race = Race {
        title: format!("{count} small durable files, {AT_A_TIME} at a time"),
        contenders,
        claims: vec![
            Claim {
                text: "many small files, 8 at a time, static build, to the floor",
                ours: STATIC,
                theirs: &[FLOOR],
                limit: 1.35,
            },
            Claim {
                text: "many small files, 8 at a time, `cargo build --release`, to the floor",
                ours: OURS,
                theirs: &[FLOOR],
                limit: 1.35,
            },
        ],
        batch: 1,
        prepare: Box::new(|| setup.settle(directory)),
    };
    race.run(&setup.size.pace)
}

/// So many runs of a command, several at a time. `None` where this system does not support it.
pub fn at_a_time(count: usize, one: &(impl Fn(usize) -> Option<Duration> + Sync)) -> Option<Duration> {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return true;
            }
            if one(index).is_none() {
                return false;
            }
        }
    };
    let all = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().all(|worker| worker.join().unwrap())
    });
    all.then(|| start.elapsed())
}

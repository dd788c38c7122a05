//! `-t`: many files by one run, synced in groups.

use std::fs;
use std::path::Path;

use crate::clock::{Input, time};
use crate::common::{Mounted, names_in, program};
use crate::machine;
use crate::programs::{OURS, installed, mountable};
use crate::race::{Claim, Contender, Finished, Kind, Race};
use crate::setup::{Setup, fill, words};
use crate::small::at_a_time;

/// The ways to sync a group in benches/floor/group.c: the name, how, and how many files are in a group.
const SYNCFS: (&str, &str, &str) = ("floor: syncfs for 256", "0", "256");
const SYNCFS_ONCE: (&str, &str, &str) = ("floor: syncfs for all", "0", "1000");
const THREADS: (&str, &str, &str) = ("floor: fsync, 16 threads", "16", "256");
const ONE_BY_ONE: (&str, &str, &str) = ("floor: fsync, one by one", "1", "1");
const ONE_EACH: &str = "one process each, 8 at a time";
const CMP: &str = "cmp, one process each";
/// As one word of a shell.
const CMP_EACH: &str = "for f in source/*; do cmp $f d/${f##*/} || exit; done";

const LARGE_FILES: usize = 10;

/// Files of 1 KiB on each of the file systems, which root mounts; else on the one that this is on.
pub fn small(setup: &Setup) -> Vec<Finished> {
    let kinds = [
        (
            "ext4",
            "small files by `-t` to the best bare group, ext4",
            "small files by `-t` to one process each, 8 at a time, ext4",
        ),
        (
            "xfs",
            "small files by `-t` to the best bare group, XFS",
            "small files by `-t` to one process each, 8 at a time, XFS",
        ),
        (
            "btrfs",
            "small files by `-t` to the best bare group, btrfs",
            "small files by `-t` to one process each, 8 at a time, btrfs",
        ),
    ];
    let kinds = kinds.into_iter().filter(|(kind, ..)| mountable(kind));
    kinds.map(|(kind, floor, each)| small_on(setup, kind, floor, each)).collect()
}

fn small_on(setup: &Setup, kind: &str, floor: &'static str, each: &'static str) -> Finished {
    let mounted = Mounted::image(&setup.scene, kind, 2048, "");
    let directory = mounted.path();
    let count = setup.size.group;
    sources(directory, count, 1 << 10);
    let mut all = contenders(setup, directory, &["-t", "d"], &[SYNCFS, SYNCFS_ONCE, THREADS]);
    all.push(Contender::new(ONE_EACH, Kind::Ours, move || {
        at_a_time(count, &|index| {
            let paths = ["source", "d"].map(|parent| format!("{parent}/{}", name(index)));
            time(Setup::command(program(), directory, &["--from", &paths[0], &paths[1]]), Input::Nothing)
        })
    }));
    let race = Race {
        title: format!("-t, {count} files of 1 KiB on {kind}"),
        contenders: all,
        claims: vec![
            Claim { text: floor, ours: OURS, theirs: &[SYNCFS.0, SYNCFS_ONCE.0, THREADS.0], limit: 1.3 },
            Claim { text: each, ours: OURS, theirs: &[ONE_EACH], limit: 0.12 },
        ],
        batch: 1,
        prepare: Box::new(|| setup.settle(directory)),
    };
    race.run(&setup.size.pace)
}

/// A few files that hold, together, about what the large file does. On ext4 where that can be mounted.
pub fn large(setup: &Setup) -> Finished {
    let here = setup.scene.mkdir("group");
    let mounted = (machine::file_system(&here) != "ext4" && mountable("ext4"))
        .then(|| Mounted::image(&setup.scene, "ext4", (setup.size.large >> 20) * 3 + 1024, ""));
    let directory = mounted.as_ref().map_or(here.as_path(), Mounted::path);
    let bytes = one_of_ten(setup);
    sources(directory, LARGE_FILES, bytes);
    let race = Race {
        title: format!("-t, {LARGE_FILES} files of {} on {}", words(bytes), machine::file_system(directory)),
        contenders: contenders(setup, directory, &["-t", "d"], &[SYNCFS, THREADS, ONE_BY_ONE]),
        claims: vec![Claim {
            text: "large files by `-t` to the best floor",
            ours: OURS,
            theirs: &[SYNCFS.0, THREADS.0, ONE_BY_ONE.0],
            limit: 1.10,
        }],
        batch: 1,
        prepare: Box::new(|| setup.settle(directory)),
    };
    race.run(&setup.size.pace)
}

/// `-C`, where all files are there already.
pub fn unchanged(setup: &Setup) -> Vec<Finished> {
    let small = (setup.size.group, 1 << 10, "`-C` with nothing changed to `cmp` over all, small files");
    let large = (LARGE_FILES, one_of_ten(setup), "`-C` with nothing changed to `cmp` over all, large files");
    [small, large].into_iter().map(|(count, bytes, text)| unchanged_of(setup, count, bytes, text)).collect()
}

fn unchanged_of(setup: &Setup, count: usize, bytes: u64, text: &'static str) -> Finished {
    let directory = setup.scene.mkdir(format!("group-unchanged-{count}"));
    let directory = directory.as_path();
    sources(directory, count, bytes);
    for index in 0..count {
        fs::copy(directory.join("source").join(name(index)), directory.join("d").join(name(index))).unwrap();
    }
    let mut all = contenders(setup, directory, &["-C", "-t", "d"], &[]);
    if installed("cmp") {
        all.push(Contender::command(CMP, Kind::Peer, directory, &["sh", "-c", CMP_EACH], Input::Nothing));
    }
    let size = if bytes < 1 << 20 { "1 KiB".to_owned() } else { words(bytes) };
    let race = Race {
        title: format!("-C -t, {count} files of {size}, nothing changed"),
        contenders: all,
        claims: vec![Claim { text, ours: OURS, theirs: &[CMP], limit: 1.2 }],
        batch: 1,
        prepare: Box::new(|| setup.settle(directory)),
    };
    race.run(&setup.size.pace)
}

/// 100 MiB where the large file has 1 GiB.
fn one_of_ten(setup: &Setup) -> u64 {
    setup.size.large / 1024 * 100
}

fn name(index: usize) -> String {
    format!("f{index}")
}

/// `source` with the files, and an empty `d`.
fn sources(directory: &Path, count: usize, bytes: u64) {
    for parent in ["source", "d"] {
        fs::create_dir_all(directory.join(parent)).unwrap();
    }
    for index in 0..count {
        fill(&directory.join("source").join(name(index)), bytes);
    }
}

/// Ours with these arguments before the sources, and floors.
fn contenders<'a>(
    setup: &Setup,
    directory: &'a Path,
    args: &[&str],
    floors: &[(&'static str, &str, &str)],
) -> Vec<Contender<'a>> {
    let sources: Vec<String> =
        names_in(&directory.join("source")).into_iter().map(|name| format!("source/{name}")).collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let mut all = setup.ours(directory, &[args, &sources].concat(), Input::Nothing);
    if let Some(program) = setup.programs.floor("group") {
        for (name, how, group) in floors {
            let words = [&[program.to_str().unwrap(), how, group, "d"], &sources[..]].concat();
            all.push(Contender::command(name, Kind::Floor, directory, &words, Input::Nothing));
        }
    }
    all
}

//! `--from`: a file is copied to TARGET, by a reflink where the file system supports it.

use std::path::Path;

use crate::clock::Input;
use crate::common::Mounted;
use crate::machine;
use crate::programs::{OURS, mountable};
use crate::race::{Claim, Contender, Finished, Kind, Race};
use crate::setup::{self, Setup, reread};

const COPY: &str = "cp, sync, mv, sync";
const LARGE: &str = "--from a large file";
const SMALL: &str = "--from 1 MiB";

/// Compared with tools that copy, on ext4 where that can be mounted.
pub fn copied(setup: &Setup) -> Finished {
    let here = setup.scene.mkdir("copied");
    let mounted = (machine::file_system(&here) != "ext4" && mountable("ext4"))
        .then(|| Mounted::image(&setup.scene, "ext4", space(setup), ""));
    let directory = mounted.as_ref().map_or(here.as_path(), Mounted::path);
    let kind = machine::file_system(directory);
    prepare_source(setup, directory);
    let mut contenders = setup.ours(directory, &["--from", "source", "f"], Input::Nothing);
    for (name, kind, words) in [
        (COPY, Kind::Peer, &["sh", "-c", "cp source t && sync t && mv t f && sync ."]),
        ("install source f", Kind::Unsafe, &["install", "source", "f"]),
    ] {
        contenders.push(Contender::command(name, kind, directory, words, Input::Nothing));
    }
    let race = Race {
        title: format!("--from a file of {} on {kind}", setup.size.words()),
        contenders,
        claims: vec![Claim {
            text: "`--from` to `cp` + `sync` + `mv` + `sync`",
            ours: OURS,
            theirs: &[COPY],
            limit: 1.0,
        }],
        batch: 1,
        prepare: Box::new(|| {
            setup.settle(directory);
            reread(&directory.join("f"), setup.size.large);
        }),
    };
    race.run(&setup.size.pace)
}

/// Where the file system has reflinks, the size must not matter. Needs root, to mount them.
pub fn shared(setup: &Setup) -> Vec<Finished> {
    let kinds = [
        ("xfs", "`--from` a large file to `--from` 1 MiB, xfs"),
        ("btrfs", "`--from` a large file to `--from` 1 MiB, btrfs"),
    ];
    kinds.into_iter().filter(|(kind, _)| mountable(kind)).map(|(kind, text)| shared_on(setup, kind, text)).collect()
}

fn shared_on(setup: &Setup, kind: &'static str, text: &'static str) -> Finished {
    let mounted = Mounted::image(&setup.scene, kind, space(setup), "");
    let directory = mounted.path();
    prepare_source(setup, directory);
    setup::fill(&directory.join("small"), 1 << 20);
    std::fs::copy(directory.join("small"), directory.join("g")).unwrap();
    let program = crate::common::program().to_str().unwrap();
    let from = |name, source, target| {
        Contender::command(name, Kind::Ours, directory, &[program, "--from", source, target], Input::Nothing)
    };
    let race = Race {
        title: format!("--from a file of {} on {kind}", setup.size.words()),
        contenders: vec![from(LARGE, "source", "f"), from(SMALL, "small", "g")],
        claims: vec![Claim { text, ours: LARGE, theirs: &[SMALL], limit: 2.0 }],
        batch: 3,
        prepare: Box::new(|| setup.settle(directory)),
    };
    race.run(&setup.size.pace)
}

fn prepare_source(setup: &Setup, directory: &Path) {
    for name in ["source", "f"] {
        std::fs::copy(&setup.source, directory.join(name)).unwrap();
    }
}

/// For a source, a target and its replacement, in mebibytes.
fn space(setup: &Setup) -> u64 {
    (setup.size.large >> 20) * 3 + 1024
}

//! A large stream through a pipe.

use std::path::Path;

use crate::clock::Input;
use crate::programs::{OURS, installed};
use crate::race::{Claim, Contender, Finished, Kind, Race};
use crate::setup::{Setup, reread};

pub const SHELL: &str = "cat > t && sync t && mv t f && sync .";
const DD: (&str, &str) = ("dd bs=1M conv=fsync, mv, sync", "dd of=t bs=1M conv=fsync status=none && mv t f && sync .");
const SPONGE: &str = "sponge f";
/// Those that leave the result in the page cache, as ours does.
const FLOORS: [(&str, &str); 3] = [
    ("read_write", "floor: read 128 KiB, write"),
    ("splice", "floor: splice"),
    ("write_behind", "floor: larger pipe, write-behind"),
];
const UNCACHED: &str = "floor: RWF_DONTCACHE (uncached)";

pub fn run(setup: &Setup) -> Finished {
    let directory = setup.scene.mkdir("stream");
    let target = directory.join("f");
    std::fs::copy(&setup.source, &target).unwrap();
    let race = Race {
        title: format!("{} through a pipe", setup.size.words()),
        contenders: contenders(setup, &directory),
        claims: vec![
            Claim {
                text: "stream to the best floor",
                ours: OURS,
                theirs: &[FLOORS[0].1, FLOORS[1].1, FLOORS[2].1],
                limit: 1.10,
            },
            Claim {
                text: "stream to `cat > t && sync t && mv t f && sync .`",
                ours: OURS,
                theirs: &[SHELL],
                limit: 0.80,
            },
            Claim { text: "stream to `sponge`", ours: OURS, theirs: &[SPONGE], limit: 0.25 },
        ],
        batch: 1,
        prepare: Box::new(|| {
            setup.settle(&directory);
            reread(&target, setup.size.large);
        }),
    };
    race.run(&setup.size.pace)
}

fn contenders<'a>(setup: &'a Setup, directory: &'a Path) -> Vec<Contender<'a>> {
    let source = Input::Stream(&setup.source);
    let mut all = setup.ours(directory, &["f"], source);
    for (program, name) in FLOORS.into_iter().chain([("dontcache", UNCACHED)]) {
        let Some(program) = setup.programs.floor(program) else { continue };
        let words = [program.to_str().unwrap(), "f"];
        all.push(Contender::command(name, Kind::Floor, directory, &words, source));
    }
    for (name, script) in [(SHELL, SHELL), DD] {
        all.push(Contender::command(name, Kind::Peer, directory, &["sh", "-c", script], source));
    }
    if installed("sponge") {
        all.push(Contender::command(SPONGE, Kind::Unsafe, directory, &["sponge", "f"], source));
    }
    all
}

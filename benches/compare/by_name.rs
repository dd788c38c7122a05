//! `-I`: a command writes the file by name. And `--tree`: a whole directory.

use std::fs;
use std::path::Path;

use crate::clock::Input;
use crate::common::Mounted;
use crate::machine;
use crate::programs::{OURS, mountable};
use crate::race::{Claim, Contender, Finished, Kind, Race};
use crate::setup::{Setup, reread};

const COMMAND: &str = "cp, sync, mv, sync";
const EXCHANGE: &str = "cp -a, syncfs, exchange, sync, rm";

/// The same command, and a shell that does the rest.
pub fn file(setup: &Setup) -> Finished {
    let here = setup.scene.mkdir("by-name");
    let mounted = ext4(setup, &here, (setup.size.large >> 20) * 3 + 1024);
    let directory = mounted.as_ref().map_or(here.as_path(), Mounted::path);
    for name in ["source", "f"] {
        fs::copy(&setup.source, directory.join(name)).unwrap();
    }
    let ours = ["-I", "{}", "f", "--", "cp", "--reflink=never", "source", "{}"];
    let mut contenders = setup.ours(directory, &ours, Input::Nothing);
    let theirs = ["sh", "-c", "cp --reflink=never source t && sync t && mv t f && sync ."];
    contenders.push(Contender::command(COMMAND, Kind::Peer, directory, &theirs, Input::Nothing));
    let race = Race {
        title: format!("-I, a command that writes {} on {}", setup.size.words(), machine::file_system(directory)),
        contenders,
        claims: vec![Claim {
            text: "`-I` to the command + `sync` + `mv` + `sync`",
            ours: OURS,
            theirs: &[COMMAND],
            limit: 1.05,
        }],
        batch: 1,
        prepare: Box::new(|| {
            setup.settle(directory);
            reread(&directory.join("f"), setup.size.large);
        }),
    };
    race.run(&setup.size.pace)
}

/// A tree of many small files, which replaces one of as many.
pub fn tree(setup: &Setup) -> Finished {
    let here = setup.scene.mkdir("tree");
    let mounted = ext4(setup, &here, 2048);
    let directory = mounted.as_ref().map_or(here.as_path(), Mounted::path);
    for name in ["source", "d"] {
        write_tree(&directory.join(name), setup.size.tree);
    }
    let mut contenders = setup.ours(directory, &["--tree", "--from", "source", "d"], Input::Nothing);
    if let Some(exchange) = setup.programs.floor("exchange") {
        let script = format!("cp -a source t && sync -f t && {} t d && sync . && rm -r t", exchange.display());
        contenders.push(Contender::command(EXCHANGE, Kind::Peer, directory, &["sh", "-c", &script], Input::Nothing));
    }
    let race = Race {
        title: format!("--tree, {} small files on {}", setup.size.tree, machine::file_system(directory)),
        contenders,
        claims: vec![Claim {
            text: "`--tree --from` to `cp -a` + `syncfs` + exchange + `sync` + `rm`",
            ours: OURS,
            theirs: &[EXCHANGE],
            limit: 1.3,
        }],
        batch: 1,
        prepare: Box::new(|| setup.settle(directory)),
    };
    race.run(&setup.size.pace)
}

/// A hundred files in each directory, of up to 4 KiB.
fn write_tree(top: &Path, files: usize) {
    for number in 0..files {
        let directory = top.join((number / 100).to_string());
        if number % 100 == 0 {
            fs::create_dir_all(&directory).unwrap();
        }
        fs::write(directory.join(number.to_string()), vec![b'x'; 1 + number * 61 % 4096]).unwrap();
    }
}

/// A file system to measure on, where this is not on ext4 already.
fn ext4(setup: &Setup, here: &Path, mebibytes: u64) -> Option<Mounted> {
    let wanted = machine::file_system(here) != "ext4" && mountable("ext4");
    wanted.then(|| Mounted::image(&setup.scene, "ext4", mebibytes, ""))
}

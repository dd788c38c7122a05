//! `--if-changed` with identical content: as fast as reading, and no sector written.

use std::path::Path;
use std::process::Command;

use crate::clock::{Input, time};
use crate::common::Mounted;
use crate::figure::Figure;
use crate::programs::{OURS, installed, mountable};
use crate::race::{Claim, Contender, Finished, Kind, Race};
use crate::setup::Setup;

const CMP: &str = "cmp source f";
const STREAM_OURS: &str = "cat source | atomic-write --if-changed";
const STREAM_CMP: &str = "cat source | cmp - f";

pub fn race(setup: &Setup) -> Finished {
    let directory = setup.scene.mkdir("unchanged");
    let directory = directory.as_path();
    std::fs::copy(&setup.source, directory.join("f")).unwrap();
    let source = setup.source.to_str().unwrap();
    let mut contenders = setup.ours(directory, &["--if-changed", "--from", source, "f"], Input::Nothing);
    let stream = Input::Stream(&setup.source);
    let words = [crate::common::program().to_str().unwrap(), "--if-changed", "f"];
    contenders.push(Contender::command(STREAM_OURS, Kind::Ours, directory, &words, stream));
    if installed("cmp") {
        contenders.push(Contender::command(CMP, Kind::Peer, directory, &["cmp", source, "f"], Input::Nothing));
        contenders.push(Contender::command(STREAM_CMP, Kind::Peer, directory, &["cmp", "-", "f"], stream));
    }
    let race = Race {
        title: format!("--if-changed, {} identical", setup.size.words()),
        contenders,
        claims: vec![
            Claim { text: "`--if-changed`, identical, to `cmp`", ours: OURS, theirs: &[CMP], limit: 1.2 },
            Claim {
                text: "`--if-changed`, identical, from a pipe, to `cmp` from a pipe",
                ours: STREAM_OURS,
                theirs: &[STREAM_CMP],
                limit: 1.2,
            },
        ],
        batch: 1,
        prepare: Box::new(|| setup.settle(directory)),
    };
    race.run(&setup.size.pace)
}

/// Sectors written by a run on a file that was just written, where a plain read would update the access time. On a file
/// system that nobody else uses. Needs root.
pub fn sectors(setup: &Setup) -> Option<Figure> {
    if !mountable("ext4") {
        return None;
    }
    let mounted = Mounted::image(&setup.scene, "ext4", (setup.size.large >> 20) * 2 + 512, "");
    let directory = mounted.path();
    let target = directory.join("f");
    let run = |mut command: Command| {
        std::fs::copy(&setup.source, &target).unwrap();
        setup.settle(directory);
        let before = written(directory);
        command.current_dir(directory);
        time(command, Input::Stream(&setup.source)).unwrap();
        setup.settle(directory);
        written(directory) - before
    };
    // The first run lets the new file system finish its initialization.
    run(Command::new("true"));
    let ours = (0..3).map(|_| run(Setup::command(crate::common::program(), directory, &["--if-changed", "f"])));
    let ours = ours.max().unwrap_or_default();
    let theirs =
        if installed("cmp") { run(Setup::command("cmp", directory, &["-", "f"])).to_string() } else { "?".into() };
    Some(Figure {
        text: format!("sectors written by `--if-changed`, identical (`cmp`: {theirs})"),
        value: ours.to_string(),
        limit: "0".to_owned(),
        reached: ours == 0,
    })
}

/// Sectors written to the device of this file system since it was made.
fn written(directory: &Path) -> u64 {
    let device = rustix::fs::stat(directory).unwrap().st_dev;
    let path = format!("/sys/dev/block/{}:{}/stat", rustix::fs::major(device), rustix::fs::minor(device));
    let text = std::fs::read_to_string(path).unwrap();
    text.split_whitespace().nth(6).unwrap().parse().unwrap()
}

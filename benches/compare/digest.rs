//! `--checksum`: the digest of a stream.

use crate::clock::{Input, time};
use crate::programs::{OURS, installed};
use crate::race::{Claim, Contender, Finished, Kind, Race};
use crate::setup::{Setup, reread};

pub fn race(setup: &Setup) -> Finished {
    let directory = setup.scene.mkdir("digest");
    let directory = directory.as_path();
    std::fs::copy(&setup.source, directory.join("f")).unwrap();
    let sum = crate::common::tool("sha256sum", &[setup.source.to_str().unwrap()]);
    let checksum = format!("sha256:{}", sum.split_whitespace().next().unwrap());
    let stream = Input::Stream(&setup.source);
    let mut contenders = setup.ours(directory, &["--checksum", &checksum, "f"], stream);
    let tools: [(&str, &[&str]); 2] =
        [("sha256sum", &["sha256sum"]), ("openssl dgst -sha256", &["openssl", "dgst", "-sha256"])];
    for (name, words) in tools {
        if installed(words[0]) {
            contenders.push(Contender::new(name, Kind::Peer, move || {
                let mut command = Setup::command(words[0], directory, &words[1..]);
                command.stdout(std::process::Stdio::null());
                time(command, stream)
            }));
        }
    }
    let race = Race {
        title: format!("--checksum sha256, {} through a pipe", setup.size.words()),
        contenders,
        claims: vec![Claim {
            text: "`--checksum sha256:` to `sha256sum` alone",
            ours: OURS,
            theirs: &["sha256sum"],
            limit: 1.15,
        }],
        batch: 1,
        prepare: Box::new(|| {
            setup.settle(directory);
            reread(&directory.join("f"), setup.size.large);
        }),
    };
    race.run(&setup.size.pace)
}

//! Peak resident memory, of each mode at two sizes.

use std::path::Path;
use std::process::Command;

use crate::clock::{Input, time};
use crate::common::{self, Mounted, is_root};
use crate::figure::Figure;
use crate::programs::installed;
use crate::setup::{self, Setup};

/// In MiB.
const LIMIT: f64 = 6.0;
const SMALL: u64 = 1 << 20;
const CHECKSUM: &str = "--checksum";
const SPONGE: &str = "sponge f";
/// The mode that other tools have too.
pub const PIPE: &str = "a pipe";

/// One mode: how it is called, and what it needs.
struct Mode {
    name: &'static str,
    args: &'static [&'static str],
    input: Feed,
}

/// What is on a mode's standard input.
enum Feed {
    Nothing,
    Pipe,
    /// A pipe with the file and one more line, so that only the end differs.
    Longer,
    File,
}

const MODES: [Mode; 16] = [
    Mode { name: PIPE, args: &["f"], input: Feed::Pipe },
    Mode { name: "< file", args: &["f"], input: Feed::File },
    Mode { name: "--from", args: &["--from", "source", "f"], input: Feed::Nothing },
    Mode { name: "COMMAND", args: &["f", "--", "cat", "source"], input: Feed::Nothing },
    Mode { name: "--edit", args: &["--edit", "f", "--", "cat"], input: Feed::Nothing },
    Mode { name: "--if-changed, identical", args: &["--if-changed", "f"], input: Feed::Pipe },
    Mode { name: "--if-changed, another end", args: &["--if-changed", "f"], input: Feed::Longer },
    Mode { name: "--checksum", args: &[CHECKSUM, "f"], input: Feed::Pipe },
    Mode { name: "--checksum --from", args: &[CHECKSUM, "--from", "source", "f"], input: Feed::Nothing },
    Mode { name: "--validate", args: &["--validate", "cat > /dev/null", "f"], input: Feed::Pipe },
    Mode { name: "--lock", args: &["--lock", "f"], input: Feed::Pipe },
    Mode { name: "--backup", args: &["--backup=simple", "f"], input: Feed::Pipe },
    Mode { name: "--sync none", args: &["--sync", "none", "f"], input: Feed::Pipe },
    Mode { name: "--append", args: &["--append", "f"], input: Feed::Pipe },
    Mode { name: "a pipe, new", args: &["g"], input: Feed::Pipe },
    Mode { name: "--allow-in-place", args: &["--allow-in-place", "--quiet", "f"], input: Feed::Pipe },
];

/// A program's peak in one mode, in MiB, with a small and with a large file.
pub struct Peak {
    pub program: &'static str,
    pub mode: &'static str,
    pub small: f64,
    pub large: f64,
}

/// The peaks of all modes.
pub struct Memory {
    pub peaks: Vec<Peak>,
    /// The two sizes, in words.
    pub sizes: [String; 2],
    pub figure: Figure,
}

pub fn run(setup: &Setup) -> Option<Memory> {
    let peak = setup.programs.floor("peak")?;
    eprintln!("peak resident memory");
    let directory = setup.scene.mkdir("memory");
    let small = at_size(setup, &peak, &directory, SMALL);
    let large = at_size(setup, &peak, &directory, setup.size.large);
    let peaks: Vec<Peak> = small
        .into_iter()
        .zip(large)
        .map(|((program, mode, small), (.., large))| Peak { program, mode, small, large })
        .collect();
    let ours = peaks.iter().filter(|peak| peak.program != SPONGE);
    let most = ours.map(|peak| peak.small.max(peak.large)).fold(0.0, f64::max);
    let figure = Figure {
        text: "peak resident memory of any mode".to_owned(),
        value: format!("{most:.1} MiB"),
        limit: format!("{LIMIT} MiB"),
        reached: most <= LIMIT,
    };
    Some(Memory { peaks, sizes: [setup::words(SMALL), setup.size.words()], figure })
}

/// Each mode of each build, with a source of this size.
fn at_size(setup: &Setup, peak: &Path, directory: &Path, size: u64) -> Vec<(&'static str, &'static str, f64)> {
    let source = directory.join("source");
    setup::fill(&source, size);
    let sum = common::tool("sha256sum", &[source.to_str().unwrap()]);
    let checksum = format!("--checksum=sha256:{}", sum.split_whitespace().next().unwrap());
    let mut peaks = Vec::new();
    for (program, path) in setup.programs.ours() {
        for mode in &MODES {
            let in_place = mode.args.contains(&"--allow-in-place");
            if in_place && !is_root() {
                continue;
            }
            std::fs::copy(&source, directory.join("f")).unwrap();
            let _ = std::fs::remove_file(directory.join("g"));
            // A mount point, over which nothing can be renamed.
            let target = directory.join("f");
            let mounted = in_place.then(|| Mounted::bind(&target, &target));
            let args = mode.args.iter().map(|arg| if *arg == CHECKSUM { checksum.as_str() } else { arg });
            let mut words = vec![path.to_str().unwrap()];
            words.extend(args);
            peaks.push((program, mode.name, of(peak, directory, &words, &source, &mode.input)));
            drop(mounted);
        }
    }
    if installed("sponge") {
        peaks.push((SPONGE, PIPE, of(peak, directory, &["sponge", "f"], &source, &Feed::Pipe)));
    }
    peaks
}

/// The peak of one command, in MiB.
fn of(peak: &Path, directory: &Path, words: &[&str], source: &Path, feed: &Feed) -> f64 {
    let told = directory.join("peak");
    let mut command = Command::new(peak);
    command.arg(&told).args(words).current_dir(directory);
    let longer = format!("cat '{}'; echo more", source.display());
    let input = match feed {
        Feed::Nothing => Input::Nothing,
        Feed::Pipe => Input::Stream(source),
        Feed::Longer => Input::Script(&longer),
        Feed::File => Input::File(source),
    };
    time(command, input).expect("a mode of the contract");
    let kibibytes: f64 = std::fs::read_to_string(told).unwrap().trim().parse().unwrap();
    kibibytes / 1024.0
}

//! The directory, the sizes and the programs of a benchmark.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::clock::Input;
use crate::common::Scene;
use crate::common::simulation::rng::Rng;
use crate::programs::Programs;
use crate::race::{Contender, Kind};

const MODE: &str = "ATOMIC_WRITE_BENCH";

/// How patient a race is.
#[derive(Clone, Copy)]
pub struct Pace {
    pub least_rounds: usize,
    pub most_rounds: usize,
    /// After this time, only the least number of rounds is completed.
    pub patience: Duration,
}

/// How much is done.
#[derive(Clone, Copy)]
pub struct Size {
    /// A large file, in bytes.
    pub large: u64,
    /// How often a small file is written in a round.
    pub small_batch: usize,
    /// How many small files are written several at a time.
    pub many: usize,
    /// How many small files are replaced by one run.
    pub group: usize,
    /// The files of a tree.
    pub tree: usize,
    pub pace: Pace,
}

impl Size {
    /// `full` for the README's figures, `quick` to see whether it works at all.
    pub fn from_environment() -> Self {
        match std::env::var(MODE).as_deref() {
            Err(_) | Ok("full") => Size {
                large: 1 << 30,
                small_batch: 25,
                many: 2_000,
                group: 1_000,
                tree: 10_000,
                pace: Pace { least_rounds: 9, most_rounds: 41, patience: Duration::from_secs(120) },
            },
            Ok("quick") => Size {
                large: 64 << 20,
                small_batch: 5,
                many: 100,
                group: 200,
                tree: 1_000,
                pace: Pace { least_rounds: 3, most_rounds: 7, patience: Duration::from_millis(1_500) },
            },
            Ok(other) => panic!("{MODE} is quick or full, and not {other:?}"),
        }
    }

    /// In words.
    pub fn words(&self) -> String {
        words(self.large)
    }
}

/// A round number of bytes in words.
pub fn words(bytes: u64) -> String {
    if bytes >= 1 << 30 { format!("{} GiB", bytes >> 30) } else { format!("{} MiB", bytes >> 20) }
}

/// A place to work in, with a large file whose content is neither zeros nor compressible.
pub struct Setup {
    pub size: Size,
    pub programs: Programs,
    pub scene: Scene,
    /// The large file; in the page cache.
    pub source: PathBuf,
}

impl Setup {
    pub fn new() -> Self {
        let size = Size::from_environment();
        let scene = Scene::new();
        let programs = Programs::build(&scene.mkdir("floor"));
        let source = scene.path("source");
        fill(&source, size.large);
        Setup { size, programs, scene, source }
    }

    /// Writes back all dirty pages, on `directory`'s file system and on the one that its image is on.
    pub fn settle(&self, directory: &Path) {
        for directory in [directory, self.scene.root()] {
            rustix::fs::syncfs(File::open(directory).unwrap()).unwrap();
        }
    }

    /// Our builds, each with these arguments and this input.
    pub fn ours<'a>(&self, directory: &'a Path, args: &[&str], input: Input<'a>) -> Vec<Contender<'a>> {
        let contender = |(name, program): (_, PathBuf)| {
            let words = [&[program.to_str().unwrap()], args].concat();
            Contender::command(name, Kind::Ours, directory, &words, input)
        };
        self.programs.ours().into_iter().map(contender).collect()
    }

    /// A command in a directory of the scene. Without cargo's library path, in which the dynamic linker would search for the C
    /// library first.
    pub fn command(program: impl AsRef<std::ffi::OsStr>, directory: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(directory).args(args).env_remove("LD_LIBRARY_PATH");
        command
    }
}

/// Writes a file of this size.
pub fn fill(path: &Path, bytes: u64) {
    let mut rng = Rng::new(0, "content");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    for _ in 0..bytes / 8 {
        file.write_all(&rng.next().to_le_bytes()).unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
}

/// Checks the file's length, and brings it into the page cache.
pub fn reread(path: &Path, size: u64) {
    let mut file = File::open(path).unwrap();
    let mut buffer = vec![0; 1 << 20];
    let mut found = 0;
    loop {
        match file.read(&mut buffer).unwrap() {
            0 => break,
            count => found += count as u64,
        }
    }
    assert_eq!(found, size, "{} is not what was written", path.display());
}

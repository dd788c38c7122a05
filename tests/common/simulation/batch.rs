//! The files of a run with many, of which TARGET is the first: what is there before, and what must be there after it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::content::{self, Version};
use super::scenario::{ELSEWHERE, HOME, Scenario, Setting};

/// How many files, and how many descriptors the program may have open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    pub files: usize,
    /// By which the program forms its groups. Nothing: as many as it wants.
    pub descriptors: Option<usize>,
}

/// One of the files beside TARGET.
pub struct Member {
    pub name: String,
    pub old: Option<Vec<u8>>,
    pub new: Vec<u8>,
}

impl Member {
    pub fn path(&self) -> PathBuf {
        Path::new(HOME).join(&self.name)
    }
}

/// Where a file of this name comes from.
pub fn source(name: &str) -> PathBuf {
    Path::new(ELSEWHERE).join("sources").join(name)
}

impl Batch {
    /// The files beside TARGET: one replaced, one created, and so on. With `--if-changed` every third has the new content
    /// already, and all of them in a setting where TARGET has. No two have the same length.
    pub fn others(self, scenario: &Scenario) -> Vec<Member> {
        let is_same = matches!(scenario.setting, Setting::Same | Setting::SameUnsynced);
        let compares = scenario.options.contains(&"--if-changed");
        let other = |number: usize| {
            let length = scenario.new / (number % 3 + 1) + number;
            let new = content::bytes(Version::New, length);
            let old = match number {
                _ if is_same => Some(new.clone()),
                number if compares && number % 3 == 0 => Some(new.clone()),
                number if number % 2 == 1 => Some(content::bytes(Version::Old, length + 777)),
                _ => None,
            };
            Member { name: format!("f{number}"), old, new }
        };
        (1..self.files).map(other).collect()
    }

    /// The operands.
    pub fn words(self, scenario: &Scenario) -> Vec<OsString> {
        let others = self.others(scenario);
        let names = ["f"].into_iter().chain(others.iter().map(|other| other.name.as_str()));
        [OsString::from("-t"), HOME.into()].into_iter().chain(names.map(|name| source(name).into())).collect()
    }

    /// What comes before the program's name.
    pub fn launcher(self) -> Option<[OsString; 3]> {
        let limit = self.descriptors?;
        Some(["sh".into(), "-c".into(), format!("ulimit -n {limit} && exec \"$0\" \"$@\"").into()])
    }
}

//! The built suite, the tests of the program in it, and those that an environment leaves out.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::Environment;
use crate::common::needs::LACKING;

/// Modules that say the same everywhere: about the sources, or in a system of their own, whatever there is around it.
const EVERYWHERE: [&str; 5] =
    ["docs::", "linux::commit::bounded::", "linux::file_systems::", "linux::filters::", "linux::systems::"];

/// What an environment leaves out: files of names, below lines that begin with `#` and give the reason. A name that ends
/// in `::` is that of a module, with all that is in it.
pub struct Exceptions {
    pub environment: &'static str,
    pub tests: BTreeSet<&'static str>,
}

impl Exceptions {
    pub fn parse(environment: &'static str, lists: &[&'static str]) -> Exceptions {
        let mut tests = BTreeSet::new();
        for list in lists {
            let mut reasoned = false;
            for line in list.lines().filter(|line| !line.is_empty()) {
                if line.starts_with('#') {
                    reasoned = true;
                } else {
                    assert!(reasoned, "{environment}: {line} is left out without a reason");
                    assert!(tests.insert(line), "{environment}: {line} is left out twice");
                }
            }
        }
        Exceptions { environment, tests }
    }

    fn leaves_out(&self, test: &str) -> bool {
        self.tests.iter().any(|exception| is_or_holds(exception, test))
    }
}

fn is_or_holds(exception: &str, test: &str) -> bool {
    if exception.ends_with("::") { test.starts_with(exception) } else { test == exception }
}

pub struct Suite {
    program: PathBuf,
    tests: Vec<String>,
}

impl Suite {
    /// Cargo builds it, where it is not built, and tells where it is.
    pub fn build() -> Suite {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["test", "--locked", "--test", "black_box", "--no-run", "--message-format=json"])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(built.status.success(), "the suite does not build");
        let messages = String::from_utf8(built.stdout).unwrap();
        let program = messages
            .lines()
            .filter(|line| line.contains(r#""name":"black_box""#))
            .find_map(|line| line.split_once(r#""executable":""#)?.1.split('"').next())
            .map(PathBuf::from)
            .expect("cargo names the test program");
        let list = Command::new(&program).args(["--list", "--format=terse"]).output().unwrap();
        let list = String::from_utf8(list.stdout).unwrap();
        let tests = list.lines().filter_map(|line| line.strip_suffix(": test"));
        let tests = tests.filter(|test| !EVERYWHERE.iter().any(|module| test.starts_with(module)));
        let tests = tests.map(str::to_owned).collect();
        Suite { program, tests }
    }

    /// Nothing is left out that does not exist any more.
    pub fn has_all(&self, exceptions: &Exceptions) {
        for test in &exceptions.tests {
            let is_there = self.tests.iter().any(|known| is_or_holds(test, known));
            assert!(is_there, "{}: there is no {test}", exceptions.environment);
        }
    }

    /// The tests that are not left out, as far as they are `wanted`.
    pub fn without(&self, exceptions: &Exceptions, wanted: impl Fn(&str) -> bool) -> Vec<&str> {
        let tests = self.tests.iter().map(String::as_str);
        tests.filter(|test| !exceptions.leaves_out(test) && wanted(test)).collect()
    }

    /// Whether all of these pass there. Where not, says what did not.
    pub fn passes(&self, environment: &Environment, tests: &[&str]) -> bool {
        let mut command = Command::new(&self.program);
        command.arg("--exact").args(tests).env_remove(LACKING);
        if let Some(lacking) = environment.lacks {
            command.env(LACKING, lacking);
        }
        let log = tempfile::NamedTempFile::new().unwrap();
        let status = (environment.run)(&mut command, log.as_file());
        let said = String::from_utf8_lossy(&std::fs::read(log.path()).unwrap()).into_owned();
        let all = said.contains(&format!("test result: ok. {} passed; 0 failed; 0 ignored", tests.len()));
        if status.success() && all {
            return true;
        }
        println!("{}: {status}\n{said}", environment.name);
        false
    }
}

//! The metadata of the finished file: the contract's section on how it looks.

mod acls;
mod attributes;
mod instants;
mod mode;
mod namespaces;
mod new;
mod owner;
mod requested_owner;
mod requested_owner_refused;
mod symbolic;
mod timestamps;

use crate::common::strace::Strace;
use crate::common::{Scene, tool};

/// The program with these arguments and the input "new", under strace.
fn strace<'s>(scene: &'s Scene, arguments: &[&str]) -> Strace<'s> {
    Strace::new(scene, arguments).input("new")
}

/// Runs it with the input "new" on `f`; it succeeds, and this is all that it says.
fn says(mut command: assert_cmd::Command, words: &str) {
    command.arg("f").write_stdin("new").assert().success().stderr(words.to_owned());
}

/// The ACL, its ids as numbers.
fn acl(scene: &Scene, name: &str) -> String {
    tool("getfacl", &["-cnpE", scene.path(name).to_str().unwrap()])
}

/// `setfacl` with these words and the file.
fn set_acl(scene: &Scene, options: &[&str], name: &str) {
    tool("setfacl", &[options, &[scene.path(name).to_str().unwrap()]].concat());
}

/// Sets an extended attribute to a value in setfattr's spelling.
fn set_attribute(scene: &Scene, name: &str, value: &str, file: &str) {
    tool("setfattr", &["-n", name, "-v", value, scene.path(file).to_str().unwrap()]);
}

/// All extended attributes that can be seen, in hexadecimal, without the ACL.
fn attributes(scene: &Scene, file: &str) -> Vec<String> {
    let text =
        tool("getfattr", &["-d", "-m", "-", "-e", "hex", "--absolute-names", scene.path(file).to_str().unwrap()]);
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("system."))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

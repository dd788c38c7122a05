//! A program that does what a test says, and is there on every system: the test program itself. What it is to do is found
//! before the harness starts.
//!
//! A word is a step: `copy`, `print TEXT`, `write NAME TEXT`, `exit 7`. The steps are done one after the other; the first that
//! fails is the last, and the status is 99 then.

// It is a program of its own, and ends as one.
#![allow(clippy::exit)]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use super::system;

/// Names the steps on Unix: not each has the arguments at so early a time.
const VARIABLE: &str = "ATOMIC_WRITE_TEST_DOES";
/// Between the steps in there.
const NEXT: char = '\x1f';
/// The first argument elsewhere, where no env(1) sets variables.
const ARGUMENT: &str = "--does";

/// The words of a COMMAND that does this.
pub fn does(steps: &[&str]) -> Vec<String> {
    let program = super::this_program().into_os_string().into_string().unwrap();
    if cfg!(unix) {
        vec!["env".to_owned(), format!("{VARIABLE}={}", steps.join(&NEXT.to_string())), program]
    } else {
        [program, ARGUMENT.to_owned()].into_iter().chain(steps.iter().map(|&step| step.to_owned())).collect()
    }
}

/// How a message calls that COMMAND.
pub fn its_name() -> String {
    does(&[]).swap_remove(0)
}

fn asked() -> Option<Vec<String>> {
    if cfg!(unix) {
        let steps = std::env::var(VARIABLE).ok()?;
        return Some(steps.split(NEXT).filter(|step| !step.is_empty()).map(str::to_owned).collect());
    }
    let mut arguments = std::env::args().skip(1);
    (arguments.next()? == ARGUMENT).then(|| arguments.collect())
}

#[ctor::ctor]
fn act() {
    let Some(steps) = asked() else { return };
    for step in steps {
        if let Err(error) = one(&step) {
            let _ = writeln!(io::stderr(), "{step:?}: {error}");
            std::process::exit(99);
        }
    }
    std::process::exit(0);
}

fn one(step: &str) -> io::Result<()> {
    let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
    let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
    match verb {
        "print" => print(rest.as_bytes()),
        "error" => io::stderr().write_all(rest.as_bytes()),
        "exit" => std::process::exit(rest.parse().map_err(io::Error::other)?),
        // Standard input to standard output.
        "copy" => print(&input()?),
        "upper" => print(&input()?.to_ascii_uppercase()),
        "increment" => increment(),
        "line" => print(&line()?),
        // A count, and the byte that is printed so many times.
        "fill" => print(&filling(name, text)?),
        "fill-error" => io::stderr().write_all(&filling(name, text)?),
        // Files.
        "cat" => print(&fs::read(name)?),
        "write" => fs::write(name, text),
        // The same with the name last, which may have spaces in it.
        "make" => fs::write(text, name),
        "absent" => absent(Path::new(rest)),
        "append" => File::options().append(true).create(true).open(name)?.write_all(text.as_bytes()),
        // The first bytes, in place.
        "patch" => File::options().write(true).open(name)?.write_all(text.as_bytes()),
        // All of it, as if it were older than it is.
        "disguise" => disguise(name, text),
        "remove" => fs::remove_file(name),
        "remove-all" => fs::remove_dir_all(name),
        "copy-file" => fs::copy(name, text).map(drop),
        "rename" => fs::rename(name, text),
        "link" => fs::hard_link(name, text),
        "symlink" => system::symlink(Path::new(name), Path::new(text)),
        "mode" => system::set_mode(Path::new(name), u32::from_str_radix(text, 8).map_err(io::Error::other)?),
        "mkdir" => fs::create_dir(name),
        // The names in a directory, one a line.
        "list" => super::names_in(Path::new(name)).iter().try_for_each(|name| print(format!("{name}\n").as_bytes())),
        // For whoever else may run.
        "pause" => {
            std::thread::sleep(std::time::Duration::from_millis(10));
            Ok(())
        }
        "rmdir" => fs::remove_dir(name),
        _ => Err(io::Error::other("no such step")),
    }
}

fn print(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(bytes)?;
    stdout.flush()
}

fn filling(count: &str, byte: &str) -> io::Result<Vec<u8>> {
    Ok(byte.repeat(count.parse().map_err(io::Error::other)?).into_bytes())
}

fn absent(path: &Path) -> io::Result<()> {
    if path.symlink_metadata().is_ok() { Err(io::Error::other("is there")) } else { Ok(()) }
}

fn disguise(name: &str, text: &str) -> io::Result<()> {
    let before = fs::metadata(name)?;
    let mut file = File::options().write(true).truncate(true).open(name)?;
    file.write_all(text.as_bytes())?;
    file.set_times(fs::FileTimes::new().set_accessed(before.accessed()?).set_modified(before.modified()?))
}

fn input() -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    system::stdin()?.read_to_end(&mut content)?;
    Ok(content)
}

/// One line and no byte more.
fn line() -> io::Result<Vec<u8>> {
    let (mut stdin, mut line, mut byte) = (system::stdin()?, Vec::new(), [0]);
    while stdin.read(&mut byte)? == 1 {
        line.push(byte[0]);
        if byte == *b"\n" {
            break;
        }
    }
    Ok(line)
}

/// Each line is a number, and has as many digits afterwards.
fn increment() -> io::Result<()> {
    let text = String::from_utf8(input()?).map_err(io::Error::other)?;
    for line in text.lines() {
        let number: u64 = line.trim().parse().map_err(io::Error::other)?;
        print(format!("{:0width$}\n", number + 1, width = line.len()).as_bytes())?;
    }
    Ok(())
}

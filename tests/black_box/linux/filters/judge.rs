//! What came of a run, and whether its verdict is true.

use std::collections::BTreeSet;
use std::io::{Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::calls::Kind;
use super::modes::{Around, Input, Mode};
use crate::common::Scene;
use crate::common::simulation::file_state::{FileState as Look, Snapshot, snapshot};

/// Longer than any run takes that does not wait for ever.
const BOUND: Duration = Duration::from_secs(60);

/// What came of a run.
pub struct Outcome {
    /// None where it had to be killed.
    pub status: Option<ExitStatus>,
    pub stdout: String,
    pub stderr: String,
    pub before: Snapshot,
    pub after: Snapshot,
    /// How often COMMAND, or the validator, ran.
    pub ran: usize,
}

/// What the shell's side effect is called.
const RAN: &str = "ran";

/// Runs `words` and the mode's arguments in a new scene.
pub fn run(mode: &Mode, words: &[String]) -> Outcome {
    let scene = Scene::new();
    let mut around = (mode.prepare)(&scene);
    let before = look(&scene);
    let (mut stdout, mut stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let mut command = scene.other(&words[0]);
    command.args(&words[1..]).args(&mode.args);
    command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
    let status = ended(&mut command, mode, &scene, &mut around);
    let text = |file: &mut std::fs::File| {
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let mut after = look(&scene);
    drop(around);
    // Or it could not be removed by its owner.
    scene.chmod("", 0o755);
    let ran = after.remove(Path::new(RAN)).map_or(0, |look| look.content.split(|&byte| byte == b'\n').count() - 1);
    Outcome { status, stdout: text(&mut stdout), stderr: text(&mut stderr), before, after, ran }
}

fn look(scene: &Scene) -> Snapshot {
    snapshot(scene.root()).unwrap()
}

/// Runs it to its end, with what is `around` it.
fn ended(command: &mut Command, mode: &Mode, scene: &Scene, around: &mut Around) -> Option<ExitStatus> {
    match mode.input {
        Input::Nothing => {}
        Input::Pipe => drop(command.stdin(Stdio::piped())),
        Input::File => drop(command.stdin(std::fs::File::open(scene.path("source")).unwrap())),
    }
    let mut child = command.spawn().unwrap();
    if let Some(mut stdin) = child.stdin.take() {
        let input = scene.read("source");
        // One that reads nothing may be what the filter makes of it.
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let start = Instant::now();
    let mut asleep = 0;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        // Whatever it waits for, it has nothing else to wait for but the lock soon.
        asleep = if matches!(around, Around::Lock(_)) && is_asleep(&child) { asleep + 1 } else { 0 };
        if asleep > 10 {
            *around = Around::Nothing;
        }
        if start.elapsed() > BOUND {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn is_asleep(child: &Child) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" S"))
}

impl Outcome {
    fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// In the words of a message.
    fn shown(&self) -> String {
        let status = self.status.map_or_else(|| "did not end".to_owned(), |status| status.to_string());
        format!("{status}, {:?}", self.stderr)
    }

    /// Whether the message names it.
    fn tells_of(&self, path: &Path) -> bool {
        self.stderr.contains(path.to_str().unwrap())
    }

    /// Names that are there and not in `expected`, and of which nothing is said.
    fn silent_leftovers(&self, expected: &Snapshot) -> Vec<&PathBuf> {
        self.after.keys().filter(|name| !expected.contains_key(*name) && !self.tells_of(name)).collect()
    }

    /// Whether each name of `expected` is there as `alike` wants it, and nothing else that is not told.
    fn is(&self, expected: &Snapshot, alike: impl Fn(&Look, &Look) -> bool) -> Result<(), String> {
        for (name, look) in expected {
            match self.after.get(name) {
                Some(found) if alike(found, look) => {}
                found => return Err(format!("{} is {found:?} and not {look:?}", name.display())),
            }
        }
        match self.silent_leftovers(expected).as_slice() {
            [] => Ok(()),
            left => Err(format!("{left:?} is left in silence")),
        }
    }

    /// Nothing has happened: content, metadata and inodes are as they were.
    fn is_unchanged(&self) -> Result<(), String> {
        self.is(&self.before, |found, look| found == look)
    }

    /// A run without a filter ends as the mode says.
    pub fn is_as_declared(&self, mode: &Mode) {
        assert_eq!(self.code(), Some(mode.code), "{}: {}", mode.name, self.shown());
        let names: BTreeSet<_> = self.before.keys().cloned().collect();
        for (name, content) in &mode.after {
            let found = self.after.get(Path::new(name)).map(|look| &look.content);
            assert!(found == Some(content), "{}: {name}: {}", mode.name, self.shown());
        }
        let declared = |name: &PathBuf| mode.after.iter().any(|(after, _)| Path::new(after).starts_with(name));
        let strange = self.after.keys().find(|name| !names.contains(*name) && !declared(name));
        assert!(strange.is_none(), "{}: {strange:?}: {}", mode.name, self.shown());
    }
}

/// Whether a run under a filter may end as it did. `plain` is one without.
pub fn judge(mode: &Mode, kind: Kind, plain: &Outcome, run: &Outcome) -> Result<(), String> {
    let verdict = match kind {
        Kind::Spared => is_the_same(plain, run),
        Kind::Needed => is_true(mode, plain, run),
        Kind::Fatal => is_true(mode, plain, run).or_else(|_| is_nothing(run)),
        Kind::Untried => Ok(()),
    };
    verdict.map_err(|fault| format!("{fault}: {}", run.shown()))
}

/// The filter makes no difference.
fn is_the_same(plain: &Outcome, run: &Outcome) -> Result<(), String> {
    if run.code() != plain.code() {
        return Err("another status".to_owned());
    }
    run.is(&plain.after, Look::is_like)?;
    if (run.ran, &run.stdout) != (plain.ran, &plain.stdout) {
        return Err(format!("the command ran {} times, {:?}", run.ran, run.stdout));
    }
    if run.stderr != plain.stderr {
        return Err(format!("other words than {:?}", plain.stderr));
    }
    Ok(())
}

/// It ended before anything was done.
fn is_nothing(run: &Outcome) -> Result<(), String> {
    if run.status.is_none() {
        return Err("it does not end".to_owned());
    }
    if run.ran > 0 {
        return Err("the command ran".to_owned());
    }
    run.is_unchanged()
}

/// The status and the words say what is there.
fn is_true(mode: &Mode, plain: &Outcome, run: &Outcome) -> Result<(), String> {
    let Some(status) = run.status else { return Err("it does not end".to_owned()) };
    if let Some(signal) = status.signal() {
        return Err(format!("it dies of signal {signal}"));
    }
    if run.stderr.contains("panicked") {
        return Err("it panics".to_owned());
    }
    let code = status.code().unwrap_or_default();
    if code == mode.code {
        // What could not be kept is told, and then is not what is compared.
        let told = run.stderr.contains("warning: ") || run.stderr.contains("cannot keep");
        let alike = |found: &Look, look: &Look| if told { found.content == look.content } else { found.is_like(look) };
        run.is(&plain.after, alike)?;
        return if run.ran == plain.ran { Ok(()) } else { Err(format!("the command ran {} times", run.ran)) };
    }
    let says = |state: &str| run.stderr.lines().any(|line| line.starts_with("atomic-write: ") && line.ends_with(state));
    let ends = |plain_code: i32, command_code: i32| code == if mode.has_command() { command_code } else { plain_code };
    if ends(4, 121) {
        run.is(&plain.after, |found, look| found.content == look.content)?;
        return if says("(replaced, may not survive a power cut)") { Ok(()) } else { Err("no such state".to_owned()) };
    }
    if ends(5, 122) && mode.in_place() {
        let new = &mode.after[0].1;
        let copy = run.after.iter().any(|(name, look)| look.content == *new && run.tells_of(name));
        return if says("(damaged)") && copy { Ok(()) } else { Err("no copy is told of".to_owned()) };
    }
    let own = |words: &str| run.stderr.contains(words);
    let of_the_command = mode.has_command() && (own("exited with status") || own("was killed by signal"));
    // What a validator cannot do under the filter it cannot approve of.
    let refused = ends(3, 123) && mode.is_validated();
    if !(ends(1, 125) || refused || of_the_command || mode.has_command() && matches!(code, 126 | 127)) {
        return Err("a status that means something else".to_owned());
    }
    if matches!(code, 126 | 127) && !of_the_command && run.ran > 0 {
        return Err("the command could not be run, and ran".to_owned());
    }
    if !says("(unchanged)") {
        return Err("no state is told".to_owned());
    }
    run.is_unchanged()
}

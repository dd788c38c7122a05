//! The program under strace(1): which calls it makes and in which order, what it does when one of them fails, and what
//! happens when something is done between two of them.
//!
//! The power-cut simulator has a tracer of its own (`power_cut/tracer.rs`), as it has to act between calls.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, mkfifoat};
use rustix::io::Errno;

use super::filter::{Filter, UNNAMED};
use super::{Scene, program};

/// One system call, as strace shows it.
#[derive(Clone, Eq, PartialEq)]
pub struct Call {
    pub name: String,
    /// The text between the parentheses, in which descriptors have their paths.
    pub args: String,
    pub result: String,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({}) = {}", self.name, self.args, self.result)
    }
}

impl Call {
    /// Nothing, for a line that is no call.
    pub fn parse(line: &str) -> Option<Call> {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let (name, rest) = line.split_once('(')?;
        let (args, result) = rest.rsplit_once(" = ").or_else(|| rest.rsplit_once(" <unfinished"))?;
        let args = args.trim_end().strip_suffix(')').unwrap_or(args).to_owned();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        plain.then(|| Call { name: name.to_owned(), args, result: result.to_owned() })
    }

    /// Whether it is this call and its arguments contain all of `parts`.
    pub fn is(&self, name: &str, parts: &[&str]) -> bool {
        self.name == name && parts.iter().all(|part| self.args.contains(part))
    }

    /// The first argument where it is a descriptor: its number alone.
    pub fn descriptor(&self) -> &str {
        self.args.split(['<', ',']).next().unwrap_or_default()
    }

    /// What it returned, where that is a number. After a descriptor its path is shown.
    pub fn returned(&self) -> Option<i64> {
        self.result.split([' ', '<']).next()?.parse().ok()
    }

    pub fn succeeded(&self) -> bool {
        self.returned().is_some_and(|returned| returned >= 0)
    }

    /// Whether strace made up the result.
    pub fn is_injected(&self) -> bool {
        self.result.ends_with("(INJECTED)")
    }

    /// What stands between the first double quotes.
    pub fn quoted(&self) -> &str {
        self.args.split('"').nth(1).unwrap_or_default()
    }
}

/// The calls of one run, in their order.
#[derive(Clone, Debug)]
pub struct Calls(pub Vec<Call>);

impl Calls {
    fn parse(log: &str) -> Calls {
        let mut calls: Vec<Call> = Vec::new();
        // Where another thread's call comes between, a call has two lines.
        let mut unfinished: Vec<(&str, usize)> = Vec::new();
        for line in log.lines() {
            let (thread, rest) =
                line.split_at(line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len());
            let resumed = rest.trim_start().strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"));
            if let Some((name, rest)) = resumed {
                let is_it = |(other, at): &(&str, usize)| *other == thread && calls[*at].name == name;
                if let (Some(place), Some((args, result))) =
                    (unfinished.iter().position(is_it), rest.rsplit_once(" = "))
                {
                    let call = &mut calls[unfinished.remove(place).1];
                    call.args += args.trim_end().strip_suffix(')').unwrap_or(args);
                    result.clone_into(&mut call.result);
                }
            } else if let Some(call) = Call::parse(line) {
                if line.ends_with("<unfinished ...>") {
                    unfinished.push((thread, calls.len()));
                }
                calls.push(call);
            }
        }
        Calls(calls)
    }

    /// All calls of this name whose arguments contain `parts`.
    pub fn all<'a>(&'a self, name: &'a str, parts: &'a [&str]) -> impl Iterator<Item = &'a Call> {
        self.0.iter().filter(move |call| call.is(name, parts))
    }

    pub fn has(&self, name: &str, parts: &[&str]) -> bool {
        self.all(name, parts).next().is_some()
    }

    /// The index of the first read of standard input. The dynamic linker and the runtime read from other descriptors.
    pub fn input_read(&self) -> Option<usize> {
        self.0.iter().position(|call| call.name == "read" && call.descriptor() == "0")
    }

    /// The only such call.
    pub fn one(&self, name: &str, parts: &[&str]) -> &Call {
        assert_eq!(self.all(name, parts).count(), 1, "{name} {parts:?} in {self:#?}");
        &self.0[self.at(name, parts)]
    }

    /// The index of the first such call.
    pub fn at(&self, name: &str, parts: &[&str]) -> usize {
        let found = self.0.iter().position(|call| call.is(name, parts));
        found.unwrap_or_else(|| panic!("no {name} {parts:?} in {self:#?}"))
    }

    /// `N` of `inject=NAME:...:when=N` for the call at this index.
    pub fn when(&self, position: usize) -> usize {
        self.0[..=position].iter().filter(|call| call.name == self.0[position].name).count()
    }

    /// `NAME` and `:when=N` around `what`: an injection into the first such call.
    pub fn inject(&self, name: &str, parts: &[&str], what: &str) -> String {
        format!("{name}:{what}:when={}", self.when(self.at(name, parts)))
    }

    /// `NAME:when=N`: the first such call, to stop after it.
    pub fn stop(&self, name: &str, parts: &[&str]) -> String {
        format!("{name}:when={}", self.when(self.at(name, parts)))
    }

    /// `NAME:when=N`: the last such call, to stop after it.
    pub fn stop_last(&self, name: &str, parts: &[&str]) -> String {
        let last = self.0.iter().rposition(|call| call.is(name, parts));
        let last = last.unwrap_or_else(|| panic!("no {name} {parts:?} in {self:#?}"));
        format!("{name}:when={}", self.when(last))
    }

    /// Asserts that these calls are made in this order; others may come between them.
    pub fn in_order(&self, calls: &[(&str, &[&str])]) {
        let mut rest = self.0.iter();
        for (name, parts) in calls {
            assert!(rest.any(|call| call.is(name, parts)), "{name} {parts:?} is not in its place: {self:#?}");
        }
    }
}

/// A run that has ended.
#[derive(Debug)]
pub struct Traced {
    pub output: Output,
    pub calls: Calls,
}

/// A run of the program to be traced.
pub struct Strace<'s> {
    scene: &'s Scene,
    launcher: Vec<String>,
    injections: Vec<String>,
    args: Vec<String>,
    input: Vec<u8>,
}

impl<'s> Strace<'s> {
    /// The injection of [`Strace::without_links`].
    pub const NO_LINKS: &'static str = "linkat:error=ENOENT:when=1..2";

    /// `atomic-write ARGS`, in the scene, with an empty standard input.
    pub fn new(scene: &'s Scene, args: &[&str]) -> Self {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Strace { scene, launcher: Vec::new(), injections: Vec::new(), args, input: Vec::new() }
    }

    #[must_use]
    pub fn input(mut self, input: impl AsRef<[u8]>) -> Self {
        input.as_ref().clone_into(&mut self.input);
        self
    }

    /// Starts strace through another program, such as setpriv(1).
    #[must_use]
    pub fn by(mut self, launcher: &[&str]) -> Self {
        self.launcher.extend(launcher.iter().map(|&word| word.to_owned()));
        self
    }

    /// An `inject=` expression of strace.
    #[must_use]
    pub fn inject(mut self, injection: impl Into<String>) -> Self {
        self.injections.push(injection.into());
        self
    }

    /// As on a file system without unnamed files: `O_TMPFILE` is refused with this error. By a filter, which needs no count
    /// of the calls that come before.
    #[must_use]
    pub fn without_unnamed(mut self, errno: &str) -> Self {
        if has_unnamed() {
            let is_it = |number: &i32| format!("{:?}", nix::errno::Errno::from_raw(*number)) == errno;
            let number = (1..200).find(is_it).unwrap();
            let filter = Filter::new().refuse_where(nix::libc::SYS_openat, UNNAMED, number);
            self.launcher.splice(0..0, filter.words());
        }
        self
    }

    /// As on a system where an unnamed file cannot be linked, so that the staging file has a name from the start.
    #[must_use]
    pub fn without_links(self) -> Self {
        if !has_unnamed() {
            return self;
        }
        self.inject(Self::NO_LINKS)
    }

    /// As on SMB, according to the type that fstatfs(2) returns. Needs
    /// [`ChangedAnswers`](super::needs::Need::ChangedAnswers).
    #[must_use]
    pub fn on_smb(self) -> Self {
        // `SMB2_SUPER_MAGIC`.
        self.on_type(0xfe53_4d42)
    }

    /// The same for NFS.
    #[must_use]
    pub fn on_nfs(self) -> Self {
        // `NFS_SUPER_MAGIC`.
        self.on_type(0x6969)
    }

    fn on_type(self, magic: usize) -> Self {
        // The type is the first member, which is as wide as a register.
        let bytes = magic.to_be();
        let digits = size_of::<usize>() * 2;
        self.inject(format!("fstatfs:poke_exit=@arg2={bytes:0digits$x}"))
    }

    fn command(&self, log: &Path, options: &[&str]) -> Command {
        let mut words: Vec<&str> = self.launcher.iter().map(String::as_str).collect();
        words.extend(["strace", "-y", "-f", "-s", "64", "-o", log.to_str().unwrap()]);
        words.extend(options);
        let expressions: Vec<String> = self.injections.iter().map(|what| format!("inject={what}")).collect();
        for expression in &expressions {
            words.extend(["-e", expression]);
        }
        let mut command = self.scene.other(words[0]);
        command.args(&words[1..]).arg(program()).args(&self.args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self) -> Traced {
        let log = tempfile::NamedTempFile::new().unwrap();
        // The launcher may make it another user.
        fs::set_permissions(log.path(), fs::Permissions::from_mode(0o666)).unwrap();
        let mut child = self.command(log.path(), &[]).spawn().unwrap();
        self.feed(&mut child);
        let output = child.wait_with_output().unwrap();
        Traced { output, calls: Calls::parse(&fs::read_to_string(log.path()).unwrap()) }
    }

    fn feed(&self, child: &mut Child) {
        let mut stdin = child.stdin.take().unwrap();
        let input = self.input.clone();
        // Some tests are about programs that do not read.
        std::thread::spawn(move || stdin.write_all(&input));
    }

    /// Starts the program, and returns when it is stopped after the call `stop` (`NAME:when=N`).
    pub fn stopped_after(self, stop: &str) -> Stopped {
        let (name, when) = stop.split_once(':').unwrap();
        let traced = self.inject(format!("{name}:signal=STOP:{when}"));
        let directory = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
        let path = directory.path().join("log");
        let log = StopLog::create(&path).unwrap();
        // The tracer is a process of its own, so that the child is the program itself.
        let mut child = traced.command(&path, &["-D"]).spawn().unwrap();
        traced.feed(&mut child);
        let mut stopped = Stopped { child, log, _directory: directory };
        stopped.wait();
        stopped
    }
}

/// The log of a program that injected SIGSTOPs stop. It is a FIFO, so that one can wait for a stop.
pub struct StopLog {
    fifo: File,
    text: String,
}

impl StopLog {
    /// Longer than a program takes from one stop to the next, on a busy machine too.
    const BOUND: Duration = Duration::from_secs(60);

    /// Before strace is started with this path, so that no line is lost and no open blocks.
    pub fn create(path: &Path) -> io::Result<StopLog> {
        mkfifoat(CWD, path, Mode::from_raw_mode(0o600))?;
        // strace may run as another user.
        fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
        let fifo = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
        Ok(StopLog { fifo, text: String::new() })
    }

    /// Everything up to the last stop, or to the end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Waits until the program is stopped; false, where it has ended.
    pub fn next_stop(&mut self) -> io::Result<bool> {
        let (start, from) = (Instant::now(), self.text.len());
        loop {
            let left = Self::BOUND.saturating_sub(start.elapsed());
            let timeout = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            let ready = match poll(&mut [PollFd::new(&self.fifo, PollFlags::IN)], Some(&timeout)) {
                // A test of another thread may have set a signal handler.
                Err(Errno::INTR) => continue,
                ready => ready?,
            };
            if ready == 0 || left == Duration::ZERO {
                let last = self.text.lines().last().unwrap_or_default();
                let message = format!("hung for {} s: {last}", Self::BOUND.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            let mut buffer = [0; 8192];
            match self.fifo.read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => self.text.push_str(&String::from_utf8_lossy(&buffer[..count])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if self.text[from..].contains("--- stopped by SIGSTOP ---") {
                return Ok(true);
            }
        }
    }
}

/// A program that is stopped.
pub struct Stopped {
    child: Child,
    log: StopLog,
    _directory: tempfile::TempDir,
}

impl Stopped {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The calls until now.
    pub fn calls(&self) -> Calls {
        Calls::parse(self.log.text())
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Reads the log up to the next stop.
    fn wait(&mut self) {
        assert!(self.log.next_stop().unwrap(), "it was not stopped: {}", self.log.text());
    }

    /// Continues it until the next stop.
    pub fn go_on(&mut self) {
        self.signal(Signal::SIGCONT);
        self.wait();
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().unwrap();
    }

    /// Continues it to its end.
    pub fn resume(mut self) -> Traced {
        self.signal(Signal::SIGCONT);
        // The whole log has to be read, or strace would block.
        while self.log.next_stop().unwrap() {}
        let output = self.child.wait_with_output().unwrap();
        Traced { output, calls: Calls::parse(self.log.text()) }
    }
}

/// Whether there are unnamed files here. Where the system refuses them already, nothing needs to.
pub fn has_unnamed() -> bool {
    plain_calls().has("linkat", &["\".\""])
}

/// The call by which the program looks at a name: the older one where the system refuses the newer one.
pub fn look() -> &'static str {
    let answered = plain_calls().all("statx", &["\"f\""]).any(|call| call.result.starts_with('0'));
    if answered { "statx" } else { "newfstatat" }
}

/// The calls of the plainest run, one that replaces a small file.
pub fn plain_calls() -> &'static Calls {
    static CALLS: std::sync::OnceLock<Calls> = std::sync::OnceLock::new();
    CALLS.get_or_init(|| {
        let scene = Scene::new();
        scene.write("f", "old");
        let traced = Strace::new(&scene, &["f"]).input("new").run();
        assert!(traced.output.status.success(), "{traced:?}");
        traced.calls
    })
}

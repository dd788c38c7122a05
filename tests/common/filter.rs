//! Seccomp filters: chosen system calls of a program and its children fail with a chosen error, as in a container whose
//! runtime does not know the call, or on a kernel that does not have it.
//!
//! The standard library makes a process by calls that a filter may refuse, so the filter is not set before that: the test
//! program is started again, with the rules and the command as its arguments, sets the filter, and executes the command.

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use nix::unistd::execveat;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// The option of the test program that makes it set a filter and execute the other arguments.
const OPTION: &str = "--under-seccomp-filter=";

/// For [`Filter::refuse_where`]: openat(2) with the bit that only `O_TMPFILE` has.
pub const UNNAMED: (u8, u64, u64) = (2, 0o20_000_000, 0o20_000_000);
/// The same for linkat(2) with `AT_EMPTY_PATH`.
pub const EMPTY_PATH: (u8, u64, u64) = (4, 0x1000, 0x1000);

/// One call that is refused.
#[derive(Clone, Copy, Debug)]
struct Rule {
    call: i64,
    errno: i32,
    /// Only where this argument (its number, from 0) has these bits of this mask.
    argument: Option<(u8, u64, u64)>,
}

/// The calls that are refused. All others are permitted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    rules: Vec<Rule>,
}

impl Filter {
    pub fn new() -> Filter {
        Filter::default()
    }

    /// The call (`SYS_*`) fails with the error.
    #[must_use]
    pub fn refuse(mut self, call: i64, errno: i32) -> Filter {
        self.rules.push(Rule { call, errno, argument: None });
        self
    }

    /// All of these calls fail with the error.
    #[must_use]
    pub fn refuse_all(self, calls: impl IntoIterator<Item = i64>, errno: i32) -> Filter {
        calls.into_iter().fold(self, |filter, call| filter.refuse(call, errno))
    }

    /// The call fails where `argument & mask == bits`; arguments are counted from 0, and their lower 32 bits count.
    #[must_use]
    pub fn refuse_where(mut self, call: i64, (argument, mask, bits): (u8, u64, u64), errno: i32) -> Filter {
        self.rules.push(Rule { call, errno, argument: Some((argument, mask, bits)) });
        self
    }

    /// The words before a command that run it under this filter.
    pub fn words(&self) -> [String; 2] {
        let rules: Vec<String> = self.rules.iter().map(|rule| rule.word()).collect();
        let this = super::this_program().into_os_string().into_string().unwrap();
        [this, format!("{OPTION}{}", rules.join(","))]
    }

    /// Sets the filter for the calling thread and its future children, for good.
    pub fn set(&self) {
        let mut errnos: Vec<i32> = self.rules.iter().map(|rule| rule.errno).collect();
        errnos.sort_unstable();
        errnos.dedup();
        // One filter has one errno.
        let filters: Vec<BpfProgram> = errnos.into_iter().map(|errno| self.compile(errno)).collect();
        for filter in filters {
            seccompiler::apply_filter(&filter).unwrap();
        }
    }

    fn compile(&self, errno: i32) -> BpfProgram {
        let mut rules = std::collections::BTreeMap::<i64, Vec<SeccompRule>>::new();
        for rule in self.rules.iter().filter(|rule| rule.errno == errno) {
            let conditions = rules.entry(rule.call).or_default();
            if let Some((argument, mask, bits)) = rule.argument {
                let operator = SeccompCmpOp::MaskedEq(mask);
                let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, bits).unwrap();
                conditions.push(SeccompRule::new(vec![condition]).unwrap());
            }
        }
        let refused = SeccompAction::Errno(errno.unsigned_abs());
        let architecture = std::env::consts::ARCH.try_into().unwrap();
        SeccompFilter::new(rules, SeccompAction::Allow, refused, architecture).unwrap().try_into().unwrap()
    }
}

impl Rule {
    fn word(self) -> String {
        let Rule { call, errno, argument } = self;
        match argument {
            Some((argument, mask, bits)) => format!("{call}/{errno}/{argument}/{mask}/{bits}"),
            None => format!("{call}/{errno}"),
        }
    }

    fn from_word(word: &str) -> Rule {
        let numbers: Vec<i64> = word.split('/').map(|number| number.parse().unwrap()).collect();
        let unsigned = |number: i64| u64::try_from(number).unwrap();
        let argument = (numbers.len() > 2)
            .then(|| (u8::try_from(numbers[2]).unwrap(), unsigned(numbers[3]), unsigned(numbers[4])));
        Rule { call: numbers[0], errno: i32::try_from(numbers[1]).unwrap(), argument }
    }
}

/// In the test program that was started again: sets the filter and executes the command. Before `main`, so that nothing
/// that the test harness does is seen, and nothing that the Rust runtime does to signals and descriptors is inherited.
#[ctor::ctor]
fn start() {
    let mut words = std::env::args_os().skip(1);
    let Some(rules) = words.next().and_then(|word| word.to_str()?.strip_prefix(OPTION).map(str::to_owned)) else {
        return;
    };
    let filter = Filter { rules: rules.split(',').filter(|rule| !rule.is_empty()).map(Rule::from_word).collect() };
    let zero_ended = |word: OsString| CString::new(word.into_vec()).unwrap();
    let argv: Vec<CString> = words.map(zero_ended).collect();
    let environment: Vec<CString> = std::env::vars_os()
        .map(|(mut pair, value)| {
            pair.push("=");
            pair.push(value);
            zero_ended(pair)
        })
        .collect();
    let path = zero_ended(find(argv[0].to_str().unwrap()).into_os_string());
    filter.set();
    // Not by the call that a filter may refuse to the program.
    let errno = execveat(rustix::fs::CWD, &path, &argv, &environment, nix::fcntl::AtFlags::empty());
    panic!("{path:?}: {errno:?}");
}

/// Where PATH finds the program.
fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file());
    if program.contains('/') { program.into() } else { found.unwrap_or_else(|| program.into()) }
}

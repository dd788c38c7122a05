//! What can happen at a system call.

use crate::other_writer::Action;
use crate::trace::Call;

/// One thing that happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL as it begins: it is not carried out.
    Kill,
    /// SIGTERM as it begins: it is carried out, or interrupted where it waits.
    Term,
    /// This error, once.
    Once(&'static str),
    /// This error, from here on.
    On(&'static str),
    /// One byte moved, and the caller has to go on.
    Short,
    /// It is done, the program stands still, and another writer acts.
    Other(Action),
    /// A rename over TARGET fails with this error and has removed TARGET, as on a client of SMB.
    Removes(&'static str),
}

impl Fault {
    pub fn name(self) -> String {
        match self {
            Fault::Kill => "KILL".to_owned(),
            Fault::Term => "TERM".to_owned(),
            Fault::Once(errno) => errno.to_owned(),
            Fault::On(errno) => format!("{errno}-on"),
            Fault::Short => "short".to_owned(),
            Fault::Other(action) => action.name().to_owned(),
            Fault::Removes(errno) => format!("{errno}-removes"),
        }
    }

    /// The same, for `strace -e inject=`.
    pub fn expression(self, call: &Call) -> String {
        let (name, nth) = (&call.name, call.nth);
        match self {
            Fault::Kill => format!("{name}:signal=KILL:when={nth}"),
            Fault::Term => format!("{name}:signal=TERM:when={nth}"),
            Fault::Once(errno) => format!("{name}:error={errno}:when={nth}"),
            Fault::On(errno) => format!("{name}:error={errno}:when={nth}+"),
            // The call is not carried out: what it says it has moved is one byte of whatever was there.
            Fault::Short => format!("{name}:retval=1:when={nth}"),
            Fault::Other(_) => format!("{name}:signal=STOP:when={nth}"),
            // The program stands still, and TARGET is removed.
            Fault::Removes(errno) => format!("{name}:error={errno}:signal=STOP:when={nth}"),
        }
    }

    pub fn errno(self) -> Option<&'static str> {
        match self {
            Fault::Once(errno) | Fault::On(errno) => Some(errno),
            _ => None,
        }
    }
}

/// Everything that can happen at this call; `later` are those that follow it.
pub fn at(call: &Call, later: &[Call]) -> Vec<Fault> {
    let mut faults = vec![Fault::Kill, Fault::Term];
    // An injected error means that nothing was closed, which never happens: a pipe would stay open for ever.
    if call.runtime || call.closes_pipe {
        return faults;
    }
    let may_last = call.name != "close" || !later.iter().any(|call| call.closes_pipe);
    let exclusive = call.args.contains("O_EXCL").then_some("EEXIST");
    let filtered: &[&str] = if is_filtered(&call.name) { &["EPERM", "ENOSYS"] } else { &[] };
    let mut errnos = [errnos(&call.name), exclusive.as_slice(), filtered].concat();
    errnos.sort_unstable();
    errnos.dedup();
    for errno in errnos {
        // What is there would be taken for absent, as it would have to be, or for marked for deletion.
        let probes = call.args.contains("O_RDONLY|O_NOCTTY") && call.args.contains("O_NOFOLLOW");
        let looks = call.args.contains("O_PATH") || probes;
        if errno == "ENOENT" && call.succeeded() && (looks || call.name == "unlinkat") {
            continue;
        }
        faults.push(Fault::Once(errno));
        if may_last {
            faults.push(Fault::On(errno));
        }
    }
    if matches!(call.name.as_str(), "read" | "pread64" | "write" | "pwrite64" | "copy_file_range")
        && call.returned().is_some_and(|count| count > 1)
        && !call.reads_signals()
    {
        faults.push(Fault::Short);
    }
    faults
}

/// Everything that another writer can do between this call and the next. `exists` tells whether there is a TARGET.
pub fn between(call: &Call, exists: bool) -> impl Iterator<Item = Fault> {
    let sees = !call.runtime && !is_blind(&call.name);
    Action::ALL.into_iter().filter(move |action| sees && (exists || !action.needs_file())).map(Fault::Other)
}

/// What a client of SMB makes of a rename over TARGET, which is called `name`.
pub fn removing(call: &Call, name: &str) -> impl Iterator<Item = Fault> {
    let is_met = call.name.starts_with("rename") && call.gives(name) && !call.exchanges(name);
    ["EACCES", "EIO", "EPERM"].into_iter().filter(move |_| is_met).map(Fault::Removes)
}

/// Whether the instant before the call and that after it are the same, for whoever looks at files.
fn is_blind(name: &str) -> bool {
    matches!(
        name,
        "fcntl"
            | "rt_sigaction"
            | "rt_sigprocmask"
            | "signalfd4"
            | "sigaltstack"
            | "mmap"
            | "munmap"
            | "mprotect"
            | "brk"
            | "geteuid"
            | "getpid"
            | "gettid"
            | "getrandom"
            | "prlimit64"
            | "capget"
            | "prctl"
            | "exit_group"
    )
}

/// What the manual pages and file systems know, less what only a wrong argument brings about.
fn errnos(name: &str) -> &'static [&'static str] {
    match name {
        "open" | "openat" => &[
            "EINTR",
            "EACCES",
            "EIO",
            "EMFILE",
            "ENOENT",
            "ENOSPC",
            "EDQUOT",
            "ELOOP",
            "EROFS",
            "EOPNOTSUPP",
            "ESTALE",
        ],
        "read" | "pread64" => &["EINTR", "EAGAIN", "EIO", "EISDIR", "ESTALE"],
        "write" | "pwrite64" => &["EINTR", "EAGAIN", "EIO", "ENOSPC", "EDQUOT", "EFBIG", "EPIPE"],
        "copy_file_range" => {
            &["EINTR", "EAGAIN", "EIO", "ENOSPC", "EDQUOT", "EFBIG", "EXDEV", "EINVAL", "EOPNOTSUPP", "ENOSYS"]
        }
        "ioctl" => &["EOPNOTSUPP", "EXDEV", "EINVAL", "ENOTTY", "EIO", "ENOSPC", "EDQUOT"],
        "fallocate" => &["EINTR", "EOPNOTSUPP", "EIO", "ENOSPC", "EDQUOT", "EFBIG"],
        "ftruncate" => &["EINTR", "EIO", "ENOSPC", "EFBIG", "EPERM"],
        "fadvise64" => &["EINVAL"],
        "lseek" => &["EINVAL", "EIO", "ESPIPE"],
        "fsync" | "syncfs" => &["EINTR", "EIO", "ENOSPC", "EDQUOT", "EINVAL", "EOPNOTSUPP"],
        "close" => &["EINTR", "EIO", "ENOSPC", "EDQUOT"],
        "linkat" => &[
            "EEXIST",
            "EACCES",
            "EDQUOT",
            "EIO",
            "EMLINK",
            "ENOENT",
            "ENOSPC",
            "EPERM",
            "EROFS",
            "EXDEV",
            "EOPNOTSUPP",
        ],
        "renameat" | "renameat2" => &[
            "EEXIST", "EACCES", "EBUSY", "EDQUOT", "EINVAL", "EIO", "EISDIR", "EMLINK", "ENOENT", "ENOSPC", "EPERM",
            "EROFS", "EXDEV", "ENOSYS", "ESTALE",
        ],
        "unlinkat" => &["EACCES", "EBUSY", "EIO", "ENOENT", "EPERM", "EROFS", "ENOTEMPTY"],
        "mkdirat" => &["EEXIST", "EACCES", "EDQUOT", "EIO", "EMLINK", "ENOSPC", "EPERM", "EROFS"],
        "readlinkat" => &["EIO", "EINVAL", "ENOENT"],
        "statx" | "newfstatat" | "fstat" | "lstat" | "stat" | "fstatfs" => {
            &["EIO", "ENOMEM", "ENOSYS", "EACCES", "ESTALE"]
        }
        "access" | "faccessat" | "faccessat2" => &["EACCES", "EIO", "ENOENT", "ENOSYS", "EPERM", "EROFS"],
        "fchmod" | "fchown" => &["EIO", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EOPNOTSUPP", "EINVAL"],
        "fsetxattr" | "fremovexattr" => &["EIO", "EPERM", "EACCES", "ENOSPC", "EDQUOT", "EOPNOTSUPP", "ENODATA"],
        "listxattr" | "getxattr" | "flistxattr" | "fgetxattr" => {
            &["EIO", "ENOENT", "EOPNOTSUPP", "ENODATA", "EACCES", "EPERM"]
        }
        "utimensat" => &["EIO", "EPERM", "EROFS", "EACCES"],
        "getdents64" => &["EIO", "ENOENT"],
        "flock" => &["EINTR", "EAGAIN", "ENOLCK", "EIO", "EOPNOTSUPP"],
        "poll" | "ppoll" => &["EINTR", "ENOMEM"],
        "waitid" | "wait4" => &["EINTR", "ECHILD"],
        "pipe2" | "signalfd4" | "eventfd2" | "epoll_create1" => &["EMFILE", "ENFILE", "ENOMEM"],
        "pidfd_open" => &["EMFILE", "ENFILE"],
        "pidfd_send_signal" => &["ESRCH"],
        "clone" | "clone3" | "vfork" => &["EAGAIN", "ENOMEM"],
        "fcntl" | "rt_sigprocmask" | "rt_sigaction" => &["EINVAL", "EPERM"],
        "getrandom" => &["EINTR"],
        "capget" | "prctl" => &["EPERM", "EINVAL"],
        "mmap" => &["ENOMEM"],
        // They cannot fail.
        _ => &[],
    }
}

/// Whether systems exist that refuse the whole call, as too new (ENOSYS) or by a filter that does not know it (EPERM).
fn is_filtered(name: &str) -> bool {
    matches!(
        name,
        "statx"
            | "access"
            | "faccessat"
            | "faccessat2"
            | "linkat"
            | "renameat2"
            | "copy_file_range"
            | "ioctl"
            | "fallocate"
            | "fadvise64"
            | "syncfs"
            | "fstatfs"
            | "flock"
            | "fsetxattr"
            | "fremovexattr"
            | "listxattr"
            | "getxattr"
            | "flistxattr"
            | "fgetxattr"
            | "fchown"
            | "utimensat"
            | "ppoll"
            | "pipe2"
            | "signalfd4"
            | "eventfd2"
            | "epoll_create1"
            | "pidfd_open"
            | "pidfd_send_signal"
            | "waitid"
            | "clone"
            | "clone3"
            | "vfork"
            | "getrandom"
            | "prlimit64"
            | "capget"
            | "prctl"
            | "kill"
            | "tgkill"
            | "rt_sigtimedwait"
    )
}

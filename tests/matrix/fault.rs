//! The faults that are injected at a system call.

use crate::other_writer::Action;
use crate::trace::Call;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL as the call begins: it is not carried out.
    Kill,
    /// SIGTERM as the call begins: it is carried out, or interrupted where it waits.
    Term,
    /// This error, once.
    Once(&'static str),
    /// This error, from here on.
    On(&'static str),
    /// The call moves one byte only.
    Short,
    /// After the call the program is stopped, and another writer acts.
    Other(Action),
    /// A rename over TARGET fails with this error after it has removed TARGET, as can happen on SMB.
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
            // The call is not carried out; it returns that it has moved one byte.
            Fault::Short => format!("{name}:retval=1:when={nth}"),
            Fault::Other(_) => format!("{name}:signal=STOP:when={nth}"),
            // The program is stopped, so that TARGET can be removed.
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

/// All faults at this call. `later` are the calls that follow it.
pub fn at(call: &Call, later: &[Call]) -> Vec<Fault> {
    let mut faults = vec![Fault::Kill, Fault::Term];
    // A close with an injected error closes nothing, which never happens: the pipe would stay open for ever.
    // Where the C library cannot block all signals around a spawn, it sets an arbitrary mask afterwards. A filter refuses
    // every such call, and then no command is started.
    let blocks_for_spawn = call.name == "rt_sigprocmask" && call.args.contains("SIG_BLOCK, ~[],");
    // No handler is told of the command's end where the C library cannot restore the mask after a spawn.
    let restores_mask = cfg!(generic_unix) && call.name == "rt_sigprocmask" && call.args.starts_with("SIG_SETMASK");
    let blocks_for_spawn = blocks_for_spawn || restores_mask;
    if call.runtime || call.closes_pipe || call.wakes() || blocks_for_spawn {
        return faults;
    }
    let may_last = call.name != "close" || !later.iter().any(|call| call.closes_pipe);
    let exclusive = call.args.contains("O_EXCL").then_some("EEXIST");
    let filtered: &[&str] = if is_filtered(&call.name) { &["EPERM", "ENOSYS"] } else { &[] };
    let mut errnos = [errnos(&call.name), exclusive.as_slice(), filtered].concat();
    errnos.sort_unstable();
    errnos.dedup();
    for errno in errnos {
        // The error would have to be true: the program has to take the file for absent.
        let opens = call.args.contains("O_RDONLY|O_NOCTTY") && call.args.contains("O_NOFOLLOW");
        // A directory of ours, which another program may have taken away.
        let enters = enters_ours(call);
        let stats = call.args.contains("O_PATH") || opens || enters;
        let untrue = match errno {
            "ENOENT" if call.name == "unlinkat" => !call.result.contains("ENOENT"),
            // The directory would have to be removed, and so empty.
            "ENOENT" if call.name == "getdents64" => call.returned().is_some_and(|length| length > 0),
            "ENOENT" => call.succeeded() && stats,
            "ELOOP" => call.succeeded() && enters,
            _ => false,
        };
        if untrue {
            continue;
        }
        faults.push(Fault::Once(errno));
        let may_last = may_last && !(errno == "ENOENT" && matches!(call.name.as_str(), "unlinkat" | "getdents64"));
        let may_last = may_last && !(matches!(errno, "ELOOP" | "ENOENT") && later.iter().any(enters_ours));
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

/// Whether it opens a directory that must not be a link.
fn enters_ours(call: &Call) -> bool {
    call.args.contains("O_NOFOLLOW|O_CLOEXEC|O_DIRECTORY")
}

/// All actions of another writer between this call and the next. `exists`: whether there is a TARGET.
pub fn between(call: &Call, exists: bool) -> impl Iterator<Item = Fault> {
    let concerns_files = !call.runtime && !ignores_files(&call.name);
    Action::ALL.into_iter().filter(move |action| concerns_files && (exists || !action.needs_file())).map(Fault::Other)
}

/// The faults of a rename over TARGET on SMB. `name`: TARGET's last component.
pub fn removing(call: &Call, name: &str) -> impl Iterator<Item = Fault> {
    let is_rename = call.name.starts_with("rename") && call.gives(name) && !call.exchanges(name);
    ["EACCES", "EIO", "EPERM"].into_iter().filter(move |_| is_rename).map(Fault::Removes)
}

/// Whether the call neither reads nor changes anything of a file.
fn ignores_files(name: &str) -> bool {
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

/// The errors that manual pages and file systems document, except those for wrong arguments.
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
        "readlinkat" | "readlink" => &["EIO", "EINVAL", "ENOENT"],
        "getcwd" => &["EACCES", "ENOENT", "ENOMEM"],
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
        // The others cannot fail.
        _ => &[],
    }
}

/// Whether some systems refuse the call altogether: old kernels with ENOSYS, seccomp filters with EPERM.
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

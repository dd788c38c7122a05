//! What becomes of a run where a call is refused, for every call that the program, the C library and the Rust runtime make.

use crate::common::filter::{EMPTY_PATH, UNNAMED};

/// What may become of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It makes no difference: there is an older way to the same end, or the run can do without.
    Spared,
    /// It fails with a true verdict, or does without.
    Needed,
    /// The dynamic linker, the C library or the Rust runtime ends the process, by a signal too, and nothing is done. Where
    /// that is before `main`, [`USES`] has what the program does with the call.
    Fatal,
    /// Nothing can be learnt from it.
    Untried,
}

use Kind::{Fatal, Needed, Spared, Untried};

/// Each with its reason.
pub const CALLS: &[(&str, Kind, &str)] = &[
    // Newer than Linux 3.10, or unknown to filters that are not much younger.
    ("clone3", Spared, "clone"),
    ("close_range", Spared, "close"),
    ("copy_file_range", Spared, "read and write"),
    ("faccessat2", Spared, "faccessat, and a look at the mode"),
    ("fchmodat2", Spared, "fchmod"),
    ("getrandom", Spared, "/dev/urandom"),
    ("openat2", Spared, "openat"),
    ("pidfd_open", Spared, "the number of the process"),
    ("pidfd_send_signal", Spared, "kill"),
    ("preadv2", Spared, "pread"),
    ("renameat2", Spared, "link and unlink, or a rename after a look"),
    ("rseq", Spared, "the C library does without"),
    ("statx", Spared, "fstatat and the inode's flags"),
    // Older ones that only make it faster, or that tell what is not needed.
    ("brk", Spared, "mmap"),
    ("fadvise64", Spared, "advice"),
    ("fallocate", Spared, "room is reserved where that is possible"),
    ("gettid", Spared, "of the runtime, for what it says of a stack overflow"),
    ("ioctl", Spared, "sharing of blocks, and the flags of an inode where statx is missing"),
    ("madvise", Spared, "advice"),
    ("munmap", Spared, "memory that is not given back"),
    ("prlimit64", Spared, "the C library and the runtime then assume a stack of the usual size"),
    ("sched_getaffinity", Spared, "of the C library, which looks for the stack"),
    ("sendfile", Spared, "read and write"),
    ("set_robust_list", Spared, "of the C library, for locks that processes share"),
    ("sigaltstack", Spared, "of the runtime, for what it says of a stack overflow"),
    ("splice", Spared, "read and write"),
    // Nothing else does what these do.
    ("access", Needed, "whether /proc is there; the dynamic linker does without"),
    ("capget", Needed, "what the caller may do that permissions do not tell"),
    ("clone", Needed, "makes a process or a thread"),
    ("dup", Needed, "gives a command its descriptors"),
    ("dup2", Needed, "gives a command its descriptors"),
    ("dup3", Needed, "gives a command its descriptors"),
    ("eventfd2", Needed, "tells that the lock is had"),
    ("execve", Needed, "runs a command"),
    ("faccessat", Needed, "tells what the caller may do"),
    ("fchmod", Needed, "the mode of the finished file"),
    ("fchown", Needed, "the owner of the finished file"),
    ("fcntl", Needed, "tells which descriptors are closed"),
    ("fdatasync", Needed, "the content is on the disk"),
    ("fgetxattr", Needed, "what is kept of the old file"),
    ("flistxattr", Needed, "what is kept of the old file"),
    ("flock", Needed, "locks"),
    ("fremovexattr", Needed, "a default ACL that the old file did not have"),
    ("fsetxattr", Needed, "what is kept of the old file"),
    ("fstatfs", Needed, "which file systems sync a link"),
    ("fsync", Needed, "the content is on the disk"),
    ("ftruncate", Needed, "a file that ends in a hole"),
    ("getcwd", Needed, "the name of the working directory"),
    ("getdents64", Needed, "finds the numbers of backups"),
    ("getegid", Needed, "who the caller is"),
    ("getpid", Needed, "a path in /proc that others can follow"),
    ("getsid", Needed, "whom a terminal tells of a hang-up"),
    ("getxattr", Needed, "what is kept of the old file"),
    ("kill", Needed, "passes a signal on"),
    ("linkat", Needed, "gives the file its name; a filter that refuses it may refuse renames as well"),
    ("listxattr", Needed, "what is kept of the old file"),
    ("lseek", Needed, "finds holes, and where a shared input is to go on"),
    ("mkdirat", Needed, "makes parents"),
    ("open", Needed, "opens; what it is used for can be done without"),
    ("pipe2", Needed, "a command's output"),
    ("ppoll", Needed, "waits for input, signals and the end of a command"),
    ("pwrite64", Needed, "writes"),
    ("readlink", Needed, "follows a link"),
    ("readlinkat", Needed, "follows a link"),
    ("rename", Needed, "replaces"),
    ("renameat", Needed, "replaces"),
    ("rt_sigprocmask", Needed, "holds signals"),
    ("signalfd4", Needed, "is told of signals"),
    ("symlinkat", Needed, "makes a link"),
    ("syncfs", Needed, "the name is on the disk"),
    ("umask", Needed, "the mode of a new file"),
    ("uname", Needed, "the version of the kernel"),
    ("unlink", Needed, "removes the copy of an overwrite in place"),
    ("unlinkat", Needed, "removes a name"),
    ("utimensat", Needed, "times that a validator's changes show in"),
    ("vfork", Needed, "makes a process"),
    ("wait4", Needed, "waits for a command"),
    ("waitid", Needed, "waits for a command"),
    ("write", Needed, "writes, messages too"),
    // Without these no dynamically linked program starts, or the C library or the Rust runtime aborts.
    ("arch_prctl", Fatal, "the dynamic linker sets thread-local storage up"),
    ("close", Fatal, "the dynamic linker closes the C library"),
    ("fstat", Fatal, "the dynamic linker looks at the C library"),
    ("futex", Fatal, "the C library waits for a thread by it, and aborts"),
    ("geteuid", Fatal, "it cannot fail, and a debug build asserts so"),
    ("mmap", Fatal, "the dynamic linker maps the C library, and the runtime a stack for signals"),
    ("mprotect", Fatal, "the dynamic linker protects what it has relocated"),
    ("newfstatat", Fatal, "the dynamic linker looks at the C library"),
    ("openat", Fatal, "the dynamic linker opens the C library"),
    ("poll", Fatal, "the runtime looks for closed descriptors, and aborts"),
    ("pread64", Fatal, "the dynamic linker reads the C library"),
    ("read", Fatal, "the dynamic linker reads the C library"),
    ("rt_sigaction", Fatal, "the runtime ignores SIGPIPE, or aborts"),
    ("set_tid_address", Fatal, "the C library knows the number of its thread by it"),
    // No verdict can come of these.
    ("exit", Untried, "ends a thread"),
    ("exit_group", Untried, "ends the process, and without it every process of the C library dies by a fault"),
    ("restart_syscall", Untried, "of the kernel, after a stop"),
    ("rt_sigreturn", Untried, "ends a signal's handler, and without it every process goes astray"),
    ("execveat", Untried, "starts the program under its filter"),
];

/// A call, how it is used, which argument tells (from 0, its mask, and the bits in it), and what becomes of the run.
pub type Use = (&'static str, &'static str, (u8, u64, u64), Kind, &'static str);

/// Uses of a call that can be refused apart: those that are younger than the call and have an equivalent, and what the
/// program does with calls without which it would not begin.
pub const USES: &[Use] = &[
    ("openat", "with O_TMPFILE", UNNAMED, Spared, "a file with a name"),
    ("linkat", "with AT_EMPTY_PATH", EMPTY_PATH, Spared, "the path in /proc, or a file with a name"),
    ("waitid", "with P_PIDFD", (0, 0xffff_ffff, 3), Spared, "the number of the process"),
    ("openat", "with O_PATH", (2, 0o10_000_000, 0o10_000_000), Needed, "finds TARGET"),
    ("openat", "with O_DIRECTORY", (2, 0o200_000, 0o200_000), Needed, "opens TARGET's directory"),
    ("openat", "with O_RDWR", (2, 3, 2), Needed, "makes the staging file"),
    ("openat", "with O_NOFOLLOW", (2, 0o400_000, 0o400_000), Needed, "opens names in the directory"),
    ("read", "of descriptor 0", (0, 0xffff_ffff, 0), Needed, "reads standard input"),
    // The dynamic linker has no more open than one file at a time.
    ("read", "of descriptors 4 to 7", (0, 0xffff_fffc, 4), Needed, "reads a file or a command's output"),
    ("pread64", "of descriptors 4 to 7", (0, 0xffff_fffc, 4), Needed, "reads a file that cannot be copied otherwise"),
    ("close", "of descriptors 4 to 7", (0, 0xffff_fffc, 4), Needed, "closes what was written"),
    ("newfstatat", "with AT_SYMLINK_NOFOLLOW", (3, 0x100, 0x100), Needed, "looks at a name"),
    ("rt_sigaction", "of SIGCHLD", (0, 0xffff_ffff, 17), Needed, "keeps the status of a command"),
];

/// What is to be thought of the call, where somebody has thought of it.
pub fn kind(name: &str) -> Option<Kind> {
    CALLS.iter().find(|call| call.0 == name).map(|call| call.1)
}

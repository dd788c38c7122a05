//! Under seccomp filters, as container runtimes set them and as old kernels answer: calls that are refused with ENOSYS, and,
//! by filters that are older than the kernel, with EPERM.

mod alone;
mod calls;
mod every_call;
mod judge;
mod modes;

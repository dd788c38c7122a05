//! Under seccomp filters, as container runtimes set them and as old kernels answer: calls that are refused with ENOSYS, and,
//! by filters that are older than the kernel, with EPERM.

mod alone;
mod calls;
mod every_call;
mod judge;
// The matrix looks at its cases in the same way, and uses more of it.
#[allow(dead_code)]
#[path = "../../matrix/look.rs"]
mod look;
mod modes;

//! Links the unwinder into the program where the target has it in a shared library.
//!
//! Only the standard library's backtraces need it, but loading `libgcc_s.so` takes as long as all system calls of a small
//! write that are not syncs.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(name).unwrap_or_default();
    let is_static = target("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == "crt-static");
    if target("CARGO_CFG_TARGET_OS") == "linux" && target("CARGO_CFG_TARGET_ENV") == "gnu" && !is_static {
        // Named before the standard library names the shared one, which is then not needed by anything.
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}

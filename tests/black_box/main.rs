//! Black-box tests of the built program. `tests/README.md` says what each module proves.
fn main() {}

//! The blocks of docs/building.md.

use super::{Expected, UNGUARDED};

pub const EXPECTED: &[Expected] = &[
    Expected {
        first_line: "RUSTFLAGS='-C target-feature=+crt-static -C relocation-model=static' cargo build --locked --release --target x86_64-unknown-linux-gnu",
        after: &[("cargo.log", "build --locked --release --target x86_64-unknown-linux-gnu\n")],
        ..UNGUARDED
    },
    Expected {
        first_line: "rustup target add x86_64-unknown-linux-musl",
        after: &[
            ("rustup.log", "target add x86_64-unknown-linux-musl\n"),
            ("cargo.log", "build --locked --release --target x86_64-unknown-linux-musl\n"),
        ],
        ..UNGUARDED
    },
    // `facts` runs the real one.
    Expected {
        first_line: "cargo tree -e normal --prefix none --no-dedupe | sort -u",
        after: &[("cargo.log", "tree -e normal --prefix none --no-dedupe\n")],
        ..UNGUARDED
    },
    Expected { first_line: "cargo test --locked", after: &[("cargo.log", "test --locked\n")], ..UNGUARDED },
    // `pictures` runs the real ones.
    Expected {
        first_line: "docs/record target/release/atomic-write >docs/session.svg",
        before: &[
            ("docs/record", "#!/bin/sh\necho \"recorded $*\"\n"),
            ("docs/plot", "#!/bin/sh\necho \"plotted $*\"\n"),
        ],
        after: &[
            ("docs/session.svg", "recorded target/release/atomic-write\n"),
            ("docs/speed.svg", "plotted benches/results.md\n"),
        ],
        ..UNGUARDED
    },
];

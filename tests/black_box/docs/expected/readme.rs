//! The blocks of README.md.

use super::{Expected, GUARDED, UNGUARDED};

pub const EXPECTED: &[Expected] = &[
    Expected {
        first_line: "cargo run --locked --release -- --verbose sorted.txt -- sort -u README.md",
        before: &[("README.md", "b\na\nb\n")],
        after: &[("sorted.txt", "a\nb\n"), ("cargo.log", "run --locked --release\ntest --locked\n")],
        said: "atomic-write: sorted.txt: created (4 bytes)\n",
        ..UNGUARDED
    },
    Expected {
        first_line: "name=atomic-write-0.1.0-x86_64-unknown-linux-musl",
        after: &[("usr/local/bin/atomic-write", "program\n")],
        ..UNGUARDED
    },
    Expected {
        first_line: "cargo build --locked --release",
        before: &[
            ("target/release/atomic-write", "0"),
            ("man/atomic-write.1", "1"),
            ("completions/atomic-write.bash", "2"),
            ("completions/_atomic-write", "3"),
            ("completions/atomic-write.fish", "4"),
        ],
        after: &[
            ("cargo.log", "build --locked --release\n"),
            ("usr/local/bin/atomic-write", "0"),
            ("usr/local/share/man/man1/atomic-write.1", "1"),
            ("usr/local/share/bash-completion/completions/atomic-write", "2"),
            ("usr/local/share/zsh/site-functions/_atomic-write", "3"),
            ("etc/fish/completions/atomic-write.fish", "4"),
        ],
        ..UNGUARDED
    },
    Expected {
        first_line: "install -Dm 644 man/atomic-write.1 ~/.cargo/share/man/man1/atomic-write.1",
        before: &[
            ("man/atomic-write.1", "1"),
            ("completions/atomic-write.bash", "2"),
            ("completions/_atomic-write", "3"),
            ("completions/atomic-write.fish", "4"),
        ],
        after: &[
            (".cargo/share/man/man1/atomic-write.1", "1"),
            (".local/share/bash-completion/completions/atomic-write", "2"),
            (".local/share/zsh/site-functions/_atomic-write", "3"),
            (".config/fish/completions/atomic-write.fish", "4"),
        ],
        ..UNGUARDED
    },
    Expected {
        first_line: "atomic-write config.json -- generate-config --env prod",
        before: &[
            ("config.json", "old"),
            ("package.json", "{\"version\":\"1\"}"),
            ("app", "old"),
            ("main.c", "main\n"),
            ("deploy.log", "begun\n"),
        ],
        after: &[
            ("config.json", "--env prod\n"),
            ("package.json", "{\n  \"version\": \"2.0.0\"\n}\n"),
            ("app", "compiled main\n"),
            ("deploy.log", "begun\ndeploy finished\n"),
        ],
        ..UNGUARDED
    },
    Expected {
        first_line: "state=$(atomic-write --if-changed --report /etc/app.conf -- render-config) || exit",
        before: &[("etc/app.conf", "old")],
        after: &[("etc/app.conf", "config\n"), ("systemctl.log", "reload app\n")],
        ..GUARDED
    },
    Expected {
        first_line: "curl -fsSL \"$url\" | atomic-write --checksum \"sha256:$sum\" tool.tgz",
        before: &[("data.json", "old")],
        after: &[("tool.tgz", "tool\n"), ("data.json", "{\n  \"name\": \"x\"\n}\n")],
        ..GUARDED
    },
    Expected {
        first_line: "sudo atomic-write --validate 'visudo -cf \"$1\"' --backup /etc/sudoers -- render-sudoers",
        before: &[("etc/sudoers", "root ALL=(ALL) ALL\n")],
        after: &[("etc/sudoers", "root ALL=(ALL:ALL) ALL\n"), ("etc/sudoers~", "root ALL=(ALL) ALL\n")],
        ..GUARDED
    },
    Expected {
        first_line: "atomic-write --tree -I {} public -- hugo --destination {}",
        before: &[("public/old.html", "old"), ("build/dist/css/a.css", "css"), ("srv/www/site/index.html", "old")],
        after: &[("public/index.html", "site\n"), ("srv/www/site/css/a.css", "css")],
        ..GUARDED
    },
    Expected {
        first_line: "atomic-write -t /etc/app build/conf/*.conf",
        before: &[
            ("etc/app/a.conf", "old"),
            ("build/conf/a.conf", "a"),
            ("build/conf/b.conf", "b"),
            ("build/x.json", "x"),
            ("build/deep/y.json", "y"),
            ("srv/data/x.json", "old"),
            ("build/gen/m.rs", "m"),
        ],
        after: &[
            ("etc/app/a.conf", "a"),
            ("etc/app/b.conf", "b"),
            ("srv/data/x.json", "x"),
            ("srv/data/y.json", "y"),
            ("gen/m.rs", "m"),
        ],
        ..UNGUARDED
    },
    Expected {
        first_line: "atomic-write: app/b.conf: open: build/b.conf: No such file or directory (unchanged)",
        before: &[("app/b.conf", "old"), ("app/c.conf", "old"), ("build/a.conf", "a"), ("build/c.conf", "c")],
        after: &[("app/a.conf", "a"), ("app/b.conf", "old"), ("app/c.conf", "c")],
        ..UNGUARDED
    },
    Expected {
        first_line: "atomic-write: f: replace: command 'jq' exited with status 5 (unchanged)",
        before: &[("f", "old")],
        after: &[("f", "old")],
        ..UNGUARDED
    },
];

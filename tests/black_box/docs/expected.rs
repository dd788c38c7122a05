//! What each block of the README is to do: the files before and after it.

/// What is expected of a block.
pub struct Expected {
    pub first_line: &'static str,
    pub before: &'static [(&'static str, &'static str)],
    pub after: &'static [(&'static str, &'static str)],
    /// Whether it must leave everything as it was when a producer fails.
    pub is_guarded: bool,
}

const GUARDED: Expected = Expected { first_line: "", before: &[], after: &[], is_guarded: true };
const UNGUARDED: Expected = Expected { is_guarded: false, ..GUARDED };

pub const EXPECTED: &[Expected] = &[
    Expected {
        first_line: "sort -u words.txt | atomic-write words.txt",
        before: &[("words.txt", "b\na\nb\n")],
        after: &[("words.txt", "a\nb\n")],
        ..UNGUARDED
    },
    Expected {
        first_line: "atomic-write config.json -- generate-config --env prod",
        before: &[("config.json", "old")],
        after: &[("config.json", "--env prod\n")],
        ..GUARDED
    },
    Expected {
        first_line: "url=https://example.org/data.json",
        before: &[("data.json", "old")],
        after: &[("data.json", "{\n  \"name\": \"x\"\n}\n")],
        ..GUARDED
    },
    Expected { first_line: "cargo install --path .", after: &[("cargo.log", "install --path .\n")], ..UNGUARDED },
    Expected {
        first_line: "RUSTFLAGS='-C target-feature=+crt-static -C relocation-model=static' cargo build --release --target x86_64-unknown-linux-gnu",
        after: &[("cargo.log", "build --release --target x86_64-unknown-linux-gnu\n")],
        ..UNGUARDED
    },
    Expected {
        first_line: "install -Dm 644 man/atomic-write.1 ~/.local/share/man/man1/atomic-write.1",
        before: &[
            ("man/atomic-write.1", "1"),
            ("completions/atomic-write.bash", "2"),
            ("completions/_atomic-write", "3"),
            ("completions/atomic-write.fish", "4"),
        ],
        after: &[
            (".local/share/man/man1/atomic-write.1", "1"),
            (".local/share/bash-completion/completions/atomic-write", "2"),
            (".local/share/zsh/site-functions/_atomic-write", "3"),
            (".config/fish/completions/atomic-write.fish", "4"),
        ],
        ..UNGUARDED
    },
    Expected {
        first_line: "atomic-write --from build/app.conf --parents etc/app/app.conf",
        before: &[("build/app.conf", "conf"), ("package.json", "{\"version\":\"1\"}"), ("deploy.log", "begun\n")],
        after: &[
            ("etc/app/app.conf", "conf"),
            ("package.json", "{\n  \"version\": \"2.0.0\"\n}\n"),
            ("deploy.log", "begun\ndeploy finished\n"),
        ],
        ..UNGUARDED
    },
    Expected {
        first_line: "atomic-write -I {} app -- gcc -O2 -o {} main.c",
        before: &[
            ("app", "old"),
            ("main.c", "main\n"),
            ("talk.mp4", "old"),
            ("in.mkv", "talk\n"),
            ("app.db", "log\nuser\n"),
        ],
        after: &[("app", "compiled main\n"), ("talk.mp4", "mp4 talk\n"), ("app.db", "user\n")],
        ..GUARDED
    },
    Expected {
        first_line: "atomic-write --tree -I {} public -- hugo --destination {}",
        before: &[
            ("public/old.html", "old"),
            ("api.proto", "api\n"),
            ("build/dist/css/a.css", "css"),
            ("srv/www/site/index.html", "old"),
        ],
        after: &[("public/index.html", "site\n"), ("gen/api.rs", "rust api\n"), ("srv/www/site/css/a.css", "css")],
        ..GUARDED
    },
    Expected {
        first_line: "curl -fsSL \"$url\" | atomic-write --checksum \"sha256:$sum\" tool.tgz",
        before: &[("package.json", "old")],
        after: &[("tool.tgz", "tool\n"), ("package.json", "{\"name\": \"app\"}\n"), ("id.txt", "id\n")],
        ..GUARDED
    },
    Expected { first_line: "echo 41 >counter", after: &[("counter", "42\n")], ..UNGUARDED },
    Expected {
        first_line: "atomic-write: f: replace: command 'jq' exited with status 5 (unchanged)",
        before: &[("f", "old")],
        after: &[("f", "old")],
        ..UNGUARDED
    },
    Expected {
        first_line: "state=$(atomic-write --if-changed --report /etc/app.conf -- render-config) || exit",
        before: &[("etc/app.conf", "old")],
        after: &[("etc/app.conf", "config\n"), ("systemctl.log", "reload app\n")],
        ..GUARDED
    },
    Expected {
        first_line: "sudo atomic-write --validate 'visudo -cf \"$1\"' --backup /etc/sudoers -- render-sudoers",
        before: &[("etc/sudoers", "root ALL=(ALL) ALL\n"), ("etc/cron.d/report", "old")],
        after: &[
            ("etc/sudoers", "root ALL=(ALL:ALL) ALL\n"),
            ("etc/sudoers~", "root ALL=(ALL) ALL\n"),
            ("etc/cron.d/report", "* * * * * root report\n"),
        ],
        ..GUARDED
    },
    Expected {
        first_line: "edit() { sudo atomic-write -I {} --edit --validate \"$2\" \"$1\" -- \"${EDITOR:-vi}\" {}; }",
        before: &[("etc/fstab", "root\n")],
        after: &[("etc/fstab", "root\nedited\n")],
        ..GUARDED
    },
    Expected {
        first_line: "atomic-write --quiet -I {} paper.pdf -- sh -c 'pdflatex -output-directory=\"${1%/*}\" paper.tex' - {}",
        before: &[("paper.tex", "tex\n"), ("paper.pdf", "old")],
        after: &[("paper.pdf", "pdf tex\n")],
        ..GUARDED
    },
    Expected {
        first_line: "atomic-write --mode 600 key.pem -- openssl genpkey -algorithm ed25519",
        after: &[("key.pem", "key\n")],
        ..GUARDED
    },
    Expected {
        first_line: "atomic-write --edit --allow-empty --success-status 1 deny.txt -- grep -vxF 192.0.2.7",
        before: &[("deny.txt", "192.0.2.7\n")],
        after: &[("deny.txt", "")],
        ..UNGUARDED
    },
    Expected {
        first_line: "sponge() { atomic-write \"$@\"; }",
        before: &[("words.txt", "b\na\n")],
        after: &[("words.txt", "a\nb\nmore\n")],
        ..UNGUARDED
    },
    Expected {
        first_line: "gen/api.rs: api.proto",
        before: &[("api.proto", "api\n"), ("table.csv", "table\n")],
        after: &[("gen/api.rs", "--print api\n"), ("gen/table.rs", "table\n"), ("app", "--print api\ntable\n")],
        ..GUARDED
    },
    Expected {
        first_line: "app: main.c gen/api.stamp",
        before: &[("main.c", "main\n"), ("api.proto", "api\n")],
        after: &[("app", "compiled main\n"), ("gen/api/api.rs", "rust api\n")],
        ..GUARDED
    },
    Expected {
        first_line: "- name: The committed file is what the generator makes",
        before: &[("api.proto", "api\n"), ("gen/api.rs", "--print api\n"), ("public/index.json", "old")],
        after: &[("gen/api.rs", "--print api\n"), ("public/index.json", "index of src\n")],
        ..GUARDED
    },
    Expected {
        first_line: "pages:",
        before: &[("tool", "old")],
        after: &[("public/index.json", "index of src\n"), ("tool", "tool\n")],
        ..GUARDED
    },
    Expected {
        first_line: "*/5 * * * * atomic-write /var/lib/node_exporter/backup.prom -- backup-metrics",
        before: &[("var/lib/node_exporter/backup.prom", "old"), ("srv/www/status.json", "old")],
        after: &[
            ("var/lib/node_exporter/backup.prom", "backup_age 1\n"),
            ("srv/www/status.json", "--day 2026-11-25\n"),
        ],
        ..GUARDED
    },
    Expected {
        first_line: "[Service]",
        before: &[("var/lib/app/address", "old")],
        after: &[("var/lib/app/address", "-brief address show dev eth0\n")],
        ..GUARDED
    },
    Expected {
        first_line: "RUN curl -fsSL \"$TOOL_URL\" | atomic-write --checksum \"sha256:$TOOL_SHA256\" --mode 755 /usr/local/bin/tool",
        before: &[("usr/local/bin/tool", "old"), ("etc/app/build-info", "old")],
        after: &[("usr/local/bin/tool", "tool\n"), ("etc/app/build-info", "info --short\n")],
        ..GUARDED
    },
    Expected {
        first_line: "- name: Render the configuration",
        before: &[("etc/app.conf", "old")],
        after: &[("etc/app.conf", "config\n")],
        ..GUARDED
    },
    Expected {
        first_line: "exec { 'render app.conf':",
        before: &[("etc/app.conf", "old")],
        after: &[("etc/app.conf", "config\n")],
        ..GUARDED
    },
    Expected { first_line: "cargo test", after: &[("cargo.log", "test\n")], ..UNGUARDED },
];

//! The blocks of docs/recipes.md.

use super::{Expected, GUARDED, UNGUARDED};

pub const EXPECTED: &[Expected] = &[
    Expected {
        first_line: "atomic-write --edit --allow-empty --success-status 1 deny.txt -- grep -vxF 192.0.2.7",
        before: &[("deny.txt", "192.0.2.7\n"), ("old.conf", "a\n"), ("new.conf", "b\n")],
        after: &[("deny.txt", ""), ("change.patch", "1c1\n< a\n---\n> b\n")],
        ..UNGUARDED
    },
    Expected {
        first_line: "url=https://example.org/data.json",
        before: &[("data.json", "old")],
        after: &[("data.json", "{\n  \"name\": \"x\"\n}\n")],
        ..GUARDED
    },
    Expected {
        first_line: "atomic-write --edit --create counter -- awk '{ n = $1 } END { print n + 1 }'",
        before: &[("deny.txt", "192.0.2.1\n")],
        after: &[("counter", "1\n"), ("deny.txt", "192.0.2.1\n192.0.2.7\n")],
        ..UNGUARDED
    },
    Expected {
        first_line: "find build -name '*.json' -print0 | atomic-write -t /srv/data --files0-from=-",
        before: &[
            ("build/deep/x.json", "{}"),
            ("srv/data/x.json", "old"),
            ("conf/a.json", "{\"a\": 1}"),
            ("conf/b.json", "{\"b\": 1}"),
            ("etc/app/a.json", "old"),
        ],
        after: &[
            ("srv/data/x.json", "{}"),
            ("etc/app/a.json", "{\"a\": 1}"),
            ("etc/app/b.json", "{\"b\": 1}"),
            ("etc/app/a.json.~1~", "old"),
        ],
        ..UNGUARDED
    },
    Expected {
        first_line: "atomic-write --mode 600 key.pem -- openssl genpkey -algorithm ed25519",
        after: &[("key.pem", "key\n")],
        ..GUARDED
    },
    Expected {
        first_line: "atomic-write --validate 'jq -e .name \"$1\" >/dev/null' package.json -- generate-package",
        before: &[("package.json", "old")],
        after: &[("package.json", "{\"name\": \"app\"}\n"), ("id.txt", "id\n")],
        ..GUARDED
    },
    Expected {
        first_line: "sponge() { atomic-write \"$@\"; }",
        before: &[("words.txt", "b\na\n")],
        after: &[("words.txt", "a\nb\nmore\n")],
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
        first_line: "atomic-write --quiet -I {} paper.pdf -- sh -c 'pdflatex -output-directory=\"${1%/*}\" paper.tex' - {}",
        before: &[("paper.tex", "tex\n"), ("paper.pdf", "old")],
        after: &[("paper.pdf", "pdf tex\n")],
        ..GUARDED
    },
    Expected {
        first_line: "atomic-write --tree --if-changed -I {} gen -- protoc --rust_out={} api.proto",
        before: &[("api.proto", "api\n"), ("build/dist/css/a.css", "css"), ("srv/www/site/index.html", "old")],
        after: &[("gen/api.rs", "rust api\n"), ("srv/www/site/css/a.css", "css")],
        ..GUARDED
    },
    Expected {
        first_line: "edit() { sudo atomic-write -I {} --edit --validate \"$2\" \"$1\" -- sh -c \"${EDITOR:-vi}\"' \"$1\"' sh {}; }",
        before: &[("etc/fstab", "root\n")],
        after: &[("etc/fstab", "root\nedited\n")],
        ..GUARDED
    },
    Expected {
        first_line: "gen/api.rs: api.proto",
        before: &[("api.proto", "api\n")],
        after: &[("gen/api.rs", "--print api\n"), ("app", "--print api\n")],
        ..GUARDED
    },
    Expected {
        first_line: "app: gen/table.rs",
        before: &[("table.csv", "table\n")],
        after: &[("gen/table.rs", "table\n"), ("app", "table\n")],
        ..GUARDED
    },
    Expected {
        first_line: "app: main.c gen/api.stamp",
        before: &[("main.c", "main\n"), ("api.proto", "api\n")],
        after: &[("app", "compiled main\n"), ("gen/api/api.rs", "rust api\n")],
        ..GUARDED
    },
    Expected {
        first_line: "DESTDIR =",
        before: &[("app", "app"), ("data/a.json", "a"), ("data/b.json", "b"), ("doc/manual", "manual")],
        after: &[
            ("stage/usr/local/bin/app", "app"),
            ("stage/usr/local/share/app/a.json", "a"),
            ("stage/usr/local/share/app/b.json", "b"),
            ("stage/usr/local/share/man/man1/app.1", "manual"),
        ],
        ..UNGUARDED
    },
    // `install` tries it on a larger Makefile.
    Expected {
        first_line: "atomic-write --mode 755 atomic-install <<'END'",
        before: &[
            ("Makefile", "install:\n\tmkdir -p $(DESTDIR)/lib\n\t$(INSTALL) -c -m 644 a b $(DESTDIR)/lib\n"),
            ("a", "a"),
            ("b", "b"),
        ],
        after: &[("stage/lib/a", "a"), ("stage/lib/b", "b")],
        ..UNGUARDED
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
        first_line: "atomic-write app.sql.gz --shell 'pg_dump app | gzip' && aws s3 cp app.sql.gz s3://backups/app.sql.gz",
        before: &[("app.sql.gz", "old"), ("store/backups/app.sql.gz", "old")],
        after: &[("app.sql.gz", "zipped dump of app\n"), ("store/backups/app.sql.gz", "zipped dump of app\n")],
        ..GUARDED
    },
    Expected {
        first_line: "atomic-write -I {} model.bin -- aws s3 cp s3://models/model.bin {}",
        before: &[("model.bin", "old"), ("store/models/model.bin", "model\n")],
        after: &[("model.bin", "model\n")],
        ..GUARDED
    },
    Expected {
        first_line: "sudo atomic-write --validate 'crontab -T \"$1\"' --mode 644 /etc/cron.d/report -- render-crontab",
        before: &[("etc/cron.d/report", "old")],
        after: &[("etc/cron.d/report", "* * * * * root report\n")],
        ..GUARDED
    },
    Expected {
        first_line: "*/5 * * * * /usr/local/bin/atomic-write /var/lib/node_exporter/backup.prom -- /usr/local/bin/backup-metrics",
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
];

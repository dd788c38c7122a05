//! Programs that stand in for those that the pages name.

/// Programs that make content; with `$BROKEN` they die half way.
pub const PRODUCERS: &[(&str, &str)] = &[
    ("generate-config", "echo \"$@\""),
    ("generate-package", "echo '{\"name\": \"app\"}'"),
    ("curl", CURL),
    ("uuidgen", "echo id"),
    ("render-config", "echo config"),
    ("render-sudoers", "echo 'root ALL=(ALL:ALL) ALL'"),
    ("render-crontab", "echo '* * * * * root report'"),
    ("openssl", "echo key"),
    (
        "protoc",
        "case $1 in --rust_out=*) echo \"rust $(cat \"$2\")\" >\"${1#*=}/api.rs\" ;; *) echo \"$1 $(cat \"$2\")\" ;; esac",
    ),
    ("gcc", "echo \"compiled $(cat \"$4\")\" >\"$3\""),
    ("ffmpeg", "case $3 in *.mp4) echo \"mp4 $(cat \"$2\")\" >\"$3\" ;; *) exit 1 ;; esac"),
    ("sqlite3", "sed -i /log/d \"$1\""),
    ("hugo", "echo site >\"$2/index.html\""),
    ("nano", "[ \"$1\" = -w ] && echo edited >>\"$2\""),
    ("pdflatex", "to=${1#*=}; echo \"pdf $(cat \"$2\")\" >\"$to/paper.pdf\"; echo log >\"$to/paper.log\""),
    ("make-table", "cat \"$1\""),
    ("build-index", "echo \"index of $1\""),
    ("backup-metrics", "echo 'backup_age 1'"),
    ("make-status", "echo \"$@\""),
    ("ip", "echo \"$@\""),
    ("build-info", "echo \"info $*\""),
    ("pg_dump", "echo \"dump of $1\""),
    ("aws", "store() { echo \"$1\" | sed 's|^s3:/|store|'; }; cp \"$(store \"$3\")\" \"$(store \"$4\")\""),
];

/// Prints what is at a URL; with -O, stores a release's archive, or its checksum.
const CURL: &str = r#"
for url; do :; done
name=${url##*/}
case "$* " in
*-fsSLO*.tar.gz' ')
    mkdir -p "packed/${name%.tar.gz}" && echo program >"packed/${name%.tar.gz}/atomic-write"
    tar -czf "$name" -C packed "${name%.tar.gz}" ;;
*-fsSLO*) sha256sum *.tar.gz >"$name" ;;
*json' ') echo '{"name": "x"}' ;;
*) echo tool ;;
esac"#;

/// Runs what comes after the first `--`, as `cargo run` does.
const CARGO: &str = r#"
said=$1
shift
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    said="$said $1"
    shift
done
echo "$said" >>cargo.log
[ $# -eq 0 ] || { shift; exec atomic-write "$@"; }"#;

/// Programs that do something else.
pub const OTHERS: &[(&str, &str)] = &[
    ("cargo", CARGO),
    ("rustup", "echo \"$@\" >>rustup.log"),
    ("systemctl", "echo \"$@\" >>systemctl.log"),
    ("sudo", "exec \"$@\""),
    ("visudo", "[ \"$1\" = -cf ] && grep -q '^root ALL' \"$2\""),
    ("crontab", "[ \"$1\" = -T ] && grep -q '^[*]' \"$2\""),
    ("findmnt", "[ \"$1 $2\" = '--verify --tab-file' ] && grep -q edited \"$3\""),
    ("app", "[ \"$1\" = --check ] && grep -q config \"$2\""),
    ("date", "[ \"$1\" = +%F ] && echo 2026-11-25"),
    ("link-app", "echo link >>link.log; cat \"$@\""),
    // tar(1) runs it, too.
    ("gzip", "if [ $# = 0 ] && [ -e app.sql.gz ]; then sed 's/^/zipped /'; else command -p gzip \"$@\"; fi"),
];

//! A source that becomes shorter while it is copied is an error, at whatever instant; never are there bytes in its stead
//! that were not there.
//!
//! Rows: 88.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::NO_SHARING;
use crate::common::needs::needs;
use crate::common::strace::{Calls, Strace, look};
use crate::common::{Scene, stderr};
use crate::portable::input::{bytes, sha256};

const KIBIBYTE: u64 = 1 << 10;

/// Data, a hole, data, a hole, data, a hole.
const DATA: [(u64, usize); 3] = [(0, 65536), (1024 * KIBIBYTE, 65536), (2048 * KIBIBYTE, 65536)];

const SIZE: u64 = 3072 * KIBIBYTE;

/// Creates a file with these data. What is on the disk of it does not count, so it is not synced.
fn sparse(path: &Path) {
    let file = File::create(path).unwrap();
    file.set_len(SIZE).unwrap();
    for (offset, length) in DATA {
        file.write_all_at(&vec![b'x'; length], offset).unwrap();
    }
}

/// How the source is read.
#[derive(Clone, Copy, Debug)]
enum Way {
    From,
    Redirected,
}

/// One kind of run.
#[derive(Clone, Copy, Debug)]
struct Case {
    way: Way,
    sparse: bool,
    digest: bool,
    /// Through memory, where the kernel does not copy.
    through_memory: bool,
}

impl Case {
    fn scene(self) -> Scene {
        let scene = Scene::with_old();
        if self.sparse {
            sparse(&scene.path("src"));
        } else {
            scene.write("src", bytes(300_000));
        }
        scene
    }

    fn strace(self, scene: &Scene) -> Strace<'_> {
        let checksum = sha256(&scene.read("src"));
        let mut args = if self.digest { vec!["--checksum", &checksum] } else { vec![] };
        match self.way {
            Way::From => args.extend(["--from", "src", "f"]),
            Way::Redirected => args.push("f"),
        }
        let mut strace = Strace::new(scene, &args).inject(NO_SHARING);
        if self.through_memory {
            strace = strace.inject("copy_file_range:error=ENOSYS");
        }
        match self.way {
            Way::From => strace,
            Way::Redirected => strace.by(&["sh", "-c", "exec \"$@\" <src", "sh"]),
        }
    }

    /// Where it can be disturbed: from the look at the open source to the sync.
    fn instants(self, calls: &Calls) -> Vec<String> {
        let looked = calls.0.iter().position(|call| {
            let of_source = call.name == look() && call.args.contains("/src>");
            of_source && (matches!(self.way, Way::From) || call.descriptor() == "0")
        });
        let synced = calls.at("fsync", &[]);
        let stop = |at: usize| format!("{}:when={}", calls.0[at].name, calls.when(at));
        // What is refused is not to be stopped in as well.
        let refused: &[&str] = if self.through_memory { &["ioctl", "copy_file_range"] } else { &["ioctl"] };
        let moves = |name: &str| {
            let names = [look(), "lseek", "fallocate", "copy_file_range", "pread64", "read", "pwrite64", "ftruncate"];
            names.contains(&name) && !refused.contains(&name)
        };
        (looked.unwrap()..synced).filter(|&at| moves(&calls.0[at].name)).map(stop).collect()
    }
}

/// All cases.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for way in [Way::From, Way::Redirected] {
        for sparse in [true, false] {
            for (digest, through_memory) in [(false, false), (false, true), (true, false)] {
                cases.push(Case { way, sparse, digest, through_memory });
            }
        }
    }
    cases
}

/// Changes the source at every instant of a run, each in a run of its own, and judges what came of it.
fn at_every_instant(case: Case, change: impl Fn(&Path), judge: impl Fn(&Scene, Option<i32>, &[u8], &str)) {
    let scene = case.scene();
    let traced = case.strace(&scene).run();
    assert!(traced.output.status.success(), "{case:?}: {traced:?}");
    let instants = case.instants(&traced.calls);
    assert!(instants.len() > 5, "{case:?}: {:#?}", traced.calls);
    for stop in instants {
        let scene = case.scene();
        let whole = scene.read("src");
        let stopped = case.strace(&scene).stopped_after(&stop);
        change(&scene.path("src"));
        let traced = stopped.resume();
        let what = format!("{case:?} {stop}: {}", stderr(&traced.output));
        judge(&scene, traced.output.status.code(), &whole, &what);
        assert_eq!(scene.names(), ["f", "src"], "{what}");
    }
}

#[test]
fn a_source_that_is_truncated_is_an_error_or_was_read_before() {
    needs!(strace);
    for case in cases() {
        // In a hole, and in the midst of data.
        for length in if case.sparse { &[500 * KIBIBYTE, 1056 * KIBIBYTE][..] } else { &[100_000] } {
            let cut = |path: &Path| OpenOptions::new().write(true).open(path).unwrap().set_len(*length).unwrap();
            at_every_instant(case, cut, |scene, code, whole, what| match code {
                Some(0) => assert!(scene.read("f") == whole, "cut to {length}, padded: {what}"),
                Some(1) => assert!(scene.text("f") == "old" && what.ends_with("(unchanged)\n"), "{what}"),
                Some(3) if case.digest => assert!(scene.text("f") == "old" && what.contains("(unchanged)\n"), "{what}"),
                _ => panic!("{what}"),
            });
        }
    }
}

/// What is appended to standard input may be taken along, as by any reader of a file that grows.
#[test]
fn a_growing_source_is_taken_as_it_was_or_is() {
    needs!(strace);
    for case in cases() {
        let grow = |path: &Path| OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
        at_every_instant(case, grow, |scene, code, whole, what| match (code, case.way) {
            (Some(0), _) => {
                let content = scene.read("f");
                let grown = !case.digest && content == [whole, b"more"].concat();
                assert!(content == whole || grown && matches!(case.way, Way::Redirected), "{what}");
            }
            (Some(3), _) if case.digest => assert_eq!(scene.text("f"), "old", "{what}"),
            // Row 7.
            (Some(1), Way::From) => assert_eq!(scene.text("f"), "old", "{what}"),
            _ => panic!("{what}"),
        });
    }
}

fn appended(scene: &Scene) -> Strace<'_> {
    Strace::new(scene, &["--append", "--lock", "f"]).input("new").inject(NO_SHARING)
}

/// The old content of `--append` is a source, too.
#[test]
fn an_old_content_truncated_while_it_is_kept_is_an_error() {
    needs!(strace);
    let start = || {
        let scene = Scene::new();
        sparse(&scene.path("f"));
        scene
    };
    let scene = start();
    let traced = appended(&scene).run();
    assert!(traced.output.status.success(), "{traced:?}");
    let begun = traced.calls.at("lseek", &["/f>", "SEEK_DATA"]);
    let ended = traced.calls.input_read().unwrap();
    for at in begun..ended {
        let scene = start();
        let stop = format!("{}:when={}", traced.calls.0[at].name, traced.calls.when(at));
        let stopped = appended(&scene).stopped_after(&stop);
        OpenOptions::new().write(true).open(scene.path("f")).unwrap().set_len(500 * KIBIBYTE).unwrap();
        let run = stopped.resume();
        let length = fs::metadata(scene.path("f")).unwrap().len();
        if run.output.status.success() {
            // Looked at for the last time before.
            assert_eq!(length, SIZE + 3, "{stop}: {run:?}");
        } else {
            assert_eq!((run.output.status.code(), length), (Some(1), 500 * KIBIBYTE), "{stop}: {run:?}");
        }
    }
}

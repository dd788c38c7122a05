//! Any two quirks at once: whatever they make of a run, what is said of TARGET is true, nothing is lost, and nothing is
//! left in silence.
//!
//! Rows: 78, 92.

use std::os::unix::fs::MetadataExt;

use rustix::io::Errno;

use super::{EXISTING, Run, Trial, Way, every_way};
use crate::common::quirks::{Change, Held, Inodes, Nfs4Acl, Quirks};

type Quirk = (&'static str, fn(&mut Quirks));

const QUIRKS: [Quirk; 29] = [
    ("inodes per lookup", |q| q.inodes = Inodes::PerLookup),
    ("inodes per getattr", |q| q.inodes = Inodes::PerGetattr),
    ("inodes per path", |q| q.inodes = Inodes::PerPath),
    ("another owner", |q| (q.owner, q.chown) = (Some((12, 13)), Change::Refused(Errno::PERM))),
    ("mode 777", |q| (q.mode, q.chmod) = (Some(0o777), Change::Ignored)),
    ("mode 700", |q| (q.mode, q.chmod) = (Some(0o700), Change::Refused(Errno::PERM))),
    ("no ACLs", |q| (q.acl, q.listxattr) = (Some(Errno::PERM), Some(Errno::OPNOTSUPP))),
    ("no listxattr", |q| q.listxattr = Some(Errno::IO)),
    ("nfs4 refused", |q| q.nfs4_acl = Some(Nfs4Acl { set: Some(Errno::PERM), chmod_resets: true })),
    ("open while written", |q| q.open_while_written = Some(Errno::BUSY)),
    ("stale handles", |q| q.open = Some(Errno::STALE)),
    ("rename open", |q| q.rename_open = Some(Errno::TXTBSY)),
    ("rename over open", |q| q.rename_over_open = Some(Errno::TXTBSY)),
    ("unlink open", |q| q.unlink_open = Some(Errno::BUSY)),
    ("rename", |q| q.rename = Some(Errno::OPNOTSUPP)),
    ("rename over", |q| q.rename_over = Some(Errno::EXIST)),
    ("renamed away", |q| q.rename_over_held = Some(Held::RenamedAway)),
    ("removed if held", |q| q.rename_over_held = Some(Held::Removed(Errno::ACCESS))),
    ("rename removes", |q| q.rename_removes = Some(Errno::ACCESS)),
    ("rename reports", |q| q.rename_reports = Some(Errno::IO)),
    ("rename flags", |q| q.rename_flags = true),
    ("create", |q| q.create = Some(Errno::ACCESS)),
    ("link", |q| q.link = Some(Errno::PERM)),
    ("link reports", |q| q.link_reports = Some(Errno::IO)),
    ("unlink", |q| q.unlink = Some(Errno::PERM)),
    ("fsync", |q| q.fsync = Some(Errno::INVAL)),
    ("fsyncdir fails", |q| q.fsyncdir = Some(Errno::IO)),
    ("fsyncdir", |q| q.fsyncdir = Some(Errno::INVAL)),
    ("stale counts", |q| q.stale_link_counts = true),
];

/// Whether the run told the truth; if not, what is wrong.
fn judge(trial: &Trial, way: &Way, run: &Run, before: Option<u64>) -> Result<(), String> {
    let require = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    let names = trial.names();
    let target = way.target();
    let content = trial.content(target);
    let is_new = content.as_deref() == Some(way.becomes);
    match run.status {
        Some(0) => {
            require(is_new, "status 0, and TARGET is not what it was to be")?;
            if let Some(backup) = way.backup {
                require(trial.content(backup).as_deref() == Some("old\n"), "status 0, and the backup is not there")?;
            }
        }
        Some(4 | 121) => require(is_new && run.says.contains("(replaced, "), "status 4, and TARGET is not replaced")?,
        Some(5 | 122) => {
            require(!run.says.contains("(unchanged)"), "status 5 and unchanged")?;
            let copies = [(names.clone(), trial.behind("")), (trial.elsewhere.names(), trial.elsewhere.path(""))];
            let is_kept = copies.iter().any(|(names, directory)| {
                let mut told = names.iter().filter(|name| run.says.contains(name.as_str()));
                told.any(|name| std::fs::read_to_string(directory.join(name)).is_ok_and(|it| it == way.becomes))
            });
            require(is_kept, "status 5, and the new content is not where it says")?;
        }
        Some(1 | 3 | 123 | 125) => {
            let now = trial.behind(target).metadata().ok().map(|stat| stat.ino());
            let is_old = content.as_deref() == before.map(|_| "old\n");
            if run.says.contains("(unchanged)") {
                require(is_old && now == before, "unchanged, it says")?;
            } else {
                require(before.is_none() || content.is_some(), "TARGET is lost")?;
            }
        }
        _ => return Err("another status".to_owned()),
    }
    let elsewhere = trial.elsewhere.names();
    require(
        run.tells_of(&[names.clone(), elsewhere].concat()) || matches!(run.status, Some(4 | 5 | 121 | 122)),
        "left behind in silence",
    )?;
    let known = |name: &String| name.starts_with(".aw-") || way.after().contains(&name.as_str());
    require(names.iter().all(known), "other names")
}

/// Not even the file system knows better: the kernel believes for long in the name that has gone.
const UNKNOWABLE: [[&str; 2]; 2] = [["rename removes", "stale counts"], ["rename reports", "stale counts"]];

/// Every pair, with every nth way, and what was wrong.
fn try_pairs(options: &[&str], ways: &[&'static Way], every: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(trial) = Trial::for_each_caller().next() else { return wrong };
    for (place, one) in QUIRKS.iter().enumerate() {
        for (other_place, other) in QUIRKS.iter().enumerate().skip(place) {
            if UNKNOWABLE.contains(&[one.0, other.0]) {
                continue;
            }
            for &way in ways.iter().skip((place * 7 + other_place) % every).step_by(every) {
                trial.begin(way.before());
                trial.set(|quirks| {
                    one.1(quirks);
                    other.1(quirks);
                });
                let before = trial.behind(way.target()).metadata().ok().map(|stat| stat.ino());
                let run = trial.run(&[options, way.args].concat());
                if let Err(what) = judge(&trial, way, &run, before) {
                    let told = format!("{}, {}: {what}: {options:?} {:?}: {run:?}", one.0, other.0, way.args);
                    wrong.push(format!("{told}: {:?}, {:?}", trial.names(), trial.elsewhere.names()));
                }
            }
        }
    }
    wrong
}

fn is_all() -> bool {
    std::env::var_os("ATOMIC_WRITE_QUIRKS").is_some_and(|asked| asked == "all")
}

#[test]
fn any_two_quirks_lose_nothing_and_are_told_truly() {
    let ways: Vec<_> = every_way().collect();
    let wrong = try_pairs(&[], &ways, if is_all() { 1 } else { 8 });
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn with_any_two_quirks_what_is_overwritten_in_place_is_not_lost() {
    let ways: Vec<_> = EXISTING.iter().filter(|way| !way.backs_up()).collect();
    let wrong = try_pairs(&["--allow-in-place"], &ways, if is_all() { 1 } else { 8 });
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

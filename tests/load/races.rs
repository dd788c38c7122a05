//! An attacker works against root.
//!
//! Root writes in a directory that another user may write, while that user swaps everything there as fast as possible. The
//! attacker is a thread that has given up root's rights: credentials are a thread's own. It can reach the directory through
//! an open descriptor, wherever that lies.
//!
//! What must hold after every try: the victim outside is as it was; the bystander in the directory, somebody else's, is
//! as it was; nothing secret was ever read. (That root follows a link which is there from the start, as `>` would, is no
//! finding, unless the directory is sticky and the link another's.)

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, mkdirat, mknodat, openat, renameat, renameat_with, symlinkat,
    unlinkat,
};
use rustix::process::{Gid, Uid};

use crate::common::needs::needs;
use crate::common::{Over, Scene, stderr};
use crate::{share, staging_names, tell};

const ATTACKER: u32 = 65_533;
/// Somebody who has nothing to do with it.
const OTHER: u32 = 65_532;
const SECRET: &[u8] = b"secret";
const STOLEN: &str = "theirs";

/// Root's own directory beside the one that the attacker may write.
struct Field {
    scene: Scene,
    victim: (u64, i64),
}

impl Field {
    /// `mode` and `owner` are those of the directory `pub`.
    fn new(mode: u32, owner: u32) -> Self {
        let scene = Scene::new();
        scene.mkdir("secret");
        scene.write("secret/victim", "victim");
        scene.mkdir("pub");
        scene.chmod("pub", mode);
        let bystander = scene.write("pub/bystander", "bystander");
        chown(&bystander, Some(OTHER), Some(OTHER)).unwrap();
        chown(scene.path("pub"), Some(owner), Some(owner)).unwrap();
        let stat = scene.path("secret/victim").metadata().unwrap();
        let victim = (stat.ino(), stat.ctime_nsec());
        Field { scene, victim }
    }

    fn open(&self) -> OwnedFd {
        OwnedFd::from(File::open(self.scene.path("pub")).unwrap())
    }

    /// Runs `tries` times against the attacker, and judges after each.
    fn fight(
        &self,
        tries: usize,
        attack: impl Fn(&OwnedFd, usize) + Send + Sync,
        mut run: impl FnMut(usize) -> Command,
        mut judge: impl FnMut(&str),
    ) {
        let (over, mut done) = (AtomicBool::new(false), 0);
        let mut ends = [0; 256];
        thread::scope(|scope| {
            let directory = self.open();
            let (over, attack) = (&over, &attack);
            scope.spawn(move || {
                become_attacker();
                for round in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    attack(&directory, round);
                }
            });
            // The attacker ends whatever the judge says.
            let _over = Over(over);
            for round in 0..tries {
                let output = run(round).stdin(Stdio::null()).output().unwrap();
                let said = stderr(&output);
                let code = output.status.code().unwrap_or_else(|| panic!("{:?}: {said}", output.status));
                ends[usize::try_from(code).unwrap()] += 1;
                assert!([0, 1, 3, 125].contains(&code), "{code}: {said}");
                assert!(!said.contains("panicked"), "{said}");
                self.judge(&said);
                judge(&said);
                done += 1;
            }
        });
        let ends: Vec<_> = ends.iter().enumerate().filter(|(_, count)| **count > 0).collect();
        tell(&format!("{done} tries against an attacker, by status: {ends:?}"));
    }

    fn judge(&self, said: &str) {
        let victim = self.scene.path("secret/victim").metadata().unwrap();
        assert_eq!((victim.ino(), victim.ctime_nsec()), self.victim, "the victim was touched: {said}");
        assert_eq!(self.scene.names(), ["pub", "secret"], "{said}");
        assert_eq!(crate::common::names_in(&self.scene.path("secret")), ["victim"], "{said}");
        let bystander = self.scene.path("pub/bystander").metadata().expect("the bystander is gone");
        assert_eq!((bystander.uid(), bystander.len()), (OTHER, 9), "{said}");
    }

    fn run(&self, words: &[&str]) -> Command {
        let mut command = self.scene.process();
        // What reaches the disk is not the question here, and would slow the fight down.
        command.arg("--sync=none").args(words);
        command
    }
}

/// Of this thread alone; what it could do as root goes with the user.
fn become_attacker() {
    rustix::thread::set_thread_groups(&[]).unwrap();
    let (user, group) = (Uid::from_raw(ATTACKER), Gid::from_raw(ATTACKER));
    rustix::thread::set_thread_res_gid(group, group, group).unwrap();
    rustix::thread::set_thread_res_uid(user, user, user).unwrap();
    assert!(File::open("/etc/shadow").is_err(), "still root");
}

/// Whatever is called so goes.
fn clear(directory: &OwnedFd, name: &str) {
    if unlinkat(directory, name, AtFlags::empty()).is_err() {
        let _ = unlinkat(directory, name, AtFlags::REMOVEDIR);
    }
}

/// Puts something else in the place of `name`.
fn plant(directory: &OwnedFd, name: &str, round: usize) {
    clear(directory, name);
    // That somebody was quicker is part of the game.
    let _ = match round % 6 {
        0 | 1 => symlinkat("../secret/victim", directory, name),
        2 => openat(directory, name, OFlags::CREATE | OFlags::EXCL, Mode::from_raw_mode(0o666)).map(drop),
        3 => mknodat(directory, name, FileType::Fifo, Mode::from_raw_mode(0o666), 0),
        4 => mkdirat(directory, name, Mode::from_raw_mode(0o777)),
        _ => Ok(()),
    };
}

/// What the attacker puts in the place of a staging name.
#[derive(Clone, Copy, PartialEq)]
enum Lure {
    /// A link to the victim: root may end up with it as TARGET, and must not have written through it.
    Link,
    /// A file. (A link would become TARGET by root's own rename, and the next run would rightly follow it.)
    File,
}

/// Finds the staging names, reads what can be read, and replaces them.
fn steal(directory: &OwnedFd, round: usize, lure: Lure) {
    let Ok(entries) = Dir::read_from(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !name.to_bytes().starts_with(b".aw-") {
            continue;
        }
        read_secret(directory, name);
        let _ = match round % 4 {
            0 => renameat(directory, name, directory, STOLEN),
            1 => renameat_with(directory, name, directory, "f", RenameFlags::EXCHANGE),
            2 => unlinkat(directory, name, AtFlags::empty()),
            _ => rustix::fs::linkat(directory, name, directory, STOLEN, AtFlags::empty()),
        };
        let _ = match lure {
            Lure::Link => symlinkat("../secret/victim", directory, name),
            Lure::File => openat(directory, name, OFlags::CREATE | OFlags::EXCL, Mode::from_raw_mode(0o666)).map(drop),
        };
        read_secret(directory, c"theirs");
    }
    read_secret(directory, c"f");
}

fn read_secret(directory: &OwnedFd, name: &std::ffi::CStr) {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let Ok(file) = openat(directory, name, flags, Mode::empty()) else { return };
    let mut bytes = [0; 16];
    let length = rustix::io::read(&file, &mut bytes).unwrap_or(0);
    assert!(!bytes[..length].starts_with(SECRET), "the secret was read by way of {name:?}");
}

fn tries() -> usize {
    share(60, 1200, 25_000)
}

/// TARGET and the staging name, with links never followed and nothing secret readable.
#[test]
fn in_the_attackers_own_directory_links_are_replaced_and_secrets_kept() {
    needs!(root);
    let field = Field::new(0o755, ATTACKER);
    let attack = |directory: &OwnedFd, round: usize| {
        // A regular file of the attacker's would rightly hand on its owner.
        if round.is_multiple_of(8) {
            plant(directory, "f", [0, 5][round / 8 % 2]);
        }
        steal(directory, round, Lure::Link);
    };
    let run = |round: usize| {
        let mode = ["-Pm600", "-PDm600", "-PCm600"][round % 3];
        field.run(&[mode, "pub/f", "--", "echo", "secret"])
    };
    field.fight(tries(), attack, run, |_| ());
}

/// Whatever TARGET becomes: a file, a FIFO, a directory, nothing.
#[test]
fn in_the_attackers_own_directory_no_kind_of_target_leads_outside() {
    needs!(root);
    let field = Field::new(0o755, ATTACKER);
    let attack = |directory: &OwnedFd, round: usize| {
        if round.is_multiple_of(4) {
            plant(directory, "f", 2 + round / 4 % 4);
        }
        steal(directory, round, Lure::File);
    };
    let options: [&[&str]; 5] = [&[], &["--backup=simple"], &["--backup=numbered"], &["--lock"], &["--append"]];
    let run = |round: usize| field.run(&[options[round % options.len()], &["pub/f", "-q"]].concat());
    let directory = field.open();
    field.fight(tries(), attack, run, |_| {
        // The backups of many tries would make the directory ever slower.
        for name in crate::common::names_in(&field.scene.path("pub")) {
            if name.starts_with("f.~") {
                clear(&directory, &name);
            }
        }
    });
}

/// Links in a sticky directory that everybody may write are nobody's to follow but their owner's, whatever the system's
/// own rule; and what root has made there is beyond the attacker.
#[test]
fn in_a_sticky_directory_nothing_leads_outside_and_nothing_is_left() {
    needs!(root);
    let field = Field::new(0o1777, 0);
    let attack = |directory: &OwnedFd, round: usize| {
        plant(directory, "f", round);
        steal(directory, round, Lure::Link);
    };
    let options: [&[&str]; 4] = [&[], &["-m600"], &["--lock"], &["--parents"]];
    let run = |round: usize| field.run(&[options[round % options.len()], &["pub/f", "-q"]].concat());
    let directory = field.open();
    let judge = |said: &str| {
        let staged = staging_names(&field.scene.path("pub"));
        let roots = |name: &String| {
            let stat = field.scene.path("pub").join(name).symlink_metadata();
            stat.is_ok_and(|stat| stat.uid() == 0)
        };
        assert!(!staged.iter().any(roots), "{staged:?} left: {said}");
        // Root's own is out of the attacker's reach; the next try begins anew.
        clear(&directory, "f");
        for name in staged {
            clear(&directory, &name);
        }
    };
    let rules: &[&str] = share(&[], &[], &["0", "1"]);
    if rules.is_empty() {
        return field.fight(tries(), attack, run, judge);
    }
    // The setting is the whole system's: on demand only, and put back.
    let _before = Setting::of("/proc/sys/fs/protected_symlinks");
    for rule in rules {
        fs::write("/proc/sys/fs/protected_symlinks", rule).unwrap();
        field.fight(tries() / 2, attack, run, judge);
    }
}

struct Setting(PathBuf, Vec<u8>);

impl Setting {
    fn of(path: &str) -> Self {
        Setting(path.into(), fs::read(path).unwrap())
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        fs::write(&self.0, &self.1).unwrap();
    }
}

/// Row 27: wherever the name of the directory leads meanwhile, each write is whole, in one of them, and leaves nothing.
#[test]
fn a_swapped_parent_never_splits_a_write() {
    needs!(root);
    let field = Field::new(0o755, ATTACKER);
    for name in ["one", "two"] {
        let path = field.scene.mkdir(format!("pub/{name}"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        field.scene.write(format!("pub/{name}/f"), "old");
    }
    field.scene.symlink("one", "pub/way");
    let attack = |directory: &OwnedFd, round: usize| {
        let _ = renameat_with(directory, "one", directory, "two", RenameFlags::EXCHANGE);
        let _ = symlinkat(["one", "two"][round % 2], directory, "new-way");
        let _ = renameat(directory, "new-way", directory, "way");
    };
    let run = |round: usize| {
        let (target, word) = (["pub/way/f", "pub/one/f"][round % 2], format!("content{round}"));
        let option = ["--verbose", "--backup=simple", "--lock"][round % 3];
        field.run(&[option, target, "--", "echo", &word])
    };
    field.fight(tries(), attack, run, |said| {
        // Under either name, as the attacker keeps exchanging them.
        for name in ["one", "two"] {
            let text = fs::read_to_string(field.scene.path("pub").join(name).join("f")).expect("f is never absent");
            assert!(text == "old" || (text.starts_with("content") && text.ends_with('\n')), "{text:?}: {said}");
            let names = crate::common::names_in(&field.scene.path("pub").join(name));
            assert!(names.iter().all(|name| ["f", "f~"].contains(&name.as_str())), "{names:?}: {said}");
        }
    });
}

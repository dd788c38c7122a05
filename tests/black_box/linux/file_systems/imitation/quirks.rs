//! That each quirk does what it says.
//!
//! Rows: none.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, RenameFlags, Timespec, Timestamps, UTIME_NOW, XattrFlags, openat, removexattr,
    renameat_with, setxattr, utimensat,
};
use rustix::io::Errno;

use super::{ACL, attribute, attributes, error, links};
use crate::common::events::until;
use crate::common::quirks::{Change, Held, Inodes, Nfs4Acl, Quirky, nfs4};

const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };

fn path_only(path: &Path) -> std::os::fd::OwnedFd {
    openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap()
}

#[test]
fn inode_numbers_change_as_asked() {
    let Some(scene) = Quirky::new() else { return };
    let path = scene.write("f", "f");
    let seen = || (scene.inode("f"), scene.inode("f"));
    let same = |(one, other)| one == other;
    let file = File::open(&path).unwrap();
    let through = || file.metadata().unwrap().ino();
    assert!(same(seen()) && through() == scene.inode("f"));
    scene.set(|quirks| quirks.inodes = Inodes::PerLookup);
    let file = File::open(&path).unwrap();
    let through = || file.metadata().unwrap().ino();
    assert!(!same(seen()) && same((through(), through())));
    scene.set(|quirks| quirks.inodes = Inodes::PerGetattr);
    assert!(!same(seen()) && !same((through(), through())));
    scene.set(|quirks| quirks.inodes = Inodes::PerPath);
    let before = scene.inode("f");
    assert_eq!(scene.inode("f"), before);
    fs::rename(&path, scene.path("g")).unwrap();
    assert_ne!(scene.inode("g"), before);
    assert_eq!(scene.text("g"), "f");
}

#[test]
fn what_is_shown_of_owner_and_mode_is_not_what_is_there() {
    let Some(scene) = Quirky::new() else { return };
    scene.write("f", "f");
    scene.chmod("f", 0o640);
    scene.set(|quirks| {
        quirks.owner = Some((12, 13));
        quirks.mode = Some(0o777);
    });
    assert_eq!((scene.owner("f"), scene.mode("f")), ((12, 13), 0o777));
    assert_eq!(scene.behind("f").metadata().unwrap().mode() & 0o7777, 0o640);
    scene.set(|quirks| quirks.owner = None);
    let chmod = || fs::set_permissions(scene.path("f"), fs::Permissions::from_mode(0o600));
    scene.set(|quirks| quirks.chmod = Change::Ignored);
    chmod().unwrap();
    assert_eq!(scene.behind("f").metadata().unwrap().mode() & 0o7777, 0o640);
    scene.set(|quirks| quirks.chmod = Change::Refused(Errno::PERM));
    assert_eq!(error(chmod()), Some(Errno::PERM));
    let (me, mine) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    scene.set(|quirks| quirks.chown = Change::Refused(Errno::PERM));
    assert_eq!(error(std::os::unix::fs::chown(scene.path("f"), Some(me), Some(mine))), Some(Errno::PERM));
}

#[test]
fn acls_and_their_names_are_refused() {
    let Some(scene) = Quirky::new() else { return };
    let path = scene.write("f", "f");
    setxattr(&path, "user.a", b"b", XattrFlags::empty()).unwrap();
    scene.set(|quirks| quirks.acl = Some(Errno::PERM));
    assert_eq!(removexattr(&path, ACL), Err(Errno::PERM));
    assert_eq!(attributes(&path).unwrap(), "user.a\0");
    for errno in [Errno::IO, Errno::OPNOTSUPP] {
        scene.set(|quirks| quirks.listxattr = Some(errno));
        assert_eq!(attributes(&path), Err(errno));
    }
}

#[test]
fn nfs_acls_are_shown_and_set_or_not() {
    let Some(scene) = Quirky::new() else { return };
    let path = scene.write("f", "f");
    scene.chmod("f", 0o640);
    let own = nfs4::with_user(0o640, "1234", 6);
    scene.set(|quirks| quirks.nfs4_acl = Some(Nfs4Acl::default()));
    assert!(attributes(&path).unwrap().contains(nfs4::NAME));
    assert_eq!(attribute(&path, nfs4::NAME).unwrap(), nfs4::trivial(0o640));
    setxattr(&path, nfs4::NAME, &own, XattrFlags::empty()).unwrap();
    assert_eq!(scene.mode("f"), 0o660);
    scene.chmod("f", 0o600);
    assert_eq!(attribute(&path, nfs4::NAME).unwrap(), own);
    scene.set(|quirks| quirks.nfs4_acl = Some(Nfs4Acl { set: Some(Errno::OPNOTSUPP), chmod_resets: true }));
    assert_eq!(setxattr(&path, nfs4::NAME, &own, XattrFlags::empty()), Err(Errno::OPNOTSUPP));
    scene.chmod("f", 0o600);
    assert_eq!(attribute(&path, nfs4::NAME).unwrap(), own);
    scene.chmod("f", 0o644);
    assert_eq!(attribute(&path, nfs4::NAME).unwrap(), nfs4::trivial(0o644));
    // As nfs4_getfacl shows it: A::OWNER@:r..., of 4 + 7 bytes and one to fill up.
    let first = &nfs4::trivial(0o400)[..28];
    assert_eq!(nfs4::mode_of(&nfs4::trivial(0o754)), 0o754);
    assert_eq!(first, b"\0\0\0\x03\0\0\0\0\0\0\0\0\0\x12\0\x89\0\0\0\x06OWNER@\0\0");
}

#[test]
fn open_files_are_in_the_way() {
    let Some(scene) = Quirky::new() else { return };
    let path = scene.write("f", "f");
    scene.write("g", "g");
    scene.set(|quirks| {
        quirks.open_while_written = Some(Errno::BUSY);
        quirks.rename_open = Some(Errno::TXTBSY);
        quirks.rename_over_open = Some(Errno::ACCESS);
        quirks.unlink_open = Some(Errno::PERM);
    });
    let writer = OpenOptions::new().write(true).open(&path).unwrap();
    assert_eq!(error(File::open(&path)), Some(Errno::BUSY));
    drop(writer);
    // FUSE is told of a close some time after it.
    until("the close is known", || File::open(&path).is_ok());
    let reader = File::open(&path).unwrap();
    assert!(File::open(&path).is_ok());
    assert_eq!(error(fs::rename(&path, scene.path("h"))), Some(Errno::TXTBSY));
    assert_eq!(error(fs::rename(scene.path("g"), &path)), Some(Errno::ACCESS));
    assert_eq!(error(fs::remove_file(&path)), Some(Errno::PERM));
    drop(reader);
    // That does not count.
    let _held = path_only(&path);
    until("the close is known", || fs::rename(scene.path("g"), &path).is_ok());
    fs::rename(&path, scene.path("h")).unwrap();
    fs::remove_file(scene.path("h")).unwrap();
}

#[test]
fn calls_are_refused() {
    let Some(scene) = Quirky::new() else { return };
    let path = scene.write("f", "f");
    scene.write("g", "g");
    let over = || fs::rename(scene.path("g"), &path);
    scene.set(|quirks| quirks.rename_over = Some(Errno::EXIST));
    assert_eq!(error(over()), Some(Errno::EXIST));
    scene.set(|quirks| quirks.rename = Some(Errno::XDEV));
    assert_eq!(error(over()), Some(Errno::XDEV));
    scene.set(|quirks| {
        quirks.rename = None;
        quirks.create = Some(Errno::ACCESS);
        quirks.link = Some(Errno::PERM);
        quirks.unlink = Some(Errno::PERM);
    });
    for made in [
        File::create_new(scene.path("h")).map(drop),
        fs::rename(scene.path("g"), scene.path("h")),
        fs::create_dir(scene.path("h")),
        std::os::unix::fs::symlink("f", scene.path("h")),
        fs::hard_link(&path, scene.path("h")),
    ] {
        assert_eq!(error(made), Some(Errno::ACCESS));
    }
    assert_eq!(error(fs::remove_file(&path)), Some(Errno::PERM));
    fs::write(&path, "still writable").unwrap();
    scene.set(|quirks| {
        quirks.create = None;
        quirks.write = Some(Errno::ROFS);
    });
    assert_eq!(error(fs::hard_link(&path, scene.path("h"))), Some(Errno::PERM));
    assert_eq!(error(fs::write(&path, "")), Some(Errno::ROFS));
    assert_eq!(scene.text("f"), "still writable");
    scene.set(|quirks| quirks.open = Some(Errno::STALE));
    assert_eq!(error(fs::read(&path)), Some(Errno::STALE));
}

#[test]
fn a_sync_is_refused_unless_by_enosys() {
    let Some(scene) = Quirky::new() else { return };
    let file = File::create(scene.path("f")).unwrap();
    let directory = File::open(scene.root()).unwrap();
    for errno in [Errno::INVAL, Errno::OPNOTSUPP, Errno::IO] {
        scene.set(|quirks| (quirks.fsync, quirks.fsyncdir) = (Some(errno), None));
        assert_eq!((error(file.sync_all()), error(directory.sync_all())), (Some(errno), None));
        scene.set(|quirks| (quirks.fsync, quirks.fsyncdir) = (None, Some(errno)));
        assert_eq!((error(file.sync_all()), error(directory.sync_all())), (None, Some(errno)));
    }
    scene.set(|quirks| (quirks.fsync, quirks.fsyncdir) = (Some(Errno::NOSYS), Some(Errno::NOSYS)));
    assert!(file.sync_all().is_ok() && directory.sync_all().is_ok());
}

#[test]
fn a_removed_link_stays_in_the_count_of_the_other_name() {
    let Some(scene) = Quirky::new() else { return };
    scene.set(|quirks| quirks.stale_link_counts = true);
    scene.write("f", "f");
    fs::hard_link(scene.path("f"), scene.path("g")).unwrap();
    fs::remove_file(scene.path("f")).unwrap();
    assert_eq!((links(&scene, "g"), scene.behind("g").metadata().unwrap().nlink()), (2, 1));
    // After a rename the count is the true one.
    scene.write("h", "h");
    fs::rename(scene.path("h"), scene.path("i")).unwrap();
    assert_eq!((links(&scene, "i"), scene.text("i").as_str()), (1, "h"));
    assert_eq!(scene.inode("i"), scene.behind("i").metadata().unwrap().ino());
}

#[test]
fn a_cached_name_is_stale_until_it_is_looked_up_again() {
    let Some(scene) = Quirky::new() else { return };
    scene.set(|quirks| quirks.cached_names = true);
    scene.write("f", "f");
    let held = rustix::fs::open(scene.path("f"), OFlags::PATH, Mode::empty()).unwrap();
    fs::write(scene.behind("other"), "other").unwrap();
    fs::rename(scene.behind("other"), scene.behind("f")).unwrap();
    assert_eq!(rustix::fs::fstat(&held).map(|_| ()), Err(Errno::STALE));
    // The name still leads there, but for a call that looks once more after that error.
    let again = rustix::fs::open(scene.path("f"), OFlags::PATH, Mode::empty()).unwrap();
    assert_eq!(rustix::fs::fstat(&again).map(|_| ()), Err(Errno::STALE));
    assert_eq!((links(&scene, "f"), scene.text("f").as_str()), (1, "other"));
}

#[test]
fn what_is_done_is_reported_as_failed() {
    let Some(scene) = Quirky::new() else { return };
    scene.write("f", "f");
    scene.write("g", "g");
    scene.set(|quirks| (quirks.rename_reports, quirks.link_reports) = (Some(Errno::IO), Some(Errno::IO)));
    assert_eq!(error(fs::hard_link(scene.path("f"), scene.path("h"))), Some(Errno::IO));
    assert_eq!(error(fs::rename(scene.path("f"), scene.path("g"))), Some(Errno::IO));
    // The kernel tries it once more.
    scene.set(|quirks| quirks.rename_reports = Some(Errno::STALE));
    assert_eq!(error(fs::rename(scene.path("g"), scene.path("i"))), Some(Errno::NOENT));
    assert_eq!((scene.names(), scene.text("i").as_str()), (vec!["h".to_owned(), "i".to_owned()], "f"));
}

#[test]
fn a_file_that_is_held_is_renamed_away_or_removed() {
    let Some(scene) = Quirky::new() else { return };
    let path = scene.path("f");
    let begin = |held| {
        scene.write("f", "old");
        scene.write("g", "new");
        scene.set(|quirks| quirks.rename_over_held = held);
    };
    let over = || fs::rename(scene.path("g"), &path);
    for held in [Held::RenamedAway, Held::Removed(Errno::ACCESS)] {
        begin(Some(held));
        over().unwrap();
        assert_eq!((scene.absences(), scene.text("f").as_str()), (0, "new"));
    }
    for (count, hold) in [(1, true), (2, false)] {
        begin(Some(Held::RenamedAway));
        let _held = if hold { path_only(&path) } else { File::open(&path).unwrap().into() };
        over().unwrap();
        assert_eq!((scene.absences(), scene.text("f").as_str(), scene.names()), (count, "new", vec!["f".to_owned()]));
    }
    begin(Some(Held::Removed(Errno::ACCESS)));
    let held = path_only(&path);
    assert_eq!(error(over()), Some(Errno::ACCESS));
    assert_eq!((scene.absences(), scene.names()), (3, vec!["g".to_owned()]));
    drop(held);
    begin(None);
    scene.set(|quirks| quirks.rename_removes = Some(Errno::IO));
    assert_eq!(error(over()), Some(Errno::IO));
    assert_eq!((scene.absences(), scene.names()), (4, vec!["g".to_owned()]));
}

#[test]
fn a_file_that_is_held_is_marked_for_deletion() {
    let Some(scene) = Quirky::new() else { return };
    let path = scene.write("f", "old");
    scene.write("g", "new");
    let inode = scene.inode("f");
    scene.set(|quirks| quirks.rename_over_held = Some(Held::DeletePending(Errno::ACCESS)));
    let over = || error(fs::rename(scene.path("g"), &path));
    let [first, second] = [File::open(&path).unwrap(), File::open(&path).unwrap()];
    assert_eq!(over(), Some(Errno::ACCESS));
    let is_marked = || {
        assert_eq!((scene.names(), scene.inode("f"), links(&scene, "f")), (vec!["f".into(), "g".into()], inode, 0));
        assert_eq!(error(File::open(&path)), Some(Errno::NOENT));
        assert_eq!(error(OpenOptions::new().write(true).open(&path)), Some(Errno::NOENT));
        let now = Timestamps { last_access: NOW, last_modification: NOW };
        assert_eq!(utimensat(CWD, &path, &now, AtFlags::empty()), Err(Errno::NOENT));
        drop(path_only(&path));
        assert_eq!(over(), Some(Errno::ACCESS));
        assert_eq!(error(fs::hard_link(scene.path("g"), &path)), Some(Errno::EXIST));
        assert_eq!(error(File::create_new(&path)), Some(Errno::EXIST));
    };
    is_marked();
    // What is open goes on.
    let mut text = String::new();
    (&first).read_to_string(&mut text).unwrap();
    assert_eq!(text, "old");
    drop(first);
    is_marked();
    drop(second);
    // A file is closed some time after the last descriptor.
    until("the name is gone", || scene.names() == ["g"]);
    assert_eq!((error(path.symlink_metadata()), over()), (Some(Errno::NOENT), None));
    // By the caller's own, which no request tells of, it is gone at once.
    scene.write("g", "new");
    let _held = path_only(&path);
    assert_eq!((over(), scene.names()), (Some(Errno::ACCESS), vec!["g".to_owned()]));
}

#[test]
fn what_is_open_at_a_rename_is_noted() {
    let Some(scene) = Quirky::new() else { return };
    let begin = || {
        scene.write("f", "old");
        scene.write("g", "new");
        scene.given();
    };
    let given =
        || -> Vec<(String, usize)> { scene.given().into_iter().map(|given| (given.name, given.open.len())).collect() };
    let noted = |g, f| vec![("g".to_owned(), g), ("f".to_owned(), f)];
    let over = || fs::rename(scene.path("g"), scene.path("f")).unwrap();
    begin();
    over();
    assert_eq!(given(), noted(0, 0));
    begin();
    let held = [path_only(&scene.path("f")), File::open(scene.path("f")).unwrap().into()];
    over();
    assert_eq!(given(), noted(0, 2));
    drop(held);
    // By another name of it, which newer kernels tell.
    begin();
    fs::hard_link(scene.path("f"), scene.path("h")).unwrap();
    let held = path_only(&scene.path("h"));
    let about = fs::read_to_string(format!("/proc/self/fdinfo/{}", held.as_raw_fd())).unwrap();
    over();
    assert_eq!(given(), noted(0, usize::from(about.contains("ino:"))));
    // An exchange gives both away.
    begin();
    scene.set(|quirks| quirks.rename_flags = true);
    let held = [held, path_only(&scene.path("g"))];
    renameat_with(CWD, scene.path("g"), CWD, scene.path("f"), RenameFlags::EXCHANGE).unwrap();
    assert_eq!(given(), noted(1, 0));
    drop(held);
}

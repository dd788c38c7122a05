//! The imitation itself: what it does without quirks, and that each quirk does what it says. A broken one would let the
//! tests of the program pass.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{
    CWD, FlockOperation, Mode, OFlags, RenameFlags, XattrFlags, flock, getxattr, listxattr, openat, removexattr,
    renameat_with, setxattr, statvfs,
};
use rustix::io::Errno;

use crate::common::quirks::{Change, Held, Inodes, Nfs4Acl, Quirky, nfs4};
use crate::common::{as_user, has_tool, needs_root};

const ACL: &str = "system.posix_acl_access";

/// The error of a call of the standard library.
fn error<T>(result: std::io::Result<T>) -> Option<Errno> {
    result.err().map(|error| Errno::from_raw_os_error(error.raw_os_error().unwrap()))
}

fn rename_with(scene: &Quirky, from: &str, to: &str, flags: RenameFlags) -> Result<(), Errno> {
    renameat_with(CWD, scene.path(from), CWD, scene.path(to), flags)
}

fn links(scene: &Quirky, name: &str) -> u64 {
    scene.path(name).symlink_metadata().unwrap().nlink()
}

fn attribute(path: &Path, name: &str) -> Result<Vec<u8>, Errno> {
    let mut value = vec![0; 4096];
    let length = getxattr(path, name, value.as_mut_slice())?;
    value.truncate(length);
    Ok(value)
}

fn attributes(path: &Path) -> Result<String, Errno> {
    let mut list = vec![0; 4096];
    let length = listxattr(path, list.as_mut_slice())?;
    list.truncate(length);
    Ok(String::from_utf8(list).unwrap())
}

fn path_only(path: &Path) -> std::os::fd::OwnedFd {
    openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap()
}

#[test]
fn without_quirks_content_is_that_of_the_file_behind_it() {
    let Some(scene) = Quirky::new() else { return };
    let path = scene.path("f");
    let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o640).open(&path).unwrap();
    assert_eq!(File::create_new(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    let content: Vec<u8> = (0..400_000_u32).flat_map(u32::to_le_bytes).collect();
    file.write_all(&content).unwrap();
    file.write_all_at(b"xyz", 1_000_001).unwrap();
    file.sync_all().unwrap();
    file.sync_data().unwrap();
    File::open(scene.root()).unwrap().sync_all().unwrap();
    let mut middle = [0; 5];
    file.read_exact_at(&mut middle, 1_000_000).unwrap();
    assert_eq!((&middle[1..4], middle[0], middle[4]), (&b"xyz"[..], content[1_000_000], content[1_000_004]));
    file.set_len(7).unwrap();
    assert_eq!(fs::read(&path).unwrap(), &content[..7]);
    assert_eq!(fs::read(scene.behind("f")).unwrap(), &content[..7]);
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"end").unwrap();
    assert_eq!(path.metadata().unwrap().len(), 10);
    fs::write(scene.behind("f"), "behind the mount").unwrap();
    assert_eq!(scene.text("f"), "behind the mount");
    // Without its name an open file goes on.
    fs::remove_file(&path).unwrap();
    file.write_all_at(b"AFTER", 0).unwrap();
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), file.metadata().unwrap().nlink()), ("AFTERd the mount", 0));
}

#[test]
fn without_quirks_names_are_those_of_the_directory_behind_it() {
    let Some(scene) = Quirky::new() else { return };
    scene.write("f", "f");
    scene.write("g", "g");
    fs::hard_link(scene.path("f"), scene.path("h")).unwrap();
    assert_eq!((links(&scene, "f"), scene.inode("f")), (2, scene.inode("h")));
    scene.symlink("f", "link");
    assert_eq!((fs::read_link(scene.path("link")).unwrap().to_str(), scene.text("link")), (Some("f"), "f".to_owned()));
    fs::rename(scene.path("h"), scene.path("i")).unwrap();
    fs::rename(scene.path("i"), scene.path("g")).unwrap();
    assert_eq!((scene.text("g"), scene.names()), ("f".to_owned(), vec!["f".into(), "g".into(), "link".into()]));
    for name in 0..300 {
        scene.write(format!("a long name, so that they do not fit into one answer {name}"), "");
    }
    assert_eq!(scene.names().len(), 303);
    let directory = scene.mkdir("d");
    assert_eq!(error(fs::remove_file(&directory)), Some(Errno::ISDIR));
    fs::remove_dir(&directory).unwrap();
    fs::remove_file(scene.path("f")).unwrap();
    assert_eq!((links(&scene, "g"), error(fs::read(scene.path("f")))), (1, Some(Errno::NOENT)));
    assert!(statvfs(scene.root()).unwrap().f_blocks > 0);
}

#[test]
fn renames_have_flags_only_if_asked_for_and_no_file_is_without_a_name() {
    let Some(scene) = Quirky::new() else { return };
    scene.write("f", "f");
    scene.write("g", "g");
    assert_eq!(rename_with(&scene, "f", "h", RenameFlags::NOREPLACE), Err(Errno::INVAL));
    assert_eq!(rename_with(&scene, "f", "g", RenameFlags::EXCHANGE), Err(Errno::INVAL));
    scene.set(|quirks| quirks.rename_flags = true);
    assert_eq!(rename_with(&scene, "f", "g", RenameFlags::NOREPLACE), Err(Errno::EXIST));
    rename_with(&scene, "f", "g", RenameFlags::EXCHANGE).unwrap();
    assert_eq!((scene.text("f").as_str(), scene.text("g").as_str()), ("g", "f"));
    rename_with(&scene, "f", "h", RenameFlags::NOREPLACE).unwrap();
    let unnamed = openat(CWD, scene.root(), OFlags::TMPFILE | OFlags::RDWR, Mode::RUSR);
    assert_eq!(unnamed.err(), Some(Errno::OPNOTSUPP));
}

#[test]
fn without_quirks_metadata_is_that_of_the_file_behind_it() {
    let Some(scene) = Quirky::new() else { return };
    let path = scene.write("f", "f");
    scene.chmod("f", 0o6421);
    let (seen, behind) = (path.metadata().unwrap(), scene.behind("f").metadata().unwrap());
    assert_eq!((seen.mode() & 0o7777, seen.ino(), seen.uid()), (0o6421, behind.ino(), behind.uid()));
    let file = File::open(&path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::new(1, 2)).unwrap();
    assert_eq!((path.metadata().unwrap().mtime(), path.metadata().unwrap().mtime_nsec()), (1, 2));
    setxattr(&path, "user.a", b"b", XattrFlags::empty()).unwrap();
    assert_eq!(setxattr(&path, "user.a", b"c", XattrFlags::CREATE), Err(Errno::EXIST));
    assert_eq!((attribute(&path, "user.a"), attributes(&path).unwrap().as_str()), (Ok(b"b".to_vec()), "user.a\0"));
    removexattr(&path, "user.a").unwrap();
    assert_eq!(attribute(&path, "user.a"), Err(Errno::NODATA));
    flock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
    let other = File::open(&path).unwrap();
    assert_eq!(flock(&other, FlockOperation::NonBlockingLockShared), Err(Errno::WOULDBLOCK));
    // A list of two more entries, as setfacl makes it.
    if scene.sh("setfacl -m u:1234:r f").status.success() {
        assert!(attribute(&path, ACL).unwrap().len() > 28);
        assert!(attributes(&path).unwrap().contains(ACL));
        removexattr(&path, ACL).unwrap();
        assert_eq!(attributes(&path).unwrap(), "");
    }
}

#[test]
fn who_makes_a_file_owns_it_and_others_may_not_change_it() {
    if !needs_root() {
        return;
    }
    let Some(scene) = Quirky::new() else { return };
    scene.chmod(".", 0o777);
    scene.write("roots", "");
    let as_him = |script: &str| {
        let words = [as_user(), &["sh", "-c", script]].concat();
        scene.other(words[0]).args(&words[1..]).output().unwrap().status.success()
    };
    assert!(as_him("umask 027 && echo x >his && mkdir d && ln -s x link && chmod 604 his && cat his"));
    for name in ["his", "d", "link"] {
        assert_eq!(scene.owner(name), (65533, 65533), "{name}");
    }
    assert_eq!((scene.mode("his"), scene.mode("d")), (0o604, 0o750));
    assert!(!as_him("chmod 600 roots") && !as_him("echo x >roots") && !as_him("chown 0 his"));
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
fn lists_and_their_names_are_refused() {
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
fn nfs_lists_are_shown_and_set_or_not() {
    let Some(scene) = Quirky::new() else { return };
    let path = scene.write("f", "f");
    scene.chmod("f", 0o640);
    let own = nfs4::with_user(0o640, "1234", 6);
    scene.set(|quirks| quirks.nfs4_acl = Some(Nfs4Acl::default()));
    assert!(attributes(&path).unwrap().contains(nfs4::NAME));
    assert_eq!(attribute(&path, nfs4::NAME).unwrap(), nfs4::trivial(0o640));
    setxattr(&path, nfs4::NAME, &own, XattrFlags::empty()).unwrap();
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
    let reader = File::open(&path).unwrap();
    assert!(File::open(&path).is_ok());
    assert_eq!(error(fs::rename(&path, scene.path("h"))), Some(Errno::TXTBSY));
    assert_eq!(error(fs::rename(scene.path("g"), &path)), Some(Errno::ACCESS));
    assert_eq!(error(fs::remove_file(&path)), Some(Errno::PERM));
    drop(reader);
    // That does not count.
    let _held = path_only(&path);
    fs::rename(scene.path("g"), &path).unwrap();
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
fn a_sync_is_refused_but_for_enosys_which_the_kernel_takes_for_success() {
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
fn a_link_that_is_removed_stays_in_the_count_of_the_other_name() {
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
fn a_permissive_mount_lets_the_file_system_decide() {
    if !needs_root() || !has_tool("setfattr") {
        return;
    }
    let Some(scene) = Quirky::permissive() else { return };
    scene.write("f", "f");
    scene.set(|quirks| quirks.owner = Some((12, 13)));
    let as_him = |script: &str| {
        let words = [as_user(), &["sh", "-c", script]].concat();
        scene.other(words[0]).args(&words[1..]).output().unwrap().status.success()
    };
    assert!(as_him("test -w f && chmod 600 f && echo x >f && echo x >g"));
    // What the kernel itself asks of an owner it asks here as well.
    assert!(!as_him("setfattr -x system.posix_acl_access f"));
}

//! What it does without quirks.
//!
//! Rows: none.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{
    CWD, FlockOperation, Mode, OFlags, RenameFlags, XattrFlags, flock, openat, removexattr, renameat_with, setxattr,
    statvfs,
};
use rustix::io::Errno;

use super::{ACL, attribute, attributes, error, links};
use crate::common::as_user;
use crate::common::needs::needs;
use crate::common::quirks::Quirky;

fn rename_with(scene: &Quirky, from: &str, to: &str, flags: RenameFlags) -> Result<(), Errno> {
    renameat_with(CWD, scene.path(from), CWD, scene.path(to), flags)
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
fn renames_have_flags_only_if_asked_and_every_file_a_name() {
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
    scene.chmod("f", 0o6641);
    let (seen, behind) = (path.metadata().unwrap(), scene.behind("f").metadata().unwrap());
    assert_eq!((seen.mode() & 0o7777, seen.ino(), seen.uid()), (0o6641, behind.ino(), behind.uid()));
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
    // An ACL of two more entries, as setfacl makes it.
    if scene.sh("setfacl -m u:1234:r f").status.success() {
        assert!(attribute(&path, ACL).unwrap().len() > 28);
        assert!(attributes(&path).unwrap().contains(ACL));
        removexattr(&path, ACL).unwrap();
        assert_eq!(attributes(&path).unwrap(), "");
    }
}

#[test]
fn who_makes_a_file_owns_it_and_others_may_not_change_it() {
    needs!(root);
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
fn a_permissive_mount_lets_the_file_system_decide() {
    needs!(root, setfattr);
    let Some(scene) = Quirky::permissive() else { return };
    scene.write("f", "f");
    scene.set(|quirks| quirks.owner = Some((12, 13)));
    let as_him = |script: &str| {
        let words = [as_user(), &["sh", "-c", script]].concat();
        scene.other(words[0]).args(&words[1..]).output().unwrap().status.success()
    };
    assert!(as_him("chmod 600 f && echo x >f && echo x >g"));
    // What the kernel itself asks of an owner it asks here as well.
    assert!(!as_him("setfattr -x system.posix_acl_access f"));
}

//! What the program is asked to do.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{FlockOperation, XattrFlags, flock};
use sha2::{Digest, Sha256};

use crate::common::{Mounted, Scene, is_root};

/// What standard input is.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    Nothing,
    Pipe,
    /// The file `source`.
    File,
}

/// What lasts as long as the run.
pub enum Around {
    Nothing,
    Mount(#[allow(dead_code)] Mounted),
    /// Somebody else's lock, which ends when the run waits for it.
    Lock(#[allow(dead_code)] File),
    /// Somebody else's lock, which does not end.
    EndlessLock(#[allow(dead_code)] File),
}

pub struct Mode {
    pub name: &'static str,
    pub args: Vec<String>,
    pub input: Input,
    /// Lays out what was there before.
    pub prepare: fn(&Scene) -> Around,
    /// What there is after a run without a filter, and with which status it ends.
    pub after: Vec<(&'static str, Vec<u8>)>,
    pub code: i32,
}

const OLD: &str = "old content\n";
const NEW: &str = "new content\n";

/// More than a buffer, and than a pipe holds.
fn large() -> Vec<u8> {
    b"0123456789abcde\n".repeat(40 << 10)
}

impl Mode {
    /// The words after the program's name; `ARG` by `ARG`, parted by blanks.
    fn new(name: &'static str, args: &str) -> Mode {
        let args = args.split(' ').map(str::to_owned).collect();
        Mode { name, args, input: Input::Pipe, prepare: existing, after: vec![("f", NEW.into())], code: 0 }
    }

    fn with(mut self, arg: impl Into<String>) -> Mode {
        self.args.push(arg.into());
        self
    }

    fn input(self, input: Input) -> Mode {
        Mode { input, ..self }
    }

    fn before(self, prepare: fn(&Scene) -> Around) -> Mode {
        Mode { prepare, ..self }
    }

    fn after(mut self, name: &'static str, content: impl Into<Vec<u8>>) -> Mode {
        self.after.retain(|(known, _)| *known != name);
        self.after.push((name, content.into()));
        self
    }

    pub fn has_command(&self) -> bool {
        self.args.iter().any(|arg| arg == "--")
    }

    pub fn is_validated(&self) -> bool {
        self.args.iter().any(|arg| arg == "--validate")
    }

    pub fn in_place(&self) -> bool {
        self.args.iter().any(|arg| arg == "--allow-in-place")
    }
}

fn absent(scene: &Scene) -> Around {
    scene.write("source", NEW);
    Around::Nothing
}

fn existing(scene: &Scene) -> Around {
    scene.write("f", OLD);
    scene.chmod("f", 0o640);
    absent(scene)
}

fn with_a_large_source(scene: &Scene) -> Around {
    let around = existing(scene);
    scene.write("source", large());
    around
}

/// With a hole, in which the source ends as well.
fn with_a_sparse_source(scene: &Scene) -> Around {
    let around = existing(scene);
    let source = File::options().write(true).open(scene.path("source")).unwrap();
    source.set_len(1 << 20).unwrap();
    around
}

/// With an ACL, an attribute, and, where that is possible, another owner.
fn with_metadata(scene: &Scene) -> Around {
    let around = existing(scene);
    let path = scene.path("f");
    // Not every file system has them.
    let _ = rustix::fs::setxattr(&path, "user.kind", b"kept", XattrFlags::empty());
    let mut acl = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in
        [(1_u16, 6_u16, u32::MAX), (2, 4, 1001), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)]
    {
        acl.extend(tag.to_le_bytes());
        acl.extend(permissions.to_le_bytes());
        acl.extend(id.to_le_bytes());
    }
    let _ = rustix::fs::setxattr(&path, "system.posix_acl_access", &acl, XattrFlags::empty());
    if is_root() {
        scene.give("f", 1234, 2345);
    }
    around
}

fn with_a_backup(scene: &Scene) -> Around {
    scene.write("f~", "older\n");
    existing(scene)
}

fn with_numbered_backups(scene: &Scene) -> Around {
    scene.write("f.~1~", "older\n");
    existing(scene)
}

fn with_the_new_content(scene: &Scene) -> Around {
    let around = existing(scene);
    scene.write("f", NEW);
    around
}

fn with_a_link(scene: &Scene) -> Around {
    scene.symlink("f", "link");
    existing(scene)
}

/// Where a rename is impossible: on a mount point; for an ordinary user, in a directory that he may not write.
fn without_renames(scene: &Scene) -> Around {
    existing(scene);
    if is_root() {
        scene.write("mounted", OLD);
        scene.chmod("mounted", 0o640);
        return Around::Mount(Mounted::bind(&scene.path("mounted"), &scene.path("f")));
    }
    std::fs::set_permissions(scene.root(), std::fs::Permissions::from_mode(0o555)).unwrap();
    Around::Nothing
}

fn lock_of_another(scene: &Scene) -> File {
    existing(scene);
    let file = File::open(scene.path("f")).unwrap();
    flock(&file, FlockOperation::LockExclusive).unwrap();
    file
}

fn digest(content: &str) -> String {
    Sha256::digest(content).iter().fold("sha256:".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// A side effect shows whether, and how often, it runs. Nothing but the shell's own calls, and none that goes on after a failure.
const COMMAND: &str = "echo ran >>ran && echo 'new content'";
const EDITOR: &str = "echo ran >>ran && read -r first rest && test \"$first\" = old && echo \"new $rest\"";

pub fn of_input() -> Vec<Mode> {
    vec![
        Mode::new("new", "f").before(absent),
        Mode::new("existing", "f"),
        Mode::new("with_metadata", "f").before(with_metadata),
        Mode::new("redirected", "f").input(Input::File),
        Mode::new("large", "f").before(with_a_large_source).after("f", large()),
        Mode::new("from", "--from source f").input(Input::Nothing),
        Mode::new("from-new", "--from source f").input(Input::Nothing).before(absent),
        Mode::new("from-large", "--from source f")
            .input(Input::Nothing)
            .before(with_a_large_source)
            .after("f", large()),
        Mode::new("from-sparse", "--from source f")
            .input(Input::Nothing)
            .before(with_a_sparse_source)
            .after("f", [NEW.as_bytes(), &vec![0; (1 << 20) - NEW.len()]].concat()),
    ]
}

pub fn of_commands() -> Vec<Mode> {
    vec![
        Mode::new("command", "f -- sh -c").with(COMMAND).input(Input::Nothing),
        Mode::new("command-new", "f -- sh -c").with(COMMAND).input(Input::Nothing).before(absent),
        Mode::new("edit", "--edit f -- sh -c").with(EDITOR).input(Input::Nothing),
        Mode::new("edit-with_metadata", "--edit f -- sh -c").with(EDITOR).input(Input::Nothing).before(with_metadata),
        Mode::new("validate", "f --validate").with("echo ran >>ran && test -s \"$1\""),
        Mode::new("validate-command", "f --validate")
            .with("test -s \"$1\"")
            .with("--")
            .with("sh")
            .with("-c")
            .with(COMMAND)
            .input(Input::Nothing),
    ]
}

pub fn of_backups() -> Vec<Mode> {
    vec![
        Mode::new("backup-simple", "--backup=simple f").before(with_a_backup).after("f~", OLD),
        Mode::new("backup-numbered", "--backup=numbered f").before(with_numbered_backups).after("f.~2~", OLD),
        Mode::new("append", "--append f").after("f", format!("{OLD}{NEW}")),
        Mode::new("append-large", "--append f")
            .before(|scene| {
                scene.write("source", NEW);
                scene.write("f", large());
                Around::Nothing
            })
            .input(Input::File)
            .after("f", [large().as_slice(), NEW.as_bytes()].concat()),
        Mode::new("append-backup", "--append --backup f").after("f", format!("{OLD}{NEW}")).after("f~", OLD),
    ]
}

pub fn of_locks() -> Vec<Mode> {
    vec![
        Mode::new("lock", "--lock f"),
        Mode::new("lock-new", "--lock f").before(absent),
        Mode::new("lock-edit", "--lock --edit f -- sh -c").with(EDITOR).input(Input::Nothing),
        Mode::new("lock-waiting", "--lock f").before(|scene| Around::Lock(lock_of_another(scene))),
        Mode::new("lock-timeout", "--lock-timeout 300 f").before(|scene| Around::Lock(lock_of_another(scene))),
        Mode {
            code: 3,
            ..Mode::new("lock-in-vain", "--lock-timeout 0.05 f")
                .before(|scene| Around::EndlessLock(lock_of_another(scene)))
                .after("f", OLD)
        },
    ]
}

pub fn of_guards() -> Vec<Mode> {
    vec![
        Mode::new("if-changed", "--if-changed f"),
        Mode::new("if-changed-same", "--if-changed f").before(with_the_new_content),
        Mode::new("if-match", "--if-match").with(digest(OLD)).with("f"),
        Mode::new("checksum", "--checksum").with(digest(NEW)).with("f"),
        Mode::new("no-clobber", "--no-clobber f").before(absent),
        Mode::new("mode", "--mode 604 f"),
        Mode::new("mode-new", "--mode 604 f").before(absent),
        Mode::new("report", "--report --verbose f"),
    ]
}

pub fn of_names() -> Vec<Mode> {
    let in_place = Mode::new("in-place", "--allow-in-place f").before(without_renames);
    vec![
        Mode { after: vec![("a/b/f", NEW.into())], ..Mode::new("parents", "--parents a/b/f").before(absent) },
        Mode::new("link", "link").before(with_a_link),
        Mode::new("no-dereference", "-P link").before(with_a_link).after("f", OLD).after("link", NEW),
        if is_root() { in_place.after("mounted", NEW) } else { in_place },
    ]
}

//! Where programs are: those that a shell would find, and a shell.

use std::ffi::OsStr;
use std::path::{Path, PathBuf, is_separator};

/// The program's path, by PATH and PATHEXT. `None` if it is not on the PATH: the standard library also looks beside this
/// program and in the system's directories.
pub(super) fn find(program: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().iter().any(|&byte| is_separator(byte.into()) || byte == b':') {
        return with_extension(Path::new(program));
    }
    let path = std::env::var_os("PATH")?;
    // A relative entry would make it a matter of the working directory.
    let directories = std::env::split_paths(&path).filter(|directory| directory.is_absolute()).collect::<Vec<_>>();
    directories.iter().find_map(|directory| with_extension(&directory.join(program)))
}

/// The file itself if its name has an extension, otherwise with one of PATHEXT.
fn with_extension(path: &Path) -> Option<PathBuf> {
    if path.extension().is_some() && path.is_file() {
        return Some(path.to_owned());
    }
    let extensions = std::env::var("PATHEXT").unwrap_or_else(|_| ".COM;.EXE;.BAT;.CMD".to_owned());
    // Others, such as scripts, need a program that opens them.
    let runs = |extension: &&str| [".com", ".exe", ".bat", ".cmd"].contains(&extension.to_ascii_lowercase().as_str());
    extensions.split(';').filter(runs).find_map(|extension| {
        let mut name = path.as_os_str().to_owned();
        name.push(extension);
        let file = PathBuf::from(name);
        file.is_file().then_some(file)
    })
}

/// A POSIX shell: `sh` on the PATH, or the one that Git for Windows has beside its `git.exe`, which alone it puts on the
/// PATH.
pub(super) fn find_sh() -> Option<PathBuf> {
    find(OsStr::new("sh")).or_else(|| {
        let git = find(OsStr::new("git"))?;
        let root = git.parent()?.parent()?;
        [r"bin\sh.exe", r"usr\bin\sh.exe"].iter().map(|sh| root.join(sh)).find(|sh| sh.is_file())
    })
}

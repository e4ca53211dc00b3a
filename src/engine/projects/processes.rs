//! Which processes of this machine use a folder, as far as this process may know: root
//! sees all, anybody else their own.
//!
//! A process uses a folder when it has a file open or mapped that lies there, or has its
//! root there. Its working folder counts too, and as that of a writer: an idle Postgres
//! holds nothing else in its data directory. A shell that merely stands there doesn't
//! count, nor do the programs that started this one: an administrator may type his commands
//! wherever he likes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::mounts::{FilesystemPath, MountPoint, mounts_of};
use crate::engine::User;

/// Programs in which people and scripts stand somewhere.
const SHELLS: &[&str] = &[
    "ash",
    "bash",
    "csh",
    "dash",
    "fish",
    "ksh",
    "login",
    "nu",
    "screen",
    "sh",
    "su",
    "sudo",
    "tcsh",
    "tmux",
    "tmux: client",
    "tmux: server",
    "zsh",
];

/// The processes, other than this one, that use the folder `path`, by number. One entry
/// for each; it writes where a file is open or mapped for writing, and where no file is,
/// since then nothing is known of what it does there.
///
/// What can't be looked at (no permission, or gone meanwhile) is left out.
pub(crate) fn processes_using(path: &Path) -> Vec<User> {
    let Ok(path) = path.canonicalize() else {
        return Vec::new();
    };
    let own = std::process::id();
    let mounted = MountedElsewhere::new(&path);
    let mut numbers: Vec<u32> = names(Path::new("/proc"))
        .filter_map(|name| name.parse().ok())
        .filter(|number| *number != own)
        .collect();
    numbers.sort_unstable();
    let started_this = ancestors(own);
    let user = |number| {
        let process = Process::new(number)?;
        let used = process.used(&path, started_this.contains(&number));
        let (path, writes) = used.or_else(|| mounted.seen_by(&process))?;
        Some(process.user(path, writes))
    };
    numbers.into_iter().filter_map(user).collect()
}

/// True where `user` is a process of the container with this id, by its control group.
pub(crate) fn is_of_container(user: &User, id: &str) -> bool {
    let groups = || fs::read_to_string(format!("/proc/{}/cgroup", user.id));
    user.is_process && groups().is_ok_and(|groups| groups.contains(id))
}

/// Where a folder is mounted for processes that see other mounts than this one: containers of
/// any engine, none of which need have a file open.
struct MountedElsewhere {
    here: Vec<MountPoint>,
    folder: Option<FilesystemPath>,
    /// By namespace.
    known: RefCell<BTreeMap<PathBuf, Option<bool>>>,
}

impl MountedElsewhere {
    fn new(folder: &Path) -> Self {
        let here = mounts_of(Path::new("/proc/self"));
        Self {
            folder: FilesystemPath::of(folder, &here),
            here,
            known: RefCell::default(),
        }
    }

    /// The folder, as the process has it mounted, or one above or below it.
    fn seen_by(&self, process: &Process) -> Option<PathUse> {
        let namespace = process.elsewhere()?;
        let mut known = self.known.borrow_mut();
        let seen = known
            .entry(namespace)
            .or_insert_with(|| self.mounted(process));
        let path = process.at.join("root");
        seen.map(|writes| (path, writes))
    }

    /// Whether one of the process's mounts has the folder, and is writable. Those that are this
    /// process's, too, are the machine's own.
    fn mounted(&self, process: &Process) -> Option<bool> {
        let folder = self.folder.as_ref()?;
        let theirs = mounts_of(&process.at).into_iter();
        let theirs = theirs.filter(|mount| mount.overlaps(folder) && !self.here.contains(mount));
        // Who sees all of a filesystem watches the machine, and doesn't keep its data here.
        theirs.map(|mount| mount.writes && !mount.is_whole()).max()
    }
}

struct Process {
    number: u32,
    name: String,
    /// `/proc/NUMBER`.
    at: PathBuf,
}

/// A path that a process uses, and whether it could write there.
type PathUse = (PathBuf, bool);

impl Process {
    /// Nothing when it has ended.
    fn new(number: u32) -> Option<Self> {
        let at = PathBuf::from(format!("/proc/{number}"));
        let name = fs::read(at.join("comm")).ok()?;
        Some(Self {
            number,
            name: String::from_utf8_lossy(&name).trim_end().to_owned(),
            at,
        })
    }

    /// A path in the folder that it uses, the one that it may write first.
    fn used(&self, folder: &Path, started_this: bool) -> Option<PathUse> {
        let stands = started_this || SHELLS.contains(&self.name.as_str());
        let files = self.open(folder).chain(self.mapped(folder));
        // The writing one, if there is one.
        let file = files.max_by_key(|(_, writes)| *writes);
        file.or_else(|| self.place("root", folder))
            .or_else(|| (!stands).then(|| self.place("cwd", folder))?)
    }

    fn user(&self, path: PathBuf, writes: bool) -> User {
        User {
            who: format!("{} (process {})", self.name, self.number),
            id: self.number.to_string(),
            project: None,
            service: None,
            running: true,
            writes,
            is_process: true,
            path: Some(path),
        }
    }

    /// Its open files in the folder.
    fn open(&self, folder: &Path) -> impl Iterator<Item = PathUse> {
        names(&self.at.join("fd")).filter_map(move |fd| {
            let path = self.inside(&self.at.join("fd").join(&fd), folder)?;
            Some((path, open_for_writing(&self.at.join("fdinfo").join(fd))))
        })
    }

    /// The files in the folder that it has mapped.
    fn mapped(&self, folder: &Path) -> impl Iterator<Item = PathUse> {
        let maps = fs::read(self.at.join("maps")).unwrap_or_default();
        let lines = maps.split(|&byte| byte == b'\n').filter_map(mapping);
        let inside = lines.filter(|(path, _)| path.starts_with(folder) && !self.is_elsewhere());
        inside.collect::<Vec<_>>().into_iter()
    }

    /// Its `cwd` or `root`, when that is in the folder.
    fn place(&self, name: &str, folder: &Path) -> Option<PathUse> {
        let link = self.at.join(name);
        let path = self.inside(&link, folder);
        // A container's process sees the folder under another name, and it is the same
        // inode. A look at a dead network share never ends, so only where it matters.
        let path = path
            .or_else(|| (self.is_elsewhere() && is_same(&link, folder)).then(|| folder.to_owned()));
        Some((path?, true))
    }

    /// Where a link in `/proc/NUMBER` leads, when that is in the folder.
    fn inside(&self, link: &Path, folder: &Path) -> Option<PathBuf> {
        let path = fs::read_link(link).ok()?;
        if !path.starts_with(folder) {
            return None;
        }
        // The text is as the process sees it; the same path here may be another file. It may
        // also be no file any more, deleted and still open.
        let here = is_same(link, &path) || !self.is_elsewhere();
        here.then_some(path)
    }

    /// True for a process that sees other mounts than this one.
    fn is_elsewhere(&self) -> bool {
        let mounts = |process: &Path| fs::read_link(process.join("ns/mnt")).ok();
        mounts(&self.at) != mounts(Path::new("/proc/self"))
    }

    /// The namespace of its mounts, where that is known and another than this process's.
    fn elsewhere(&self) -> Option<PathBuf> {
        let namespace = fs::read_link(self.at.join("ns/mnt")).ok()?;
        let own = fs::read_link("/proc/self/ns/mnt").ok()?;
        (namespace != own).then_some(namespace)
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    let inode = |path: &Path| fs::metadata(path).map(|stat| (stat.dev(), stat.ino()));
    matches!((inode(a), inode(b)), (Ok(a), Ok(b)) if a == b)
}

/// From the octal `flags:` of proc(5): the lowest two bits are 1 (`O_WRONLY`) or 2
/// (`O_RDWR`). What can't be read is taken for writing.
fn open_for_writing(fdinfo: &Path) -> bool {
    let text = fs::read_to_string(fdinfo).unwrap_or_default();
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    flags.is_none_or(|flags| flags & 3 != 0)
}

/// The file in a line of `/proc/NUMBER/maps`, `ADDRESSES PERMISSIONS OFFSET DEVICE INODE
/// PATH`, and whether what is written to the memory gets to the file (`rw-s`).
fn mapping(line: &[u8]) -> Option<PathUse> {
    let start = line.iter().position(|&byte| byte == b'/')?;
    let permissions = line.split(|&byte| byte == b' ').nth(1)?;
    let writes = permissions.get(1) == Some(&b'w') && permissions.get(3) == Some(&b's');
    Some((PathBuf::from(OsStr::from_bytes(&line[start..])), writes))
}

/// The process and those that started it, up to the first.
fn ancestors(number: u32) -> BTreeSet<u32> {
    let mut seen = BTreeSet::new();
    let mut next = Some(number);
    while let Some(number) = next.filter(|&number| number != 0 && seen.insert(number)) {
        let stat = fs::read(format!("/proc/{number}/stat")).ok();
        next = stat.and_then(|stat| parent(&stat));
    }
    seen
}

/// The parent's number in `/proc/NUMBER/stat`: the second field after the name, which
/// stands in parentheses and may hold any byte.
fn parent(stat: &[u8]) -> Option<u32> {
    let after_name = stat.iter().rposition(|&byte| byte == b')')? + 1;
    let rest = std::str::from_utf8(&stat[after_name..]).ok()?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

pub(super) fn names(folder: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::thread::sleep;
    use std::time::Duration;

    use super::{mapping, parent, processes_using};
    use crate::engine::User;

    /// A process that ends with the test.
    struct Stranger(Child);

    impl Stranger {
        fn start(folder: &Path, words: &[&str], stdin: Stdio, stdout: Stdio) -> Self {
            #[expect(clippy::disallowed_methods, reason = "a stranger to be found")]
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).current_dir(folder);
            let child = command.stdin(stdin).stdout(stdout).spawn().unwrap();
            // The new program's name comes a moment after its start is known.
            let comm = format!("/proc/{}/comm", child.id());
            wait_until(|| fs::read_to_string(&comm).unwrap().trim() == words[0]);
            Self(child)
        }

        fn found(&self, path: &Path) -> Option<User> {
            let id = self.0.id().to_string();
            processes_using(path).into_iter().find(|user| user.id == id)
        }
    }

    impl Drop for Stranger {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    fn wait_until(so: impl Fn() -> bool) {
        for _ in 0..500 {
            if so() {
                return;
            }
            sleep(Duration::from_millis(10));
        }
    }

    fn sleeper(folder: &Path, stdin: Stdio, stdout: Stdio) -> Stranger {
        Stranger::start(folder, &["sleep", "60"], stdin, stdout)
    }

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
        fs::write(home.path().join("file"), "x").unwrap();
        home
    }

    #[test]
    fn a_process_that_works_in_the_folder_may_write_there() {
        let home = home();
        let stranger = sleeper(home.path(), Stdio::null(), Stdio::null());
        let user = stranger.found(home.path()).unwrap();
        assert!(user.who.starts_with("sleep (process "), "{}", user.who);
        assert!(user.running && user.writes);
        let real = home.path().canonicalize().unwrap();
        assert_eq!(user.path.as_deref(), Some(&*real));
    }

    #[test]
    fn a_shell_that_stands_in_the_folder_is_no_user() {
        let home = home();
        // It waits within itself, for a word that never comes.
        let wait = ["sh", "-c", "echo here; read -r word; :"];
        let mut shell = Stranger::start(home.path(), &wait, Stdio::piped(), Stdio::piped());
        let mut here = [0; 4];
        let stdout = shell.0.stdout.as_mut().unwrap();
        std::io::Read::read_exact(stdout, &mut here).unwrap();
        assert_eq!(shell.found(home.path()), None);
    }

    #[test]
    fn a_shell_that_writes_a_file_there_is_a_user() {
        let home = home();
        let wait = ["sh", "-c", "exec 7>>file; echo here; read -r word; :"];
        let mut shell = Stranger::start(home.path(), &wait, Stdio::piped(), Stdio::piped());
        let mut here = [0; 4];
        let stdout = shell.0.stdout.as_mut().unwrap();
        std::io::Read::read_exact(stdout, &mut here).unwrap();
        assert!(shell.found(home.path()).unwrap().writes);
    }

    #[test]
    fn a_process_that_reads_a_file_there_does_not_write() {
        let home = home();
        let file = File::open(home.path().join("file")).unwrap();
        let stranger = sleeper(Path::new("/"), file.into(), Stdio::null());
        assert!(!stranger.found(home.path()).unwrap().writes);
    }

    #[test]
    fn a_process_that_appends_to_a_file_there_writes_though_it_is_deleted() {
        let home = home();
        let path = home.path().join("file");
        #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
        let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        let stranger = sleeper(Path::new("/"), Stdio::null(), file.into());
        let user = stranger.found(home.path()).unwrap();
        assert!(user.writes);
        assert!(user.path.unwrap().ends_with("file"));
        #[expect(clippy::disallowed_methods, reason = "a test deletes its own file")]
        fs::remove_file(&path).unwrap();
        assert!(stranger.found(home.path()).unwrap().writes);
    }

    #[test]
    fn a_program_that_runs_from_there_is_mapped_and_does_not_write() {
        let home = home();
        let program = home.path().join("sleep");
        #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
        fs::copy("/bin/sleep", &program).unwrap();
        let words = [program.to_str().unwrap(), "60"];
        #[expect(clippy::disallowed_methods, reason = "a stranger to be found")]
        let child = Command::new(words[0])
            .arg(words[1])
            .current_dir("/")
            .spawn();
        let stranger = Stranger(child.unwrap());
        let user = stranger.found(home.path()).unwrap();
        assert!(!user.writes);
        assert!(user.path.unwrap().ends_with("sleep"));
    }

    #[test]
    fn only_a_shared_mapping_writes_to_its_file() {
        let check = |permissions: &str, writes: bool| {
            let line = format!("7f00-7f01 {permissions} 00000000 fe:00 12 /srv/a b");
            let expected = Some(("/srv/a b".into(), writes));
            assert_eq!(mapping(line.as_bytes()), expected, "{permissions}");
        };
        check("rw-s", true);
        check("r--s", false);
        check("rw-p", false);
        check("r-xp", false);
        assert_eq!(mapping(b"7f00-7f01 rw-p 00000000 00:00 0 [heap]"), None);
        assert_eq!(mapping(b""), None);
    }

    #[test]
    fn a_parent_is_found_behind_a_name_of_any_bytes() {
        assert_eq!(parent(b"12 (sh) S 7 12 12"), Some(7));
        assert_eq!(parent(b"12 (a) S 9) (\xff) R 8 12"), Some(8));
        assert_eq!(parent(b"12"), None);
    }

    #[test]
    fn a_folder_whose_name_only_begins_alike_is_another() {
        let home = home();
        let [folder, other] = ["volume", "volume2"].map(|name| home.path().join(name));
        for path in [&folder, &other] {
            #[expect(clippy::disallowed_methods, reason = "a test makes its own folders")]
            fs::create_dir(path).unwrap();
        }
        let stranger = sleeper(&other, Stdio::null(), Stdio::null());
        assert!(stranger.found(&other).is_some());
        assert!(stranger.found(&folder).is_none());
    }

    #[test]
    fn this_process_is_not_its_own_obstacle() {
        let home = home();
        let _open = File::open(home.path().join("file")).unwrap();
        let own = std::process::id().to_string();
        let users = processes_using(home.path());
        assert!(users.iter().all(|user| user.id != own), "{users:?}");
    }
}

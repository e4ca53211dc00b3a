//! The names of what is temporary, all of them: `.transship-RUN.WHAT`.
//!
//! RUN names the process that made it, so that whoever finds such a name after a crash knows
//! whether its maker still lives: the machine, its boot, the namespace of process ids, the
//! process id and when that process started. A name is never made from another name, so that
//! nothing temporary is nested in its name, and a long name of a user's file needs no cutting.
//!
//! Within one process a name is in use for as long as its [`TemporaryName`] lives.
//! [`maker_of`] tells what is known; the sweeper of `tree` removes what a dead process left.
//! The one name that isn't of this scheme is that of a folder within a volume that is being
//! filled in place: it says of the *volume* that it is unfinished, whoever asks.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, OsStr};
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::io::Errno;
use rustix::process::{Pid, getpid, test_kill_process};
use sha2::{Digest as _, Sha256};

/// What all names of temporary things begin with.
const PREFIX: &str = ".transship-";

/// The number of the namespace that a machine's first process has (Linux, `proc_ns.h`).
const FIRST_NAMESPACE: u32 = 0xEFFF_FFFC;

/// What a temporary thing is for; the last part of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A file that is written and then renamed.
    File,
    /// A symlink that is made and then renamed.
    Link,
    /// A tree that grows and is then renamed.
    Part,
    /// What is built to be exchanged with what is there.
    Exchange,
    /// What was given up, while it is removed.
    Trash,
    /// A folder that was too deep to be removed where it was.
    Aside,
    /// The small files of a vendor's archive, to be read.
    SmallFiles,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Link => "link",
            Self::Part => "part",
            Self::Exchange => "exchange",
            Self::Trash => "trash",
            Self::Aside => "aside",
            Self::SmallFiles => "small-files",
        }
    }
}

/// A name that no other temporary thing has or had, in use until it is dropped.
#[derive(Debug)]
pub struct TemporaryName {
    name: CString,
}

impl TemporaryName {
    /// The next name of this process for something that is for `purpose`.
    pub fn new(purpose: Purpose) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Relaxed);
        let name = format!("{PREFIX}{}.{}-{count}", this_process(), purpose.name());
        // The name of a machine, of numbers and of a purpose has no NUL.
        let name = CString::new(name).unwrap_or_default();
        with_names(|names| names.insert(name.clone()));
        Self { name }
    }

    /// The name.
    pub fn as_c_str(&self) -> &CStr {
        &self.name
    }

    /// The name as paths have it.
    pub fn as_os_str(&self) -> &OsStr {
        OsStr::from_bytes(self.name.to_bytes())
    }

    /// The path of that name in `folder`.
    pub fn path_in(&self, folder: &Path) -> PathBuf {
        folder.join(self.as_os_str())
    }
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        with_names(|names| names.remove(&self.name));
    }
}

/// The names that are in use in this process.
fn with_names<T>(act: impl FnOnce(&mut BTreeSet<CString>) -> T) -> T {
    static NAMES: Mutex<BTreeSet<CString>> = Mutex::new(BTreeSet::new());
    act(&mut NAMES.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What is known of whoever made a temporary thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// A process that lives, or this one, which uses the name.
    Alive,
    /// A process that is gone, or this one, which no longer uses the name.
    Dead,
    /// A process on another machine or in another container.
    Unknown,
}

/// Who made what has `name`; nothing if that is no temporary name of transship's.
pub fn maker_of(name: &CStr) -> Option<Maker> {
    let text = name.to_str().ok()?.strip_prefix(PREFIX)?;
    let (run, _) = text.split_once('.')?;
    let maker: NamedProcess = run.parse().ok()?;
    let here = this_process();
    if maker == *here {
        let used = with_names(|names| names.contains(name));
        return Some(if used { Maker::Alive } else { Maker::Dead });
    }
    Some(maker.seen_from(here))
}

/// Whether the path's last name is that of something temporary.
pub fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().map(|name| CString::new(name.as_bytes()));
    matches!(name, Some(Ok(name)) if maker_of(&name).is_some())
}

/// A process, told from all others that there were or are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedProcess {
    /// Digests of the machine's id and of its boot's.
    machine: u32,
    boot: u32,
    /// The inode of its namespace of process ids; 0 where it isn't known.
    namespace: u32,
    id: i32,
    /// When it started, in clock ticks since the boot; 0 where that isn't known.
    started: u64,
}

impl NamedProcess {
    /// This process.
    pub fn this() -> Self {
        *this_process()
    }

    /// Its process id, where it runs.
    pub fn id(self) -> i32 {
        self.id
    }

    /// What this process can know of it.
    pub fn look(self) -> Maker {
        self.seen_from(this_process())
    }

    /// What can be known of it from the process `here`.
    fn seen_from(self, here: &Self) -> Maker {
        if self.machine != here.machine {
            return Maker::Unknown;
        }
        if self.boot != here.boot {
            // A container may have its id of a machine from an image that others have, too.
            let is_machine = |process: &Self| process.namespace == FIRST_NAMESPACE;
            return if is_machine(&self) && is_machine(here) {
                Maker::Dead
            } else {
                Maker::Unknown
            };
        }
        if self.namespace != here.namespace || self.namespace == 0 {
            return Maker::Unknown;
        }
        match Pid::from_raw(self.id).map(test_kill_process) {
            None => Maker::Unknown,
            Some(Err(Errno::SRCH)) => Maker::Dead,
            // There is a process of that id: is it this one, or one that came later?
            Some(_) => match started(&self.id.to_string()) {
                Some(started) if self.started != 0 && started != self.started => Maker::Dead,
                _ => Maker::Alive,
            },
        }
    }
}

impl std::fmt::Display for NamedProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            machine,
            boot,
            namespace,
            id,
            started,
        } = self;
        write!(f, "{machine:08x}{boot:08x}{namespace:08x}-{id}-{started}")
    }
}

impl FromStr for NamedProcess {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(());
        let (place, id, started) = (next()?, next()?, next()?);
        if parts.next().is_some() || place.len() != 24 || !place.is_ascii() {
            return Err(());
        }
        let hex = |range| u32::from_str_radix(&place[range], 16).map_err(drop);
        let process = Self {
            machine: hex(0..8)?,
            boot: hex(8..16)?,
            namespace: hex(16..24)?,
            id: id.parse().map_err(drop)?,
            started: started.parse().map_err(drop)?,
        };
        // Nothing but what is written above: no `+1`, no `0001`.
        let mut again = String::new();
        write!(again, "{process}").map_err(drop)?;
        if again == text { Ok(process) } else { Err(()) }
    }
}

/// This process as temporary names tell of it; looked up once, then remembered.
fn this_process() -> &'static NamedProcess {
    static PROCESS: OnceLock<NamedProcess> = OnceLock::new();
    PROCESS.get_or_init(|| {
        let read = |path: &str| std::fs::read(path).unwrap_or_default();
        let mut machine = read("/etc/machine-id");
        if machine.trim_ascii().is_empty() {
            machine = rustix::system::uname().nodename().to_bytes().to_vec();
        }
        NamedProcess {
            machine: digest(&machine),
            boot: digest(&read("/proc/sys/kernel/random/boot_id")),
            namespace: namespace().unwrap_or(0),
            id: getpid().as_raw_nonzero().get(),
            started: started("self").unwrap_or(0),
        }
    })
}

/// The first 32 bits of the SHA-256 of an id: the id itself is nobody else's business.
fn digest(id: &[u8]) -> u32 {
    let digest: [u8; 32] = Sha256::digest(id.trim_ascii()).into();
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// The inode of this process's namespace of process ids.
fn namespace() -> Option<u32> {
    let link = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let number = link.to_str()?.strip_prefix("pid:[")?.strip_suffix(']')?;
    number.parse().ok()
}

/// When the process started, in clock ticks since the boot (field 22 of `/proc/ID/stat`).
fn started(id: &str) -> Option<u64> {
    let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    // The program's name, in parentheses, may hold spaces and parentheses.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maker(name: &str) -> Option<Maker> {
        maker_of(&CString::new(name).unwrap())
    }

    fn named(process: NamedProcess) -> String {
        format!("{PREFIX}{process}.part-0")
    }

    #[test]
    fn a_name_is_in_use_until_it_is_dropped() {
        let name = TemporaryName::new(Purpose::Part);
        let copy = name.as_c_str().to_owned();
        assert_eq!(maker_of(&copy), Some(Maker::Alive));
        drop(name);
        assert_eq!(maker_of(&copy), Some(Maker::Dead));
        assert!(copy.to_bytes().len() < 100, "{copy:?}");
    }

    #[test]
    fn no_name_is_given_twice() {
        let names: BTreeSet<CString> = (0..100)
            .map(|_| TemporaryName::new(Purpose::File).as_c_str().to_owned())
            .collect();
        assert_eq!(names.len(), 100);
    }

    #[test]
    fn a_process_is_dead_only_where_that_can_be_known() {
        let here = *this_process();
        let first = NamedProcess {
            namespace: FIRST_NAMESPACE,
            ..here
        };
        let parent = rustix::process::getppid().unwrap();
        let parent = NamedProcess {
            id: parent.as_raw_nonzero().get(),
            started: started(&parent.as_raw_nonzero().get().to_string()).unwrap(),
            ..here
        };
        let reused = NamedProcess {
            started: parent.started + 1,
            ..parent
        };
        let gone = NamedProcess {
            id: i32::MAX - 1,
            ..here
        };
        let elsewhere = NamedProcess {
            machine: !here.machine,
            ..gone
        };
        let container = NamedProcess {
            namespace: here.namespace ^ 1,
            ..gone
        };
        let earlier = NamedProcess {
            boot: !here.boot,
            ..first
        };
        let earlier_container = NamedProcess {
            namespace: 7,
            ..earlier
        };
        for (maker, seen, expect) in [
            (parent, here, Maker::Alive),
            (reused, here, Maker::Dead),
            (gone, here, Maker::Dead),
            (elsewhere, here, Maker::Unknown),
            (container, here, Maker::Unknown),
            (earlier, first, Maker::Dead),
            (earlier_container, first, Maker::Unknown),
        ] {
            assert_eq!(maker.seen_from(&seen), expect, "{maker} from {seen}");
            assert_eq!(maker.to_string().parse(), Ok(maker));
        }
        assert_eq!(maker(&named(gone)), Some(Maker::Dead));
        assert_eq!(maker(&named(elsewhere)), Some(Maker::Unknown));
    }

    #[test]
    fn what_only_looks_like_a_temporary_name_is_none() {
        let run = this_process().to_string();
        for other in [
            ".transship",
            ".transship-part",
            ".transship-.part-0",
            ".transship-1-2-3.part-0",
            ".env",
            &format!("{PREFIX}{run}"),
            &format!("x{PREFIX}{run}.part-0"),
            &format!("{PREFIX}{run}-1.part-0"),
            &format!("{PREFIX}{}.part-0", run.replace('-', "-0")),
        ] {
            assert_eq!(maker(other), None, "{other}");
        }
    }
}

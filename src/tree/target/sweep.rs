//! Sweeping: what a run that was killed left in a folder is removed by the next one.
//!
//! Only what has a temporary name, belongs to the user who sweeps, and was made by a process
//! that is known to be gone. Of one that can't be known (it ran on another machine, or in a
//! container) what it made goes only if nobody holds a lock on it and it is an hour old: what
//! takes longer than an instant to make is locked by its maker.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, FlockOperation};

use super::remove::remove_at;
use crate::clock;
use crate::fs::{Disk, Maker, maker_of};
use crate::tree::walk::stat::{self, Stat};

/// How old something of an unknown maker has to be, in seconds.
const AGE: i64 = 3600;

/// Removes from `folder` what killed runs left in it; gives how many things that were. A
/// folder that isn't there holds nothing.
///
/// # Errors
/// The first thing that couldn't be removed; the others are nevertheless.
pub fn sweep(disk: &Disk, folder: &Path) -> io::Result<u64> {
    let dir: OwnedFd = match File::open(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        opened => opened?.into(),
    };
    sweep_at(disk, dir.as_fd())
}

/// [`sweep`] of the folder that `target` is in. What can't be removed is in nobody's way.
pub fn sweep_above(disk: &Disk, target: &Path) {
    let above = target.parent().filter(|path| !path.as_os_str().is_empty());
    let _ = sweep(disk, above.unwrap_or(Path::new(".")));
}

/// [`sweep`] of a held directory.
pub(crate) fn sweep_at(disk: &Disk, dir: BorrowedFd<'_>) -> io::Result<u64> {
    // A listing moves the descriptor's place, so it has one of its own.
    let listing = stat::list(&stat::open_dir(dir, c".")?)?;
    let mut removed = 0;
    let mut failed = None;
    for entry in listing.iter() {
        if !is_left_over(dir, entry.name) {
            continue;
        }
        match remove_at(disk, dir, entry.name) {
            Ok(()) => removed += 1,
            // Another sweeper was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(removed), Err)
}

fn is_left_over(dir: BorrowedFd<'_>, name: &CStr) -> bool {
    let Some(maker) = maker_of(name) else {
        return false;
    };
    let Ok(stat) = Stat::at(dir, name) else {
        return false;
    };
    stat.uid == rustix::process::geteuid().as_raw()
        && match maker {
            Maker::Alive => false,
            Maker::Dead => true,
            Maker::Unknown => {
                clock::now().as_second() - stat.changed.tv_sec > AGE
                    && is_unlocked(dir, name, stat.kind)
            }
        }
}

/// True if it can be locked, and so nobody else has it locked.
fn is_unlocked(dir: BorrowedFd<'_>, name: &CStr, kind: FileType) -> bool {
    let opened = match kind {
        FileType::Directory => stat::open_dir(dir, name),
        FileType::RegularFile => {
            stat::hold(dir, name).and_then(|held| stat::open_held(held.as_fd()))
        }
        _ => return false,
    };
    opened.is_ok_and(|fd| rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive).is_ok())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;
    use crate::fs::{Purpose, TemporaryName};

    fn names(folder: &Path) -> Vec<String> {
        let names = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_living_run_made_stays_and_what_a_dead_one_left_goes_with_all_in_it() {
        let home = tempfile::tempdir().unwrap();
        let disk = Disk::new();
        let living = TemporaryName::new(Purpose::Part);
        let dead = TemporaryName::new(Purpose::Trash);
        for name in [&living, &dead] {
            let path = name.path_in(home.path());
            disk.create_dir(&path, 0o700).unwrap();
            disk.create(&path.join("file"), b"x", 0o400).unwrap();
        }
        let file = TemporaryName::new(Purpose::File);
        disk.create(&file.path_in(home.path()), b"", 0o600).unwrap();
        let link = TemporaryName::new(Purpose::Link);
        let nowhere = Path::new("/nowhere");
        disk.switch(&link.path_in(home.path()), nowhere).unwrap();
        for other in [".transship-part", ".env"] {
            disk.create(&home.path().join(other), b"", 0o600).unwrap();
        }
        drop((dead, file, link));
        assert_eq!(sweep(&disk, home.path()).unwrap(), 3);
        let kept = living.as_os_str().to_str().unwrap();
        assert_eq!(names(home.path()), [".env", kept, ".transship-part"]);
        assert_eq!(sweep(&disk, &home.path().join("missing")).unwrap(), 0);
    }

    #[test]
    fn what_another_machine_made_stays_until_it_is_old_and_unlocked() {
        let home = tempfile::tempdir().unwrap();
        let disk = Disk::new();
        let name = TemporaryName::new(Purpose::Part);
        let mut other = name.as_os_str().as_bytes().to_vec();
        // The first digit of the machine's.
        let digit = &mut other[".transship-".len()];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        let path = home.path().join(std::ffi::OsStr::from_bytes(&other));
        disk.create_dir(&path, 0o700).unwrap();
        assert_eq!(sweep(&disk, home.path()).unwrap(), 0);
        let dir = stat::open_dir(File::open(home.path()).unwrap().as_fd(), c".").unwrap();
        let name = std::ffi::CString::new(other).unwrap();
        assert!(is_unlocked(dir.as_fd(), &name, FileType::Directory));
        let held = File::open(&path).unwrap();
        rustix::fs::flock(&held, FlockOperation::LockExclusive).unwrap();
        assert!(!is_unlocked(dir.as_fd(), &name, FileType::Directory));
    }
}

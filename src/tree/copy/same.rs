//! Whether a thing of an earlier copy may stay as it is, or with its attributes set.

use std::ffi::CStr;
use std::io;
use std::os::fd::AsFd as _;

use rustix::fs::{FileType, IFlags, Timespec};

use super::attributes::{self, Attributes, InodeDefaults};
use super::folder_pair::FolderPair;
use super::updater::{HeldEntry, PairState, Pass, Updater};
use crate::fs::InodeFd;
use crate::tree::error::{Error, Lost};
use crate::tree::reading::{BufferPair, FilePair, SMALL, TransferError, is_same};
use crate::tree::verify::collector::FoundEntry;
use crate::tree::verify::difference::{Difference, DifferenceKind, VerifyScope, differences_of};
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::stat::{self, LOCKING_FLAGS, Stat, Xattrs};

/// What one side has besides its contents.
struct Looked {
    stat: Stat,
    xattrs: Xattrs,
    flags: IFlags,
}

impl Looked {
    fn attributes(&self) -> Attributes<'_> {
        Attributes {
            stat: &self.stat,
            xattrs: &self.xattrs,
            flags: self.flags,
        }
    }
}

/// True if a time that was to be `wanted` can be `found` because the filesystem keeps times less
/// exactly. How exactly, the file's own time of change tells, which only the filesystem sets.
fn is_rounded(wanted: Timespec, found: Timespec, changed: Timespec) -> bool {
    const SECOND: i128 = 1_000_000_000;
    /// NTFS, UDF, exFAT, old ext4, FAT: in nanoseconds.
    const GRAINS: [i128; 6] = [100, 1_000, 1_000_000, 10_000_000, SECOND, 2 * SECOND];
    let number = |time: Timespec| i128::from(time.tv_sec) * SECOND + i128::from(time.tv_nsec);
    let is_coarse = |grain: i128| number(changed).rem_euclid(grain.min(SECOND)) == 0;
    let mut grains = GRAINS.into_iter().filter(|&grain| is_coarse(grain));
    if grains.any(|grain| number(wanted).div_euclid(grain) * grain == number(found)) {
        return true;
    }
    // Old ext4 and xfs have 32 bits for the seconds.
    let most = i64::from(i32::MAX);
    is_coarse(SECOND) && wanted.tv_sec > most && found.tv_sec == most
}

impl Updater<'_> {
    /// True if what the target has may stay, its attributes having been set at most.
    pub(super) fn keep(
        &mut self,
        name: &CStr,
        path: &[u8],
        theirs: &HeldEntry,
        ours: &HeldEntry,
    ) -> Result<bool, Error> {
        if !self.is_same_content(path, theirs, ours)? {
            return Ok(false);
        }
        let is_linked = ours.stat.links > 1 || self.linked.contains(&ours.stat.id());
        if is_linked {
            // A file that two of the source's are to be can't be both.
            let id = theirs.stat.id();
            if *self.taken.entry(ours.stat.id()).or_insert(id) != id {
                return Ok(false);
            }
        }
        if self.pass == Pass::Weigh {
            self.weight.alike += 1;
            return Ok(true);
        }
        let mut wanted = self.look(path, theirs, Lost::Xattr)?;
        let found = self.look_at_target(path, ours)?;
        self.allow_for_rounding(path, &mut wanted, &found);
        if wanted.attributes().is_same(&found.attributes()) {
            return Ok(true);
        }
        // What others may have under a name elsewhere isn't changed; locks are set on a fresh copy.
        if is_linked || found.flags.intersects(LOCKING_FLAGS) {
            return Ok(false);
        }
        if self.pass == Pass::Foretell {
            self.done.adjusted += 1;
            self.tell(path, theirs, ours, None)?;
            return Ok(true);
        }
        let opened = if ours.stat.kind == FileType::RegularFile && wanted.flags != found.flags {
            let fd = stat::open_held(ours.held.as_fd());
            Some(fd.map_err(|error| self.roots.unwritable(path, error))?)
        } else {
            None
        };
        let held = match &opened {
            Some(fd) => InodeFd::Open(fd.as_fd()),
            None => InodeFd::Named(ours.held.as_fd()),
        };
        if self.adjust(held, name, path, &wanted, &found)? {
            self.done.adjusted += 1;
        }
        Ok(true)
    }

    /// Attributes of one side; a file that has more of them than the system lists loses those.
    fn look(&mut self, path: &[u8], entry: &HeldEntry, lost: Lost) -> Result<Looked, Error> {
        let (stat, held) = (entry.stat, entry.held.as_fd());
        let fail = |error| Error::read(join_path(self.roots.source.path, path), error);
        let xattrs = match self.xattrs.read(InodeFd::Named(held)) {
            Err(error) if stat::is_too_much(&error) => {
                self.problem(path, lost, error.to_string());
                Xattrs::new()
            }
            xattrs => xattrs.map_err(fail)?,
        };
        let flags = match stat.kind {
            FileType::RegularFile => {
                let fd = stat::open_held(held);
                let fd = fd.map_err(|error| self.roots.unreadable(path, error))?;
                stat::flags(fd.as_fd())
            }
            _ => IFlags::empty(),
        };
        Ok(Looked {
            stat,
            xattrs,
            flags,
        })
    }

    fn look_at_target(&mut self, path: &[u8], entry: &HeldEntry) -> Result<Looked, Error> {
        let looked = self.look(path, entry, Lost::Xattr);
        looked.map_err(|error| match error {
            Error::Read { source, .. } => self.roots.unwritable(path, source),
            error => error,
        })
    }

    /// Takes the target's time for the wanted one where it can't have that, and says so.
    fn allow_for_rounding(&mut self, path: &[u8], wanted: &mut Looked, found: &Looked) {
        let (want, is) = (wanted.stat.modified, found.stat.modified);
        if want != is && is_rounded(want, is, found.stat.changed) {
            let reason = attributes::made_otherwise(is);
            self.problem(path, Lost::Times, reason);
            wanted.stat.modified = is;
        }
    }

    fn is_same_content(
        &self,
        path: &[u8],
        theirs: &HeldEntry,
        ours: &HeldEntry,
    ) -> Result<bool, Error> {
        let (a, b) = (&theirs.stat, &ours.stat);
        if a.kind != b.kind {
            return Ok(false);
        }
        match a.kind {
            FileType::RegularFile => {
                let same = a.size == b.size
                    && (a.modified == b.modified || is_rounded(a.modified, b.modified, b.changed));
                if !same || !self.options.checksum || self.pass == Pass::Weigh {
                    return Ok(same);
                }
                if let Some(known) = &self.options.known
                    && let (Some(their), Some(our)) =
                        (known.source.digest(a), known.target.digest(b))
                {
                    self.progress.advance(a.size, 0);
                    return Ok(their == our);
                }
                self.has_same_bytes(path, theirs, ours)
            }
            FileType::Symlink => {
                let target = |side: &HeldEntry| stat::link_target(side.held.as_fd());
                let theirs = target(theirs).map_err(|error| self.roots.unreadable(path, error))?;
                let ours = target(ours).map_err(|error| self.roots.unwritable(path, error))?;
                Ok(theirs == ours)
            }
            FileType::CharacterDevice | FileType::BlockDevice => Ok(a.device == b.device),
            _ => Ok(true),
        }
    }

    fn has_same_bytes(
        &self,
        path: &[u8],
        theirs: &HeldEntry,
        ours: &HeldEntry,
    ) -> Result<bool, Error> {
        let their_fd = stat::open_held(theirs.held.as_fd())
            .map_err(|error| self.roots.unreadable(path, error))?;
        let our_fd = stat::open_held(ours.held.as_fd())
            .map_err(|error| self.roots.unwritable(path, error))?;
        let files = FilePair {
            source: their_fd.as_fd(),
            target: our_fd.as_fd(),
        };
        let (mut left, mut right) = (vec![0; SMALL], vec![0; SMALL]);
        let mut buffers = BufferPair {
            source: &mut left,
            target: &mut right,
        };
        let same = is_same(files, theirs.stat.size, &mut buffers, self.progress);
        same.map_err(|error| match error {
            TransferError::Interrupted => Error::Interrupted,
            TransferError::Source(error) => self.roots.unreadable(path, error),
            TransferError::Target(error) => self.roots.unwritable(path, error),
        })
    }

    /// Notes in what two entries of one path differ; as `otherwise`, if that is given, where no
    /// entry shows it.
    pub(super) fn tell(
        &mut self,
        path: &[u8],
        theirs: &HeldEntry,
        ours: &HeldEntry,
        otherwise: Option<DifferenceKind>,
    ) -> Result<(), Error> {
        let mut entry = |side: &HeldEntry, source: bool| {
            let looked = self.xattrs.read(InodeFd::Named(side.held.as_fd()));
            let read = looked.and_then(|xattrs| {
                let found = FoundEntry::new(path.to_vec(), &side.stat, &xattrs);
                let held = match side.stat.kind {
                    FileType::Directory => InodeFd::Open(side.held.as_fd()),
                    _ => InodeFd::Named(side.held.as_fd()),
                };
                let found = found.with_flags(stat::flags_of(held, side.stat.kind));
                Ok(match side.stat.kind {
                    FileType::Symlink => found.with_target(&stat::link_target(side.held.as_fd())?),
                    _ => found,
                })
            });
            read.map_err(|error| match source {
                true => self.roots.unreadable(path, error),
                false => self.roots.unwritable(path, error),
            })
        };
        let (expected, found) = (entry(theirs, true)?, entry(ours, false)?);
        let before = self.differences.len();
        let scope = VerifyScope::Everything;
        differences_of(
            expected.entry(),
            found.entry(),
            scope,
            &mut self.differences,
        );
        if self.differences.len() == before
            && let Some(otherwise) = otherwise
        {
            let path = expected.entry().path.clone();
            self.differences.push(Difference::plain(path, otherwise));
        }
        Ok(())
    }

    /// Sets attributes in place; true if that changed any.
    fn adjust(
        &mut self,
        held: InodeFd<'_>,
        name: &CStr,
        path: &[u8],
        wanted: &Looked,
        found: &Looked,
    ) -> Result<bool, Error> {
        let fail = |error| Error::write(join_path(self.roots.target.path, path), error);
        for (attribute, _) in &found.xattrs {
            if wanted.xattrs.iter().all(|(each, _)| each != attribute) {
                self.disk
                    .remove_xattr(held, name, attribute)
                    .map_err(fail)?;
            }
        }
        let defaults = InodeDefaults {
            uid: found.stat.uid,
            gid: found.stat.gid,
            mode: None,
            flags: found.flags,
        };
        let mut lost = Vec::new();
        let mut lose = |what, reason| lost.push((what, reason));
        let attributes = wanted.attributes();
        attributes::apply(self.disk, held, name, &attributes, &defaults, &mut lose)
            .map_err(fail)?;
        if let InodeFd::Open(fd) = held
            && wanted.flags.intersects(LOCKING_FLAGS)
            && let Err(error) = attributes::set_flags(self.disk, fd, name, wanted.flags)
        {
            lost.push((Lost::Flags, error.to_string()));
        }
        let made = Stat::of(held.fd()).map_err(fail)?;
        let told: Vec<Lost> = lost.iter().map(|(what, _)| *what).collect();
        lost.extend(attributes.not_kept(&made, &told));
        let after = Looked {
            stat: made,
            xattrs: self.xattrs.read(held).map_err(fail)?,
            flags: match held {
                InodeFd::Open(fd) => stat::flags(fd),
                InodeFd::Named(_) => found.flags,
            },
        };
        for (what, reason) in lost {
            self.problem(path, what, reason);
        }
        Ok(!found.attributes().is_same(&after.attributes()))
    }

    /// The attributes of a folder whose entries are in order.
    pub(super) fn folder(&mut self, state: &PairState, path: &[u8]) -> Result<(), Error> {
        if self.pass == Pass::Weigh {
            return Ok(());
        }
        let pair = &state.pair;
        let (mut wanted, mut found) = self.look_at_folders(pair, path)?;
        // That the staging folder was made in it is set right in the end.
        if let Some(before) = self.root_modified.filter(|_| pair.place.is_root()) {
            found.stat.modified = before;
        }
        if !state.touched.get() {
            self.allow_for_rounding(path, &mut wanted, &found);
        }
        let (mode, flags) = state.lifted.get().unwrap_or((found.stat.mode, found.flags));
        let before = Attributes {
            stat: &Stat { mode, ..found.stat },
            xattrs: &found.xattrs,
            flags,
        };
        if !state.touched.get() && wanted.attributes().is_same(&before) {
            let put_back = self.put_back(state);
            return put_back.map_err(|error| self.roots.unwritable(path, error));
        }
        if self.pass == Pass::Foretell {
            self.done.adjusted += 1;
            return self.tell_folder(pair, path);
        }
        if found.flags.intersects(LOCKING_FLAGS) {
            self.make_way(state)?;
            found.flags -= LOCKING_FLAGS;
        }
        let held = InodeFd::Open(pair.target.as_fd());
        let unlocked = (flags ^ wanted.flags).intersects(LOCKING_FLAGS);
        let changed = self.adjust(held, c"", path, &wanted, &found)? || unlocked;
        if (changed || state.touched.get()) && !state.is_new {
            self.done.adjusted += 1;
        }
        Ok(())
    }

    fn tell_folder(&mut self, pair: &FolderPair, path: &[u8]) -> Result<(), Error> {
        let entry = |fd: &std::os::fd::OwnedFd| -> io::Result<HeldEntry> {
            let held = stat::open_dir(fd.as_fd(), c".")?;
            let stat = Stat::of(held.as_fd())?;
            Ok(HeldEntry { held, stat })
        };
        let theirs = entry(&pair.source).map_err(|error| self.roots.unreadable(path, error))?;
        let ours = entry(&pair.target).map_err(|error| self.roots.unwritable(path, error))?;
        // That its entries change is told by them.
        self.tell(path, &theirs, &ours, None)
    }

    fn look_at_folders(
        &mut self,
        pair: &FolderPair,
        path: &[u8],
    ) -> Result<(Looked, Looked), Error> {
        let mut look = |fd: &std::os::fd::OwnedFd| -> io::Result<(Looked, Option<io::Error>)> {
            let fd = fd.as_fd();
            let (xattrs, lost) = match self.xattrs.read(InodeFd::Open(fd)) {
                Err(error) if stat::is_too_much(&error) => (Xattrs::new(), Some(error)),
                xattrs => (xattrs?, None),
            };
            let looked = Looked {
                stat: Stat::of(fd)?,
                xattrs,
                flags: stat::flags(fd),
            };
            Ok((looked, lost))
        };
        let source = look(&pair.source);
        let target = look(&pair.target);
        let (wanted, lost) = source.map_err(|error| self.roots.unreadable(path, error))?;
        let (found, _) = target.map_err(|error| self.roots.unwritable(path, error))?;
        if let Some(error) = lost {
            self.problem(path, Lost::Xattr, error.to_string());
        }
        Ok((wanted, found))
    }

    /// Gives a folder its source's times again, after a staging folder was made and removed in
    /// it.
    pub(super) fn restore_times(&mut self, pair: &FolderPair) -> Result<(), Error> {
        let path = pair.place.path();
        let (wanted, found) = self.look_at_folders(pair, &path)?;
        if wanted.stat.modified == found.stat.modified {
            return Ok(());
        }
        let flags = found.flags;
        let (fd, held) = (pair.target.as_fd(), InodeFd::Open(pair.target.as_fd()));
        let done = (|| {
            if flags.intersects(LOCKING_FLAGS) {
                attributes::set_flags(self.disk, fd, c"", flags - LOCKING_FLAGS)?;
            }
            attributes::set_times(self.disk, held, c"", &wanted.stat, &mut |_, _| {})?;
            if flags.intersects(LOCKING_FLAGS) {
                attributes::set_flags(self.disk, fd, c"", flags)?;
            }
            Ok(())
        })();
        done.map_err(|error| self.roots.unwritable(&path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(tv_sec: i64, tv_nsec: i64) -> Timespec {
        Timespec { tv_sec, tv_nsec }
    }

    #[test]
    fn a_time_is_rounded_only_where_the_filesystem_shows_that_it_rounds() {
        let wanted = time(5, 123_456_789);
        let cases = [
            (time(5, 0), time(9, 0), true),
            (time(4, 0), time(9, 0), true),
            (time(5, 123_456_700), time(9, 100), true),
            (time(5, 0), time(9, 123), false),
            (time(6, 0), time(9, 0), false),
            (time(5, 123_456_788), time(9, 0), false),
        ];
        for (found, changed, expected) in cases {
            assert_eq!(is_rounded(wanted, found, changed), expected, "{found:?}");
        }
        let late = time(1 << 33, 5);
        assert!(is_rounded(late, time(i64::from(i32::MAX), 0), time(9, 0)));
    }
}

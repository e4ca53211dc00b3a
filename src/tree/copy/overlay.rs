//! Filling in a target that has something already: each thing that it lacks is copied
//! whole, and what it has stays.

use std::ffi::OsStr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FileType;

use super::leaf::open_place;
use super::options::{Copied, CopyOptions};
use super::whole::copy_held;
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree::error::Error;
use crate::tree::target::destination::Destination;
use crate::tree::walk::name::{Place, join_path};
use crate::tree::walk::stat::{self, Listed, Stat};

/// A folder that both sides have.
struct Pair {
    source: OwnedFd,
    target: OwnedFd,
    place: Arc<Place>,
}

struct Overlay<'a> {
    disk: &'a Disk,
    source: &'a Path,
    target: &'a Path,
    options: &'a CopyOptions,
    progress: &'a dyn Progress,
    /// The source's and the target's.
    roots: (OwnedFd, OwnedFd),
    /// Common folders that weren't looked into yet; not open, since there may be many.
    left: Vec<Arc<Place>>,
    copied: Copied,
}

/// Copies what the held directory `source` has and the held directory `target` hasn't.
/// Folders that both have keep the target's attributes.
pub(super) fn overlay(
    disk: &Disk,
    (source, source_path): (OwnedFd, &Path),
    (target, target_path): (OwnedFd, &Path),
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<Copied, Error> {
    let source =
        stat::open_dir(source.as_fd(), c".").map_err(|error| Error::read(source_path, error))?;
    let pieces = CopyOptions {
        keep_existing: false,
        ..options.clone()
    };
    let mut overlay = Overlay {
        disk,
        source: source_path,
        target: target_path,
        options: &pieces,
        progress,
        roots: (source, target),
        left: vec![Place::root()],
        copied: Copied::default(),
    };
    while let Some(place) = overlay.left.pop() {
        let pair = overlay.open(place)?;
        overlay.pair(&pair)?;
    }
    Ok(overlay.copied)
}

impl Overlay<'_> {
    fn open(&self, place: Arc<Place>) -> Result<Pair, Error> {
        let (source, target) = &self.roots;
        let path = place.path();
        let fail = |root, error| Error::read(join_path(root, &path), error);
        Ok(Pair {
            source: open_place(source.as_fd(), &place).map_err(|error| fail(self.source, error))?,
            target: open_place(target.as_fd(), &place).map_err(|error| fail(self.target, error))?,
            place,
        })
    }

    fn pair(&mut self, pair: &Pair) -> Result<(), Error> {
        let listed = stat::list(&pair.source)
            .map_err(|error| Error::read(join_path(self.source, &pair.place.path()), error))?;
        for entry in listed.iter() {
            if self.progress.interrupted() {
                return Err(Error::Interrupted);
            }
            let path = pair.place.path_of(entry.name);
            if !self.options.exclude.matches(&path) {
                self.entry(pair, entry, &path)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, pair: &Pair, entry: Listed<'_>, path: &[u8]) -> Result<(), Error> {
        let source_path = join_path(self.source, path);
        let unreadable = |error| Error::read(&source_path, error);
        let held = stat::hold(pair.source.as_fd(), entry.name).map_err(unreadable)?;
        let stat = Stat::of(held.as_fd()).map_err(unreadable)?;
        let Ok(there) = Stat::at(pair.target.as_fd(), entry.name) else {
            return self.piece(pair, entry, &held, (&stat, path));
        };
        if stat.kind == FileType::Directory && there.kind == FileType::Directory {
            self.left.push(pair.place.below(entry.name));
        }
        Ok(())
    }

    /// Something that the target lacks.
    fn piece(
        &mut self,
        pair: &Pair,
        entry: Listed<'_>,
        held: &OwnedFd,
        (stat, path): (&Stat, &[u8]),
    ) -> Result<(), Error> {
        let above_path = join_path(self.target, &pair.place.path());
        let target: PathBuf = above_path.join(OsStr::from_bytes(entry.name.to_bytes()));
        let above = stat::open_dir(pair.target.as_fd(), c".")
            .map_err(|error| Error::read(&above_path, error))?;
        let tree = stat.kind == FileType::Directory;
        let name = entry.name.to_owned();
        let destination = Destination::look(above, name, &target, tree)?;
        if tree {
            destination.check_outside(self.source, stat)?;
        }
        let source_path = join_path(self.source, path);
        let copied = copy_held(
            self.disk,
            (held, &source_path),
            &destination,
            self.options,
            self.progress,
        )?;
        self.copied.add(copied, path);
        Ok(())
    }
}

//! Filling in a target that has something already: each thing that it lacks is copied
//! whole, and what it has stays.

use std::ffi::OsStr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::FileType;

use super::build::HeldPath;
use super::folder_pair::{FolderPair, Roots};
use super::options::{Copied, CopyOptions};
use super::staged::copy_held;
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree::error::Error;
use crate::tree::target::destination::Destination;
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::fence::Fence;
use crate::tree::walk::stat::{self, DirEntry, Stat};
use crate::tree::walk::survey::survey_held;

struct FillInMissing<'a> {
    disk: &'a Disk,
    options: &'a CopyOptions,
    progress: &'a dyn Progress,
    roots: Roots<'a>,
    /// Common folders that weren't looked into yet; not open, since there may be many.
    left: Vec<Arc<DirChain>>,
    copied: Copied,
}

/// Copies what the held directory `source` has and the held directory `target` hasn't.
/// Folders that both have keep the target's attributes.
pub(super) fn fill_in_missing(
    disk: &Disk,
    source: HeldPath<'_>,
    target: HeldPath<'_>,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<Copied, Error> {
    let source_fd =
        stat::open_dir(source.fd.as_fd(), c".").map_err(|error| Error::read(source.path, error))?;
    let pieces = CopyOptions {
        keep_existing: false,
        ..options.clone()
    };
    let mut fence = Fence::between(source.path, target.path);
    let into = Stat::of(target.fd.as_fd()).map_err(|error| Error::read(target.path, error))?;
    fence.forbid(into.id());
    let parts = options.surveyed();
    survey_held(&source_fd, source.path, &parts, &fence, &mut |_, _| {})?;
    let roots = Roots {
        source: HeldPath {
            fd: &source_fd,
            path: source.path,
        },
        target,
    };
    let mut filling = FillInMissing {
        disk,
        options: &pieces,
        progress,
        roots,
        left: vec![DirChain::root()],
        copied: Copied::default(),
    };
    while let Some(place) = filling.left.pop() {
        let pair = filling.roots.open(place)?;
        filling.pair(&pair)?;
    }
    Ok(filling.copied)
}

impl FillInMissing<'_> {
    fn pair(&mut self, pair: &FolderPair) -> Result<(), Error> {
        let listed = stat::list(&pair.source).map_err(|error| {
            Error::read(join_path(self.roots.source.path, &pair.place.path()), error)
        })?;
        for entry in listed.iter() {
            if self.progress.interrupted() {
                return Err(Error::Interrupted);
            }
            let exclude = &self.options.exclude;
            if !exclude.leaves_out(&pair.source, &pair.place, entry) {
                self.entry(pair, entry, &pair.place.path_of(entry.name))?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, pair: &FolderPair, entry: DirEntry<'_>, path: &[u8]) -> Result<(), Error> {
        let source_path = join_path(self.roots.source.path, path);
        let unreadable = |error| Error::read(&source_path, error);
        let held = stat::hold(pair.source.as_fd(), entry.name).map_err(unreadable)?;
        let stat = Stat::of(held.as_fd()).map_err(unreadable)?;
        let Ok(there) = Stat::at(pair.target.as_fd(), entry.name) else {
            return self.piece(pair, entry, &held, &stat, path);
        };
        if stat.kind == FileType::Directory && there.kind == FileType::Directory {
            self.left.push(pair.place.below(entry.name));
        }
        Ok(())
    }

    /// Something that the target lacks.
    fn piece(
        &mut self,
        pair: &FolderPair,
        entry: DirEntry<'_>,
        held: &OwnedFd,
        stat: &Stat,
        path: &[u8],
    ) -> Result<(), Error> {
        let above_path = join_path(self.roots.target.path, &pair.place.path());
        let target: PathBuf = above_path.join(OsStr::from_bytes(entry.name.to_bytes()));
        let above = stat::open_dir(pair.target.as_fd(), c".")
            .map_err(|error| Error::read(&above_path, error))?;
        let tree = stat.kind == FileType::Directory;
        let name = entry.name.to_owned();
        let destination = Destination::look(above, name, &target, tree)?;
        if tree {
            destination.check_outside(self.roots.source.path, stat)?;
        }
        let source_path = join_path(self.roots.source.path, path);
        let options = CopyOptions {
            exclude: self.options.exclude.below(path),
            ..self.options.clone()
        };
        let copied = copy_held(
            self.disk,
            HeldPath {
                fd: held,
                path: &source_path,
            },
            destination,
            &options,
            self.progress,
        )?;
        self.copied.add(copied, path);
        Ok(())
    }
}

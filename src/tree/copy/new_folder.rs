//! Folders that an update makes and that have files in them with several names: those may stand
//! elsewhere, too, so they are filled entry by entry instead of being copied as one piece.

use std::ffi::CStr;
use std::os::fd::AsFd as _;
use std::sync::Arc;

use rustix::fs::FileType;

use super::options::CopyOptions;
use super::updater::{FirstInTarget, HeldEntry, PairState, Pass, Updater};
use crate::tree::error::Error;
use crate::tree::target::destination::CONTENT;
use crate::tree::verify::difference::{Difference, DifferenceKind};
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::stat::{FileId, Stat};
use crate::tree::walk::survey::{SurveyCounts, survey_held};

impl Updater<'_> {
    /// True if something in the folder has several names.
    pub(super) fn has_links(
        &self,
        path: &[u8],
        theirs: &HeldEntry,
        options: &CopyOptions,
    ) -> Result<bool, Error> {
        let mut found = false;
        let mut look = |_: Vec<u8>, stat: &Stat| {
            found |= stat.links > 1 && stat.kind != FileType::Directory;
        };
        let root = join_path(self.roots.source.path, path);
        let parts = options.surveyed();
        survey_held(&theirs.held, &root, &parts, &self.fence, &mut look)?;
        Ok(found)
    }

    /// Makes the folder, empty, and leaves it to be filled.
    pub(super) fn begin_folder(
        &mut self,
        state: &PairState,
        name: &CStr,
        path: &[u8],
        theirs: &HeldEntry,
        ours: Option<&HeldEntry>,
    ) -> Result<(), Error> {
        let place = state.pair.place.below(name);
        if self.pass == Pass::Act {
            self.make_way(state)?;
            let staging = self.staging(state)?;
            let made = self.disk.make_dir_at(staging.fd(), CONTENT, 0o700);
            made.and_then(|()| staging.put_over(state.pair.target.as_fd(), name, theirs.stat.kind))
                .map_err(|error| self.roots.unwritable(path, error))?;
            self.count_one(&theirs.stat);
        } else if let Some(ours) = ours {
            self.tell(path, theirs, ours, Some(DifferenceKind::Type))?;
        }
        self.push(place, true);
        Ok(())
    }

    /// Counts what would be copied to a new folder, and remembers its files with several names.
    pub(super) fn foresee(&mut self, place: &Arc<DirChain>) -> Result<(), Error> {
        let path = place.path();
        let source = super::leaf::open_chain(self.roots.source.fd.as_fd(), place);
        let source = source.map_err(|error| self.roots.unreadable(&path, error))?;
        let root = join_path(self.roots.source.path, &path);
        let options = CopyOptions {
            exclude: self.options.exclude.below(&path),
            ..self.options.clone()
        };
        let mut listed = Vec::new();
        let mut list = |below: Vec<u8>, stat: &Stat| listed.push((below, *stat));
        let parts = options.surveyed();
        survey_held(&source, &root, &parts, &self.fence, &mut list)?;
        for (below, stat) in listed {
            let path = match below.as_slice() {
                b"" => path.clone(),
                below => [&path, b"/".as_slice(), below].concat(),
            };
            if self.files.contains_key(&stat.id()) {
                self.count_link(&stat);
            } else {
                self.count_one(&stat);
            }
            if stat.links > 1 && stat.kind != FileType::Directory {
                self.remember(stat.id(), place);
            }
            self.differences.push(Difference::missing_at(path, &stat));
        }
        Ok(())
    }

    /// A file with several names will be made somewhere in a new folder.
    fn remember(&mut self, id: FileId, place: &Arc<DirChain>) {
        let made = || FirstInTarget {
            place: Arc::clone(place),
            name: place.name().to_owned(),
            kept: None,
        };
        self.files.entry(id).or_insert_with(made);
    }

    /// Counts one thing that is made.
    pub(super) fn count_one(&mut self, stat: &Stat) {
        let counts = SurveyCounts::default();
        counts.count(stat);
        self.done.copied.counts += counts.survey();
    }

    /// Counts another name of a file.
    pub(super) fn count_link(&mut self, stat: &Stat) {
        let counts = SurveyCounts::default();
        counts.count_name(stat);
        self.done.copied.counts += counts.survey();
    }
}

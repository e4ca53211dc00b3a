//! What Compose will read by the new release's files, and that won't be there.

use std::collections::BTreeMap;
use std::path::Path;

use super::View;
use crate::compose::{HostRead, ReadKind};
use crate::upgrade::planning::obstacle::Obstacle;

impl View<'_> {
    /// What Compose will read for services that run, and that won't be there.
    pub(super) fn missing_files(&self) -> Vec<Obstacle> {
        let mut missing = BTreeMap::new();
        for read in &self.model.reads {
            let is_for_running = read.service.as_ref().is_some_and(|name| {
                let service = self.model.services.get(name);
                service.is_some_and(|service| service.enabled)
            });
            if is_for_running && let Some(found) = self.missing(read) {
                missing.entry(read.path.clone()).or_insert(found);
            }
        }
        missing.into_values().collect()
    }

    fn missing(&self, read: &HostRead) -> Option<Obstacle> {
        let old = &self.releases.old;
        let at = read.at.as_ref().map(|at| self.place(&at.to_string()));
        let Some(path) = self.model.inside(&read.path) else {
            let is_missing = read.is_needed && !read.path.exists() && read.path != self.model.root;
            return is_missing.then(|| Obstacle::NoFile {
                path: read.path.clone(),
                at,
                in_old: false,
            });
        };
        let is_copied = self.folders.iter().any(|copy| path.starts_with(&copy.to))
            || self.copies_to(&path).next().is_some();
        if self.is_there(&path) || is_copied || self.is_filled(read, &path) {
            return None;
        }
        let in_old = old.folder.join(&path).exists();
        let is_told = match read.kind.is_for_images() {
            // What the old release is built without the new one is, too; and what has an image, or needn't be
            // there, is built from what was there.
            true => in_old || read.is_needed && !self.is_lacking_in_old(read, &path),
            false => read.is_needed,
        };
        is_told.then_some(Obstacle::NoFile { path, at, in_old })
    }

    /// Whether something is brought into a folder.
    fn is_filled(&self, read: &HostRead, path: &Path) -> bool {
        let mut carry = self.releases.carry.iter();
        read.kind == ReadKind::BuildContext && carry.any(|carry| carry.path.starts_with(path))
    }

    /// Whether the old release's files name it, too, and it isn't there, either.
    fn is_lacking_in_old(&self, read: &HostRead, path: &Path) -> bool {
        let old = &self.releases.old.model;
        let mut reads = old.reads.iter();
        reads.any(|was| was.kind == read.kind && old.inside(&was.path).as_deref() == Some(path))
    }
}

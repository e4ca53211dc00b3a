//! Data that a release has behind a symlink which leads out of it, as `data -> ../../shared/data`: the
//! link comes along, and both releases would write what it leads to. So it is data outside of both, as
//! a folder by its absolute path is. Only reads.

use std::path::{Path, PathBuf};

use super::decisions::OutsideFolder;
use super::obstacle::Obstacle;
use super::release_files::{ReleaseFiles, ReleasePair};
use crate::upgrade::shared_with_old::SharedWithOld;

/// A place below both releases whose data is outside of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkedData {
    /// The place below a release.
    pub(crate) place: PathBuf,
    /// Where the old release's link leads, without any symlink.
    pub(crate) leads_to: PathBuf,
    /// The services of the new release that write it.
    pub(crate) services: Vec<String>,
}

impl LinkedData {
    /// All that the new release's services write.
    pub(crate) fn all(ReleasePair { old, new }: ReleasePair<'_>) -> Vec<Self> {
        let is_enabled = |name: &String| new.model.services.get(name).is_some_and(|s| s.enabled);
        let binds = new.model.binds.iter();
        let written = binds.filter(|bind| !bind.read_only && !bind.source.is_absolute());
        let mut found: Vec<Self> = Vec::new();
        for bind in written.filter(|bind| is_enabled(&bind.service)) {
            if let Some(known) = found.iter_mut().find(|known| known.place == bind.source) {
                known.services.push(bind.service.clone());
                continue;
            }
            let leads_to = leads_out(old, &bind.source);
            found.extend(leads_to.map(|leads_to| Self {
                place: bind.source.clone(),
                leads_to,
                services: vec![bind.service.clone()],
            }));
        }
        found.retain(|linked| new.folder.join(&linked.place).symlink_metadata().is_err());
        for linked in &mut found {
            linked.services.dedup();
        }
        found
    }

    /// What an answer calls it.
    pub(crate) fn answer(&self) -> String {
        self.leads_to.display().to_string()
    }

    /// As a plan records that both releases use it.
    pub(crate) fn shared(&self) -> SharedWithOld {
        SharedWithOld {
            what: self.answer(),
            name: self.answer(),
            services: self.services.clone(),
        }
    }

    /// The copy that takes the place of the link.
    pub(crate) fn folder(&self) -> OutsideFolder {
        OutsideFolder {
            path: self.leads_to.clone(),
            from: self.leads_to.clone(),
            to: self.place.clone(),
        }
    }

    /// What stands against it while nobody has said whose it is to be.
    pub(crate) fn question(&self) -> Obstacle {
        Obstacle::OutsideData {
            answer: self.answer(),
            name: self.answer(),
            is_volume: false,
            services: self.services.clone(),
            was: None,
            can_own: true,
        }
    }
}

/// Where a folder of a release is, if it is a symlink that leads out of the release.
fn leads_out(release: &ReleaseFiles, name: &Path) -> Option<PathBuf> {
    let path = release.folder.join(name);
    // What lies below a link is copied as what it is.
    let is_link = path.symlink_metadata().ok()?.is_symlink();
    let real = path.canonicalize().ok().filter(|_| is_link)?;
    let folder = release.folder.canonicalize().ok()?;
    (real.is_dir() && !real.starts_with(folder)).then_some(real)
}

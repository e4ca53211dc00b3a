//! Making a clone: an install of its own, with the current release's files and its volumes.
//!
//! Blocks are shared with the original where the filesystem can; else there must be room for a second
//! one of everything, since a full disk would be felt by what runs.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::io;
use super::{Bindings, RehearsalError, running};
use crate::clock::Stopwatch;
use crate::compose::Model;
use crate::engine::{self, CopyPair, NewVolume, VolumeStore};
use crate::fs::{Disk, Purpose, TemporaryName};
use crate::progress::Progress;
use crate::release::Install;
use crate::tree::{self, Copied, CopyOptions};
use crate::upgrade::Plan;
use crate::upgrade::planning::prepare::Prepared;

/// What a clone was made of, and how long that took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloneFigures {
    /// Files in it.
    pub files: u64,
    /// Bytes of content in it.
    pub bytes: u64,
    /// How long it took to make, in milliseconds.
    pub milliseconds: u64,
    /// Whether its blocks are shared with the original, which takes hardly any room.
    pub shares_blocks: bool,
}

/// A clone in the making.
pub(super) struct Cloning<'a> {
    pub(super) install: &'a Install,
    pub(super) disk: &'a Disk,
    pub(super) prepared: &'a Prepared,
    pub(super) bindings: &'a Bindings,
    pub(super) progress: &'a dyn Progress,
    /// The install's volumes.
    pub(super) volumes: &'a dyn VolumeStore,
    /// The clone's folder.
    pub(super) folder: PathBuf,
    /// Folders and files of the host that it gets copies of.
    pub(super) outside: BTreeSet<PathBuf>,
    /// Whether all that may write what is copied is kept from it.
    pub(super) is_held: bool,
}

/// What of transship's own a clone has, too: how releases were shipped, and how they are laid out.
const KEPT: [&str; 4] = ["pristine", "shipped", "layout", "bad-releases.json"];

impl Cloning<'_> {
    /// Makes the clone's folder: all of it but the volumes.
    pub(super) fn files(&self, figures: &mut CloneFigures) -> Result<Install, RehearsalError> {
        let watch = Stopwatch::start();
        let Self {
            install, folder, ..
        } = self;
        let plan = &self.prepared.plan;
        self.disk.create_dirs(&folder.join(".transship"), 0o700)?;
        let releases = folder.join("releases");
        self.disk
            .create_dir(&releases, 0o755)
            .map_err(io("make", &releases))?;
        figures.shares_blocks = self.shares_blocks();
        self.require_room(figures.shares_blocks)?;
        let staged = plan.request.shipment.is_none().then_some(&plan.to);
        for version in [Some(&plan.from), staged].into_iter().flatten() {
            let copied = self.copy(
                &install.release_folder(version),
                &releases.join(version.as_str()),
            )?;
            figures.add(&copied);
        }
        let kept = KEPT.map(|name| Path::new(".transship").join(name));
        for path in kept.into_iter().chain(["transship.yml".into()]) {
            if install.root().join(&path).exists() {
                self.copy(&install.root().join(&path), &folder.join(&path))?;
            }
        }
        let clone = Install::at(folder)?;
        clone.adopt(self.disk)?;
        clone.identify_as_clone(self.disk)?;
        if self.bindings.volumes.is_none() {
            let outside = running::copies(self.disk, folder, &self.outside)?;
            for (from, to) in &outside {
                figures.add(&self.copy(from, to)?);
            }
            let bindings = self.bindings.of_clone(outside);
            bindings.save(self.disk, &clone)?;
        }
        if install.current()?.is_some() {
            clone.switch(self.disk, &plan.from)?;
        }
        if let Some(volumes) = &self.bindings.volumes {
            let volumes = folder.join(volumes);
            self.disk
                .create_dir(&volumes, 0o755)
                .map_err(io("make", &volumes))?;
        }
        figures.took(watch);
        Ok(clone)
    }

    /// Makes the clone's volumes; `clone` is the old release there.
    pub(super) fn copy_volumes(
        &self,
        to: &dyn VolumeStore,
        clone: &Model,
        figures: &mut CloneFigures,
    ) -> Result<(), RehearsalError> {
        let (watch, from) = (Stopwatch::start(), self.volumes);
        for (key, volume) in &self.prepared.releases.old.model.volumes {
            let Some(theirs) = clone.volumes.get(key) else {
                continue;
            };
            let Some(source) = from.find(&volume.name)? else {
                continue;
            };
            if !self.is_held {
                engine::require_idle(from, &source)?;
            }
            let target = to.create(
                self.disk,
                &NewVolume {
                    name: theirs.name.clone(),
                    project: clone.project.clone(),
                    key: key.clone(),
                    made_by: None,
                },
            )?;
            let pair = CopyPair {
                source: &source,
                target: &target,
            };
            let options = CopyOptions::default();
            let contents = from.contents();
            let copied = contents.copy(self.disk, pair, &options, self.progress)?;
            figures.add(&copied);
        }
        figures.took(watch);
        Ok(())
    }

    fn copy(&self, from: &Path, to: &Path) -> Result<Copied, RehearsalError> {
        let options = CopyOptions::default();
        Ok(tree::copy(self.disk, from, to, &options, self.progress)?)
    }

    /// Whether what is copied from the volumes to the clone takes no room: one filesystem, that can.
    fn shares_blocks(&self) -> bool {
        let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
        let place = self.prepared.plan.request.volumes_of(self.install);
        let volumes = match &place {
            engine::VolumeBackend::Dir { path } => device(path),
            engine::VolumeBackend::Local => return false,
        };
        volumes == device(&self.folder) && can_share(self.disk, &self.folder).unwrap_or(false)
    }

    fn require_room(&self, shares_blocks: bool) -> Result<(), RehearsalError> {
        if shares_blocks {
            return Ok(());
        }
        let Plan { from, estimate, .. } = &self.prepared.plan;
        let release = tree::survey(&self.install.release_folder(from))?;
        let volumes: u64 = estimate.volumes.iter().map(|volume| volume.bytes).sum();
        // The clone, and what the plan copies within it.
        let needed = (release.allocated + volumes).saturating_mul(2);
        let places = [Some(self.folder.clone()), self.volumes.folder().ok()];
        for path in places.into_iter().flatten().filter(|path| path.is_dir()) {
            let free = tree::free(&path)?;
            if needed > free {
                return Err(RehearsalError::NoRoom { path, needed, free });
            }
        }
        Ok(())
    }
}

impl CloneFigures {
    fn add(&mut self, copied: &Copied) {
        self.files += copied.counts.files;
        self.bytes += copied.counts.bytes;
    }

    fn took(&mut self, watch: Stopwatch) {
        let taken = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.milliseconds = self.milliseconds.saturating_add(taken);
    }
}

/// Whether a file in `folder` can share its blocks with another one: tried with two.
fn can_share(disk: &Disk, folder: &Path) -> std::io::Result<bool> {
    let dir: OwnedFd = File::open(folder)?.into();
    let names = [(); 2].map(|()| TemporaryName::new(Purpose::File));
    let [first, second] = &names.each_ref().map(|name| CString::from(name.as_c_str()));
    let one = disk.create_at(dir.as_fd(), first, 0o600)?;
    disk.write_at(one.as_fd(), first, &[b' '; 4096], 0)?;
    let other = disk.create_at(dir.as_fd(), second, 0o600)?;
    let shares = disk.clone_from(other.as_fd(), second, one.as_fd()).is_ok();
    for name in [first, second] {
        disk.unlink_at(dir.as_fd(), name)?;
    }
    Ok(shares)
}

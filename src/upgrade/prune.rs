//! Old releases that nobody needs any more, with the volumes, plans and held images that are theirs.
//!
//! [`Pruning::find`] only looks. What is kept is kept for a reason that is told, and what can't be known
//! is a reason: a release stays while it isn't known who uses it, a volume while no kept release has
//! data under its key. [`Pruning::remove`] does what was found.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use super::made_volume::MadeVolume;
use super::plan::Plan;
use super::planning::release_files::{ReadOptions, ReleaseFiles};
use super::planning::releases_error::ReleasesError;
use super::prune_error::PruneError;
use super::running::journal::{Journal, RunState};
use super::running::runner;
use crate::compose::Model;
use crate::doctor::Observed;
use crate::document;
use crate::engine::{ByPath, ImageHold, Users, VolumeStore, local_images};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::release::{BadReleases, Install, Release, Version, shipped_files};
use crate::tree::{self, Holds};

/// What would be removed, and what stays.
#[derive(Debug, Default)]
pub struct Pruning {
    /// The releases that go, oldest first.
    pub releases: Vec<PrunedRelease>,
    /// Those that stay.
    pub kept: Vec<KeptRelease>,
}

/// A release that goes.
#[derive(Debug)]
pub struct PrunedRelease {
    /// Its version.
    pub version: Version,
    /// Its folder, and what transship keeps of it.
    pub folders: Vec<PathBuf>,
    /// The plans that lead to it or from it.
    pub plans: Vec<PathBuf>,
    /// Its volumes that go with it.
    pub volumes: Vec<PrunedVolume>,
    /// Its volumes that stay, with the reason.
    pub left: Vec<(String, String)>,
    /// The images that are held for it.
    pub holds: Vec<ImageHold>,
    /// Why those can't be known, where no engine answers.
    pub holds_unknown: Option<String>,
    /// Bytes of its folders.
    pub bytes: u64,
}

/// A volume that goes.
#[derive(Debug, PartialEq, Eq)]
pub struct PrunedVolume {
    /// Its name, as the engine has it.
    pub name: String,
    /// Bytes of content.
    pub bytes: u64,
}

/// A release that stays.
#[derive(Debug, PartialEq, Eq)]
pub struct KeptRelease {
    /// Its version.
    pub version: Version,
    /// Why it stays.
    pub because: String,
}

/// A release that was read.
struct ReadRelease {
    release: Release,
    model: Model,
}

impl Pruning {
    /// What goes where the `keep` newest releases stay, and whatever is needed.
    ///
    /// # Errors
    /// [`PruneError`].
    pub fn find(
        install: &Install,
        keep: usize,
        volumes: &dyn VolumeStore,
        progress: &dyn Progress,
    ) -> Result<Self, PruneError> {
        runner::require_over(install)?;
        let bad = BadReleases::load(install)?;
        let needed = Needed::find(install, &bad, keep)?;
        let (mut kept, mut going, mut staying) = (Vec::new(), Vec::new(), Vec::new());
        for release in install.all_releases()? {
            let read = read(install, &release);
            let because = match (&read, needed.reason(&release)) {
                (_, Some(because)) => Some(because),
                (Err(why), None) => Some(why.clone()),
                (Ok(read), None) => in_use(read, volumes)?,
            };
            match (because, read) {
                (None, Ok(read)) => going.push(read),
                (because, read) => {
                    kept.push(KeptRelease {
                        version: release.version,
                        because: because.unwrap_or_default(),
                    });
                    staying.push(read);
                }
            }
        }
        require_apart(&mut going, &mut staying, &mut kept);
        let stays = Staying::of(&staying, &kept);
        let mut pruning = Self {
            releases: Vec::new(),
            kept,
        };
        for read in going {
            let pruned = prune(install, read, &stays, volumes, progress)?;
            pruning.releases.push(pruned);
        }
        Ok(pruning)
    }

    /// Removes what was found; again after a failure, what is left.
    ///
    /// # Errors
    /// [`PruneError`]: what couldn't be removed. A release's folder goes last of what is its own.
    pub fn remove(
        &self,
        install: &Install,
        disk: &Disk,
        volumes: &dyn VolumeStore,
    ) -> Result<(), PruneError> {
        for release in &self.releases {
            for volume in &release.volumes {
                volumes.remove(disk, &volume.name)?;
                gone(disk, MadeVolume::file(install, &volume.name))?;
            }
            if let Some(docker) = volumes.docker() {
                for hold in &release.holds {
                    hold.let_go(docker, disk)?;
                }
            }
            for plan in &release.plans {
                gone(disk, plan.clone())?;
            }
            gone(
                disk,
                shipped_files::list_of(&install.pristine(&release.version)),
            )?;
            for path in release.folders.iter().filter(|path| path.exists()) {
                let path = path.clone();
                tree::remove(disk, &path).map_err(|source| PruneError::Io { path, source })?;
            }
        }
        Ok(())
    }
}

/// Has a release stay where a symlink that stays leads to it: a release by another name is one.
fn require_apart(
    going: &mut Vec<ReadRelease>,
    staying: &mut Vec<Result<ReadRelease, String>>,
    kept: &mut Vec<KeptRelease>,
) {
    let links = staying.iter().flatten().map(|read| &read.release);
    let links: Vec<_> = links
        .filter(|release| release.path.is_symlink())
        .filter_map(|link| Some((link.version.clone(), link.path.canonicalize().ok()?)))
        .collect();
    for read in std::mem::take(going) {
        let folder = read.release.path.canonicalize().ok();
        match links
            .iter()
            .find(|(_, target)| Some(target) == folder.as_ref())
        {
            None => going.push(read),
            Some((link, _)) => {
                kept.push(KeptRelease {
                    version: read.release.version.clone(),
                    because: format!("the symlink `{link}` leads to it"),
                });
                staying.push(Ok(read));
            }
        }
    }
}

/// Removes a file, there or not.
fn gone(disk: &Disk, path: PathBuf) -> Result<(), PruneError> {
    match disk.remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(PruneError::Io { path, source })
        }
        _ => Ok(()),
    }
}

/// The releases that nothing may take, whoever uses them.
struct Needed {
    current: Option<Version>,
    /// Of the newest run: going back, or going on, needs both.
    run: Vec<Version>,
    previous: Option<Version>,
    newest: BTreeSet<Version>,
    keep: usize,
}

impl Needed {
    fn find(install: &Install, bad: &BadReleases, keep: usize) -> Result<Self, PruneError> {
        let current = install.current()?.map(|release| release.version);
        let newest = Journal::newest(install)?;
        let leads_here = |journal: &Journal| {
            journal.state() == RunState::Complete
                && Some(&journal.plan().to) == current.as_ref()
                && !bad.has(&journal.plan().from)
        };
        let previous = Journal::newest_of(install, &leads_here)?;
        let good = install.releases()?.into_iter().rev();
        let good = good.filter(|release| !bad.has(&release.version));
        Ok(Self {
            run: newest.map_or_else(Vec::new, |journal| {
                vec![journal.plan().from.clone(), journal.plan().to.clone()]
            }),
            previous: previous.map(|journal| journal.plan().from.clone()),
            newest: good.take(keep).map(|release| release.version).collect(),
            current,
            keep,
        })
    }

    fn reason(&self, release: &Release) -> Option<String> {
        let version = &release.version;
        if self.current.is_none() {
            Some("which release is current isn't known".into())
        } else if self.current.as_ref() == Some(version) {
            Some("it is the current one".into())
        } else if self.previous.as_ref() == Some(version) {
            Some("it is the previous one".into())
        } else if self.run.contains(version) {
            Some("the last run may be rolled back".into())
        } else if self.newest.contains(version) {
            Some(format!("it is one of the {} newest", self.keep))
        } else if release.path.is_symlink() {
            Some("it is a symlink, and what that leads to isn't its own".into())
        } else if !release.is_complete {
            Some("it has no compose file, so that its volumes aren't known".into())
        } else {
            None
        }
    }
}

fn read(install: &Install, release: &Release) -> Result<ReadRelease, String> {
    let told = |error: &dyn std::error::Error| format!("it can't be read: {error}");
    let how = ReadOptions::recorded(install, release).map_err(|error| told(&error))?;
    let untouched = std::collections::BTreeMap::new();
    let files = ReleaseFiles::read(release, &release.path, &how, &untouched);
    let files = files.map_err(|error: ReleasesError| told(&error))?;
    Ok(ReadRelease {
        release: release.clone(),
        model: files.model,
    })
}

/// Who uses the release's folder or its volumes; containers that are stopped would find nothing.
fn in_use(read: &ReadRelease, volumes: &dyn VolumeStore) -> Result<Option<String>, PruneError> {
    let told = |what: &str, users: &Users| {
        let first = users.found.first().map(|user| match user.running {
            true => format!("{what} is in use by {}", user.who),
            false => format!(
                "{what} is used by {}, which is stopped: remove that first",
                user.who
            ),
        });
        let unknown = users.unknown.as_ref();
        first.or_else(|| unknown.map(|why| format!("whether {what} is in use isn't known: {why}")))
    };
    let folder = volumes.users(&ByPath::volume(&read.release.path))?;
    if let Some(because) = told("its folder", &folder) {
        return Ok(Some(because));
    }
    for volume in read
        .model
        .volumes
        .values()
        .filter(|volume| !volume.external)
    {
        if let Some(found) = volumes.find(&volume.name)? {
            let users = volumes.users(&found)?;
            if let Some(because) = told(&format!("volume `{}`", found.name), &users) {
                return Ok(Some(because));
            }
        }
    }
    Ok(None)
}

/// What the releases that stay have.
struct Staying {
    /// The names of all of their volumes.
    names: BTreeSet<String>,
    /// Their own volumes, by key.
    keys: Vec<(String, String)>,
    /// What the holds of their images are called by.
    slugs: BTreeSet<String>,
    /// Whether all of them could be read.
    is_known: bool,
}

impl Staying {
    fn of(releases: &[Result<ReadRelease, String>], kept: &[KeptRelease]) -> Self {
        let volumes = releases
            .iter()
            .flatten()
            .flat_map(|read| &read.model.volumes);
        let keys = volumes.map(|(key, volume)| (key.clone(), volume.name.clone()));
        let keys: Vec<_> = keys.collect();
        Self {
            names: keys.iter().map(|(_, name)| name.clone()).collect(),
            keys,
            slugs: kept.iter().map(|release| release.version.slug()).collect(),
            is_known: releases.iter().all(Result::is_ok),
        }
    }

    /// Why a volume stays.
    fn reason(
        &self,
        key: &str,
        name: &str,
        volumes: &dyn VolumeStore,
        progress: &dyn Progress,
    ) -> Result<Option<String>, PruneError> {
        if !self.is_known {
            return Ok(Some(
                "a release that stays can't be read, and may use it".into(),
            ));
        }
        if self.names.contains(name) {
            return Ok(Some("a release that stays uses it".into()));
        }
        for (_, other) in self.keys.iter().filter(|(other, _)| other == key) {
            let Some(found) = volumes.find(other)? else {
                continue;
            };
            if volumes.contents().holds(&found, progress)? == Holds::Something {
                return Ok(None);
            }
        }
        Ok(Some(
            "no release that stays has data of that key: it may be the last copy".into(),
        ))
    }
}

fn prune(
    install: &Install,
    read: ReadRelease,
    stays: &Staying,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<PrunedRelease, PruneError> {
    let version = read.release.version;
    let (mut going, mut left) = (Vec::new(), Vec::new());
    for (key, volume) in &read.model.volumes {
        let Some(found) = volumes.find(&volume.name)? else {
            continue;
        };
        let because = match volume.external || volume.is_device() {
            true => Some("it is outside of the release".to_owned()),
            false => stays.reason(key, &volume.name, volumes, progress)?,
        };
        match because {
            Some(because) => left.push((found.name, because)),
            None => going.push(PrunedVolume {
                bytes: volumes.contents().survey(&found, progress)?.bytes,
                name: found.name,
            }),
        }
    }
    // The release itself goes last: without it nobody finds what else is left.
    let folders = [
        install.manifests().join(version.as_str()),
        install.pristine(&version),
        install.release_folder(&version),
    ];
    let mut folders = folders.to_vec();
    folders.retain(|folder| folder.is_dir());
    let mut bytes = 0;
    for folder in &folders {
        bytes += tree::survey(folder)?.allocated;
    }
    let held = match stays.slugs.contains(&version.slug()) {
        // They are another's as well.
        true => Ok(Vec::new()),
        false => holds(install, &version, volumes)?,
    };
    Ok(PrunedRelease {
        plans: plans(install, &version)?,
        holds_unknown: held.as_ref().err().cloned(),
        holds: held.unwrap_or_default(),
        version,
        folders,
        volumes: going,
        left,
        bytes,
    })
}

/// The plans that lead to a release, or from it.
fn plans(install: &Install, version: &Version) -> Result<Vec<PathBuf>, PruneError> {
    let folder = install.plans();
    let listed = document::in_order(&folder);
    let mut found = Vec::new();
    for path in listed.map_err(|source| PruneError::Io {
        path: folder,
        source,
    })? {
        let plan: Plan = document::load(super::plan::FORMAT, &path)?;
        if [&plan.from, &plan.to].contains(&version) {
            found.push(path);
        }
    }
    Ok(found)
}

/// The images that are held for a release, or why that can't be known.
fn holds(
    install: &Install,
    version: &Version,
    volumes: &dyn VolumeStore,
) -> Result<Observed<Vec<ImageHold>>, PruneError> {
    let Some(identity) = install.identity()? else {
        return Ok(Ok(Vec::new()));
    };
    let Some(docker) = volumes.docker() else {
        return Ok(Err("no Docker engine is there to be asked".into()));
    };
    let images = match local_images(docker) {
        Ok(images) => images.into_iter(),
        // Folders can be removed without an engine.
        Err(error) if volumes.server().is_none() => return Ok(Err(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let held = images.filter_map(|image| {
        let hold = ImageHold::new(&identity.id, &version.slug(), &image.id);
        let name = format!("{}:{}", image.repository, image.tag?);
        (name == hold.tag).then_some(hold)
    });
    Ok(Ok(held.collect()))
}

//! The doctor's examination of an install: all that the rules look at is observed, and whatever stands
//! against an upgrade is found, without a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::database_look::DatabaseLook;
use super::decisions::Decisions;
use super::facts::FactsError;
use super::neighbours::{Neighbourhood, asked};
use super::obstacle::Obstacle;
use super::planner::all_obstacles;
use super::prepare::{ObservedUpgrade, PrepareError, observe};
use super::release_files::{ReadOptions, ReleaseFiles};
use super::releases_error::ReleasesError;
use crate::clock;
use crate::compose::Model;
use crate::doctor::{
    self, DatabaseFacts, DoctorFacts, EngineFacts, Finding, NeighbourFacts, Observed, RULES, Room,
    Severity, VolumeUse,
};
use crate::engine::{
    Compose, Container, Docker, ExceptProject, VolumeStore, local_images, missing_images,
};
use crate::env_file::{EnvEntry, EnvFile};
use crate::progress::Progress;
use crate::release::{Install, Version};
use crate::tree;
use crate::upgrade::plan::{Plan, PlanError};
use crate::upgrade::request::Request;

/// What stands against the upgrade that is asked for, or any, and what should be known; worst first.
///
/// # Errors
/// [`PrepareError`]: something can't be read.
pub fn examine(
    install: &Install,
    request: Option<&Request>,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<Vec<Finding>, PrepareError> {
    let (facts, obstacles) = match request {
        Some(request) => of_upgrade(install, request, volumes, progress)?,
        None => (of_release_in_use(install, volumes)?, Vec::new()),
    };
    let mut found: Vec<Finding> = RULES.iter().flat_map(|rule| (rule.check)(&facts)).collect();
    // What a rule has found stands against the plan as well, and is told once.
    found.extend(obstacles.iter().map(Obstacle::finding));
    found.sort();
    found.dedup();
    Ok(found)
}

/// The facts for an upgrade, and what its planner has against it.
fn of_upgrade(
    install: &Install,
    request: &Request,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<(DoctorFacts, Vec<Obstacle>), PrepareError> {
    let ObservedUpgrade {
        releases,
        decisions,
        facts,
        databases,
        neighbours,
    } = observe(install, request, volumes, progress)?;
    let obstacles = all_obstacles(releases.shipment.as_ref(), &decisions, &facts);
    let uses = decisions.volumes.iter().zip(&facts.volumes);
    let uses = uses.map(|(pair, seen)| VolumeUse {
        name: pair.source.clone(),
        users: seen.users.clone(),
    });
    let Decisions {
        model,
        from_project,
        to,
        ..
    } = &decisions;
    let place = Place {
        install,
        volumes,
        old: &releases.old,
        project: from_project,
    };
    let facts = place.facts(model, neighbours, databases, uses.collect(), Some(to))?;
    Ok((
        DoctorFacts {
            old: Some(releases.old.model.clone()),
            ..facts
        },
        obstacles,
    ))
}

/// The facts of the release in use.
fn of_release_in_use(
    install: &Install,
    volumes: &dyn VolumeStore,
) -> Result<DoctorFacts, PrepareError> {
    let release = install.active().map_err(ReleasesError::from)?;
    let how = ReadOptions::recorded(install, &release)?;
    let untouched = BTreeMap::new();
    let old = ReleaseFiles::read(&release, &release.path, &how, &untouched)?;
    let look = DatabaseLook {
        model: &old.model,
        old: &old.model,
        project: &old.model.project,
        rules: &[],
        folder: &old.folder,
        clone: None,
        pairs: None,
        copies: &[],
        volumes,
    };
    let databases = look.facts().map_err(FactsError::from)?;
    let mut uses = Vec::new();
    for volume in old.model.volumes.values() {
        let found = volumes.find(&volume.name).map_err(FactsError::from)?;
        if let Some(found) = found {
            let users = volumes.users(&found).map_err(FactsError::from)?;
            uses.push(VolumeUse {
                name: found.name,
                users: users.writing(),
            });
        }
    }
    let model = &old.model;
    let place = Place {
        install,
        volumes,
        old: &old,
        project: &model.project,
    };
    let neighbourhood = Neighbourhood {
        model,
        own: ExceptProject {
            project: &model.project,
            folder: &model.project_dir,
        },
        replaced: None,
    };
    place.facts(model, neighbourhood.look(volumes), databases, uses, None)
}

/// Where the release in use is, and runs.
struct Place<'a> {
    install: &'a Install,
    volumes: &'a dyn VolumeStore,
    old: &'a ReleaseFiles,
    project: &'a str,
}

impl Place<'_> {
    fn facts(
        &self,
        model: &Model,
        neighbours: NeighbourFacts,
        databases: DatabaseFacts,
        volumes: Vec<VolumeUse>,
        to: Option<&Version>,
    ) -> Result<DoctorFacts, PrepareError> {
        let mut releases: Vec<_> = self.install.all_releases().map_err(ReleasesError::from)?;
        releases.retain(|release| release.is_complete);
        let releases = releases.into_iter().map(|release| release.version);
        let mut releases: BTreeSet<Version> = releases.collect();
        releases.extend(to.cloned());
        Ok(DoctorFacts {
            model: model.clone(),
            old: None,
            databases,
            engine: asked(self.volumes, engine),
            has_engine_volumes: self.volumes.server().is_some(),
            missing_images: asked(self.volumes, |docker| missing(docker, model)),
            containers: asked(self.volumes, |docker| {
                Container::of_project(docker, self.project).map_err(|error| error.to_string())
            }),
            neighbours,
            volumes,
            rooms: self.rooms()?,
            readable: self.readable(),
            releases: releases.into_iter().collect(),
            now: clock::now(),
            newest: self.newest()?,
        })
    }

    /// The filesystems of the releases, of the volumes, and of what is temporary; each once.
    fn rooms(&self) -> Result<Vec<Room>, PrepareError> {
        let mut folders = vec![self.install.releases_folder(), std::env::temp_dir()];
        let reached = self.volumes.folder().map_err(FactsError::from)?;
        folders.insert(1, reached);
        let mut seen = BTreeSet::new();
        let mut rooms = Vec::new();
        // What isn't there is another machine's.
        for path in folders.into_iter().filter(|path| path.is_dir()) {
            let device = fs::metadata(&path).map(|metadata| metadata.dev());
            if device.is_ok_and(|device| seen.insert(device)) {
                let tree::Capacity { free, size, inodes } =
                    tree::capacity(&path).map_err(FactsError::from)?;
                rooms.push(Room {
                    path,
                    free,
                    size,
                    inodes,
                });
            }
        }
        Ok(rooms)
    }

    /// Files of the release in use that have secrets, and that everybody may read.
    fn readable(&self) -> Vec<PathBuf> {
        let model = &self.old.model;
        let services = model.services.values();
        let variables = services.flat_map(|service| service.env_files.iter().cloned());
        let variables = variables.chain([self.old.folder.join(".env")]);
        let has_secret =
            |path: &PathBuf| fs::read(path).is_ok_and(|bytes| has_secret(path, &bytes));
        let secrets = model
            .secrets
            .values()
            .filter_map(|secret| secret.file.clone());
        let files: BTreeSet<PathBuf> = variables.filter(has_secret).chain(secrets).collect();
        files.into_iter().filter(|path| is_open(path)).collect()
    }

    /// What was made last, by its own time.
    fn newest(&self) -> Result<Option<(String, Timestamp)>, PrepareError> {
        match Plan::find(self.install, None) {
            Ok(plan) => Ok(Some((format!("plan {}", plan.id), plan.made))),
            Err(PlanError::None { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether a file of variables has one that sounds secret, with a value.
fn has_secret(path: &Path, bytes: &[u8]) -> bool {
    let file = EnvFile::parse(path, bytes);
    file.is_ok_and(|file| {
        let has_value =
            |entry: &EnvEntry| entry.value.as_ref().is_some_and(|value| !value.is_empty());
        let mut entries = file.entries().iter();
        entries.any(|entry| doctor::sounds_secret(&entry.key) && has_value(entry))
    })
}

/// Whether every user of the machine may read it: itself, and the folders above.
fn is_open(path: &Path) -> bool {
    let mode = |path: &Path| fs::metadata(path).map(|metadata| metadata.permissions().mode());
    let may_pass = |folder: &Path| mode(folder).is_ok_and(|mode| mode & 0o001 != 0);
    mode(path).is_ok_and(|mode| mode & 0o004 != 0) && path.ancestors().skip(1).all(may_pass)
}

fn engine(docker: &Docker) -> Observed<EngineFacts> {
    let server = docker.server().map_err(|error| error.to_string())?;
    let compose = Compose::find(docker).map_err(|error| error.to_string());
    Ok(EngineFacts {
        version: server.version,
        clock: server.clock,
        compose: compose.map(|compose| compose.version().to_owned()),
    })
}

fn missing(docker: &Docker, model: &Model) -> Observed<Vec<String>> {
    let have = local_images(docker).map_err(|error| error.to_string())?;
    let wanted = model.images_to_have();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let missing = missing_images(&have, &wanted);
    Ok(missing.into_iter().map(str::to_owned).collect())
}

impl Obstacle {
    /// As a finding, by an id that scripts can rely on.
    fn finding(&self) -> Finding {
        let rule = match self {
            Self::Found(finding) => return finding.clone(),
            Self::SameRelease { .. } => "release-in-use",
            Self::SameProject { .. } => "project-name",
            Self::NoVolume { .. } => "volume-missing",
            Self::SameVolume { .. } | Self::OldVolumeUsed { .. } => "volume-shared",
            Self::TargetFull { .. } => "volume-full",
            Self::CopyUnused { .. } => "copy-unused",
            Self::NoImages { .. } => "image-missing",
            Self::NoSpace(_) => "space",
            Self::DataMoved { .. }
            | Self::DataLeft { .. }
            | Self::DataShifted { .. }
            | Self::NotCarried { .. }
            | Self::AnothersData { .. } => "data-moved",
            Self::ImagePinned { .. } => "image-pinned",
            Self::ImageRuleIdle { .. } => "image-rule-idle",
            Self::OldComposeFile { .. } => "compose-file-renamed",
            Self::UnseenData { .. } | Self::UnseenUnknown { .. } => "data-unseen",
            Self::OutsideData { .. } | Self::StillOutside { .. } => "data-outside",
            Self::NoFolder { .. } => "folder-missing",
            Self::FolderTaken { .. } => "folder-full",
            Self::Unset { .. } => "variable-unset",
            Self::VariableRenamed { .. } => "variable-renamed",
            Self::ComposeRefuses { .. } => "compose-refuses",
            Self::ComposeDiffers { .. } => "compose-differs",
            Self::NoFile { .. } => "file-missing",
            Self::NotUtf8 { .. } => "name-not-utf8",
            Self::LinkEdited { .. } => "link-edited",
            Self::NoImage { .. } => "image-unsaid",
            Self::Undefined { .. } => "undefined",
            Self::SkippedHop(_) => "path",
            Self::BelowMinimum { .. } => "minimum-version",
            Self::TagOutOfReach { .. } => "tag-out-of-reach",
        };
        let severity = match self {
            Self::UnseenUnknown { .. } => Severity::Unknown,
            _ => Severity::Error,
        };
        Finding::new(
            severity,
            rule,
            self.to_string(),
            self.ways_out().join("; or "),
        )
    }
}

/// The ids of what the planner alone finds, with what each is about.
pub const PLANNERS: [(&str, &str); 25] = [
    (
        "compose-file-renamed",
        "compose files of the old release by whose names the vendor's new ones wouldn't be read",
    ),
    (
        "compose-differs",
        "files that Compose reads otherwise than transship",
    ),
    ("compose-refuses", "files that Compose refuses"),
    (
        "copy-unused",
        "copies of volumes that the new release wouldn't use",
    ),
    (
        "data-moved",
        "services whose data would be under another key or in another place",
    ),
    (
        "data-outside",
        "data outside of both releases, of which nobody said whose it is to be",
    ),
    (
        "data-unseen",
        "data of containers that no compose file names",
    ),
    (
        "file-missing",
        "files that Compose will read and that aren't there",
    ),
    (
        "folder-full",
        "places for copies of folders that hold something",
    ),
    ("folder-missing", "folders to be copied that aren't there"),
    (
        "image-pinned",
        "variables and overrides that hold an old image",
    ),
    ("image-rule-idle", "rules for images that lead to none"),
    (
        "image-unsaid",
        "services of which nothing says what they run",
    ),
    (
        "link-edited",
        "compose files to be edited that lead out of their release",
    ),
    (
        "minimum-version",
        "services and databases that are older than the recipe wants them",
    ),
    ("name-not-utf8", "files whose names no plan can hold"),
    (
        "path",
        "an upgrade that the recipe doesn't allow in one hop",
    ),
    ("release-in-use", "an upgrade to the release that is in use"),
    (
        "tag-out-of-reach",
        "variables with the tag of an image that no step changes",
    ),
    ("undefined", "volumes and networks that no file defines"),
    (
        "variable-renamed",
        "variables that are set and that the new release calls otherwise",
    ),
    ("variable-unset", "variables that nobody has set"),
    ("volume-full", "new volumes that hold something already"),
    ("volume-missing", "volumes to be copied that aren't there"),
    ("volume-shared", "volumes that both releases would write"),
];

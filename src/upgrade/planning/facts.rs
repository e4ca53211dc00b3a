//! What was observed of the world for the decisions: which volumes are there, how large,
//! who uses them, what is free. Only reads.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::compose_config::ComposeWord;
use super::decisions::{Decisions, OutsideFolder};
use super::hops::SkippedHop;
use super::image_facts::ImageFacts;
use super::obstacle::Obstacle;
use super::unseen::UnseenFacts;
use super::unwell_checks::UnwellCheck;
use super::volume_pair::VolumePair;
use super::whose::CarriedPath;
use crate::doctor::Finding;
use crate::document::DocumentError;
use crate::engine::{self, ByPath, Users, VolumeStore};
use crate::error::{Code, Explain, Kind, root_hint};
use crate::launch::CloneBindings;
use crate::progress::Progress;
use crate::release::{Install, Version};
use crate::tree::{self, Exclude, Holds, Survey, SurveyOptions};
use crate::upgrade::data_places::below_release;
use crate::upgrade::request::recorded;

/// The device number that stands for a filesystem of another machine; no real one has it.
const ELSEWHERE: u64 = u64::MAX;

/// The observations that a plan is made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// What the rules on databases found.
    pub findings: Vec<Finding>,
    /// What the recipe's rules have against one hop.
    pub skipped_hop: Option<SkippedHop>,
    /// What is older than the recipe's rules want it, or may be.
    pub below_minimum: Vec<Obstacle>,
    /// The recipe's checks that aren't well already, where the old release is to be stopped.
    pub unwell_checks: Vec<UnwellCheck>,
    /// The text of the symlink `current`, relative where it leads into the install; `None` when there
    /// is none.
    pub current: Option<PathBuf>,
    /// For each of the volumes to be copied, what was found.
    pub volumes: Vec<VolumeFacts>,
    /// For each of the folders of the host to be copied, what was found.
    pub folders: Vec<FolderFacts>,
    /// For each of the paths to be carried, what was found.
    pub carry: Vec<CarryFacts>,
    /// The release's images, where an archive of them is to be loaded.
    pub images: Option<ImageFacts>,
    /// What the old release keeps where no compose file names it.
    pub unseen: UnseenFacts,
    /// What Compose says of the new release, where it was asked.
    pub compose: Option<ComposeWord>,
    /// The filesystem that holds `releases/`.
    pub releases: Filesystem,
    /// The filesystem that new volumes are made on.
    pub volume_room: Filesystem,
    /// The place where volumes live, for messages.
    pub place: String,
}

/// A volume to be copied and the one to be made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VolumeFacts {
    /// What the source holds; `None` when there is no such volume.
    pub source: Option<Survey>,
    /// Containers or processes that write the source now.
    pub users: Users,
    /// Whether the target is there and holds something.
    pub target_full: bool,
    /// Names of volumes that end like the missing source's key.
    pub similar: Vec<String>,
}

/// A folder of the host to be copied into the new release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderFacts {
    /// What it holds; `None` when there is nothing.
    pub source: Option<Survey>,
    /// Containers or processes that write it now.
    pub users: Users,
    /// Whether the new release has something where the copy is to be.
    pub in_new: bool,
}

/// A path to be carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CarryFacts {
    /// What the old release has there; `None` when nothing.
    pub old: Option<Survey>,
    /// Whether the new release has something there.
    pub in_new: bool,
}

/// A filesystem and the room on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filesystem {
    /// A folder on it.
    pub path: PathBuf,
    /// The device number: equal for folders on one filesystem.
    pub device: u64,
    /// Bytes free for this user.
    pub free: u64,
    /// Files that may still be made on it; nothing where that has no bound, or isn't known.
    pub inodes: Option<u64>,
}

/// Why the world couldn't be observed.
#[derive(Debug, Error)]
pub enum FactsError {
    /// A system call failed.
    #[error("can't look at `{}`", path.display())]
    Io {
        /// On what.
        path: PathBuf,
        /// The error of the system call.
        source: io::Error,
    },
    /// Tree work failed.
    #[error(transparent)]
    Tree(#[from] tree::Error),
    /// The place where volumes live.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// It can't be known whether the install is a rehearsal's clone.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl Explain for FactsError {
    fn code(&self) -> Code {
        match self {
            Self::Io { .. } => Code::Unreadable,
            Self::Tree(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::Document(error) => error.code(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Io { .. } => Kind::Refused,
            Self::Tree(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::Document(error) => error.kind(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Io { .. } => root_hint("run it as root, for example with `sudo`", None),
            Self::Tree(error) => error.hints(),
            Self::Engine(error) => error.hints(),
            Self::Document(error) => error.hints(),
        }
    }
}

impl Facts {
    /// Observes what the upgrade touches.
    ///
    /// # Errors
    /// [`FactsError`].
    pub fn observe(
        install: &Install,
        decisions: &Decisions,
        volumes: &dyn VolumeStore,
        progress: &dyn Progress,
    ) -> Result<Self, FactsError> {
        let old = install.release_folder(&decisions.from);
        Ok(Self {
            findings: Vec::new(),
            skipped_hop: None,
            below_minimum: Vec::new(),
            unwell_checks: Vec::new(),
            current: fs::read_link(install.current_link())
                .ok()
                .map(|target| recorded(install, &target)),
            volumes: decisions
                .volumes
                .iter()
                .map(|pair| volume(pair, &decisions.new_folder, volumes, progress))
                .collect::<Result<_, _>>()?,
            folders: decisions
                .folders
                .iter()
                .map(|pair| folder(pair, decisions, install, volumes))
                .collect::<Result<_, _>>()?,
            carry: decisions
                .carry
                .iter()
                .map(|carry| carried(&old, carry))
                .collect::<Result<_, _>>()?,
            images: None,
            unseen: UnseenFacts::default(),
            compose: None,
            releases: Filesystem::at(&install.releases_folder())?,
            volume_room: volume_room(volumes, progress)?,
            place: volumes.describe(),
        })
    }
}

fn volume_room(
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<Filesystem, FactsError> {
    let path = volumes.folder()?;
    match volumes.contents().free(progress)? {
        None => Filesystem::at(&path),
        Some(free) => Ok(Filesystem {
            path,
            device: ELSEWHERE,
            free,
            inodes: None,
        }),
    }
}

fn volume(
    pair: &VolumePair,
    new_folder: &Path,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<VolumeFacts, FactsError> {
    let contents = volumes.contents();
    let target_full = if let Some(place) = below_release(&pair.target) {
        new_folder.join(place).symlink_metadata().is_ok()
    } else if let Some(target) = volumes.find(&pair.target)? {
        contents.holds(&target, progress)? != Holds::Nothing
    } else {
        false
    };
    let Some(source) = volumes.find(&pair.source)? else {
        let similar = volumes.list()?.into_iter().map(|volume| volume.name);
        let similar = similar.filter(|name| name.ends_with(&pair.key)).collect();
        return Ok(VolumeFacts {
            target_full,
            similar,
            ..VolumeFacts::default()
        });
    };
    let users = volumes.users(&source)?.writing();
    let survey = contents.survey(&source, progress)?;
    Ok(VolumeFacts {
        source: Some(survey),
        users,
        target_full,
        similar: Vec::new(),
    })
}

fn folder(
    pair: &OutsideFolder,
    decisions: &Decisions,
    install: &Install,
    volumes: &dyn VolumeStore,
) -> Result<FolderFacts, FactsError> {
    let from = release_path(&decisions.from).join(&pair.from);
    let source = CloneBindings::place(install, &from)?;
    let in_new = decisions
        .new_folder
        .join(&pair.to)
        .symlink_metadata()
        .is_ok();
    if source.symlink_metadata().is_err() {
        return Ok(FolderFacts {
            in_new,
            ..FolderFacts::default()
        });
    }
    Ok(FolderFacts {
        users: volumes.users(&ByPath::volume(&source))?.writing(),
        source: Some(tree::survey(&source)?),
        in_new,
    })
}

fn carried(old: &Path, carry: &CarriedPath) -> Result<CarryFacts, FactsError> {
    let old = old.join(&carry.path);
    let there = old.symlink_metadata().is_ok();
    let old = if there && carry.exclude.is_empty() {
        Some(tree::survey(&old)?)
    } else if there {
        let exclude = carry.exclude.iter().map(|path| path.as_os_str().as_bytes());
        let options = SurveyOptions {
            exclude: Exclude::paths(exclude),
            ..SurveyOptions::default()
        };
        Some(tree::survey_of(&old, &options)?)
    } else {
        None
    };
    Ok(CarryFacts {
        old,
        in_new: carry.replaces,
    })
}

impl Filesystem {
    /// The room at `path`, or at the nearest folder above it that exists.
    fn at(path: &Path) -> Result<Self, FactsError> {
        let there = path
            .ancestors()
            .find(|folder| folder.is_dir())
            .unwrap_or(path);
        let io = |source| FactsError::Io {
            path: there.into(),
            source,
        };
        let capacity = tree::capacity(there)?;
        Ok(Self {
            path: there.into(),
            device: there.metadata().map_err(io)?.dev(),
            free: capacity.free,
            inodes: capacity.inodes.map(|(free, _)| free),
        })
    }
}

impl CarryFacts {
    /// Bytes that carrying takes.
    pub fn bytes(&self) -> u64 {
        self.old.map_or(0, |survey| survey.allocated)
    }
}

/// The folder name of a release as a path in the install.
pub(crate) fn release_path(version: &Version) -> PathBuf {
    Install::current_target(version)
}

//! From a request to a plan: read, decide, observe, plan. Nothing is changed on the way.

use std::path::PathBuf;

use super::compose_config;
use super::database_look::DatabaseLook;
use super::decisions::Decisions;
use super::facts::Facts;
use super::facts::FactsError;
use super::hops::SkippedHop;
use super::image_facts::{ImageFacts, ImagesError};
use super::minimum_versions;
use super::neighbours;
use super::obstacle::Refused;
use super::planner::{self, PlanLabel};
use super::release_changes::ReleaseChanges;
use super::releases::Releases;
use super::releases_error::ReleasesError;
use super::unseen::UnseenFacts;
use super::unwell_checks::UnwellCheck;
use crate::clock;
use crate::compose;
use crate::doctor::{self, DatabaseFacts, NeighbourFacts};
use crate::engine::VolumeStore;
use crate::error::{Code, ErrorPart, Explain, Kind};
use crate::fs::Disk;
use crate::launch::CloneBindings;
use crate::progress::Progress;
use crate::release::{IdentityError, Install};
use crate::upgrade::data_places::DataPlaces;
use crate::upgrade::plan::Plan;
use crate::upgrade::plan::PlanError;
use crate::upgrade::request::{Request, recorded};
use crate::upgrade::running::journal::JournalError;

/// A plan with what it was made from, for showing differences.
#[derive(Debug)]
pub struct Prepared {
    /// The install's folder, absolute: relative paths of the plan begin there.
    pub root: PathBuf,
    /// The plan.
    pub plan: Plan,
    /// The old and the new release, as they were read.
    pub releases: Releases,
    /// What the upgrade touches, decided from both releases.
    pub decisions: Decisions,
    /// Databases on disk, and what will open them.
    pub databases: DatabaseFacts,
    /// What it changes, service by service.
    pub changes: ReleaseChanges,
}

/// Why no plan was made: something can't be read, or stands against it.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The releases can't be read.
    #[error(transparent)]
    Releases(#[from] ReleasesError),
    /// What is asked for can't be decided.
    #[error(transparent)]
    Decisions(#[from] compose::Error),
    /// The world can't be observed.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The images can't be observed.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// Something stands against it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The install's id can't be read.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The saved plans can't be read.
    #[error(transparent)]
    Saved(#[from] PlanError),
    /// A run can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl PrepareError {
    fn inner(&self) -> &dyn Explain {
        match self {
            Self::Releases(error) => error,
            Self::Decisions(error) => error,
            Self::Facts(error) => error,
            Self::Images(error) => error,
            Self::Refused(error) => error,
            Self::Identity(error) => error,
            Self::Saved(error) => error,
            Self::Journal(error) => error,
        }
    }
}

impl Explain for PrepareError {
    fn code(&self) -> Code {
        self.inner().code()
    }

    fn kind(&self) -> Kind {
        self.inner().kind()
    }

    fn hints(&self) -> Vec<String> {
        self.inner().hints()
    }

    fn parts(&self) -> Vec<ErrorPart> {
        self.inner().parts()
    }
}

/// What was read and observed for an upgrade, and decided, before it is planned.
pub(super) struct ObservedUpgrade {
    pub(super) releases: Releases,
    pub(super) decisions: Decisions,
    pub(super) facts: Facts,
    pub(super) databases: DatabaseFacts,
    pub(super) neighbours: NeighbourFacts,
}

/// Reads, decides and observes, and tells what it is at: that may take a while.
///
/// # Errors
/// [`PrepareError`], but for [`PrepareError::Refused`].
pub(super) fn observe(
    install: &Install,
    request: &Request,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<ObservedUpgrade, PrepareError> {
    let observed = observe_in_turn(install, request, volumes, progress);
    progress.finish();
    observed
}

fn observe_in_turn(
    install: &Install,
    request: &Request,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<ObservedUpgrade, PrepareError> {
    let volumes: &dyn VolumeStore = &DataPlaces { install, volumes };
    progress.start("looking at the releases", None);
    let releases = Releases::read(&Disk::new(), install, request, progress)?;
    let decisions = Decisions::of(request, &releases)?;
    progress.start("looking at what is to be copied", None);
    let mut facts = Facts::observe(install, &decisions, volumes, progress)?;
    let (from, to) = (&decisions.from, &decisions.to);
    facts.skipped_hop = SkippedHop::find(install, &releases.recipe, from, to)?;
    let archive = request.image_archive.as_ref();
    let archive = archive.map(|path| install.root().join(path));
    let images = archive.map(|path| ImageFacts::observe(&path, &decisions, volumes, progress));
    facts.images = images.transpose()?;
    progress.start("looking at containers and databases", None);
    let (old, project) = (&releases.old.model, &decisions.from_project);
    facts.unseen =
        UnseenFacts::observe(old, project, volumes, progress).map_err(FactsError::from)?;
    let clone = CloneBindings::of(install).map_err(FactsError::from)?;
    let look = DatabaseLook {
        model: &decisions.model,
        old,
        project,
        rules: &releases.recipe.databases,
        folder: &releases.old.folder,
        clone: clone.as_ref(),
        pairs: Some(&decisions.volumes),
        copies: &decisions.folders,
        volumes,
    };
    let databases = look.facts().map_err(FactsError::from)?;
    if request.up {
        facts.unwell_checks = UnwellCheck::all(&decisions.checks);
    }
    facts.below_minimum = minimum_versions::lacking(&releases.recipe.path, &decisions, &databases);
    facts.findings = doctor::of_databases(&decisions.model, &databases);
    let neighbours = neighbours::of_upgrade(install, &releases.old, &decisions, volumes)?;
    if request.up {
        facts.findings.extend(doctor::of_neighbours(&neighbours));
    }
    progress.start("asking Compose about the new release", None);
    let docker = volumes.docker();
    let word = compose_config::ask(&Disk::new(), docker, request, &releases, &decisions);
    facts.compose = Some(word);
    Ok(ObservedUpgrade {
        releases,
        decisions,
        facts,
        databases,
        neighbours,
    })
}

/// Makes a plan for `request`.
///
/// # Errors
/// [`PrepareError`].
pub fn prepare(
    install: &Install,
    request: &Request,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<Prepared, PrepareError> {
    let ObservedUpgrade {
        releases,
        decisions,
        facts,
        databases,
        ..
    } = observe(install, request, volumes, progress)?;
    let made = clock::now();
    let label = PlanLabel {
        id: Plan::new_id(install, made, &request.version)?,
        made,
        install: install.identity()?.map(|identity| identity.id),
    };
    let shipment = releases.shipment.as_ref();
    let mut plan = planner::plan(label, request, shipment, &decisions, &facts)?;
    for space in &mut plan.estimate.space {
        space.path = recorded(install, &space.path);
    }
    let changes = ReleaseChanges::of(&releases.old.model, &decisions, &facts, &plan);
    Ok(Prepared {
        changes,
        root: install.root().to_owned(),
        plan,
        releases,
        decisions,
        databases,
    })
}

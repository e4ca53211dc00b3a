//! From a request to a plan: read, decide, observe, plan. Nothing is changed on the way.

use super::facts::FactsError;
use super::image_facts::{ImageFacts, ImagesError};
use super::planner::{self, Refused};
use super::releases::SidesError;
use crate::clock;
use crate::compose;
use crate::engine::VolumeStore;
use crate::error::{Explain, Kind};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::release::Install;
use crate::upgrade::plan::PlanError;
use crate::upgrade::{Facts, Outline, Plan, Request, Sides};

/// A plan with what it was made from, for showing differences.
#[derive(Debug)]
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// Both releases.
    pub sides: Sides,
    /// What the upgrade touches.
    pub outline: Outline,
}

/// Why no plan was made.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The releases can't be read.
    #[error(transparent)]
    Sides(#[from] SidesError),
    /// What is asked for can't be decided.
    #[error(transparent)]
    Outline(#[from] compose::Error),
    /// The world can't be observed.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The images can't be observed.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// Something stands against it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The saved plans can't be read.
    #[error(transparent)]
    Saved(#[from] PlanError),
}

impl PrepareError {
    fn inner(&self) -> &dyn Explain {
        match self {
            Self::Sides(error) => error,
            Self::Outline(error) => error,
            Self::Facts(error) => error,
            Self::Images(error) => error,
            Self::Refused(error) => error,
            Self::Saved(error) => error,
        }
    }
}

impl Explain for PrepareError {
    fn kind(&self) -> Kind {
        self.inner().kind()
    }

    fn hints(&self) -> Vec<String> {
        self.inner().hints()
    }
}

/// Makes a plan for `request`.
pub fn prepare(
    install: &Install,
    request: &Request,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<Prepared, PrepareError> {
    let sides = Sides::read(&Disk::new(), install, request, progress)?;
    let outline = Outline::of(request, &sides)?;
    let mut facts = Facts::observe(install, &outline, volumes, progress)?;
    let archive = request.image_archive.as_deref();
    let images = archive.map(|path| ImageFacts::observe(path, &outline, volumes, progress));
    facts.images = images.transpose()?;
    let made = clock::now();
    let id = Plan::new_id(install, made, &request.version)?;
    let plan = planner::plan(id, made, request, sides.shipment.as_ref(), &outline, &facts)?;
    Ok(Prepared {
        plan,
        sides,
        outline,
    })
}

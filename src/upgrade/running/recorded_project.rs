//! The compose project that a run recorded for a release: whoever starts, stops or looks at the
//! release later uses that, and not what Compose would choose by itself, which may have other
//! and empty volumes.

use std::path::PathBuf;

use super::journal::{Journal, JournalError};
use crate::release::{Install, Version};
use crate::upgrade::projects::Arrangement;

/// A release's project, and the release beside which its run had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedProject {
    /// The project's name, as `-p` takes it.
    pub project: String,
    /// The files of variables that it was planned with, absolute; those that Compose reads by itself
    /// when empty.
    pub env_files: Vec<PathBuf>,
    /// The profiles that it was planned with; those of `COMPOSE_PROFILES` when empty.
    pub profiles: Vec<String>,
    /// The other release of that run.
    pub other: Version,
    /// The other release's project.
    pub other_project: String,
    /// How the two share an engine.
    pub arrangement: Arrangement,
}

impl RecordedProject {
    /// What the newest run from or to the release says; nothing where there was none.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn of(install: &Install, release: &Version) -> Result<Option<Self>, JournalError> {
        let is_its =
            |journal: &Journal| [&journal.plan().from, &journal.plan().to].contains(&release);
        let newest = Journal::newest_of(install, &is_its)?;
        Ok(newest.map(|journal| {
            let plan = journal.plan();
            let (new, old) = ((&plan.to, &plan.project), (&plan.from, &plan.from_project));
            let (own, other) = if *release == plan.to {
                (new, old)
            } else {
                (old, new)
            };
            Self {
                project: own.1.clone(),
                env_files: plan.request.env_files_of(install, &plan.from, release),
                profiles: plan.request.profiles.clone(),
                other: other.0.clone(),
                other_project: other.1.clone(),
                arrangement: plan.projects.arrangement,
            }
        }))
    }
}

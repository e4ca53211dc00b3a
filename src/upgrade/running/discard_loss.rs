//! What `rollback --discard` takes away for good: the copies of volumes and folders that a run made, with
//! all that was written into them since.

use serde::Serialize;

use super::journal::{Journal, StepState};
use crate::engine::VolumeStore;
use crate::progress::Progress;
use crate::release::Install;
use crate::tree;
use crate::upgrade::Step;
use crate::upgrade::data_places::{DataPlaces, quoted};
use crate::upgrade::step::StepError;

/// One thing that would be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiscardLoss {
    /// What it is: ``volume `v2_data` ``, or a path below the install.
    pub what: String,
    /// Files in it: names of everything but folders.
    pub files: u64,
    /// Bytes of content.
    pub bytes: u64,
}

/// All that would be lost of what the run of `journal` made and has not undone.
///
/// # Errors
/// [`StepError`] where a volume or folder that is there can't be read.
pub fn discard_loss(
    install: &Install,
    journal: &Journal,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<Vec<DiscardLoss>, StepError> {
    let volumes = &DataPlaces { install, volumes };
    let mut lost = Vec::new();
    for (step, state) in journal.plan().steps.iter().zip(journal.steps()) {
        if matches!(state, StepState::Pending | StepState::Undone) {
            continue;
        }
        let (what, survey) = match step {
            Step::CopyVolume(step) => {
                let Some(volume) = volumes.find(&step.target)? else {
                    continue;
                };
                let survey = volumes.contents().survey(&volume, progress)?;
                (quoted(&step.target), survey)
            }
            Step::CopyFolder(step) => (step.to.display().to_string(), {
                let path = install.root().join(&step.to);
                if path.symlink_metadata().is_err() {
                    continue;
                }
                tree::survey(&path)?
            }),
            _ => continue,
        };
        lost.push(DiscardLoss {
            what,
            files: survey.all_files(),
            bytes: survey.bytes,
        });
    }
    Ok(lost)
}

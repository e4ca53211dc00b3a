//! Staging: the vendor's files become a release folder, complete or not at all.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::shell::{command, quote};
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, UndoEvidence, World};
use crate::engine::VolumeStore;
use crate::release::shipped_files;
use crate::release::{
    EarlierAttempt, Install, ReleasePlaces, Summary, VendorRelease, VendorReleaseKind, Version,
};
use crate::tree;
use crate::upgrade::confine::{Bounds, OutOfBounds};

/// Puts the vendor's files into a new release folder, complete or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRelease {
    /// The new release.
    pub version: Version,
    /// The tarball or folder, absolute, or relative where it is in the install.
    pub shipment: PathBuf,
    /// Whether that is a tarball or a folder.
    pub form: VendorReleaseKind,
    /// Its SHA-256 (of a folder: its manifest's).
    pub sha256: String,
    /// The tarball's single top folder, which is left out.
    pub top: Option<String>,
    /// The release's folder.
    pub target: PathBuf,
}

impl StepKind for StageRelease {
    fn check(&self, _: World<'_>) -> Result<(), StepError> {
        Ok(())
    }

    fn act(&self, world: World<'_>, attempt: Attempt) -> Result<StepOutcome, StepError> {
        let target = world.install.root().join(&self.target);
        let shipment = VendorRelease {
            path: world.install.root().join(&self.shipment),
            kind: self.form,
            sha256: self.sha256.clone(),
            top: self.top.as_ref().map(OsString::from),
            summary: Summary::default(),
        };
        let places = ReleasePlaces {
            release: target,
            pristine: world.install.pristine(&self.version),
        };
        let earlier = match attempt {
            Attempt::Again => EarlierAttempt::Interrupted,
            Attempt::First => EarlierAttempt::None,
        };
        shipment.stage_with_pristine(world.disk, &places, earlier, world.progress)?;
        let survey = tree::survey(&places.release)?;
        Ok(StepOutcome {
            files: survey.all_files(),
            bytes: survey.bytes,
            ..StepOutcome::default()
        })
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.new_folder(&self.target)?;
        bounds.new_folder(&Install::current_target(&self.version))
    }

    fn check_undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        Ok(())
    }

    fn undo(&self, world: World<'_>, Undo { evidence, .. }: Undo) -> Result<(), StepError> {
        // A failed call has removed what it made, and what is there may be another's.
        if evidence == UndoEvidence::Failed {
            return Ok(());
        }
        let target = world.install.root().join(&self.target);
        for made in [target, world.install.pristine(&self.version)] {
            if made.symlink_metadata().is_ok() {
                tree::remove(world.disk, &made).map_err(StepError::io(&made))?;
            }
        }
        let list = shipped_files::list_of(&world.install.pristine(&self.version));
        match world.disk.remove_file(&list) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StepError::io(&list)(error))
            }
            _ => Ok(()),
        }
    }

    fn places(&self, world: World<'_>) -> Vec<PathBuf> {
        vec![
            world.install.root().join(&self.target),
            world.install.pristine(&self.version),
        ]
    }

    fn title(&self) -> String {
        format!(
            "stage {} from {}",
            self.target.display(),
            self.shipment.display()
        )
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        match self.form {
            VendorReleaseKind::Folder => {
                vec![command(["cp", "-a", "-T"], [&self.shipment, &self.target])]
            }
            VendorReleaseKind::Tarball => {
                let strip = if self.top.is_some() {
                    " --strip-components=1"
                } else {
                    ""
                };
                let unpack = command(["tar", "-x", "--no-same-owner", "-f"], [&self.shipment]);
                vec![
                    command(["mkdir"], [&self.target]),
                    format!("{unpack}{strip} -C {}", quote(&self.target)),
                ]
            }
        }
    }

    fn phase(&self) -> Phase {
        Phase::Before
    }
}

//! What going back would leave behind: what was written into the new release's volumes and folders
//! since they were copied, and who is at work on them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::engine::VolumeStore;
use crate::launch::CloneBindings;
use crate::progress::Progress;
use crate::release::Install;
use crate::tree::{self, Against, DifferenceKind, Exclude, Manifest, VerifyOptions, VerifyScope};
use crate::upgrade::data_places::{DataPlaces, quoted};
use crate::upgrade::step::StepError;
use crate::upgrade::{Plan, Step};

/// A sentence for each volume that is in use, or isn't as it was copied, and for each folder that isn't as what it
/// was copied from. Told by metadata (size, times): no content is read. A volume without a manifest was never
/// completed and is passed over.
///
/// # Errors
/// [`StepError`] where a volume, its manifest or a folder can't be read.
pub fn writes_since_copy(
    install: &Install,
    plan: &Plan,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<Vec<String>, StepError> {
    let volumes = &DataPlaces { install, volumes };
    let mut lines = Vec::new();
    for step in &plan.steps {
        if let Step::MoveDatabase(step) = step
            && install.root().join(&step.proof).exists()
        {
            lines.push(format!(
                "what was written into the database in volume `{}` since it was moved can't be known",
                step.target
            ));
        }
        if let Some(folder) = CopiedFolder::of(step, install)? {
            lines.extend(folder.written(progress)?);
        }
        let Step::CopyVolume(step) = step else {
            continue;
        };
        let path = install.root().join(&step.manifest);
        if !path.exists() {
            continue;
        }
        let Some(volume) = volumes.find(&step.target)? else {
            continue;
        };
        let users = volumes.users(&volume)?.writing();
        if let Some(why) = &users.unknown {
            let name = quoted(&step.target);
            lines.push(format!(
                "whether anything uses {name} can't be known: {why}"
            ));
        }
        lines.extend(users.found.iter().map(|user| {
            format!(
                "{} is in use by {}: stop it, or it runs on beside the old release",
                quoted(&step.target),
                user.who
            )
        }));
        let manifest = Manifest::load(&path)?;
        let options = VerifyOptions {
            scope: VerifyScope::MetadataOnly,
            ..VerifyOptions::default()
        };
        let contents = volumes.contents();
        let written = contents.verify(&volume, &manifest, &options, progress)?;
        if let Some(first) = written.first() {
            let (name, count) = (quoted(&step.target), counted(written.len()));
            lines.push(format!(
                "{name} was written since it was copied ({count}: {first})"
            ));
        }
    }
    Ok(lines)
}

fn counted(differences: usize) -> String {
    match differences {
        1 => "1 difference".to_owned(),
        count => format!("{count} differences, first"),
    }
}

/// A folder, or file, that the new release has as the old one had it when that was stopped, and may write.
struct CopiedFolder {
    /// What a sentence calls it.
    name: PathBuf,
    from: PathBuf,
    to: PathBuf,
    exclude: Exclude,
    /// The vendor ships something there, too.
    is_mixed: bool,
}

impl CopiedFolder {
    fn of(step: &Step, install: &Install) -> Result<Option<Self>, StepError> {
        let root = install.root();
        let folder = match step {
            Step::CopyFolder(step) => Self {
                name: step.to.clone(),
                from: CloneBindings::place(install, &step.from)?,
                to: root.join(&step.to),
                exclude: Exclude::default(),
                is_mixed: false,
            },
            Step::Carry(step) if step.written && step.merge.is_none() => Self {
                name: step.to.clone(),
                from: root.join(&step.from),
                to: root.join(&step.to),
                exclude: step.excluded(),
                is_mixed: step.replaces,
            },
            _ => return Ok(None),
        };
        // What is gone is told where that matters.
        let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
        Ok(Some(folder).filter(|folder| is_there(&folder.from) && is_there(&folder.to)))
    }

    fn written(&self, progress: &dyn Progress) -> Result<Option<String>, StepError> {
        let options = VerifyOptions {
            scope: VerifyScope::MetadataOnly,
            exclude: self.exclude.clone(),
            ..VerifyOptions::default()
        };
        let from = Against::Tree(&self.from);
        let mut differences = tree::verify(&self.to, from, &options, progress)?;
        if self.is_mixed {
            // What only the vendor has lies beside it, and is in the times of the folders.
            differences.retain(|one| {
                let is_folder = self.to.join(OsStr::from_bytes(&one.path)).is_dir();
                one.kind != DifferenceKind::Extra && !is_folder
            });
        }
        let (name, from) = (self.name.display(), self.from.display());
        Ok(differences.first().map(|first| {
            let count = counted(differences.len());
            format!(
                "`{name}` isn't as `{from}` any more, which it was copied from ({count}: {first})"
            )
        }))
    }
}

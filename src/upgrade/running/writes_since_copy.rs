//! What going back would leave behind: what was written into the new release's volumes
//! since they were copied, and who is at work on them.

use crate::engine::VolumeStore;
use crate::progress::Progress;
use crate::release::Install;
use crate::tree::{Manifest, VerifyOptions, VerifyScope};
use crate::upgrade::step::StepError;
use crate::upgrade::{Plan, Step};

/// A sentence for each volume that is in use, or isn't as it was copied. Told by metadata (size, times):
/// no content is read. A volume without a manifest was never completed and is passed over.
///
/// # Errors
/// [`StepError`] where a volume or its manifest can't be read.
pub fn writes_since_copy(
    install: &Install,
    plan: &Plan,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<Vec<String>, StepError> {
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
            let name = &step.target;
            lines.push(format!(
                "whether anything uses volume `{name}` can't be known: {why}"
            ));
        }
        lines.extend(users.found.iter().map(|user| {
            format!(
                "volume `{}` is in use by {}: stop it, or it runs on beside the old release",
                step.target, user.who
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
            let count = written.len();
            let name = &step.target;
            let differences = match count {
                1 => "1 difference".to_owned(),
                _ => format!("{count} differences, first"),
            };
            lines.push(format!(
                "volume `{name}` was written since it was copied ({differences}: {first})"
            ));
        }
    }
    Ok(lines)
}

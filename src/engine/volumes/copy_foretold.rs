//! What a copy of a volume would do, or why it would be refused, without any of it.

use std::path::PathBuf;

use super::copy::require_two;
use crate::engine::{Error, FoundEnd, VolumeCopy};
use crate::progress::Progress;
use crate::tree::{self, CopyOptions, Foretold, Holds, Survey, VerifyOptions, VerifyScope};

/// What [`VolumeCopy::run`] would do.
#[derive(Debug)]
pub struct VolumeCopyForetold {
    /// The source's path, or its name where this process can't reach it.
    pub source: PathBuf,
    /// The target's; the name of a volume that isn't there yet.
    pub target: PathBuf,
    /// What would be copied.
    pub work: VolumeCopyWork,
}

/// What would be copied.
#[derive(Debug)]
pub enum VolumeCopyWork {
    /// All of the source.
    All(Survey),
    /// What differs.
    Update(Foretold),
}

impl VolumeCopy<'_> {
    /// What [`VolumeCopy::run`] would do. Nothing is made, written, paused or stopped.
    ///
    /// # Errors
    /// Its refusals, and those of reading.
    pub fn foretell(&self, progress: &dyn Progress) -> Result<VolumeCopyForetold, Error> {
        let source = self.source.find()?;
        source.contents().prepare(&source.volume);
        self.writers(&source)?;
        let target = self.target.find_there(&self.labels)?;
        let work = match &target {
            Some(target) => self.work_at(&source, target, progress)?,
            None => VolumeCopyWork::All(source.contents().survey(&source.volume, progress)?),
        };
        Ok(VolumeCopyForetold {
            source: source.shown(),
            target: target.map_or_else(|| self.target.named(), |target| target.shown()),
            work,
        })
    }

    fn work_at(
        &self,
        source: &FoundEnd<'_>,
        target: &FoundEnd<'_>,
        progress: &dyn Progress,
    ) -> Result<VolumeCopyWork, Error> {
        self.require_free(target, progress)?;
        let is_there = target.store.is_some() || target.volume.path.exists();
        if self.options.update && is_there {
            let holds = target.contents().holds(&target.volume, progress)?;
            if holds == Holds::Something {
                let foretold = self.difference(source, target, progress)?;
                return Ok(VolumeCopyWork::Update(foretold));
            }
        }
        // A path has refusals of its own.
        let survey = match (source.path(), target.store) {
            (Some(from), None) => {
                tree::foretell_copy(from, &target.volume.path, &CopyOptions::default())?
            }
            _ => source.contents().survey(&source.volume, progress)?,
        };
        Ok(VolumeCopyWork::All(survey))
    }

    fn difference(
        &self,
        source: &FoundEnd<'_>,
        target: &FoundEnd<'_>,
        progress: &dyn Progress,
    ) -> Result<Foretold, Error> {
        let removals = self.options.removals;
        if let (Some(from), Some(to)) = (source.path(), target.path()) {
            let options = CopyOptions {
                removals,
                ..CopyOptions::default()
            };
            return Ok(tree::foretell(from, to, &options, progress)?);
        }
        require_two(source, target)?;
        let options = VerifyOptions {
            scope: VerifyScope::MetadataOnly,
            ..VerifyOptions::default()
        };
        let expected = source
            .contents()
            .observe(&source.volume, &options, progress)?;
        let found = target
            .contents()
            .observe(&target.volume, &options, progress)?;
        let shown = target.shown();
        Ok(tree::foretell_between(&expected, &found, removals, &shown)?)
    }
}

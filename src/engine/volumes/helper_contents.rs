//! The contents of volumes that this process can't reach by path: everything is done in a
//! helper container beside them.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::docker::announce;
use crate::engine::helper::{Helper, HelperAnswer, HelperMount, HelperWork, WireProblem};
use crate::engine::{
    Contents, CopyPair, DockerVolumes, Error, Feed, HelperError, User, Volume, VolumeStore as _,
};
use crate::fs::Disk;
use crate::progress::{Progress, Silent};
use crate::tree::{
    self, Copied, CopyOptions, Difference, Holds, Manifest, Survey, VerifyOptions, VerifyScope,
};

/// Volumes out of this process's reach: everything is done in a helper container.
pub(super) struct InHelper<'a>(pub(super) &'a DockerVolumes);

/// What is done with a copy in the container that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterCopy {
    Nothing,
    /// It is read back and compared with what was copied.
    ReadBack,
}

impl InHelper<'_> {
    /// The engine's helper, brought there when it is first needed.
    fn helper(&self, what: &str) -> Result<Arc<Helper>, Error> {
        let program = self.0.program.as_deref();
        let helper = self
            .0
            .helper
            .helper(&self.0.docker, &self.0.server, program);
        helper.map_err(refused(what))
    }

    /// Work that reads one volume, done in a helper; `what` is said in errors.
    fn read(
        &self,
        what: &str,
        volume: &Volume,
        work: HelperWork,
        progress: &dyn Progress,
    ) -> Result<(HelperAnswer, Option<Manifest>), Error> {
        self.require_there(what, &[volume])?;
        let mounts = [HelperMount {
            volume: &volume.name,
            writable: false,
        }];
        let told = self.helper(what)?.work(what, work, &mounts, progress)?;
        Ok((told.answer, told.manifest))
    }

    /// A volume that isn't there would be made, empty, by being mounted; and what a tmpfs held
    /// is gone, unless somebody has it mounted.
    fn require_there(&self, what: &str, volumes: &[&Volume]) -> Result<(), Error> {
        let names: Vec<String> = volumes.iter().map(|volume| volume.name.clone()).collect();
        let found = self.0.inspect(&names);
        let is_known = |found: Vec<Volume>| {
            let mut pairs = found.iter().zip(volumes);
            found.len() == volumes.len() && pairs.all(|(found, known)| found.is_like(known))
        };
        if !found.is_ok_and(is_known) {
            for volume in volumes {
                self.require_as_known(volume)?;
            }
        }
        let held = |user: &User| user.running;
        for volume in volumes.iter().filter(|volume| is_tmpfs(volume)) {
            if !self.0.users(volume)?.found.iter().any(held) {
                let name = volume.name.clone();
                return Err(refused(what)(HelperError::Tmpfs { name }));
            }
        }
        Ok(())
    }

    fn require_as_known(&self, volume: &Volume) -> Result<(), Error> {
        let found = self.0.look(&volume.name)?;
        if found.is_some_and(|found| found.is_like(volume)) {
            return Ok(());
        }
        Err(Error::Missing {
            name: volume.name.clone(),
            place: self.0.describe(),
        })
    }

    /// Copies in a helper, and reads the copy back in the same one if that is wanted.
    fn copy_by_helper(
        &self,
        disk: &Disk,
        pair: CopyPair<'_>,
        options: &CopyOptions,
        after: AfterCopy,
        progress: &dyn Progress,
    ) -> Result<(Copied, Vec<Difference>), Error> {
        let CopyPair { source, target } = pair;
        let what = format!("copy volume `{}` to `{}`", source.name, target.name);
        if source.name == target.name {
            let (source_root, target) = (source.path.clone(), target.path.clone());
            return Err(tree::Error::Nested {
                source_root,
                target,
            }
            .into());
        }
        if is_tmpfs(target) {
            let name = target.name.clone();
            return Err(refused(&what)(HelperError::Tmpfs { name }));
        }
        self.require_there(&what, &[source, target])?;
        let helper = self.helper(&what)?;
        announce(disk, "docker run", &target.name)?;
        let mounted = |volume, writable| HelperMount { volume, writable };
        let mounts = [mounted(&source.name, false), mounted(&target.name, true)];
        let verify = after == AfterCopy::ReadBack;
        let digest = options.digest || verify;
        let work = HelperWork::Copy {
            source: source.name.clone(),
            target: target.name.clone(),
            digest,
            live: options.live,
            verify,
        };
        let name = format!("volume {}", target.name);
        progress.start(&name, options.expected_bytes);
        let done = helper.work(&what, work, &mounts, progress);
        progress.finish();
        let told = done?;
        if told.manifest.is_some() != digest || !verify && !told.differences.is_empty() {
            return unexpected_answer(&what);
        }
        let copied = copied(&what, told.answer, told.manifest)?;
        Ok((copied, told.differences))
    }
}

fn is_tmpfs(volume: &Volume) -> bool {
    volume
        .options
        .get("type")
        .is_some_and(|kind| kind == "tmpfs")
}

fn refused(what: &str) -> impl FnOnce(HelperError) -> Error {
    let what = what.to_owned();
    move |source| Error::Helper {
        what,
        left: None,
        source: Box::new(source),
    }
}

/// A helper answered another question.
fn unexpected_answer<T>(what: &str) -> Result<T, Error> {
    let said = "an answer to something else";
    Err(refused(what)(HelperError::BadReply { said }))
}

impl Contents for InHelper<'_> {
    fn path<'a>(&self, _: &'a Volume) -> Option<&'a Path> {
        None
    }

    fn prepare(&self, _: &Volume) {
        let program = self.0.program.as_deref();
        self.0.helper.call(&self.0.docker, &self.0.server, program);
    }

    fn survey(&self, volume: &Volume, progress: &dyn Progress) -> Result<Survey, Error> {
        let what = format!("count what is in volume `{}`", volume.name);
        let work = HelperWork::Survey {
            volume: volume.name.clone(),
        };
        match self.read(&what, volume, work, progress)? {
            (HelperAnswer::Survey(survey), None) => Ok(survey),
            _ => unexpected_answer(&what),
        }
    }

    fn holds(&self, volume: &Volume, progress: &dyn Progress) -> Result<Holds, Error> {
        let what = format!("look into volume `{}`", volume.name);
        let work = HelperWork::Holds {
            volume: volume.name.clone(),
        };
        match self.read(&what, volume, work, progress)? {
            (HelperAnswer::Holds(holds), None) => Ok(holds),
            _ => unexpected_answer(&what),
        }
    }

    fn copy(
        &self,
        disk: &Disk,
        pair: CopyPair<'_>,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<Copied, Error> {
        let after = AfterCopy::Nothing;
        let copied = self.copy_by_helper(disk, pair, options, after, progress);
        copied.map(|(copied, _)| copied)
    }

    fn copy_verified(
        &self,
        disk: &Disk,
        pair: CopyPair<'_>,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<(Copied, Vec<Difference>), Error> {
        self.copy_by_helper(disk, pair, options, AfterCopy::ReadBack, progress)
    }

    fn observe(
        &self,
        volume: &Volume,
        options: &VerifyOptions,
        progress: &dyn Progress,
    ) -> Result<Manifest, Error> {
        let what = format!("read volume `{}`", volume.name);
        let work = HelperWork::Observe {
            volume: volume.name.clone(),
            contents: options.scope != VerifyScope::MetadataOnly,
            media: options.media,
        };
        progress.start(&format!("volume {}", volume.name), None);
        let done = self.read(&what, volume, work, progress);
        progress.finish();
        match done? {
            (HelperAnswer::Observed, Some(manifest)) => Ok(manifest),
            _ => unexpected_answer(&what),
        }
    }

    fn clear(&self, disk: &Disk, volume: &Volume) -> Result<(), Error> {
        let what = format!("empty volume `{}`", volume.name);
        self.require_there(&what, &[volume])?;
        let helper = self.helper(&what)?;
        announce(disk, "docker run", &volume.name)?;
        let mounts = [HelperMount {
            volume: &volume.name,
            writable: true,
        }];
        let work = HelperWork::Clear {
            volume: volume.name.clone(),
        };
        match helper.work(&what, work, &mounts, &Silent)?.answer {
            HelperAnswer::Cleared => Ok(()),
            _ => unexpected_answer(&what),
        }
    }

    fn free(&self, progress: &dyn Progress) -> Result<Option<u64>, Error> {
        let what = "look for free space";
        let helper = self.helper(what)?;
        let told = helper.work(what, HelperWork::Free, &[], progress)?;
        match told.answer {
            HelperAnswer::Free(free) => Ok(Some(free)),
            _ => unexpected_answer(what),
        }
    }

    fn send(
        &self,
        volume: &Volume,
        have: Option<&Manifest>,
        out: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let what = format!("read volume `{}`", volume.name);
        self.require_there(&what, &[volume])?;
        let helper = self.helper(&what)?;
        helper.send(&what, &volume.name, have, out, progress)
    }

    fn receive(
        &self,
        disk: &Disk,
        volume: &Volume,
        update: bool,
        feed: Feed<'_>,
        progress: &dyn Progress,
    ) -> Result<Copied, Error> {
        let what = format!("fill volume `{}`", volume.name);
        if is_tmpfs(volume) {
            let name = volume.name.clone();
            return Err(refused(&what)(HelperError::Tmpfs { name }));
        }
        self.require_there(&what, &[volume])?;
        let helper = self.helper(&what)?;
        announce(disk, "docker run", &volume.name)?;
        let answer = helper.receive(&what, &volume.name, update, feed, progress)?;
        copied(&what, answer, None)
    }
}

/// What a helper says that it copied.
fn copied(what: &str, answer: HelperAnswer, manifest: Option<Manifest>) -> Result<Copied, Error> {
    let HelperAnswer::Copied {
        counts,
        problems,
        left_out,
    } = answer
    else {
        return unexpected_answer(what);
    };
    let listed: Option<Vec<_>> = problems.iter().map(WireProblem::problem).collect();
    let Some(problems) = listed else {
        return unexpected_answer(what);
    };
    Ok(Copied {
        counts,
        manifest,
        problems,
        problems_left_out: left_out,
    })
}

//! The contents of a Docker engine's volumes: by path where this process reaches them, else
//! in a helper container; decided for each volume anew, and in one place.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::helper_contents::InHelper;
use crate::engine::{ByPath, Contents, CopyPair, DockerVolumes, Error, Feed, Volume, transfer};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree::{Copied, CopyOptions, Difference, Holds, Manifest, Survey, VerifyOptions};

impl DockerVolumes {
    /// True where the volume is simply a folder of this machine that this process may enter:
    /// not kept by a plugin, not mounted from elsewhere by options of its driver.
    fn is_here(&self, volume: &Volume) -> bool {
        if volume.is_folder() {
            return true;
        }
        self.remote.is_none()
            && volume.driver == "local"
            && volume.options.is_empty()
            && fs::read_dir(&volume.path).is_ok()
    }

    /// How all of these volumes can be reached.
    fn reaching(&self, volumes: &[&Volume]) -> Box<dyn Contents + '_> {
        match volumes.iter().all(|volume| self.is_here(volume)) {
            true => Box::new(ByPath),
            false => Box::new(InHelper(self)),
        }
    }
}

impl DockerVolumes {
    /// Whether one is a folder of this machine, and the other a volume that this process doesn't reach: no helper
    /// has both.
    fn is_half_here(&self, CopyPair { source, target }: CopyPair<'_>) -> bool {
        let is_one_folder = source.is_folder() || target.is_folder();
        is_one_folder && !(self.is_here(source) && self.is_here(target))
    }

    /// Copies as a stream, from one of them to the other.
    fn copy_between(
        &self,
        disk: &Disk,
        pair: CopyPair<'_>,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<Copied, Error> {
        let CopyPair { source, target } = pair;
        let copied = transfer(disk, (self, source), (self, target), true, progress)?;
        let manifest = match options.digest {
            true => Some(self.observe(source, &VerifyOptions::default(), progress)?),
            false => None,
        };
        Ok(Copied { manifest, ..copied })
    }
}

/// Each volume where it is: by path, or in a helper.
impl Contents for DockerVolumes {
    fn path<'a>(&self, volume: &'a Volume) -> Option<&'a Path> {
        self.is_here(volume).then_some(volume.path.as_path())
    }

    fn prepare(&self, volume: &Volume) {
        self.reaching(&[volume]).prepare(volume);
    }

    fn survey(&self, volume: &Volume, progress: &dyn Progress) -> Result<Survey, Error> {
        self.reaching(&[volume]).survey(volume, progress)
    }

    fn holds(&self, volume: &Volume, progress: &dyn Progress) -> Result<Holds, Error> {
        self.reaching(&[volume]).holds(volume, progress)
    }

    fn copy(
        &self,
        disk: &Disk,
        pair: CopyPair<'_>,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<Copied, Error> {
        if self.is_half_here(pair) {
            return self.copy_between(disk, pair, options, progress);
        }
        let contents = self.reaching(&[pair.source, pair.target]);
        contents.copy(disk, pair, options, progress)
    }

    fn copy_verified(
        &self,
        disk: &Disk,
        pair: CopyPair<'_>,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<(Copied, Vec<Difference>), Error> {
        if self.is_half_here(pair) {
            let copied = self.copy_between(disk, pair, options, progress)?;
            let options = VerifyOptions::default();
            let expected = self.observe(pair.source, &options, progress)?;
            let differences = self.verify(pair.target, &expected, &options, progress)?;
            return Ok((copied, differences));
        }
        let contents = self.reaching(&[pair.source, pair.target]);
        contents.copy_verified(disk, pair, options, progress)
    }

    fn observe(
        &self,
        volume: &Volume,
        options: &VerifyOptions,
        progress: &dyn Progress,
    ) -> Result<Manifest, Error> {
        self.reaching(&[volume]).observe(volume, options, progress)
    }

    fn clear(&self, disk: &Disk, volume: &Volume) -> Result<(), Error> {
        self.reaching(&[volume]).clear(disk, volume)
    }

    fn free(&self, progress: &dyn Progress) -> Result<Option<u64>, Error> {
        match &self.remote {
            None => ByPath.free(progress),
            Some(_) => InHelper(self).free(progress),
        }
    }

    fn send(
        &self,
        volume: &Volume,
        have: Option<&Manifest>,
        out: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        self.reaching(&[volume]).send(volume, have, out, progress)
    }

    fn receive(
        &self,
        disk: &Disk,
        volume: &Volume,
        update: bool,
        feed: Feed<'_>,
        progress: &dyn Progress,
    ) -> Result<Copied, Error> {
        let contents = self.reaching(&[volume]);
        contents.receive(disk, volume, update, feed, progress)
    }
}

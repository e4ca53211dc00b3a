//! The place where volumes live, as the options and the install say.

use std::path::{Path, PathBuf};

use crate::cli::options::VolumesArg;
use crate::cli::terminal::failure::Failure;
use crate::engine::{VolumeBackend, VolumeStore};
use crate::error::Kind;

impl VolumesArg {
    /// The place: what `--volumes` says; else `volumes` in the install where that is a
    /// folder; else the Docker engine.
    pub(crate) fn place(&self, install: &Path) -> Result<VolumeBackend, Failure> {
        let given = self.volumes.as_deref();
        if given == Some(Path::new("docker")) {
            return Ok(VolumeBackend::Local);
        }
        let default = install.join("volumes");
        let folder = given
            .map(Path::to_owned)
            .or_else(|| default.is_dir().then_some(default));
        match folder {
            Some(path) => Ok(VolumeBackend::Dir {
                path: absolute(&path)?,
            }),
            None => Ok(VolumeBackend::Local),
        }
    }

    /// The store at `place`.
    pub(crate) fn store(&self, place: &VolumeBackend) -> Result<Box<dyn VolumeStore>, Failure> {
        let opened = place.open(self.engine.access());
        opened.map_err(|error| {
            Failure::from(error).hint(
                "where volumes are plain folders, name the folder that holds them with `--volumes DIR`",
            )
        })
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    path.canonicalize().map_err(|error| {
        Failure::new(
            Kind::Usage,
            format!("can't use `{}` for volumes", path.display()),
        )
        .cause(&error)
        .hint("it should be a folder that holds one folder for each volume")
    })
}

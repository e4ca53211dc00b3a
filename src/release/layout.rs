//! Where in its releases an install has the compose files, if not at their tops: recorded when it is
//! adopted, so that a later release that has several such folders is read as the first was.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Install, InstallError};
use crate::compose;
use crate::document::{self, DocumentFormat};
use crate::fs::Disk;

/// The format of `.transship/layout`. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-layout",
    version: 1,
    oldest: 1,
};

/// What is recorded of the insides of an install's releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseLayout {
    /// The folder below each release in which Compose is started, as `docker`.
    pub project_directory: PathBuf,
}

impl Install {
    /// The folder below each release in which Compose is started, where that is recorded.
    ///
    /// # Errors
    /// [`InstallError::Document`], [`InstallError::BadDirectory`].
    pub fn project_directory(&self) -> Result<Option<PathBuf>, InstallError> {
        let path = self.own("layout");
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        let ReleaseLayout { project_directory } = document::load(FORMAT, &path)?;
        below(&project_directory).map(Some)
    }

    /// The paths below a release of compose files that releases of this install are run from, besides those
    /// of the usual names and places.
    ///
    /// # Errors
    /// Those of [`Install::project_directory`].
    pub(crate) fn run_files(&self) -> Result<Vec<PathBuf>, InstallError> {
        let directory = self.project_directory()?;
        let named = directory
            .iter()
            .flat_map(|folder| compose::file_names(folder));
        let active = self.active().ok();
        let first = active.and_then(|release| {
            let file = release.project().ok()?.files.into_iter().next()?;
            Some(file.strip_prefix(&release.path).ok()?.to_owned())
        });
        Ok(named.chain(first).collect())
    }

    /// Records it; the top of a release, which is empty, by taking the record away.
    pub(super) fn save_project_directory(
        &self,
        disk: &Disk,
        folder: &Path,
    ) -> Result<(), InstallError> {
        let path = self.own("layout");
        if !folder.as_os_str().is_empty() {
            let layout = ReleaseLayout {
                project_directory: folder.to_owned(),
            };
            return Ok(document::save(disk, FORMAT, &path, &layout)?);
        }
        match disk.remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(InstallError::Io { path, source })
            }
            _ => Ok(()),
        }
    }
}

/// A path below a release, without `.`; refused where it leads anywhere else.
pub(super) fn below(folder: &Path) -> Result<PathBuf, InstallError> {
    let mut parts = folder
        .components()
        .filter(|part| *part != Component::CurDir);
    let is_name = |part: Component<'_>| matches!(part, Component::Normal(_));
    match parts.clone().all(is_name) {
        true => Ok(parts.by_ref().collect()),
        false => Err(InstallError::BadDirectory {
            folder: folder.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_below_a_release() {
        for (folder, expect) in [
            ("docker", Some("docker")),
            ("./deploy/docker/", Some("deploy/docker")),
            (".", Some("")),
            ("..", None),
            ("docker/../..", None),
            ("/srv", None),
        ] {
            let folder = below(Path::new(folder)).ok();
            assert_eq!(folder, expect.map(PathBuf::from));
        }
    }
}

//! What is remembered of a volume, or of a folder in a volume's place, that a run made: which run, which volume exactly, and which volume
//! it is a copy of. An engine's volumes have labels for the first; a folder has none, and a mark
//! within it would be in what is copied and compared, so that it stands in `.transship/made/`.
//!
//! A volume that was removed and made again has the same name and is another: with it as the old
//! release's, the copy is all that there is.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::data_places::file_stem;
use crate::document::{self, DocumentError, DocumentFormat};
use crate::engine::{Volume, VolumeStore};
use crate::fs::Disk;
use crate::release::{FolderIdentity, Install};

/// The format of what is remembered. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-made-volume",
    version: 2,
    oldest: 1,
};

/// A volume that a run made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeVolume {
    /// The id of the install.
    pub install: String,
    /// The run that made it.
    pub run: String,
    /// The volume's real name.
    pub volume: String,
    /// What tells it from another of its name.
    pub made: VolumeIdentity,
    /// The real name of the volume that it is a copy of.
    pub source: String,
    /// What tells that one from another of its name.
    pub copied: VolumeIdentity,
    /// How many folders above a folder were made for it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub above: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// What tells a volume from another that had its name before or will have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeIdentity {
    /// When the volume was made, as its engine says, to the second.
    pub created: Option<String>,
    /// Its folder, where that can be looked at.
    pub folder: Option<FolderIdentity>,
}

impl VolumeIdentity {
    /// What can be told of a volume that is there.
    pub fn of(volumes: &dyn VolumeStore, volume: &Volume) -> Self {
        let path = volumes.path_of(&volume.name);
        Self {
            created: volume.created.clone(),
            folder: path.and_then(|path| FolderIdentity::of(&path).ok()),
        }
    }

    /// Whether both are one volume; `None` where that can't be told.
    ///
    /// The folder decides where both know it. Engines before 23 tell the time at which the volume's
    /// folder was last changed as the time when it was made (moby, `volume/local`), so that
    /// the same time is proof and another isn't.
    pub fn is(&self, other: &Self) -> Option<bool> {
        if let Some((one, another)) = self.folder.as_ref().zip(other.folder.as_ref()) {
            return Some(one.is(another));
        }
        let created = self.created.as_ref().zip(other.created.as_ref());
        created.filter(|(one, other)| one == other).map(|_| true)
    }
}

impl MadeVolume {
    /// The file for the volume, or the folder in a volume's place, of this name.
    pub fn file(install: &Install, volume: &str) -> PathBuf {
        install
            .own("made")
            .join(format!("{}.json", file_stem(volume)))
    }

    /// What is remembered of the volume of this name; `None` where no run made it.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn load(install: &Install, volume: &str) -> Result<Option<Self>, DocumentError> {
        let file = Self::file(install, volume);
        match file.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => document::load(FORMAT, &file).map(Some),
        }
    }

    /// Remembers it. The folder `.transship/made/` must be there.
    ///
    /// # Errors
    /// [`DocumentError::Write`].
    pub fn save(&self, disk: &Disk, install: &Install) -> Result<(), DocumentError> {
        document::save(disk, FORMAT, &Self::file(install, &self.volume), self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(created: Option<&str>, inode: Option<u64>) -> VolumeIdentity {
        VolumeIdentity {
            created: created.map(str::to_owned),
            folder: inode.map(|inode| FolderIdentity {
                device: 1,
                inode,
                born: Some(inode * 1000),
            }),
        }
    }

    #[test]
    fn a_volume_is_itself_as_far_as_both_are_known() {
        for (one, other, same) in [
            (
                identity(Some("a"), Some(1)),
                identity(Some("a"), Some(1)),
                Some(true),
            ),
            (
                identity(Some("a"), None),
                identity(Some("a"), Some(1)),
                Some(true),
            ),
            (
                identity(Some("a"), Some(1)),
                identity(Some("b"), Some(1)),
                Some(true),
            ),
            (identity(Some("a"), None), identity(Some("b"), None), None),
            (
                identity(Some("a"), Some(1)),
                identity(Some("a"), Some(2)),
                Some(false),
            ),
            (
                identity(None, Some(1)),
                identity(Some("a"), Some(2)),
                Some(false),
            ),
            (identity(None, Some(1)), identity(Some("a"), None), None),
            (identity(None, None), identity(Some("a"), Some(1)), None),
        ] {
            assert_eq!(one.is(&other), same, "{one:?} {other:?}");
            assert_eq!(other.is(&one), same, "{other:?} {one:?}");
        }
    }
}

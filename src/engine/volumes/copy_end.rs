//! What a copy is made of, and where it goes: a path or a volume, as somebody names it and as it is
//! found or made.

use std::path::{Path, PathBuf};

use crate::engine::{
    ByPath, Contents, Docker, Error, FolderUsers, MadeBy, NewVolume, Users, Volume, VolumeStore,
};
use crate::fs::Disk;
use crate::tree::{self, Holds};

/// What is copied, or where to, as somebody names it.
#[derive(Clone)]
pub enum CopyEnd<'a> {
    /// A tree of this machine.
    Path {
        /// Where it is.
        path: PathBuf,
        /// How those who use it are found out.
        users: &'a FolderUsers,
    },
    /// A volume.
    Volume {
        /// The place where it is, or will be.
        store: &'a dyn VolumeStore,
        /// The volume's real name.
        name: String,
    },
}

/// Whose the target will be where it is a volume that has to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetLabels {
    /// The compose project; a folder needs none.
    pub project: Option<String>,
    /// The key in the project's compose file; the volume's name when absent.
    pub key: Option<String>,
    /// The run of an upgrade that makes it, where one does.
    pub made_by: Option<MadeBy>,
}

/// One end of a copy, found or made.
pub(crate) struct FoundEnd<'a> {
    /// Nothing for a path.
    pub(super) store: Option<&'a dyn VolumeStore>,
    /// Nothing for a volume.
    path_users: Option<&'a FolderUsers>,
    pub(crate) volume: Volume,
    /// True for a volume that was made for this copy.
    pub(crate) is_new: bool,
}

impl<'a> CopyEnd<'a> {
    /// What is there already.
    ///
    /// # Errors
    /// [`Error::Missing`], and those of asking.
    pub(crate) fn find(&self) -> Result<FoundEnd<'a>, Error> {
        match self {
            Self::Path { path, users } => Ok(FoundEnd::at(path, users)),
            Self::Volume { store, name } => Ok(FoundEnd {
                store: Some(*store),
                path_users: None,
                volume: store.existing(name)?,
                is_new: false,
            }),
        }
    }

    /// What is there already, or nothing where a volume could be made.
    ///
    /// # Errors
    /// [`Error::NoOwner`] where a volume would be made and has to belong to a project.
    pub(super) fn find_there(&self, labels: &TargetLabels) -> Result<Option<FoundEnd<'a>>, Error> {
        let (store, name) = match self {
            Self::Path { path, users } => return Ok(Some(FoundEnd::at(path, users))),
            Self::Volume { store, name } => (*store, name),
        };
        if let Some(volume) = store.find(name)? {
            return Ok(Some(FoundEnd {
                store: Some(store),
                path_users: None,
                volume,
                is_new: false,
            }));
        }
        if store.has_labels() && labels.project.is_none() {
            return Err(Error::NoOwner { name: name.clone() });
        }
        Ok(None)
    }

    /// As somebody named it.
    pub(super) fn named(&self) -> PathBuf {
        match self {
            Self::Path { path, .. } => path.clone(),
            Self::Volume { name, .. } => PathBuf::from(name),
        }
    }

    /// What is there already, or a new and empty volume.
    ///
    /// # Errors
    /// [`Error::NoOwner`] where a volume is to be made and has to belong to a project; those of
    /// [`VolumeStore::create`]. What a failure leaves of the volume is empty, and goes.
    pub(crate) fn find_or_make(
        &self,
        disk: &Disk,
        labels: &TargetLabels,
    ) -> Result<FoundEnd<'a>, Error> {
        if let Some(there) = self.find_there(labels)? {
            return Ok(there);
        }
        let (store, name) = match self {
            Self::Path { path, users } => return Ok(FoundEnd::at(path, users)),
            Self::Volume { store, name } => (*store, name),
        };
        let new = NewVolume {
            name: name.clone(),
            project: labels.project.clone().unwrap_or_default(),
            key: labels.key.clone().unwrap_or_else(|| name.clone()),
            made_by: labels.made_by.clone(),
        };
        Ok(FoundEnd {
            store: Some(store),
            path_users: None,
            volume: make_volume(store, disk, &new)?,
            is_new: true,
        })
    }
}

impl<'a> FoundEnd<'a> {
    pub(super) fn at(path: &Path, users: &'a FolderUsers) -> Self {
        Self {
            store: None,
            path_users: Some(users),
            volume: ByPath::volume(path),
            is_new: false,
        }
    }

    pub(super) fn contents(&self) -> &dyn Contents {
        self.store.map_or(&ByPath, VolumeStore::contents)
    }

    pub(super) fn users(&self) -> Result<Users, Error> {
        match (self.store, self.path_users) {
            (Some(store), _) => store.users(&self.volume),
            (None, Some(users)) => users.of(&self.volume.path),
            (None, None) => Ok(Users::default()),
        }
    }

    pub(super) fn docker(&self) -> Option<&'a Docker> {
        let by_path = || self.path_users.and_then(FolderUsers::docker);
        self.store.map_or_else(by_path, VolumeStore::docker)
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.contents().path(&self.volume)
    }

    /// Its path, or its name.
    pub(super) fn shown(&self) -> PathBuf {
        let name = || PathBuf::from(&self.volume.name);
        self.path().map_or_else(name, Path::to_owned)
    }

    /// What it holds, in bytes, where that can be counted by path: a helper counts what it
    /// copies by itself.
    pub(super) fn size_by_path(&self) -> Result<Option<u64>, Error> {
        let survey = self.path().map(tree::survey).transpose()?;
        Ok(survey.map(|survey| survey.bytes).filter(|bytes| *bytes > 0))
    }

    /// After a failure: removes the volume if it was made for the copy.
    pub(crate) fn take_back(&self, disk: &Disk) {
        if let Some(store) = self.store.filter(|_| self.is_new) {
            // The failure is what there is to tell; an empty volume does no harm.
            let _ = store.remove(disk, &self.volume.name);
        }
    }
}

/// Makes the volume. What a failure leaves of it is empty, and goes.
fn make_volume(store: &dyn VolumeStore, disk: &Disk, new: &NewVolume) -> Result<Volume, Error> {
    let made = store.create(disk, new);
    let is_empty = |left: &Volume| {
        let holds = store.contents().holds(left, &crate::progress::Silent);
        holds.is_ok_and(|holds| holds == Holds::Nothing)
    };
    // What was there before is nobody's to remove.
    if made
        .as_ref()
        .is_err_and(|error| !matches!(error, Error::Exists { .. }))
        && let Ok(Some(left)) = store.find(&new.name)
        && is_empty(&left)
    {
        // The failure is what there is to tell; an empty volume does no harm.
        let _ = store.remove(disk, &new.name);
    }
    made
}

//! Who an install is. A random id stands in `.transship/id`, with the folder that the install is in:
//! its path, device, inode and time of birth. Plans, journals and what a run made carry the id.
//!
//! A copy of an install has the id of its original, but not the folder; so it is known for a copy,
//! and nothing that its original recorded is acted upon in it until somebody says what it is:
//! `transship init --moved`, or `--clone`.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Install;
use crate::document::{self, DocumentError, DocumentFormat};
use crate::error::{Code, Explain, Kind};
use crate::fs::Disk;

/// The format of `.transship/id`. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-id",
    version: 1,
    oldest: 1,
};

/// An install's id, and the folder that it was last known to be in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// 32 hexadecimal digits, drawn when the install was adopted.
    pub id: String,
    /// The folder's absolute path; what of it is no UTF-8 is replaced.
    pub root: String,
    /// What tells that folder from any other.
    pub folder: FolderIdentity,
}

/// What tells a folder from any other, and from a copy of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderIdentity {
    /// The device number. It may be another after the machine was started anew.
    pub device: u64,
    /// The inode number.
    pub inode: u64,
    /// When the folder was made, in nanoseconds since 1970, where its filesystem knows.
    pub born: Option<u64>,
}

/// Whether an install is where its id says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whereabouts {
    /// The install is in the very folder that its id records.
    Here,
    /// It is a copy: the original is there, too.
    Copied,
    /// It was moved, or is a copy of what is no longer there.
    Moved,
    /// Another folder stands where it was, as after its backup was restored.
    Replaced,
}

/// Why an install's records aren't acted upon.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The id can't be read or written.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The install's folder can't be looked at.
    #[error("can't look at `{root}`")]
    Io {
        /// The folder.
        root: String,
        /// The error of the system call.
        source: io::Error,
    },
    /// The install's folder isn't the one that its id records: it was copied, moved or replaced.
    #[error("{}", describe(*.whereabouts, .here, .recorded))]
    Elsewhere {
        /// How it comes to be here.
        whereabouts: Whereabouts,
        /// The folder that it is in.
        here: String,
        /// The folder that it was in.
        recorded: String,
    },
    /// `init --moved` was said of a copy.
    #[error("`{here}` wasn't moved: the install `{recorded}` is there, and this is a copy of it")]
    StillThere {
        /// The copy.
        here: String,
        /// The original.
        recorded: String,
    },
}

fn describe(whereabouts: Whereabouts, here: &str, recorded: &str) -> String {
    match whereabouts {
        Whereabouts::Here => format!("`{here}` is where it was"),
        Whereabouts::Copied => format!("`{here}` is a copy of the install `{recorded}`"),
        Whereabouts::Moved => {
            format!("`{here}` was the install `{recorded}` before it was moved or copied")
        }
        Whereabouts::Replaced => format!(
            "the folder `{here}` is another than that of the install `{recorded}`, as after a \
             restored backup"
        ),
    }
}

impl Explain for IdentityError {
    fn code(&self) -> Code {
        match self {
            Self::Document(error) => error.code(),
            Self::Io { .. } => Code::Unreadable,
            _ => Code::OtherInstall,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Document(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        let moved =
            || "if it is the same install in a new place: transship init --moved".to_owned();
        let clone = || "if it is an install of its own: transship init --clone".to_owned();
        match self {
            Self::Document(error) => error.hints(),
            Self::Io { .. } => Vec::new(),
            Self::Elsewhere {
                whereabouts: Whereabouts::Copied,
                recorded,
                ..
            }
            | Self::StillThere { recorded, .. } => {
                vec![format!("work in `{recorded}`"), clone()]
            }
            Self::Elsewhere { .. } => vec![moved(), clone()],
        }
    }
}

impl FolderIdentity {
    /// The identity of the folder, or file, at `path`, itself and not what a symlink leads to.
    ///
    /// # Errors
    /// Those of stat(2).
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        let born = metadata.created().ok();
        let since = born.and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            born: since.and_then(|since| u64::try_from(since.as_nanos()).ok()),
        })
    }

    /// Whether both are one folder, perhaps seen at different times. A device's number counts only
    /// where the time of birth isn't known.
    pub fn is(&self, other: &Self) -> bool {
        self.inode == other.inode
            && match (self.born, other.born) {
                (Some(one), Some(another)) => one == another,
                _ => self.device == other.device,
            }
    }
}

impl Identity {
    /// A new one for the install at `root`.
    fn draw(root: &Path) -> io::Result<Self> {
        let mut random = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        let mut id = String::new();
        for byte in random {
            // Writing to a string doesn't fail.
            let _ = write!(id, "{byte:02x}");
        }
        Self {
            id,
            root: String::new(),
            folder: FolderIdentity::of(root)?,
        }
        .at(root)
    }

    /// The same install in another folder.
    fn at(self, root: &Path) -> io::Result<Self> {
        Ok(Self {
            id: self.id,
            root: root.to_string_lossy().into_owned(),
            folder: FolderIdentity::of(root)?,
        })
    }

    /// Whether the install at `root`, whose id this is, is where it was.
    ///
    /// # Errors
    /// Those of stat(2) of `root`.
    pub fn whereabouts(&self, root: &Path) -> io::Result<Whereabouts> {
        let here = FolderIdentity::of(root)?;
        let is_same_path = self.root == root.to_string_lossy();
        let recorded = Path::new(&self.root);
        if self.folder.is(&here) {
            // A path through a bind mount, or one of before a parent was renamed.
            let is_alias = || FolderIdentity::of(recorded).is_ok_and(|there| there == here);
            if is_same_path || is_alias() {
                return Ok(Whereabouts::Here);
            }
        } else if is_same_path {
            return Ok(Whereabouts::Replaced);
        }
        let file = recorded.join(".transship/id");
        let original = document::load::<Self>(FORMAT, &file);
        match original.is_ok_and(|original| original.id == self.id) {
            true => Ok(Whereabouts::Copied),
            false => Ok(Whereabouts::Moved),
        }
    }
}

impl Install {
    /// The file of the install's id.
    pub fn id_file(&self) -> std::path::PathBuf {
        self.own("id")
    }

    /// The install's id as it is recorded, wherever the install may be now; `None` in one that no
    /// transship with ids has written to yet.
    ///
    /// # Errors
    /// [`IdentityError::Document`].
    pub fn identity(&self) -> Result<Option<Identity>, IdentityError> {
        let file = self.id_file();
        match file.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => Ok(Some(document::load(FORMAT, &file)?)),
        }
    }

    /// The install's id, which must be in the folder that it was recorded in.
    ///
    /// # Errors
    /// [`IdentityError::Elsewhere`] in a copied or moved one, [`IdentityError::Document`].
    pub fn require_own(&self) -> Result<Option<Identity>, IdentityError> {
        let Some(identity) = self.identity()? else {
            return Ok(None);
        };
        match self.whereabouts_of(&identity)? {
            Whereabouts::Here => Ok(Some(identity)),
            whereabouts => Err(IdentityError::Elsewhere {
                whereabouts,
                here: self.root().display().to_string(),
                recorded: identity.root,
            }),
        }
    }

    /// The install's id, drawn now if it has none. Under the install's lock.
    ///
    /// # Errors
    /// Those of [`Install::require_own`], and that it can't be written.
    pub fn identify(&self, disk: &Disk) -> Result<Identity, IdentityError> {
        match self.require_own()? {
            Some(identity) => Ok(identity),
            None => self.save_identity(disk, Identity::draw(self.root())),
        }
    }

    /// Says that this is the install of its id, in a new place. Under the install's lock.
    ///
    /// # Errors
    /// [`IdentityError::StillThere`] where the original is there, and that it can't be written.
    pub fn identify_as_moved(&self, disk: &Disk) -> Result<Identity, IdentityError> {
        let Some(identity) = self.identity()? else {
            return self.identify(disk);
        };
        if self.whereabouts_of(&identity)? == Whereabouts::Copied {
            return Err(IdentityError::StillThere {
                here: self.root().display().to_string(),
                recorded: identity.root,
            });
        }
        self.save_identity(disk, identity.at(self.root()))
    }

    /// Says that this is an install of its own, whatever it was copied from: the plans and runs in it
    /// are its original's, and aren't acted upon. Under the install's lock.
    ///
    /// # Errors
    /// [`IdentityError::Document`], [`IdentityError::Io`].
    pub fn identify_as_clone(&self, disk: &Disk) -> Result<Identity, IdentityError> {
        self.save_identity(disk, Identity::draw(self.root()))
    }

    fn whereabouts_of(&self, identity: &Identity) -> Result<Whereabouts, IdentityError> {
        let found = identity.whereabouts(self.root());
        found.map_err(|source| self.unseen(source))
    }

    fn save_identity(
        &self,
        disk: &Disk,
        identity: io::Result<Identity>,
    ) -> Result<Identity, IdentityError> {
        let identity = identity.map_err(|source| self.unseen(source))?;
        document::save(disk, FORMAT, &self.id_file(), &identity)?;
        Ok(identity)
    }

    fn unseen(&self, source: io::Error) -> IdentityError {
        IdentityError::Io {
            root: self.root().display().to_string(),
            source,
        }
    }
}

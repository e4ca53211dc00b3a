//! What a volume is, and what it takes to make one.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A volume that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its real name, prefix and all: `v1_3_2_postgres_data`.
    pub name: String,
    /// The absolute path of the folder that holds its contents.
    pub path: PathBuf,
    /// The driver that keeps it: `local`, or `folder` for a plain folder.
    pub driver: String,
    /// The driver's options, empty for an ordinary volume.
    pub options: BTreeMap<String, String>,
    /// Its labels; a plain folder has none.
    pub labels: BTreeMap<String, String>,
    /// When it was made, as its engine says; nothing for a plain folder. Engines before 23 tell
    /// the time of the last change of its folder.
    pub created: Option<String>,
}

/// A volume that is copied, and the one that it is copied into.
#[derive(Debug, Clone, Copy)]
pub struct CopyPair<'a> {
    /// What is copied.
    pub source: &'a Volume,
    /// Where it goes.
    pub target: &'a Volume,
}

impl Volume {
    /// Whether it is a folder of this machine in a volume's place, and none of the engine's: its name is a path.
    pub(super) fn is_folder(&self) -> bool {
        self.name.contains('/')
    }

    /// Whether both are described alike, whatever is said of when they were made.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let timeless = |volume: &Self| Self {
            created: None,
            ..volume.clone()
        };
        timeless(self) == timeless(other)
    }
}

/// A volume to be made: enough for Docker Compose to take it for its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVolume {
    /// The real name.
    pub name: String,
    /// The compose project that it will belong to.
    pub project: String,
    /// The volume's key in the compose file: `postgres_data`.
    pub key: String,
    /// The run that makes it, where one does; an engine has that in labels.
    pub made_by: Option<MadeBy>,
}

/// The label with the id of the install whose run made a volume.
pub const LABEL_INSTALL: &str = "io.transship.install";

/// The label with the run that made a volume.
pub const LABEL_RUN: &str = "io.transship.run";

/// The run of an install that makes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeBy {
    /// The install's id.
    pub install: String,
    /// The run's name.
    pub run: String,
}

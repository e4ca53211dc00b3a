//! What was observed for the rules.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{DatabaseFacts, NeighbourFacts};
use crate::compose::Model;
use crate::engine::{Container, Users};
use crate::release::Version;

/// What was observed, or why it couldn't be.
pub type Observed<T> = Result<T, String>;

/// All that the rules look at.
#[derive(Debug, Clone)]
pub struct DoctorFacts {
    /// The release as it will be: the one that an upgrade leads to, or the one in use.
    pub model: Model,
    /// The release in use, where an upgrade leads to another.
    pub old: Option<Model>,
    /// Databases on disk, and what will open them.
    pub databases: DatabaseFacts,
    /// The engine and Compose.
    pub engine: Observed<EngineFacts>,
    /// Whether the volumes are the engine's, and not folders.
    pub has_engine_volumes: bool,
    /// The images that the engine lacks.
    pub missing_images: Observed<Vec<String>>,
    /// The containers of the release in use.
    pub containers: Observed<Vec<Container>>,
    /// What else is on the engine.
    pub neighbours: NeighbourFacts,
    /// The volumes and who uses them.
    pub volumes: Vec<VolumeUse>,
    /// The filesystems that are written.
    pub rooms: Vec<Room>,
    /// Files with secrets that everybody may read.
    pub readable: Vec<PathBuf>,
    /// The releases in the install.
    pub releases: Vec<Version>,
    /// The time here.
    pub now: Timestamp,
    /// What was made last, by its own time.
    pub newest: Option<(String, Timestamp)>,
}

/// The engine and Compose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFacts {
    /// The engine's version: `28.2.2`.
    pub version: String,
    /// Compose's version: `2.40.3`.
    pub compose: Observed<String>,
    /// The time on the engine's machine.
    pub clock: Option<Timestamp>,
}

/// A volume and who uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeUse {
    /// Its name, as the engine has it, or a folder.
    pub name: String,
    /// Who writes it now.
    pub users: Users,
}

/// A filesystem and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// A folder on it.
    pub path: PathBuf,
    /// Bytes free for this user.
    pub free: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Files that may still be made, and how many there can be in all; nothing where it has no such
    /// bound.
    pub inodes: Option<(u64, u64)>,
}

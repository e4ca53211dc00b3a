//! One that uses a volume.

use std::path::PathBuf;

/// A container or process that uses a volume, or a folder above or below its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The container's name, or the process's: `postgres (process 4711)`.
    pub who: String,
    /// The container's id or the process's number.
    pub id: String,
    /// The compose project, where the container belongs to one.
    pub project: Option<String>,
    /// The compose service, where the container belongs to one.
    pub service: Option<String>,
    /// False for a container that is stopped and could be started again.
    pub running: bool,
    /// False where it has the volume mounted read-only; true for processes, of which
    /// that isn't known.
    pub writes: bool,
    /// True for a process that belongs to no container that is known of.
    pub is_process: bool,
    /// The path that it uses, on the host: a bind mount's source, a process's open file.
    pub path: Option<PathBuf>,
}

impl User {
    /// Whether it may be writing now, so that a copy could be neither one state nor another.
    pub const fn is_writing(&self) -> bool {
        self.running && self.writes
    }
}

//! Data outside of a release that both write.

use serde::{Deserialize, Serialize};

/// Something outside that both releases use, as a plan records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedWithOld {
    /// What `--share` calls it: a volume's key, or an absolute path.
    pub what: String,
    /// The volume's real name, or the path again.
    pub name: String,
    /// The services of the new release that write it.
    pub services: Vec<String>,
}

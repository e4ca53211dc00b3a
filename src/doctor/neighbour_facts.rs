//! What else is on the engine that a release comes to.

use std::path::PathBuf;

use super::Observed;
use crate::compose::Conflict;
use crate::engine::Container;

/// What others on the engine have, and what has the name of the release's project there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighbourFacts {
    /// What collides with others: what the release's project has itself, made from its folder, doesn't.
    pub conflicts: Observed<Vec<Conflict>>,
    /// The containers of the release's project by its name, whoever made them.
    pub namesakes: Observed<Vec<Container>>,
    /// The folder that Compose makes the release's containers from.
    pub folder: PathBuf,
    /// The release isn't the one in use: nothing of it is to run yet.
    pub is_to_come: bool,
}

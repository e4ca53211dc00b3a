//! What is told of a container that didn't come up.

use std::fmt;

/// A container that didn't come up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnstartedContainer {
    /// The container's name.
    pub container: String,
    /// `exit code 1`, `unhealthy`.
    pub how: String,
    /// The last lines of the container's log; may be empty.
    pub log: String,
    /// What its health check printed last, if it has one.
    pub health: Option<String>,
}

impl fmt::Display for UnstartedContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({})", self.container, self.how)?;
        if let Some(said) = &self.health {
            write!(f, ", its health check said: {said}")?;
        }
        if self.log.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.log)
    }
}

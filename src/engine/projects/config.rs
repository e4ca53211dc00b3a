//! What Compose itself makes of a project's files.

use std::time::Duration;

use serde_json::Value;

use super::compose::ComposeProject;
use crate::engine::{Docker, Error, Invocation};

/// Reading some files takes Compose less than a second.
const PATIENCE: Duration = Duration::from_secs(20);

impl ComposeProject {
    /// What `docker compose config` says. No engine is asked, and nothing is changed. `secrets` are
    /// masked in what Compose complains of.
    ///
    /// # Errors
    /// [`Error::Call`] where Compose refuses the files, [`Error::Answer`].
    pub(crate) fn config(&self, secrets: &[String]) -> Result<Value, Error> {
        let what = "read the new release with Compose";
        let call = self.call().args(["config", "--format", "json"]);
        let call = secrets.iter().fold(call, Invocation::secret);
        let said = Docker::json_lines(what, &call.time_out(PATIENCE))?.pop();
        Ok(said.unwrap_or_default())
    }
}

//! What Compose itself makes of a project's files.

use std::time::Duration;

use serde::de::Error as _;
use serde_json::Value;

use super::compose::ComposeProject;
use crate::engine::docker::failed;
use crate::engine::{Docker, Error, Invocation, program};

/// Reading some files takes Compose less than a second.
const PATIENCE: Duration = Duration::from_secs(20);

const WHAT: &str = "read the new release with Compose";

impl ComposeProject {
    /// What `docker compose config` says. No engine is asked, and nothing is changed. `secrets` are
    /// masked in what Compose complains of.
    ///
    /// # Errors
    /// [`Error::Call`] where Compose refuses the files, [`Error::Answer`].
    pub(crate) fn config(&self, secrets: &[String]) -> Result<Value, Error> {
        let call = |form: &[&str]| {
            let call = self.call().arg("config").args(form);
            let call = secrets.iter().fold(call, Invocation::secret);
            call.time_out(PATIENCE)
        };
        match Docker::json_lines(WHAT, &call(&["--format", "json"])) {
            // Some of what it reads it can't write as JSON: the keys of `build.ssh` (Compose 2.40).
            Err(Error::Call {
                source: program::Error::Exit { said, .. },
                ..
            }) if said.contains("MarshalJSON") => of_yaml(&call(&[])),
            said => Ok(said?.pop().unwrap_or_default()),
        }
    }
}

fn of_yaml(call: &Invocation) -> Result<Value, Error> {
    let output = call.run_well().map_err(failed(WHAT))?;
    serde_yaml::from_slice(&output.stdout).map_err(|error| Error::Answer {
        what: WHAT.to_owned(),
        command: call.shown(),
        source: serde_json::Error::custom(error),
    })
}

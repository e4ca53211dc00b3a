//! Lines for a shell that stop what uses a data folder, and start it again with the right one.

use std::path::Path;

use super::PostgresError;
use super::server::EVER;
use crate::engine::program::{Error, Program};
use crate::progress::Progress;

/// What stops services, and what starts them. Both have `TRANSSHIP_DATA`, the data folder that counts then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceLines {
    /// Stops all that uses the old folder, its server last.
    pub stop: Option<String>,
    /// Starts a server on `TRANSSHIP_DATA`, and all that uses it.
    pub start: Option<String>,
}

impl ServiceLines {
    /// Runs the line that stops them, if there is one.
    ///
    /// # Errors
    /// [`PostgresError::Program`] where it ends otherwise than with 0.
    pub(super) fn stop(&self, data: &Path, progress: &dyn Progress) -> Result<(), PostgresError> {
        run(
            self.stop.as_deref(),
            "run the line that stops the services",
            data,
            progress,
        )
    }

    /// Runs the line that starts them, if there is one.
    ///
    /// # Errors
    /// Those of [`stop`](Self::stop).
    pub(super) fn start(&self, data: &Path, progress: &dyn Progress) -> Result<(), PostgresError> {
        run(
            self.start.as_deref(),
            "run the line that starts the services",
            data,
            progress,
        )
    }
}

fn run(
    line: Option<&str>,
    what: &str,
    data: &Path,
    progress: &dyn Progress,
) -> Result<(), PostgresError> {
    let Some(line) = line else {
        return Ok(());
    };
    let failed = |source| match source {
        Error::Interrupted { .. } => PostgresError::Interrupted,
        source => PostgresError::Program {
            name: data.display().to_string(),
            what: what.to_owned(),
            source,
        },
    };
    let data = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    let shell = Program::find("sh").map_err(failed)?;
    // What starts a server may leave it the streams: they lead nowhere, and their end isn't waited for.
    let call = shell
        .call(["-c", line])
        .env("TRANSSHIP_DATA", &data)
        .time_out(EVER);
    call.run_while(&|| !progress.interrupted())
        .map(drop)
        .map_err(failed)
}

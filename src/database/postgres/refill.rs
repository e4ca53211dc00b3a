//! A move into a server that runs: it is stopped meanwhile, and another one on its data, which nobody else
//! reaches and which runs with settings for being filled, takes its place; then it is started again.

use std::time::Duration;

use super::lone_server::{LoneStart, wait_until_ready};
use super::move_server::{Filling, MovedServer};
use super::{PostgresError, PostgresServer};
use crate::engine::{Container, Ending, run_name};
use crate::fs::Disk;
use crate::progress::Progress;

/// How long a server may take to stop or to start.
const TURNING: Duration = Duration::from_mins(5);

/// Moves all that `from` has into `to`, which is started anew for it where that can be done: its data has to be
/// in a volume or a folder of the host, and its container to outlive being stopped.
///
/// # Errors
/// [`PostgresError::Obstacles`] before anything is touched; else [`PostgresError`], and `to` may then have a
/// part. It runs again in any case, but where it can't be started.
pub fn move_restarting(
    from: &PostgresServer,
    to: &PostgresServer,
    disk: &Disk,
    progress: &dyn Progress,
) -> Result<MovedServer, PostgresError> {
    let filling = Filling::of(from, to, progress)?;
    let Some(container) = to.restartable()? else {
        filling.fill(to, progress)?;
        return filling.compare(to, progress);
    };
    to.turn("stop")?;
    let filled = filled_beside(&filling, to, &container, disk, progress);
    to.turn("start")?;
    let (docker, own) = to.container()?;
    wait_until_ready(docker, &own.id, to.name(), progress)?;
    if !filled? {
        filling.fill(to, progress)?;
    }
    to.write_down()?;
    filling.compare(to, progress)
}

/// Fills its data by another server; false where that one doesn't come up, and nothing was done.
fn filled_beside(
    filling: &Filling<'_>,
    to: &PostgresServer,
    container: &Container,
    disk: &Disk,
    progress: &dyn Progress,
) -> Result<bool, PostgresError> {
    let name = format!("transship-filling-{}", run_name());
    let start = LoneStart {
        docker: to.container()?.0,
        disk,
        name: &name,
        like: container,
        dropped: Ending::InItsTime,
    };
    let lone = match start.start_for_filling(progress) {
        Ok(lone) => lone,
        Err(PostgresError::Interrupted) => return Err(PostgresError::Interrupted),
        // A setting of its own may stand against those.
        Err(_) => return Ok(false),
    };
    filling.fill(&lone.server, progress)?;
    lone.end()?;
    Ok(true)
}

impl PostgresServer {
    /// Its container, if its data outlives it and it outlives being stopped.
    fn restartable(&self) -> Result<Option<Container>, PostgresError> {
        let folder = self.data_directory()?;
        let (docker, own) = self.container()?;
        let found = Container::find(docker, &own.id)?;
        let Some(container) = found else {
            return Ok(None);
        };
        let mut mounts = container.mounts.iter();
        let lasts = mounts.any(|mount| mount.writes && folder.starts_with(&mount.target));
        Ok((lasts && !container.is_removed_on_stop(docker)?).then_some(container))
    }

    /// Stops or starts its container.
    fn turn(&self, verb: &str) -> Result<(), PostgresError> {
        let seconds = TURNING.as_secs().to_string();
        let time: &[&str] = match verb {
            "stop" => &["--time", &seconds],
            _ => &[],
        };
        let (docker, own) = self.container()?;
        let call = docker.call_within(2 * TURNING, [verb]);
        let turned = call.args(time).arg(&own.id).run_well();
        turned
            .map(drop)
            .map_err(|source| self.program(verb, source))
    }
}

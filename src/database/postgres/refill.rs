//! A move into a server that runs: it is stopped meanwhile, and another one on its data, which nobody else
//! reaches and which runs with settings for being filled, takes its place; then it is started again.

use std::time::Duration;

use super::lone_server::{LoneStart, wait_until_ready};
use super::move_server::{Filling, MovedServer};
use super::{MovedLocale, PostgresError, PostgresServer};
use crate::engine::{Container, ContainerEnd, Docker, LoneContainer};
use crate::fs::{Disk, Maker, NamedProcess};
use crate::progress::Progress;

/// How long a server may take to stop or to start.
const TURNING: Duration = Duration::from_mins(5);
/// What the container is called that fills another one's data, before the name of the process that has it do so.
const FILLING: &str = "transship-filling-";

/// Moves all that `from` has into `to`, which is started anew for it where that can be done: its data has to be
/// in a volume or a folder of the host, and its container to outlive being stopped.
///
/// # Errors
/// [`PostgresError::Obstacles`] before anything is touched; else [`PostgresError`], and `to` may then have a
/// part. It runs again in any case, but where it can't be started.
pub fn move_restarting(
    from: &PostgresServer,
    to: &PostgresServer,
    locale: MovedLocale,
    disk: &Disk,
    progress: &dyn Progress,
) -> Result<MovedServer, PostgresError> {
    let filling = Filling::of(from, to, locale, progress)?;
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

/// Ends the server that a killed move left on the data of the container `name`, and starts that one again; gives
/// whether there was one. What it has then may be a part.
///
/// # Errors
/// [`PostgresError::Obstacles`] where the move lives still, or that can't be known; else [`PostgresError`].
pub fn end_left_filling(
    docker: &Docker,
    name: &str,
    disk: &Disk,
    progress: &dyn Progress,
) -> Result<bool, PostgresError> {
    let Some(own) = Container::find(docker, name)? else {
        return Ok(false);
    };
    let all = Container::all(docker)?;
    let mut left = all.iter().filter_map(|one| {
        let maker: NamedProcess = one.name.strip_prefix(FILLING)?.parse().ok()?;
        one.shares_data(&own).then_some((one, maker.look()))
    });
    let Some((filling, maker)) = left.next() else {
        return Ok(false);
    };
    if maker != Maker::Dead {
        return Err(PostgresError::Obstacles {
            what: "moved".to_owned(),
            against: vec![format!(
                "another move fills `{}`, by `{}`: wait for it, or if it is known to be gone: `docker rm -f {}`",
                own.name, filling.name, filling.name
            )],
        });
    }
    LoneContainer::remove(docker, disk, &filling.name, ContainerEnd::InItsTime)?;
    if !own.running {
        let call = docker.call_within(2 * TURNING, ["start", &own.id]);
        let failed = |source| PostgresError::Program {
            name: own.name.clone(),
            what: "start".to_owned(),
            source,
        };
        call.run_well().map_err(failed)?;
        wait_until_ready(docker, &own.id, &own.name, progress)?;
    }
    Ok(true)
}

/// Fills its data by another server; false where that one doesn't come up, and nothing was done.
fn filled_beside(
    filling: &Filling<'_>,
    to: &PostgresServer,
    container: &Container,
    disk: &Disk,
    progress: &dyn Progress,
) -> Result<bool, PostgresError> {
    let name = format!("{FILLING}{}", NamedProcess::this());
    let start = LoneStart {
        docker: to.container()?.0,
        disk,
        name: &name,
        like: container,
        dropped: ContainerEnd::InItsTime,
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

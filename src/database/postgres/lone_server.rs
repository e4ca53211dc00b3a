//! A server alone: a container like a project's, with no network, that is up when the server itself
//! answers, and not the one that its image sets it up with.

use std::thread;
use std::time::Duration;

use super::server::PostgresServer;
use super::{PostgresError, server};
use crate::clock::Stopwatch;
use crate::database::INIT_SCRIPTS;
use crate::engine::{AddedArguments, Container, Docker, LoneContainer, LoneOptions, last_lines};
use crate::fs::Disk;
use crate::progress::Progress;

/// How long a server may take to come up: one that wasn't stopped well reads its log first.
const COMING_UP: Duration = Duration::from_mins(30);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// The server that an image sets a database up with has no port, and is the child of a script.
const READY: &str = "[ \"$(cat /proc/1/comm)\" = postgres ] && exec pg_isready -q -h 127.0.0.1";
/// How a server runs while it is filled: what is lost when it falls is thrown away anyway. As arguments, so
/// that nothing of it stays in its folder.
const FILLING: &[&str] = &[
    "-c",
    "fsync=off",
    "-c",
    "full_page_writes=off",
    "-c",
    "synchronous_commit=off",
    "-c",
    "wal_level=minimal",
    "-c",
    "max_wal_senders=0",
    "-c",
    "archive_mode=off",
    "-c",
    "autovacuum=off",
    "-c",
    "max_wal_size=8GB",
    "-c",
    "checkpoint_timeout=1h",
    "-c",
    "maintenance_work_mem=256MB",
];
/// What writes down all that is in the kernel's memory of its data still.
const SYNC: &str = "sync -f \"$1\" 2>/dev/null || sync";

/// A Postgres server that nobody else reaches.
#[derive(Debug)]
pub struct LoneServer {
    /// The server.
    pub server: PostgresServer,
    container: LoneContainer,
}

impl LoneServer {
    /// Starts one like the container `like`, which has to stand still, in a container called `name`, and waits
    /// until it answers. What is told of it calls it as that one. Scripts that would fill a new database aren't run.
    ///
    /// # Errors
    /// [`PostgresError`]: it isn't there, ends, or doesn't come up in half an hour.
    pub fn start(
        docker: &Docker,
        disk: &Disk,
        name: &str,
        like: &Container,
        progress: &dyn Progress,
    ) -> Result<Self, PostgresError> {
        let options = LoneOptions {
            without: Some(INIT_SCRIPTS),
            ..LoneOptions::default()
        };
        Self::start_with(docker, disk, name, like, options, progress)
    }

    /// The same with settings under which it is filled fast and wouldn't outlive a fall: [`restart`](Self::restart)
    /// makes it durable. Where its command isn't the server's own it is started as it is.
    ///
    /// # Errors
    /// Those of [`start`](Self::start).
    pub fn start_for_filling(
        docker: &Docker,
        disk: &Disk,
        name: &str,
        like: &Container,
        progress: &dyn Progress,
    ) -> Result<Self, PostgresError> {
        let options = LoneOptions {
            without: Some(INIT_SCRIPTS),
            arguments: Some(AddedArguments {
                program: "postgres",
                arguments: FILLING,
            }),
            ..LoneOptions::default()
        };
        Self::start_with(docker, disk, name, like, options, progress)
    }

    fn start_with(
        docker: &Docker,
        disk: &Disk,
        name: &str,
        like: &Container,
        options: LoneOptions<'_>,
        progress: &dyn Progress,
    ) -> Result<Self, PostgresError> {
        let container = LoneContainer::start(docker, disk, name, &like.id, options)?;
        wait_until_ready(docker, name, &like.name, progress)?;
        let server = PostgresServer::find(docker, name)?.called(&like.name);
        Ok(Self { server, container })
    }

    /// Stops it in its own time and starts it anew with its own settings, all that it has written on the disk.
    ///
    /// # Errors
    /// Those of [`start`](Self::start).
    pub fn restart(
        self,
        docker: &Docker,
        disk: &Disk,
        like: &Container,
        progress: &dyn Progress,
    ) -> Result<Self, PostgresError> {
        let name = self.container.name().to_owned();
        self.end(disk)?;
        let started = Self::start(docker, disk, &name, like, progress)?;
        started.server.write_down()?;
        Ok(started)
    }

    /// Stops it in its own time, and removes it; its data stays.
    ///
    /// # Errors
    /// [`PostgresError::Engine`].
    pub fn end(self, disk: &Disk) -> Result<(), PostgresError> {
        Ok(self.container.end(disk)?)
    }
}

impl PostgresServer {
    /// Has all of its data written to the disk.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub(super) fn write_down(&self) -> Result<(), PostgresError> {
        let (what, silent) = ("write all of it down", &crate::progress::Silent);
        self.rows("template1", what, "checkpoint", silent)?;
        let folder = self.data_directory()?.display().to_string();
        let call = self.call(["sh", "-c", SYNC, "sh", &folder]);
        let synced = call.run_well();
        synced
            .map(drop)
            .map_err(|source| self.program(what, source))
    }
}

/// Waits until the server itself answers, and not the one that an image sets it up with.
pub(super) fn wait_until_ready(
    docker: &Docker,
    container: &str,
    called: &str,
    progress: &dyn Progress,
) -> Result<(), PostgresError> {
    let watch = Stopwatch::start();
    loop {
        let call = docker.call_within(server::SOON, ["exec", container, "sh", "-c", READY]);
        if call.run().is_ok_and(|output| output.status.success()) {
            return Ok(());
        }
        let gone = Container::find(docker, container)?.is_none_or(|one| !one.running);
        if gone || watch.elapsed() >= COMING_UP {
            return Err(PostgresError::Said {
                name: called.to_owned(),
                what: "wait for the server".to_owned(),
                said: last_lines(docker, container),
            });
        }
        if progress.interrupted() {
            return Err(PostgresError::Interrupted);
        }
        thread::sleep(PAUSE);
    }
}

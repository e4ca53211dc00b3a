//! A server alone: a container like a project's, with no network, that is up when the server itself
//! answers, and not the one that its image sets it up with.

use std::thread;
use std::time::Duration;

use super::server::PostgresServer;
use super::{PostgresError, server};
use crate::clock::Stopwatch;
use crate::database::INIT_SCRIPTS;
use crate::engine::{
    AddedArguments, Container, ContainerEnd, Docker, LoneContainer, LoneOptions, last_lines,
};
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

/// A server alone that isn't there yet.
#[derive(Debug, Clone, Copy)]
pub struct LoneStart<'a> {
    /// The engine.
    pub docker: &'a Docker,
    /// Told of what is done.
    pub disk: &'a Disk,
    /// What its container is called.
    pub name: &'a str,
    /// The container that it is like, which has to stand still. What is told of the server calls it as that one.
    pub like: &'a Container,
    /// How it ends where nobody says that all went well.
    pub dropped: ContainerEnd,
}

/// A Postgres server that nobody else reaches.
#[derive(Debug)]
pub struct LoneServer<'a> {
    /// The server.
    pub server: PostgresServer,
    container: LoneContainer,
    from: LoneStart<'a>,
}

impl<'a> LoneStart<'a> {
    /// Starts it and waits until it answers. Scripts that would fill a new database aren't run.
    ///
    /// # Errors
    /// [`PostgresError`]: what it is like isn't there, it ends, or doesn't come up in half an hour.
    pub fn start(self, progress: &dyn Progress) -> Result<LoneServer<'a>, PostgresError> {
        self.start_with(None, progress)
    }

    /// The same with settings under which it is filled fast and wouldn't outlive a fall:
    /// [`LoneServer::restart`] makes it durable. Where its command isn't the server's own it is started as it is.
    ///
    /// # Errors
    /// Those of [`start`](Self::start).
    pub fn start_for_filling(
        self,
        progress: &dyn Progress,
    ) -> Result<LoneServer<'a>, PostgresError> {
        let arguments = AddedArguments {
            program: "postgres",
            arguments: FILLING,
        };
        self.start_with(Some(arguments), progress)
    }

    fn start_with(
        self,
        arguments: Option<AddedArguments<'_>>,
        progress: &dyn Progress,
    ) -> Result<LoneServer<'a>, PostgresError> {
        let options = LoneOptions {
            without: Some(INIT_SCRIPTS),
            idle: false,
            arguments,
            dropped: self.dropped,
        };
        let Self {
            docker, name, like, ..
        } = self;
        let container = LoneContainer::start(docker, self.disk, name, &like.id, options)?;
        wait_until_ready(docker, name, &like.name, progress)?;
        let server = PostgresServer::find(docker, name)?.called(&like.name);
        Ok(LoneServer {
            server,
            container,
            from: self,
        })
    }
}

impl LoneServer<'_> {
    /// Stops it in its own time and starts it anew with its own settings, all that it has written on the disk.
    ///
    /// # Errors
    /// Those of [`LoneStart::start`].
    pub fn restart(self, progress: &dyn Progress) -> Result<Self, PostgresError> {
        let from = self.from;
        self.end()?;
        let started = from.start(progress)?;
        started.server.write_down()?;
        Ok(started)
    }

    /// Stops it in its own time, and removes it; its data stays.
    ///
    /// # Errors
    /// [`PostgresError::Engine`].
    pub fn end(self) -> Result<(), PostgresError> {
        Ok(self.container.end(self.from.disk)?)
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

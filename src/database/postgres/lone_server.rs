//! A server alone: a container like a project's, with no network, that is up when the server itself
//! answers, and not the one that its image sets it up with.

use std::thread;
use std::time::Duration;

use super::server::PostgresServer;
use super::{PostgresError, server};
use crate::clock::Stopwatch;
use crate::database::INIT_SCRIPTS;
use crate::engine::{Container, Docker, LoneContainer, LoneOptions};
use crate::fs::Disk;
use crate::progress::Progress;

/// How long a server may take to come up: one that wasn't stopped well reads its log first.
const COMING_UP: Duration = Duration::from_mins(30);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// The server that an image sets a database up with has no port, and is the child of a script.
const READY: &str = "[ \"$(cat /proc/1/comm)\" = postgres ] && exec pg_isready -q -h 127.0.0.1";
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
            idle: false,
        };
        let container = LoneContainer::start(docker, disk, name, &like.id, options)?;
        let watch = Stopwatch::start();
        while !is_ready(docker, name) {
            let gone = container.look()?.is_none_or(|one| !one.running);
            if gone || watch.elapsed() >= COMING_UP {
                return Err(PostgresError::Said {
                    name: like.name.clone(),
                    what: "wait for the server".to_owned(),
                    said: container.log(),
                });
            }
            if progress.interrupted() {
                return Err(PostgresError::Interrupted);
            }
            thread::sleep(PAUSE);
        }
        let server = PostgresServer::find(docker, name)?.called(&like.name);
        Ok(Self { server, container })
    }

    /// Stops it in its own time, and removes it; its data stays.
    ///
    /// # Errors
    /// [`PostgresError::Engine`].
    pub fn end(self, disk: &Disk) -> Result<(), PostgresError> {
        Ok(self.container.end(disk)?)
    }
}

fn is_ready(docker: &Docker, name: &str) -> bool {
    let call = docker.call_within(server::SOON, ["exec", name, "sh", "-c", READY]);
    call.run().is_ok_and(|output| output.status.success())
}

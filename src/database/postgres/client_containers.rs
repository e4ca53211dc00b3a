//! Programs of one image beside two servers: a container in the network of each, so that either is
//! reached at 127.0.0.1, and a pipe between the two that no daemon has a hand in.
//!
//! A container lives for as long as its standard input is open: what ends this process, whatever that
//! is, ends the containers and what runs in them. Nothing of them stays.

use std::io::Read as _;
use std::path::Path;
use std::process::ChildStdin;
use std::sync::Mutex;
use std::time::Duration;

use super::PostgresError;
use super::dump_file::complaints;
use super::server::{EVER, PostgresServer};
use crate::engine::program::{self, Running};
use crate::engine::{Docker, Invocation, run_name};
use crate::progress::Progress;

/// How long a container may take to end once nobody wants it any more.
const ENDING: Duration = Duration::from_secs(10);
/// What is run as the container's own program: it says that it is there, and waits for the end of its
/// standard input.
const WAIT: &str =
    "[ -p /transship/pipe ] || mkfifo -m 666 /transship/pipe || exit; echo; exec cat >/dev/null";

/// A container of an image, in a server's network.
pub(super) struct ClientContainer {
    docker: Docker,
    name: String,
    /// The server's.
    server: String,
    /// Asked for nothing but its end, by whichever thread drops it.
    running: Mutex<Option<Running>>,
    stdin: Option<ChildStdin>,
}

impl ClientContainer {
    /// Starts one of `image` beside `server`; it shares the pipe of `other`, if that is named.
    pub(super) fn start(
        image: &str,
        server: &PostgresServer,
        other: Option<&Self>,
    ) -> Result<Self, PostgresError> {
        let name = format!("transship-clients-{}", run_name());
        let password = server.password()?;
        let (docker, own) = server.container()?;
        let network = format!("container:{}", own.id);
        let call = docker.call_within(EVER, ["run", "--rm"]);
        let call = call
            .args(["--interactive", "--name", &name, "--network", &network])
            .args(["--user", "0", "--env", "PGHOST=127.0.0.1"])
            .arg("--env")
            .arg(format!("PGUSER={}", server.user()))
            .arg("--env")
            .arg(format!("PGPORT={}", server.port()))
            .args(["--env", "PGAPPNAME=transship", "--env", "PGPASSWORD"])
            .env("PGPASSWORD", &password)
            .secret(password);
        let call = match other {
            None => call.args(["--volume", "/transship"]),
            Some(other) => call.args(["--volumes-from", &other.name]),
        };
        let call = call.args(["--entrypoint", "sh", image, "-c", WAIT]);
        let what = "start the programs that speak to the server";
        let mut running = call
            .start()
            .map_err(|source| server.program(what, source))?;
        let stdin = running.stdin();
        let mut said = [0];
        let there = running
            .stdout()
            .is_some_and(|mut stdout| stdout.read_exact(&mut said).is_ok());
        if !there {
            let ended = running.ended(ENDING);
            let ended = ended.map_err(|source| server.program(what, source))?;
            return Err(server.said(what, ended.describe()));
        }
        Ok(Self {
            docker: docker.clone(),
            name,
            server: server.name().to_owned(),
            running: Mutex::new(Some(running)),
            stdin,
        })
    }

    /// A call of a shell's line in it; what `args` are is `$1` and so on there.
    pub(super) fn shell<'a>(
        &self,
        line: &str,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Invocation {
        let call = self.docker.call_within(EVER, ["exec", "--interactive"]);
        call.args([&self.name, "sh", "-c", line, "sh"]).args(args)
    }

    /// Copies a folder into it, as `place`, which isn't there yet.
    pub(super) fn copy_in(&self, folder: &Path, place: &str) -> Result<(), PostgresError> {
        let to = format!("{}:{place}", self.name);
        let call = self.docker.call_within(EVER, ["cp"]);
        // A relative one with a colon would be a container's.
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let copied = call.arg(&folder).arg(&to).run_well();
        copied
            .map(drop)
            .map_err(|source| self.failed("bring the dump", source))
    }

    /// What the call prints, if it ends well; else errors alone are told, since what follows them may quote rows.
    pub(super) fn run(
        &self,
        what: &str,
        call: Invocation,
        progress: &dyn Progress,
    ) -> Result<Vec<u8>, PostgresError> {
        let output = call
            .limit(256 << 20)
            .run_or_stop(&|| !progress.interrupted());
        let output = output.map_err(|source| self.failed(what, source))?;
        if !output.status.success() || output.cut {
            let said = complaints(&String::from_utf8_lossy(&output.stderr));
            let said = match said.is_empty() {
                true => output.complaint(),
                false => said,
            };
            return Err(self.said(what, said));
        }
        Ok(output.stdout)
    }

    /// That a program in it can't be run.
    pub(super) fn failed(&self, what: &str, source: program::Error) -> PostgresError {
        match source {
            program::Error::Interrupted { .. } => PostgresError::Interrupted,
            source => PostgresError::Program {
                name: self.server.clone(),
                what: what.to_owned(),
                source,
            },
        }
    }

    /// What a program in it complained of.
    pub(super) fn said(&self, what: &str, said: String) -> PostgresError {
        PostgresError::Said {
            name: self.server.clone(),
            what: what.to_owned(),
            said,
        }
    }
}

impl Drop for ClientContainer {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let running = self.running.get_mut().ok().and_then(Option::take);
        let ended = running.is_some_and(|running| running.ended(ENDING).is_ok());
        if !ended {
            let call = self
                .docker
                .call_within(ENDING, ["rm", "--force", "--volumes", &self.name]);
            // Nobody is left to tell, and without its standard input it ends all the same.
            let _ = call.run();
        }
    }
}

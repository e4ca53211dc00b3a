//! All of one server into another through a pipe: what dumps runs in the one's container, what loads in the
//! other's, and transship in between, which counts.
//!
//! What loads is told that the stream is at its end only when what dumped has ended well and the end is that
//! of a whole dump: many a program takes a stream that was cut for a short one.

mod error;
mod pump;

use std::io::{self, BufRead as _, BufReader};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use error::StreamedMoveError;

use super::recipes::database_recipe::StreamRecipe;
use crate::clock::Stopwatch;
use crate::document::DocumentFormat;
use crate::engine::program::{self, Ended, Running};
use crate::engine::{Container, Docker, Invocation};
use crate::progress::Progress;
use crate::tree::Digest;
use pump::{Pumped, pump};

/// A large database takes as long as it takes.
const EVER: Duration = Duration::from_hours(365 * 24);
/// The end of a program whose streams have ended, and of one that only looks.
const SOON: Duration = Duration::from_mins(10);
/// How long a server may take to answer.
const COMING_UP: Duration = Duration::from_mins(5);
/// Between two looks.
const TICK: Duration = Duration::from_millis(100);
/// Runs what loads in a group of its own, as `docker exec` makes one, and tells the group's number; what it
/// prints goes where its complaints go.
const TELLING: &str = "echo $$; exec \"$@\" >&2";

/// The format of what a move came to. Each version has a file in `fixtures/formats/`.
pub const STREAMED_FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-db-stream",
    version: 1,
    oldest: 1,
};

/// What is run for a move, each a program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamLines {
    /// Ends with 0 when the server answers.
    pub ready: Option<Vec<String>>,
    /// Writes all that the one has to its standard output.
    pub dump: Vec<String>,
    /// Reads that from its standard input.
    pub load: Vec<String>,
    /// Prints the same in both where both have the same.
    pub compare: Option<Vec<String>>,
    /// What a whole dump ends with.
    pub ends_with: Option<Vec<u8>>,
    /// Whether the other one has to be started anew.
    pub restarts: bool,
    /// Whether what the comparison prints may be kept: not where it isn't known what that is.
    pub tells: bool,
}

/// A move from one server to another, both in containers that run.
#[derive(Debug, Clone, Copy)]
pub struct StreamedMove<'a> {
    /// Whose engine it is.
    pub docker: &'a Docker,
    /// The container whose data it is.
    pub from: &'a str,
    /// The container that it comes into.
    pub to: &'a str,
    /// What is run.
    pub lines: &'a StreamLines,
    /// Which database, where a server has several or it is a file; `$DATABASE` in the lines. `$COMMAND` there is
    /// the container's own command, a word a line.
    pub database: Option<&'a str>,
}

/// What a move came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamedDump {
    /// The container whose data it is.
    pub from: String,
    /// The container that it came into.
    pub to: String,
    /// The bytes that went through the pipe.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: String,
    /// Whether both have the same; nothing where there is no way to compare them.
    pub equal: Option<bool>,
    /// The SHA-256 of what the comparison printed of the one.
    pub compared_sha256: Option<String>,
    /// Its first lines, where it is a recipe of transship's own; none that begins with [`UNTOLD`].
    pub proof: Option<String>,
}

/// What a line of a comparison begins with that counts and is kept nowhere: a digest of passwords.
pub const UNTOLD: &str = "secret";
/// How many lines of a comparison are kept.
const LINES_KEPT: usize = 1000;

impl From<&StreamRecipe> for StreamLines {
    fn from(recipe: &StreamRecipe) -> Self {
        let line = |line: &str| ["sh", "-c", line].map(str::to_owned).to_vec();
        Self {
            ready: Some(line(recipe.ready)),
            dump: line(recipe.dump),
            load: line(recipe.load),
            compare: recipe.compare.map(line),
            ends_with: recipe.ends_with.map(<[u8]>::to_vec),
            restarts: recipe.restarts,
            tells: true,
        }
    }
}

impl StreamedMove<'_> {
    /// Moves, and compares. The first isn't changed; on a failure the other may have a part.
    ///
    /// # Errors
    /// [`StreamedMoveError`]; that they differ is no error.
    pub fn run(&self, progress: &dyn Progress) -> Result<StreamedDump, StreamedMoveError> {
        let (from, to) = self.both(progress)?;
        progress.start(&format!("`{}` into `{}`", from.name, to.name), None);
        let streamed = self.stream(&from, &to, progress);
        progress.finish();
        let mut moved = streamed?;
        if self.lines.restarts {
            self.restart(&to)?;
            self.wait_until_ready(&to, progress)?;
        }
        if let Some(line) = &self.lines.compare {
            let (a, b) = (self.printed(&from, line)?, self.printed(&to, line)?);
            moved.equal = Some(a == b);
            moved.compared_sha256 = Some(Digest::of(&a).to_string());
            moved.proof = self.lines.tells.then(|| kept(&a));
        }
        Ok(moved)
    }

    /// Holds what both have against each other, and moves nothing.
    ///
    /// # Errors
    /// [`StreamedMoveError`]; that they differ is no error.
    pub fn compare(&self, progress: &dyn Progress) -> Result<Option<bool>, StreamedMoveError> {
        let (from, to) = self.both(progress)?;
        let Some(line) = &self.lines.compare else {
            return Ok(None);
        };
        Ok(Some(self.printed(&from, line)? == self.printed(&to, line)?))
    }

    /// Both, once they answer.
    fn both(&self, progress: &dyn Progress) -> Result<(Container, Container), StreamedMoveError> {
        let (from, to) = (self.running(self.from)?, self.running(self.to)?);
        if from.id == to.id {
            return Err(StreamedMoveError::IntoItself { name: from.name });
        }
        for container in [&from, &to] {
            self.wait_until_ready(container, progress)?;
        }
        Ok((from, to))
    }

    fn running(&self, name: &str) -> Result<Container, StreamedMoveError> {
        let found = Container::find(self.docker, name)?;
        let running = found.filter(|one| one.running && !one.paused);
        running.ok_or_else(|| StreamedMoveError::NotRunning {
            name: name.to_owned(),
        })
    }

    fn call(&self, container: &Container, argv: &[String], limit: Duration) -> Invocation {
        let mut call = self.docker.call_within(limit, ["exec", "--interactive"]);
        if let Some(database) = self.database {
            call = call.args(["--env", &format!("DATABASE={database}")]);
        }
        // Where many have the server's password. By Docker's own environment, so that no list of processes
        // shows it.
        if let Some(command) = command_of(self.docker, container) {
            call = call.args(["--env", "COMMAND"]).env("COMMAND", &command);
            call = call.secret(command);
        }
        call.arg(&container.id).args(argv)
    }

    fn wait_until_ready(
        &self,
        container: &Container,
        progress: &dyn Progress,
    ) -> Result<(), StreamedMoveError> {
        let Some(ready) = &self.lines.ready else {
            return Ok(());
        };
        let watch = Stopwatch::start();
        loop {
            let asked = self.call(container, ready, SOON).run();
            let output = asked.map_err(|source| program_failed(container, "looks", source))?;
            if output.status.success() {
                return Ok(());
            }
            if progress.interrupted() {
                return Err(StreamedMoveError::Interrupted);
            }
            let is_there = Container::find(self.docker, &container.name)?;
            if !is_there.is_some_and(|one| one.running) || watch.elapsed() > COMING_UP {
                return Err(StreamedMoveError::NoAnswer {
                    name: container.name.clone(),
                    said: output.complaint(),
                });
            }
            thread::sleep(TICK);
        }
    }

    fn restart(&self, container: &Container) -> Result<(), StreamedMoveError> {
        let call = self.docker.call_within(SOON, ["restart", &container.id]);
        let restarted = call.run_well();
        restarted.map_err(|source| program_failed(container, "starts it anew", source))?;
        Ok(())
    }

    fn printed(
        &self,
        container: &Container,
        line: &[String],
    ) -> Result<Vec<u8>, StreamedMoveError> {
        let output = self.call(container, line, EVER).run();
        let output = output.map_err(|source| program_failed(container, "compares", source))?;
        match output.status.success() && !output.cut {
            true => Ok(output.stdout),
            false => Err(StreamedMoveError::Failed {
                name: container.name.clone(),
                what: "compares",
                said: output.complaint(),
            }),
        }
    }

    fn stream(
        &self,
        from: &Container,
        to: &Container,
        progress: &dyn Progress,
    ) -> Result<StreamedDump, StreamedMoveError> {
        let start = |container: &Container, line: &[String], what| {
            let call = self.call(container, line, EVER);
            call.start()
                .map_err(|source| program_failed(container, what, source))
        };
        let told = ["sh", "-c", TELLING, "sh"].map(str::to_owned);
        let line = [&told[..], &self.lines.load[..]].concat();
        let mut load = start(to, &line, "loads")?;
        let mut dump = start(from, &self.lines.dump, "dumps")?;
        let mut group = String::new();
        if let Some(stdout) = load.stdout() {
            let _ = BufReader::new(stdout).read_line(&mut group);
        }
        let pumped = pump(&mut dump, &mut load, progress);
        let whole = self.whole(
            from,
            dump,
            pumped.as_ref().map(|(pumped, _)| pumped),
            progress,
        );
        if whole.is_err() {
            // Before its input is closed, which it would take for the end.
            self.end_group(to, group.trim());
        }

        let (pumped, stdin) = match (whole, pumped) {
            // What loads has had enough: it says why.
            (_, Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                let ended = ended(load, progress);
                let ended = ended.map_err(|source| program_failed(to, "loads", source))?;
                return Err(failed(to, "loads", &ended, "it ended before the dump did"));
            }
            (_, Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                return Err(StreamedMoveError::Interrupted);
            }
            (_, Err(source)) => {
                return Err(StreamedMoveError::Pipe {
                    from: from.name.clone(),
                    to: to.name.clone(),
                    source,
                });
            }
            (Err(error), Ok(_)) => return Err(error),
            (Ok(()), Ok(pumped)) => pumped,
        };
        drop(stdin);
        let loaded = ended(load, progress);
        let loaded = loaded.map_err(|source| program_failed(to, "loads", source))?;
        if !loaded.status.success() {
            return Err(failed(to, "loads", &loaded, ""));
        }
        Ok(StreamedDump {
            from: from.name.clone(),
            to: to.name.clone(),
            bytes: pumped.bytes,
            sha256: pumped.sha256,
            equal: None,
            compared_sha256: None,
            proof: None,
        })
    }

    /// Whether what went through the pipe was a whole dump.
    fn whole(
        &self,
        from: &Container,
        dump: Running,
        pumped: Result<&Pumped, &io::Error>,
        progress: &dyn Progress,
    ) -> Result<(), StreamedMoveError> {
        // Why it isn't is told by the pipe.
        let Ok(pumped) = pumped else {
            return Err(StreamedMoveError::Interrupted);
        };
        let dumped = ended(dump, progress);
        let dumped = dumped.map_err(|source| program_failed(from, "dumps", source))?;
        if !dumped.status.success() {
            return Err(failed(from, "dumps", &dumped, ""));
        }
        match self.lines.is_end(&pumped.tail) {
            true => Ok(()),
            false => Err(StreamedMoveError::Cut {
                name: from.name.clone(),
                bytes: pumped.bytes,
            }),
        }
    }

    /// Ends what loads, with all that it started. What is gone already needs no ending.
    fn end_group(&self, container: &Container, group: &str) {
        if group.bytes().all(|byte| byte.is_ascii_digit()) && !group.is_empty() {
            let kill = ["sh", "-c", "kill -9 -\"$1\"", "sh", group].map(str::to_owned);
            let _ = self.call(container, &kill, SOON).run();
        }
    }
}

impl StreamLines {
    /// Whether a stream with this end is a whole one: its mark is the very end, or begins the last line; in
    /// the data it tells nothing. Nothing at all never is whole.
    fn is_end(&self, tail: &[u8]) -> bool {
        let Some(mark) = &self.ends_with else {
            return !tail.is_empty();
        };
        let tail = tail.trim_ascii_end();
        let line = tail.rsplit(|byte| *byte == b'\n').next();
        tail.ends_with(mark) || line.is_some_and(|line| line.starts_with(mark))
    }
}

/// The first lines of what a comparison printed.
fn kept(printed: &[u8]) -> String {
    let text = String::from_utf8_lossy(printed);
    let lines = text.lines().filter(|line| !line.starts_with(UNTOLD));
    lines.take(LINES_KEPT).collect::<Vec<_>>().join("\n")
}

/// The command that a container was made with, a word a line.
fn command_of(docker: &Docker, container: &Container) -> Option<String> {
    Some(container.making(docker).ok()?.cmd?.join("\n"))
}

fn ended(running: Running, progress: &dyn Progress) -> Result<Ended, program::Error> {
    running.ended_while(EVER, &|| !progress.interrupted())
}

fn failed(container: &Container, what: &'static str, ended: &Ended, or: &str) -> StreamedMoveError {
    let said = match ended.status.success() {
        true => or.to_owned(),
        false => ended.describe(),
    };
    StreamedMoveError::Failed {
        name: container.name.clone(),
        what,
        said,
    }
}

fn program_failed(
    container: &Container,
    what: &'static str,
    source: program::Error,
) -> StreamedMoveError {
    match source {
        program::Error::Interrupted { .. } => StreamedMoveError::Interrupted,
        source => StreamedMoveError::Program {
            name: container.name.clone(),
            what,
            source,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_that_of_a_whole_dump() {
        let lines = |mark: Option<&[u8]>| StreamLines {
            ready: None,
            dump: Vec::new(),
            load: Vec::new(),
            compare: None,
            ends_with: mark.map(<[u8]>::to_vec),
            restarts: false,
            tells: false,
        };
        let mark = lines(Some(b"-- Dump completed"));
        assert!(mark.is_end(b"insert;\n-- Dump completed on 2026-11-28\n"));
        assert!(!mark.is_end(b"insert into t values (1), (2"));
        assert!(!mark.is_end(b"('a row')\n-- Dump completed\ninsert into t"));
        assert!(!mark.is_end(b"('-- Dump completed'), ('x"));
        assert!(!mark.is_end(b""));
        assert!(lines(None).is_end(b"x"));
        assert!(!lines(None).is_end(b""));
    }
}

//! All of one server into another through a pipe: what dumps runs in the one's container, what loads in the
//! other's, and transship in between, which counts.
//!
//! What loads is told that the stream is at its end only when what dumped has ended well and the end is that
//! of a whole dump: many a program takes a stream that was cut for a short one.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::recipes::database_recipe::StreamRecipe;
use crate::clock::Stopwatch;
use crate::engine::program::{self, Ended, Running};
use crate::engine::{self, Container, Docker, Invocation};
use crate::error::{Code, Explain, Kind};
use crate::progress::Progress;
use crate::threads;

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
/// How much of the end of a stream is kept, in bytes.
const TAIL: usize = 4096;

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
    /// Which database, where a server has several or it is a file; `$DATABASE` in the lines.
    pub database: Option<&'a str>,
}

/// What a move came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamedDump {
    /// The bytes that went through the pipe.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: String,
    /// Whether both have the same; nothing where there is no way to compare them.
    pub equal: Option<bool>,
    /// What the comparison printed of the one, its first lines.
    pub proof: Option<String>,
}

/// Why a move failed.
#[derive(Debug, Error)]
pub enum StreamedMoveError {
    /// Docker can't be asked.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// No container of that name, or it stands still.
    #[error("container `{name}` isn't running")]
    NotRunning {
        /// As it was asked for.
        name: String,
    },
    /// One was named twice.
    #[error("`{name}` would be moved into itself")]
    IntoItself {
        /// Its name.
        name: String,
    },
    /// The server doesn't answer.
    #[error("the server in `{name}` doesn't answer: {said}")]
    NoAnswer {
        /// The container.
        name: String,
        /// What was said last.
        said: String,
    },
    /// A program ended badly.
    #[error("what {what} in `{name}` failed: {said}")]
    Failed {
        /// The container.
        name: String,
        /// What it does: `dumps`.
        what: &'static str,
        /// How it ended, and what it said.
        said: String,
    },
    /// The stream was at its end before the dump was.
    #[error("the dump of `{name}` was cut: {bytes} bytes came, and not the end of a whole one")]
    Cut {
        /// The container.
        name: String,
        /// What came.
        bytes: u64,
    },
    /// A pipe broke.
    #[error("the pipe between `{from}` and `{to}` broke")]
    Pipe {
        /// The container whose data it is.
        from: String,
        /// The container that it comes into.
        to: String,
        /// The system's error.
        source: io::Error,
    },
    /// A program can't be run.
    #[error("can't run what {what} in `{name}`")]
    Program {
        /// The container.
        name: String,
        /// What it does.
        what: &'static str,
        /// Why.
        source: program::Error,
    },
    /// The user wanted to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Explain for StreamedMoveError {
    fn code(&self) -> Code {
        match self {
            Self::Engine(error) => error.code(),
            Self::NotRunning { .. } => Code::NotFound,
            Self::IntoItself { .. } => Code::Usage,
            Self::Program { source, .. } => source.code(),
            Self::Interrupted => Code::Interrupted,
            Self::NoAnswer { .. } | Self::Failed { .. } | Self::Cut { .. } | Self::Pipe { .. } => {
                Code::EngineFailed
            }
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::NotRunning { .. } | Self::NoAnswer { .. } => Kind::Refused,
            Self::IntoItself { .. } => Kind::Usage,
            Self::Program { source, .. } => source.kind(),
            Self::Interrupted => Kind::Interrupted,
            Self::Failed { .. } | Self::Cut { .. } | Self::Pipe { .. } => Kind::Failed,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.hints(),
            Self::Program { source, .. } => source.hints(),
            Self::NotRunning { .. } => {
                vec!["name a container (`docker ps`), or `PROJECT/SERVICE`".to_owned()]
            }
            Self::Failed {
                what: "dumps" | "loads",
                ..
            }
            | Self::Cut { .. }
            | Self::Pipe { .. } => vec![
                "what it comes into may have a part: begin again with an empty volume".to_owned(),
            ],
            Self::Failed { .. }
            | Self::IntoItself { .. }
            | Self::NoAnswer { .. }
            | Self::Interrupted => Vec::new(),
        }
    }
}

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
        }
    }
}

impl StreamedMove<'_> {
    /// Moves, and compares. The first isn't changed; on a failure the other may have a part.
    ///
    /// # Errors
    /// [`StreamedMoveError`]; that they differ is no error.
    pub fn run(&self, progress: &dyn Progress) -> Result<StreamedDump, StreamedMoveError> {
        let (from, to) = (self.running(self.from)?, self.running(self.to)?);
        if from.id == to.id {
            return Err(StreamedMoveError::IntoItself { name: from.name });
        }
        for container in [&from, &to] {
            self.wait_until_ready(container, progress)?;
        }
        let mut moved = self.stream(&from, &to, progress)?;
        if self.lines.restarts {
            self.restart(&to)?;
            self.wait_until_ready(&to, progress)?;
        }
        if let Some(line) = &self.lines.compare {
            let (a, b) = (self.printed(&from, line)?, self.printed(&to, line)?);
            moved.equal = Some(a == b);
            let text = String::from_utf8_lossy(&a).into_owned();
            moved.proof = Some(text.lines().take(1000).collect::<Vec<_>>().join("\n"));
        }
        Ok(moved)
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
            bytes: pumped.bytes,
            sha256: pumped.sha256,
            equal: None,
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
    /// Whether a stream with this end is a whole one. Nothing at all never is.
    fn is_end(&self, tail: &[u8]) -> bool {
        match &self.ends_with {
            None => !tail.is_empty(),
            Some(mark) => tail.windows(mark.len().max(1)).any(|part| part == mark),
        }
    }
}

/// What went through the pipe.
#[derive(Debug, Default)]
struct Pumped {
    bytes: u64,
    sha256: String,
    tail: Vec<u8>,
}

/// Lets all that the one writes flow into the other, whose input is given back open.
fn pump(
    dump: &mut Running,
    load: &mut Running,
    progress: &dyn Progress,
) -> io::Result<(Pumped, ChildStdin)> {
    let none = || io::Error::from(io::ErrorKind::NotConnected);
    let (mut from, mut to) = (
        dump.stdout().ok_or_else(none)?,
        load.stdin().ok_or_else(none)?,
    );
    let (tell, told) = channel();
    let (finish, finished) = channel();
    threads::start(move || {
        let pumped = flow(&mut from, &mut to, &|bytes| {
            let _ = tell.send(bytes);
        });
        let _ = finish.send(pumped.map(|pumped| (pumped, to)));
    })?;
    loop {
        for bytes in told.try_iter() {
            progress.advance(bytes, 0);
        }
        match finished.recv_timeout(TICK) {
            Ok(pumped) => return pumped,
            Err(RecvTimeoutError::Disconnected) => return Err(none()),
            Err(RecvTimeoutError::Timeout) if progress.interrupted() => {
                return Err(io::ErrorKind::Interrupted.into());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn flow(from: &mut ChildStdout, to: &mut ChildStdin, tell: &dyn Fn(u64)) -> io::Result<Pumped> {
    let mut pumped = Pumped::default();
    let mut hash = Sha256::new();
    let mut room = vec![0; 256 * 1024];
    loop {
        let length = match from.read(&mut room) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = &room[..length];
        to.write_all(piece)?;
        hash.update(piece);
        pumped.bytes += length as u64;
        pumped
            .tail
            .extend_from_slice(&piece[length.saturating_sub(TAIL)..]);
        let over = pumped.tail.len().saturating_sub(TAIL);
        pumped.tail.drain(..over);
        tell(length as u64);
    }
    to.flush()?;
    for byte in hash.finalize() {
        // Nothing fails in a String.
        let _ = write!(pumped.sha256, "{byte:02x}");
    }
    Ok(pumped)
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
        };
        let mark = lines(Some(b"-- Dump completed"));
        assert!(mark.is_end(b"insert;\n-- Dump completed on 2026-11-28\n"));
        assert!(!mark.is_end(b"insert into t values (1), (2"));
        assert!(!mark.is_end(b""));
        assert!(lines(None).is_end(b"x"));
        assert!(!lines(None).is_end(b""));
    }
}

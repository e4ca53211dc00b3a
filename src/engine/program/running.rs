//! A program under way, whose streams its caller reads and writes.

use std::process::{Child, ChildStdin, ChildStdout, ExitStatus};
use std::time::Duration;

use super::capture::Capture;
use super::run::{self, Streams, Waited};
use super::{Ending, Error, Invocation, last_lines};

/// A program under way. It is ended, with everything that it started, when this is dropped.
pub struct Running {
    child: Child,
    call: Invocation,
    stderr: Option<Capture>,
    over: bool,
}

/// How a program ended that its caller had talked to.
#[derive(Debug)]
pub struct Ended {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// The last lines that it said on its standard error, secrets masked.
    pub said: String,
}

impl Ended {
    /// How it ended, in words, with what it said.
    pub fn describe(&self) -> String {
        let how = Ending(self.status);
        if self.said.is_empty() {
            how.to_string()
        } else {
            format!("{how}: {}", self.said)
        }
    }
}

impl Running {
    pub(super) fn start(call: &Invocation) -> Result<Self, Error> {
        let started = run::start(call, Streams::Caller);
        let mut child = started.map_err(|source| Error::Start {
            command: call.shown(),
            source,
        })?;
        let stderr = Capture::start(child.stderr.take(), call.limit).map_err(|source| {
            run::stop(&mut child);
            Error::Start {
                command: call.shown(),
                source,
            }
        })?;
        Ok(Self {
            child,
            call: call.clone(),
            stderr: Some(stderr),
            over: false,
        })
    }

    /// The program's standard input; nothing the second time. Dropping it closes it.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The program's standard output; nothing the second time.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for the program's end, and ends it after `limit`.
    ///
    /// # Errors
    /// [`Error::TimedOut`] where it had to be ended, [`Error::Wait`] when the system loses
    /// track of it.
    pub fn ended(self, limit: Duration) -> Result<Ended, Error> {
        self.ended_while(limit, &|| true)
    }

    /// Waits as [`Running::ended`] does, as long as `go_on` says so, and ends the program then.
    ///
    /// # Errors
    /// Those of [`Running::ended`], and [`Error::Interrupted`].
    pub fn ended_while(
        mut self,
        limit: Duration,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Ended, Error> {
        let command = self.call.shown();
        let status = match run::wait_while(&mut self.child, limit, Some(go_on)) {
            Err(source) => return Err(Error::Wait { command, source }),
            Ok(Waited::Ended(status)) => status,
            Ok(Waited::Unwanted) => return Err(Error::Interrupted { command }),
            Ok(Waited::TooLong) => {
                return Err(Error::TimedOut {
                    command,
                    after: limit,
                });
            }
        };
        self.over = true;
        let kept = self.stderr.take().map(Capture::finish).unwrap_or_default();
        let said = last_lines(&String::from_utf8_lossy(&kept.bytes));
        Ok(Ended {
            status,
            said: self.call.mask(said),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.over {
            run::stop(&mut self.child);
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Running").field(&self.call.shown()).finish()
    }
}

//! Starts a call, waits for it, and ends it when its time is up.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use super::capture::Capture;
use super::{Error, Invocation, Output, Program};
use crate::clock::Stopwatch;
use crate::threads;

/// Between asking a group to end and killing it.
const MERCY: Duration = Duration::from_secs(2);
/// Between two looks at whether a program is wanted still.
const TICK: Duration = Duration::from_millis(100);
/// The longest pause between two looks at a running program whose end isn't told.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) fn run(call: &Invocation, go_on: Option<&dyn Fn() -> bool>) -> Result<Output, Error> {
    let mut child = start(call, Streams::Kept).map_err(|source| Error::Start {
        command: call.shown(),
        source,
    })?;
    let captured = feed(&mut child, &call.stdin).and_then(|()| {
        let stdout = Capture::start(child.stdout.take(), call.limit)?;
        Ok((stdout, Capture::start(child.stderr.take(), call.limit)?))
    });
    let (stdout, stderr) = captured.map_err(|source| {
        stop(&mut child);
        Error::Start {
            command: call.shown(),
            source,
        }
    })?;
    let ended = wait_while(&mut child, call.time_out, go_on).map_err(|source| Error::Wait {
        command: call.shown(),
        source,
    })?;
    let status = match ended {
        Waited::Ended(status) => status,
        other => {
            stop(&mut child);
            let command = call.shown();
            let after = call.time_out;
            return Err(match other {
                Waited::Unwanted => Error::Interrupted { command },
                _ => Error::TimedOut { command, after },
            });
        }
    };
    let (stdout, stderr) = (stdout.finish(), stderr.finish());
    Ok(Output {
        status,
        cut: stdout.cut || stderr.cut,
        stdout: stdout.bytes,
        stderr: stderr.bytes,
    })
}

/// Who reads and writes a program's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Streams {
    /// They are kept for the caller, and its input is given beforehand.
    Kept,
    /// The caller, while the program runs.
    Caller,
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one door to programs"
)]
pub(super) fn start(call: &Invocation, streams: Streams) -> io::Result<Child> {
    let mut command = Command::new(&call.program.path);
    command
        .args(&call.program.words[1..])
        .args(&call.args)
        .envs(call.env.iter().map(|(name, value)| (name, value)))
        .stdin(if streams == Streams::Kept && call.stdin.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    for name in &call.removed {
        command.env_remove(name);
    }
    if let Some(folder) = &call.folder {
        // As a shell has it; what the caller inherited is the folder of another.
        command.current_dir(folder).env("PWD", folder);
    }
    command.spawn()
}

/// Runs a program that shows a text on this terminal, in the foreground.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one door to programs"
)]
pub(super) fn show(program: &Program, text: &str, meanwhile: &dyn Fn()) -> io::Result<()> {
    let mut command = Command::new(&program.path);
    command.args(&program.words[1..]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // As git does: end where it fits, keep colours, leave the text on the screen.
        command.env("LESS", "FRX");
    }
    let mut child = command.spawn()?;
    feed(&mut child, text.as_bytes())?;
    let go_on = || {
        meanwhile();
        true
    };
    match wait_while(&mut child, Duration::MAX, Some(&go_on))? {
        Waited::Ended(status) if status.success() => Ok(()),
        _ => Err(io::Error::other("the pager ended badly")),
    }
}

/// Writes on a thread of its own: a program may print before it has read everything.
fn feed(child: &mut Child, bytes: &[u8]) -> io::Result<()> {
    if let Some(mut stdin) = child.stdin.take() {
        let bytes = bytes.to_vec();
        // A program that doesn't want all of it says so by how it ends.
        threads::start(move || drop(stdin.write_all(&bytes)))?;
    }
    Ok(())
}

/// How the program ended, or nothing when it is still running after `limit`.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    match wait_while(child, limit, None)? {
        Waited::Ended(status) => Ok(Some(status)),
        Waited::TooLong | Waited::Unwanted => Ok(None),
    }
}

/// What came of waiting.
pub(super) enum Waited {
    Ended(ExitStatus),
    TooLong,
    /// `go_on` answered no while the program was still running.
    Unwanted,
}

pub(super) fn wait_while(
    child: &mut Child,
    limit: Duration,
    go_on: Option<&dyn Fn() -> bool>,
) -> io::Result<Waited> {
    let watch = Stopwatch::start();
    // Linux tells of a program's end at once, since 5.3; else it is looked for.
    let told = pid(child).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Waited::Ended(status));
        }
        let left = limit.saturating_sub(watch.elapsed());
        if left.is_zero() {
            return Ok(Waited::TooLong);
        }
        if go_on.is_some_and(|go_on| !go_on()) {
            return Ok(Waited::Unwanted);
        }
        let left = if go_on.is_some() {
            left.min(TICK)
        } else {
            left
        };
        let waited = told.as_ref().is_some_and(|told| {
            let most = Timespec::try_from(left).ok();
            poll(&mut [PollFd::new(told, PollFlags::IN)], most.as_ref()).is_ok()
        });
        if !waited {
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSE);
        }
    }
}

/// Ends the program and everything it started that is still in its group: asks first,
/// because `docker compose` tidies up when asked.
pub(super) fn stop(child: &mut Child) {
    signal(child, Signal::TERM);
    if !matches!(wait(child, MERCY), Ok(Some(_))) {
        signal(child, Signal::KILL);
        // Killed: it can't be long, and there is nothing to be done about an error.
        let _ = child.wait();
        return;
    }
    // The first is gone; what it started may have stayed deaf.
    signal(child, Signal::KILL);
}

fn signal(child: &Child, signal: Signal) {
    // The group's number is the first process's. An error means that all are gone.
    if let Some(group) = pid(child) {
        let _ = kill_process_group(group, signal);
    }
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

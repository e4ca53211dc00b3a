//! Progress of long work: one line on a terminal, a line now and then elsewhere, with `--json` a
//! line of JSON on stderr each second.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::fold;
use super::json_document::{EventMessage, event_line};
use super::run_bar::RunBar;
use super::run_logging::RunLogging;
use super::signals::StopWish;
use super::size;
use super::visible::visible;
use super::work_name::called;
use crate::clock::Stopwatch;
use crate::engine::program::{self, CallTrace};
use crate::progress::{ExpectedStep, Progress, StepProgress};
use crate::release::Install;
use crate::upgrade::Plan;

/// How progress is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Not at all.
    Quiet,
    /// As one line that is drawn again and again.
    Line,
    /// As lines of text.
    Lines,
    /// As lines of JSON.
    Events,
}

impl Manner {
    /// How often is enough.
    const fn period(self) -> Duration {
        match self {
            Self::Quiet | Self::Lines => Duration::from_secs(10),
            Self::Line => Duration::from_millis(100),
            Self::Events => Duration::from_secs(1),
        }
    }
}

/// The observer that the commands hand to the library.
#[derive(Debug)]
pub(crate) struct Bars {
    manner: Manner,
    stop: StopWish,
    now: Mutex<Option<CurrentWork>>,
    /// The line on a terminal: of a run, or of what is worked on now.
    line: Mutex<Option<RunBar>>,
    bytes: AtomicU64,
    files: AtomicU64,
    log: Arc<Mutex<Option<RunLogging>>>,
}

#[derive(Debug)]
struct CurrentWork {
    what: String,
    total: Option<u64>,
    since: Stopwatch,
    said: Stopwatch,
}

/// One line of JSON on stderr: the work's start and end, and how far it is in between.
#[derive(Debug, Serialize)]
struct ProgressJson<'a> {
    what: &'a str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_bytes: Option<u64>,
    files: u64,
    bytes_per_second: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<u64>,
}

impl Bars {
    pub(crate) fn new(quiet: bool, json: bool, verbose: bool) -> Self {
        let stop = StopWish::catch(json);
        let manner = match (quiet, json, io::stderr().is_terminal()) {
            (true, _, _) => Manner::Quiet,
            (false, true, _) => Manner::Events,
            // Commands between its pictures would tear it.
            (false, false, true) if !verbose && can_erase() => Manner::Line,
            (false, false, _) => Manner::Lines,
        };
        let log = Arc::<Mutex<Option<RunLogging>>>::default();
        hear_commands(Arc::clone(&log), verbose.then_some(json));
        Self {
            log,
            manner,
            stop,
            now: Mutex::new(None),
            line: Mutex::new(None),
            bytes: AtomicU64::new(0),
            files: AtomicU64::new(0),
        }
    }

    /// Keeps a full log of the run of `plan` that is about to begin, or to go on.
    pub(crate) fn logs(&self, install: &Install, plan: &Plan) {
        let logging = RunLogging::new(install, plan);
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = Some(logging);
    }

    /// Adds to the log of the run, if there is one.
    pub(crate) fn log(&self, text: &str) {
        self.logging(|log| log.say(text));
    }

    fn logging(&self, with: impl FnOnce(&mut RunLogging)) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = log.as_mut() {
            with(log);
        }
    }

    fn say(&self, line: &str) {
        if self.manner != Manner::Quiet {
            // Progress that can't be shown is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{}", visible(line, false));
        }
    }

    fn tell(&self, work: &CurrentWork, event: &'static str) {
        let (bytes, files) = (self.bytes.load(Relaxed), self.files.load(Relaxed));
        match self.manner {
            Manner::Quiet => {}
            Manner::Line => {
                self.line(|line| line.done(bytes));
            }
            Manner::Lines => self.say(&work.line(bytes, files)),
            Manner::Events => {
                self.say(&event_line(event, &work.event(bytes, files)));
            }
        }
    }
}

impl Progress for Bars {
    fn start(&self, what: &str, bytes: Option<u64>) {
        if self.line(|line| line.work(what, bytes)).is_none() && self.manner == Manner::Line {
            *self.locked_line() = Some(RunBar::of_work(what, bytes));
        }
        let work = CurrentWork {
            what: what.to_owned(),
            total: bytes,
            since: Stopwatch::start(),
            said: Stopwatch::start(),
        };
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if self.manner == Manner::Events {
            // Work that begins ends what was at work.
            if let Some(over) = now.as_ref() {
                self.tell(over, "finish");
            }
        }
        self.bytes.store(0, Relaxed);
        self.files.store(0, Relaxed);
        if self.manner == Manner::Events {
            self.tell(&work, "start");
        }
        *now = Some(work);
    }

    fn advance(&self, bytes: u64, files: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
        self.files.fetch_add(files, Relaxed);
        // Whoever finds the lock taken leaves the telling to the one who has it.
        let Ok(mut now) = self.now.try_lock() else {
            return;
        };
        let Some(work) = now.as_mut() else { return };
        if work.said.elapsed() >= self.manner.period() {
            work.said = Stopwatch::start();
            self.tell(work, "progress");
        }
    }

    fn finish(&self) {
        let work = self
            .now
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(work) = work {
            if self.manner == Manner::Events {
                self.tell(&work, "finish");
            }
            let (bytes, files) = (self.bytes.load(Relaxed), self.files.load(Relaxed));
            if files > 0 {
                self.log(&work.line(bytes, files));
            }
            self.line(|line| line.done(bytes));
            let mut line = self.locked_line();
            if let Some(over) = line.take_if(|line| !line.is_of_run()) {
                over.hide();
            }
        }
    }

    fn note(&self, line: &str) {
        self.log(line);
        self.show(line);
    }

    fn step(&self, step: &StepProgress<'_>) {
        self.logging(|log| log.step(step));
        match self.manner {
            Manner::Events => self.say(&event_line("step", step)),
            Manner::Line => {
                self.line(|line| line.step(step));
            }
            _ if step.state.begins() => self.show(&step.to_string()),
            _ => {}
        }
    }

    fn begins_run(&self, run: &str, steps: &[ExpectedStep]) {
        self.logging(|log| log.begin(run));
        if self.manner == Manner::Line {
            *self.locked_line() = Some(RunBar::of_run(steps));
        }
    }

    fn wants_total(&self) -> bool {
        matches!(self.manner, Manner::Line | Manner::Events)
    }

    fn interrupted(&self) -> bool {
        self.stop.is_wished()
    }
}

impl Bars {
    fn locked_line(&self) -> MutexGuard<'_, Option<RunBar>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the line, if there is one.
    fn line<T>(&self, with: impl FnOnce(&RunBar) -> T) -> Option<T> {
        self.locked_line().as_ref().map(with)
    }

    /// Takes the line from the terminal: something else is about to be written there. A run that goes on draws
    /// it again.
    pub(crate) fn make_room(&self) {
        self.line(RunBar::hide);
    }

    /// A line between two pictures of the one that is drawn.
    fn show(&self, text: &str) {
        if self.manner == Manner::Events {
            self.say(&event_line("note", &EventMessage { message: text }));
            return;
        }
        let fitted = fold::columns(io::stderr()).map(|columns| fold::fold(text, columns));
        let text = fitted.as_deref().unwrap_or(text);
        if self.line(|line| line.suspend(|| self.say(text))).is_none() {
            self.say(text);
        }
    }
}

/// Whether the terminal can take back what it shows.
fn can_erase() -> bool {
    std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// Has every call of a program told in the log, and on stderr where `shown`: as an event of JSON, or as a line.
fn hear_commands(log: Arc<Mutex<Option<RunLogging>>>, shown: Option<bool>) {
    program::listen(Arc::new(move |call: &CallTrace<'_>| {
        let took = size::duration(call.took);
        let how = call.failed.unwrap_or("done");
        let line = format!("{}  # {how}, {took}", call.command);
        match shown {
            Some(true) => {
                let command = CommandJson {
                    command: call.command,
                    failed: call.failed,
                    milliseconds: u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX),
                };
                let _ = writeln!(io::stderr().lock(), "{}", event_line("command", &command));
            }
            Some(false) => {
                let _ = writeln!(io::stderr().lock(), "  $ {}", visible(&line, false));
            }
            None => {}
        }
        // Whoever writes the log runs nothing meanwhile.
        if let Ok(mut log) = log.try_lock()
            && let Some(log) = log.as_mut()
        {
            log.command(&line, call.command, call.failed.is_some());
        }
    }));
}

/// A call of a program that is over, as an event.
#[derive(Debug, Serialize)]
struct CommandJson<'a> {
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<&'a str>,
    milliseconds: u64,
}

impl CurrentWork {
    fn rate(&self, bytes: u64) -> u64 {
        let milliseconds = self.since.elapsed().as_millis().max(1);
        u64::try_from(u128::from(bytes) * 1000 / milliseconds).unwrap_or(u64::MAX)
    }

    fn line(&self, bytes: u64, files: u64) -> String {
        let of = self
            .total
            .map(|total| format!(" of {}", size::human(total)))
            .unwrap_or_default();
        format!(
            "{}: {}{of}, {}, {}/s",
            called(&self.what),
            size::human(bytes),
            size::count(files, "file"),
            size::human(self.rate(bytes))
        )
    }

    fn event(&self, bytes: u64, files: u64) -> ProgressJson<'_> {
        let rate = self.rate(bytes);
        let left = self
            .total
            .and_then(|total| total.saturating_sub(bytes).checked_div(rate));
        ProgressJson {
            what: &self.what,
            bytes,
            total_bytes: self.total,
            files,
            bytes_per_second: rate,
            seconds_left: left,
        }
    }
}

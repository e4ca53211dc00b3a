//! Progress of long work: a bar on a terminal, a line now and then elsewhere, with `--json` a
//! line of JSON on stderr each second.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::json_document::{EventMessage, event_line};
use super::run_logging::RunLogging;
use super::signals::StopWish;
use super::size;
use super::visible::visible;
use crate::clock::Stopwatch;
use crate::engine::program::{self, CallTrace};
use crate::progress::{Progress, StepProgress};
use crate::release::Install;
use crate::upgrade::Plan;

/// How progress is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Not at all.
    Quiet,
    /// As a bar that is drawn again and again.
    Bar,
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
            Self::Bar => Duration::from_millis(100),
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
    bytes: AtomicU64,
    files: AtomicU64,
    log: Arc<Mutex<Option<RunLogging>>>,
}

#[derive(Debug)]
struct CurrentWork {
    what: String,
    total: Option<u64>,
    bar: Option<ProgressBar>,
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
            // Commands between its pictures would tear a bar.
            (false, false, true) if !verbose => Manner::Bar,
            (false, false, _) => Manner::Lines,
        };
        let log = Arc::<Mutex<Option<RunLogging>>>::default();
        hear_commands(Arc::clone(&log), verbose.then_some(json));
        Self {
            log,
            manner,
            stop,
            now: Mutex::new(None),
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
            Manner::Bar => {
                if let Some(bar) = &work.bar {
                    bar.set_position(bytes);
                    bar.set_message(size::count(files, "file"));
                }
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
        self.bytes.store(0, Relaxed);
        self.files.store(0, Relaxed);
        let work = CurrentWork {
            what: what.to_owned(),
            total: bytes,
            bar: (self.manner == Manner::Bar)
                .then(|| bar(&visible(&shortened(called(what)), false), bytes)),
            since: Stopwatch::start(),
            said: Stopwatch::start(),
        };
        if self.manner == Manner::Events {
            self.tell(&work, "start");
        }
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
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
            work.bar.inspect(ProgressBar::finish_and_clear);
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
            _ if step.state.begins() => self.show(&step.to_string()),
            _ => {}
        }
    }

    fn begins_run(&self, run: &str) {
        self.logging(|log| log.begin(run));
    }

    fn wants_total(&self) -> bool {
        matches!(self.manner, Manner::Bar | Manner::Events)
    }

    fn interrupted(&self) -> bool {
        self.stop.is_wished()
    }
}

impl Bars {
    /// A line between two pictures of the bar.
    fn show(&self, line: &str) {
        if self.manner == Manner::Events {
            self.say(&event_line("note", &EventMessage { message: line }));
            return;
        }
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        match now.as_ref().and_then(|work| work.bar.as_ref()) {
            Some(bar) => bar.suspend(|| self.say(line)),
            None => self.say(line),
        }
    }
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

/// What work on a path is called: by its last name, and by a volume's where it is in an engine's folder.
fn called(what: &str) -> &str {
    let own = what.strip_suffix("/_data").unwrap_or(what);
    match own.starts_with(['/', '.']) {
        true => own.rsplit('/').find(|name| !name.is_empty()).unwrap_or(own),
        false => own,
    }
}

/// As much of a name as leaves room for the rest of a line of 80 columns.
fn shortened(name: &str) -> String {
    const MOST: usize = 28;
    if name.width() <= MOST {
        return name.to_owned();
    }
    // The end tells names apart.
    let mut room = MOST - 2;
    let end = name.chars().rev().take_while(|c| {
        let width = c.width().unwrap_or(0);
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    });
    let end: Vec<char> = end.collect();
    format!("..{}", end.into_iter().rev().collect::<String>())
}

fn bar(what: &str, bytes: Option<u64>) -> ProgressBar {
    let template = if bytes.is_some() {
        "{prefix} [{wide_bar}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}"
    } else {
        "{prefix} {spinner} {msg} {binary_bytes} {binary_bytes_per_sec}"
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::stderr_with_hz(10));
    bar.with_style(style.progress_chars("=> "))
        .with_prefix(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_called_by_the_volume_or_the_last_name() {
        for (what, name) in [
            ("/var/lib/docker/volumes/v2_db/_data", "v2_db"),
            ("/srv/insight/volumes/v2_db", "v2_db"),
            ("./copied/", "copied"),
            ("volume v2_db", "volume v2_db"),
            ("reading the release", "reading the release"),
            ("/", "/"),
        ] {
            assert_eq!(called(what), name);
        }
    }

    #[test]
    fn a_long_name_leaves_room_on_the_line() {
        assert_eq!(shortened("v2_db"), "v2_db");
        let long = shortened("insight_v2_10_5_postgres_of_the_reports_data");
        assert_eq!(long, "..stgres_of_the_reports_data");
        assert!(shortened(&"データ".repeat(9)).width() <= 28);
    }
}

//! Draws the line of a run, or of work by itself, on a terminal, again and again.
//!
//! The cursor stays behind the text, so that the `^C` that a terminal writes is on the same line and goes with it.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::fold;
use super::run_line::RunLine;
use crate::clock::Stopwatch;
use crate::progress::{ExpectedStep, StepProgress};
use crate::threads;

/// How often it is drawn where nothing happens: the time passes all the same.
const PERIOD: Duration = Duration::from_millis(250);
/// Columns left free at the end, for that `^C`.
const SPARE: usize = 3;
/// Takes what is on the cursor's line away.
pub(super) const ERASE: &str = "\r\x1b[2K";

/// The line, and whether it is to be seen.
#[derive(Debug)]
pub(super) struct RunBar {
    picture: Arc<Mutex<LinePicture>>,
    is_of_run: bool,
}

#[derive(Debug)]
struct LinePicture {
    line: RunLine,
    since: Stopwatch,
    is_shown: bool,
}

impl RunBar {
    /// For a run of these steps.
    pub(super) fn of_run(steps: &[ExpectedStep]) -> Self {
        Self::new(RunLine::of(steps), true)
    }

    /// For work that is no part of a run.
    pub(super) fn of_work(what: &str, total: Option<u64>) -> Self {
        let bar = Self::new(RunLine::of_work(what, total), false);
        bar.change(|_, _| {});
        bar
    }

    fn new(line: RunLine, is_of_run: bool) -> Self {
        let picture = LinePicture {
            line,
            since: Stopwatch::start(),
            is_shown: false,
        };
        let picture = Arc::new(Mutex::new(picture));
        let seen = Arc::downgrade(&picture);
        // Refused a thread, it is drawn where something happens.
        let _ = threads::start(move || {
            while let Some(picture) = seen.upgrade() {
                locked(&picture).draw_again();
                drop(picture);
                std::thread::sleep(PERIOD);
            }
        });
        Self { picture, is_of_run }
    }

    /// Whether it outlasts the work that is told of.
    pub(super) fn is_of_run(&self) -> bool {
        self.is_of_run
    }

    pub(super) fn step(&self, step: &StepProgress<'_>) {
        self.change(|line, at| line.step(step, at));
    }

    pub(super) fn work(&self, what: &str, total: Option<u64>) {
        self.change(|line, _| line.work(what, total));
    }

    pub(super) fn done(&self, bytes: u64) {
        self.change(|line, _| line.done(bytes));
    }

    fn change(&self, how: impl FnOnce(&mut RunLine, Duration)) {
        let mut picture = locked(&self.picture);
        let at = picture.since.elapsed();
        how(&mut picture.line, at);
        picture.is_shown = true;
        picture.draw_again();
    }

    /// Does something between two pictures of the line.
    pub(super) fn suspend(&self, what: impl FnOnce()) {
        let picture = locked(&self.picture);
        picture.erase();
        what();
        picture.draw_again();
    }

    /// Takes the line from the terminal until the run goes on.
    pub(super) fn hide(&self) {
        let mut picture = locked(&self.picture);
        picture.erase();
        picture.is_shown = false;
    }
}

impl LinePicture {
    fn draw_again(&self) {
        if self.is_shown {
            let room = columns().saturating_sub(SPARE);
            write(&(ERASE.to_owned() + &self.line.text(self.since.elapsed(), room)));
        }
    }

    fn erase(&self) {
        if self.is_shown {
            write(ERASE);
        }
    }
}

fn locked(picture: &Mutex<LinePicture>) -> MutexGuard<'_, LinePicture> {
    picture.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Progress that can't be shown is no reason to stop.
fn write(text: &str) {
    let mut terminal = io::stderr().lock();
    let _ = terminal.write_all(text.as_bytes());
    let _ = terminal.flush();
}

/// How wide the terminal is now.
fn columns() -> usize {
    fold::columns(io::stderr()).unwrap_or(80)
}

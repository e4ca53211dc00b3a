//! Progress of long work: a bar on a terminal, a line now and then elsewhere; and the
//! first Ctrl-C, which asks the work to stop, where the second ends the process.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::size;
use crate::clock::Stopwatch;
use crate::progress::Progress;

/// How often a line is printed where there is no terminal.
const PERIOD: Duration = Duration::from_secs(10);

/// The observer that the commands hand to the library.
#[derive(Debug)]
pub(super) struct Bars {
    quiet: bool,
    terminal: bool,
    stop: Arc<AtomicBool>,
    now: Mutex<Option<Work>>,
    bytes: AtomicU64,
    files: AtomicU64,
}

#[derive(Debug)]
struct Work {
    what: String,
    total: Option<u64>,
    bar: Option<ProgressBar>,
    since: Stopwatch,
    said: Stopwatch,
}

impl Bars {
    pub(super) fn new(quiet: bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // Order matters: the second signal finds the flag set and ends the process.
            // Without handlers Ctrl-C still ends it, and the journal takes over.
            let _ =
                signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop));
            let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
        }
        Self {
            quiet,
            terminal: io::stderr().is_terminal(),
            stop,
            now: Mutex::new(None),
            bytes: AtomicU64::new(0),
            files: AtomicU64::new(0),
        }
    }

    fn say(&self, line: &str) {
        if !self.quiet {
            // Progress that can't be shown is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{line}");
        }
    }
}

impl Progress for Bars {
    fn start(&self, what: &str, bytes: Option<u64>) {
        self.bytes.store(0, Relaxed);
        self.files.store(0, Relaxed);
        let bar = (self.terminal && !self.quiet).then(|| bar(what, bytes));
        let work = Work {
            what: what.to_owned(),
            total: bytes,
            bar,
            since: Stopwatch::start(),
            said: Stopwatch::start(),
        };
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
    }

    fn advance(&self, bytes: u64, files: u64) {
        let bytes = self.bytes.fetch_add(bytes, Relaxed) + bytes;
        let files = self.files.fetch_add(files, Relaxed) + files;
        // Whoever finds the lock taken leaves the telling to the one who has it.
        let Ok(mut now) = self.now.try_lock() else {
            return;
        };
        let Some(work) = now.as_mut() else { return };
        if let Some(bar) = &work.bar {
            bar.set_position(bytes);
            bar.set_message(format!("{files} files"));
        } else if work.said.elapsed() >= PERIOD {
            work.said = Stopwatch::start();
            let line = work.line(bytes, files);
            self.say(&line);
        }
    }

    fn finish(&self) {
        if let Some(work) = self
            .now
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            work.bar.inspect(ProgressBar::finish_and_clear);
        }
    }

    fn note(&self, line: &str) {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        match now.as_ref().and_then(|work| work.bar.as_ref()) {
            Some(bar) => bar.suspend(|| self.say(line)),
            None => self.say(line),
        }
    }

    fn interrupted(&self) -> bool {
        self.stop.load(Relaxed)
    }
}

impl Work {
    fn line(&self, bytes: u64, files: u64) -> String {
        let seconds = self.since.elapsed().as_secs().max(1);
        let of = self
            .total
            .map(|total| format!(" of {}", size::human(total)))
            .unwrap_or_default();
        let rate = size::human(bytes / seconds);
        format!(
            "{}: {}{of}, {files} files, {rate}/s",
            self.what,
            size::human(bytes)
        )
    }
}

fn bar(what: &str, bytes: Option<u64>) -> ProgressBar {
    let template = if bytes.is_some() {
        "{prefix} [{bar:30}] {binary_bytes}/{binary_total_bytes} {msg} {binary_bytes_per_sec} {eta}"
    } else {
        "{prefix} {spinner} {binary_bytes} {msg} {binary_bytes_per_sec}"
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::stderr_with_hz(10));
    bar.with_style(style.progress_chars("=> "))
        .with_prefix(what.to_owned())
}

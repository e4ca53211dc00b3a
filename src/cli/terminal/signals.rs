//! Ctrl-C, SIGTERM and SIGHUP: the first asks the work to stop, the second ends the process.
//!
//! Work that is asked looks for the wish between two pieces of it, clears up what it made, and
//! says what comes next. A command that doesn't look, since it waits for a pipe or a disk, ends
//! after [`GRACE`] all the same: what it leaves, the next run finds and removes.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::exit;

use super::failure::Failure;
use super::json_document::{JsonDocument, event_line};
use super::run_bar::ERASE;
use crate::error::Kind;
use crate::threads;

/// How long work has to look whether it should stop.
const GRACE: Duration = Duration::from_secs(1);

/// The wish to stop, and whether somebody looks for it.
#[derive(Debug, Clone, Default)]
pub(super) struct StopWish {
    wished: Arc<AtomicBool>,
    heard: Arc<AtomicBool>,
}

impl StopWish {
    /// Catches the signals from now on. SIGHUP stays ignored where it is, under `nohup`.
    pub(super) fn catch(json: bool) -> Self {
        let wish = Self::default();
        let hang_up = (!is_ignored(SIGHUP)).then_some(SIGHUP);
        let signals = [SIGINT, SIGTERM].into_iter().chain(hang_up);
        for signal in signals.clone() {
            // Order matters: the second signal finds the wish set and ends the process.
            // Without handlers Ctrl-C still ends it, and the journal takes over.
            let code = i32::from(Kind::Interrupted.exit_code());
            let _ = flag::register_conditional_shutdown(signal, code, Arc::clone(&wish.wished));
            let _ = flag::register(signal, Arc::clone(&wish.wished));
        }
        // A file beyond the limit (`ulimit -f`) is an error of the write, like a full disk.
        let _ = flag::register(SIGXFSZ, Arc::default());
        if let Ok(mut signals) = Signals::new(signals) {
            let waiting = wish.clone();
            // Refused, there is still the second signal.
            let _ = threads::start(move || {
                if signals.forever().next().is_some() {
                    waiting.end_unheard(json);
                }
            });
        }
        wish
    }

    /// True once a signal came; whoever asks is about to stop.
    pub(super) fn is_wished(&self) -> bool {
        let wished = self.wished.load(Relaxed);
        if wished {
            self.heard.store(true, Relaxed);
        }
        wished
    }

    /// Ends the process, unless somebody looks for the wish in time.
    fn end_unheard(&self, json: bool) {
        std::thread::sleep(GRACE);
        if !self.heard.load(Relaxed) {
            let failure = Failure::new(Kind::Interrupted, "interrupted");
            let (document, line) = match json {
                true => (
                    JsonDocument::new("transship-failure", &failure.json()).text(),
                    event_line("error", &failure.error_json()),
                ),
                false => (Ok(String::new()), format!("error: {}", failure.message)),
            };
            // Whoever holds the lock of standard output may be what waits.
            let document = document.unwrap_or_default();
            let _ = rustix::io::write(rustix::stdio::stdout(), document.as_bytes());
            let erase = if !json && io::stderr().is_terminal() {
                ERASE
            } else {
                ""
            };
            let _ = writeln!(io::stderr(), "{erase}{line}");
            exit(i32::from(Kind::Interrupted.exit_code()));
        }
    }
}

/// True for a signal that whoever started this process had ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

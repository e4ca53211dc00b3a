//! Confirming an upgrade: it has succeeded, and goes back by itself unless somebody says in time that it
//! shall stay. Whoever says so is another process, and leaves a record that the waiting one finds.

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::journal::{Journal, JournalError, JournalEvent, RunState};
use super::report::Report;
use super::run_error::RunError;
use super::run_terms::{Countdown, PAUSE};
use super::runner::Runner;
use crate::clock;
use crate::document::{self, DocumentError, DocumentFormat};
use crate::fs::Disk;
use crate::release::Install;
use crate::upgrade::step::{UndoScope, quote};

/// The format of a confirmation. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-confirmation",
    version: 1,
    oldest: 1,
};

/// That somebody wants an upgrade to stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The id of the install.
    pub install: String,
    /// The run that is confirmed.
    pub run: String,
    /// When it was.
    pub at: Timestamp,
}

impl Confirmation {
    fn file(install: &Install, run: &str) -> PathBuf {
        install.own("confirmed").join(format!("{run}.json"))
    }

    /// Confirms the newest run, which waits for it.
    ///
    /// # Errors
    /// [`RunError::Nothing`] where it doesn't, or its time is over; that it can't be recorded.
    pub fn record(install: &Install, disk: &Disk) -> Result<Journal, RunError> {
        let journal = super::runner::newest(install, "confirm")?;
        let until = journal.awaits().filter(|until| *until > clock::now());
        if until.is_none() {
            let what = match journal.state() {
                RunState::Unconfirmed => format!(
                    "the time to confirm the run `{}` is over: it goes back",
                    journal.run()
                ),
                _ => format!("the run `{}` waits for no confirmation", journal.run()),
            };
            return Err(RunError::Nothing {
                what,
                next: Vec::new(),
            });
        }
        let confirmation = Self {
            install: journal.plan().install.clone().unwrap_or_default(),
            run: journal.run().to_owned(),
            at: clock::now(),
        };
        let file = Self::file(install, journal.run());
        if let Some(folder) = file.parent() {
            disk.create_dirs(folder, 0o700)
                .map_err(DocumentError::from)
                .map_err(JournalError::from)?;
        }
        document::save(disk, FORMAT, &file, &confirmation).map_err(JournalError::from)?;
        Ok(journal)
    }

    /// Whether the run of the journal was confirmed.
    fn is_there(install: &Install, journal: &Journal) -> Result<bool, RunError> {
        let file = Self::file(install, journal.run());
        match file.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            _ => {}
        }
        let found: Self = document::load(FORMAT, &file).map_err(JournalError::from)?;
        Ok(found.run == journal.run() && Some(&found.install) == journal.plan().install.as_ref())
    }

    fn forget(install: &Install, disk: &Disk, run: &str) {
        // What stays is about a run that is over.
        let _ = disk.remove_file(&Self::file(install, run));
    }
}

impl Runner<'_> {
    /// Waits until the run is confirmed, and goes back where it isn't in time.
    pub(super) fn await_confirmation(&self, mut journal: Journal) -> Result<Report, RunError> {
        let until = journal.awaits().unwrap_or_else(clock::now);
        let (from, to) = (journal.plan().from.clone(), journal.plan().to.clone());
        let root = quote(self.install.root());
        let mut told = Countdown::default();
        loop {
            if Confirmation::is_there(self.install, &journal)? {
                journal.record(self.disk, JournalEvent::Confirmed)?;
                Confirmation::forget(self.install, self.disk, journal.run());
                return Ok(Report::of(&journal));
            }
            let left = until.duration_since(clock::now());
            let Some(left) = Duration::try_from(left).ok().filter(|left| !left.is_zero()) else {
                break;
            };
            told.tell(left, self.progress, |left| {
                format!("{to} serves, and makes way for {from} in {left}, unless: transship confirm -C {root}")
            });
            if self.progress.interrupted() {
                return Err(RunError::Unconfirmed {
                    to: to.to_string(),
                    until,
                });
            }
            thread::sleep(PAUSE);
        }
        self.progress
            .note(&format!("nobody has confirmed {to}: going back to {from}"));
        let scope = UndoScope::Switch;
        self.check_undo(&journal, scope)?;
        let report = self.undo_all(journal, scope, None)?;
        Err(RunError::WentBack {
            from: from.to_string(),
            to: to.to_string(),
            downtime: report.downtime,
            failed: Box::new(RunError::NotConfirmed { until }),
        })
    }
}

//! One database from one server into another: `pg_dump` writes into a pipe that `pg_restore` reads, both
//! of the newer server's image. An archive in the custom format tells by itself where it ends, so that
//! a stream which is cut is never taken for a whole one.

use std::io::{self, BufRead as _, BufReader};
use std::process::ChildStdout;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use super::PostgresError;
use super::client_containers::ClientContainer;
use super::server::{EVER, connection};
use crate::clock::Stopwatch;
use crate::engine::program::{self, Ended, Running};
use crate::progress::Progress;
use crate::threads;

/// How long one of the two may go on when the other has failed.
const GRACE: Duration = Duration::from_secs(10);

const DUMP: &str = "exec pg_dump -Fc -Z0 -d \"$1\" > /transship/pipe";
/// The old database of the name goes, which is empty: so what belongs to the database itself, its locale,
/// its owner, its settings, is the same for `postgres` and `template1`, too.
const RESTORE: &str = "export PGOPTIONS='-c synchronous_commit=off -c maintenance_work_mem=256MB'\n\
     exec pg_restore --exit-on-error --verbose --no-tablespaces --clean --if-exists --create \
     -d \"$1\" < /transship/pipe 2>&1";

/// The two ends of a stream.
pub(super) struct Stream<'a> {
    pub(super) from: &'a ClientContainer,
    pub(super) to: &'a ClientContainer,
    pub(super) progress: &'a dyn Progress,
}

/// What became of one end.
type End = Result<Ended, program::Error>;

impl Stream<'_> {
    /// Streams `database`.
    ///
    /// # Errors
    /// [`PostgresError::Said`] with the first that either said.
    pub(super) fn database(&self, database: &str) -> Result<(), PostgresError> {
        let dump = self.from.shell(DUMP, [&*connection(database)]);
        let through = match database {
            "postgres" => "template1",
            _ => "postgres",
        };
        let restore = self.to.shell(RESTORE, [&*connection(through)]);
        let what = format!("move database `{database}`");
        let mut restore = restore
            .start()
            .map_err(|source| self.to.failed(&what, source))?;
        let dump = dump
            .start()
            .map_err(|source| self.from.failed(&what, source))?;
        let broken = AtomicBool::new(false);
        let (dumped, restored, said) = thread::scope(|scope| {
            let (progress, broken) = (self.progress, &broken);
            let dumping = threads::start_in(scope, move || wait(dump, broken, progress));
            let lines = restore.stdout();
            let telling = threads::start_in(scope, move || tell(lines, progress));
            let restored = wait(restore, broken, progress);
            let said = match telling {
                Ok(telling) => telling.join().unwrap_or_default(),
                Err(_) => String::new(),
            };
            let dumped = match dumping {
                Ok(dumping) => dumping
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(error) => Err(unstarted(error)),
            };
            (dumped, restored, said)
        });
        let failed = |end: &End| end.as_ref().is_ok_and(|ended| !ended.status.success());
        // Where one fails the other does, too: what was wrong is told by whoever said it, and what was
        // ended for the other's sake says nothing.
        match (dumped, restored) {
            (_, restored) if failed(&restored) && !said.is_empty() => {
                Err(self.complaint(self.to, &what, said))
            }
            (Ok(ended), _) if !ended.status.success() => {
                Err(self.complaint(self.from, &what, ended.describe()))
            }
            (_, Ok(ended)) if !ended.status.success() => {
                Err(self.complaint(self.to, &what, ended.describe()))
            }
            (Err(source), _) => Err(self.from.failed(&what, source)),
            (_, Err(source)) => Err(self.to.failed(&what, source)),
            (Ok(_), Ok(_)) => Ok(()),
        }
    }

    fn complaint(&self, client: &ClientContainer, what: &str, said: String) -> PostgresError {
        match self.progress.interrupted() {
            true => PostgresError::Interrupted,
            false => client.said(what, said),
        }
    }
}

/// Tells of each table as it comes, and gives what was complained of: errors alone, since what follows
/// them may quote rows.
fn tell(stdout: Option<ChildStdout>, progress: &dyn Progress) -> String {
    let mut said = Vec::new();
    let lines = stdout.into_iter();
    for line in lines.flat_map(|stdout| BufReader::new(stdout).split(b'\n')) {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line);
        if line.contains("processing data for table") {
            progress.advance(0, 1);
        } else if line.starts_with("pg_restore: error:") || line.starts_with("pg_restore: fatal:") {
            said.push(line.into_owned());
        }
    }
    said.truncate(3);
    said.join("\n")
}

/// Waits for the end of one, and not for ever once the other has failed.
fn wait(running: Running, broken: &AtomicBool, progress: &dyn Progress) -> End {
    let since = std::cell::Cell::new(None::<Stopwatch>);
    let go_on = || {
        if broken.load(Relaxed) && since.get().is_none() {
            since.set(Some(Stopwatch::start()));
        }
        let is_late = since.get().is_some_and(|since| since.elapsed() >= GRACE);
        !is_late && !progress.interrupted()
    };
    let ended = running.ended_while(EVER, &go_on);
    if !ended.as_ref().is_ok_and(|ended| ended.status.success()) {
        broken.store(true, Relaxed);
    }
    ended
}

fn unstarted(source: io::Error) -> program::Error {
    program::Error::Wait {
        command: "pg_dump".to_owned(),
        source,
    }
}

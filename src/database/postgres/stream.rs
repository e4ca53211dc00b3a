//! One database from one server into another: `pg_dump` writes into a pipe that `pg_restore` reads, both
//! of the newer server's image. An archive in the custom format tells by itself where it ends, so that
//! a stream which is cut is never taken for a whole one.

use std::fs::File;
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
/// The same, with a copy of what passes on the standard output.
const DUMP_AND_KEEP: &str = "mkfifo /tmp/kept || exit\n\
     tee /transship/pipe < /tmp/kept & pg_dump -Fc -Z1 -d \"$1\" > /tmp/kept\n\
     ended=$?; wait $! || ended=$?; rm /tmp/kept; exit $ended";
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
    /// Streams `database`, with a copy into `keep`.
    ///
    /// # Errors
    /// [`PostgresError::Said`] with the first that either said.
    pub(super) fn database(&self, database: &str, keep: Option<File>) -> Result<(), PostgresError> {
        let line = if keep.is_some() { DUMP_AND_KEEP } else { DUMP };
        let dump = self.from.shell(line, [&*connection(database)]);
        let through = match database {
            "postgres" => "template1",
            _ => "postgres",
        };
        let restore = self.to.shell(RESTORE, [&*connection(through)]);
        let what = format!("move database `{database}`");
        let failed = |server: &str, source| PostgresError::Program {
            name: server.to_owned(),
            what: what.clone(),
            source,
        };
        let mut restore = restore
            .start()
            .map_err(|source| failed(self.to.server(), source))?;
        let mut dump = dump
            .start()
            .map_err(|source| failed(self.from.server(), source))?;
        let broken = AtomicBool::new(false);
        let (dumped, restored) = thread::scope(|scope| {
            let sink = dump.stdout().zip(keep);
            let kept = threads::start_in(scope, move || match sink {
                Some((mut from, mut to)) => {
                    io::copy(&mut from, &mut to).and_then(|_| to.sync_all())
                }
                None => Ok(()),
            });
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
            let kept = match kept {
                Ok(kept) => kept
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(error) => Err(error),
            };
            (
                dumped.map(|ended| (ended, kept)),
                restored.map(|ended| (ended, said)),
            )
        });
        let (dumped, kept) = dumped.map_err(|source| failed(self.from.server(), source))?;
        let (restored, said) = restored.map_err(|source| failed(self.to.server(), source))?;
        if !restored.status.success() && !said.is_empty() {
            return Err(self.complaint(self.to, &what, said));
        }
        for (end, client) in [(dumped, self.from), (restored, self.to)] {
            if !end.status.success() {
                return Err(self.complaint(client, &what, end.describe()));
            }
        }
        kept.map_err(|source| PostgresError::Pipe {
            name: self.from.server().to_owned(),
            what: format!("keep the dump of database `{database}`"),
            source,
        })
    }

    fn complaint(&self, client: &ClientContainer, what: &str, said: String) -> PostgresError {
        match self.progress.interrupted() {
            true => PostgresError::Interrupted,
            false => PostgresError::Said {
                name: client.server().to_owned(),
                what: what.to_owned(),
                said,
            },
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

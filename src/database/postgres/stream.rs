//! One database from one server into another, by programs of the newer server's image, as of one moment: what
//! it is made of by `pg_dump` and `pg_restore`, then its rows, through pipes that no daemon has a hand in, several
//! at a time, then indexes and what else comes last, several at a time, too. An archive in the custom format
//! tells by itself where it ends, so that a stream which is cut is never taken for a whole one.

use std::io::{self, BufRead as _, BufReader};
use std::process::ChildStdout;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use super::PostgresError;
use super::client_containers::ClientContainer;
use super::large_tables::{LOADED, LargeTable, TableQueue};
use super::moved_locale::MovedLocale;
use super::server::{EVER, connection, identifier};
use super::snapshot::Snapshot;
use crate::clock::Stopwatch;
use crate::engine::Invocation;
use crate::engine::program::{self, Ended, Running};
use crate::progress::Progress;
use crate::threads;

/// How long one of the two may go on when the other has failed.
const GRACE: Duration = Duration::from_secs(10);
/// At how many things a server is at work at the same time, at most.
const MOST_JOBS: usize = 4;

/// All but rows: there is little of it, and it is read twice.
const SCHEMA: &str = "exec pg_dump -Fc --section=pre-data --section=post-data --snapshot=\"$2\" -d \"$1\" \
     -f /transship/schema";
/// Rows of small tables, large objects, and where sequences stand; what is named besides has its own way.
const DUMP: &str = "db=$1 snapshot=$2; shift 2\n\
     exec pg_dump -Fc -Z0 --section=data --snapshot=\"$snapshot\" -d \"$db\" \"$@\" > /transship/pipe";
/// A database's own settings are for those who use it.
const SESSION: &str = "export PGOPTIONS='-c synchronous_commit=off -c maintenance_work_mem=256MB \
     -c default_transaction_read_only=off'\n";
/// The old database of the name goes, which is empty: so what belongs to the database itself, its locale,
/// its owner, its settings, is the same for `postgres` and `template1`, too.
const BEFORE: &str =
    "pg_restore --exit-on-error --no-tablespaces --clean --if-exists --create --section=pre-data";
const SCHEMA_FILE: &str = "/transship/schema";
const RESTORE: &str = "exec pg_restore --exit-on-error --verbose --no-tablespaces --section=data \
     -d \"$1\" < /transship/pipe 2>&1";
const AFTERWARDS: &str = "exec pg_restore --exit-on-error --no-tablespaces --section=post-data --jobs \"$2\" \
     -d \"$1\" /transship/schema";
/// A script of `psql`, written before it is run.
const WRITE: &str = "exec cat > \"$1\"";
const RUN: &str = "exec psql -X -q -v ON_ERROR_STOP=1 -d \"$1\" -f \"$2\"";
const PIPES: &str = "exec mkfifo -m 666 \"$@\"";

/// `template1` is where nobody else may be meanwhile.
const DUMP_ALL: &str = "exec pg_dumpall --no-tablespaces -l template1 > /transship/pipe";
/// Within what makes roles, which comes before the first database, one line is left out. That the text came to its
/// end is told by its last words alone: `psql` takes half of it for all.
const LOAD_ALL: &str = "{ awk -v one=\"$1\" -v other=\"$2\" 'BEGIN { roles = 1 }\n\
     /^\\\\connect/ { roles = 0 } roles && ($0 == one || $0 == other) { next } { print }\n\
     $0 != \"\" && $0 != \"--\" && $0 !~ /^\\\\unrestrict/ { last = $0 }\n\
     END { if (last !~ /^-- PostgreSQL database cluster dump complete/) print \"\\\\.\\nselect cut_short;\" }' < /transship/pipe; } |\n\
     exec psql -X -q -v ON_ERROR_STOP=1 -d template1 -f - 2>&1 >/dev/null";

/// The two ends of a stream.
pub(super) struct Stream<'a> {
    pub(super) from: &'a ClientContainer,
    pub(super) to: &'a ClientContainer,
    /// How databases sort that are made.
    pub(super) locale: MovedLocale,
    pub(super) progress: &'a dyn Progress,
}

/// What became of one end.
type End = Result<Ended, program::Error>;

impl Stream<'_> {
    /// Streams `database`, of whose tables these are large.
    ///
    /// # Errors
    /// [`PostgresError::Said`] with the first that either said.
    pub(super) fn database(
        &self,
        database: &str,
        large: &[LargeTable],
    ) -> Result<(), PostgresError> {
        let jobs = self.jobs();
        let what = format!("move database `{database}`");
        let snapshot = Snapshot::of(self.from, database)?;
        let db = &*connection(database);
        let through = match database {
            "postgres" => "template1",
            _ => "postgres",
        };
        let run = |client: &ClientContainer, call| client.run(&what, call, self.progress);
        run(self.from, self.from.shell(SCHEMA, [db, &snapshot.id]))?;
        let to = |line: &str| format!("{SESSION}{line}");
        let before = self.to.shell(
            &to(&self.locale.restoring(BEFORE, SCHEMA_FILE)),
            [&*connection(through)],
        );
        run(self.to, before)?;
        self.rows(database, large, &snapshot.id, jobs)?;
        drop(snapshot);
        let jobs = jobs.to_string();
        let after = self.to.shell(&to(AFTERWARDS), [db, &jobs]);
        run(self.to, after).map(drop)
    }

    /// Streams all of the server as one text, in which roles come first, without the one that is there. Nothing
    /// of what it makes may be there.
    ///
    /// # Errors
    /// Those of [`database`](Self::database).
    pub(super) fn server(&self, bootstrap: &str) -> Result<(), PostgresError> {
        let quoted = identifier(bootstrap);
        let roles = [bootstrap, &*quoted].map(|role| format!("CREATE ROLE {role};"));
        let dump = self.from.shell(DUMP_ALL, []);
        let roles = [&*roles[0], &*roles[1]];
        let load = self.to.shell(&format!("{SESSION}{LOAD_ALL}"), roles);
        let broken = AtomicBool::new(false);
        self.pair("move all databases", &dump, &load, &broken)
    }

    /// How many may be at work at the same time.
    fn jobs(&self) -> usize {
        let call = self.to.shell("nproc", []);
        let told = self.to.run("count processors", call, self.progress).ok();
        let told = told.and_then(|told| String::from_utf8(told).ok()?.trim().parse().ok());
        told.unwrap_or(1).clamp(1, MOST_JOBS)
    }

    /// All rows, in several streams.
    fn rows(
        &self,
        database: &str,
        large: &[LargeTable],
        snapshot: &str,
        jobs: usize,
    ) -> Result<(), PostgresError> {
        let db = &*connection(database);
        let excluded = large
            .iter()
            .map(|one| format!("--exclude-table-data={}", one.name));
        let excluded: Vec<String> = excluded.collect();
        let named = [db, snapshot].into_iter();
        let dump = named.chain(excluded.iter().map(String::as_str));
        let mut pairs = vec![(
            self.from.shell(DUMP, dump),
            self.to.shell(&format!("{SESSION}{RESTORE}"), [db]),
        )];
        let what = format!("move database `{database}`");
        for (number, queue) in TableQueue::of(large, jobs).iter().enumerate() {
            let pipes: Vec<String> = queue.pipes().collect();
            let pipes = self.to.shell(PIPES, pipes.iter().map(String::as_str));
            self.to.run(&what, pipes, self.progress)?;
            // What the loading one complains of is read with what it tells.
            let sides = [
                (self.from, queue.dumps(snapshot), "dump", RUN.to_owned()),
                (self.to, queue.loads(), "load", format!("{RUN} 2>&1")),
            ];
            let calls = sides.map(|(client, script, side, line)| {
                let path = format!("/transship/{side}.{number}");
                let write = client.shell(WRITE, [&*path]).stdin(script);
                client.run(&what, write, self.progress)?;
                Ok::<_, PostgresError>(client.shell(&format!("{SESSION}{line}"), [db, &path]))
            });
            let [dump, load] = calls;
            pairs.push((dump?, load?));
        }
        let broken = AtomicBool::new(false);
        let streams = thread::scope(|scope| {
            let (what, broken) = (&*what, &broken);
            let began: Vec<_> = pairs
                .iter()
                .map(|(dump, restore)| {
                    threads::start_in(scope, move || self.pair(what, dump, restore, broken))
                })
                .collect();
            let ended = began.into_iter().map(|began| match began {
                Ok(stream) => stream
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(error) => Err(self.from.failed(what, unstarted(error))),
            });
            ended.collect::<Vec<_>>()
        });
        // Those that were ended for another's sake say nothing of what was wrong.
        let (said, silent): (Vec<_>, Vec<_>) = streams
            .into_iter()
            .filter_map(Result::err)
            .partition(|error| matches!(error, PostgresError::Said { .. }));
        match said.into_iter().chain(silent).next() {
            None => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// Runs both ends of a pipe.
    fn pair(
        &self,
        what: &str,
        dump: &Invocation,
        restore: &Invocation,
        broken: &AtomicBool,
    ) -> Result<(), PostgresError> {
        let mut restore = restore
            .start()
            .map_err(|source| self.to.failed(what, source))?;
        let dump = dump
            .start()
            .map_err(|source| self.from.failed(what, source))?;
        let (dumped, restored, said) = thread::scope(|scope| {
            let progress = self.progress;
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
                Err(self.complaint(self.to, what, said))
            }
            (Ok(ended), _) if !ended.status.success() => {
                Err(self.complaint(self.from, what, ended.describe()))
            }
            (_, Ok(ended)) if !ended.status.success() => {
                Err(self.complaint(self.to, what, ended.describe()))
            }
            (Err(source), _) => Err(self.from.failed(what, source)),
            (_, Err(source)) => Err(self.to.failed(what, source)),
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
        if line.contains("processing data for table") || line == LOADED {
            progress.advance(0, 1);
        } else if line.starts_with("pg_restore: error:")
            || line.starts_with("pg_restore: fatal:")
            || (line.starts_with("psql:") && line.to_lowercase().contains("error:"))
        {
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

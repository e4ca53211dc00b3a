//! A moment of a database that several sessions see: a transaction that is open for as long as this lives.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::ChildStdin;
use std::time::Duration;

use super::PostgresError;
use super::client_containers::ClientContainer;
use super::server::connection;
use crate::engine::program::Running;

/// How long the session may take to end.
const ENDING: Duration = Duration::from_secs(10);
const BEGIN: &str = "set idle_in_transaction_session_timeout = 0;\n\
     begin isolation level repeatable read read only;\nselect pg_export_snapshot();\n";

/// A snapshot that is exported.
pub(super) struct Snapshot {
    /// As `set transaction snapshot` takes it.
    pub(super) id: String,
    stdin: Option<ChildStdin>,
    running: Option<Running>,
}

impl Snapshot {
    /// One of `database`.
    pub(super) fn of(client: &ClientContainer, database: &str) -> Result<Self, PostgresError> {
        let what = format!("see database `{database}` as of one moment");
        let line = "exec psql -X -q -A -t -d \"$1\" -f -";
        let call = client.shell(line, [&*connection(database)]);
        let mut running = call
            .start()
            .map_err(|source| client.failed(&what, source))?;
        let mut stdin = running.stdin();
        let asked = stdin
            .as_mut()
            .is_some_and(|stdin| stdin.write_all(BEGIN.as_bytes()).is_ok());
        let mut id = String::new();
        if let Some(stdout) = running.stdout().filter(|_| asked) {
            let _ = BufReader::new(stdout).read_line(&mut id);
        }
        let id = id.trim().to_owned();
        let is_one = |c: u8| c.is_ascii_hexdigit() || c == b'-';
        if id.is_empty() || !id.bytes().all(is_one) {
            drop(stdin);
            let ended = running.ended(ENDING);
            let ended = ended.map_err(|source| client.failed(&what, source))?;
            return Err(client.said(&what, ended.describe()));
        }
        Ok(Self {
            id,
            stdin,
            running: Some(running),
        })
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        drop(self.stdin.take());
        if let Some(running) = self.running.take() {
            // It only read; how it ended is of no interest.
            let _ = running.ended(ENDING);
        }
    }
}

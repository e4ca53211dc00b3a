//! A dump that `pg_restore` reads: the custom format and tar in a file, or a folder. It is made into SQL once,
//! which goes nowhere but tells whether the archive is whole and what is in it, before the server is touched.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout};
use std::thread;

use super::client_containers::ClientContainer;
use super::dump_fault::DumpFault;
use super::dump_file::complaints;
use super::plain_dump::PlainScan;
use super::server::{EVER, connection};
use super::{LoadedDump, PostgresError};
use crate::engine::Invocation;
use crate::progress::Progress;
use crate::threads;

/// Where a folder is put, in the container of the programs.
const FOLDER: &str = "/transship/archive";
/// What the custom format begins with, and a tar of `pg_dump -Ft`: the name of its first file.
const MAGIC: [&[u8]; 2] = [b"PGDMP", b"toc.dat\0"];
/// The beginning in which line ends are looked at, in bytes.
const BEGINNING: u64 = 1 << 20;

/// An archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct DumpArchive<'a> {
    path: &'a Path,
    is_folder: bool,
}

impl<'a> DumpArchive<'a> {
    /// The archive at `path`, if it is one.
    pub(super) fn at(path: &'a Path) -> Result<Option<Self>, DumpFault> {
        if path.is_dir() {
            return match path.join("toc.dat").exists() {
                true => Ok(Some(Self {
                    path,
                    is_folder: true,
                })),
                false => Err(DumpFault::NoDump),
            };
        }
        let mut begins = Vec::new();
        let file = File::open(path).map_err(DumpFault::Unreadable)?;
        let read = file.take(BEGINNING).read_to_end(&mut begins);
        read.map_err(DumpFault::Unreadable)?;
        if !MAGIC.iter().any(|magic| begins.starts_with(magic)) {
            return Ok(None);
        }
        match went_through_terminal(&begins) {
            true => Err(DumpFault::LineEnds),
            false => Ok(Some(Self {
                path,
                is_folder: false,
            })),
        }
    }

    /// Makes it known to the programs.
    pub(super) fn bring(&self, client: &ClientContainer) -> Result<(), PostgresError> {
        match self.is_folder {
            true => client.copy_in(self.path, FOLDER),
            false => Ok(()),
        }
    }

    /// What is in it, read to its end.
    ///
    /// # Errors
    /// [`PostgresError::Dump`] where it isn't whole.
    pub(super) fn scan(
        &self,
        client: &ClientContainer,
        progress: &dyn Progress,
    ) -> Result<PlainScan, PostgresError> {
        let call = self.call(client, "exec pg_restore -f -", None);
        let (said, scan) = self.run(client, &call, progress, |stdout| {
            PlainScan::of(BufReader::with_capacity(1 << 18, stdout))
        })?;
        let fault = |fault| PostgresError::Dump {
            path: self.path.to_owned(),
            fault,
        };
        match (said, scan) {
            (None, Some(scan)) => scan.map_err(fault),
            (None, None) => Err(fault(DumpFault::NoDump)),
            (Some(said), _) if said.contains("unsupported version") => Err(fault(DumpFault::Newer)),
            (Some(said), _) => Err(fault(DumpFault::Broken(said))),
        }
    }

    /// Loads it into `database`, which is there and empty.
    pub(super) fn load(
        &self,
        client: &ClientContainer,
        database: &str,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        let line = "exec pg_restore --exit-on-error --no-tablespaces -d \"$1\"";
        let call = self.call(client, line, Some(database));
        match self.run(client, &call, progress, |_| ())?.0 {
            None => Ok(()),
            Some(said) => Err(client.said("load the dump", said)),
        }
    }

    fn call(&self, client: &ClientContainer, line: &str, database: Option<&str>) -> Invocation {
        let line = match self.is_folder {
            true => format!("{line} {FOLDER}"),
            false => line.to_owned(),
        };
        let database = database.map(connection);
        client.shell(&line, database.as_deref())
    }

    /// Runs it with the file as its input: gives what it complained of where it failed, and what was made of its
    /// output.
    fn run<T>(
        &self,
        client: &ClientContainer,
        call: &Invocation,
        progress: &dyn Progress,
        read: impl FnOnce(ChildStdout) -> T,
    ) -> Result<(Option<String>, Option<T>), PostgresError> {
        let what = "read the dump";
        let mut running = call.start().map_err(|source| client.failed(what, source))?;
        let (stdin, stdout) = (running.stdin(), running.stdout());
        let made = thread::scope(|scope| {
            // What isn't read any more is told by how the program ends.
            let fed = threads::start_in(scope, move || self.feed(stdin));
            let made = stdout.map(read);
            drop(fed.map(thread::ScopedJoinHandle::join));
            made
        });
        let ended = running.ended_while(EVER, &|| !progress.interrupted());
        let ended = ended.map_err(|source| client.failed(what, source))?;
        let said = (!ended.status.success()).then(|| match complaints(&ended.said) {
            said if said.is_empty() => ended.describe(),
            said => said,
        });
        Ok((said, made))
    }

    fn feed(&self, stdin: Option<ChildStdin>) -> io::Result<u64> {
        match stdin {
            Some(mut stdin) if !self.is_folder => io::copy(&mut File::open(self.path)?, &mut stdin),
            _ => Ok(0),
        }
    }
}

impl From<PlainScan> for LoadedDump {
    fn from(scan: PlainScan) -> Self {
        Self {
            tables: scan.tables,
            rows: scan.rows,
        }
    }
}

/// Whether every line end is CRLF: of so many by chance none would be.
fn went_through_terminal(begins: &[u8]) -> bool {
    let mut lines = begins.split(|byte| *byte == b'\n').collect::<Vec<_>>();
    // What follows the last end.
    lines.pop();
    lines.len() >= 4 && lines.iter().all(|line| line.ends_with(b"\r"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_that_went_through_a_terminal_is_known() {
        assert!(went_through_terminal(b"PGDMP\r\n\x01\r\n\r\n\r\n"));
        assert!(!went_through_terminal(b"PGDMP\n\x01\r\n\r\n\r\n"));
        assert!(!went_through_terminal(b"PGDMP\r\n"));
    }
}

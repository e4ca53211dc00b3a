//! All of a server in a file, as text that `psql` reads: written beside its name and given it when it is
//! whole, with a manifest that tells its digest, and loaded only after it was read once to its end.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::PostgresError;
use super::client_containers::ClientContainer;
use super::dump_archive::DumpArchive;
use super::dump_fault::DumpFault;
use super::move_server::{globals, without_role};
use super::obstacles::{Leaving, require_empty};
use super::plain_dump::{OWN, OWN_END, PlainScan};
use super::server::{EVER, PostgresServer, connection, identifier, literal};
use crate::document::{self, DocumentFormat};
use crate::engine::program::Running;
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree::file_digest;

/// The manifest of a dump, which lies beside it.
pub const DUMP_FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-db-dump",
    version: 1,
    oldest: 1,
};

/// What is known of a dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DumpManifest {
    /// The file's name.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// When it was made.
    pub made: String,
    /// The container that it is of.
    pub server: String,
    /// The server's version.
    pub server_version: String,
    /// What is in it, by database.
    pub databases: Vec<DumpedDatabase>,
}

/// A database in a dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DumpedDatabase {
    /// Its name.
    pub name: String,
    /// Tables whose rows are in the dump.
    pub tables: u64,
    /// These rows.
    pub rows: u64,
}

/// The manifest's place for a dump at `path`.
pub fn manifest_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".manifest.json");
    PathBuf::from(name)
}

/// Writes all that `server` has into a new file at `path`, compressed where it is called `.gz`, by the programs of
/// the image of `programs`, which must not be older.
///
/// # Errors
/// [`PostgresError`]; nothing is at `path` then.
pub fn dump_server(
    server: &PostgresServer,
    programs: &PostgresServer,
    path: &Path,
    disk: &Disk,
    progress: &dyn Progress,
) -> Result<DumpManifest, PostgresError> {
    let leaving = Leaving::of(server, progress)?;
    leaving.require_dumpable()?;
    let client = ClientContainer::start(&programs.container()?.1.image, server, None)?;
    let roles = globals(&client, &leaving.bootstrap, progress)?;
    let names: Vec<&str> = leaving
        .databases
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    let mut failed = None;
    let mut databases = Vec::new();
    let written = disk.create_from(path, 0o600, |out| {
        let dump = Dump {
            client: &client,
            names: &names,
            roles: &roles,
            progress,
        };
        let done = match is_compressed(path) {
            true => {
                let mut out = GzEncoder::new(BufWriter::new(out), Compression::new(6));
                let done = dump.write(&mut out);
                done.and_then(|found| Ok((found, out.finish()?.flush()?).0))
            }
            false => dump.write(out),
        };
        match done {
            Ok(found) => databases = found,
            Err(DumpError::Io(error)) => return Err(error),
            Err(DumpError::Postgres(error)) => {
                failed = Some(error);
                return Err(io::Error::other("the dump failed"));
            }
        }
        Ok(())
    });
    if let Some(error) = failed {
        return Err(error);
    }
    written?;
    let manifest = DumpManifest {
        file: path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        bytes: path.metadata().map_or(0, |there| there.len()),
        sha256: file_digest(path)?.to_string(),
        made: crate::clock::now().to_string(),
        server: server.name().to_owned(),
        server_version: server.version().to_owned(),
        databases,
    };
    document::save(disk, DUMP_FORMAT, &manifest_of(path), &manifest)?;
    Ok(manifest)
}

/// Either side of a dump that is written.
enum DumpError {
    Io(io::Error),
    Postgres(PostgresError),
}

impl From<io::Error> for DumpError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<PostgresError> for DumpError {
    fn from(error: PostgresError) -> Self {
        Self::Postgres(error)
    }
}

struct Dump<'a> {
    client: &'a ClientContainer,
    names: &'a [&'a str],
    roles: &'a [u8],
    progress: &'a dyn Progress,
}

impl Dump<'_> {
    fn write(&self, out: &mut dyn Write) -> Result<Vec<DumpedDatabase>, DumpError> {
        writeln!(out, "{OWN}{}", self.names.len())?;
        out.write_all(self.roles)?;
        let mut databases = Vec::new();
        for name in self.names {
            let through = if *name == "postgres" {
                "template1"
            } else {
                "postgres"
            };
            writeln!(out, "\\connect {through}")?;
            self.progress.start(&format!("database `{name}`"), None);
            let done = self.database(name, out);
            self.progress.finish();
            databases.push(done?);
        }
        writeln!(out, "{OWN_END}")?;
        Ok(databases)
    }

    fn database(&self, name: &str, out: &mut dyn Write) -> Result<DumpedDatabase, DumpError> {
        let what = format!("dump database `{name}`");
        let line = "exec pg_dump --create --clean --if-exists --no-tablespaces -d \"$1\"";
        let call = self.client.shell(line, [&*connection(name)]);
        let program = |source| self.client.failed(&what, source);
        let mut running = call.start().map_err(program)?;
        let mut scan = PlainScan::default();
        let mut lines = BufReader::with_capacity(
            1 << 18,
            running
                .stdout()
                .ok_or_else(|| io::Error::other("it has no output"))?,
        );
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            if self.progress.interrupted() {
                return Err(PostgresError::Interrupted.into());
            }
            out.write_all(&line)?;
            self.progress.advance(read as u64, 0);
            // Whether it is whole is asked in the end.
            let _ = scan.take(&line);
        }
        let ended = running.ended(EVER).map_err(program)?;
        if !ended.status.success() {
            return Err(self.client.said(&what, ended.describe()).into());
        }
        if let Err(fault) = scan.require_whole() {
            return Err(self.client.said(&what, fault.to_string()).into());
        }
        Ok(DumpedDatabase {
            name: name.to_owned(),
            tables: scan.tables,
            rows: scan.rows,
        })
    }
}

/// What was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LoadedDump {
    /// Tables whose rows were in the dump.
    pub tables: u64,
    /// These rows.
    pub rows: u64,
}

/// Loads the dump at `path` into `server`, which is empty: all of a server, or into `database` what one
/// database had.
///
/// # Errors
/// [`PostgresError::Dump`] and [`PostgresError::Obstacles`] before the server is touched; else
/// [`PostgresError`], and the server may have a part.
pub fn load_dump(
    path: &Path,
    server: &PostgresServer,
    database: Option<&str>,
    progress: &dyn Progress,
) -> Result<LoadedDump, PostgresError> {
    let fault = |fault| PostgresError::Dump {
        path: path.to_owned(),
        fault,
    };
    if let Some(archive) = DumpArchive::at(path).map_err(fault)? {
        return load_archive(&archive, server, database, progress);
    }
    progress.start(
        "reading the dump",
        path.metadata().ok().map(|there| there.len()),
    );
    let scanned = scan(path);
    progress.finish();
    let scan = scanned.map_err(fault)?;
    match (scan.is_cluster(), database) {
        (true, Some(_)) => {
            return Err(refused(
                "the dump is of a whole server, and not of one database",
            ));
        }
        (false, None) => return Err(unnamed()),
        _ => {}
    }
    let bootstrap = require_empty(server, database, progress)?;
    let client = ClientContainer::start(&server.container()?.1.image, server, None)?;
    if let Some(database) = database {
        make_database(server, database, progress)?;
    }
    progress.start("loading the dump", None);
    let loaded = feed(path, &client, database, &bootstrap, progress);
    progress.finish();
    loaded?;
    Ok(scan.into())
}

/// The same of what `pg_restore` reads, which is of one database.
fn load_archive(
    archive: &DumpArchive<'_>,
    server: &PostgresServer,
    database: Option<&str>,
    progress: &dyn Progress,
) -> Result<LoadedDump, PostgresError> {
    let database = database.ok_or_else(unnamed)?;
    let client = ClientContainer::start(&server.container()?.1.image, server, None)?;
    archive.bring(&client)?;
    progress.start("reading the dump", None);
    let scanned = archive.scan(&client, progress);
    progress.finish();
    let scan = scanned?;
    require_empty(server, Some(database), progress)?;
    make_database(server, database, progress)?;
    progress.start("loading the dump", None);
    let loaded = archive.load(&client, database, progress);
    progress.finish();
    loaded?;
    Ok(scan.into())
}

/// Makes a database, if it isn't there.
fn make_database(
    server: &PostgresServer,
    database: &str,
    progress: &dyn Progress,
) -> Result<(), PostgresError> {
    let sql = format!(
        "select 'create database ' || {name} where not exists (select from pg_database where datname = {text}) \\gexec\n",
        name = literal(&identifier(database)),
        text = literal(database)
    );
    let rows = server.rows("template1", "make the database", &sql, progress);
    rows.map(drop)
}

fn unnamed() -> PostgresError {
    refused("the dump is of one database, and it isn't said which it is to be (`--database`)")
}

fn refused(against: &str) -> PostgresError {
    PostgresError::Obstacles {
        what: "loaded".to_owned(),
        against: vec![against.to_owned()],
    }
}

/// Reads a dump to its end, and says what is wrong with it.
fn scan(path: &Path) -> Result<PlainScan, DumpFault> {
    let file = File::open(path).map_err(DumpFault::of)?;
    let mut start = [0; 2];
    let read = (&file).take(2).read(&mut start).map_err(DumpFault::of)?;
    let is_gzip = read == 2 && start == [0x1f, 0x8b];
    match (is_gzip, is_compressed(path)) {
        (true, false) => return Err(DumpFault::Compressed),
        (false, true) => return Err(DumpFault::NotCompressed),
        _ => {}
    }
    let scan = PlainScan::of(open(path).map_err(DumpFault::of)?)?;
    let manifest = manifest_of(path);
    if manifest.exists() {
        let told: DumpManifest =
            document::load(DUMP_FORMAT, &manifest).map_err(|_| DumpFault::Altered)?;
        let is = file_digest(path).map_err(|_| DumpFault::Altered)?;
        if is.to_string() != told.sha256 {
            return Err(DumpFault::Altered);
        }
    }
    Ok(scan)
}

fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "gz")
}

fn open(path: &Path) -> io::Result<Box<dyn io::BufRead>> {
    let file = BufReader::with_capacity(1 << 18, File::open(path)?);
    Ok(match is_compressed(path) {
        true => Box::new(BufReader::with_capacity(1 << 18, MultiGzDecoder::new(file))),
        false => Box::new(file),
    })
}

/// Hands the dump to `psql`, without the role that is there.
fn feed(
    path: &Path,
    client: &ClientContainer,
    database: Option<&str>,
    bootstrap: &str,
    progress: &dyn Progress,
) -> Result<(), PostgresError> {
    let what = "load the dump";
    let line = "exec psql -X -q -v ON_ERROR_STOP=1 -d \"$1\" -f - >/dev/null";
    let call = client.shell(line, [&*connection(database.unwrap_or("template1"))]);
    let program = |source| client.failed(what, source);
    let mut running: Running = call.start().map_err(program)?;
    let fed = running
        .stdin()
        .ok_or_else(|| io::Error::other("it has no input"))
        .and_then(|mut to| pour(path, &mut to, bootstrap, progress));
    if progress.interrupted() {
        return Err(PostgresError::Interrupted);
    }
    let ended = running.ended(EVER).map_err(program)?;
    if !ended.status.success() {
        return Err(client.said(what, complaints(&ended.said)));
    }
    fed.map_err(|error| client.said(what, error.to_string()))
}

fn pour(
    path: &Path,
    to: &mut dyn Write,
    bootstrap: &str,
    progress: &dyn Progress,
) -> io::Result<()> {
    let mut from = open(path)?;
    let mut line = Vec::new();
    let mut is_roles = true;
    loop {
        line.clear();
        let read = from.read_until(b'\n', &mut line)?;
        if read == 0 || progress.interrupted() {
            return Ok(());
        }
        is_roles &= !line.starts_with(b"\\connect");
        let text = String::from_utf8_lossy(&line);
        if !(is_roles && without_role(&text, bootstrap).is_empty()) {
            to.write_all(&line)?;
        }
        progress.advance(read as u64, 0);
    }
}

/// Errors alone: what follows them may quote rows.
pub(super) fn complaints(said: &str) -> String {
    let errors = said.lines().filter(|line| {
        line.contains("ERROR:") || line.contains("error:") || line.contains("FATAL:")
    });
    errors.take(3).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_an_error_is_not_told() {
        let said =
            "psql:<stdin>:7: ERROR:  duplicate key\nDETAIL:  Key (a)=(secret) already exists.";
        assert_eq!(complaints(said), "psql:<stdin>:7: ERROR:  duplicate key");
        assert_eq!(
            manifest_of(Path::new("/a/b.sql.gz")),
            Path::new("/a/b.sql.gz.manifest.json")
        );
    }
}

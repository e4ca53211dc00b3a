//! `transship db dump`.

use std::path::PathBuf;

use crate::cli::options::DockerArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::size::count;
use crate::cli::terminal::ui::{Done, Ui};
use crate::database::postgres::{DUMP_FORMAT, PostgresServer, dump_server, manifest_of};
use crate::fs::Disk;

/// Dump all that a Postgres server has into a file.
///
/// SERVER is a container that runs, by name, id, or `PROJECT/SERVICE`. FILE gets roles with their passwords
/// and settings, and every database with its own, as SQL that `psql` reads; compressed where it is called
/// `.sql.gz`. It is for its owner alone, and has its name only once it is whole: half a dump is none.
/// Beside it, FILE.manifest.json tells its digest, versions, and how many rows each database has in it.
///
/// Each database is as of one moment; who writes meanwhile doesn't wait, and what he writes isn't in it.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DbDump {
    /// A container that runs Postgres
    server: String,
    /// The file, which must not be there yet: .sql or .sql.gz
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    docker: DockerArg,
}

pub(super) fn run(args: &DbDump, ui: &Ui) -> Result<Done, Failure> {
    let docker = args.docker.find()?;
    let server = PostgresServer::find(&docker, &args.server)?;
    let made = dump_server(&server, &server, &args.output, &Disk::new(), ui.progress())?;
    ui.acted();
    if ui.json {
        ui.json(DUMP_FORMAT.name, &made)?;
        return Ok(Done::Same);
    }
    let mut text = String::new();
    for one in &made.databases {
        let (tables, rows) = (count(one.tables, "table"), count(one.rows, "row"));
        text += &format!("database `{}`: {tables}, {rows}\n", one.name);
    }
    ui.print(&format!(
        "{text}dumped `{}` ({}) to `{}`; `{}` tells what is in it\n",
        made.server,
        made.server_version,
        args.output.display(),
        manifest_of(&args.output).display()
    ))?;
    Ok(Done::Same)
}

//! `transship db load`.

use std::path::PathBuf;

use crate::cli::options::DockerArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::size::count;
use crate::cli::terminal::ui::{Done, Ui};
use crate::database::postgres::{PostgresServer, load_dump};

/// Load a dump into a Postgres server that is empty.
///
/// FILE is of `db dump`, `pg_dumpall` or `pg_dump`: SQL, compressed or not, or what `pg_restore` reads (`-Fc`, `-Ft`, or
/// the folder of `-Fd`), of one database. It is read to its end before the server is touched: one that is cut short, went through a terminal (CRLF), is called otherwise than it
/// is, or isn't what its manifest tells of, is named as that and refused. Then the first error ends it.
///
/// Exit code 4 where it failed half-way: the server has a part then, and is to be made anew.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DbLoad {
    /// The dump: .sql, .sql.gz, an archive or its folder
    file: PathBuf,
    /// The container that it comes into
    server: String,
    /// Load what one database had into this one, which is made if it isn't there
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    #[command(flatten)]
    docker: DockerArg,
}

pub(super) fn run(args: &DbLoad, ui: &Ui) -> Result<Done, Failure> {
    let docker = args.docker.find()?;
    let server = PostgresServer::find(&docker, &args.server)?;
    let loaded = load_dump(&args.file, &server, args.database.as_deref(), ui.progress())?;
    ui.acted();
    if ui.json {
        ui.json("transship-db-load", &loaded)?;
        return Ok(Done::Same);
    }
    ui.print(&format!(
        "loaded {}, {}, into `{}`\n",
        count(loaded.tables, "table"),
        count(loaded.rows, "row"),
        server.name()
    ))?;
    Ok(Done::Same)
}

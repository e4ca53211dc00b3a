//! `transship db move`.

use std::path::PathBuf;

use super::move_report::MoveReport;
use super::streamed::{self, OwnLines, WhichDatabase};
use crate::cli::options::DockerArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::database::postgres::{
    MovedLocale, PostgresServer, dump_server, end_left_filling, move_restarting, move_server,
};
use crate::fs::Disk;

/// Move all that one server has into another, which is empty.
///
/// A and B are containers that run, by name, id, or `PROJECT/SERVICE`; B may be of a newer major. Of Postgres, roles with
/// their passwords and settings, and every database with its large objects, extensions, owners and privileges
/// are streamed by the programs of B's image, several tables at a time: no file lies between. B is stopped meanwhile: a
/// server on its data that nobody else reaches is filled without a care for a power cut, all is written to the disk, and
/// B is started again with its own settings (`--keep-running` fills it as it is). Then the planner's statistics are made,
/// and both are compared as `db compare` does. A isn't changed.
///
/// Refused before anything is touched: an older major, a B that isn't empty, a client that uses A, and
/// what B's image lacks: a locale, an extension. What no dump has is told.
///
/// Another engine, which A's image tells or `--engine`, is streamed by its own programs, each in its container, as its
/// recipe says (`inspect --list`), or by lines for a shell of your own (`--dump`, `--load`). Both exit codes count, what
/// loads never takes a stream that was cut for a whole one, and both are compared.
///
/// Exit code 0 where B has the same in the end, 4 where it hasn't or the move failed: B then has a part, and is to
/// be made anew.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DbMove {
    /// The container whose data it is
    a: String,
    /// The container that it comes into
    b: String,
    /// Keep the comparison as a sealed document, with the hash of every table
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep a dump of A, too, which `db load` reads: .sql or .sql.gz; A is read once more for it
    #[arg(long, value_name = "FILE")]
    keep_dump: Option<PathBuf>,
    /// Fill B as it runs, which is slower: don't stop it meanwhile
    #[arg(long)]
    keep_running: bool,
    /// How databases sort texts whose order is the C library's: `builtin` is by code points, as Postgres 17 and later
    /// do by themselves, whatever image they run in
    #[arg(long, value_name = "LOCALE", value_parser = moved_locale)]
    locale: Option<MovedLocale>,
    #[command(flatten)]
    database: WhichDatabase,
    #[command(flatten)]
    lines: OwnLines,
    #[command(flatten)]
    docker: DockerArg,
}

fn moved_locale(text: &str) -> Result<MovedLocale, String> {
    MovedLocale::named(text).ok_or_else(|| "it is `as-it-was` or `builtin`".to_owned())
}

pub(super) fn run(args: &DbMove, ui: &Ui) -> Result<Done, Failure> {
    let docker = args.docker.find()?;
    let lines = match args.lines.read() {
        Some(lines) => Some(lines),
        None => args.database.lines(&docker, &args.a)?,
    };
    if let Some(lines) = lines {
        if args.keep_dump.is_some() {
            return Err(streamed::postgres_alone("--keep-dump"));
        }
        if args.locale.is_some() {
            return Err(streamed::postgres_alone("--locale"));
        }
        let stream = args.database.between(&docker, &args.a, &args.b, &lines);
        return streamed::move_database(&stream, args.output.as_deref(), ui);
    }
    let a = PostgresServer::find(&docker, &args.a)?;
    if end_left_filling(&docker, &args.b, &Disk::new(), ui.progress())? {
        ui.warn(&format!(
            "a move that was killed had left its server on the data of `{}`: it was ended, and `{}` runs again, with what \
             came until then",
            args.b, args.b
        ));
    }
    let b = PostgresServer::find(&docker, &args.b)?;
    if let Some(path) = &args.keep_dump {
        dump_server(&a, &b, path, &Disk::new(), ui.progress())?;
    }
    let locale = args.locale.unwrap_or_default();
    let moved = match args.keep_running {
        true => move_server(&a, &b, locale, ui.progress())?,
        false => move_restarting(&a, &b, locale, &Disk::new(), ui.progress())?,
    };
    ui.acted();
    let report = MoveReport {
        ends: [&a, &b].map(|server| server.name().to_owned()),
        verb: "moved",
        last: "",
        output: args.output.as_deref(),
    };
    report.tell(&moved, ui)
}

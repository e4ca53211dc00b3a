//! `transship db collation`.

use crate::cli::options::DockerArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::size::count;
use crate::cli::terminal::ui::{Done, Ui};
use crate::database::postgres::{
    CollationReport, DatabaseCollation, IndexOrder, PostgresServer, SortedIndex,
};
use crate::error::Kind;

/// Find the indexes of a Postgres server that another C library sorted, and make them anew.
///
/// SERVER is a container that runs, by name, id, or `PROJECT/SERVICE`. Files that move to an image with
/// another C library (or ICU) keep the order of the old one: a search in such an index misses rows, and
/// says nothing. Of every database: what the versions say that Postgres records; where it records none,
/// as for `C.UTF-8`, `amcheck` looks at the order itself, where the image has it, and nothing of that is
/// kept; what can't be known is unknown, and counts as wrong.
///
/// With `--mend` each such index is made anew by a statement of its own, which holds up who writes its
/// table, and then the versions are recorded. Exit code 0 where all is right or was mended, 1 where
/// something is to be mended, 4 where an index couldn't be made anew.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DbCollation {
    /// A container that runs Postgres
    server: String,
    /// Make the indexes anew, and record the versions
    #[arg(long)]
    mend: bool,
    /// Believe no version that is recorded: the files came from elsewhere
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    docker: DockerArg,
}

pub(super) fn run(args: &DbCollation, ui: &Ui) -> Result<Done, Failure> {
    let docker = args.docker.find()?;
    let server = PostgresServer::find(&docker, &args.server)?;
    let mut found = CollationReport::of(&server, args.all, ui.progress())?;
    if args.mend {
        ui.acted();
        found.mend(&server, ui.progress())?;
    }
    if ui.json {
        ui.json("transship-db-collation", &found)?;
    } else {
        ui.print(&text(&found))?;
    }
    if args.mend && !found.is_right() {
        let failure = Failure::new(Kind::Failed, "not every index could be made anew");
        // Stdout has its document.
        ui.fail_in_words(&failure.hint(
            "rows that are twice under a unique index have to be settled first; then run it again",
        ));
        return Ok(Done::Incomplete);
    }
    Ok(Done::differs(!found.is_right()))
}

/// The answer for people.
fn text(found: &CollationReport) -> String {
    let mut text = String::new();
    for database in &found.databases {
        text += &of_database(database);
    }
    // The one that is always closed has nothing of anybody's.
    for name in found.closed.iter().filter(|name| *name != "template0") {
        text += &format!(
            "note: database `{name}` lets nobody connect: its indexes weren't looked at\n"
        );
    }
    let indexes = || found.databases.iter().flat_map(|one| one.indexes.values());
    let number = |is_it: fn(&SortedIndex) -> bool| {
        count(
            indexes().filter(|index| is_it(index)).count() as u64,
            "index",
        )
        .replace("indexs", "indexes")
    };
    let library = found.c_library.as_deref().unwrap_or("unknown");
    let server = format!(
        "`{}` ({}, C library: {library})",
        found.server, found.version
    );
    let mended = indexes().filter(|index| index.order == IndexOrder::Mended);
    text += &match (found.is_right(), mended.count()) {
        (true, 0) => format!(
            "right: {} of {server} in the order that they are searched in\n",
            number(|_| true)
        ),
        (true, _) => format!(
            "mended: {} of {server}\n",
            number(|index| index.order == IndexOrder::Mended)
        ),
        (false, _) => format!(
            "to be mended: {} of {server}; with `--mend` they are made anew\n",
            number(SortedIndex::is_suspect)
        ),
    };
    text
}

fn of_database(database: &DatabaseCollation) -> String {
    let mut text = String::new();
    let name = &database.name;
    for (index, found) in &database.indexes {
        let what = format!("index {index} of {} in database `{name}`", found.table);
        let said = found.said.as_ref();
        let said = said.map_or_else(String::new, |said| format!(": {}", said.trim()));
        let sorted: Vec<_> = found
            .collations
            .iter()
            .map(|(collation, versions)| {
                let or_unknown =
                    |version: &Option<String>| version.clone().unwrap_or_else(|| "unknown".into());
                format!(
                    "{collation} was version {}, is {}",
                    or_unknown(&versions.recorded),
                    or_unknown(&versions.actual)
                )
            })
            .collect();
        let sorted = sorted.join("; ");
        text += &match found.order {
            IndexOrder::Right => continue,
            IndexOrder::Changed => format!("changed: {what}: {sorted}\n"),
            IndexOrder::Wrong => format!("wrong: {what}{said}\n"),
            IndexOrder::Unknown => format!("unknown: {what}: {sorted}\n"),
            IndexOrder::Mended => format!("mended: {what}\n"),
            IndexOrder::Failed => format!("failed: {what}{said}\n"),
        };
    }
    for table in &database.partitions {
        text += &format!(
            "note: {table} in database `{name}` is parted by ranges of texts: rows may be in a partition \
             that is no longer theirs, which no index tells\n"
        );
    }
    for statement in database.statements() {
        text += &format!("  in `{name}`: {statement};\n");
    }
    text
}

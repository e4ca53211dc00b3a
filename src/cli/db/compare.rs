//! `transship db compare`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::streamed::{self, WhichDatabase};
use crate::cli::options::DockerArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::size::count;
use crate::cli::terminal::ui::{Done, Ui};
use crate::database::postgres::{
    COMPARISON_FORMAT, DatabaseComparison, DatabaseDifference, PostgresServer, SurveyedItem,
    compare_servers,
};
use crate::document;
use crate::fs::Disk;

/// Tell whether two servers have the same.
///
/// A and B are containers that run, by name, id, or `PROJECT/SERVICE`; they may be of different
/// majors. Of Postgres, every database: the rows of each table, counted, with a sum of a 64-bit hash of each
/// row, which the server works out and for which their order doesn't count; sequences, large objects,
/// indexes, constraints, views, functions, triggers, policies, types, extensions, owners, privileges,
/// comments; and of the cluster roles, their passwords and settings. Nothing is kept in either.
///
/// What a newer major makes by itself is told with its reason and doesn't count. What can't be read
/// is unknown, and never equal. Whoever writes meanwhile makes a difference.
///
/// Of another engine, which A's image tells or `--engine`: what its recipe's digests tell of both (`inspect --list`).
///
/// Exit code 0 where they have the same, 1 where they haven't or that can't be known.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DbCompare {
    /// A container that runs a database
    a: String,
    /// Another one
    b: String,
    /// Keep what was found as a sealed document, with the hash of every table
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    database: WhichDatabase,
    #[command(flatten)]
    docker: DockerArg,
}

pub(super) fn run(args: &DbCompare, ui: &Ui) -> Result<Done, Failure> {
    let docker = args.docker.find()?;
    if let Some(lines) = args.database.lines(&docker, &args.a)? {
        if args.output.is_some() {
            return Err(streamed::postgres_alone("--output"));
        }
        let stream = args.database.between(&docker, &args.a, &args.b, &lines);
        return streamed::compare(&stream, ui);
    }
    let a = PostgresServer::find(&docker, &args.a)?;
    let b = PostgresServer::find(&docker, &args.b)?;
    let found = compare_servers(&a, &b, ui.progress())?;
    if let Some(path) = &args.output {
        document::save(&Disk::new(), COMPARISON_FORMAT, path, &found)?;
        ui.acted();
    }
    if ui.json {
        ui.json(COMPARISON_FORMAT.name, &found)?;
    } else {
        ui.print(&text(&found))?;
    }
    Ok(Done::differs(!found.equal))
}

/// The answer for people.
pub(super) fn text(found: &DatabaseComparison) -> String {
    let mut text = String::new();
    for difference in &found.differences {
        text += &format!("{}\n", describe(difference, found));
    }
    for unread in &found.unread {
        text += &format!("unknown: {}: {}\n", what(&unread.key), unread.why);
    }
    let mut reasons: BTreeMap<(&str, &str), Vec<&SurveyedItem>> = BTreeMap::new();
    for one in &found.explained {
        let key = &one.difference.key;
        reasons.entry((&key.kind, &one.why)).or_default().push(key);
    }
    for ((kind, why), keys) in reasons {
        let what = match keys[..] {
            [key] => what(key),
            _ => format!("{kind}, {} times", keys.len()),
        };
        text += &format!("as it should be: {what}: {why}\n");
    }
    for note in &found.notes {
        text += &format!("note: {note}\n");
    }
    let (a, b) = (&found.a, &found.b);
    let servers = format!(
        "`{}` ({}) and `{}` ({})",
        a.server, a.version, b.server, b.version
    );
    let of = |number: usize, one: &str| count(number as u64, one);
    let read = [
        of(found.databases.len(), "database"),
        count(found.table_count(), "table"),
        count(found.rows(), "row"),
    ];
    let read = read.join(", ");
    text += &match (found.equal, found.differences.len(), found.unread.len()) {
        (true, ..) => format!("equal: {servers} have the same: {read}\n"),
        (false, 0, unread) => format!(
            "unknown: {} of {servers} can't be read\n",
            of(unread, "item")
        ),
        (false, differences, _) => format!(
            "different: {servers} differ in {}\n",
            of(differences, "place")
        ),
    };
    text
}

fn describe(difference: &DatabaseDifference, found: &DatabaseComparison) -> String {
    let what = what(&difference.key);
    match (&difference.a, &difference.b) {
        (Some(_), None) => format!("missing in `{}`: {what}", found.b.server),
        (None, _) => format!("only in `{}`: {what}", found.b.server),
        (Some(a), Some(b)) if a == b => format!("differs: {what}"),
        (Some(a), Some(b)) => format!("differs: {what}: `{a}`, `{b}`"),
    }
}

fn what(key: &SurveyedItem) -> String {
    let thing = format!("{} {}", key.kind, key.name);
    match &key.database {
        Some(database) => format!("{} in database `{database}`", thing.trim()),
        None => thing,
    }
}

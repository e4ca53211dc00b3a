//! The Postgres servers of a clone's old release: all that each has before the plan, held against what it has
//! after the way back. Their files differ after each start; what they hold must not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::RoundKind;
use super::running::OldInClone;
use crate::clock::Stopwatch;
use crate::database;
use crate::database::postgres::{
    DatabaseComparison, DatabaseDifference, PostgresError, PostgresServer, ServerSurvey,
};
use crate::engine::{self, Container, Docker};
use crate::error::with_causes;
use crate::progress::Progress;

/// How long a server may take until it can be asked, once its container is up.
const COMING_UP: Duration = Duration::from_mins(2);

/// How many differences of one server are told one by one.
const TOLD: usize = 20;

/// A database that was held against what it had before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RehearsedDatabase {
    /// The service whose server it is.
    pub service: String,
    /// The server's version.
    pub version: String,
    /// After which way back.
    pub after: RoundKind,
    /// How many tables it had before.
    pub tables: u64,
    /// How many rows these had.
    pub rows: u64,
    /// What differs, or can't be known, a sentence each; empty where it has the same.
    pub differences: Vec<String>,
}

/// Which servers there are, and where their files are.
#[derive(Debug, Default)]
pub(super) struct ClonedDatabases {
    /// By service: what each has, or why that can't be known.
    surveys: BTreeMap<String, Result<ServerSurvey, String>>,
    /// The folders that hold their files, on the host.
    pub(super) folders: BTreeSet<std::path::PathBuf>,
}

impl ClonedDatabases {
    /// Asks all that run of the old release.
    ///
    /// # Errors
    /// Those of asking the engine; what a server doesn't tell is kept.
    pub(super) fn of(
        old: &OldInClone,
        docker: &Docker,
        progress: &dyn Progress,
    ) -> Result<Self, engine::Error> {
        let mut found = Self::default();
        let all = Container::of_project(docker, &old.project)?.into_iter();
        for container in all.filter(|one| one.running && one.is_from(&old.folder)) {
            let Some(service) = &container.service else {
                continue;
            };
            let mounts = container.mounts.iter().filter(|mount| mount.writes);
            let folders: Vec<_> = mounts
                .flat_map(|mount| postgres_in(&mount.source))
                .collect();
            if folders.is_empty() {
                continue;
            }
            progress.note(&format!("on the clone: what Postgres in {service} holds"));
            let survey = survey(docker, &container.name, progress);
            let survey = survey.map_err(|error| with_causes(&error));
            found.surveys.insert(service.clone(), survey);
            found.folders.extend(folders);
        }
        Ok(found)
    }

    /// How `now` differs, server by server.
    pub(super) fn against(&self, now: &Self, after: RoundKind) -> Vec<RehearsedDatabase> {
        let each = self.surveys.iter();
        let proof = |(service, before): (&String, &Result<ServerSurvey, String>)| {
            held_against(service, before, now.surveys.get(service), after)
        };
        each.map(proof).collect()
    }
}

fn held_against(
    service: &str,
    before: &Result<ServerSurvey, String>,
    now: Option<&Result<ServerSurvey, String>>,
    after: RoundKind,
) -> RehearsedDatabase {
    let mut proof = RehearsedDatabase {
        service: service.to_owned(),
        version: String::new(),
        after,
        tables: 0,
        rows: 0,
        differences: Vec::new(),
    };
    match (before, now) {
        (Ok(before), Some(Ok(now))) => {
            let found = DatabaseComparison::of(before, now);
            proof.version.clone_from(&found.a.version);
            (proof.tables, proof.rows) = (found.table_count(), found.rows());
            let differences = found.differences.iter().map(sentence);
            let unread = found.unread.iter().map(|one| {
                let (kind, name) = (&one.key.kind, &one.key.name);
                format!("{kind} {name} can't be read: {}", one.why)
            });
            proof.differences = differences.chain(unread).collect();
            let more = proof.differences.len().saturating_sub(TOLD);
            if more > 0 {
                proof.differences.truncate(TOLD);
                proof.differences.push(format!("{more} more differences"));
            }
        }
        (Err(why), _) => proof
            .differences
            .push(format!("what it held before can't be known: {why}")),
        (_, Some(Err(why))) => proof
            .differences
            .push(format!("what it holds can't be known: {why}")),
        (_, None) => proof.differences.push("it doesn't run any more".to_owned()),
    }
    proof
}

/// `table public.orders in database shop: 3 rows before, 2 now`.
fn sentence(difference: &DatabaseDifference) -> String {
    let key = &difference.key;
    let what = match key.kind.as_str() {
        "rows" => format!("table {}", key.name),
        kind => format!("{kind} {}", key.name),
    };
    let what = match &key.database {
        Some(database) => format!("{} in database {database}", what.trim()),
        None => what,
    };
    let count = |value: &str| value.split(' ').next().map(str::to_owned);
    match (&difference.a, &difference.b) {
        (Some(_), None) => format!("{what} is gone"),
        (None, _) => format!("{what} wasn't there before"),
        (Some(a), Some(b)) if key.kind == "rows" => {
            let (was, is) = (count(a).unwrap_or_default(), count(b).unwrap_or_default());
            match was == is {
                true => format!("{what}: {is} rows as before, but not the same ones"),
                false => format!("{what}: {was} rows before, {is} now"),
            }
        }
        (Some(_), Some(_)) => format!("{what} isn't as it was"),
    }
}

/// The folders below `root`, or itself, that hold a Postgres' files.
fn postgres_in(root: &Path) -> Vec<std::path::PathBuf> {
    let found = database::inspect(root).map(|found| found.databases);
    let ours = found.unwrap_or_default().into_iter();
    ours.filter(|one| one.kind == "postgres")
        .map(|one| match one.place.as_str() {
            "." => root.to_owned(),
            place => root.join(place),
        })
        .collect()
}

/// All that the server in a container has, once it can be asked.
fn survey(
    docker: &Docker,
    container: &str,
    progress: &dyn Progress,
) -> Result<ServerSurvey, PostgresError> {
    let watch = Stopwatch::start();
    let server = loop {
        match PostgresServer::find(docker, container) {
            Ok(server) => break server,
            Err(error) if watch.elapsed() > COMING_UP || progress.interrupted() => {
                return Err(error);
            }
            Err(_) => thread::sleep(Duration::from_millis(300)),
        }
    };
    ServerSurvey::of(&server, progress)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::postgres::SurveyedItem;

    fn item(kind: &str, name: &str) -> SurveyedItem {
        SurveyedItem {
            database: Some("shop".to_owned()),
            kind: kind.to_owned(),
            name: name.to_owned(),
        }
    }

    fn difference(kind: &str, a: Option<&str>, b: Option<&str>) -> DatabaseDifference {
        DatabaseDifference {
            key: item(kind, "public.orders"),
            a: a.map(str::to_owned),
            b: b.map(str::to_owned),
        }
    }

    #[test]
    fn what_differs_is_told_in_rows() {
        for (kind, a, b, expect) in [
            (
                "rows",
                Some("3 99"),
                Some("2 98"),
                "table public.orders in database shop: 3 rows before, 2 now",
            ),
            (
                "rows",
                Some("3 99"),
                Some("3 98"),
                "table public.orders in database shop: 3 rows as before, but not the same ones",
            ),
            (
                "rows",
                Some("3 99"),
                None,
                "table public.orders in database shop is gone",
            ),
            (
                "index",
                None,
                Some("x"),
                "index public.orders in database shop wasn't there before",
            ),
            (
                "index",
                Some("y"),
                Some("x"),
                "index public.orders in database shop isn't as it was",
            ),
        ] {
            assert_eq!(sentence(&difference(kind, a, b)), expect);
        }
    }

    #[test]
    fn what_cant_be_known_is_never_the_same() {
        let after = RoundKind::Back;
        let whole = Ok(ServerSurvey::default());
        let same = held_against("db", &whole, Some(&whole), after);
        assert_eq!(same.differences, Vec::<String>::new());
        let broken = Err("it is gone".to_owned());
        for (before, now, expect) in [
            (&whole, None, "it doesn't run any more"),
            (
                &whole,
                Some(&broken),
                "what it holds can't be known: it is gone",
            ),
            (
                &broken,
                Some(&whole),
                "what it held before can't be known: it is gone",
            ),
        ] {
            let found = held_against("db", before, now, after);
            assert_eq!(found.differences, [expect]);
        }
    }
}

//! Two surveys held against each other: a pure function of both.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::explained::explanation;
use super::survey::{ServerSurvey, SurveyedItem, UnreadItem};
use crate::document::DocumentFormat;
use crate::tree::Digest;

/// The document that proves what was compared.
pub const COMPARISON_FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-db-comparison",
    version: 1,
    oldest: 1,
};

/// What was found when two servers were held against each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseComparison {
    /// True if nothing differs that isn't explained, and everything could be read.
    pub equal: bool,
    /// The first.
    pub a: ComparedServer,
    /// The second.
    pub b: ComparedServer,
    /// What the first has, by database; [`DatabaseComparison::equal`] says whether the second has it, too.
    pub databases: Vec<DatabaseTotals>,
    /// What differs.
    pub differences: Vec<DatabaseDifference>,
    /// What differs, and has to between these majors.
    pub explained: Vec<ExplainedDifference>,
    /// What could not be read of the first, or of the second, and so is unknown.
    pub unread: Vec<UnreadItem>,
    /// What is no part of the databases, and is worth knowing: settings in files, C libraries.
    pub notes: Vec<String>,
    /// Rows and hashes, table by table, of the first.
    pub tables: Vec<TableProof>,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedServer {
    /// The container's name.
    pub server: String,
    /// The server's version.
    pub version: String,
    /// The C library that sorts its texts, if that can be known.
    pub c_library: Option<String>,
}

/// How much there is in a database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseTotals {
    /// The database.
    pub database: String,
    /// How many tables and filled materialized views were read.
    pub tables: u64,
    /// How many rows they have.
    pub rows: u64,
    /// How many other things were compared: indexes, privileges, sequences.
    pub objects: u64,
}

/// Something that isn't the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseDifference {
    /// What.
    #[serde(flatten)]
    pub key: SurveyedItem,
    /// What it is in the first; nothing where the first hasn't got it. Of what may be long or
    /// secret it is a digest, or `***`.
    pub a: Option<String>,
    /// What it is in the second.
    pub b: Option<String>,
}

/// A difference with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedDifference {
    /// What.
    #[serde(flatten)]
    pub difference: DatabaseDifference,
    /// Why it is no loss.
    pub why: String,
}

/// What a table has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableProof {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// How many rows it has, and the sum of their hashes, a space between.
    pub rows: String,
}

/// Asked for what else is said of it, and not compared.
const ASIDE: [&str; 2] = ["configuration", "default version"];

impl DatabaseComparison {
    /// Holds `b` against `a`.
    pub fn of(a: &ServerSurvey, b: &ServerSurvey) -> Self {
        let mut differences = Vec::new();
        let mut explained = Vec::new();
        for difference in all_differences(a, b) {
            match explanation(&difference, a, b) {
                Some(why) => explained.push(ExplainedDifference {
                    difference: difference.shown(),
                    why,
                }),
                None => differences.push(difference.shown()),
            }
        }
        let unread: BTreeSet<_> = a.unread.iter().chain(&b.unread).cloned().collect();
        Self {
            equal: differences.is_empty() && unread.is_empty(),
            a: ComparedServer::of(a),
            b: ComparedServer::of(b),
            databases: a.databases.iter().map(|name| totals(a, name)).collect(),
            differences,
            explained,
            unread: unread.into_iter().collect(),
            notes: notes(a, b),
            tables: proofs(a),
        }
    }

    /// How many rows the first has.
    pub fn rows(&self) -> u64 {
        self.databases.iter().map(|one| one.rows).sum()
    }

    /// How many tables of the first were read.
    pub fn table_count(&self) -> u64 {
        self.databases.iter().map(|one| one.tables).sum()
    }
}

impl ComparedServer {
    fn of(survey: &ServerSurvey) -> Self {
        Self {
            server: survey.server.clone(),
            version: survey.version.clone(),
            c_library: survey.c_library.clone(),
        }
    }
}

/// All that isn't the same. What is unread on either side is unknown, and no difference.
fn all_differences(a: &ServerSurvey, b: &ServerSurvey) -> Vec<DatabaseDifference> {
    let unread: BTreeSet<&SurveyedItem> = a
        .unread
        .iter()
        .chain(&b.unread)
        .map(|one| &one.key)
        .collect();
    let keys: BTreeSet<&SurveyedItem> = a.items.keys().chain(b.items.keys()).collect();
    let compared = keys
        .into_iter()
        .filter(|key| !ASIDE.contains(&key.kind.as_str()) && !unread.contains(key));
    let differs = compared.filter(|key| a.items.get(key) != b.items.get(key));
    let value = |survey: &ServerSurvey, key| {
        let value = survey.items.get(key)?;
        Some(value.clone().unwrap_or_default())
    };
    differs
        .map(|key| DatabaseDifference {
            key: key.clone(),
            a: value(a, key),
            b: value(b, key),
        })
        .collect()
}

impl DatabaseDifference {
    /// As it may be shown and kept: nothing secret, and no line of anybody's code.
    fn shown(self) -> Self {
        let show = |value: String| match self.key.kind.as_str() {
            "password" | "user mapping" | "subscription" => "***".to_owned(),
            "function" | "view" | "rule" | "trigger" | "policy" | "comment" | "setting"
            | "server" | "security label" | "wrapper" => {
                let digest = Digest::of(value.as_bytes()).to_string();
                format!("sha256 {}", &digest[..16])
            }
            _ => value,
        };
        Self {
            a: self.a.map(show),
            b: self.b.map(show),
            key: self.key,
        }
    }
}

fn totals(survey: &ServerSurvey, database: &str) -> DatabaseTotals {
    let mut totals = DatabaseTotals {
        database: database.to_owned(),
        ..DatabaseTotals::default()
    };
    let of = survey
        .items
        .iter()
        .filter(|(key, _)| key.database.as_deref() == Some(database));
    for (key, value) in of {
        if key.kind == "rows" {
            let count = value.as_deref().and_then(|value| value.split(' ').next());
            totals.tables += 1;
            totals.rows += count.and_then(|count| count.parse().ok()).unwrap_or(0);
        } else if !ASIDE.contains(&key.kind.as_str()) {
            totals.objects += 1;
        }
    }
    totals
}

fn proofs(survey: &ServerSurvey) -> Vec<TableProof> {
    let tables = survey.items.iter().filter(|(key, _)| key.kind == "rows");
    tables
        .map(|(key, value)| TableProof {
            database: key.database.clone().unwrap_or_default(),
            table: key.name.clone(),
            rows: value.clone().unwrap_or_default(),
        })
        .collect()
}

/// What no dump carries.
fn notes(a: &ServerSurvey, b: &ServerSurvey) -> Vec<String> {
    let mut notes = Vec::new();
    let keys: BTreeSet<&SurveyedItem> = a.items.keys().chain(b.items.keys()).collect();
    for key in keys.into_iter().filter(|key| key.kind == "configuration") {
        let value = |survey: &ServerSurvey| survey.items.get(key).cloned().flatten();
        let (one, other) = (value(a), value(b));
        if one != other {
            let word = |value: Option<String>| {
                value.map_or("not set".to_owned(), |value| format!("`{value}`"))
            };
            notes.push(format!(
                "the server's own setting `{}` is {} in `{}` and {} in `{}`; it is in a file or on the command \
                 line, which no dump has",
                key.name,
                word(one),
                a.server,
                word(other),
                b.server
            ));
        }
    }
    if let (Some(one), Some(other)) = (&a.c_library, &b.c_library)
        && one != other
    {
        notes.push(format!(
            "`{}` has {one} and `{}` has {other}, which may sort texts in another way: indexes are right where \
             they were built anew, as by a dump and load",
            a.server, b.server
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(major: u32, items: &[(&str, &str, &str)]) -> ServerSurvey {
        let item = |(kind, name, value): &(&str, &str, &str)| {
            let key = SurveyedItem {
                database: Some("app".to_owned()),
                kind: (*kind).to_owned(),
                name: (*name).to_owned(),
            };
            (key, Some((*value).to_owned()))
        };
        ServerSurvey {
            server: format!("pg{major}"),
            major,
            databases: vec!["app".to_owned()],
            items: items.iter().map(item).collect(),
            ..ServerSurvey::default()
        }
    }

    /// What is said of two servers that have one item each.
    #[track_caller]
    fn check(
        a: (u32, &[(&str, &str, &str)]),
        b: (u32, &[(&str, &str, &str)]),
        differ: usize,
        explained: usize,
    ) {
        let found = DatabaseComparison::of(&survey(a.0, a.1), &survey(b.0, b.1));
        assert_eq!(
            (found.differences.len(), found.explained.len(), found.equal),
            (differ, explained, differ == 0),
            "{found:?}"
        );
    }

    #[test]
    fn what_one_has_not_got_differs() {
        let rows = [("rows", "t", "3 77")];
        check((15, &rows), (17, &rows), 0, 0);
        check((15, &rows), (17, &[]), 1, 0);
        check((15, &[]), (17, &rows), 1, 0);
        check((15, &rows), (17, &[("rows", "t", "3 78")]), 1, 0);
    }

    #[test]
    fn what_a_newer_major_makes_by_itself_is_explained_and_nothing_else() {
        let maintain = [("maintain", "table t", "owner=MAINTAIN")];
        check((15, &[]), (17, &maintain), 0, 1);
        check((17, &[]), (18, &maintain), 1, 0);
        let public = |owner| [("owner", "schema public", owner)];
        check(
            (13, &public("postgres")),
            (15, &public("pg_database_owner")),
            0,
            1,
        );
        check((13, &public("postgres")), (15, &public("alice")), 1, 0);
        check(
            (15, &public("postgres")),
            (17, &public("pg_database_owner")),
            1,
            0,
        );
    }

    #[test]
    fn an_extension_may_be_newer_where_that_is_what_the_newer_major_brings() {
        let has = |version, brings| {
            [
                ("extension", "hstore", version),
                ("default version", "hstore", brings),
            ]
        };
        check(
            (15, &has("1.7 in public", "1.8")),
            (17, &has("1.8 in public", "1.8")),
            0,
            1,
        );
        check(
            (15, &has("1.7 in public", "1.8")),
            (17, &has("1.8 in s1", "1.8")),
            1,
            0,
        );
        check(
            (15, &has("1.8 in public", "1.8")),
            (17, &has("1.7 in public", "1.8")),
            1,
            0,
        );
        check(
            (15, &has("1.7 in public", "1.8")),
            (15, &has("1.8 in public", "1.8")),
            1,
            0,
        );
    }

    #[test]
    fn what_cannot_be_read_is_never_equal() {
        let mut a = survey(15, &[]);
        let b = survey(15, &[("rows", "t", "1 1")]);
        a.unread = vec![UnreadItem {
            key: b.items.keys().next().unwrap().clone(),
            why: "invalid page".to_owned(),
        }];
        let found = DatabaseComparison::of(&a, &b);
        assert_eq!(
            (found.equal, found.differences.len(), found.unread.len()),
            (false, 0, 1)
        );
    }

    #[test]
    fn neither_passwords_nor_code_are_shown() {
        for kind in ["password", "user mapping", "function", "setting", "view"] {
            let a = survey(15, &[(kind, "x", "s3cret")]);
            let found = DatabaseComparison::of(&a, &survey(15, &[]));
            assert_eq!(found.differences.len(), 1);
            assert!(
                !serde_json::to_string(&found).unwrap().contains("s3cret"),
                "{kind}"
            );
        }
    }

    #[test]
    fn settings_in_files_are_told_and_are_no_difference() {
        let a = survey(15, &[("configuration", "shared_buffers", "16384")]);
        let found = DatabaseComparison::of(&a, &survey(17, &[]));
        assert!(found.equal);
        assert!(
            found.notes[0].contains("`shared_buffers` is `16384` in `pg15` and not set in `pg17`")
        );
    }
}

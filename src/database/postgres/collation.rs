//! The order of texts: which indexes were sorted by another C library (or ICU) than the one that searches
//! them now, and the mending of them.
//!
//! Postgres records the version of what sorted, and warns; from 15 on for a database's own collation, too.
//! It records none for `C.UTF-8`, nor where musl sorts. What isn't recorded is unknown, unless `amcheck`
//! has looked at the order itself, in a transaction of which nothing is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PostgresError;
use super::server::{PostgresServer, Row, identifier, literal};
use crate::progress::Progress;

const COLLATION: &str = include_str!("survey/collation.sql");
/// Names come out with their schemas.
const PATH: &str = "set search_path = pg_catalog;\n";
const DATABASES: &str =
    "select json_build_array(case when datallowconn then 'open' else 'closed' end, datname, '')
  from pg_database order by datname";

/// Those that let nobody connect, where a version is recorded; `template0` has none from the beginning, and gets none.
const CLOSED: &str = "select json_build_array('closed', datname, '') from pg_database
  where not datallowconn and datcollversion <> pg_database_collation_actual_version(oid)";

/// What of a server is in whose order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CollationReport {
    /// The container's name.
    pub server: String,
    /// The server's version.
    pub version: String,
    /// The C library that sorts now, if that can be known.
    pub c_library: Option<String>,
    /// Each database that lets somebody connect.
    pub databases: Vec<DatabaseCollation>,
    /// Those that let nobody connect, whose indexes can't be looked at.
    pub closed: Vec<String>,
}

/// What of a database is in whose order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DatabaseCollation {
    /// Its name.
    pub name: String,
    /// Its own collation, where that has another version than was recorded.
    pub changed: Option<CollationVersions>,
    /// The collations in it that have another version than was recorded, by name.
    pub collations: BTreeMap<String, CollationVersions>,
    /// The indexes whose order is a library's, by name.
    pub indexes: BTreeMap<String, SortedIndex>,
    /// Tables whose partitions are ranges in such an order: rows may be in one that they don't belong to.
    pub partitions: Vec<String>,
    /// Whether `amcheck` could be used.
    pub amcheck: bool,
}

/// By which version it was sorted, and by which it would be now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollationVersions {
    /// Who sorts: `c` for the C library, `i` for ICU.
    pub provider: String,
    /// The locale, as the C library calls it.
    pub locale: String,
    /// As it was recorded; nothing where nothing is recorded.
    pub recorded: Option<String>,
    /// As it is now.
    pub actual: Option<String>,
}

/// An index whose order is a library's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SortedIndex {
    /// Its table.
    pub table: String,
    /// Its method: `btree`.
    pub method: String,
    /// The collations of its keys.
    pub collations: BTreeMap<String, CollationVersions>,
    /// What is known of its order.
    pub order: IndexOrder,
    /// What `amcheck` or its making anew complained of.
    pub said: Option<String>,
}

/// What is known of an index's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexOrder {
    /// It was sorted as it is searched, as the versions say or `amcheck` found.
    Right,
    /// The version of what sorted it is another.
    Changed,
    /// `amcheck` found it in a wrong order.
    Wrong,
    /// Nothing is recorded, and it can't be looked at.
    Unknown,
    /// It was made anew.
    Mended,
    /// It couldn't be made anew.
    Failed,
}

impl CollationVersions {
    /// Nothing where no version of both is there to be compared.
    fn is_changed(&self) -> Option<bool> {
        let both = self.recorded.as_ref().zip(self.actual.as_ref());
        both.map(|(recorded, actual)| recorded != actual)
    }
}

impl SortedIndex {
    /// Whether it has to be made anew before it can be relied on.
    pub const fn is_suspect(&self) -> bool {
        !matches!(self.order, IndexOrder::Right | IndexOrder::Mended)
    }
}

impl DatabaseCollation {
    /// Whether nothing in it has to be mended.
    pub fn is_right(&self) -> bool {
        let mut indexes = self.indexes.values();
        self.changed.is_none()
            && self.collations.is_empty()
            && !indexes.any(SortedIndex::is_suspect)
    }

    /// The statements that mend it, each to be run by itself; those for versions come last.
    pub fn statements(&self) -> Vec<String> {
        let suspect = self.indexes.iter().filter(|(_, index)| index.is_suspect());
        let reindex = suspect.map(|(name, _)| format!("REINDEX INDEX {name}"));
        let collations = self.collations.keys();
        let refresh = collations.map(|name| format!("ALTER COLLATION {name} REFRESH VERSION"));
        let own = self.changed.as_ref();
        let own = own.map(|_| {
            let name = self.name.replace('"', "\"\"");
            format!("ALTER DATABASE \"{name}\" REFRESH COLLATION VERSION")
        });
        reindex.chain(refresh).chain(own).collect()
    }

    /// What the rows of `collation.sql` say.
    fn read(name: &str, rows: Vec<Row>) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct IndexKey {
            table: String,
            method: String,
            collation: String,
            #[serde(flatten)]
            versions: CollationVersions,
        }
        let mut found = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        for Row { kind, name, value } in rows {
            let value = value.unwrap_or_default();
            match kind.as_str() {
                "database" => {
                    let versions: CollationVersions = serde_json::from_str(&value)?;
                    found.changed = Some(versions).filter(|one| one.is_changed() == Some(true));
                }
                "collation" => {
                    found.collations.insert(name, serde_json::from_str(&value)?);
                }
                "index" => {
                    let key: IndexKey = serde_json::from_str(&value)?;
                    let index = found.indexes.entry(name).or_insert_with(|| SortedIndex {
                        table: key.table,
                        method: key.method,
                        collations: BTreeMap::new(),
                        order: IndexOrder::Right,
                        said: None,
                    });
                    index.order = match (index.order, key.versions.is_changed()) {
                        (_, Some(true)) | (IndexOrder::Changed, _) => IndexOrder::Changed,
                        (order, Some(false)) => order,
                        (_, None) => IndexOrder::Unknown,
                    };
                    index.collations.insert(key.collation, key.versions);
                }
                _ => found.partitions.push(name),
            }
        }
        Ok(found)
    }
}

impl CollationReport {
    /// Asks `server`, and looks at the order of what may be wrong where `amcheck` can. With `all` nothing
    /// that is recorded is believed: the files came from elsewhere.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub fn of(
        server: &PostgresServer,
        all: bool,
        progress: &dyn Progress,
    ) -> Result<Self, PostgresError> {
        let mut report = Self {
            server: server.name().to_owned(),
            version: server.version().to_owned(),
            c_library: server.c_library(),
            ..Self::default()
        };
        for row in server.rows("postgres", "list the databases", DATABASES, progress)? {
            if row.kind == "closed" {
                report.closed.push(row.name);
                continue;
            }
            let what = format!("ask for collations in database `{}`", row.name);
            let rows = server.rows(&row.name, &what, &format!("{PATH}{COLLATION}"), progress)?;
            // Not serde's words, which would quote the answer.
            let mut found = DatabaseCollation::read(&row.name, rows)
                .map_err(|_| server.said(&what, "the answer can't be understood".to_owned()))?;
            if all {
                for index in found.indexes.values_mut() {
                    index.order = IndexOrder::Unknown;
                }
            }
            found.look_at_order(server, progress)?;
            report.databases.push(found);
        }
        Ok(report)
    }

    /// Whether nothing in it has to be mended.
    pub fn is_right(&self) -> bool {
        self.databases.iter().all(DatabaseCollation::is_right)
    }

    /// Makes the suspect indexes anew, each by a statement of its own; then the versions are recorded,
    /// in a database in which every index could be.
    ///
    /// # Errors
    /// [`PostgresError`]; an index that can't be made anew is [`IndexOrder::Failed`], and no error.
    pub fn mend(
        &mut self,
        server: &PostgresServer,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        for database in &mut self.databases {
            database.mend(server, progress)?;
        }
        if server.major() >= 15 && self.is_right() {
            for row in server.rows("postgres", "look for versions", CLOSED, progress)? {
                // Nobody can have made an index there.
                let name = identifier(&row.name);
                let sql = format!("ALTER DATABASE {name} REFRESH COLLATION VERSION");
                server.rows("postgres", "record the version", &sql, progress)?;
            }
        }
        Ok(())
    }
}

impl DatabaseCollation {
    fn mend(
        &mut self,
        server: &PostgresServer,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        let suspect = self.indexes.iter_mut();
        for (name, index) in suspect.filter(|(_, index)| index.is_suspect()) {
            let sql = format!("{PATH}REINDEX INDEX {name}");
            match server.rows(
                &self.name,
                &format!("make index {name} anew"),
                &sql,
                progress,
            ) {
                Ok(_) => (index.order, index.said) = (IndexOrder::Mended, None),
                Err(PostgresError::Said { said, .. }) => {
                    (index.order, index.said) = (IndexOrder::Failed, Some(said));
                }
                Err(error) => return Err(error),
            }
            progress.advance(0, 1);
        }
        if self.indexes.values().any(SortedIndex::is_suspect) {
            return Ok(());
        }
        for sql in self.statements() {
            let sql = format!("{PATH}{sql}");
            server.rows(&self.name, "record the version", &sql, progress)?;
        }
        self.collations.clear();
        self.changed = None;
        Ok(())
    }

    /// Has `amcheck` look at the order of suspect indexes; what it makes for that is rolled back.
    fn look_at_order(
        &mut self,
        server: &PostgresServer,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        let suspect = self.indexes.iter();
        let suspect: Vec<&String> = suspect
            .filter(|(_, index)| index.is_suspect() && index.method == "btree")
            .map(|(name, _)| name)
            .collect();
        let asked = "select json_build_array('amcheck', 'available', '') from pg_available_extensions where name = 'amcheck'";
        let what = format!("look at the order in database `{}`", self.name);
        self.amcheck = !server.rows(&self.name, &what, asked, progress)?.is_empty();
        if suspect.is_empty() || !self.amcheck {
            return Ok(());
        }
        let mut sql = format!(
            "\\set ON_ERROR_ROLLBACK on\n{PATH}begin;\n\
             create extension if not exists amcheck with schema pg_catalog;\n\
             select n.nspname as home from pg_extension e join pg_namespace n on n.oid = e.extnamespace \
             where e.extname = 'amcheck' \\gset\n"
        );
        for name in suspect {
            let name = literal(name);
            sql += &format!(
                "select json_build_array('right', {name}, :\"home\".bt_index_check({name}::regclass, true)::text);\n\
                 \\if :ERROR\nselect json_build_array('wrong', {name}, :'LAST_ERROR_MESSAGE');\n\\endif\n"
            );
        }
        sql += "rollback;\n";
        let mut seen = Vec::new();
        server.each_row(&self.name, &what, &sql, &[], progress, &mut |row| {
            seen.push(row);
        })?;
        for row in seen {
            let Some(index) = self.indexes.get_mut(&row.name) else {
                continue;
            };
            match (row.kind.as_str(), index.order) {
                ("wrong", _) => (index.order, index.said) = (IndexOrder::Wrong, row.value),
                // What another version sorted is made anew all the same: what is right by chance of the
                // rows that are there may not stay so.
                ("right", IndexOrder::Unknown) => index.order = IndexOrder::Right,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: &str, name: &str, value: &str) -> Row {
        Row {
            kind: kind.into(),
            name: name.into(),
            value: Some(value.into()),
        }
    }

    fn versions(recorded: &str, actual: &str) -> String {
        let or_null = |text: &str| match text {
            "" => "null".to_owned(),
            text => format!("\"{text}\""),
        };
        format!(
            r#"{{"table": "s.t", "method": "btree", "collation": "sv", "provider": "c", "locale": "sv_SE",
                "recorded": {}, "actual": {}}}"#,
            or_null(recorded),
            or_null(actual)
        )
    }

    #[test]
    fn an_index_is_suspect_by_the_worst_of_its_collations() {
        use IndexOrder::{Changed, Right, Unknown};
        for (pairs, expect) in [
            (&[("2.36", "2.36")][..], Right),
            (&[("2.31", "2.36")], Changed),
            (&[("", "2.36")], Unknown),
            (&[("2.36", "")], Unknown),
            (&[("", "")], Unknown),
            (&[("2.36", "2.36"), ("2.31", "2.36")], Changed),
            (&[("2.31", "2.36"), ("", "")], Changed),
            (&[("", ""), ("2.36", "2.36")], Unknown),
        ] {
            let rows = pairs.iter();
            let rows =
                rows.map(|(recorded, actual)| row("index", "s.i", &versions(recorded, actual)));
            let found = DatabaseCollation::read("app", rows.collect()).unwrap();
            assert_eq!(found.indexes["s.i"].order, expect, "{pairs:?}");
            assert_eq!(found.is_right(), expect == Right, "{pairs:?}");
        }
    }

    #[test]
    fn each_is_mended_by_a_statement_and_versions_are_recorded_last() {
        let rows = vec![
            row("database", "a\"b", &versions("2.31", "2.36")),
            row("collation", "public.sv", &versions("2.31", "2.36")),
            row("index", "s.i", &versions("2.31", "2.36")),
            row("index", "s.fine", &versions("2.36", "2.36")),
            row("partitions", "s.parts", ""),
        ];
        let found = DatabaseCollation::read("a\"b", rows).unwrap();
        assert_eq!(
            found.statements(),
            [
                "REINDEX INDEX s.i",
                "ALTER COLLATION public.sv REFRESH VERSION",
                "ALTER DATABASE \"a\"\"b\" REFRESH COLLATION VERSION",
            ]
        );
        assert_eq!(found.partitions, ["s.parts"]);
    }

    #[test]
    fn an_answer_that_makes_no_sense_is_an_error() {
        let rows = vec![row("index", "s.i", "{}")];
        assert!(DatabaseCollation::read("app", rows).is_err());
    }
}

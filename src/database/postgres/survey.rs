//! All that a server has, as names and values that another server's can be held against.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::PostgresError;
use super::server::{PostgresServer, Row, literal};
use crate::progress::Progress;

const PINNED: &str = include_str!("survey/pinned.sql");
const CLUSTER: &str = include_str!("survey/cluster.sql");
const OBJECTS: &str = include_str!("survey/objects.sql");
const TABLES: &str = include_str!("survey/tables.sql");
const DATABASES: &str =
    "select json_build_array(case when datallowconn then 'open' else 'closed' end, datname, '')
  from pg_database where datname <> 'template0' order by datname";
/// One moment for all that is read of a database, and nothing can be written.
const ONE_MOMENT: &str =
    "\\set ON_ERROR_ROLLBACK on\nbegin isolation level repeatable read read only;\n";

/// What a value is a value of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SurveyedItem {
    /// The database; none for what belongs to the whole cluster.
    pub database: Option<String>,
    /// The kind: `rows`, `index`, `role`.
    pub kind: String,
    /// The name, as SQL writes it: `s1."Odd table"`.
    pub name: String,
}

/// Something that could not be read, and is unknown for that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnreadItem {
    /// What.
    #[serde(flatten)]
    pub key: SurveyedItem,
    /// Why, in the server's words.
    pub why: String,
}

/// All that a server has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerSurvey {
    /// The container's name.
    pub server: String,
    /// The server's version.
    pub version: String,
    /// The server's major.
    pub major: u32,
    /// The C library that sorts its texts, if that can be known.
    pub c_library: Option<String>,
    /// The databases that it has, but for `template0`.
    pub databases: Vec<String>,
    /// What it has.
    pub items: BTreeMap<SurveyedItem, Option<String>>,
    /// What can't be read.
    pub unread: Vec<UnreadItem>,
}

impl ServerSurvey {
    /// Asks `server` for all that it has. Each table is read as a whole, in the server: its rows are
    /// counted, and the 64-bit hashes of what they come to as text are added up, so that their order
    /// doesn't count.
    ///
    /// # Errors
    /// [`PostgresError`] where the server can't be asked at all; what it can't tell is in
    /// [`ServerSurvey::unread`].
    pub fn of(server: &PostgresServer, progress: &dyn Progress) -> Result<Self, PostgresError> {
        let mut survey = Self {
            server: server.name().to_owned(),
            version: server.version().to_owned(),
            major: server.major(),
            c_library: server.c_library(),
            ..Self::default()
        };
        for row in server.rows("postgres", "list the databases", DATABASES, progress)? {
            if row.kind == "closed" {
                let why = "it lets nobody connect".to_owned();
                survey
                    .unread
                    .push(unread(Some(&row.name), "database", "", why));
            }
            survey.databases.push(row.name);
        }
        survey.take(server, None, CLUSTER, progress)?;
        for database in survey.databases.clone() {
            if !survey
                .unread
                .iter()
                .any(|one| one.key.database.as_ref() == Some(&database))
            {
                survey.take(server, Some(&database), OBJECTS, progress)?;
                survey.take_rows(server, &database, progress)?;
            }
        }
        Ok(survey)
    }

    /// Takes in what `sql` gives.
    fn take(
        &mut self,
        server: &PostgresServer,
        database: Option<&str>,
        sql: &str,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        let sql = format!("{PINNED}{ONE_MOMENT}{sql}");
        let asked = database.unwrap_or("postgres");
        match server.rows(asked, &format!("ask database `{asked}`"), &sql, progress) {
            Ok(rows) => rows.into_iter().for_each(|row| self.put(database, row)),
            Err(PostgresError::Said { said, .. }) => {
                self.unread.push(unread(database, "objects", "", said));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes in the rows and values of a database, table by table.
    fn take_rows(
        &mut self,
        server: &PostgresServer,
        database: &str,
        progress: &dyn Progress,
    ) -> Result<(), PostgresError> {
        let what = format!("read database `{database}`");
        let list = format!("{PINNED}{TABLES}");
        let tables = match server.rows(database, &what, &list, progress) {
            Ok(tables) => tables,
            Err(PostgresError::Said { said, .. }) => {
                self.unread.push(unread(Some(database), "tables", "", said));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut sql = format!("{PINNED}{ONE_MOMENT}");
        for table in &tables {
            sql += &statement(table);
        }
        let ended = server.each_row(database, &what, &sql, &[], progress, &mut |row| {
            progress.advance(0, 1);
            match row.kind.strip_prefix("failed ") {
                None => self.put(Some(database), row),
                Some(kind) => {
                    let why = row.value.unwrap_or_default();
                    self.unread
                        .push(unread(Some(database), kind, &row.name, why));
                }
            }
        })?;
        for Row { kind, name, .. } in tables {
            let key = key(Some(database), kind, name);
            let is_unread = self.unread.iter().any(|one| one.key == key);
            if !self.items.contains_key(&key) && !is_unread {
                let why = ended.describe();
                self.unread.push(UnreadItem { key, why });
            }
        }
        Ok(())
    }

    fn put(&mut self, database: Option<&str>, row: Row) {
        self.items
            .insert(key(database, row.kind, row.name), row.value);
    }
}

/// What reads a table or a sequence, and says so where it can't.
fn statement(of: &Row) -> String {
    let (kind, name) = (&of.kind, literal(&of.name));
    let from = of.value.as_deref().unwrap_or_default();
    let value = match kind.as_str() {
        // `r.*` is the row, whatever its columns are called.
        "rows" => {
            "concat_ws(' ', count(*), coalesce(sum(hashtextextended((r.*)::text, 0)::numeric), 0))"
        }
        _ => "concat_ws(' ', last_value, case when not is_called then 'is next' end)",
    };
    let mut sql = String::new();
    // Nothing fails in a String.
    let _ = write!(
        sql,
        "select json_build_array('{kind}', {name}, {value}) from {from} r;\n\
         \\if :ERROR\nselect json_build_array('failed {kind}', {name}, :'LAST_ERROR_MESSAGE');\n\\endif\n"
    );
    sql
}

fn key(database: Option<&str>, kind: String, name: String) -> SurveyedItem {
    SurveyedItem {
        database: database.map(str::to_owned),
        kind,
        name,
    }
}

fn unread(database: Option<&str>, kind: &str, name: &str, why: String) -> UnreadItem {
    UnreadItem {
        key: key(database, kind.to_owned(), name.to_owned()),
        why,
    }
}

//! Large tables, each copied by the server itself from one to the other, several at a time. Where a table was
//! emptied in the same transaction `COPY ... FREEZE` writes rows that nobody has to look at again, and
//! on a server with `wal_level = minimal` no log of them; `pg_restore` can't ask for that.

use super::PostgresError;
use super::server::PostgresServer;
use crate::progress::Progress;

const LARGE: &str = include_str!("survey/large_tables.sql");
/// How both sessions write and read values: as `pg_dump` does.
const SETTINGS: &str = "set search_path = ''; set datestyle = 'ISO'; set intervalstyle = 'postgres';\n\
     set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0;\n\
     set xmloption = content; set row_security = off; set synchronize_seqscans = off; set extra_float_digits = 3;\n";
/// What the loading one says of each table that it has.
pub(super) const LOADED: &str = "transship: a table is there";

/// A table, as SQL writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LargeTable {
    /// Its name with its schema, quoted where that is needed.
    pub(super) name: String,
    /// Its columns but for those that are worked out of others.
    pub(super) columns: String,
}

impl LargeTable {
    /// Those of a database, the largest first.
    pub(super) fn all(
        server: &PostgresServer,
        database: &str,
        progress: &dyn Progress,
    ) -> Result<Vec<Self>, PostgresError> {
        let what = format!("look for large tables of database `{database}`");
        let rows = server.rows(database, &what, LARGE, progress)?.into_iter();
        let tables = rows.map(|row| Self {
            name: row.name,
            columns: row.value.unwrap_or_default(),
        });
        Ok(tables.collect())
    }
}

/// Tables that go one after the other through pipes of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TableQueue {
    /// The number of the pipe, with the table.
    tables: Vec<(usize, LargeTable)>,
}

impl TableQueue {
    /// All of them in at most `count` queues that take about as long as each other.
    pub(super) fn of(tables: &[LargeTable], count: usize) -> Vec<Self> {
        let mut queues = vec![Self::default(); count.max(1)];
        for (number, table) in tables.iter().enumerate() {
            // There and back, as they get smaller.
            let place = number % (2 * queues.len());
            let place = place.min(2 * queues.len() - 1 - place);
            queues[place].tables.push((number, table.clone()));
        }
        queues.retain(|queue| !queue.tables.is_empty());
        queues
    }

    /// What `psql` runs in the one, as of the snapshot.
    pub(super) fn dumps(&self, snapshot: &str) -> String {
        let mut text = format!(
            "{SETTINGS}begin isolation level repeatable read read only;\nset transaction snapshot '{snapshot}';\n"
        );
        for (number, table) in &self.tables {
            let LargeTable { name, columns } = table;
            text += &format!("\\copy {name} ({columns}) to '{}'\n", pipe(*number));
        }
        text + "commit;\n"
    }

    /// What `psql` runs in the other.
    pub(super) fn loads(&self) -> String {
        let mut text = SETTINGS.to_owned();
        for (number, table) in &self.tables {
            let LargeTable { name, columns } = table;
            let from = pipe(*number);
            text += &format!(
                "begin;\ntruncate only {name};\n\\copy {name} ({columns}) from '{from}' with (freeze)\ncommit;\n\
                 \\echo {LOADED}\n"
            );
        }
        text
    }

    /// Its pipes.
    pub(super) fn pipes(&self) -> impl Iterator<Item = String> + '_ {
        self.tables.iter().map(|(number, _)| pipe(*number))
    }
}

fn pipe(number: usize) -> String {
    format!("/transship/table.{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_have_about_the_same_to_do_and_every_table_once() {
        let tables: Vec<_> = (0..7)
            .map(|number| LargeTable {
                name: format!("public.t{number}"),
                columns: "id".to_owned(),
            })
            .collect();
        let queues = TableQueue::of(&tables, 2);
        let numbers = |queue: &TableQueue| -> Vec<usize> {
            queue.tables.iter().map(|(number, _)| *number).collect()
        };
        assert_eq!(numbers(&queues[0]), [0, 3, 4]);
        assert_eq!(numbers(&queues[1]), [1, 2, 5, 6]);
        assert_eq!(TableQueue::of(&[], 2), []);
        let dumps = queues[0].dumps("00000003-0000001B-1");
        assert!(
            dumps.contains("\\copy public.t3 (id) to '/transship/table.3'\n"),
            "{dumps}"
        );
        let loads = queues[0].loads();
        assert!(
            loads.contains("truncate only public.t4;\n\\copy public.t4 (id) from"),
            "{loads}"
        );
    }
}

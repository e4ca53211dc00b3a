//! A database as the table of those that are known has it, and how a folder is recognised as one's.

use crate::database::Database;
use crate::database::files::DataFolder;

/// A database that is known: data, and one function.
#[derive(Debug)]
pub struct DatabaseKind {
    /// The database's name in JSON: `postgres`.
    pub name: &'static str,
    /// The database's name as people write it: `PostgreSQL`.
    pub title: &'static str,
    /// What its folder has: any of these lists in full, and what it must not have, after `!`.
    /// A `*` at the beginning of a name stands for anything.
    pub marks: &'static [&'static [&'static str]],
    /// What is told of it besides its place.
    pub tells: &'static str,
    /// Which folders within belong to it, and have no other database in them.
    pub(crate) owns: Owns,
    /// Reads a folder that has the marks; none where it is something else after all.
    pub(crate) read: fn(&DataFolder<'_>) -> Vec<Database>,
}

/// Which folders within its own belong to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owns {
    Everything,
    Nothing,
    /// Those of these names; a `*` at the end of a name stands for anything.
    Folders(&'static [&'static str]),
}

impl DatabaseKind {
    pub(crate) fn is_marked(&self, folder: &DataFolder<'_>) -> bool {
        let has = |mark: &&str| match mark.strip_prefix('!') {
            Some(absent) => !folder.has(absent),
            None => match mark.strip_prefix('*') {
                Some(end) => folder
                    .names
                    .iter()
                    .any(|name| name.ends_with(end.as_bytes())),
                None => folder.has(mark),
            },
        };
        self.marks.iter().any(|marks| marks.iter().all(has))
    }

    pub(crate) fn database(&self, folder: &DataFolder<'_>) -> Database {
        Database::new(self.name, self.title, folder)
    }
}

impl Owns {
    pub(crate) fn has(&self, name: &[u8]) -> bool {
        match self {
            Self::Everything => true,
            Self::Nothing => false,
            Self::Folders(folders) => folders.iter().any(|folder| match folder.strip_suffix('*') {
                Some(begin) => name.starts_with(begin.as_bytes()),
                None => name == folder.as_bytes(),
            }),
        }
    }
}

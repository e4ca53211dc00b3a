//! What a recipe of a database is.

use super::files_rule::FilesRule;
use super::table::DATABASE_RECIPES;

/// What may be done with a database's data: data, and as little code as can be.
#[derive(Debug)]
pub struct DatabaseRecipe {
    /// The name of its [`DatabaseKind`](crate::database::DatabaseKind), or `valkey`.
    pub name: &'static str,
    /// The name as people write it, where no kind of database on disk has it.
    pub title: &'static str,
    /// How its versions follow each other on the same files.
    pub files: FilesRule,
    /// How all of a server goes into another through a pipe; nothing where it doesn't, or where, as for
    /// Postgres, it has more to it than lines.
    pub stream: Option<StreamRecipe>,
}

/// How all of a server goes into another of its kind through a pipe: lines for a shell in the server's own
/// container, which has its programs and its variables.
#[derive(Debug, Clone, Copy)]
pub struct StreamRecipe {
    /// Ends with 0 when the server answers.
    pub ready: &'static str,
    /// Writes all that the server has to its standard output.
    pub dump: &'static str,
    /// Reads that from its standard input.
    pub load: &'static str,
    /// Whether the server has to be started anew to have what was loaded.
    pub restarts: bool,
    /// Prints the same in both where both have the same; a line that begins with `secret` isn't kept.
    pub compare: Option<&'static str>,
    /// True where the data has no server: what else runs in its container isn't to run meanwhile.
    pub idle: bool,
    /// What a whole dump ends with, in its last 4 KiB; without one the exit code is all that tells.
    pub ends_with: Option<&'static [u8]>,
    /// What doesn't come along, as a clause.
    pub leaves: Option<&'static str>,
}

impl DatabaseRecipe {
    /// The recipe of a kind of database.
    pub fn of(kind: &str) -> Option<&'static Self> {
        DATABASE_RECIPES.iter().find(|recipe| recipe.name == kind)
    }

    /// How its data gets into another server, in a few words; nothing where it is known to no recipe.
    pub fn moves(&self) -> Option<&'static str> {
        match &self.stream {
            Some(stream) if stream.compare.is_some() => Some("streamed and compared"),
            Some(_) => Some("streamed"),
            // It has more to it than lines.
            None if self.name == "postgres" => Some("all of it, and compared"),
            None => None,
        }
    }
}

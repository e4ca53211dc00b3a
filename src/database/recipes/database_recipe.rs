//! What a recipe of a database is.

use super::files_rule::FilesRule;
use super::table::DATABASE_RECIPES;

/// What may be done with a database's data: data, and as little code as can be.
#[derive(Debug)]
pub struct DatabaseRecipe {
    /// The name of its [`DatabaseKind`](crate::database::DatabaseKind), or `valkey`.
    pub name: &'static str,
    /// How its versions follow each other on the same files.
    pub files: FilesRule,
}

impl DatabaseRecipe {
    /// The recipe of a kind of database.
    pub fn of(kind: &str) -> Option<&'static Self> {
        DATABASE_RECIPES.iter().find(|recipe| recipe.name == kind)
    }
}

//! PostgreSQL: one major, one processor, one C library.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "postgres",
    title: "PostgreSQL",
    files: FilesRule {
        versions: VersionRule::SameMajor,
        heeds_c_library: true,
        needs_clean: false,
        forks: &[],
        first: None,
        afterwards: None,
    },
    stream: None,
};

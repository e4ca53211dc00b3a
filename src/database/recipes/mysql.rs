//! MySQL: series by series after a clean stop.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "mysql",
    files: FilesRule {
        versions: VersionRule::Series(&[(5, 7), (8, 0), (8, 4), (9, 0)]),
        heeds_c_library: false,
        needs_clean: true,
        forks: &[],
        first: None,
        afterwards: None,
    },
};

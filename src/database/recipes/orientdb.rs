//! OrientDB: the next minor at most; else its console exports and imports.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "orientdb",
    files: FilesRule {
        versions: VersionRule::OneMinor,
        heeds_c_library: false,
        needs_clean: true,
        forks: &[],
        first: None,
        afterwards: None,
    },
};

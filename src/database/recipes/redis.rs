//! Redis: forwards; Valkey reads what was written before 7.4.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, Fork, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "redis",
    files: FilesRule {
        versions: VersionRule::Forwards,
        heeds_c_library: false,
        needs_clean: false,
        forks: &[Fork {
            image: "valkey",
            // Valkey's `src/rdb.h`: 12 to 79 are foreign, and refused.
            most_format: 11,
            before: (7, 4),
        }],
        first: None,
        afterwards: None,
    },
};

//! Valkey: forwards; Redis reads dumps up to format 11, which Valkey 8 writes.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, Fork, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "valkey",
    title: "Valkey",
    files: FilesRule {
        versions: VersionRule::Forwards,
        heeds_c_library: false,
        needs_clean: false,
        forks: &[Fork {
            image: "redis",
            most_format: 11,
            before: (9, 0),
        }],
        first: None,
        afterwards: None,
    },
    stream: super::redis::RECIPE.stream,
};

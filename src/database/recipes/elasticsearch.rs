//! Elasticsearch: one major at a time.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "elasticsearch",
    title: "Elasticsearch",
    files: FilesRule {
        versions: VersionRule::OneMajor,
        heeds_c_library: false,
        needs_clean: false,
        forks: &[],
        first: None,
        afterwards: None,
    },
    stream: None,
};

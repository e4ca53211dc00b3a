//! MinIO: every newer version reads the files.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "minio",
    title: "MinIO",
    files: FilesRule {
        versions: VersionRule::Forwards,
        heeds_c_library: false,
        needs_clean: false,
        forks: &[],
        first: None,
        afterwards: None,
    },
    stream: None,
};

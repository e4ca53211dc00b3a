//! InfluxDB: 2 has its files otherwise than 1.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "influxdb",
    title: "InfluxDB",
    files: FilesRule {
        versions: VersionRule::SameMajor,
        heeds_c_library: false,
        needs_clean: false,
        forks: &[],
        first: None,
        afterwards: None,
    },
    stream: None,
};

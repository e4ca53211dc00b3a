//! MariaDB: forwards after a clean stop, and then `mariadb-upgrade`.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "mariadb",
    files: FilesRule {
        versions: VersionRule::Forwards,
        heeds_c_library: false,
        needs_clean: true,
        forks: &[],
        first: None,
        afterwards: Some(
            "`mariadb-upgrade` has to run then, which the image does with `MARIADB_AUTO_UPGRADE=1`",
        ),
    },
};

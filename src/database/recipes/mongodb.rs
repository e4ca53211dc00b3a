//! MongoDB: one major at a time, each after the compatibility version of the one before.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, FirstOnOld, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "mongodb",
    files: FilesRule {
        versions: VersionRule::OneMajor,
        heeds_c_library: false,
        needs_clean: true,
        forks: &[],
        first: Some(FirstOnOld {
            what: "set its compatibility version",
            command: r#"mongosh --quiet --eval 'db.adminCommand({setFeatureCompatibilityVersion: "{series}"})'"#,
        }),
        afterwards: None,
    },
};

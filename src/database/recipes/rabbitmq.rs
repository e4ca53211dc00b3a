//! RabbitMQ: forwards with all feature flags on.

use super::database_recipe::DatabaseRecipe;
use super::files_rule::{FilesRule, FirstOnOld, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "rabbitmq",
    files: FilesRule {
        versions: VersionRule::Forwards,
        heeds_c_library: false,
        needs_clean: true,
        forks: &[],
        first: Some(FirstOnOld {
            what: "enable all feature flags",
            command: "rabbitmqctl enable_feature_flag all",
        }),
        afterwards: None,
    },
};

//! RabbitMQ: forwards with all feature flags on.

use super::database_recipe::{DatabaseRecipe, StreamRecipe};
use super::files_rule::{FilesRule, FirstOnOld, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "rabbitmq",
    title: "RabbitMQ",
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
    stream: Some(StreamRecipe {
        ready: "rabbitmqctl -q await_startup --timeout 5",
        dump: "exec rabbitmqctl -q export_definitions -",
        load: "set -e; f=$(mktemp); cat >\"$f\"; rabbitmqctl -q import_definitions \"$f\"; rm \"$f\"",
        restarts: false,
        idle: false,
        compare: Some(
            "for v in $(rabbitmqctl -q list_vhosts --no-table-headers | sort); do echo \"vhost $v\"; rabbitmqctl -q list_queues -p \"$v\" --no-table-headers name durable type | sort; rabbitmqctl -q list_exchanges -p \"$v\" --no-table-headers name type | sort; done; rabbitmqctl -q list_users --no-table-headers | sort",
        ),
        ends_with: Some(b"}"),
        leaves: Some(
            "messages: only what is declared comes along, so let the queues run empty first",
        ),
    }),
};

//! The table of recipes.

use super::database_recipe::DatabaseRecipe;
use super::{
    clickhouse, elasticsearch, etcd, influxdb, mariadb, minio, mongodb, mysql, orientdb, postgres,
    rabbitmq, redis, valkey,
};

/// What may be done with each database, by name.
pub static DATABASE_RECIPES: [DatabaseRecipe; 13] = [
    clickhouse::RECIPE,
    elasticsearch::RECIPE,
    etcd::RECIPE,
    influxdb::RECIPE,
    mariadb::RECIPE,
    minio::RECIPE,
    mongodb::RECIPE,
    mysql::RECIPE,
    orientdb::RECIPE,
    postgres::RECIPE,
    rabbitmq::RECIPE,
    redis::RECIPE,
    valkey::RECIPE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::KNOWN_DATABASES;

    #[test]
    fn recipes_are_in_order_and_every_database_that_a_server_opens_has_one() {
        assert!(DATABASE_RECIPES.is_sorted_by_key(|recipe| recipe.name));
        let servers = KNOWN_DATABASES.iter().filter(|kind| kind.name != "sqlite");
        for kind in servers {
            assert!(DatabaseRecipe::of(kind.name).is_some(), "{}", kind.name);
        }
    }
}

//! The table of recipes.

use super::database_recipe::DatabaseRecipe;
use super::{
    clickhouse, elasticsearch, etcd, influxdb, mariadb, minio, mongodb, mysql, orientdb, pachyderm,
    postgres, rabbitmq, redis, sqlite, valkey,
};

/// What may be done with each database, by name.
pub static DATABASE_RECIPES: [DatabaseRecipe; 15] = [
    clickhouse::RECIPE,
    elasticsearch::RECIPE,
    etcd::RECIPE,
    influxdb::RECIPE,
    mariadb::RECIPE,
    minio::RECIPE,
    mongodb::RECIPE,
    mysql::RECIPE,
    orientdb::RECIPE,
    pachyderm::RECIPE,
    postgres::RECIPE,
    rabbitmq::RECIPE,
    redis::RECIPE,
    sqlite::RECIPE,
    valkey::RECIPE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::KNOWN_DATABASES;

    #[test]
    fn recipes_are_in_order_and_every_database_that_is_known_has_one() {
        assert!(DATABASE_RECIPES.is_sorted_by_key(|recipe| recipe.name));
        for kind in &KNOWN_DATABASES {
            assert!(DatabaseRecipe::of(kind.name).is_some(), "{}", kind.name);
        }
    }
}

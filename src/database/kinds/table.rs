//! The table of databases that are known.

use super::database_kind::DatabaseKind;
use super::{
    clickhouse, elasticsearch, etcd, influxdb, mariadb, minio, mongodb, mysql, orientdb, postgres,
    rabbitmq, redis, sqlite,
};

/// Every database that is known, by name.
pub static KNOWN_DATABASES: [DatabaseKind; 13] = [
    clickhouse::KIND,
    elasticsearch::KIND,
    etcd::KIND,
    influxdb::KIND,
    mariadb::KIND,
    minio::KIND,
    mongodb::KIND,
    mysql::KIND,
    orientdb::KIND,
    postgres::KIND,
    rabbitmq::KIND,
    redis::KIND,
    sqlite::KIND,
];

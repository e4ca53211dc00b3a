//! What may be done with the data of each database: a file each, data and as little code as can be;
//! `table` lists them.

mod clickhouse;
pub(crate) mod database_recipe;
mod elasticsearch;
mod etcd;
pub(crate) mod files_rule;
mod influxdb;
mod mariadb;
mod minio;
mod mongodb;
mod mysql;
mod orientdb;
mod pachyderm;
mod postgres;
mod rabbitmq;
mod redis;
mod sqlite;
pub(crate) mod table;
mod valkey;

//! One file for each database that is known; `table` lists them.

mod clickhouse;
pub(crate) mod database_kind;
mod elasticsearch;
mod etcd;
mod influxdb;
mod mariadb;
mod minio;
mod mongodb;
mod mysql;
mod orientdb;
mod postgres;
mod rabbitmq;
mod redis;
mod sqlite;
pub(crate) mod table;

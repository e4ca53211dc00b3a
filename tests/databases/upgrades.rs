//! An upgrade whose recipe says that its database is moved: from Postgres 15 to 17, and back where it fails.

use std::fs;
use std::path::Path;

use super::need;
use super::server::{docker, sql_in, wait_for};
use super::shop::Shop;

const COMPOSE: &str = "\
x-transship: {databases: [db]MORE}
services:
  db:
    image: postgres:MAJOR
    environment: {POSTGRES_PASSWORD: secret, POSTGRES_DB: app}
    command: [postgres, -c, fsync=off]
    volumes: ['data:/var/lib/postgresql/data']
  web:
    image: shell:1
    init: true
    stop_grace_period: 0s
    command: [sh, -c, exec sleep 10000]
    depends_on: [db]
volumes: {data: {name: NAME_NUMBER_db}}
";

/// Writes a release, with more of its recipe.
fn write(shop: &Shop, number: u8, major: &str, more: &str) {
    let text = COMPOSE.replace("MORE", more).replace("MAJOR", major);
    shop.write(number, &text);
}

#[test]
fn an_upgrade_moves_the_database_and_what_fails_brings_the_old_one_back() {
    let images = ["postgres:15", "postgres:17", "shell:1"];
    if !need::docker() || !need::images(&images) {
        return;
    }
    let shop = Shop::new("shop");
    write(&shop, 1, "15", "");
    shop.runs(&["init"]).exits(0);
    shop.up();
    let rows = "create role app login password 'a'; create table rows as select g as id from generate_series(1, 1000) g;
        alter table rows owner to app; create index on rows (id); select lo_from_bytea(7, '\\x07')";
    wait_for(&shop.container(1, "db"));
    sql_in(&shop.container(1, "db"), "app", rows);
    let count = "select count(*) from rows";
    let old = docker(&["inspect", "--format", "{{.Id}}", &shop.container(1, "db")]);

    // A migration fails: the very container of the old release serves again, and nothing of the new one stays.
    let failing = ", hooks: {migrate: {run: 'false', up: [db]}}";
    write(&shop, 2, "17", failing);
    shop.upgrade(&[]).exits(5).complains("hook migrate");
    let now = docker(&[
        "inspect",
        "--format",
        "{{.Id}} {{.State.Running}}",
        &shop.container(1, "db"),
    ]);
    assert_eq!(now, format!("{old} true"));
    wait_for(&shop.container(1, "db"));
    assert_eq!(sql_in(&shop.container(1, "db"), "app", count), "1000");
    shop.runs(&["rollback", "--discard", "--yes"]).exits(0);
    assert_eq!(shop.volumes(), shop.volume(1, "db"));

    // What the new image can't have is found while the old one serves, or in the window, and brings it back, too.
    sql_in(&shop.container(1, "db"), "app", "create table more (a int)");
    fs::remove_dir_all(shop.folder().join("releases/v2")).unwrap();
    write(&shop, 2, "17", "");
    shop.plan().exits(0).prints("move database db from volume");
    shop.upgrade(&[]).exits(0);
    let new = shop.container(2, "db");
    wait_for(&new);
    assert_eq!(sql_in(&new, "app", "select count(*) from rows"), "1000");
    assert_eq!(shop.proofs().len(), 1, "{:?}", shop.proofs());
    assert_eq!(
        fs::read_link(shop.folder().join("current")).unwrap(),
        Path::new("releases/v2")
    );

    // Going back is told of what it can't know.
    shop.runs(&["rollback", "--yes"])
        .exits(3)
        .complains("since it was moved can't be known");
    shop.runs(&["rollback", "--yes", "--accept-data-loss"])
        .exits(0);
    wait_for(&shop.container(1, "db"));
    assert_eq!(sql_in(&shop.container(1, "db"), "app", count), "1000");
}

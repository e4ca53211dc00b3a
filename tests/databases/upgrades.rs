//! An upgrade whose recipe says that its database is moved: from Postgres 15 to 17, and back where it fails.

use std::fs;
use std::path::Path;
use std::time::Instant;

use super::both_majors::BothMajors;
use super::need;
use super::server::{COMING_UP, docker, sql_in, wait_for};
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

#[test]
fn an_upgrade_by_files_of_both_majors_moves_the_database_and_goes_back() {
    let images = ["postgres:15", "postgres:17", "shell:1"];
    if !need::docker() || !need::images(&images) {
        return;
    }
    let both = BothMajors::start("both");
    let image = both.image();
    let shop = Shop::new("files");
    write(&shop, 1, "15", "");
    shop.runs(&["init"]).exits(0);
    shop.up();
    let old = shop.container(1, "db");
    wait_for(&old);
    let rows = "create table rows as select g as id, chr(228 + g % 3) || g as t from generate_series(1, 1000) g;
        create index named on rows (t); select lo_from_bytea(7, '\\x07'); alter system set work_mem = '7MB'";
    for statement in rows.split(';') {
        sql_in(&old, "app", statement);
    }
    write(&shop, 2, "17", "");
    let recipe = |image: &str| {
        let text = format!("databases: [{{service: db, method: upgrade, image: '{image}'}}]\n");
        fs::write(shop.folder().join("transship.yml"), text).unwrap();
    };
    // An image that isn't there, and one that hasn't the old programs: the old release serves.
    recipe("transship/nowhere:1");
    shop.upgrade(&[]).exits(3).complains("no such image");
    let _ = fs::remove_dir_all(shop.folder().join("releases/v2"));
    write(&shop, 2, "17", "");
    recipe("postgres:17");
    shop.upgrade(&[])
        .exits(5)
        .complains("`/usr/lib/postgresql/15/bin` has no `postgres`");
    wait_for(&old);
    shop.runs(&["rollback", "--discard", "--yes"]).exits(0);
    assert_eq!(shop.volumes(), shop.volume(1, "db"));

    let _ = fs::remove_dir_all(shop.folder().join("releases/v2"));
    write(&shop, 2, "17", "");
    recipe(&image);
    shop.plan()
        .exits(0)
        .prints("(postgres by upgrade), and compare");
    // The libraries of both images sort otherwise, as far as anybody knows.
    let done = shop.upgrade(&[]).exits(0);
    assert!(!done.err.contains("stays behind"), "{}", done.err);
    let new = shop.container(2, "db");
    wait_for(&new);
    let facts = "select count(*), current_setting('work_mem'), encode(lo_get(7), 'hex'), \
        (select datcollversion = pg_database_collation_actual_version(oid) from pg_database where datname = 'app') from rows";
    assert_eq!(sql_in(&new, "app", facts), "1000|7MB|07|t");
    assert_eq!(shop.proofs().len(), 1, "{:?}", shop.proofs());
    shop.runs(&["rollback", "--yes", "--accept-data-loss"])
        .exits(0);
    wait_for(&old);
    assert_eq!(sql_in(&old, "app", "select count(*) from rows"), "1000");
}

/// Begins an upgrade, and kills it as a power cut would once the new database's server is there.
fn upgrade_that_is_killed(shop: &Shop) {
    let mut child = shop.begins_upgrade();
    let since = Instant::now();
    let server = [
        "ps",
        "--quiet",
        "--filter",
        "name=-db-new",
        "--filter",
        "status=running",
    ];
    let volume = format!("volume={}", shop.volume(2, "data"));
    while docker(&[&server[..], &["--filter", &volume]].concat()).is_empty() {
        assert!(since.elapsed() < COMING_UP && child.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_torn_table_brings_the_old_database_back_and_a_killed_run_goes_on() {
    let images = ["postgres:15", "postgres:17", "shell:1"];
    if !need::docker() || !need::images(&images) {
        return;
    }
    let shop = Shop::new("torn");
    write(&shop, 1, "15", "");
    shop.runs(&["init"]).exits(0);
    shop.up();
    let old = shop.container(1, "db");
    wait_for(&old);
    // A table that ends in the middle of what was written, which nobody sees before it is read to there; and a
    // superuser whose password is kept as images kept it before 14.
    let data = "set password_encryption = 'md5'; alter role postgres password 'secret'; create role web login password 'w';
        create table rows as select g as id from generate_series(1, 1000) g;
        create table torn as select g as id, repeat('x', 500) as x from generate_series(1, 20000) g; checkpoint";
    sql_in(&old, "app", data);
    let file = sql_in(&old, "app", "select pg_relation_filepath('torn')");
    let tear = format!(
        "dd if=/dev/urandom of=/var/lib/postgresql/data/{file} bs=8192 seek=900 count=3 conv=notrunc 2>/dev/null"
    );
    docker(&["exec", &old, "sh", "-c", &tear]);
    docker(&["restart", &old]);
    wait_for(&old);
    write(&shop, 2, "17", "");
    shop.upgrade(&[])
        .exits(5)
        .complains("can't move database `app`");
    wait_for(&old);
    assert_eq!(sql_in(&old, "app", "select count(*) from rows"), "1000");
    shop.runs(&["rollback", "--discard", "--yes"]).exits(0);
    assert_eq!(shop.volumes(), shop.volume(1, "db"));

    // Its server has fallen, and the run that moves it is killed: what is resumed moves it from the beginning.
    sql_in(
        &old,
        "app",
        "drop table torn; insert into rows values (1001)",
    );
    docker(&["kill", &old]);
    let _ = fs::remove_dir_all(shop.folder().join("releases/v2"));
    // All as one text, as `pg_dumpall` has it.
    write(&shop, 2, "17", "");
    fs::write(
        shop.folder().join("transship.yml"),
        "databases: [{service: db, method: dumpall}]\n",
    )
    .unwrap();
    upgrade_that_is_killed(&shop);
    shop.runs(&["resume"])
        .exits(0)
        .complains("`web` is kept as MD5");
    let new = shop.container(2, "db");
    wait_for(&new);
    // By the network, where `pg_hba.conf` asks for more than MD5.
    let asked = "PGPASSWORD=secret psql -h $(hostname -i) -U postgres -d app -Atc 'select count(*) from rows'";
    assert_eq!(docker(&["exec", &new, "sh", "-c", asked]), "1001");
    shop.runs(&["rollback", "--yes", "--accept-data-loss"])
        .exits(0);
    // What had fallen before the upgrade isn't started by going back.
    docker(&["start", &old]);
    wait_for(&old);
    assert_eq!(sql_in(&old, "app", "select count(*) from rows"), "1001");
}

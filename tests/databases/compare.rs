//! `transship db compare` between two majors, with differences planted in one of them.

use std::path::Path;

use serde_json::Value;

use super::document;
use super::need;
use super::program::{Ran, transship};
use super::server::Postgres;

/// Runs in both, and is one thing, however the two majors show it.
const BASE: &str = r#"
create role alice login password 'a'; create role bob; grant bob to alice; alter role alice set work_mem = '8MB';
create database app; alter database app set timezone = 'Europe/Prague'; comment on database app is 'the app';
\c app
create schema s; create extension hstore; create extension citext;
create type s.mood as enum ('sad', 'ok'); create domain s.pct as int check (value < 100);
create table s.t (id int primary key, t text not null default 'x', f float8, at timestamptz, by bytea, m money, h hstore);
insert into s.t select g, 'row ' || g, random(), now(), '\x00ff', 3.5, 'a=>1' from generate_series(1, 100) g;
update s.t set f = id / 3.0, at = '2026-01-01 00:00+00';
create index t_t on s.t (t); create table s.child (id int references s.t, constraint small check (id < 1000));
create table s.twins (a int); insert into s.twins select g % 5 from generate_series(1, 50) g;
create table s.moods (m s.mood, n int) partition by hash (m);
create table s.moods0 partition of s.moods for values with (modulus 2, remainder 0);
create table s.moods1 partition of s.moods for values with (modulus 2, remainder 1);
insert into s.moods select (array['sad', 'ok'])[1 + g % 2]::s.mood, g from generate_series(1, 30) g;
create sequence s.behind; select nextval('s.behind') from generate_series(1, 9); create sequence s.fresh;
create function s.f(int) returns int language sql as 'select 1'; create view s.v as select t.id, t.t from s.t;
create materialized view s.mv as select count(*) from s.twins;
create function s.trg() returns trigger language plpgsql as 'begin return new; end'; create trigger trg before insert on s.t for each row execute function s.trg();
create policy p on s.t using (id < 10); grant select on s.t to bob; grant select (t) on s.t to alice; comment on table s.t is 'a table';
select lo_from_bytea(4711, '\x0102'); select lo_from_bytea(4712, '\x03'); create statistics s.st (dependencies) on id, f from s.t;
create publication pub for table s.t; alter default privileges in schema s grant select on tables to bob;
create table s."Odd ""name'" ("col 1" text); insert into s."Odd ""name'" values (E'tab\t \\ \n nl');
"#;

/// Each plants one difference: what it does, and the kind and name of what has to be found, with
/// `|` between several that come of one.
const PLANTED: &[(&str, &str)] = &[
    ("update s.t set t = 'Row 7' where id = 7", "rows s.t"),
    (
        "delete from s.child; insert into s.twins values (3)",
        "rows s.twins",
    ),
    ("update s.moods set n = 31 where n = 30", "rows s.moods"),
    (
        r#"update s."Odd ""name'" set "col 1" = 'x'"#,
        r#"rows s."Odd ""name'""#,
    ),
    ("select setval('s.behind', 8)", "value s.behind"),
    ("select setval('s.fresh', 5, false)", "value s.fresh"),
    ("alter sequence s.fresh increment 2", "sequence s.fresh"),
    ("drop index s.t_t", "index s.t_t"),
    (
        "alter table s.child drop constraint small",
        "constraint s.child.small",
    ),
    ("alter table s.t alter t set default 'y'", "column s.t.t"),
    (
        "create or replace function s.f(int) returns int language sql as 'select 2'",
        "function s.f(integer)",
    ),
    (
        "create or replace view s.v as select t.id, t.t from s.t where id > 1",
        "view s.v",
    ),
    ("drop trigger trg on s.t", "trigger s.t.trg"),
    ("alter policy p on s.t using (id < 11)", "policy s.t.p"),
    ("alter table s.t enable row level security", "table s.t"),
    ("alter table s.twins owner to alice", "owner table s.twins"),
    ("revoke select on s.t from bob", "privileges table s.t"),
    (
        "grant update (f) on s.t to alice",
        "privileges column s.t.f",
    ),
    (
        "revoke all on function s.f(int) from public",
        "privileges function s.f(integer)",
    ),
    ("comment on table s.t is 'another'", "comment table s.t"),
    ("select lo_put(4711, 0, '\\xff')", "large objects "),
    ("drop extension citext", "extension citext"),
    ("alter type s.mood add value 'happy'", "type s.mood"),
    (
        "alter domain s.pct drop constraint pct_check",
        "constraint s.pct.pct_check",
    ),
    ("drop statistics s.st", "statistics s.st"),
    ("drop publication pub", "publication pub"),
    (
        "alter default privileges in schema s revoke select on tables from bob",
        "privileges default of postgres in s for r",
    ),
    (
        "create schema extra",
        "owner schema extra|privileges schema extra",
    ),
    ("alter role alice createdb", "role alice"),
    ("alter role alice password 'b'", "password alice"),
    (
        "alter role alice reset work_mem",
        "setting role alice work_mem",
    ),
    (
        "alter database app set timezone = 'UTC'",
        "setting database app TimeZone",
    ),
    ("revoke bob from alice", "member alice of bob"),
    ("alter database app connection limit 7", "database app"),
    (
        "revoke temporary on database app from public",
        "privileges database app",
    ),
    (
        "comment on database app is 'no app'",
        "comment database app",
    ),
    ("create role carol", "role carol"),
];

fn compare(a: &Postgres, b: &Postgres, more: &[&str]) -> Ran {
    let args = ["db", "compare", &a.name, &b.name];
    transship(Path::new("/tmp"), [&args, more].concat())
}

#[test]
fn every_planted_difference_is_found_and_what_a_major_makes_of_the_same_is_none() {
    if !need::docker() || !need::images(&["postgres:15", "postgres:17"]) {
        return;
    }
    let old = Postgres::start("compare", "postgres:15", &[]);
    let new = Postgres::start("compare", "postgres:17", &[]);
    let (old, new) = (old.ready(), new.ready());
    old.sql("postgres", BASE);
    new.sql("postgres", BASE);
    // Salted anew in each.
    let password = old.sql(
        "postgres",
        "select rolpassword from pg_authid where rolname = 'alice'",
    );
    new.sql(
        "postgres",
        &format!("alter role alice password '{password}'"),
    );
    let own = old.sql(
        "postgres",
        "select rolpassword from pg_authid where rolname = 'postgres'",
    );
    new.sql("postgres", &format!("alter role postgres password '{own}'"));
    compare(&old, &new, &[])
        .exits(0)
        .prints("equal: ")
        .prints("as it should be: maintain");

    let planted: Vec<&str> = PLANTED.iter().map(|(sql, _)| *sql).collect();
    new.sql("app", &format!("{};", planted.join(";\n")));
    let folder = tempfile::tempdir().unwrap();
    let proof = folder.path().join("proof.json");
    let found = compare(&old, &new, &["--json", "-o", proof.to_str().unwrap()]).exits(1);
    let found = document::check("db compare", &found);
    let mut keys: Vec<String> = found["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(key)
        .collect();
    let names = PLANTED.iter().flat_map(|(_, names)| names.split('|'));
    let mut wanted: Vec<String> = names.map(str::to_owned).collect();
    keys.sort();
    wanted.sort();
    assert_eq!(keys, wanted);
    assert!(
        !found.to_string().contains("SCRAM"),
        "a password's digest is shown"
    );
    let kept: Value = serde_json::from_slice(&std::fs::read(proof).unwrap()).unwrap();
    assert_eq!(kept["body"]["differences"], found["differences"]);

    // What can't be read is unknown: neither the same nor different. Here a table's file is lost.
    let file = old.sql("app", "checkpoint; select pg_relation_filepath('s.moods0')");
    old.sql(
        "app",
        &format!("copy (select 1) to program 'cat >/dev/null; rm {file}'"),
    );
    let lost = "unknown: rows s.moods in database `app`: could not open file";
    compare(&old, &new, &[]).exits(1).prints(lost);
    old.sql("postgres", "create database shut allow_connections false");
    new.sql("postgres", "create database shut allow_connections false");
    compare(&old, &new, &[])
        .exits(1)
        .prints("unknown: database in database `shut`: it lets nobody connect");
    compare(&old, &old, &[])
        .exits(2)
        .complains("would be compared with itself");
}

fn key(difference: &Value) -> String {
    let text = |name: &str| difference[name].as_str().unwrap().to_owned();
    format!("{} {}", text("kind"), text("name"))
}

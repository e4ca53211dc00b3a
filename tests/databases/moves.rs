//! `transship db move` between two majors, and what it refuses before it touches anything.

use std::path::Path;
use std::process::Command;

use super::document;
use super::need;
use super::program::{Ran, transship};
use super::server::{Postgres, docker};

/// What dumps are known to lose: roles with settings, a database's own locale, owner, privileges and settings
/// (of `postgres`, too), large objects, a name that needs quotes, an MD5 password, a password of the
/// superuser's that isn't the one in the environment.
pub(crate) const DATA: &str = r#"
create role alice login password 'a'; create role "Odd ""Role" in role alice; alter role alice set work_mem = '8MB';
set password_encryption = 'md5'; create role old login password 'o'; reset password_encryption;
alter role postgres password 'changed since'; comment on role alice is 'hers';
alter database postgres set timezone = 'Europe/Prague'; revoke connect on database postgres from public;
create database german template template0 locale 'de_DE.utf8' owner alice connection limit 7;
create database "it's ""odd""" template template0 encoding latin1 locale 'C'; alter role alice in database german set work_mem = '9MB';
\c german
create extension hstore; create extension citext; create table t (id int primary key, t text, h hstore);
insert into t select g, 'zeile ' || g, 'a=>1' from generate_series(1, 20000) g; create index on t (t);
create function made() returns text language sql as $$ select e'eins\r\nzwei' $$; create view v as select t.id from t;
select lo_from_bytea(4711, '\x0102'); alter large object 4711 owner to alice; create sequence s; select nextval('s');
\c template1
create table in_every_new_one (a int);
"#;

fn db(args: &[&str]) -> Ran {
    transship(Path::new("/tmp"), [&["db"], args].concat())
}

#[test]
fn all_of_a_server_moves_into_a_newer_one_and_what_can_not_is_refused_first() {
    if !need::docker() || !need::images(&["postgres:15", "postgres:17"]) {
        return;
    }
    let old = Postgres::start("move", "postgres:15", &[]);
    let new = Postgres::start("move", "postgres:17", &["--env", "POSTGRES_DB=app"]);
    // What its image made is little, and what is moved is more than there is room for.
    let room = "type=tmpfs,target=/var/lib/postgresql/data,tmpfs-size=130m";
    let small = Postgres::start("move_small", "postgres:17", &["--mount", room]);
    let (old, new, small) = (old.ready(), new.ready(), small.ready());
    old.sql("postgres", DATA);
    let notes = "the password of `old` is kept as MD5";
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept.sql.gz");
    let kept_dump = ["--keep-dump", kept.to_str().unwrap(), "--json"];
    let moved = db(&[&["move", &*old.name, &*new.name], &kept_dump[..]].concat()).exits(0);
    assert_eq!(document::check("db move", &moved)["equal"], true);
    let moved = moved.complains(notes);
    let made = new.sql(
        "german",
        "select made(), encode(lo_get(4711), 'hex'), (select last_value from s)",
    );
    assert_eq!(made, "eins\r\nzwei|0102|1");
    assert!(kept.exists());
    // Nothing of it stays: no other server on its data, and no clients beside either.
    let inspect = |name: &str, what: &str| docker(&["inspect", "--format", what, name]);
    let volume = inspect(&new.name, "{{range .Mounts}}{{.Name}}{{end}}");
    let filter = format!("volume={volume}");
    let on_it = docker(&["ps", "--all", "--filter", &filter, "--format", "{{.Names}}"]);
    assert_eq!(on_it, new.name);
    let servers = [&old.name, &new.name].map(|name| inspect(name, "container:{{.Id}}"));
    let clients = docker(&[
        "ps",
        "--all",
        "--quiet",
        "--filter",
        "name=transship-clients",
    ]);
    for client in clients.lines() {
        let asked = ["inspect", "--format", "{{.HostConfig.NetworkMode}}", client];
        // Others' come and go.
        let beside = Command::new("docker").args(asked).output().unwrap().stdout;
        let beside = String::from_utf8(beside).unwrap();
        assert!(!servers.contains(&beside.trim().to_owned()), "{client}");
    }
    // It runs with its own settings again, which the test's server has from its command.
    let settings = "select current_setting('wal_level'), current_setting('autovacuum')";
    assert_eq!(new.sql("german", settings), "replica|on");
    db(&["compare", &old.name, &new.name]).exits(0);
    moved.complains("`locale builtin`");

    db(&["move", &old.name, &new.name])
        .exits(3)
        .complains("isn't empty: it has the role `alice`")
        .complains("isn't empty: database `german` has the");
    db(&["move", &new.name, &old.name])
        .exits(3)
        .complains("nothing is moved to an older major");
    db(&["move", &old.name, &old.name]).exits(2);

    // Nothing is moved while somebody may write, nor what the other's image can't hold.
    old.shell("localedef --no-archive -i fr_FR -f UTF-8 /usr/lib/locale/fr_FR.utf8");
    old.sql(
        "german",
        "create collation fr (provider = libc, locale = 'fr_FR.utf8')",
    );
    small.shell("mv /usr/share/postgresql/17/extension/citext.control /tmp");
    let using = old.client("german");
    db(&["move", &old.name, &small.name])
        .exits(3)
        .complains("is used by `psql`, in database `german`")
        .complains("has no extension `citext`")
        .complains("has no locale `fr_FR.utf8`");
    drop(using);
    old.sql("german", "drop collation fr");
    small.shell("mv /tmp/citext.control /usr/share/postgresql/17/extension/");

    // The room ends half-way: that isn't taken for a move.
    let much = "create table much as select g, repeat('x', 200) from generate_series(1, 300000) g";
    old.sql("german", much);
    db(&["move", &old.name, &small.name])
        .exits(4)
        .complains("can't move database `german`");
}

//! From major to major, as in the field: 13 to 15, 15 to 17, and 13 to 18 at once, with a schema of everything that is
//! known to go wrong and with pgbench's tables. What transship says of it is held against a script that isn't its own.

use std::path::Path;
use std::process::Command;

use super::need;
use super::program::transship;
use super::server::Postgres;

/// All that a server has, a line each, by `oracle/manifest.sh`.
fn manifest(server: &Postgres) -> Vec<String> {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/databases/oracle/manifest.sh"
    );
    let output = Command::new("bash")
        .args([script, &server.name, "postgres"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines();
    // 16 and later write a view's columns without their table, where there is one table only; and a database that was
    // made anew counts as one of somebody's with the comment that every one of its name has. Both are asked below.
    lines
        .filter(|line| !line.contains("\tdef\t") && !line.contains("\tmisc\tshcomment\t"))
        .map(str::to_owned)
        .chain(std::iter::once(server.sql("postgres", COMMENTS)))
        .collect()
}

/// What is said of databases and roles, by their names.
const COMMENTS: &str = "select string_agg(coalesce(datname, rolname) || '=' || description, ';' order by description)
    from pg_shdescription left join pg_database d on d.oid = objoid and classoid = 'pg_database'::regclass
    left join pg_authid r on r.oid = objoid and classoid = 'pg_authid'::regclass";

/// Moves, and has both say that it is the same.
fn moves(from: &Postgres, to: &Postgres) {
    let moved = transship(Path::new("/tmp"), ["db", "move", &from.name, &to.name]);
    moved.exits(0).prints("equal: ");
    let (old, new) = (manifest(from), manifest(to));
    assert!(old.len() > 100, "{} lines", old.len());
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter()
            .filter(|line| !other.contains(line))
            .cloned()
            .collect()
    };
    let (gone, come) = (only(&old, &new), only(&new, &old));
    assert!(
        gone.is_empty() && come.is_empty(),
        "{} to {}: gone {gone:#?}, come {come:#?}",
        from.name,
        to.name
    );
}

/// The images of the majors that are there, the oldest first; those between 13 and 18 always are.
fn majors() -> Vec<&'static str> {
    let is_there = |image: &str| {
        let asked = Command::new("docker")
            .args(["image", "inspect", image])
            .output();
        asked.unwrap().status.success()
    };
    let all = ["postgres:13", "postgres:15", "postgres:17", "postgres:18"];
    all.into_iter().filter(|image| is_there(image)).collect()
}

#[test]
fn every_major_moves_to_a_newer_one_with_all_that_it_has() {
    // What takes minutes to make is asked for, as sweeps are: `TRANSSHIP_MAJORS=1 scripts/test`.
    if std::env::var_os("TRANSSHIP_MAJORS").is_none()
        || !need::docker()
        || !need::images(&["postgres:15", "postgres:17"])
    {
        return;
    }
    let start = |image| Postgres::start("majors", image, &[]);
    let servers: Vec<_> = majors().into_iter().map(start).collect();
    let mut servers = servers.into_iter().map(Postgres::ready);
    let oldest = servers.next().unwrap();
    oldest.sql("postgres", "create database app");
    // As 13 has it.
    oldest.sql("app", "grant create on schema public to public");
    oldest.sql("app", include_str!("oracle/schema.sql"));
    let scale = std::env::var("TRANSSHIP_PGBENCH_SCALE").unwrap_or_else(|_| "1".to_owned());
    oldest.shell(&format!(
        "pgbench -q -i -s {scale} -U postgres app 2>/dev/null"
    ));
    // Step by step from 13 to 17, and at once to 18.
    let mut before: Option<Postgres> = None;
    for server in servers {
        let is_newest = server.name.ends_with("_18");
        let from = before.as_ref().filter(|_| !is_newest).unwrap_or(&oldest);
        moves(from, &server);
        before = Some(server);
    }
}

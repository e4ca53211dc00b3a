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
    // 16 and later write a view's columns without their table, where there is one table only.
    lines
        .filter(|line| !line.contains("\tdef\t"))
        .map(str::to_owned)
        .collect()
}

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

#[test]
fn every_major_moves_to_a_newer_one_with_all_that_it_has() {
    let images = ["postgres:13", "postgres:15", "postgres:17", "postgres:18"];
    if !need::docker() || !need::images(&images) {
        return;
    }
    let start = |image| Postgres::start("majors", image, &[]);
    let [of13, of15, of17, of18] = images.map(start);
    let of13 = of13.ready();
    of13.sql("postgres", "create database app");
    of13.sql("app", include_str!("oracle/schema.sql"));
    let scale = std::env::var("TRANSSHIP_PGBENCH_SCALE").unwrap_or_else(|_| "1".to_owned());
    of13.shell(&format!(
        "pgbench -q -i -s {scale} -U postgres app 2>/dev/null"
    ));
    let of15 = of15.ready();
    moves(&of13, &of15);
    // Step by step, or at once.
    moves(&of15, &of17.ready());
    moves(&of13, &of18.ready());
}

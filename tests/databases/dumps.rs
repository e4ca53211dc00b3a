//! `transship db dump` and `db load`: whole, or refused by the name of what was done to the dump.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use super::document;
use super::moves::DATA;
use super::need;
use super::program::{Ran, transship};
use super::server::Postgres;

/// Runs a shell's line in the folder, as an administrator would.
fn shell(folder: &Path, line: &str) {
    let done = Command::new("bash")
        .args(["-c", line])
        .current_dir(folder)
        .status();
    assert!(done.unwrap().success(), "{line}");
}

#[test]
fn a_dump_is_whole_and_loads_and_one_that_is_not_is_named_and_touches_nothing() {
    if !need::docker() || !need::images(&["postgres:15", "postgres:17"]) {
        return;
    }
    let old = Postgres::start("dump", "postgres:15", &[]);
    let new = Postgres::start("dump", "postgres:17", &[]);
    let (old, new) = (old.ready(), new.ready());
    old.sql("postgres", DATA);
    let home = tempfile::tempdir().unwrap();
    let db = |args: &[&str]| -> Ran { transship(home.path(), [&["db"], args].concat()) };
    let dumped = db(&["dump", &old.name, "-o", "all.sql.gz", "--json"]).exits(0);
    let dumped = document::check("db dump", &dumped);
    let german = serde_json::json!({"name": "german", "tables": 1, "rows": 20000});
    assert!(dumped["databases"].as_array().unwrap().contains(&german));
    let (dump, manifest) = (
        home.path().join("all.sql.gz"),
        home.path().join("all.sql.gz.manifest.json"),
    );
    assert_eq!(fs::metadata(&dump).unwrap().mode() & 0o777, 0o600);
    assert!(
        fs::read_to_string(manifest)
            .unwrap()
            .contains("\"rows\": 20000")
    );
    db(&["dump", &old.name, "-o", "all.sql.gz"])
        .exits(3)
        .complains("exists already");
    // A server that ends half-way leaves no file.
    db(&["dump", "no-such-server", "-o", "none.sql"]).exits(2);
    assert!(!home.path().join("none.sql").exists());

    // What administrators do to dumps.
    shell(
        home.path(),
        "gunzip -c all.sql.gz > all.sql; cp all.sql.gz gzip.sql; cp all.sql plain.sql.gz
         head -c 300000 all.sql > cut.sql; head -c 50000 all.sql.gz > cut.sql.gz
         sed 's/$/\\r/' all.sql > terminal.sql; iconv -t UTF-16 all.sql > wide.sql 2>/dev/null || printf '\\xff\\xfe-' > wide.sql
         sed '/PostgreSQL database dump complete/q' all.sql > half.sql; sed 's/zeile 7/zeile 8/' all.sql > other.sql
         sed 's/all.sql.gz/other.sql/' all.sql.gz.manifest.json > other.sql.manifest.json; echo '-- no dump' > no.sql",
    );
    for (file, complaint) in [
        ("cut.sql", "it is cut short"),
        ("cut.sql.gz", "it is cut short"),
        ("half.sql", "it is cut short"),
        ("terminal.sql", "its line ends are CRLF"),
        ("gzip.sql", "it is compressed with gzip"),
        ("plain.sql.gz", "isn't compressed"),
        ("wide.sql", "it is UTF-16"),
        ("other.sql", "isn't what its manifest tells of"),
        ("no.sql", "it is no dump"),
    ] {
        db(&["load", file, &new.name]).exits(3).complains(complaint);
    }
    db(&["load", "all.sql.gz", &new.name])
        .exits(0)
        .prints("loaded ")
        .prints("20000 rows");
    db(&["compare", &old.name, &new.name]).exits(0);
    db(&["load", "all.sql.gz", &new.name])
        .exits(3)
        .complains("isn't empty");

    // One database, as a runbook has it: `pg_dump | gzip`, and later `psql`.
    let line = format!(
        "docker exec {} pg_dump -U postgres german | gzip -9 > backup.sql.gz",
        old.name
    );
    shell(home.path(), &line);
    db(&["load", "backup.sql.gz", &new.name])
        .exits(3)
        .complains("--database");
    let copy = ["load", "backup.sql.gz", &new.name, "--database", "copy"];
    let loaded = db(&[&copy[..], &["--json"]].concat()).exits(0);
    assert_eq!(document::check("db load", &loaded)["rows"], 20000);
    assert_eq!(new.sql("copy", "select count(*) from t"), "20000");
    // The first error ends it.
    shell(
        home.path(),
        "gunzip -c backup.sql.gz | sed 's/^SELECT pg_catalog.setval.*/SELECT 1 \\/ 0;/' > wrong.sql",
    );
    db(&["load", "wrong.sql", &new.name, "--database", "wrong"])
        .exits(4)
        .complains("division by zero");

    // What `pg_restore` reads: in one file, and in a folder.
    shell(
        home.path(),
        &format!(
            "docker exec {name} pg_dump -U postgres -Fc german > backup.dump
             docker exec {name} sh -c 'pg_dump -U postgres -Fd -j2 -f /tmp/folder german && tar -C /tmp -c folder' | tar -x
             docker exec {name} pg_dumpall -U postgres > every.sql
             head -c 100000 backup.dump > cut.dump; sed 's/$/\\r/' backup.dump > terminal.dump; gzip -k backup.dump
             cp -r folder cut; rm \"$(ls -S cut/*.dat.gz | head -n 1)\"",
            name = old.name
        ),
    );
    for (file, complaint) in [
        ("cut.dump", "it is cut short, or damaged"),
        ("cut", "it is cut short, or damaged"),
        ("terminal.dump", "its line ends are CRLF"),
        ("backup.dump.gz", "within gzip"),
        ("nowhere", "can't be read"),
    ] {
        db(&["load", file, &new.name, "--database", "archive"])
            .exits(3)
            .complains(complaint);
    }
    for (file, database) in [("backup.dump", "archive"), ("folder", "folder")] {
        db(&["load", file, &new.name])
            .exits(3)
            .complains("--database");
        db(&["load", file, &new.name, "--database", database])
            .exits(0)
            .prints("20000 rows");
        assert_eq!(new.sql(database, "select count(*) from t"), "20000");
    }
    // `pg_dumpall`'s is of a whole server, and needs one that is empty.
    db(&["load", "every.sql", &new.name])
        .exits(3)
        .complains("isn't empty");
}

//! The command as a script sees it.

use std::fs;

use transship::database::{DATABASE_RECIPES, KNOWN_DATABASES};

use super::common::program::transship;

#[test]
fn the_list_has_every_database_and_what_it_is_known_by() {
    let folder = tempfile::tempdir().unwrap();
    let text = transship(folder.path(), ["inspect", "--list"]).exits(0);
    let list = transship(folder.path(), ["inspect", "--list", "--json"])
        .exits(0)
        .json();
    assert_eq!(list["format"], "transship-inspect-list");
    let names: Vec<_> = list["databases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        DATABASE_RECIPES
            .iter()
            .map(|recipe| recipe.name)
            .collect::<Vec<_>>()
    );
    for kind in &KNOWN_DATABASES {
        assert!(names.contains(&kind.name), "{}", kind.name);
    }
    // What can be done with each is told, too.
    for words in [
        "files of one major",
        "streamed and compared",
        "by commands",
        "one minor at a time",
    ] {
        assert!(text.out.contains(words), "{words}: {}", text.out);
    }
    for name in [
        "PostgreSQL",
        "MySQL",
        "MariaDB",
        "MongoDB",
        "Redis or Valkey",
        "etcd",
        "SQLite",
        "RabbitMQ",
        "InfluxDB",
        "ClickHouse",
        "OrientDB",
        "MinIO",
        "Elasticsearch",
    ] {
        assert!(text.out.contains(name), "{name}");
    }
}

#[test]
fn what_cannot_be_looked_into_is_refused_with_a_next_move() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    fs::create_dir_all(folder.path().join("volumes/kept_data")).unwrap();
    fs::create_dir(folder.path().join("here")).unwrap();
    let inspect = |args: &[&str]| transship(folder.path(), [&["inspect"], args].concat());
    inspect(&["./nothing"])
        .exits(2)
        .complains("can't read `./nothing`");
    inspect(&["./file"])
        .exits(2)
        .complains("is no folder")
        .complains("name the folder");
    inspect(&["nothing"])
        .exits(3)
        .complains("there is no volume `nothing`");
    inspect(&["here"])
        .exits(3)
        .complains("`./here` is a folder here");
    inspect(&[]).exits(2);
    inspect(&["--list", "./here"]).exits(2);
    let json = inspect(&["--json", "./nothing"]).exits(2).json();
    assert_eq!(json["error"]["exit"], 2);
}

#[test]
fn volumes_are_named_as_elsewhere_and_nothing_found_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("elsewhere/v1_db/18/docker");
    fs::create_dir_all(data.join("global")).unwrap();
    fs::write(data.join("PG_VERSION"), "18\n").unwrap();
    fs::create_dir_all(folder.path().join("elsewhere/v1_cache")).unwrap();
    fs::create_dir_all(folder.path().join("elsewhere/v1_files/x")).unwrap();
    let inspect =
        |name: &str| transship(folder.path(), ["inspect", "--volumes", "elsewhere", name]).exits(0);
    inspect("v1_db")
        .prints("PostgreSQL 18 in `18/docker`")
        .prints("nested");
    inspect("v1_cache").prints("`v1_cache` is empty");
    inspect("v1_files").prints("no database that is known is in `v1_files`");
    let json = transship(
        folder.path(),
        ["inspect", "--json", "--volumes", "elsewhere", "v1_db"],
    )
    .exits(0)
    .json();
    assert_eq!(
        (&json["format"], &json["version"]),
        (&"transship-inspect".into(), &1.into())
    );
    assert_eq!(json["volume"], "v1_db");
    assert_eq!(json["empty"], false);
    assert_eq!(json["databases"][0]["state"], "unknown");
}

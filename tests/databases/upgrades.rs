//! An upgrade whose recipe says that its database is moved: from Postgres 15 to 17, and back where it fails.

use std::fs;
use std::path::Path;

use super::need;
use super::program::{Ran, transship};
use super::server::{docker, sql_in, wait_for};

/// An install with two releases, whose names end when it is dropped.
struct Shop {
    home: tempfile::TempDir,
    name: String,
}

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
volumes: {data: {name: NAME_NUMBER}}
";

impl Shop {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let name = format!("transship_shop_{}", std::process::id());
        let shop = Self { home, name };
        shop.write(1, "15", "");
        shop.runs(&["init"]).exits(0);
        shop
    }

    /// Writes a release, with more of its recipe.
    fn write(&self, number: u8, major: &str, more: &str) {
        let folder = self.home.path().join(format!("releases/v{number}"));
        fs::create_dir_all(&folder).unwrap();
        let text = COMPOSE
            .replace("MORE", more)
            .replace("MAJOR", major)
            .replace("NAME", &self.name)
            .replace("NUMBER", &number.to_string());
        fs::write(folder.join("docker-compose.yml"), text).unwrap();
        let current = self.home.path().join("current");
        if !current.exists() {
            std::os::unix::fs::symlink("releases/v1", current).unwrap();
        }
    }

    fn project(&self, number: u8) -> String {
        format!("{}_{number}", self.name)
    }

    fn runs(&self, args: &[&str]) -> Ran {
        transship(self.home.path(), args.iter().copied())
    }

    fn upgrade(&self, more: &[&str]) -> Ran {
        let (project, prefix) = (self.project(2), format!("{}_2_", self.name));
        let args = [
            "upgrade", "v2", "--yes", "-p", &project, "--prefix", &prefix,
        ];
        let theirs = ["--theirs", "docker-compose.yml"];
        self.runs(&[&args, &theirs[..], more].concat())
    }

    fn database(&self, number: u8) -> String {
        format!("{}-db-1", self.project(number))
    }

    fn volumes(&self) -> String {
        docker(&[
            "volume",
            "ls",
            "-q",
            "--filter",
            &format!("name={}", self.name),
        ])
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for what in ["ps -aq", "volume ls -q", "network ls -q"] {
            let filter = format!("name={}", self.name);
            let mut list: Vec<&str> = what.split(' ').collect();
            list.extend(["--filter", &filter]);
            for name in docker(&list).lines() {
                let remove: &[&str] = match what {
                    "ps -aq" => &["rm", "-fv"],
                    "volume ls -q" => &["volume", "rm", "-f"],
                    _ => &["network", "rm"],
                };
                let _ = std::process::Command::new("docker")
                    .args(remove)
                    .arg(name)
                    .output();
            }
        }
    }
}

#[test]
fn an_upgrade_moves_the_database_and_what_fails_brings_the_old_one_back() {
    let images = ["postgres:15", "postgres:17", "shell:1"];
    if !need::docker() || !need::images(&images) {
        return;
    }
    let shop = Shop::new();
    shop.runs(&["up", "v1", "-p", &shop.project(1)]).exits(0);
    let rows = "create role app login password 'a'; create table rows as select g as id from generate_series(1, 1000) g;
        alter table rows owner to app; create index on rows (id); select lo_from_bytea(7, '\\x07')";
    wait_for(&shop.database(1));
    sql_in(&shop.database(1), "app", rows);
    let count = "select count(*) from rows";
    let old = docker(&["inspect", "--format", "{{.Id}}", &shop.database(1)]);

    // A migration fails: the very container of the old release serves again, and nothing of the new one stays.
    let failing = ", hooks: {migrate: {run: 'false', up: [db]}}";
    shop.write(2, "17", failing);
    shop.upgrade(&[]).exits(5).complains("hook migrate");
    let now = docker(&[
        "inspect",
        "--format",
        "{{.Id}} {{.State.Running}}",
        &shop.database(1),
    ]);
    assert_eq!(now, format!("{old} true"));
    wait_for(&shop.database(1));
    assert_eq!(sql_in(&shop.database(1), "app", count), "1000");
    shop.runs(&["rollback", "--discard", "--yes"]).exits(0);
    assert_eq!(shop.volumes(), format!("{}_1", shop.name));

    // What the new image can't have is found while the old one serves, or in the window, and brings it back, too.
    sql_in(&shop.database(1), "app", "create table more (a int)");
    fs::remove_dir_all(shop.home.path().join("releases/v2")).unwrap();
    shop.write(2, "17", "");
    let plan = shop.runs(&[
        "plan",
        "v2",
        "-p",
        &shop.project(2),
        "--theirs",
        "docker-compose.yml",
    ]);
    plan.exits(0).prints("move database db from volume");
    shop.upgrade(&[]).exits(0);
    let new = shop.database(2);
    wait_for(&new);
    assert_eq!(sql_in(&new, "app", "select count(*) from rows"), "1000");
    let proof = ".transship/manifests/v2";
    let proofs = fs::read_dir(shop.home.path().join(proof)).unwrap();
    let proofs: Vec<_> = proofs.map(|one| one.unwrap().file_name()).collect();
    assert!(
        proofs
            .iter()
            .any(|one| one.to_string_lossy().ends_with(".comparison.json")),
        "{proofs:?}"
    );
    assert_eq!(
        fs::read_link(shop.home.path().join("current")).unwrap(),
        Path::new("releases/v2")
    );

    // Going back is told of what it can't know.
    shop.runs(&["rollback", "--yes"])
        .exits(3)
        .complains("since it was moved can't be known");
    shop.runs(&["rollback", "--yes", "--accept-data-loss"])
        .exits(0);
    wait_for(&shop.database(1));
    assert_eq!(sql_in(&shop.database(1), "app", count), "1000");
}

//! Five runbooks (`fixtures/runbooks`), as their administrators would go through them: upgraded by one command,
//! or rehearsed and replayed. What is replayed is what was rehearsed, step for step and command for command, and
//! the tables are the same. One goes through all of that; the others with `TRANSSHIP_RUNBOOKS=all`, which also
//! prints how long each was down in rehearsal and in the replay.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::lab::{Lab, put_text};
use super::need;
use super::outage::{ask, free_port};
use super::program::{Ran, transship};
use super::rehearse;
use super::replacing::let_images_go;
use super::upgrade::can;

/// A product, and how its upgrade is asked for.
struct Runbook {
    product: &'static str,
    old: &'static str,
    new: &'static str,
    /// The service of its Postgres, and who owns what is in there.
    database: (&'static str, &'static str),
    more: &'static [&'static str],
    /// Folders of the host of which the new release gets a copy.
    own: &'static [&'static str],
}

const RUNBOOKS: [Runbook; 5] = [
    Runbook {
        product: "geoprism",
        old: "v1.3",
        new: "v1.4",
        database: ("postgres", "postgres"),
        more: &[],
        own: &["postgres", "orientdb"],
    },
    Runbook {
        product: "graphistry",
        old: "v2.10.5",
        new: "v2.11.0",
        database: ("postgres", "graphistry"),
        more: &["--ours", "Caddyfile"],
        own: &[],
    },
    Runbook {
        product: "nautobot",
        old: "v2.4",
        new: "v3.0",
        database: ("db", "nautobot"),
        more: &[],
        own: &[],
    },
    Runbook {
        product: "pachyderm",
        old: "v1.12",
        new: "v1.13",
        database: ("postgres", "pachyderm"),
        more: &[],
        own: &[],
    },
    Runbook {
        product: "alwaysdata",
        old: "v2024",
        new: "v2026",
        database: ("sql", "site"),
        more: &[],
        own: &[],
    },
];

/// An install of one, whose old release runs, with some rows.
struct Product {
    runbook: &'static Runbook,
    lab: Lab,
    home: tempfile::TempDir,
    /// The folder of the host that its services mount.
    host: tempfile::TempDir,
    port: u16,
}

const ROWS: &str = "create table orders (id int primary key, what text);
    insert into orders select g, md5(g::text) from generate_series(1, 300) g;
    create index on orders (what)";
const TOLD: &str =
    "select count(*) || ' ' || md5(string_agg(id || what, ',' order by id)) from orders";

impl Product {
    fn running(runbook: &'static Runbook) -> Self {
        let folder = tempfile::tempdir;
        let product = Self {
            runbook,
            lab: Lab::new(&format!("rb{}", &runbook.product[..4])),
            home: folder().unwrap(),
            host: folder().unwrap(),
            port: free_port(),
        };
        let fixture = product.fixture();
        for version in [runbook.old, runbook.new] {
            let release = product.home.path().join("releases").join(version);
            fs::create_dir_all(&release).unwrap();
            for file in fs::read_dir(fixture.join(version)).unwrap() {
                let file = file.unwrap().path();
                let text = product.filled(&fs::read_to_string(&file).unwrap());
                put_text(&release.join(file.file_name().unwrap()), &text);
            }
        }
        let recipe = fs::read_to_string(fixture.join("transship.yml")).unwrap();
        put_text(
            &product.home.path().join("transship.yml"),
            &product.filled(&recipe),
        );
        product.runs(&["init", "--current", runbook.old]).exits(0);
        let project = product.lab.name("a");
        product.runs(&["up", runbook.old, "-p", &project]).exits(0);
        product.wait_for_rows("a", ROWS);
        product
    }

    fn fixture(&self) -> PathBuf {
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/runbooks");
        all.join(self.runbook.product)
    }

    /// A text of the fixture with this install's names, folder and port.
    fn filled(&self, text: &str) -> String {
        let host = self.host.path().to_str().unwrap();
        text.replace("@OWN@", &self.lab.name(""))
            .replace("@HOST@", host)
            .replace("@PORT@", &self.port.to_string())
    }

    fn runs(&self, args: &[&str]) -> Ran {
        transship(self.home.path(), args.iter().copied())
    }

    /// A command about the upgrade, with all that has to be said of it.
    fn towards(&self, verb: &str, more: &[&str]) -> Ran {
        let (project, prefix) = (self.lab.name("b"), self.lab.name("two_"));
        let own: Vec<String> = self
            .runbook
            .own
            .iter()
            .map(|name| self.host.path().join(name).to_str().unwrap().to_owned())
            .collect();
        let own: Vec<&str> = own.iter().flat_map(|path| ["--own", path]).collect();
        let args = [
            verb,
            self.runbook.new,
            "-p",
            &project,
            "--prefix",
            &prefix,
            "--theirs",
            "docker-compose.yml",
        ];
        self.runs(&[&args[..], self.runbook.more, &own, more].concat())
    }

    fn sql(&self, project: &str, sql: &str) -> Option<String> {
        let service = self.runbook.database.0;
        self.sql_in(&format!("{}-{service}-1", self.lab.name(project)), sql)
    }

    fn sql_in(&self, container: &str, sql: &str) -> Option<String> {
        let user = self.runbook.database.1;
        let said = Command::new("docker")
            .args([
                "exec",
                container,
                "psql",
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                user,
                "-c",
                sql,
            ])
            .output()
            .unwrap();
        let text = String::from_utf8(said.stdout).unwrap();
        said.status.success().then(|| text.trim().to_owned())
    }

    #[track_caller]
    fn wait_for_rows(&self, project: &str, sql: &str) -> String {
        for _ in 0..240 {
            if let Some(said) = self.sql(project, sql) {
                return said;
            }
            std::thread::sleep(std::time::Duration::from_millis(250));
        }
        panic!("{project}: no answer to {sql}");
    }

    /// The release of this project answers, and has these rows.
    #[track_caller]
    fn serves(&self, project: &str, rows: &str) {
        assert_eq!(self.wait_for_rows(project, TOLD), rows);
        let version = match project {
            "a" => self.runbook.old,
            _ => self.runbook.new,
        };
        assert_eq!(ask(self.port).as_deref(), Some(version));
        let current = fs::read_link(self.home.path().join("current")).unwrap();
        assert!(current.ends_with(version), "{}", current.display());
    }

    /// What production is made of: its containers, when they were started, and its rows.
    fn production(&self) -> String {
        let filter = format!("label=com.docker.compose.project={}", self.lab.name("a"));
        let ids = self
            .lab
            .docker(&["ps", "-q", "--no-trunc", "--filter", &filter]);
        let format = "{{.Id}} {{.State.StartedAt}} {{.State.Paused}} {{.RestartCount}}\n";
        let mut args = vec!["inspect", "--format", format];
        args.extend(ids.lines());
        let releases = self.home.path().join("releases");
        let manifest = self.runs(&["manifest", releases.to_str().unwrap()]);
        self.lab.docker(&args) + &manifest.out + &self.wait_for_rows("a", TOLD)
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        let _ = self.runs(&["rehearse", "--clean", "--yes"]);
        let_images_go(self.home.path());
        for project in ["a", "b"] {
            let project = self.lab.name(project);
            let down = ["compose", "-p", &project, "down", "--volumes", "-t", "0"];
            let _ = Command::new("docker").args(down).output();
        }
    }
}

/// Of each step what a person would see of it.
fn shown(steps: &Value, fields: &[&str]) -> Vec<String> {
    let steps = steps.as_array().unwrap().iter();
    steps
        .map(|step| {
            fields
                .iter()
                .map(|field| step[*field].to_string() + " ")
                .collect()
        })
        .collect()
}

/// Rehearses a runbook, reports, and replays it; gives the times that it was down, in milliseconds.
fn rehearsed_and_replayed(product: &Product) -> (u64, u64) {
    let rows = product.wait_for_rows("a", TOLD);
    let before = product.production();
    let ran = product
        .towards("rehearse", &["--pause", "--json"])
        .exits(0)
        .json();
    assert_eq!(product.production(), before);
    let rehearsal = &ran["rehearsal"];
    let databases = rehearsal["databases"].as_array().unwrap();
    assert_eq!(databases.len(), 2, "after each way back: {rehearsal}");
    for database in databases {
        assert_eq!(
            (&database["rows"], &database["tables"]),
            (&300.into(), &1.into())
        );
        assert_eq!(database["differences"], serde_json::json!([]));
    }
    product.runs(&["rehearse", "--report", "r.html"]).exits(0);
    let report = fs::read_to_string(product.home.path().join("r.html")).unwrap();
    assert!(report.contains("Databases after it") && !report.contains("hunter22"));

    let new = product.runbook.new;
    let replay = |more: &[&str]| {
        product.runs(&[&["upgrade", new, "--replay", "last", "--json"], more].concat())
    };
    let rehearsed = &rehearsal["rounds"][0];
    let planned = replay(&["--dry-run"]).exits(0).json();
    let fields = ["number", "title", "phase", "commands"];
    assert_eq!(
        shown(&rehearsed["steps"], &fields),
        shown(&planned["steps"], &fields)
    );
    let done = replay(&["--yes"]).exits(0).json();
    let fields = ["title", "state"];
    assert_eq!(
        shown(&rehearsed["steps"], &fields),
        shown(&done["steps"], &fields)
    );
    product.serves("b", &rows);
    let down = |of: &Value| of["downtime"]["milliseconds"].as_u64().unwrap();
    (down(rehearsed), down(&done))
}

#[test]
fn a_runbook_is_replayed_as_it_was_rehearsed_and_a_way_back_that_loses_a_row_is_found() {
    let images = ["postgres:15", "shell:1"];
    if !can() || !need::images(&images) || !need::helper() {
        return;
    }
    let product = Product::running(&RUNBOOKS[0]);
    let before = product.production();
    // What is done to the old database before the window, no way back undoes.
    let lossy = "delete from orders where id = 7";
    let recipe = fs::read_to_string(product.home.path().join("transship.yml")).unwrap();
    let losing = recipe
        .lines()
        .map(|line| match line.starts_with("  before-stop:") {
            true => format!(
                "  before-stop: {{service: postgres, run: 'psql -U postgres -c \"{lossy}\"'}}\n"
            ),
            false => format!("{line}\n"),
        });
    let losing: String = losing.collect();
    put_text(&product.home.path().join("transship.yml"), &losing);
    let ran = product.towards("rehearse", &["--pause"]).exits(1);
    ran.prints(
        "Postgres in postgres: table public.orders in database postgres: 300 rows before, 299 now",
    );
    assert_eq!(product.production(), before);
    put_text(&product.home.path().join("transship.yml"), &recipe);
    rehearsed_and_replayed(&product);
}

/// Upgrades as the runbook says, by one command, and has the old one back.
#[track_caller]
fn upgraded(number: usize) {
    let images = ["postgres:15", "postgres:17", "shell:1"];
    if !can() || !need::images(&images) {
        return;
    }
    let product = Product::running(&RUNBOOKS[number]);
    let rows = product.wait_for_rows("a", TOLD);
    product.towards("plan", &[]).exits(0);
    product.towards("upgrade", &["--yes"]).exits(0);
    product.serves("b", &rows);
    let ran = product.runs(&["rollback", "--accept-data-loss"]).exits(0);
    ran.prints("down for");
    product.serves("a", &rows);
}

#[test]
fn graphistry_is_upgraded_with_its_config_and_back() {
    upgraded(1);
}

#[test]
fn nautobot_is_upgraded_to_another_major_of_postgres_and_back() {
    upgraded(2);
}

#[test]
fn pachyderm_is_upgraded_with_its_bucket_and_back() {
    upgraded(3);
}

#[test]
fn a_test_of_a_migration_answers_with_the_new_version_while_the_old_one_serves() {
    let images = ["postgres:15", "postgres:17", "shell:1"];
    if !can() || !need::images(&images) || !need::helper() {
        return;
    }
    let product = Product::running(&RUNBOOKS[4]);
    let (rows, before) = (product.wait_for_rows("a", TOLD), product.production());
    let ran = product.towards("rehearse", &["--pause", "--keep", "--json"]);
    let ran = ran.exits(0).json();
    let remarks = ran["rehearsal"]["remarks"].to_string();
    let address = remarks.rsplit("site at ").next().unwrap();
    let address = address.split(['"', ',']).next().unwrap();
    assert_eq!(rehearse::ask(address), product.runbook.new);
    assert_eq!(ask(product.port).as_deref(), Some(product.runbook.old));
    let tag = ran["rehearsal"]["bindings"]["tag"].as_str().unwrap();
    let clone = format!("{tag}-{}-sql-1", product.lab.name("b"));
    assert_eq!(product.sql_in(&clone, TOLD).as_deref(), Some(rows.as_str()));
    product.sql_in(&clone, "delete from orders").unwrap();
    assert_eq!(product.production(), before);

    product.towards("upgrade", &["--yes"]).exits(0);
    product.serves("b", &rows);
}

#[test]
fn all_runbooks_are_replayed_as_they_were_rehearsed() {
    let wanted = std::env::var("TRANSSHIP_RUNBOOKS").unwrap_or_default();
    let images = ["postgres:15", "postgres:17", "shell:1"];
    if wanted.is_empty() || !can() || !need::images(&images) || !need::helper() {
        return;
    }
    let chosen = RUNBOOKS
        .iter()
        .filter(|one| wanted == "all" || wanted == one.product);
    for runbook in chosen {
        let product = Product::running(runbook);
        let (rehearsed, replayed) = rehearsed_and_replayed(&product);
        let off = replayed.abs_diff(rehearsed) * 100 / rehearsed;
        let sign = if replayed < rehearsed { "-" } else { "+" };
        println!(
            "{}: down {rehearsed} ms in rehearsal, {replayed} ms in the replay ({sign}{off} %)",
            runbook.product
        );
    }
}

//! What would stop an upgrade, found before: `transship doctor`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::new_release::TwoReleases;
use crate::common::install::Install;

/// Rules whose findings depend on the machine that the tests run on.
const OF_THE_MACHINE: [&str; 10] = [
    "clock",
    "compose-version",
    "engine-version",
    "image-missing",
    "inodes",
    "name-taken",
    "port-taken",
    "space",
    "unhealthy",
    "usage-unknown",
];

/// Runs the doctor without those, and gives its exit code's findings by rule, severity and message.
fn findings(install: &TwoReleases, args: &str, code: i32) -> Vec<(String, String, String)> {
    let ignored: Vec<_> = OF_THE_MACHINE
        .iter()
        .map(|id| format!("--ignore {id}"))
        .collect();
    let command = format!(
        "doctor{args} --volumes volumes --json {}",
        ignored.join(" ")
    );
    let json = install.run(&command).exits(code).json();
    assert_eq!(json["format"], "transship-doctor");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = json["findings"].as_array().unwrap().iter();
    let told = findings.map(|found| {
        let message = text(&found["message"]);
        (text(&found["rule"]), text(&found["severity"]), message)
    });
    told.collect()
}

/// The registry's two releases, with a cluster of Postgres 14 that was shut down in order.
fn registry() -> TwoReleases {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/doctor/registry");
    let read = |release: &str| {
        fs::read_to_string(fixtures.join(release).join("docker-compose.yml")).unwrap()
    };
    let (old, new) = (read("v1"), read("v2"));
    let install = TwoReleases::new(&[
        ("releases/v1/docker-compose.yml", &old),
        ("releases/v1/.env", "POSTGRES_PASSWORD=hunter2\n"),
        ("releases/v2/docker-compose.yml", &new),
        ("volumes/v1_registry-files/file", "x"),
        ("volumes/v1_orientdb-data/file", "x"),
    ]);
    cluster(&install.0.path().join("volumes/v1_postgres-data"));
    fs::set_permissions(
        install.0.path().join("releases/v1/.env"),
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    install
}

/// What a clean cluster of Postgres 14 has: its version, and a control file with a good checksum.
fn cluster(folder: &Path) {
    fs::create_dir_all(folder.join("global")).unwrap();
    fs::create_dir_all(folder.join("base/1")).unwrap();
    fs::write(folder.join("PG_VERSION"), "14\n").unwrap();
    let mut control = vec![0; 8192];
    let mut put = |at: usize, bytes: &[u8]| control[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &7_000_000_000_u64.to_le_bytes());
    put(8, &1300_u32.to_le_bytes());
    put(12, &202_107_181_u32.to_le_bytes());
    put(16, &1_u32.to_le_bytes());
    put(204, &8_u32.to_le_bytes());
    put(208, &1_234_567.0_f64.to_le_bytes());
    for (at, size) in [(216, 8192), (220, 131_072), (224, 8192), (228, 16_777_216)] {
        put(at, &u32::to_le_bytes(size));
    }
    let checksum = crc32c(&control[..288]);
    control[288..292].copy_from_slice(&checksum.to_le_bytes());
    fs::write(folder.join("global/pg_control"), control).unwrap();
}

fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 * (crc & 1));
        }
    }
    !crc
}

#[test]
fn a_compose_file_that_moves_postgres_four_majors_at_once_has_seven_findings_and_is_refused() {
    let install = registry();
    let found = findings(&install, " v2", 3);
    let rules: BTreeSet<_> = found.iter().map(|(rule, ..)| rule.as_str()).collect();
    let expect = [
        "database-extension",
        "database-folder",
        "database-version",
        "fixed-name",
        "latest-tag",
        "secret-in-file",
        "unread-variable",
    ];
    assert_eq!(rules, BTreeSet::from(expect), "{found:#?}");
    assert_eq!(found.len(), 7, "{found:#?}");
    let errors = found.iter().filter(|(_, severity, _)| severity == "error");
    assert_eq!(errors.count(), 2, "{found:#?}");
    let told = found.iter().map(|(_, _, message)| message.as_str());
    let told = told.collect::<Vec<_>>().join("\n");
    for words in [
        "volume `v1_postgres-data` holds PostgreSQL 14",
        "PostGIS 3.6 instead of 3.2",
        "`PG_DATA` of `registry-postgres`",
        "keeps its data in `/var/lib/postgresql/18/docker`",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }

    // What stands against it stands against the plan, too, and nothing was changed.
    install
        .run("plan v2 --volumes volumes")
        .exits(3)
        .complains("holds PostgreSQL 14")
        .complains("/var/lib/postgresql/18/docker")
        .complains("--skip-volume postgres-data");
    assert!(!install.0.path().join("volumes/v2_postgres-data").exists());
    install
        .run("plan v2 --volumes volumes --skip-volume postgres-data --theirs docker-compose.yml")
        .exits(0);
}

#[test]
fn the_release_in_use_is_examined_where_no_other_is_named() {
    let install = registry();
    assert_eq!(findings(&install, "", 0), []);
    install.write(
        "releases/v1/docker-compose.yml",
        "services: {web: {image: 'acme/web:latest'}}\n",
    );
    let found = findings(&install, "", 1);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "latest-tag");
    assert_eq!(findings(&install, " --ignore latest-tag", 0), []);
    install
        .run("doctor --ignore latest")
        .exits(2)
        .complains("`latest`");
}

#[test]
fn what_the_planner_refuses_is_a_finding_with_an_id() {
    let install = TwoReleases::new(&[
        (
            "releases/v1/compose.yaml",
            "services: {web: {image: 'web:1', volumes: ['data:/data']}}\nvolumes: {data: }\n",
        ),
        (
            "releases/v2/compose.yaml",
            "services: {web: {image: 'web:2', volumes: ['data:/data', '/srv/x:/x']}}\nvolumes: {data: }\n",
        ),
        ("volumes/v2_old/left", "x"),
    ]);
    let found = findings(&install, " v2", 3);
    let rules: Vec<_> = found.iter().map(|(rule, ..)| rule.as_str()).collect();
    assert!(rules.contains(&"volume-missing"), "{found:?}");
}

#[test]
fn without_an_engine_one_rule_says_so_and_folders_of_which_is_said_that_nothing_uses_them_pass() {
    let install = registry();
    for engine in ["/bin/false", "/nonexistent"] {
        let doctor = format!("doctor --json --volumes volumes --docker {engine}");
        for (said, code, expect) in [
            ("", 3, &["usage-unknown", "engine-version"][..]),
            (" --assume-stopped", 1, &["engine-version"]),
            (" --assume-stopped --ignore engine-version", 0, &[]),
        ] {
            let json = install.run(&format!("{doctor}{said}")).exits(code).json();
            let found = json["findings"].as_array().unwrap().iter();
            let rules: Vec<_> = found.map(|one| one["rule"].as_str().unwrap()).collect();
            assert_eq!(rules, expect, "{engine}{said}");
        }
    }
    let told = install
        .run("doctor --volumes volumes --docker /bin/false")
        .exits(3);
    told.prints("say `--assume-stopped` if nothing does");
    // Where the volumes are the engine's, nothing goes without it.
    install
        .run("doctor --volumes docker --docker /bin/false")
        .exits(3)
        .complains("start the engine");
}

#[test]
fn an_answer_that_plan_takes_the_doctor_takes_too() {
    let install = registry();
    let rules = |args: &str, code| -> BTreeSet<String> {
        let found = findings(&install, args, code).into_iter();
        found.map(|(rule, ..)| rule).collect()
    };
    let open = rules(" v2", 3);
    assert!(open.contains("database-version"), "{open:?}");
    let answered = rules(" v2 --skip-volume postgres-data", 3);
    assert!(!answered.contains("database-version"), "{answered:?}");
    install
        .run("doctor --skip-volume postgres-data")
        .exits(2)
        .complains("VERSION");
}

#[test]
fn the_release_in_use_is_examined_as_its_last_run_had_it() {
    let compose = "services: {web: {image: 'acme/web:1', restart: '${RESTART:-always}'}}\n";
    let install = TwoReleases::new(&[
        ("releases/v1/compose.yaml", compose),
        ("releases/v2/compose.yaml", compose),
        ("releases/v1/own.env", "RESTART=no\n"),
    ]);
    assert_eq!(findings(&install, "", 1)[0].0, "restart-policy");
    let plan = "plan v2 --volumes volumes --project two --env-file releases/v1/own.env";
    install.run(plan).exits(0);
    install.run("apply --assume-stopped").exits(0);
    assert_eq!(findings(&install, "", 0), []);
    // And an upgrade from it, too.
    install.write("releases/v3/compose.yaml", compose);
    assert_eq!(findings(&install, " v3 --project three", 0), []);
}

#[test]
fn volumes_are_listed_with_the_database_that_is_in_them() {
    let install = registry();
    let ls = "volume ls -f releases/v1/docker-compose.yml --volumes volumes";
    install
        .run(ls)
        .exits(0)
        .prints("DATABASE")
        .prints("PostgreSQL 14");
    let json = install.run(&format!("{ls} --json")).exits(0).json();
    let volumes = json["volumes"].as_array().unwrap().iter();
    let told: Vec<_> = volumes
        .map(|one| (one["key"].as_str().unwrap(), one["database"].as_str()))
        .collect();
    assert!(
        told.contains(&("postgres-data", Some("PostgreSQL 14"))),
        "{told:?}"
    );
    assert!(told.contains(&("registry-files", None)), "{told:?}");
}

#[test]
fn secrets_that_everybody_may_read_are_named_and_not_told() {
    let install = registry();
    let env = install.0.path().join("releases/v1/.env");
    let allow = |path: &Path, mode: u32| {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    allow(&env, 0o644);
    // What is in a folder of its user's alone is theirs alone.
    allow(install.0.path(), 0o700);
    assert_eq!(findings(&install, "", 0), []);
    allow(install.0.path(), 0o755);
    let found = findings(&install, "", 1);
    assert_eq!(found[0].0, "secret-readable", "{found:?}");
    assert!(!format!("{found:?}").contains("hunter2"));
}

#[test]
fn rules_are_listed() {
    let install = Install::new();
    let listed = install.run(&["doctor", "--list"]).exits(0);
    listed
        .prints("database-version")
        .prints("usage-unknown")
        .prints("path ");
    let json = install.run(&["doctor", "--list", "--json"]).exits(0).json();
    assert!(json["rules"].as_array().unwrap().len() > 30);
}

//! Clusters of a real Postgres; `pg_controldata` is the judge.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::common::install::{chmod, run};
use super::common::need;
use super::common::program::{Ran, transship};
use super::only;

/// A folder of clusters that belong to the user who may run servers.
struct Clusters {
    programs: PathBuf,
    folder: tempfile::TempDir,
}

impl Clusters {
    /// Of the newest Postgres that is here.
    fn new() -> Option<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        let programs = versions.map(|entry| entry.unwrap().path().join("bin"));
        let programs = programs
            .filter(|folder| folder.join("initdb").exists())
            .max();
        if !need::given(programs.is_some(), "postgresql") || !need::root() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        chmod(folder.path(), 0o777);
        let programs = programs?;
        Some(Self { programs, folder })
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new("runuser");
        command
            .args(["-u", "postgres", "--", "env", "LC_ALL=C"])
            .current_dir("/");
        command.arg(self.programs.join(name));
        command
    }

    fn make(&self, name: &str, options: &[&str]) -> PathBuf {
        let data = self.folder.path().join(name);
        run(self
            .program("initdb")
            .args(["-U", "postgres", "-A", "trust", "-N", "-D"])
            .arg(&data)
            .args(options));
        data
    }

    /// Starts it, as soon as what was left of a killed one is gone.
    #[track_caller]
    fn start(&self, data: &Path) {
        let sockets = self.folder.path().display();
        let options = format!("-c listen_addresses='' -k {sockets}");
        let log = self.folder.path().join("log");
        for _ in 0..100 {
            let mut command = self.program("pg_ctl");
            command.args(["-w", "-s", "-o", &options, "-l"]).arg(&log);
            let status = command
                .arg("-D")
                .arg(data)
                .arg("start")
                .stderr(Stdio::null());
            if status.status().unwrap().success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("{}", fs::read_to_string(&log).unwrap());
    }

    fn stop(&self, data: &Path, mode: &str) {
        run(self
            .program("pg_ctl")
            .args(["-w", "-s", "-m", mode, "-D"])
            .arg(data)
            .arg("stop"));
    }

    fn ask(&self, question: &str) {
        run(self
            .program("psql")
            .arg("-h")
            .arg(self.folder.path())
            .args(["-U", "postgres", "-Xqc", question]));
    }

    /// What `pg_controldata` says, by its own names.
    fn judge(&self, data: &Path) -> (BTreeMap<String, String>, String) {
        let output = self
            .program("pg_controldata")
            .arg("-D")
            .arg(data)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let values = lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        (
            values.collect(),
            text.clone() + &String::from_utf8_lossy(&output.stderr),
        )
    }

    /// Holds what is said against what `pg_controldata` says; gives the state.
    #[track_caller]
    fn agree(&self, data: &Path) -> String {
        let (found, (judge, _)) = (only(data), self.judge(data));
        let details = &found["details"];
        for (ours, theirs) in [
            (&found["system_identifier"], "Database system identifier"),
            (&details["control version"], "pg_control version number"),
            (&details["catalog version"], "Catalog version number"),
            (&details["block size"], "Database block size"),
            (&details["WAL segment size"], "Bytes per WAL segment"),
        ] {
            assert_eq!(ours.as_str(), Some(judge[theirs].as_str()), "{theirs}");
        }
        let checksums = match judge["Data page checksum version"].as_str() {
            "0" => "off",
            _ => "on",
        };
        assert_eq!(found["checksums"], checksums);
        let words = &judge["Database cluster state"];
        assert!(
            found["because"].as_str().unwrap().contains(words),
            "{words}: {found}"
        );
        found["state"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_cluster_is_told_as_pg_controldata_does_in_each_state() {
    let Some(clusters) = Clusters::new() else {
        return;
    };
    let data = clusters.make("plain", &[]);
    assert_eq!(clusters.agree(&data), "clean");
    clusters.start(&data);
    assert_eq!(clusters.agree(&data), "unclean", "it runs");
    // What the kernel does to a container that doesn't stop in time.
    let pid = fs::read_to_string(data.join("postmaster.pid")).unwrap();
    run(Command::new("kill").args(["-9", pid.lines().next().unwrap()]));
    assert_eq!(clusters.agree(&data), "unclean", "it was killed");
    clusters.start(&data);
    clusters.stop(&data, "immediate");
    assert!(
        !data.join("postmaster.pid").exists(),
        "the file of the process proves nothing"
    );
    assert_eq!(clusters.agree(&data), "unclean", "stopped at once");
    clusters.start(&data);
    clusters.stop(&data, "fast");
    assert_eq!(clusters.agree(&data), "clean", "stopped in order");
    let version = fs::read_to_string(data.join("PG_VERSION")).unwrap();
    assert_eq!(only(&data)["version"], version.trim());
}

#[test]
fn checksums_and_tablespaces_elsewhere_are_told() {
    let Some(clusters) = Clusters::new() else {
        return;
    };
    let data = clusters.make("checked", &["--data-checksums", "--wal-segsize=4"]);
    let elsewhere = clusters.folder.path().join("fast disk");
    run(Command::new("install")
        .args(["-d", "-o", "postgres"])
        .arg(&elsewhere));
    clusters.start(&data);
    clusters.ask(&format!(
        "create tablespace fast location '{}'",
        elsewhere.display()
    ));
    clusters.stop(&data, "fast");
    assert_eq!(clusters.agree(&data), "clean");
    let found = only(&data);
    let outside = found["outside"].as_array().unwrap();
    assert_eq!(outside.len(), 1);
    assert_eq!(outside[0]["what"], "tablespace");
    assert_eq!(outside[0]["target"], elsewhere.to_str().unwrap());
    assert!(
        outside[0]["link"]
            .as_str()
            .unwrap()
            .starts_with("pg_tblspc/")
    );
}

#[test]
fn a_control_file_that_pg_controldata_doubts_is_never_clean() {
    let Some(clusters) = Clusters::new() else {
        return;
    };
    let data = clusters.make("damaged", &[]);
    let path = data.join("global/pg_control");
    let good = fs::read(&path).unwrap();
    for (what, content) in [
        (
            "a flipped bit",
            [&good[..100], &[good[100] ^ 1], &good[101..]].concat(),
        ),
        ("cut", good[..150].to_vec()),
        ("nothing", Vec::new()),
        ("zeros", vec![0; 8192]),
        ("text", b"PG".repeat(4096)),
    ] {
        fs::write(&path, content).unwrap();
        let (_, said) = clusters.judge(&data);
        let doubts = [
            "WARNING",
            "could not read file",
            "possible byte ordering mismatch",
        ];
        assert!(
            doubts.iter().any(|doubt| said.contains(doubt)),
            "{what}: {said}"
        );
        assert_eq!(only(&data)["state"], "damaged", "{what}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(only(&data)["state"], "unknown", "none at all");
}

#[test]
fn who_may_not_read_it_is_told_so() {
    let Some(clusters) = Clusters::new() else {
        return;
    };
    let data = clusters.make("private", &[]);
    let volume = clusters.folder.path().join("volume");
    fs::create_dir(&volume).unwrap();
    chmod(&volume, 0o755);
    fs::rename(&data, volume.join("pgdata")).unwrap();
    let nobody = |tree: &Path| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command
            .arg(env!("CARGO_BIN_EXE_transship"))
            .arg("inspect")
            .arg(tree);
        Ran::of(&mut command)
    };
    nobody(&volume.join("pgdata"))
        .exits(2)
        .complains("Permission denied");
    nobody(&volume)
        .exits(2)
        .prints("not read: `pgdata`: permission denied")
        .complains("run it as root");
    // The folder may be entered, and what matters in it not.
    chmod(&volume.join("pgdata"), 0o755);
    chmod(&volume.join("pgdata/PG_VERSION"), 0o644);
    nobody(&volume)
        .exits(2)
        .prints("`global/pg_control` can't be read")
        .prints("state              unknown");
    let found = transship(&volume, ["inspect", "."]).exits(0);
    found.prints("in `pgdata`").prints("clean: shut down");
}

#[test]
fn symlinks_in_a_cluster_lead_nowhere() {
    let Some(clusters) = Clusters::new() else {
        return;
    };
    let data = clusters.make("other", &[]);
    let trap = clusters.folder.path().join("trap");
    fs::create_dir_all(trap.join("global")).unwrap();
    symlink(data.join("PG_VERSION"), trap.join("PG_VERSION")).unwrap();
    symlink(
        data.join("global/pg_control"),
        trap.join("global/pg_control"),
    )
    .unwrap();
    let found = only(&trap);
    assert_eq!(
        (&found["version"], &found["state"]),
        (&"unknown".into(), &"unknown".into())
    );
    assert_eq!(found["system_identifier"], "unknown");
    fs::remove_dir_all(trap.join("global")).unwrap();
    symlink(data.join("global"), trap.join("global")).unwrap();
    assert_eq!(only(&trap)["system_identifier"], "unknown");
}

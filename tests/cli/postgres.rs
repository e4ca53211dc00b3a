//! The story on a real Postgres: a data directory made by `initdb`, loaded by `pgbench`,
//! stopped cleanly, copied by the upgrade, and started from the new volume.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::common::install::{Install, chmod, run};
use super::common::need;

/// The newest Postgres that Debian's packages have put on this machine.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.map(|entry| entry.unwrap().path().join("bin"));
    folders
        .filter(|folder| folder.join("initdb").exists())
        .max()
}

struct Postgres {
    programs: PathBuf,
    sockets: tempfile::TempDir,
}

impl Postgres {
    fn new(programs: PathBuf) -> Self {
        let sockets = tempfile::tempdir().unwrap();
        chmod(sockets.path(), 0o777);
        Self { programs, sockets }
    }

    /// One of Postgres's programs; as root it must run as another user.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command
                .args(["-u", "postgres", "--"])
                .arg(program)
                .current_dir("/");
            return command;
        }
        let mut command = Command::new(program);
        command.current_dir("/");
        command
    }

    fn client(&self, name: &str) -> Command {
        let mut command = self.program(name);
        command.args([
            "-h",
            self.sockets.path().to_str().unwrap(),
            "-U",
            "postgres",
        ]);
        command
    }

    /// Runs `work` while a server runs on `data`; stops it cleanly.
    fn serve<T>(&self, data: &Path, work: impl FnOnce() -> T) -> T {
        let options = format!(
            "-c listen_addresses='' -k {}",
            self.sockets.path().display()
        );
        let log = self.sockets.path().join("log");
        run(self
            .program("pg_ctl")
            .arg("-D")
            .arg(data)
            .args(["-w", "-o", &options, "-l"])
            .arg(&log)
            .arg("start"));
        let result = work();
        run(self
            .program("pg_ctl")
            .arg("-D")
            .arg(data)
            .args(["-w", "-m", "fast", "stop"]));
        result
    }

    fn ask(&self, question: &str) -> String {
        run(self.client("psql").args(["-XAtc", question, "postgres"]))
            .trim()
            .to_owned()
    }
}

#[test]
fn a_postgres_volume_is_upgraded_and_has_all_of_its_rows() {
    let programs = programs();
    if !need::given(programs.is_some(), "postgresql") || !need::root() || !need::program("rsync") {
        return;
    }
    let postgres = Postgres::new(programs.unwrap());
    let install = Install::new();
    chmod(install.root(), 0o755);
    let old = install.at("volumes/v1_3_2_postgres_data");
    fs::remove_dir_all(&old).unwrap();
    fs::create_dir(&old).unwrap();
    run(Command::new("chown").arg("postgres:").arg(&old));
    run(postgres
        .program("initdb")
        .args(["-U", "postgres", "-A", "trust", "-D"])
        .arg(&old));
    postgres.serve(&old, || {
        run(postgres
            .client("pgbench")
            .args(["-q", "-i", "-s", "10", "postgres"]))
    });
    let before = install
        .run(&["manifest", "volumes/v1_3_2_postgres_data"])
        .exits(0)
        .out;

    install.run(&["init"]).exits(0);
    install.plan().exits(0);
    install.run(&["apply"]).exits(0);

    let new = install.at("volumes/v2_10_5_postgres_data");
    let by_cp = install.at("volumes/by_cp");
    run(Command::new("cp").arg("-a").arg(&old).arg(&by_cp));
    for other in [&by_cp, &old] {
        let mut rsync = Command::new("rsync");
        rsync.args(["-aHAXn", "--delete", "--itemize-changes"]);
        rsync.arg(other.join("")).arg(new.join(""));
        assert_eq!(
            run(&mut rsync),
            "",
            "rsync sees a difference to {}",
            other.display()
        );
    }
    let rows = postgres.serve(&new, || {
        postgres.ask("select count(*) from pgbench_accounts")
    });
    assert_eq!(rows, "1000000");
    let after = install
        .run(&["manifest", "volumes/v1_3_2_postgres_data"])
        .exits(0)
        .out;
    assert!(before == after, "the old volume was changed");
}

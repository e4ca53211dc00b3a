//! `transship db upgrade`: a data folder of 15 becomes one of 17 where the programs of both are, without Docker. The
//! container is only the host: transship runs in it, and there is no engine.

use std::process::Command;

use super::both_majors::{BothMajors, NEW_BIN};
use super::document;
use super::need;
use super::program::Ran;
use super::server::docker;

const OLD: &str = "/var/lib/postgresql/15/main";
const NEW: &str = "/var/lib/postgresql/17/main";

/// A folder that was made otherwise than a new one is by itself, with what a dump loses and what a newer major
/// refuses; its settings are where Debian has them.
const MAKE: &str = "
initdb -D DATA --data-checksums -U boss --lc-collate=sv_SE.UTF-8 --lc-ctype=sv_SE.UTF-8 -E UTF8 --auth=trust >/dev/null
echo \"work_mem = '7MB'\" >>DATA/postgresql.conf
echo 'host all all 10.0.0.0/8 scram-sha-256' >>DATA/pg_hba.conf
pg_ctl -w -s -D DATA -l /tmp/log start
psql -q -U boss -d postgres -c \"create database app\" -c \"alter system set old_snapshot_threshold = '1h'\"
psql -q -U boss -d app >/dev/null <<X
create table t as select g as id, chr(228 + g % 3) || g as t from generate_series(1, 2000) g; create index named on t (t);
create extension hstore; select lo_from_bytea(7, '\\\\x07'); create role web login password 'w';
update pg_database set datcollversion = '2.31' where datname = 'app';
X
pg_ctl -w -s -D DATA -m fast stop";

fn upgrade(host: &BothMajors, more: &[&str]) -> Ran {
    let args = [
        "exec",
        &host.name,
        "transship",
        "db",
        "upgrade",
        OLD,
        NEW,
        "--new-bin",
        NEW_BIN,
    ];
    let mut command = Command::new("docker");
    let old_bin = ["--old-bin", "/usr/lib/postgresql/15/bin"];
    let usual = if more.contains(&"--old-bin") {
        &[][..]
    } else {
        &old_bin
    };
    Ran::of(command.args(args).args(usual).args(more))
}

/// Starts the server of a folder, asks it, and stops it again.
#[track_caller]
fn asked(host: &BothMajors, major: u32, sql: &str) -> String {
    let (bin, data) = (
        format!("/usr/lib/postgresql/{major}/bin"),
        format!("/var/lib/postgresql/{major}/main"),
    );
    let config = match host
        .shell(&format!("ls {data}"))
        .contains("postgresql.conf")
    {
        true => "",
        false => "-o '-c config_file=/etc/postgresql/15/main/postgresql.conf'",
    };
    host.as_owner(&format!(
        "{bin}/pg_ctl -w -s -D {data} {config} -l /tmp/log start && {bin}/psql -XqAt -U boss -d app -c \"{sql}\"; {bin}/pg_ctl -w -s -D {data} -m fast stop"
    ))
}

#[test]
fn a_data_folder_is_upgraded_on_a_host_that_has_both_majors() {
    if !need::docker() || !need::images(&["postgres:15", "postgres:17"]) {
        return;
    }
    let host = BothMajors::start("host");
    docker(&[
        "cp",
        env!("CARGO_BIN_EXE_transship"),
        &format!("{}:/usr/local/bin/transship", host.name),
    ]);
    host.as_owner(&MAKE.replace("DATA", OLD));
    let left = "ls -A /var/lib/postgresql/17 /tmp | grep -v -e log -e : || true";

    // What stands against it is found before anything is made.
    upgrade(&host, &["--old-bin", NEW_BIN])
        .exits(3)
        .complains("is of Postgres 15, and `/usr/lib/postgresql/17/bin` has the programs of 17");
    upgrade(&host, &["--old-bin", "/usr/lib/postgresql/16/bin"])
        .exits(3)
        .complains("has no `pg_ctl`");
    host.shell(&format!(
        "ln -s /mnt/fast {OLD}/pg_tblspc/16999; mkdir -p {NEW}/x"
    ));
    upgrade(&host, &[]).exits(3).complains(NEW);
    host.shell(&format!("rm -r {NEW}"));
    upgrade(&host, &[])
        .exits(3)
        .complains("leads out of `/var/lib/postgresql/15/main` to `/mnt/fast`");
    host.shell(&format!("rm {OLD}/pg_tblspc/16999"));
    host.as_owner(&format!("pg_ctl -w -s -D {OLD} -l /tmp/log start"));
    upgrade(&host, &[]).exits(3).complains("a server runs on");
    host.as_owner(&format!("pg_ctl -w -s -D {OLD} -m immediate stop"));
    upgrade(&host, &[])
        .exits(3)
        .complains("wasn't shut down in order");
    host.as_owner(&format!(
        "pg_ctl -w -s -D {OLD} -l /tmp/log start; pg_ctl -w -s -D {OLD} -m fast stop"
    ));

    // What its extension needs isn't there: its services run again on what they had.
    let library = format!("{}/lib/hstore.so", NEW_BIN.trim_end_matches("/bin"));
    host.shell(&format!("mv {library} /tmp/hstore.log"));
    host.as_owner(&format!("pg_ctl -w -s -D {OLD} -l /tmp/log start"));
    let (stop, start) = (
        format!(
            "setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/pg_ctl -w -s -D {OLD} -m fast stop"
        ),
        "echo $TRANSSHIP_DATA >>/tmp/started.log".to_owned(),
    );
    let services = ["--stop", &stop, "--start", &start];
    upgrade(&host, &services).exits(5).complains("hstore");
    assert_eq!(host.shell("cat /tmp/started.log"), OLD);
    upgrade(&host, &["--check"]).exits(3).complains("hstore");
    host.shell(&format!("mv /tmp/hstore.log {library}"));
    upgrade(&host, &["--check"])
        .exits(0)
        .prints("nothing stands against");
    assert_eq!(host.shell(left), "", "something is left");

    // As Debian has it: the settings are elsewhere, and are to be named.
    host.shell(&format!(
        "mkdir -p /etc/postgresql/15/main; cd {OLD}; mv postgresql.conf pg_hba.conf pg_ident.conf /etc/postgresql/15/main/; \
         cd /etc/postgresql/15/main; printf \"data_directory = '{OLD}'\\nhba_file = '$PWD/pg_hba.conf'\\nident_file = '$PWD/pg_ident.conf'\\n\" >>postgresql.conf"
    ));
    upgrade(&host, &[]).exits(3).complains(
        "name the file (`--old-config`), perhaps `/etc/postgresql/15/main/postgresql.conf`",
    );
    let config = [
        "--old-config",
        "/etc/postgresql/15/main/postgresql.conf",
        "--json",
    ];
    let start = ["--start", &start];
    let done = upgrade(&host, &[&config[..], &start].concat()).exits(0);
    assert_eq!(document::check("db upgrade", &done)["equal"], true);
    let done = done
        .complains("the setting `old_snapshot_threshold` stays behind")
        .complains("of its indexes were made anew");
    assert!(!done.err.contains("work_mem"), "{}", done.err);
    assert_eq!(host.shell("tail -n 1 /tmp/started.log"), NEW);
    assert_eq!(
        host.shell(&format!("stat -c '%a %U' {NEW}")),
        "700 postgres"
    );
    assert_eq!(host.shell(left), "main", "something is left");
    let facts = "select count(*), current_setting('work_mem'), current_setting('data_checksums'), \
        (select datcollversion <> '2.31' from pg_database where datname = 'app'), encode(lo_get(7), 'hex'), \
        (select count(*) > 0 from pg_stats where tablename = 't') from t";
    assert_eq!(asked(&host, 17, facts), "2000|7MB|on|t|07|t");
    host.shell(&format!("grep 10.0.0.0/8 {NEW}/pg_hba.conf"));
    // The old one serves as it did.
    assert_eq!(asked(&host, 15, "select count(*) from t"), "2000");
    upgrade(&host, &config).exits(3).complains(NEW);
}

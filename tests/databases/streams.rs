//! The recipes that stream, each between two servers that run: all arrives, a difference is seen, and what
//! is cut on its way is never taken for whole.

use std::process::Command;

use transship::database::{DatabaseRecipe, StreamLines, StreamedDump, StreamedMove};
use transship::engine::Docker;
use transship::error::Explain as _;
use transship::progress::Silent;

use super::need;
use super::server::COMING_UP;

/// A container of a test's own, with no network, gone with its volumes in the end.
struct Server(String);

impl Server {
    fn start(name: &str, image: &str, argv: &[&str]) -> Self {
        let name = format!("transship_{name}_{}", std::process::id());
        let run = [
            "run",
            "--detach",
            "--network",
            "none",
            "--name",
            &name,
            "--env",
            "MARIADB_ROOT_PASSWORD=not a word",
        ];
        docker(&[&run[..], &[image], argv].concat());
        Self(name)
    }

    /// What a line for a shell prints in it.
    #[track_caller]
    fn shell(&self, line: &str) -> String {
        docker(&["exec", &self.0, "sh", "-c", line])
    }

    /// The same, once it works.
    fn ready(self, line: &str) -> Self {
        let since = std::time::Instant::now();
        while since.elapsed() < COMING_UP {
            let asked = Command::new("docker")
                .args(["exec", &self.0, "sh", "-c", line])
                .output();
            if asked.unwrap().status.success() {
                return self;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{} isn't ready: {}", self.0, docker(&["logs", &self.0]));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["rm", "--force", "--volumes", &self.0])
            .output();
    }
}

#[track_caller]
fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Moves all of the one into the other, or gives what was complained of.
fn moved(
    from: &Server,
    to: &Server,
    lines: &StreamLines,
    database: Option<&str>,
) -> Result<StreamedDump, String> {
    let docker = Docker::find(None).unwrap();
    let stream = StreamedMove {
        docker: &docker,
        from: &from.0,
        to: &to.0,
        lines,
        database,
    };
    stream.run(&Silent).map_err(|error| {
        let hints = error.hints().join("; ");
        format!("{error} ({hints})")
    })
}

fn recipe(name: &str) -> StreamLines {
    StreamLines::from(DatabaseRecipe::of(name).unwrap().stream.as_ref().unwrap())
}

/// Between two that have the same already: what `compare` says of a difference.
#[track_caller]
fn compares(from: &Server, to: &Server, lines: &StreamLines, database: Option<&str>, equal: bool) {
    let nothing = ["sh", "-c", "cat >/dev/null"].map(str::to_owned).to_vec();
    let only = StreamLines {
        dump: ["echo", "x"].map(str::to_owned).to_vec(),
        load: nothing,
        ends_with: None,
        restarts: false,
        ..lines.clone()
    };
    let found = moved(from, to, &only, database).unwrap();
    assert_eq!(found.equal, Some(equal), "{:?}", found.proof);
}

const KEYS: &str = r#"redis-cli set plain one; redis-cli set gone soon EX 9000; redis-cli rpush list a b a
redis-cli sadd set x y z; redis-cli zadd zset 1 one 2.5 two; redis-cli hset hash f v g w
redis-cli xadd stream '*' field value; redis-cli -n 3 set other db
i=0; while [ $i -lt 3000 ]; do echo "SET key:$i value-$i"; i=$((i+1)); done | redis-cli >/dev/null
printf 'a\000b\377' | redis-cli -x set binary"#;

#[test]
fn redis_moves_into_one_with_a_dump_and_into_one_with_a_log() {
    if !need::docker() || !need::images(&["redis:7"]) {
        return;
    }
    let (lines, ping) = (recipe("redis"), "redis-cli ping | grep PONG");
    let from = Server::start("redis_from", "redis:7", &[]).ready(ping);
    from.shell(KEYS);
    for (name, log) in [("redis_dump", "no"), ("redis_log", "yes")] {
        let argv = [
            "redis-server",
            "--protected-mode",
            "no",
            "--appendonly",
            log,
        ];
        let to = Server::start(name, "redis:7", &argv).ready(ping);
        let found = moved(&from, &to, &lines, None).unwrap();
        assert_eq!(found.equal, Some(true), "{name}: {:?}", found.proof);
        assert!(found.proof.unwrap().contains("3 1 "));
        assert_eq!(
            to.shell("redis-cli --raw get binary | od -An -tx1"),
            "61 00 62 ff 0a"
        );
        // It stays so, and takes new keys.
        to.shell("redis-cli set new key");
        docker(&["restart", &to.0]);
        let to = to.ready(ping);
        assert_eq!(
            to.shell("redis-cli get plain; redis-cli get new"),
            "one\nkey"
        );
        compares(&from, &to, &lines, None, false);
        to.shell("redis-cli del new");
        compares(&from, &to, &lines, None, true);
        to.shell("redis-cli hset hash f w g v");
        compares(&from, &to, &lines, None, false);
        let again = moved(&from, &to, &lines, None).unwrap_err();
        assert!(again.contains("it has keys"), "{again}");
    }
}

/// A shell, and the machine's own `sqlite3` with what it is linked to.
fn with_sqlite(name: &str) -> Server {
    let server = Server::start(name, "shell:1", &["sleep", "3600"]);
    let linked = Command::new("sh")
        .args([
            "-c",
            "ldd \"$(command -v sqlite3)\" | grep -o '/[^ ]*'; command -v sqlite3",
        ])
        .output()
        .unwrap();
    server.shell("mkdir -p /opt/sqlite /data");
    for path in String::from_utf8(linked.stdout).unwrap().lines() {
        docker(&[
            "cp",
            "--follow-link",
            path,
            &format!("{}:/opt/sqlite/", server.0),
        ]);
    }
    server.shell(
        "printf '#!/bin/sh\\nexec /opt/sqlite/ld-linux* --library-path /opt/sqlite /opt/sqlite/sqlite3 \"$@\"\\n' >/bin/sqlite3; chmod +x /bin/sqlite3",
    );
    server
}

#[test]
fn sqlite_moves_by_its_own_dump_and_a_write_ahead_log_comes_along() {
    if !need::docker() || !need::program("sqlite3") {
        return;
    }
    let (lines, file) = (recipe("sqlite"), Some("/data/app.db"));
    let (from, to) = (with_sqlite("sqlite_from"), with_sqlite("sqlite_to"));
    from.shell("sqlite3 /data/app.db \"pragma journal_mode = wal; create table t (id integer primary key, x blob); insert into t select value, randomblob(50) from generate_series(1, 2000); create index i on t (x); create view v as select id from t; create trigger g after insert on t begin select 1; end\" >/dev/null");
    let found = moved(&from, &to, &lines, file).unwrap();
    assert_eq!(found.equal, Some(true), "{:?}", found.proof);
    assert_eq!(
        to.shell("sqlite3 /data/app.db 'select count(*) from v'"),
        "2000"
    );
    let again = moved(&from, &to, &lines, file).unwrap_err();
    assert!(again.contains("it is there already"), "{again}");
    to.shell("sqlite3 /data/app.db \"update t set x = x'00' where id = 7\"");
    compares(&from, &to, &lines, file, false);
    // A whole dump has an end, and what was cut before it is no dump, whatever exit code it has.
    to.shell("rm /data/app.db");
    let cut = "sqlite3 -readonly \"$DATABASE\" .dump | head -c 20000";
    let cut = StreamLines {
        dump: ["sh", "-c", cut].map(str::to_owned).to_vec(),
        ..lines
    };
    let said = moved(&from, &to, &cut, file).unwrap_err();
    assert!(
        said.contains("was cut: 20000 bytes came") && said.contains("empty volume"),
        "{said}"
    );
}

/// The commands of an administrator: a program that keeps what it read only when it was all.
fn commands(dump: &str, load: &str) -> StreamLines {
    let line = |line: &str| ["sh", "-c", line].map(str::to_owned).to_vec();
    StreamLines {
        ready: None,
        dump: line(dump),
        load: line(load),
        compare: Some(line("sha256sum </data/all")),
        ends_with: None,
        restarts: false,
        tells: false,
    }
}

const LOAD: &str = "cat >/data/part; mv /data/part /data/all";

#[test]
fn commands_stream_and_both_exit_codes_count() {
    if !need::docker() {
        return;
    }
    let server = |name| {
        let server = Server::start(name, "shell:1", &["sleep", "3600"]);
        server.shell("mkdir /data");
        server
    };
    let (from, to) = (server("command_from"), server("command_to"));
    from.shell("head -c 30000000 /dev/urandom >/data/all");
    let found = moved(&from, &to, &commands("cat /data/all", LOAD), None).unwrap();
    assert_eq!((found.bytes, found.equal), (30_000_000, Some(true)));
    assert!(
        from.shell("sha256sum </data/all")
            .starts_with(&found.sha256)
    );
    to.shell("rm /data/all");
    for (dump, load, complaint) in [
        // It fails in the middle, at the end, and is killed.
        (
            "head -c 9000000 /data/all; echo disk broke >&2; exit 3",
            LOAD,
            "what dumps in `transship_command_from",
        ),
        ("cat /data/all; exit 1", LOAD, "exit code 1"),
        (
            "head -c 9000000 /data/all; kill -9 $$",
            LOAD,
            "exit code 137",
        ),
        ("true", LOAD, "was cut: 0 bytes came"),
        (
            "cat /data/all",
            "head -c 1000 >/dev/null; echo full >&2; exit 7",
            "exit code 7: full",
        ),
        (
            "cat /data/all",
            "cat >/dev/null; exit 2",
            "what loads in `transship_command_to",
        ),
        (
            "cat /data/all",
            "exec 0</dev/null; exit 0",
            "it ended before the dump did",
        ),
        ("cat /data/all", "nonsense-program", "not found"),
    ] {
        let said = moved(&from, &to, &commands(dump, load), None).unwrap_err();
        assert!(said.contains(complaint), "{dump} | {load}: {said}");
        // What loads was never told that this was all.
        let kept = to.shell("sleep 0.3; ls /data; rm -f /data/*");
        assert!(!kept.contains("all"), "{dump} | {load}: {kept}");
    }
    let differs = moved(
        &from,
        &to,
        &commands("cat /data/all", "cat >/data/all; echo >>/data/all"),
        None,
    );
    assert_eq!(differs.unwrap().equal, Some(false));
    let itself = moved(&from, &from, &commands("true", "true"), None).unwrap_err();
    assert!(itself.contains("into itself"), "{itself}");
}

#[test]
fn mariadb_moves_with_its_accounts_routines_and_odd_names() {
    if !need::docker() || !need::images(&["mariadb:10.11"]) {
        return;
    }
    let lines = recipe("mariadb");
    let as_root = |sql: &str| {
        format!("MYSQL_PWD=\"$MARIADB_ROOT_PASSWORD\" mariadb -uroot -N -B -e \"{sql}\"")
    };
    let ready = format!(
        "[ \"$(cat /proc/1/comm)\" = mariadbd ] && {}",
        as_root("select 1")
    );
    let start = |name| Server::start(name, "mariadb:10.11", &[]);
    let (from, to) = (start("mariadb_from"), start("mariadb_to"));
    let (from, to) = (from.ready(&ready), to.ready(&ready));
    from.shell(&as_root(
        "create database app; create database \\`odd name\\`; use app;
         create table t (id int primary key auto_increment, x varbinary(50), at timestamp default '2026-01-01') engine=innodb;
         insert into t (x) select random_bytes(40) from seq_1_to_5000;
         create table \\`odd name\\`.\\`a-b c\\` (y text); insert into \\`odd name\\`.\\`a-b c\\` values ('zażółć');
         create procedure p() select 1; create view v as select id from t; create trigger g before insert on t for each row set new.at = now();
         create event e on schedule every 1 day do select 1; create user 'web'@'%' identified by 'w'; grant select on app.* to 'web'@'%'",
    ));
    let found = moved(&from, &to, &lines, None).unwrap();
    assert_eq!(found.equal, Some(true), "{:?}", found.proof);
    let proof = found.proof.unwrap();
    for part in [
        "app.t",
        "odd name.a-b c",
        "view\tapp\tv",
        "routine\tapp\tp",
        "trigger\tapp\tg",
        "event\tapp\te",
        "user\tweb",
    ] {
        assert!(proof.contains(part), "{part}: {proof}");
    }
    assert_eq!(
        to.shell("mariadb -uweb -pw -N -e 'select count(*) from app.v'"),
        "5000"
    );
    to.shell(&as_root("update app.t set x = 'y' where id = 77"));
    compares(&from, &to, &lines, None, false);
}

#[test]
fn etcd_moves_to_the_next_minor_by_a_snapshot() {
    if !need::docker() || !need::images(&["etcd:3.4", "etcd:3.5"]) {
        return;
    }
    let (lines, ready) = (recipe("etcd"), "etcdctl endpoint health");
    let from = Server::start("etcd_from", "etcd:3.4", &[]).ready(ready);
    let to = Server::start("etcd_to", "etcd:3.5", &[]).ready(ready);
    from.shell("i=0; while [ $i -lt 50 ]; do etcdctl put key/$i value-$i >/dev/null; i=$((i+1)); done; etcdctl del key/7");
    let found = moved(&from, &to, &lines, None).unwrap();
    assert_eq!(found.equal, Some(true), "{:?}", found.proof);
    assert!(found.proof.unwrap().contains("49"));
    assert_eq!(to.shell("etcdctl get key/8 --print-value-only"), "value-8");
    let again = moved(&from, &to, &lines, None).unwrap_err();
    assert!(again.contains("it has keys"), "{again}");
    to.shell("etcdctl put key/8 other");
    compares(&from, &to, &lines, None, false);
}

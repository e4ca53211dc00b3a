//! Upgrades whose recipe says that databases are moved that are streamed: by transship's recipes between real
//! servers, and by an install's own commands.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::need;
use super::server::{COMING_UP, docker};
use super::shop::Shop;

const SERVERS: &str = "\
x-transship: {databases: [cache, sql, keys]}
services:
  cache:
    image: redis:7
    command: [redis-server, --requirepass, 'two words', --appendonly, 'yes']
    volumes: ['cache:/data']
  sql:
    image: mariadb:10.11
    environment: {MARIADB_ROOT_PASSWORD: secret, MARIADB_DATABASE: app, MARIADB_USER: web, MARIADB_PASSWORD: w}
    volumes: ['sql:/var/lib/mysql']
  keys:
    image: etcd:MINOR
    volumes: ['keys:/etcd-data']
volumes: {cache: {name: NAME_NUMBER_cache}, sql: {name: NAME_NUMBER_sql}, keys: {name: NAME_NUMBER_keys}}
";

/// Runs a shell's line in a service of a release, once it works, and gives what it prints.
#[track_caller]
fn run_in(shop: &Shop, number: u8, service: &str, line: &str) -> String {
    let container = shop.container(number, service);
    let since = std::time::Instant::now();
    while since.elapsed() < COMING_UP {
        let output = Command::new("docker")
            .args(["exec", &container, "sh", "-c", line])
            .output()
            .unwrap();
        if output.status.success() {
            return String::from_utf8(output.stdout).unwrap().trim().to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{line} in {container}: {}", docker(&["logs", &container]));
}

/// A service, what fills it, what is asked of it, and what it answers then.
const FILLED: [(&str, &str, &str, &str); 3] = [
    (
        "cache",
        "export REDISCLI_AUTH='two words'; redis-cli ping | grep -q PONG && redis-cli set a b && redis-cli -n 2 hset h f v",
        "REDISCLI_AUTH='two words' redis-cli -n 2 hget h f",
        "v",
    ),
    (
        "sql",
        "[ \"$(cat /proc/1/comm)\" = mariadbd ] && mariadb -uroot -psecret app -e \"create table t (id int); insert into t values (1), (2); grant select on app.* to 'web'@'%'; create procedure p() select 1\"",
        "mariadb -uweb -pw -N -e 'select count(*) from app.t'",
        "2",
    ),
    (
        "keys",
        "etcdctl put key value",
        "etcdctl get key --print-value-only",
        "value",
    ),
];

#[test]
fn redis_mariadb_and_etcd_move_in_an_upgrade() {
    let images = ["redis:7", "mariadb:10.11", "etcd:3.4", "etcd:3.5"];
    if !need::docker() || !need::images(&images) {
        return;
    }
    let shop = Shop::new("servers");
    shop.write(1, &SERVERS.replace("MINOR", "3.4"));
    shop.runs(&["init"]).exits(0);
    shop.up();
    for (service, fill, _, _) in FILLED {
        run_in(&shop, 1, service, fill);
    }
    shop.write(2, &SERVERS.replace("MINOR", "3.5"));
    shop.plan()
        .exits(0)
        .prints("(redis by dump), and compare")
        .prints("(mariadb by dump), and compare")
        .prints("(etcd by dump), and compare");
    shop.upgrade(&[])
        .exits(0)
        .complains("doesn't come along: the members of a cluster");
    for (service, _, ask, answer) in FILLED {
        assert_eq!(run_in(&shop, 2, service, ask), answer, "{service}");
    }
    assert_eq!(shop.proofs().len(), 3, "{:?}", shop.proofs());
    let proofs = shop.folder().join(".transship/manifests/v2");
    for proof in shop.proofs() {
        let text = fs::read_to_string(proofs.join(&proof)).unwrap();
        assert!(text.contains("\"equal\": true"), "{proof}: {text}");
        for secret in ["two words", "secret\t", "*"] {
            assert!(!text.contains(secret), "{proof}: {text}");
        }
    }

    // By hand, between what runs: both have the same still, and nothing goes where something is.
    let servers = [1, 2].map(|number| shop.container(number, "keys"));
    docker(&["start", &servers[0]]);
    run_in(&shop, 1, "keys", "etcdctl endpoint health");
    let [a, b] = servers.each_ref().map(String::as_str);
    shop.runs(&["db", "compare", a, b])
        .exits(0)
        .prints("equal: ");
    shop.runs(&["db", "move", a, b])
        .exits(4)
        .complains("it has keys");
    run_in(&shop, 2, "keys", "etcdctl put key other");
    shop.runs(&["db", "compare", a, b])
        .exits(1)
        .prints("different: ");
    docker(&["stop", a]);
    shop.runs(&["rollback", "--yes", "--accept-data-loss"])
        .exits(0);
    for (service, _, ask, answer) in FILLED {
        assert_eq!(run_in(&shop, 1, service, ask), answer, "{service}");
    }
}

/// Programs that can't be had here, as far as a move can tell: what they keep is what they were given.
const CONSOLE: &str = r#"#!/bin/sh
set -e
echo "$1" | tr ';' '\n' | while read -r verb what one two _; do
  case "$verb $what" in
    'connect remote:localhost') ;;
    'connect remote:localhost/'*) db=databases/${what##*/}; [ -d "$db" ] ;;
    'create database') mkdir "databases/${one##*/}" ;;
    'export database') gzip -c "$db/records" >"$one.gz" ;;
    'import database') [ "$two" = -preserveClusterIDs=true ]; gunzip -c "$one" >"$db/records" ;;
    *) echo "what is $verb $what?" >&2; exit 1 ;;
  esac
done
"#;
const PACHCTL: &str = r"#!/bin/sh
set -e
case $1 in
  version) [ -f /tmp/up ] ;;
  extract) cat /pach/state ;;
  restore) cat >/pach/part; mv /pach/part /pach/state ;;
  list) sha256sum </pach/state ;;
esac
";
const NAMED: &str = "\
services:
  orient:
    image: shell:1
    working_dir: /orientdb
    environment: {ORIENTDB_ROOT_PASSWORD: secret}
    stop_grace_period: 0s
    command: [sh, -c, 'exec sleep 10000']
    volumes: ['orient:/orientdb/databases', '/FOLDER/console.sh:/orientdb/bin/console.sh:ro']
  pachd:
    image: shell:1
    stop_grace_period: 0s
    command: [sh, -c, 'sleep 1; touch /tmp/up; exec sleep 10000']
    volumes: ['pach:/pach', '/FOLDER/pachctl:/bin/pachctl:ro']
  app:
    image: shell:1
    stop_grace_period: 0s
    command: [sh, -c, 'sqlite3 /data/app.db \"create table if not exists t (x); insert into t values (NUMBER)\"; exec sleep 10000']
    volumes: ['app:/data', '/FOLDER/sqlite:/opt/sqlite:ro', '/FOLDER/sqlite/run:/bin/sqlite3:ro']
volumes: {orient: {name: NAME_NUMBER_orient}, pach: {name: NAME_NUMBER_pach}, app: {name: NAME_NUMBER_app}}
";

/// The machine's own `sqlite3`, with what it is linked to and what runs it in a shell's image.
fn bring_sqlite(folder: &Path) {
    let line = "mkdir sqlite && cp -L $(ldd \"$(command -v sqlite3)\" | grep -o '/[^ ]*') \"$(command -v sqlite3)\" sqlite/";
    let done = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .status();
    assert!(done.unwrap().success());
    write_program(
        &folder.join("sqlite/run"),
        "#!/bin/sh\nexec /opt/sqlite/ld-linux* --library-path /opt/sqlite /opt/sqlite/sqlite3 \"$@\"\n",
    );
}

fn write_program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_an_install_names_moves_and_a_stream_that_is_cut_brings_the_old_one_back() {
    if !need::docker() || !need::images(&["shell:1"]) || !need::program("sqlite3") {
        return;
    }
    let shop = Shop::new("named");
    let folder = shop.folder().to_owned();
    write_program(&folder.join("console.sh"), CONSOLE);
    write_program(&folder.join("pachctl"), PACHCTL);
    bring_sqlite(&folder);
    let here = folder.display().to_string();
    let compose = NAMED.replace("/FOLDER", &here);
    shop.write(1, &compose);
    shop.runs(&["init"]).exits(0);
    shop.up();
    run_in(
        &shop,
        1,
        "orient",
        "mkdir databases/shop; seq 1 3000 >databases/shop/records",
    );
    run_in(
        &shop,
        1,
        "pachd",
        "head -c 9000000 /dev/urandom >/pach/state",
    );
    shop.write(2, &compose);
    let recipe = |dump: &str| {
        let text = format!(
            "databases:\n\
             - {{service: orient, engine: orientdb, database: shop}}\n\
             - {{service: app, engine: sqlite, database: /data/app.db}}\n\
             - {{service: pachd, dump: '{dump}', load: pachctl restore, compare: [pachctl, list, repo], ready: pachctl version}}\n"
        );
        fs::write(folder.join("transship.yml"), text).unwrap();
    };
    let before = run_in(&shop, 1, "pachd", "sha256sum </pach/state");
    recipe("pachctl extract | head -c 3000000; kill -9 $$");
    shop.upgrade(&[]).exits(5).complains("exit code 137");
    assert_eq!(run_in(&shop, 1, "pachd", "sha256sum </pach/state"), before);
    assert_eq!(
        run_in(&shop, 1, "orient", "wc -l <databases/shop/records"),
        "3000"
    );
    shop.runs(&["rollback", "--discard", "--yes"]).exits(0);
    assert_eq!(shop.volumes().lines().count(), 3, "{}", shop.volumes());
    let _ = fs::remove_dir_all(folder.join("releases/v2"));
    shop.write(2, &compose);
    recipe("pachctl extract");
    shop.plan()
        .exits(0)
        .prints("(orientdb by dump), and compare nothing")
        .prints("(sqlite by dump), and compare")
        .prints("(command by command), and compare");
    shop.upgrade(&[])
        .exits(0)
        .complains("orient: nothing compares what came");
    assert_eq!(run_in(&shop, 2, "pachd", "sha256sum </pach/state"), before);
    assert_eq!(
        run_in(&shop, 2, "orient", "wc -l <databases/shop/records"),
        "3000"
    );
    // The application's own program didn't run while its file was moved.
    let rows = "sqlite3 /data/app.db 'select group_concat(x) from (select x from t order by rowid)' | grep 2";
    assert_eq!(run_in(&shop, 2, "app", rows), "1,1,2");
}

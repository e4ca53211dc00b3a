//! Data of other servers, made by those that there are packages of. `scripts/test` installs the
//! large ones in CI alone; elsewhere: `apt-get install mariadb-server-core rabbitmq-server influxdb
//! clickhouse-server`.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use super::common::install::{chmod, run};
use super::common::need;
use super::{Server, only};

/// True if the command succeeds.
fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Some port that nobody listens on.
fn port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn redis_tells_its_version_and_what_is_cut() {
    if !need::program("redis-server") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, socket) = (folder.path().join("data"), folder.path().join("s"));
    fs::create_dir(&data).unwrap();
    let client = |args: &[&str]| {
        let mut command = Command::new("redis-cli");
        command.arg("-s").arg(&socket).args(args);
        command
    };
    let mut command = Command::new("redis-server");
    command
        .args(["--port", "0", "--appendonly", "yes", "--unixsocket"])
        .arg(&socket)
        .arg("--dir")
        .arg(&data);
    let mut server = Server::start(&mut command);
    server.wait(|| succeeds(&mut client(&["ping"])));
    run(&mut client(&["set", "a", "b"]));
    run(&mut client(&["save"]));
    let info = run(&mut client(&["info", "server"]));
    let version = info
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"))
        .unwrap();
    server.stop();
    let found = only(&data);
    assert_eq!(found["version"], version.trim());
    assert_eq!(found["details"]["append-only log"], "on");
    assert_eq!(found["state"], "unknown", "it leaves no mark");
    let dump = fs::read(data.join("dump.rdb")).unwrap();
    fs::write(data.join("dump.rdb"), &dump[..dump.len() - 12]).unwrap();
    assert_eq!(only(&data)["state"], "damaged");
    // Its own tool says the same.
    assert!(!succeeds(
        Command::new("redis-check-rdb").arg(data.join("dump.rdb"))
    ));
}

#[test]
fn etcd_tells_the_version_of_its_cluster() {
    if !need::program("etcd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let clients = format!("http://127.0.0.1:{}", port());
    let peers = format!("http://127.0.0.1:{}", port());
    let mut command = Command::new("etcd");
    command.args([
        "--listen-client-urls",
        &clients,
        "--advertise-client-urls",
        &clients,
    ]);
    command.args([
        "--listen-peer-urls",
        &peers,
        "--initial-advertise-peer-urls",
        &peers,
    ]);
    command
        .args([
            "--initial-cluster",
            &format!("default={peers}"),
            "--data-dir",
        ])
        .arg(&data);
    let mut server = Server::start(&mut command);
    let is_known = || data.is_dir() && only(&data)["version"] != "unknown";
    server.wait(|| data.join("member/snap/db").exists());
    server.wait(is_known);
    server.stop();
    let found = only(&data);
    let said = run(Command::new("etcd").arg("--version"));
    let version = said
        .lines()
        .find_map(|line| line.strip_prefix("etcd Version: "))
        .unwrap();
    let minor: Vec<&str> = version.split('.').take(2).collect();
    assert_eq!(found["version"], format!("{}.0", minor.join(".")));
    let store = data.join("member/snap/db");
    fs::write(&store, &fs::read(&store).unwrap()[..64]).unwrap();
    assert_eq!(only(&data)["state"], "damaged");
}

#[test]
fn sqlite_is_unclean_while_its_log_has_changes() {
    if !need::program("sqlite3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let sql = |text: &str| run(Command::new("sqlite3").arg(&file).arg(text));
    sql("pragma journal_mode=wal; create table t (a); insert into t values (1);");
    let found = only(folder.path());
    assert_eq!(
        (&found["state"], &found["place"]),
        (&"clean".into(), &"app.db".into())
    );
    assert_eq!(found["details"]["journal mode"], "WAL");
    let version = sql("select sqlite_version();");
    assert_eq!(found["version"], version.trim());
    // A program that ends without closing it.
    let killed = "insert into t values (2);\n.shell kill -9 $PPID\n";
    let script = folder.path().join("script");
    fs::write(&script, killed).unwrap();
    let _ = Command::new("sqlite3")
        .arg(&file)
        .stdin(fs::File::open(&script).unwrap())
        .status();
    assert_eq!(only(folder.path())["state"], "unclean");
    assert_eq!(
        sql("select count(*) from t;").trim(),
        "2",
        "the log is played again"
    );
    assert_eq!(only(folder.path())["state"], "clean");
    // More rows than a page, and then less of the file.
    sql("pragma journal_mode=delete; insert into t select hex(randomblob(1000)) from t, t, t, t;");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 4096]).unwrap();
    assert_eq!(only(folder.path())["state"], "damaged");
}

#[test]
fn mariadb_is_clean_after_a_stop_in_order_alone() {
    if !need::root() || !need::program("mariadbd") || !need::program("mariadb-install-db") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    chmod(folder.path(), 0o777);
    let (data, socket) = (folder.path().join("data"), folder.path().join("s"));
    // A user without a name is good enough for a server.
    let user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    run(Command::new("install")
        .args(["-d", "-o", "65534"])
        .arg(&data));
    let mut install = Command::new("setpriv");
    install.env("TMPDIR", folder.path());
    install
        .args(user)
        .args(["mariadb-install-db", "--no-defaults", "--skip-test-db"]);
    run(install.arg(format!("--datadir={}", data.display())));
    let found = only(&data);
    assert_eq!(
        (&found["kind"], &found["state"]),
        (&"mariadb".into(), &"clean".into())
    );
    let said = run(Command::new("mariadbd").arg("--version"));
    assert!(said.contains(found["version"].as_str().unwrap()), "{said}");
    let start = || {
        let mut command = Command::new("setpriv");
        command.env("TMPDIR", folder.path());
        command
            .args(user)
            .args(["mariadbd", "--no-defaults", "--skip-networking"]);
        command.arg(format!("--datadir={}", data.display()));
        command.arg(format!("--socket={}", socket.display()));
        let mut server = Server::start(&mut command);
        server.wait(|| UnixStream::connect(&socket).is_ok());
        server
    };
    let server = start();
    assert_eq!(only(&data)["state"], "unclean", "it runs");
    drop(server);
    assert_eq!(only(&data)["state"], "unclean", "it was killed");
    start().stop();
    assert_eq!(only(&data)["state"], "clean", "it was stopped in order");
}

#[test]
fn rabbitmq_is_clean_after_a_stop_in_order_alone() {
    const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";
    if !need::given(Path::new(PROGRAMS).is_dir(), "rabbitmq-server") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data, ports) = (folder.path().join("data"), [port(), port(), port()]);
    let program = |name: &str| {
        let mut command = Command::new(Path::new(PROGRAMS).join(name));
        command
            .env("HOME", folder.path())
            .env("RABBITMQ_MNESIA_BASE", data.join("mnesia"));
        command.env("RABBITMQ_LOG_BASE", folder.path().join("log"));
        command.env("RABBITMQ_NODENAME", "rabbit@localhost");
        command.env("ERL_CRASH_DUMP", folder.path().join("crash"));
        command.env("RABBITMQ_NODE_PORT", ports[0].to_string());
        command.env("RABBITMQ_DIST_PORT", ports[1].to_string());
        command.env("ERL_EPMD_PORT", ports[2].to_string());
        command
    };
    let start = || {
        let mut server = Server::start(&mut program("rabbitmq-server"));
        server.wait(|| succeeds(program("rabbitmqctl").arg("await_startup")));
        server
    };
    let stop = |mut server: Server| {
        run(program("rabbitmqctl").arg("stop"));
        server.0.wait().unwrap();
    };
    stop(start());
    let found = only(&data);
    assert_eq!(
        (&found["kind"], &found["state"]),
        (&"rabbitmq".into(), &"clean".into()),
        "{found}"
    );
    assert_eq!(found["place"], "mnesia/rabbit@localhost");
    assert!(
        found["details"]["feature flags"]
            .as_str()
            .unwrap()
            .contains("quorum_queue")
    );
    let server = start();
    assert_eq!(only(&data)["state"], "unclean", "it runs");
    // The shell that the package starts isn't the node.
    let pid = fs::read_to_string(data.join("mnesia/rabbit@localhost.pid")).unwrap();
    run(Command::new("kill").args(["-9", pid.trim()]));
    drop(server);
    fs::remove_file(data.join("mnesia/rabbit@localhost.pid")).unwrap();
    assert_eq!(only(&data)["state"], "unclean", "it was killed");
    // It stays as long as it believes that the killed node lives.
    let port = ports[2].to_string();
    let ends = || {
        let told = Command::new("epmd")
            .args(["-port", &port, "-kill"])
            .output();
        told.is_ok_and(|told| told.stdout.starts_with(b"Killed"))
    };
    for _ in 0..50 {
        if ends() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn clickhouse_is_clean_after_a_stop_in_order_alone() {
    if !need::program("clickhouse-server") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let config = format!(
        "<yandex><logger><level>error</level><console>1</console></logger><tcp_port>{}</tcp_port>\
         <listen_host>127.0.0.1</listen_host><path>{data}/</path><tmp_path>{data}/tmp/</tmp_path>\
         <users_config>/etc/clickhouse-server/users.xml</users_config>\
         <mark_cache_size>5368709</mark_cache_size><default_profile>default</default_profile>\
         <default_database>default</default_database></yandex>",
        port(),
        data = data.display()
    );
    let path = folder.path().join("config.xml");
    fs::write(&path, config).unwrap();
    let start = || {
        let mut command = Command::new("clickhouse-server");
        let mut server = Server::start(command.arg(format!("--config-file={}", path.display())));
        server.wait(|| data.join("status").exists() && data.join("format_schemas").exists());
        server
    };
    let server = start();
    assert_eq!(only(&data)["state"], "unclean", "it runs");
    std::thread::sleep(std::time::Duration::from_secs(2));
    drop(server);
    assert_eq!(only(&data)["state"], "unclean", "it was killed");
    let server = start();
    std::thread::sleep(std::time::Duration::from_secs(2));
    server.stop();
    let found = only(&data);
    assert_eq!(
        (&found["kind"], &found["state"]),
        (&"clickhouse".into(), &"clean".into())
    );
}

#[test]
fn influxdb_is_known_by_what_the_server_makes() {
    if !need::program("influxd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let config = format!(
        "reporting-disabled = true\nbind-address = \"127.0.0.1:{}\"\n[meta]\n dir = \"{data}/meta\"\n\
         [data]\n dir = \"{data}/data\"\n wal-dir = \"{data}/wal\"\n[http]\n bind-address = \"127.0.0.1:{}\"\n",
        port(),
        port(),
        data = data.display()
    );
    let path = folder.path().join("influxdb.conf");
    fs::write(&path, config).unwrap();
    let mut server = Server::start(Command::new("influxd").arg("-config").arg(&path));
    server.wait(|| data.join("meta/meta.db").exists());
    server.stop();
    let found = only(&data);
    assert_eq!(
        (&found["kind"], &found["version"]),
        (&"influxdb".into(), &"1".into())
    );
}

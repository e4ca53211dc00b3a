//! Volumes of a real Docker engine, with real containers that end well or don't.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::common::install::run;
use super::common::need;
use super::common::program::transship;

/// A volume and a container on it, both removed in the end.
struct Contained(String);

impl Contained {
    fn start(test: &str, args: &[&str]) -> Self {
        let name = format!("transship_inspect_{test}_{}", std::process::id());
        docker(&["volume", "create", &name]);
        let head = ["run", "--detach", "--network", "none", "--name", &name];
        docker(&[&head, args].concat());
        Self(name)
    }

    #[track_caller]
    fn inspect(&self) -> Value {
        let args = ["inspect", "--json", "--volumes", "docker", &self.0];
        let mut found = transship(Path::new("/"), args).exits(0).json();
        found["databases"][0].take()
    }

    #[track_caller]
    fn wait(&self, check: &[&str]) {
        for _ in 0..300 {
            let ready = Command::new("docker")
                .args(["exec", &self.0])
                .args(check)
                .output()
                .unwrap();
            if ready.status.success() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{} isn't ready", self.0);
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["rm", "--force", "--volumes", &self.0])
            .output();
        let _ = Command::new("docker")
            .args(["volume", "rm", &self.0])
            .output();
    }
}

fn docker(args: &[&str]) -> String {
    run(Command::new("docker").args(args))
}

#[test]
fn a_volume_of_postgres_is_unclean_when_its_container_was_killed() {
    if !need::root() || !need::docker() || !need::images(&["postgres:15"]) {
        return;
    }
    let mount = format!(
        "transship_inspect_postgres_{}:/var/lib/postgresql/data",
        std::process::id()
    );
    let args = [
        "--volume",
        &mount,
        "--env",
        "POSTGRES_PASSWORD=x",
        "postgres:15",
        "postgres",
        "-c",
        "listen_addresses=127.0.0.1",
    ];
    let postgres = Contained::start("postgres", &args);
    // The socket answers while it is being set up, too.
    postgres.wait(&["pg_isready", "-h", "127.0.0.1"]);
    let running = postgres.inspect();
    assert_eq!(
        (&running["version"], &running["state"]),
        (&"15".into(), &"unclean".into())
    );
    docker(&["kill", &postgres.0]);
    assert_eq!(postgres.inspect()["state"], "unclean");
    docker(&["start", &postgres.0]);
    postgres.wait(&["pg_isready", "-h", "127.0.0.1"]);
    docker(&["stop", "--time", "60", &postgres.0]);
    assert_eq!(postgres.inspect()["state"], "clean");
}

#[test]
fn a_volume_of_redis_tells_its_version() {
    if !need::root() || !need::docker() || !need::images(&["redis:7"]) {
        return;
    }
    let mount = format!("transship_inspect_redis_{}:/data", std::process::id());
    let redis = Contained::start("redis", &["--volume", &mount, "redis:7"]);
    redis.wait(&["redis-cli", "ping"]);
    docker(&["exec", &redis.0, "redis-cli", "set", "a", "b"]);
    docker(&["exec", &redis.0, "redis-cli", "save"]);
    let said = docker(&["exec", &redis.0, "redis-cli", "info", "server"]);
    let version = said
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"))
        .unwrap();
    let found = redis.inspect();
    assert_eq!(
        (&found["kind"], &found["version"]),
        (&"redis".into(), &version.trim().into())
    );
}

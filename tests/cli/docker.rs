//! The story with volumes in a real Docker engine.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::common::install::{Install, run};
use super::common::need;

fn docker(args: &[&str]) -> String {
    run(Command::new("docker").args(args)).trim().to_owned()
}

fn path(volume: &str) -> String {
    docker(&["volume", "inspect", "-f", "{{.Mountpoint}}", volume])
}

/// The story's volumes, put into the engine under names that no other test has, and taken
/// away at the end.
struct Volumes {
    install: Install,
    tag: String,
}

impl Volumes {
    fn new(tag: &str) -> Self {
        let install = Install::new();
        let old = install.at("releases/v1.3.2/docker-compose.yml");
        let text = fs::read_to_string(&old)
            .unwrap()
            .replace("name: v1_3_2_", &format!("name: {tag}_old_"));
        fs::write(&old, text).unwrap();
        let volumes = Self {
            install,
            tag: tag.to_owned(),
        };
        volumes.remove();
        for key in ["postgres_data", "postgres_backups"] {
            let name = volumes.old(key);
            docker(&[
                "volume",
                "create",
                "--label",
                "com.docker.compose.project=v132",
                "--label",
                "com.docker.compose.config-hash=stale",
                &name,
            ]);
            let source = volumes.install.at(&format!("volumes/v1_3_2_{key}"));
            run(Command::new("cp").arg("-aT").arg(source).arg(path(&name)));
        }
        fs::remove_dir_all(volumes.install.at("volumes")).unwrap();
        volumes.install.run(&["init"]).exits(0);
        volumes
    }

    fn old(&self, key: &str) -> String {
        format!("{}_old_{key}", self.tag)
    }

    fn new_name(&self, key: &str) -> String {
        format!("{}_new_{key}", self.tag)
    }

    fn plan(&self) {
        let prefix = format!("{}_new_", self.tag);
        let args = [
            "plan",
            "v2.10.5",
            "--from-release",
            "v2.10.5.tar.gz",
            "--prefix",
            &prefix,
        ];
        self.install
            .run(&args)
            .exits(0)
            .prints("the local Docker engine");
    }

    fn container(&self) -> String {
        format!("{}_container", self.tag)
    }

    fn remove(&self) {
        // Where there is none, that is as well.
        let _ = Command::new("docker")
            .args(["rm", "-f", &self.container()])
            .output();
        for name in docker(&["volume", "ls", "-q"])
            .lines()
            .filter(|name| name.starts_with(&format!("{}_", self.tag)))
        {
            let _ = Command::new("docker")
                .args(["volume", "rm", "-f", name])
                .output();
        }
    }
}

impl Drop for Volumes {
    fn drop(&mut self) {
        self.remove();
    }
}

#[test]
fn volumes_in_an_engine_are_copied_with_labels_of_their_own() {
    if !need::root() || !need::docker() {
        return;
    }
    let volumes = Volumes::new("ts_story");
    volumes.plan();
    volumes.install.run(&["apply"]).exits(0);
    for key in ["postgres_data", "postgres_backups"] {
        let (old, new) = (path(&volumes.old(key)), path(&volumes.new_name(key)));
        volumes.install.run(&["verify", &new, &old]).exits(0);
        let label = |label: &str| {
            let format = format!("{{{{index .Labels \"com.docker.compose.{label}\"}}}}");
            docker(&["volume", "inspect", "-f", &format, &volumes.new_name(key)])
        };
        assert_eq!(label("project"), "v2105");
        assert_eq!(label("volume"), key);
        assert_ne!(label("config-hash"), "stale");
    }
    volumes
        .install
        .run(&["rollback", "--discard", "--yes"])
        .exits(0);
    let left = docker(&["volume", "ls", "-q"]);
    assert!(!left.contains(&volumes.new_name("postgres_data")), "{left}");
    assert!(left.contains(&volumes.old("postgres_data")), "{left}");
}

#[test]
fn a_source_that_a_running_container_uses_is_refused_by_name() {
    if !need::root() || !need::docker() {
        return;
    }
    let volumes = Volumes::new("ts_busy");
    volumes.plan();
    let mount = format!("{}:/data", volumes.old("postgres_data"));
    docker(&[
        "run",
        "-d",
        "--network=none",
        "--name",
        &volumes.container(),
        "-v",
        &mount,
        "shell:1",
        "sleep",
        "600",
    ]);
    let busy = || docker(&["volume", "ls", "-q", "--filter", "name=ts_busy_"]);
    let before = busy();
    let refused = volumes.install.run(&["apply"]);
    let copied = volumes.install.run(&[
        "volume",
        "copy",
        &volumes.old("postgres_data"),
        "ts_busy_copy",
    ]);
    let after = busy();
    docker(&["rm", "-f", &volumes.container()]);
    refused
        .exits(3)
        .complains("in use by")
        .complains("ts_busy_container");
    copied.exits(3).complains("ts_busy_container");
    assert_eq!(before, after);
    assert!(!Path::new(&volumes.install.at("releases/v2.10.5")).exists());
    volumes.install.run(&["apply"]).exits(0);
}

#[test]
fn volume_ls_tells_who_uses_what_whose_it_is_and_how_large() {
    if !need::root() || !need::docker() {
        return;
    }
    let volumes = Volumes::new("ts_users");
    let old = volumes.old("postgres_data");
    let run = |name: &str, mount: &str, state: &[&str]| {
        let name = format!("ts_users_{name}");
        let args = [
            "--network=none",
            "--name",
            &name,
            "-v",
            mount,
            "shell:1",
            "sleep",
            "600",
        ];
        docker(&[state, &args].concat());
    };
    run("container", &format!("{old}:/data"), &["run", "-d"]);
    let bind = format!("{}/base:/x", path(&old));
    run("bind", &bind, &["create"]);
    let listed = volumes.install.run(&["volume", "ls", "--all", "--size"]);
    let named = volumes.install.run(&[
        "volume",
        "ls",
        "-f",
        "releases/v1.3.2/docker-compose.yml",
        "--json",
    ]);
    docker(&["rm", "-f", "ts_users_bind"]);
    let row = listed.exits(0).out;
    let row = row.lines().find(|line| line.contains(&old)).unwrap();
    assert!(
        row.ends_with("ts_users_bind (stopped), ts_users_container"),
        "{row}"
    );
    // In the unit of the largest that the engine has.
    assert!(row.contains("iB "), "{row}");
    let json = named.exits(0).json();
    let volume = json["volumes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|volume| volume["name"] == old.as_str());
    let volume = volume.unwrap();
    assert_eq!(volume["labels"]["com.docker.compose.project"], "v132");
    assert_eq!(volume["used_by"][1]["name"], "ts_users_container");
    assert_eq!(volume["used_by"][1]["writes"], true);
}

/// Names by which the story's new release knows its images, and of which the engine has
/// none yet.
const IMAGES: [&str; 3] = [
    "registry.example.com:5000/acme/insight-web:v2.10.5",
    "registry.example.com:5000/acme/insight-pivot:v2.10.5",
    "registry.example.com:5000/acme/insight-worker:v2.10.5",
];

#[test]
fn the_vendor_s_images_are_loaded_by_the_upgrade_and_a_missing_one_is_named_before() {
    if !need::root() || !need::docker() || !need::images(&["postgres:15"]) {
        return;
    }
    let volumes = Volumes::new("ts_images");
    for image in IMAGES.iter().chain(&["caddy:2.8-alpine"]) {
        docker(&["tag", "shell:1", image]);
    }
    let save = |name: &str, images: &[&str]| {
        let path = volumes.install.at(name).display().to_string();
        docker(&[&["save", "-o", &path], images].concat());
    };
    save("some.tar", &IMAGES[..2]);
    save("all.tar", &IMAGES);
    docker(&[&["rmi"], &IMAGES[..]].concat());
    let plan = |archive: &str| {
        let args = [
            "plan",
            "v2.10.5",
            "--from-release",
            "v2.10.5.tar.gz",
            "--prefix",
        ];
        let prefix = volumes.new_name("");
        let rest = [prefix.as_str(), "--image-archive", archive, "--json"];
        volumes.install.run(&[&args[..], &rest].concat())
    };
    let refused = plan("some.tar");
    let planned = plan("all.tar");
    let applied = volumes.install.run(&["apply"]);
    let have = docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
    docker(&["rmi", "caddy:2.8-alpine"]);
    for image in IMAGES {
        let _ = Command::new("docker").args(["rmi", image]).output();
    }
    refused
        .exits(3)
        .complains(&format!("lacks `{}`", IMAGES[2]));
    let steps = planned.exits(0).json()["plan"]["steps"].clone();
    assert_eq!(steps[0]["kind"], "load-images");
    let digest = steps[0]["images"][0]["digest"].as_str().unwrap();
    assert!(digest.starts_with("sha256:"), "{digest}");
    applied.exits(0).prints("load 3 images");
    for image in IMAGES {
        assert!(have.contains(image), "{image} in\n{have}");
    }
}

#[test]
fn a_volume_in_use_is_copied_while_its_containers_are_held_or_with_a_warning() {
    if !need::root() || !need::docker() {
        return;
    }
    let volumes = Volumes::new("ts_held");
    let old = volumes.old("postgres_data");
    let (container, mount) = (volumes.container(), format!("{old}:/data"));
    let script = "trap 'exit 0' TERM; while :; do usleep 10000; done";
    let run = ["run", "-d", "--network=none", "--name", &container, "-v"];
    docker(&[&run[..], &[&mount, "shell:1", "sh", "-c", script]].concat());
    let state = || docker(&["inspect", "-f", "{{.State.Status}}", &container]);
    let copy = |target: &str, options: &[&str]| {
        let target = format!("ts_held_{target}");
        let args = ["volume", "copy", &old, &target, "-p", "held", "--verify"];
        volumes.install.run(&[&args[..], options].concat())
    };
    copy("refused", &[])
        .exits(3)
        .complains(&container)
        .complains("--pause");
    copy("paused", &["--pause"])
        .exits(0)
        .complains(&format!("paused meanwhile: {container}"));
    assert_eq!(state(), "running");
    copy("stopped", &["--stop"])
        .exits(0)
        .complains(&format!("stopped meanwhile: {container}"));
    assert_eq!(state(), "running");
    copy("live", &["--live"])
        .exits(0)
        .complains("don't start a database from the copy");
    for copied in ["paused", "stopped", "live"] {
        let copied = path(&format!("ts_held_{copied}"));
        volumes
            .install
            .run(&["verify", &copied, &path(&old)])
            .exits(0);
    }
    // It goes on after a failure, too: a target that isn't empty.
    copy("paused", &["--pause"]).exits(3);
    assert_eq!(state(), "running");
    copy("both", &["--pause", "--stop"]).exits(2);
}

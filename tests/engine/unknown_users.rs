//! Unknown is not unused: who uses a volume or a path while some engine, or none, can be asked.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::install::Install;
use super::lab::{Lab, put};
use super::need;
use super::program::Ran;

/// Runs `transship volume ARGS` below `home`, whose folders are the volumes.
fn volume(home: &Path, environment: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command.arg("volume").args(args).current_dir(home);
    command.envs(environment.iter().copied());
    Ran::of(&mut command)
}

const DEAD: &[(&str, &str)] = &[("DOCKER_HOST", "tcp://127.0.0.1:1")];
const NO_DOCKER: &[(&str, &str)] = &[("PATH", "/nowhere")];

/// A home with the volume `v1_data` in it.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("v1_data")).unwrap();
    put(&home.path().join("v1_data"), "kept");
    home
}

#[test]
fn without_an_engine_to_ask_nothing_is_copied_unless_somebody_gives_their_word() {
    if !need::docker() {
        return;
    }
    for environment in [DEAD, NO_DOCKER] {
        let home = home();
        let copy = ["copy", "v1_data", "copy", "--volumes", "."];
        for more in [vec![], vec!["--stop"], vec!["--pause", "--json"]] {
            let args = [&copy[..], &more].concat();
            let ran = volume(home.path(), environment, &args);
            assert_eq!(ran.code, 3, "{environment:?} {args:?}: {}", ran.err);
            let said = format!("{}{}", ran.out, ran.err);
            assert!(
                said.contains("whether anything uses `v1_data` can't be known"),
                "{said}"
            );
            assert!(said.contains("--assume-stopped"), "{said}");
            assert!(!home.path().join("copy").exists());
        }
        let ran = volume(
            home.path(),
            environment,
            &[&copy[..], &["--assume-stopped"]].concat(),
        );
        assert_eq!(ran.code, 0, "{environment:?}: {}", ran.err);
        assert!(home.path().join("copy/kept").exists());
    }
}

#[test]
fn a_volume_of_which_nobody_knows_the_users_is_listed_with_a_question_mark() {
    if !need::docker() {
        return;
    }
    let home = home();
    let list = ["ls", "--all", "--volumes", "."];
    let ran = volume(home.path(), DEAD, &list);
    assert_eq!(
        (ran.code, ran.out.lines().last().unwrap().ends_with('?')),
        (0, true),
        "{}",
        ran.out
    );
    let ran = volume(home.path(), DEAD, &[&list[..], &["--json"]].concat());
    assert!(ran.out.contains("\"used_by\": null"), "{}", ran.out);
    let ran = volume(home.path(), &[], &[&list[..], &["--json"]].concat());
    assert!(ran.out.contains("\"used_by\": []"), "{}", ran.out);
}

#[test]
fn a_path_is_looked_up_among_the_mounts_of_all_containers() {
    if !(need::docker() && need::root()) {
        return;
    }
    let (lab, home) = (Lab::new("paths"), home());
    let data = home.path().join("v1_data");
    fs::create_dir_all(data.join("base")).unwrap();
    std::os::unix::fs::symlink("v1_data", home.path().join("link")).unwrap();
    let bind = Bind::of(&data, &home.path().join("bound"));
    let name = lab.name("writer");
    let mount = format!("{}:/d", data.display());
    lab.docker(&[
        "run", "-d", "--init", "--net", "none", "--name", &name, "-v", &mount, "shell:1", "sleep",
        "1000",
    ]);
    for source in [
        "./v1_data",
        "./link",
        "./bound",
        "./v1_data/base",
        "./bound/base",
        ".",
    ] {
        // A target of its own, elsewhere: what is copied may not hold it.
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("copy").display().to_string();
        let ran = volume(home.path(), &[], &["copy", source, &target]);
        assert_eq!(ran.code, 3, "{source}: {}", ran.err);
        assert!(ran.err.contains(&name), "{source}: {}", ran.err);
        let ran = volume(home.path(), DEAD, &["copy", source, &target]);
        assert_eq!(ran.code, 3, "{source}, nobody to ask: {}", ran.err);
    }
    let ran = volume(
        home.path(),
        &[],
        &["copy", "./v1_data", "./copy", "--pause"],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains(&format!("paused meanwhile: {name}")),
        "{}",
        ran.err
    );
    assert!(home.path().join("copy/kept").exists());
    drop(bind);
}

#[test]
fn what_another_namespace_has_mounted_is_used_also_where_nobody_can_be_asked() {
    if !(need::docker() && need::root()) {
        return;
    }
    let (lab, home) = (Lab::new("namespace"), home());
    let name = lab.name("idle");
    let mount = format!("{}:/d", home.path().join("v1_data").display());
    lab.docker(&[
        "run", "-d", "--net", "none", "--name", &name, "-v", &mount, "shell:1", "sleep", "1000",
    ]);
    let copy = [
        "copy",
        "v1_data",
        "copy",
        "--volumes",
        ".",
        "--assume-stopped",
    ];
    let ran = volume(home.path(), DEAD, &copy);
    // Not even somebody's word is stronger than what is seen.
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("in use by sleep (process"), "{}", ran.err);
}

/// A bind mount that ends with the test.
struct Bind(String);

impl Bind {
    fn of(folder: &Path, at: &Path) -> Self {
        fs::create_dir(at).unwrap();
        let status = Command::new("mount")
            .arg("--bind")
            .args([folder, at])
            .status();
        assert!(status.unwrap().success());
        Self(at.display().to_string())
    }
}

impl Drop for Bind {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Environments in which nobody can be asked about this machine's containers.
fn blind() -> [Vec<(&'static str, &'static str)>; 3] {
    [
        DEAD.to_vec(),
        NO_DOCKER.to_vec(),
        vec![("DOCKER_CONTEXT", "transship-no-such-context")],
    ]
}

#[test]
fn an_upgrade_whose_volumes_may_be_in_use_stops_before_it_copies_and_goes_on_by_somebody_s_word() {
    if !need::docker() {
        return;
    }
    for environment in blind() {
        let install = Install::adopted();
        let run = |args: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
            command.args(args).current_dir(install.root());
            Ran::of(command.envs(environment.iter().copied()))
        };
        let plan = ["plan", "v2.10.5", "--from-release", "v2.10.5.tar.gz"];
        run(&plan).exits(0);
        let before = install.picture("volumes");
        let ran = run(&["apply"]);
        assert_eq!(ran.code, 3, "{environment:?}: {}", ran.err);
        assert!(ran.err.contains("can't be known"), "{}", ran.err);
        assert!(ran.err.contains("--assume-stopped"), "{}", ran.err);
        assert_eq!(install.current(), "releases/v1.3.2");
        assert_eq!(install.picture("volumes"), before, "{environment:?}");
        run(&["apply", "--assume-stopped"]).exits(0);
        assert_eq!(install.current(), "releases/v2.10.5");
    }
}

#[test]
fn a_plain_user_without_docker_is_not_believed_to_see_everybody_s_processes() {
    if !need::root() {
        return;
    }
    let install = Install::adopted();
    install.plan().exits(0);
    // What anybody may run, and an install that is somebody's.
    let program = install.at("transship");
    fs::copy(env!("CARGO_BIN_EXE_transship"), &program).unwrap();
    let status = Command::new("chown")
        .args(["-R", "65534:65534"])
        .arg(install.root())
        .status();
    assert!(status.unwrap().success());
    let run = |args: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.arg(&program).args(args).current_dir(install.root());
        // Where that user may write.
        command.env("TMPDIR", "/tmp");
        Ran::of(command.env("TRANSSHIP_DOCKER", "/nowhere/docker"))
    };
    let ran = run(&["apply"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("can't be known"), "{}", ran.err);
    assert_eq!(install.current(), "releases/v1.3.2");
    run(&["apply", "--assume-stopped"]).exits(0);
    assert_eq!(install.current(), "releases/v2.10.5");
}

#[test]
fn what_a_container_writes_is_not_brought_up_to_date_under_it_by_its_path_either() {
    if !(need::docker() && need::root()) {
        return;
    }
    let (lab, home) = (Lab::new("under"), home());
    let data = home.path().join("v1_data");
    fs::create_dir(home.path().join("newer")).unwrap();
    put(&home.path().join("newer"), "row");
    let name = lab.name("writer");
    let mount = format!("{}:/d", data.display());
    lab.docker(&[
        "run", "-d", "--init", "--net", "none", "--name", &name, "-v", &mount, "shell:1", "sleep",
        "1000",
    ]);
    let update = ["copy", "--update", "./newer", "./v1_data"];
    let ran = volume(home.path(), &[], &update);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains(&name), "{}", ran.err);
    assert!(data.join("kept").exists() && !data.join("row").exists());
    lab.docker(&["stop", "-t", "0", &name]);
    let meant = ["copy", "--update", "--delete-all", "./newer", "./v1_data"];
    volume(home.path(), &[], &meant).exits(0);
    assert!(!data.join("kept").exists() && data.join("row").exists());
}

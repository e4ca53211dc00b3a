//! Volumes out of this process's reach, in a real engine: as a user in the docker group, and
//! where a volume is mounted from elsewhere. Needs a static transship (`scripts/static`).

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use transship::engine::{Docker, DockerVolumes, Volume, VolumeStore};
use transship::error::Explain;
use transship::fs::Disk;
use transship::progress::Silent;
use transship::tree::{CopyOptions, Holds, VerifyOptions};

use super::install::Install;
use super::lab::{Lab, put, store};
use super::look::{Seen, assert_same};
use super::{need, zoo};

/// Everything that there is to see but access times, which a look changes.
fn look(root: &Path) -> Seen {
    let mut seen = super::look::look(root);
    for attributes in seen.values_mut() {
        attributes.remove("atime");
    }
    seen
}

fn can() -> bool {
    need::root() && need::docker() && need::helper()
}

fn helper() -> PathBuf {
    PathBuf::from(std::env::var_os("TRANSSHIP_HELPER").unwrap())
}

/// Somebody who may speak to the engine, and is nobody else's.
struct User {
    home: tempfile::TempDir,
}

impl User {
    const ID: u32 = 65534;

    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(
            env!("CARGO_BIN_EXE_transship"),
            home.path().join("transship"),
        )
        .unwrap();
        fs::copy(helper(), home.path().join("helper")).unwrap();
        let user = Self { home };
        user.own("");
        user
    }

    /// Gives the user what is at `path` in their home.
    fn own(&self, path: &str) {
        let path = self.home.path().join(path);
        let owner = format!("{id}:{id}", id = Self::ID);
        let status = Command::new("chown")
            .args(["-R", &owner])
            .arg(path)
            .status();
        assert!(status.unwrap().success());
    }

    fn command(&self, args: &[&str]) -> Command {
        let socket = fs::metadata("/var/run/docker.sock").unwrap();
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={}", Self::ID))
            .arg(format!("--regid={}", Self::ID))
            .arg(format!("--groups={}", socket.gid()))
            .arg(self.home.path().join("transship"))
            .args(args)
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("TRANSSHIP_HELPER", self.home.path().join("helper"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    #[track_caller]
    fn runs(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        said(&output)
    }
}

fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

/// What helpers leave, of any run of the last seconds: nothing, once the runs are over.
fn no_helpers(lab: &Lab) {
    let mut left = String::new();
    for _ in 0..600 {
        let containers = lab.docker(&["ps", "-aq", "--filter", "label=transship-helper"]);
        let images = lab.docker(&["image", "ls", "-q", "transship-helper"]);
        left = containers + &images;
        if left.is_empty() {
            return;
        }
        // Those of tests that run at the same time.
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("left: {left}");
}

fn volume(name: &str) -> Volume {
    store().find(name).unwrap().unwrap()
}

#[test]
fn a_user_of_the_docker_group_copies_the_zoo_as_root_would() {
    if !can() {
        return;
    }
    let (lab, user) = (Lab::new("group"), User::new());
    let source = lab.volume_with_data("zoo");
    zoo::fill(&source);
    let (old, new, direct) = (lab.name("zoo"), lab.name("new"), lab.name("direct"));
    let text = user.runs(&[
        "volume", "copy", &old, &new, "-p", "demo", "--key", "k", "--verify",
    ]);
    assert!(text.contains("verified"), "{text}");
    let copied = volume(&new);
    assert_eq!(copied.labels["com.docker.compose.project"], "demo");
    assert_eq!(copied.labels["com.docker.compose.volume"], "k");
    assert_same(&look(&source), &look(&copied.path));

    let beside = store()
        .create(&Disk::new(), &lab.new_volume("direct"))
        .unwrap();
    let pair = (&volume(&old), &beside);
    let options = CopyOptions::default();
    store()
        .contents()
        .copy(&Disk::new(), pair, &options, &Silent)
        .unwrap();
    let manifest = |name: &str| {
        let options = VerifyOptions::default();
        store()
            .contents()
            .observe(&volume(name), &options, &Silent)
            .unwrap()
            .digest()
    };
    assert_eq!(manifest(&new), manifest(&direct), "as the direct copy");
    assert_eq!(manifest(&new), manifest(&old));
    no_helpers(&lab);
}

#[test]
fn what_is_there_already_is_refused_and_stays() {
    if !can() {
        return;
    }
    let (lab, user) = (Lab::new("full"), User::new());
    lab.volume_with_data("old");
    let full = lab.volume_with_data("full");
    put(&full, "precious");
    let args = ["volume", "copy", &lab.name("old"), &lab.name("full")];
    let output = user.command(&args).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("is not empty"), "{}", said(&output));
    assert!(full.join("precious").exists() && full.join("kept").exists());
}

#[test]
fn an_interrupted_copy_ends_with_130_and_leaves_nothing() {
    if !can() {
        return;
    }
    let (lab, user) = (Lab::new("stop"), User::new());
    let source = lab.volume_with_data("old");
    for n in 0..40_000 {
        fs::write(source.join(format!("{n}")), n.to_string()).unwrap();
    }
    let args = [
        "volume",
        "copy",
        &lab.name("old"),
        &lab.name("new"),
        "-p",
        "demo",
    ];
    let mut run = user.command(&args).spawn().unwrap();
    let running = || {
        let label = format!("volume={}", lab.name("new"));
        lab.docker(&["ps", "-q", "--filter", &label])
    };
    while running().is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "it was over too soon");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = run.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(store().find(&lab.name("new")).unwrap().is_none());
    assert!(running().is_empty());
    no_helpers(&lab);
}

#[test]
fn a_helper_that_is_killed_leaves_what_is_never_taken_for_whole() {
    if !can() {
        return;
    }
    let lab = Lab::new("kill");
    let source = lab.volume_with_data("old");
    for n in 0..40_000 {
        fs::write(source.join(format!("{n}")), n.to_string()).unwrap();
    }
    let target = store()
        .create(&Disk::new(), &lab.new_volume("new"))
        .unwrap();
    // A volume that is mounted from elsewhere, so that root needs a helper, too.
    let name = bound(&lab, "bound", &target.path);
    let volumes = store().with_helper(Some(helper()));
    let (from, to) = (volume(&lab.name("old")), volume(&name));
    let killed = std::thread::scope(|scope| {
        let copying = scope.spawn(|| {
            let options = CopyOptions::default();
            volumes
                .contents()
                .copy(&Disk::new(), (&from, &to), &options, &Silent)
        });
        let filter = format!("volume={name}");
        loop {
            let id = lab.docker(&["ps", "-q", "--filter", &filter]);
            // Its container is there before it has begun.
            if !id.is_empty() && fs::read_dir(&target.path).unwrap().next().is_some() {
                lab.docker(&["kill", &id]);
                break;
            }
            assert!(!copying.is_finished(), "it was over too soon");
        }
        copying.join().unwrap()
    });
    let error = killed.unwrap_err();
    assert!(!error.hints().is_empty(), "{error}");
    assert_eq!(volumes.contents().holds(&to, &Silent).unwrap(), Holds::Part);
    // Nobody's database could begin there.
    assert_eq!(fs::metadata(&target.path).unwrap().mode() & 0o7777, 0o5700);
    let options = CopyOptions::default();
    let again = volumes
        .contents()
        .copy(&Disk::new(), (&from, &to), &options, &Silent);
    assert_eq!(again.unwrap().counts.files, 40_001);
    assert_same(&look(&source), &look(&target.path));
}

/// A volume of the `local` driver that is another folder, by its options.
fn bound(lab: &Lab, key: &str, folder: &Path) -> String {
    let name = lab.name(key);
    let device = format!("device={}", folder.display());
    lab.docker(&[
        "volume",
        "create",
        "-o",
        "type=none",
        "-o",
        "o=bind",
        "-o",
        &device,
        &name,
    ]);
    name
}

#[test]
fn a_volume_that_is_mounted_from_elsewhere_is_copied_by_a_helper() {
    if !can() {
        return;
    }
    let lab = Lab::new("bind");
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "elsewhere");
    let name = bound(&lab, "old", folder.path());
    let volumes = store().with_helper(Some(helper()));
    let target = volumes
        .create(&Disk::new(), &lab.new_volume("new"))
        .unwrap();
    let pair = (&volume(&name), &target);
    let options = CopyOptions {
        digest: true,
        ..CopyOptions::default()
    };
    let copied = volumes
        .contents()
        .copy(&Disk::new(), pair, &options, &Silent)
        .unwrap();
    assert_eq!(copied.problems, []);
    assert_same(&look(folder.path()), &look(&target.path));
    let differences = volumes.contents().verify(
        &target,
        &copied.manifest.unwrap(),
        &VerifyOptions::default(),
        &Silent,
    );
    assert_eq!(differences.unwrap(), []);
}

/// The story, as somebody has it who isn't root: the files are theirs, the volumes are in the
/// engine.
#[test]
fn an_upgrade_works_as_a_user_of_the_docker_group() {
    if !can() {
        return;
    }
    let (lab, user) = (Lab::new("story"), User::new());
    let install = Install::new();
    let old = install.at("releases/v1.3.2/docker-compose.yml");
    let text = fs::read_to_string(&old).unwrap();
    fs::write(
        &old,
        text.replace("name: v1_3_2_", &format!("name: {}", lab.name("old_"))),
    )
    .unwrap();
    for key in ["postgres_data", "postgres_backups"] {
        let made = store()
            .create(&Disk::new(), &lab.new_volume(&format!("old_{key}")))
            .unwrap();
        let from = install.at(&format!("volumes/v1_3_2_{key}"));
        let copied = Command::new("cp")
            .arg("-aT")
            .arg(from)
            .arg(&made.path)
            .status();
        assert!(copied.unwrap().success());
    }
    fs::remove_dir_all(install.at("volumes")).unwrap();
    let data = volume(&lab.name("old_postgres_data")).path;
    std::os::unix::fs::chown(data.join("PG_VERSION"), Some(999), Some(999)).unwrap();
    let before = look(&data);
    let home = user.home.path().join("install");
    let moved = Command::new("cp")
        .arg("-aT")
        .arg(install.root())
        .arg(&home)
        .status();
    assert!(moved.unwrap().success());
    user.own("install");
    let root = home.to_str().unwrap();
    let shipment = home.join("v2.10.5.tar.gz");
    let prefix = lab.name("new_");

    user.runs(&["init", "-C", root]);
    let plan = user.runs(&[
        "plan",
        "v2.10.5",
        "--from-release",
        shipment.to_str().unwrap(),
        "--prefix",
        &prefix,
        "-C",
        root,
    ]);
    assert!(plan.contains("through a helper container"), "{plan}");
    assert!(plan.contains("transship volume copy --verify -p"), "{plan}");
    user.runs(&["apply", "-C", root]);
    let new = volume(&lab.name("new_postgres_data"));
    assert_same(&before, &look(&new.path));
    assert_same(&before, &look(&data));
    assert_eq!(new.labels["com.docker.compose.volume"], "postgres_data");

    put(&new.path, "written since");
    let said = user.runs(&["rollback", "-C", root]);
    assert!(said.contains("was written since it was copied"), "{said}");
    no_helpers(&lab);
}

/// A second engine of this machine, with nothing in common with the first.
struct Engine {
    home: tempfile::TempDir,
    daemon: std::process::Child,
}

impl Engine {
    /// Started, and answering: its socket is the user's.
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let at = |name: &str| home.path().join(name).display().to_string();
        let log = fs::File::create(at("log")).unwrap();
        let daemon = Command::new("dockerd")
            .args(["--host", &format!("unix://{}", at("socket"))])
            .args(["--data-root", &at("data"), "--exec-root", &at("exec")])
            .args(["--pidfile", &at("pid"), "--bridge=none", "--iptables=false"])
            .args(["--group", "nogroup"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let engine = Self { home, daemon };
        for _ in 0..300 {
            if engine.docker(&["info"]).status.success() {
                return engine;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        let log = fs::read_to_string(engine.home.path().join("log"));
        panic!("it doesn't answer: {}", log.unwrap_or_default());
    }

    fn address(&self) -> String {
        format!("unix://{}", self.home.path().join("socket").display())
    }

    fn docker(&self, args: &[&str]) -> Output {
        let address = self.address();
        let mut command = Command::new("docker");
        command
            .args(["--host", &address])
            .args(args)
            .output()
            .unwrap()
    }

    fn volume(&self, name: &str) -> PathBuf {
        let path = ["volume", "inspect", "--format", "{{.Mountpoint}}", name];
        let output = self.docker(&path);
        assert!(output.status.success(), "{}", said(&output));
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let pid = self.daemon.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let _ = self.daemon.wait();
        // What locked files it had stays locked for nobody else.
        let _ = transship::tree::remove(&Disk::new(), &self.home.path().join("data"));
    }
}

#[test]
fn the_zoo_goes_from_engine_to_engine_and_an_interrupted_copy_is_gone_on_with() {
    if !can() {
        return;
    }
    let (lab, user, other) = (Lab::new("engines"), User::new(), Engine::start());
    let source = lab.volume_with_data("zoo");
    zoo::fill(&source);
    let noise = zoo::noise(100_000);
    for n in 0..3000 {
        fs::write(source.join(format!("some-{n}")), &noise).unwrap();
    }
    let (old, address) = (lab.name("zoo"), other.address());
    let line = format!("volume copy {old} arrived --to-context {address} -p demo --key data");
    let copy = |more: &'static str| -> Vec<&str> {
        line.split(' ').chain(more.split_whitespace()).collect()
    };

    // Cut short: by a wish to stop once something has arrived.
    let mut run = user.command(&copy("")).spawn().unwrap();
    let made = || {
        other
            .docker(&["volume", "inspect", "arrived"])
            .status
            .success()
    };
    let mut target = PathBuf::new();
    let arrives = |target: &Path| {
        let content = target.join(".transship-part/content");
        fs::read_dir(content).is_ok_and(|list| list.count() > 50)
    };
    while !arrives(&target) {
        if let Some(status) = run.try_wait().unwrap() {
            panic!(
                "over too soon, {status}: {}",
                said(&run.wait_with_output().unwrap())
            );
        }
        if target.as_os_str().is_empty() && made() {
            target = other.volume("arrived");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let pid = run.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert_eq!(transship::tree::holds(&target).unwrap(), Holds::Part);

    // Gone on with.
    let text = user.runs(&copy("--update --verify"));
    assert!(text.contains("verified"), "{text}");
    assert_same(&look(&source), &look(&target));
    let manifest = |path: &Path| transship::tree::manifest(path, &Silent).unwrap().digest();
    assert_eq!(manifest(&target), manifest(&source));

    // What is there is refused, or brought up to date.
    let output = user.command(&copy("")).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("--update"), "{}", said(&output));
    fs::write(source.join("some-1"), "changed").unwrap();
    fs::remove_file(source.join("some-2")).unwrap();
    fs::write(target.join("extra"), "x").unwrap();
    let text = user.runs(&copy("--update"));
    assert!(text.contains("copied 1 file, 7 B"), "{text}");
    assert_same(&look(&source), &look(&target));

    // And a volume that can't be reached goes to a path.
    let folder = user.home.path().join("folder");
    let args = [
        "volume",
        "copy",
        "arrived",
        folder.to_str().unwrap(),
        "--from-context",
        &address,
    ];
    let output = user.command(&args).output().unwrap();
    assert!(folder.join("some-1").exists(), "{}", said(&output));

    let left = other.docker(&["ps", "-aq"]);
    assert!(left.stdout.is_empty(), "{}", said(&left));
    let left = other.docker(&["image", "ls", "-q"]);
    assert!(left.stdout.is_empty(), "{}", said(&left));
    no_helpers(&lab);
}

#[test]
fn two_names_of_one_engine_are_one_engine() {
    if !can() {
        return;
    }
    let (lab, user) = (Lab::new("same"), User::new());
    let source = lab.volume_with_data("old");
    let (old, new) = (lab.name("old"), lab.name("new"));
    let address = "unix:///var/run/docker.sock";
    user.runs(&[
        "volume",
        "copy",
        &old,
        &new,
        "-p",
        "demo",
        "--to-context",
        address,
    ]);
    assert_same(&look(&source), &look(&volume(&new).path));
}

#[test]
fn an_image_for_another_processor_is_refused() {
    if !can() {
        return;
    }
    let lab = Lab::new("arch");
    let folder = tempfile::tempdir().unwrap();
    let name = bound(&lab, "old", folder.path());
    let mut program = fs::read(helper()).unwrap();
    program[18] = 243;
    let other = folder.path().join("riscv");
    fs::write(&other, program).unwrap();
    let volumes: DockerVolumes = DockerVolumes::connect(Docker::find(None).unwrap())
        .unwrap()
        .with_helper(Some(other));
    let error = volumes
        .contents()
        .survey(&volume(&name), &Silent)
        .unwrap_err();
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("is a program for riscv64"), "{reason}");
}

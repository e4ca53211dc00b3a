//! Who has no volume in reach: a user of the docker group, a second engine, a volume that is
//! mounted from elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use transship::engine::{Volume, VolumeStore};
use transship::fs::Disk;

use super::lab::{Lab, store};
use super::look::Seen;
use super::need;

/// Everything that there is to see but access times, which a look changes.
pub(crate) fn look(root: &Path) -> Seen {
    let mut seen = super::look::look(root);
    for attributes in seen.values_mut() {
        attributes.remove("atime");
    }
    seen
}

pub(crate) fn can() -> bool {
    need::root() && need::docker() && need::helper()
}

pub(crate) fn helper() -> PathBuf {
    PathBuf::from(std::env::var_os("TRANSSHIP_HELPER").unwrap())
}

/// Stops a command as Ctrl-C does, and waits until it has ended as it should then.
pub(crate) fn interrupt(run: Child) {
    let pid = run.id().to_string();
    let told = Command::new("kill").args(["-INT", &pid]).status();
    assert!(told.unwrap().success());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
}

/// Somebody who may speak to the engine, and is nobody else's.
pub(crate) struct User {
    pub(crate) home: tempfile::TempDir,
}

impl User {
    const ID: u32 = 65534;

    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(
            env!("CARGO_BIN_EXE_transship"),
            home.path().join("transship"),
        )
        .unwrap();
        fs::copy(helper(), home.path().join("helper")).unwrap();
        // What tells of every call.
        let docker = home.path().join("docker");
        fs::write(
            &docker,
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"${0%/*}/calls\"\nexec docker \"$@\"\n",
        )
        .unwrap();
        fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
        let user = Self { home };
        user.own("");
        user
    }

    /// Gives the user what is at `path` in their home.
    pub(crate) fn own(&self, path: &str) {
        let path = self.home.path().join(path);
        let owner = format!("{id}:{id}", id = Self::ID);
        let status = Command::new("chown")
            .args(["-R", &owner])
            .arg(path)
            .status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
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
            .env("TRANSSHIP_DOCKER", self.home.path().join("docker"))
            .env("TRANSSHIP_HELPER", self.home.path().join("helper"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Every call of `docker` so far, a line each.
    pub(crate) fn calls(&self) -> String {
        fs::read_to_string(self.home.path().join("calls")).unwrap_or_default()
    }

    /// The runs of which helper containers were started, as their labels name them.
    fn helper_runs(&self) -> BTreeSet<String> {
        let calls = self.calls();
        let words = calls.split_whitespace();
        let runs = words.filter_map(|word| word.strip_prefix("transship-helper="));
        runs.map(str::to_owned).collect()
    }

    #[track_caller]
    pub(crate) fn runs(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        said(&output)
    }
}

pub(crate) fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

/// That no container of the user's helpers stays; images do, for a day.
#[track_caller]
pub(crate) fn no_helpers(lab: &Lab, user: &User) {
    let runs = user.helper_runs();
    assert!(!runs.is_empty(), "there was a helper");
    let left = || -> Vec<String> {
        let containers = |run: &String| {
            let filter = format!("label=transship-helper={run}");
            lab.docker(&["ps", "-aq", "--filter", &filter])
        };
        let left = runs.iter().map(containers);
        left.filter(|left| !left.is_empty()).collect()
    };
    // The engine has a moment for its own part.
    for _ in 0..20 {
        if left().is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("left: {:?}", left());
}

pub(crate) fn volume(name: &str) -> Volume {
    store().find(name).unwrap().unwrap()
}

/// A volume of the `local` driver that is another folder, by its options.
pub(crate) fn bound(lab: &Lab, key: &str, folder: &Path) -> String {
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

/// A second engine of this machine, with nothing in common with the first.
pub(crate) struct Engine {
    home: tempfile::TempDir,
    daemon: Child,
}

impl Engine {
    /// Started, and answering: its socket is the user's.
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let bridge = Path::new("/sys/class/net/docker0");
        let has_bridge = bridge.exists();
        let daemon = Self::daemon(home.path());
        let engine = Self { home, daemon };
        engine.until_it_answers();
        assert_eq!(bridge.exists(), has_bridge, "the first engine's");
        engine
    }

    /// Ended and started again, as by its service manager: what runs ends with it.
    pub(crate) fn restart(&mut self) {
        let pid = self.daemon.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        self.daemon.wait().unwrap();
        self.daemon = Self::daemon(self.home.path());
        self.until_it_answers();
    }

    fn daemon(home: &Path) -> Child {
        let at = |name: &str| home.join(name).display().to_string();
        let log = fs::File::create(at("log")).unwrap();
        // It would remove the first one's bridge, as one that it is to have none of.
        Command::new("unshare")
            .args(["--net", "dockerd"])
            .args(["--host", &format!("unix://{}", at("socket"))])
            .args(["--data-root", &at("data"), "--exec-root", &at("exec")])
            .args(["--pidfile", &at("pid"), "--bridge=none", "--iptables=false"])
            .args(["--group", "nogroup"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn until_it_answers(&self) {
        for _ in 0..300 {
            if self.docker(&["info"]).status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        let log = fs::read_to_string(self.home.path().join("log"));
        panic!("it doesn't answer: {}", log.unwrap_or_default());
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.home.path().join("socket").display())
    }

    pub(crate) fn docker(&self, args: &[&str]) -> Output {
        let address = self.address();
        let mut command = Command::new("docker");
        command
            .args(["--host", &address])
            .args(args)
            .output()
            .unwrap()
    }

    pub(crate) fn volume(&self, name: &str) -> PathBuf {
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

//! A corner of the real engine for one test: names that no other test has, and everything of
//! those names is removed in the end.

use std::fmt::Write as _;
use std::path::PathBuf;

use transship::engine::{Docker, DockerVolumes, NewVolume, Program, VolumeStore};
use transship::fs::Disk;

pub(crate) struct Lab {
    docker: Program,
    prefix: String,
}

impl Lab {
    /// `test` is a short name, letters only.
    pub(crate) fn new(test: &str) -> Self {
        Self {
            docker: Program::find("docker").unwrap(),
            prefix: format!("transship_{test}_{}_", std::process::id()),
        }
    }

    /// A name of this test's own.
    pub(crate) fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// A new volume that belongs to the project `project`, by its key.
    pub(crate) fn new_volume(&self, key: &str) -> NewVolume {
        NewVolume {
            name: self.name(key),
            project: self.name("project"),
            key: key.to_owned(),
            made_by: None,
        }
    }

    /// Makes a volume with a file `kept` in it and gives its folder.
    pub(crate) fn volume_with_data(&self, key: &str) -> PathBuf {
        let volume = store().create(&Disk::new(), &self.new_volume(key)).unwrap();
        put(&volume.path, "kept");
        volume.path
    }

    /// Runs `docker` to a good end and gives what it printed.
    pub(crate) fn docker(&self, args: &[&str]) -> String {
        let output = self.docker.call(args).run_well().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs `docker compose` with a compose file of one service that has the volume at
    /// `/data`, to a good end, and gives what it said on its standard error.
    pub(crate) fn compose(&self, project: &str, volume: &str, args: &[&str]) -> String {
        let home = tempfile::tempdir().unwrap();
        let mut file = String::from("services:\n  db:\n    image: shell:1\n");
        for line in [
            "pull_policy: never",
            "command: sleep 1000",
            "network_mode: none",
            "stop_grace_period: 0s",
            "volumes: ['data:/data']",
        ] {
            writeln!(file, "    {line}").unwrap();
        }
        writeln!(file, "volumes:\n  data:\n    name: {volume}").unwrap();
        put_text(&home.path().join("compose.yaml"), &file);
        let folder = home.path().to_str().unwrap();
        let call = self
            .docker
            .call(["compose", "-p", project, "--project-directory", folder]);
        let output = call.args(args).run_well().unwrap();
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let filter = format!("name={}", self.prefix);
        let listed = |args: &[&str]| {
            let output = self.docker.call(args).arg(&filter).run_well();
            let text = output.map(|output| output.stdout).unwrap_or_default();
            String::from_utf8_lossy(&text).into_owned()
        };
        let containers = listed(&["ps", "--all", "--quiet", "--filter"]);
        for id in containers.lines() {
            let _ = self.docker.call(["rm", "--force", "--volumes", id]).run();
        }
        let networks = listed(&["network", "ls", "--quiet", "--filter"]);
        for id in networks.lines() {
            let _ = self.docker.call(["network", "rm", id]).run();
        }
        let volumes = listed(&["volume", "ls", "--quiet", "--filter"]);
        for name in volumes.lines() {
            // The engine doesn't remove what is immutable.
            if let Ok(Some(volume)) = store().find(name) {
                let _ = transship::tree::clear(&Disk::new(), &volume.path);
            }
            let _ = self.docker.call(["volume", "rm", name]).run();
        }
    }
}

/// The volumes of the real engine.
pub(crate) fn store() -> DockerVolumes {
    DockerVolumes::connect(Docker::find(None).unwrap()).unwrap()
}

/// Puts a small file of this name into a folder.
pub(crate) fn put(folder: &std::path::Path, name: &str) {
    put_text(&folder.join(name), "as it was");
}

pub(crate) fn put_text(path: &std::path::Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

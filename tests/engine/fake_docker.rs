//! A `docker` program that the tests hold the strings of: `docker.sh`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use transship::engine::{Docker, DockerVolumes, NewVolume};

/// The fake's home.
pub(crate) struct FakeDocker {
    home: TempDir,
}

impl FakeDocker {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for folder in ["volumes", "data"] {
            fs::create_dir(home.path().join(folder)).unwrap();
        }
        Self { home }
    }

    /// The program; its calls have half a second.
    pub(crate) fn docker(&self) -> Docker {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/docker.sh");
        let program = format!("sh '{}' '{}'", script.display(), self.home.path().display());
        let docker = Docker::find(Some(&program)).unwrap();
        docker.time_out(Duration::from_millis(500))
    }

    /// Its volumes; it must not be misbehaving yet.
    pub(crate) fn volumes(&self) -> DockerVolumes {
        DockerVolumes::connect(self.docker()).unwrap()
    }

    /// The volumes of an engine on another machine, with a program that could be a helper.
    pub(crate) fn volumes_elsewhere(&self) -> DockerVolumes {
        self.set("host", "docker-desktop");
        // The header of a static program for x86-64, and no program.
        let mut elf = vec![0; 120];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (elf[18], elf[32], elf[54], elf[56], elf[64]) = (62, 64, 56, 1, 1);
        let helper = self.home.path().join("helper");
        fs::write(&helper, elf).unwrap();
        self.volumes().with_helper(Some(helper))
    }

    /// True if there is such a file in its home.
    pub(crate) fn has(&self, file: &str) -> bool {
        self.home.path().join(file).exists()
    }

    /// From now on the call that begins with these two words goes wrong.
    pub(crate) fn spoil(&self, call: &str, how: &str) {
        self.set("fault", &format!("{call} {how}\n"));
    }

    /// From now on all goes well.
    pub(crate) fn heal(&self) {
        fs::remove_file(self.home.path().join("fault")).unwrap();
    }

    /// Sets one of the files that the script reads.
    pub(crate) fn set(&self, file: &str, content: &str) {
        fs::write(self.home.path().join(file), content).unwrap();
    }

    /// One of the files that the script reads or writes.
    pub(crate) fn get(&self, file: &str) -> String {
        fs::read_to_string(self.home.path().join(file)).unwrap()
    }

    /// Where the contents of a volume are.
    pub(crate) fn contents(&self, name: &str) -> PathBuf {
        self.home.path().join("data").join(name)
    }

    /// Every call so far, a line each.
    pub(crate) fn calls(&self) -> String {
        fs::read_to_string(self.home.path().join("calls")).unwrap_or_default()
    }
}

/// The volume that most tests make.
pub(crate) fn new_volume() -> NewVolume {
    NewVolume {
        name: "v2_data".to_owned(),
        project: "demo".to_owned(),
        key: "data".to_owned(),
        made_by: None,
    }
}

//! An install with two releases, as an administrator has it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::program::{Ran, transship};
use super::server::docker;

/// An install; what the engine has of its name ends when it is dropped.
pub(crate) struct Shop {
    home: tempfile::TempDir,
    name: String,
}

impl Shop {
    pub(crate) fn new(test: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let name = format!("transship_{test}_{}", std::process::id());
        Self { home, name }
    }

    /// Writes a release's compose file, in which NAME is the install's name and NUMBER the release's.
    pub(crate) fn write(&self, number: u8, compose: &str) {
        let folder = self.folder().join(format!("releases/v{number}"));
        fs::create_dir_all(&folder).unwrap();
        let text = compose
            .replace("NAME", &self.name)
            .replace("NUMBER", &number.to_string());
        fs::write(folder.join("docker-compose.yml"), text).unwrap();
        let current = self.folder().join("current");
        if !current.exists() {
            std::os::unix::fs::symlink("releases/v1", current).unwrap();
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn project(&self, number: u8) -> String {
        format!("{}_{number}", self.name)
    }

    pub(crate) fn container(&self, number: u8, service: &str) -> String {
        format!("{}-{service}-1", self.project(number))
    }

    /// A volume that the compose file calls `NAME_NUMBER_key`.
    pub(crate) fn volume(&self, number: u8, key: &str) -> String {
        format!("{}_{key}", self.project(number))
    }

    pub(crate) fn runs(&self, args: &[&str]) -> Ran {
        transship(self.folder(), args.iter().copied())
    }

    pub(crate) fn up(&self) {
        self.runs(&["up", "v1", "-p", &self.project(1)]).exits(0);
    }

    /// What `plan` and `upgrade` are told of v2.
    fn to_v2(&self, verb: &[&str]) -> Vec<String> {
        let (project, prefix) = (self.project(2), format!("{}_2_", self.name));
        let args = ["v2", "-p", &project, "--prefix", &prefix];
        let theirs = ["--theirs", "docker-compose.yml"];
        let all = [verb, &args, &theirs[..]].concat();
        all.into_iter().map(str::to_owned).collect()
    }

    pub(crate) fn plan(&self) -> Ran {
        let args = self.to_v2(&["plan"]);
        transship(self.folder(), args.iter().map(String::as_str))
    }

    pub(crate) fn upgrade(&self, more: &[&str]) -> Ran {
        let args = self.to_v2(&[&["upgrade", "--yes"], more].concat());
        transship(self.folder(), args.iter().map(String::as_str))
    }

    /// The same, that is still at it.
    pub(crate) fn begins_upgrade(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_transship"))
            .args(self.to_v2(&["upgrade", "--yes"]))
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    pub(crate) fn volumes(&self) -> String {
        let filter = format!("name={}", self.name);
        docker(&["volume", "ls", "-q", "--filter", &filter])
    }

    /// Names of the proofs that a run kept, in order.
    pub(crate) fn proofs(&self) -> Vec<String> {
        let folder = self.folder().join(".transship/manifests/v2");
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let names = entries.map(|one| one.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names
            .filter(|name| name.ends_with(".comparison.json"))
            .collect();
        names.sort();
        names
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for what in ["ps -aq", "volume ls -q", "network ls -q"] {
            let filter = format!("name={}", self.name);
            let mut list: Vec<&str> = what.split(' ').collect();
            list.extend(["--filter", &filter]);
            for name in docker(&list).lines() {
                let remove: &[&str] = match what {
                    "ps -aq" => &["rm", "-fv"],
                    "volume ls -q" => &["volume", "rm", "-f"],
                    _ => &["network", "rm"],
                };
                let _ = Command::new("docker").args(remove).arg(name).output();
            }
        }
    }
}

//! A system that has the programs of 15 and of 17, as a host has after an upgrade of its own: the image of 17
//! with those of 15 in it, and the libraries that they want.

use std::process::Command;

use super::server::docker;

const OLD_BIN: &str = "/usr/lib/postgresql/15/bin";
pub(crate) const NEW_BIN: &str = "/usr/lib/postgresql/17/bin";

/// A container of both, idle, on no network; gone in the end.
pub(crate) struct BothMajors {
    pub(crate) name: String,
}

impl BothMajors {
    pub(crate) fn start(test: &str) -> Self {
        let name = format!("transship_{test}_{}", std::process::id());
        let none = ["--network", "none", "--entrypoint", "sleep"];
        let run = ["run", "--detach", "--name", &name];
        docker(&[&run[..], &none, &["postgres:17", "infinity"]].concat());
        let both = Self { name };
        let old = ["create", "postgres:15"];
        let old = docker(&old);
        for folder in [
            "/usr/lib/postgresql/15",
            "/usr/share/postgresql/15",
            "/usr/lib/x86_64-linux-gnu",
        ] {
            // Its libraries beside the others, which stay what they are.
            let place = folder.replace("/usr/lib/x86_64", "/usr/lib/old-x86_64");
            let line = format!(
                "docker cp {old}:{folder} - | docker cp - {}:/tmp/",
                both.name
            );
            assert!(
                Command::new("sh")
                    .args(["-c", &line])
                    .status()
                    .unwrap()
                    .success()
            );
            let last = folder.rsplit('/').next().unwrap();
            both.shell(&format!("mv /tmp/{last} {place}"));
        }
        docker(&["rm", "--volumes", &old]);
        both.shell(
            "cd /usr/lib/old-x86_64-linux-gnu && for l in lib*; do [ -e ../x86_64-linux-gnu/$l ] || cp -a $l ../x86_64-linux-gnu/; done; \
             mkdir -p /var/lib/postgresql/15 /var/lib/postgresql/17; chown postgres: /var/lib/postgresql/*",
        );
        both
    }

    /// The same as an image, until it is removed by its name.
    pub(crate) fn image(&self) -> String {
        docker(&[
            "commit",
            "--change",
            "ENTRYPOINT []",
            &self.name,
            &self.name,
        ]);
        self.name.clone()
    }

    /// Runs a shell's line in it, as root, to a good end, and gives what it printed.
    #[track_caller]
    pub(crate) fn shell(&self, line: &str) -> String {
        docker(&["exec", &self.name, "sh", "-c", line])
    }

    /// The same as whom data folders belong to, with the programs of 15.
    #[track_caller]
    pub(crate) fn as_owner(&self, line: &str) -> String {
        let line = format!("cd /tmp; PATH={OLD_BIN}:$PATH; {line}");
        docker(&["exec", "--user", "postgres", &self.name, "sh", "-c", &line])
    }
}

impl Drop for BothMajors {
    fn drop(&mut self) {
        for what in [
            &["rm", "--force", "--volumes"][..],
            &["image", "rm", "--force"],
        ] {
            let _ = Command::new("docker").args(what).arg(&self.name).output();
        }
    }
}

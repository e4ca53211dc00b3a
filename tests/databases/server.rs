//! A Postgres server in a container of a test's own, with no network, gone with its volume in the end.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

pub(crate) struct Postgres {
    pub(crate) name: String,
}

impl Postgres {
    /// Starts one of the image, and doesn't wait until it answers.
    pub(crate) fn start(test: &str, image: &str, options: &[&str]) -> Self {
        let major = image.trim_start_matches("postgres:");
        let name = format!("transship_{test}_{}_{major}", std::process::id());
        let password = ["--env", "POSTGRES_PASSWORD=secret", "--network", "none"];
        // Nothing of a test has to outlive a power cut.
        let fast = ["-c", "fsync=off", "-c", "max_wal_size=1GB"];
        let started = Command::new("docker")
            .args(["run", "--detach", "--name", &name])
            .args(password)
            .args(options)
            .arg(image)
            .arg("postgres")
            .args(fast)
            .output()
            .unwrap();
        assert!(started.status.success(), "{started:?}");
        Self { name }
    }

    /// Waits until the server itself answers, and not the one that its image sets it up with.
    pub(crate) fn ready(self) -> Self {
        self.wait();
        self
    }

    fn wait(&self) {
        let check = "[ \"$(cat /proc/1/comm)\" = postgres ] && pg_isready -q -h 127.0.0.1";
        for _ in 0..600 {
            let asked = Command::new("docker")
                .args(["exec", &self.name, "sh", "-c", check])
                .output();
            if asked.unwrap().status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{} isn't ready after a minute", self.name);
    }

    /// Runs a line in the container, as root.
    #[track_caller]
    pub(crate) fn shell(&self, line: &str) {
        let args = ["exec", "--user", "0", &self.name, "sh", "-c", line];
        let output = Command::new("docker").args(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Stops the server in order and starts it again.
    pub(crate) fn restart(&self) {
        let output = Command::new("docker")
            .args(["restart", &self.name])
            .output();
        assert!(output.unwrap().status.success());
        self.wait();
    }

    /// Runs SQL in a database, to a good end, and gives what it printed.
    #[track_caller]
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let psql = "psql -X -q -A -t -v ON_ERROR_STOP=1 -U postgres -d";
        let mut child = Command::new("docker")
            .args(["exec", "-i", &self.name])
            .args(psql.split(' '))
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(sql.as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["rm", "--force", "--volumes", &self.name])
            .output();
    }
}

//! A Postgres server in a container of a test's own, with no network, gone with its volume in the end.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to come up, on a machine with much else to do.
pub(crate) const COMING_UP: Duration = Duration::from_mins(5);

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
        wait_for(&self.name);
        self
    }
    /// Stops the server in order and starts it again.
    pub(crate) fn restart(&self) {
        docker(&["restart", &self.name]);
        wait_for(&self.name);
    }

    /// Runs a shell's line in it, as root, to a good end.
    #[track_caller]
    pub(crate) fn shell(&self, line: &str) {
        docker(&["exec", "--user", "0", &self.name, "sh", "-c", line]);
    }

    /// A client that is connected for as long as this lives.
    pub(crate) fn client(&self, database: &str) -> Client {
        let mut child = Command::new("docker")
            .args(["exec", "-i", &self.name, "psql", "-XqAt", "-U", "postgres"])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(b"select 1;\n")
            .unwrap();
        let mut answer = [0];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut answer)
            .unwrap();
        Client(child)
    }

    /// Runs SQL in a database, to a good end, and gives what it printed.
    #[track_caller]
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        sql_in(&self.name, database, sql)
    }
}

/// Waits until the server of a container itself answers.
pub(crate) fn wait_for(container: &str) {
    let check = "[ \"$(cat /proc/1/comm)\" = postgres ] && pg_isready -q -h 127.0.0.1";
    let since = Instant::now();
    while since.elapsed() < COMING_UP {
        let asked = Command::new("docker")
            .args(["exec", container, "sh", "-c", check])
            .output();
        if asked.unwrap().status.success() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = docker(&["logs", "--tail", "20", container]);
    panic!("{container} isn't ready: {said}");
}

/// Runs SQL in a database of a container's server, to a good end, and gives what it printed.
#[track_caller]
pub(crate) fn sql_in(container: &str, database: &str, sql: &str) -> String {
    let psql = "psql -X -q -A -t -v ON_ERROR_STOP=1 -U postgres -d";
    let mut child = Command::new("docker")
        .args(["exec", "-i", container])
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

/// A client that is connected.
pub(crate) struct Client(Child);

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Runs Docker, to a good end, and gives what it printed.
#[track_caller]
pub(crate) fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = Command::new("docker")
            .args(["rm", "--force", "--volumes", &self.name])
            .output();
    }
}

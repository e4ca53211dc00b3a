//! An engine that is restarted in the window of an upgrade, and a reboot: what ran has ended, and a restart
//! policy has started the old release again. The engine is one of the test's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::lab::put_text;
use super::need;
use super::program::Ran;
use super::reach::{Engine, said};

/// Two services that tell their release; the engine has no network to give them.
const COMPOSE: &str = "\
name: NAME
services:
  web:
    image: shell:1
    init: true
    stop_grace_period: 0s
    network_mode: none
    restart: always
    command: ['sh', '-c', 'echo RELEASE >/tmp/r; exec sleep 100000']
    depends_on: [db]
  db:
    image: shell:1
    init: true
    stop_grace_period: 0s
    network_mode: none
    restart: always
    command: ['sh', '-c', 'touch /d/rows; exec sleep 100000']
    volumes: ['data:/d']
volumes: {data: {name: VOLUME}}
";

/// The hook waits, if it is to, until somebody has done something to the engine.
const RECIPE: &str = "hooks: {migrate: {run: 'cd $TRANSSHIP_INSTALL; rm armed || exit 0; touch waits; \
                      while test -e waits; do sleep 0.1; done', up: [db]}}";

struct Restarted {
    engine: Engine,
    home: tempfile::TempDir,
}

impl Restarted {
    fn new() -> Self {
        let (engine, home) = (Engine::start(), tempfile::tempdir().unwrap());
        let image = home.path().join("image.tar").display().to_string();
        let save = ["save", "-o", &image, "shell:1"];
        let saved = Command::new("docker").args(save).status();
        assert!(saved.unwrap().success());
        let loaded = engine.docker(&["load", "-i", &image]);
        assert!(loaded.status.success(), "{}", said(&loaded));
        for number in [1, 2] {
            let release = home.path().join(format!("releases/v{number}"));
            fs::create_dir_all(&release).unwrap();
            let text = COMPOSE.replace("NAME", &format!("own{number}"));
            let text = text.replace("RELEASE", &format!("v{number}"));
            let text = text.replace("VOLUME", &format!("own{number}_data"));
            put_text(&release.join("docker-compose.yml"), &text);
        }
        put_text(&home.path().join("transship.yml"), RECIPE);
        let restarted = Self { engine, home };
        restarted.ran(&["init", "--current", "v1"]).exits(0);
        restarted.ran(&["up", "v1"]).exits(0);
        assert_eq!(restarted.answer().as_deref(), Some("v1"));
        restarted
    }

    fn root(&self) -> &Path {
        self.home.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command
            .args(args)
            .env("DOCKER_HOST", self.engine.address())
            .current_dir(self.root());
        command
    }

    fn ran(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// Begins an upgrade, and waits until its hook waits.
    fn begun(&self) -> Child {
        put_text(&self.root().join("armed"), "");
        let args = ["upgrade", "v2", "--yes", "--theirs", "docker-compose.yml"];
        let mut command = self.command(&[&args[..], &["--prefix", "own2_"]].concat());
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while !self.root().join("waits").exists() {
            let ended = child.try_wait().unwrap();
            if ended.is_some() || begun.elapsed() > Duration::from_mins(3) {
                let _ = child.kill();
                panic!(
                    "it never waited: {}",
                    said(&child.wait_with_output().unwrap())
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        child
    }

    /// Lets the hook go on.
    fn go(&self) {
        fs::remove_file(self.root().join("waits")).unwrap();
    }

    /// The release whose web service runs, if it is one.
    fn answer(&self) -> Option<String> {
        let filters = [
            "ps",
            "-q",
            "--filter",
            "label=com.docker.compose.service=web",
        ];
        let found = String::from_utf8(self.engine.docker(&filters).stdout).unwrap();
        let mut found = found.lines();
        let (id, other) = (found.next()?, found.next());
        assert_eq!(other, None, "both run");
        let told = self.engine.docker(&["exec", id, "cat", "/tmp/r"]);
        Some(String::from_utf8(told.stdout).unwrap().trim().to_owned())
    }

    fn db(&self, script: &str) -> String {
        let filters = [
            "ps",
            "-q",
            "--filter",
            "label=com.docker.compose.service=db",
        ];
        let found = String::from_utf8(self.engine.docker(&filters).stdout).unwrap();
        let told = self
            .engine
            .docker(&["exec", found.trim(), "sh", "-c", script]);
        String::from_utf8(told.stdout).unwrap().trim().to_owned()
    }

    fn current(&self) -> PathBuf {
        fs::read_link(self.root().join("current")).unwrap()
    }
}

#[test]
fn an_engine_that_is_restarted_in_the_window_or_a_reboot_leaves_one_release_answering() {
    if !(need::root() && need::docker()) {
        return;
    }
    let mut restarted = Restarted::new();
    restarted.db("echo kept >/d/rows");

    // The engine alone: its policy has started the old release beside what comes up, which is seen.
    let child = restarted.begun();
    restarted.engine.restart();
    restarted.go();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    assert!(
        said(&output).contains("v1 serves again"),
        "{}",
        said(&output)
    );
    assert_eq!(restarted.answer().as_deref(), Some("v1"));
    assert_eq!(restarted.db("cat /d/rows"), "kept");
    assert_eq!(restarted.current(), PathBuf::from("releases/v1"));
    restarted.ran(&["rollback", "--discard", "--yes"]).exits(0);

    // The whole machine: the revived release has written what was copied of it, so that going on would
    // leave that behind.
    let mut child = restarted.begun();
    child.kill().unwrap();
    child.wait().unwrap();
    restarted.go();
    restarted.engine.restart();
    restarted
        .ran(&["resume"])
        .exits(5)
        .complains("`own1_data` was written since it was copied")
        .complains("v1 serves again");
    assert_eq!(restarted.answer().as_deref(), Some("v1"));
    assert_eq!(restarted.db("cat /d/rows"), "kept");
    assert_eq!(restarted.current(), PathBuf::from("releases/v1"));
}

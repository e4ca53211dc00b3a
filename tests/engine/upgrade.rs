//! An upgrade of what runs, on a real engine: the old release serves until the window and the new one
//! after it; what fails in between ends with the old one answering, by the very containers that it had.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::lab::{Lab, put_text};
use super::need;
use super::outage::{Outage, ask, free_port};
use super::program::Ran;
use super::replacing::Pair;

/// An install whose release v1 runs, and what its two releases are.
pub(super) struct Upgrade {
    pub(super) pair: Pair,
    pub(super) port: u16,
}

/// A web server on the host's port that serves its release's name, and a database of sorts. `WEB` and
/// `DB` are for more lines of the services.
const COMPOSE: &str = "\
services:
  web:
    image: shell:1
    init: true
    stop_grace_period: 0s
    ports: ['127.0.0.1:PORT:80']
    command: ['sh', '-c', 'mkdir /tmp/w; echo RELEASE >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w']
    depends_on: [db]
WEB  db:
    image: shell:1
    init: true
    stop_grace_period: 0s
    command: ['sh', '-c', 'touch /d/rows; exec sleep 100000']
    volumes: ['data:/d']
DBvolumes: {data: {name: VOLUME}}
";

/// What the web server runs.
const SERVES: &str = "exec httpd -f -p 80 -h /tmp/w";

/// What differs from the plain release of the fixture.
#[derive(Default, Clone, Copy)]
pub(super) struct Extra<'a> {
    pub(super) web: &'a str,
    pub(super) db: &'a str,
}

/// The compose file of a release.
pub(super) fn text(lab: &Lab, port: u16, number: u8, web: &str, db: &str) -> String {
    COMPOSE
        .replace("WEB", web)
        .replace("DB", db)
        .replace("PORT", &port.to_string())
        .replace("RELEASE", &format!("v{number}"))
        .replace("VOLUME", &lab.name(&format!("{number}_data")))
        .replace("OWN", &lab.name(""))
}

impl Upgrade {
    /// Both releases have `both`, and the new one `new`, too. The old one is up.
    pub(super) fn new(test: &str, both: Extra<'_>, new: Extra<'_>) -> Self {
        let port = free_port();
        let pair = Pair::new(test, |lab, number| {
            let both = [both.web, both.db].map(str::to_owned);
            let new = [new.web, new.db];
            let of = |which: usize| match number {
                1 => both[which].clone(),
                _ => format!("{}{}", both[which], new[which]),
            };
            text(lab, port, number, &of(0), &of(1))
        });
        Self::up(pair, port)
    }

    /// The old one of two releases that publish `port`, up.
    pub(super) fn up(pair: Pair, port: u16) -> Self {
        let upgrade = Self { pair, port };
        let a = upgrade.project("a");
        upgrade.pair.runs(&["up", "v1", "-p", &a]);
        assert_eq!(upgrade.answer().as_deref(), Some("v1"));
        upgrade
    }

    /// Lays out another release, as plain as the first.
    pub(super) fn write_release(&self, number: u8) {
        let folder = self.pair.home.path().join(format!("releases/v{number}"));
        fs::create_dir(&folder).unwrap();
        let text = text(&self.pair.lab, self.port, number, "", "");
        put_text(&folder.join("docker-compose.yml"), &text);
    }

    /// The host's port that the releases publish.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn project(&self, name: &str) -> String {
        self.pair.lab.name(name)
    }

    /// Upgrades to v2.
    pub(super) fn upgrade(&self, more: &[&str]) -> Ran {
        Ran::of(&mut self.upgrading(more))
    }

    /// The command that does.
    pub(super) fn upgrading(&self, more: &[&str]) -> Command {
        let (b, prefix) = (self.project("b"), self.pair.lab.name("two_"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command
            .args(["upgrade", "v2", "--yes", "-p", &b, "--prefix", &prefix])
            .args(["--theirs", "docker-compose.yml"])
            .args(more)
            .current_dir(self.pair.home.path());
        command
    }

    /// The release that answers on the host's port; it may have started a moment ago.
    pub(super) fn answer(&self) -> Option<String> {
        for _ in 0..600 {
            if let Some(found) = ask(self.port) {
                return Some(found);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        None
    }

    /// The ids of a project's containers that run, sorted.
    pub(super) fn running(&self, project: &str) -> Vec<String> {
        let filter = format!("label=com.docker.compose.project={}", self.project(project));
        let ids = self
            .pair
            .lab
            .docker(&["ps", "-q", "--no-trunc", "--filter", &filter]);
        let mut ids: Vec<_> = ids.lines().map(str::to_owned).collect();
        ids.sort();
        ids
    }

    pub(super) fn db(&self, project: &str, script: &str) -> String {
        let ours = format!("label=com.docker.compose.project={}", self.project(project));
        let db = "label=com.docker.compose.service=db";
        let id = self
            .pair
            .lab
            .docker(&["ps", "-q", "--filter", &ours, "--filter", db]);
        self.pair.lab.docker(&["exec", &id, "sh", "-c", script])
    }

    pub(super) fn current(&self) -> PathBuf {
        fs::read_link(self.pair.home.path().join("current")).unwrap()
    }

    /// The old release serves, by the containers `before`, and nothing of the new one runs.
    #[track_caller]
    pub(super) fn is_old(&self, before: &[String], case: &str) {
        assert_eq!(self.answer().as_deref(), Some("v1"), "{case}");
        assert_eq!(self.running("a"), before, "{case}");
        assert_eq!(self.running("b"), Vec::<String>::new(), "{case}");
        assert_eq!(self.current(), PathBuf::from("releases/v1"), "{case}");
    }
}

pub(super) fn can() -> bool {
    need::docker() && need::root()
}

#[test]
fn one_command_upgrades_what_runs_and_rollback_has_the_old_containers_back() {
    if !can() {
        return;
    }
    let named = Extra {
        db: "    container_name: OWNdb\n",
        ..Extra::default()
    };
    let upgrade = Upgrade::new("flow", named, Extra::default());
    let before = upgrade.running("a");
    upgrade.db("a", "echo old >/d/rows");
    // Asked of the new release before the switch, and of the old one before `current` goes back.
    let root = upgrade.pair.home.path();
    let recipe = "checks: [{command: 'readlink ../../current >>../../currents'}]";
    put_text(&root.join("transship.yml"), recipe);
    let currents = || fs::read_to_string(root.join("currents")).unwrap();

    // How long a check takes to be well, nobody knows yet.
    let limit = ["--max-downtime", "10m"];
    let refused = upgrade.upgrade(&limit).exits(3);
    let refused = refused.complains("it isn't known how long it would be down: stop");
    refused.complains("checks unknown");
    assert_eq!(upgrade.running("a"), before);

    let outage = Outage::watch(upgrade.port);
    let ran = upgrade.upgrade(&[&limit[..], &["--accept-unknown-downtime"]].concat());
    let ran = ran.exits(0).prints("Expected downtime: unknown");
    let ran = ran
        .prints("Before, while v1 serves:")
        .prints("In the window, while neither serves")
        .prints("the ports that are published were asked four times a second");
    outage.expect_told(&ran.out);
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    assert_eq!(upgrade.running("a"), Vec::<String>::new());
    assert_eq!(upgrade.running("b").len(), 2);
    assert_eq!(upgrade.db("b", "cat /d/rows"), "old");
    assert_eq!(upgrade.current(), PathBuf::from("releases/v2"));
    assert_eq!(currents(), "releases/v1\n");

    // Back, with what was written since told, and left behind only when that is said.
    upgrade.db("b", "echo new >>/d/rows");
    upgrade
        .pair
        .ran(&["rollback"])
        .exits(3)
        .complains("--accept-data-loss");
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    let outage = Outage::watch(upgrade.port);
    let ran = upgrade.pair.ran(&["rollback", "--accept-data-loss"]);
    outage.expect_told(&ran.exits(0).out);
    upgrade.is_old(&before, "rolled back");
    assert_eq!(currents(), "releases/v1\nreleases/v2\n");
    assert_eq!(upgrade.db("a", "cat /d/rows"), "old");

    // All of the new one goes when that is asked for, and it can be had again.
    upgrade
        .pair
        .ran(&["rollback", "--discard", "--yes"])
        .exits(0);
    let filter = format!("label=com.docker.compose.project={}", upgrade.project("b"));
    for kind in [
        &["ps", "-aq"][..],
        &["volume", "ls", "-q"],
        &["network", "ls", "-q"],
    ] {
        let left = upgrade
            .pair
            .lab
            .docker(&[kind, &["--filter", &filter]].concat());
        assert_eq!(left, "", "{kind:?}");
    }
    upgrade.is_old(&before, "discarded");

    // Now it is known how long it takes.
    let refused = upgrade.upgrade(&["--max-downtime", "1s"]).exits(3);
    refused.complains("it would be down for about");
    let ran = upgrade.upgrade(&limit).exits(0);
    let ran = ran.prints("as the last upgrade here");
    ran.prints("expected when it was planned");
}

/// A way to fail in the window.
pub(super) struct Failing<'a> {
    /// The recipe.
    pub(super) recipe: &'a str,
    /// What the new release's web server has besides.
    pub(super) web: &'a str,
    /// And what its database of sorts has.
    pub(super) db: &'a str,
    /// What it runs.
    pub(super) runs: &'a str,
    /// What `current` is then.
    pub(super) current: &'a str,
    /// What the old release's containers are then: those that they were, or ones like them.
    pub(super) anew: bool,
    /// What is said of the cause.
    pub(super) says: &'a str,
}

impl Default for Failing<'_> {
    fn default() -> Self {
        Self {
            recipe: "",
            web: "",
            db: "",
            runs: SERVES,
            current: "releases/v1",
            anew: false,
            says: "",
        }
    }
}

impl Upgrade {
    /// Each of these ends with exit code 5 and the old release serving.
    pub(super) fn comes_back(&self, cases: &[Failing<'_>]) {
        for Failing {
            recipe,
            web,
            db,
            runs,
            current,
            anew,
            says,
        } in cases
        {
            let own = self.pair.lab.name("");
            let (root, v2) = (self.pair.home.path(), "releases/v2/docker-compose.yml");
            put_text(&root.join("transship.yml"), &recipe.replace("OWN", &own));
            let (web, db) = (web.replace("OWN", &own), db.replace("OWN", &own));
            let text = text(&self.pair.lab, self.port, 2, &web, &db).replace(SERVES, runs);
            put_text(&root.join(v2), &text);
            let before = self.running("a");
            assert_eq!(before.len(), 2, "{says}");
            self.db("a", "echo kept >/d/rows");
            let ran = self.upgrade(&[]).exits(5);
            ran.complains("v1 serves again").complains(says);
            let now = self.running("a");
            match anew {
                true => assert_eq!(now.len(), 2, "{says}"),
                false => assert_eq!(now, before, "{says}"),
            }
            assert_eq!(self.current(), PathBuf::from(current), "{says}");
            // Whoever repointed it has it back as it was.
            let link = root.join("current");
            fs::remove_file(&link).unwrap();
            std::os::unix::fs::symlink("releases/v1", &link).unwrap();
            self.is_old(&now, says);
            assert_eq!(self.db("a", "cat /d/rows"), "kept", "{says}");
            // What it made is kept for a look, and goes when that is said.
            self.pair.ran(&["rollback", "--discard", "--yes"]).exits(0);
            self.is_old(&now, says);
        }
    }
}

#[test]
fn a_new_release_that_does_not_come_up_well_makes_way_for_the_old_one() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("sick", Extra::default(), Extra::default());
    upgrade.comes_back(&[
        Failing {
            runs: "echo no licence >&2; exit 3",
            says: "no licence",
            ..Failing::default()
        },
        Failing {
            web: "    healthcheck: {test: 'echo too sick; false', interval: 1s, retries: 1}\n",
            says: "too sick",
            ..Failing::default()
        },
        Failing {
            recipe: "checks: [{command: 'grep -q v1 /tmp/w/index.html', service: web, within: 2s}]",
            says: "v2 wasn't well within 2 s",
            ..Failing::default()
        },
        Failing {
            recipe: "hooks: {migrate: {run: 'ln -sfn releases/v9 ../../current', up: [db]}, \
                     after-up: 'true'}",
            says: "was repointed by somebody else",
            current: "releases/v9",
            ..Failing::default()
        },
    ]);
}

#[test]
fn a_hook_that_fails_in_the_window_brings_the_old_release_back() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("hooked", Extra::default(), Extra::default());
    upgrade.comes_back(&[
        Failing {
            recipe: "hooks: {before-stop: 'echo not today; exit 7'}",
            says: "hook `before-stop`: it ended with exit status: 7: not today",
            ..Failing::default()
        },
        Failing {
            recipe: "hooks: {migrate: {run: 'exit 9', up: [db]}}",
            says: "hook `migrate`: it ended with exit status: 9",
            ..Failing::default()
        },
        Failing {
            recipe: "hooks: {migrate: {run: 'sleep 60', within: 1s}}",
            says: "it took longer than 1 s",
            ..Failing::default()
        },
        Failing {
            recipe: "hooks: {migrate: {run: [no-such-program], service: web}}",
            says: "hook `migrate`",
            ..Failing::default()
        },
        Failing {
            recipe: "hooks: {migrate: 'kill -INT $PPID; sleep 3'}",
            says: "interrupted",
            ..Failing::default()
        },
    ]);
}

#[test]
fn what_somebody_removes_of_the_old_release_is_made_anew_of_the_images_that_it_had() {
    if !can() {
        return;
    }
    let own = Extra {
        web: "    environment: {OWN: OWN}\n",
        ..Extra::default()
    };
    let upgrade = Upgrade::new("removed", own, Extra::default());
    let ours = "label=com.docker.compose.project=OWNa";
    let removed = format!("docker rm -f $(docker ps -aq --filter {ours}); exit 1");
    upgrade.comes_back(&[
        Failing {
            recipe: &format!("hooks: {{migrate: '{removed}'}}"),
            anew: true,
            says: "hook `migrate`",
            ..Failing::default()
        },
        Failing {
            recipe: "hooks: {migrate: 'docker network rm OWNa_default; exit 1'}",
            anew: true,
            says: "hook `migrate`",
            ..Failing::default()
        },
        // No compose file is needed for containers that are there.
        Failing {
            recipe: "hooks: {before-stop: 'echo [ >docker-compose.yml', migrate: 'exit 1'}",
            says: "hook `migrate`",
            ..Failing::default()
        },
    ]);
}

#[test]
fn a_run_that_is_killed_in_the_window_is_gone_on_with_or_taken_back() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("killed", Extra::default(), Extra::default());
    let before = upgrade.running("a");
    let recipe = "hooks: {migrate: 'rm $TRANSSHIP_INSTALL/kill && kill -KILL $PPID; exit 0'}";
    let root = upgrade.pair.home.path();
    put_text(&root.join("transship.yml"), recipe);
    for verb in ["rollback", "resume"] {
        put_text(&root.join("kill"), "");
        upgrade.db("a", &format!("echo {verb} >/d/rows"));
        assert_eq!(upgrade.upgrade(&[]).code, -1, "killed");
        assert_eq!(
            upgrade.answer().as_deref(),
            Some("v2"),
            "which was started, and no more"
        );
        assert_eq!(upgrade.current(), PathBuf::from("releases/v1"));
        let ran = upgrade.pair.ran(&[verb]).exits(0);
        match verb {
            // How long the killed run had it down, its journal alone tells.
            "resume" => ran
                .prints("down for about")
                .prints("another process began it"),
            _ => ran.prints("down for"),
        };
        if verb == "rollback" {
            upgrade.is_old(&before, verb);
            assert_eq!(upgrade.db("a", "cat /d/rows"), verb);
        }
    }
    assert_eq!(upgrade.answer().as_deref(), Some("v2"));
    assert_eq!(upgrade.running("a"), Vec::<String>::new());
    assert_eq!(upgrade.db("b", "cat /d/rows"), "resume");
    assert_eq!(upgrade.current(), PathBuf::from("releases/v2"));
}

//! `transship conflicts`: what collides side by side, and how it is put right.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::common::install::run;
use super::common::need;
use super::common::program::{Ran, transship};

const COMPOSE: &str = "\
services:
  web:
    image: shell:1
    container_name: NAME # fixed
    command: sleep 1000
    stop_grace_period: 0s
    ports: ['127.0.0.1:${PORT}:80']
    volumes: ['data:/data']
    networks: [front]
volumes:
  data:
    name: NAME_data
networks:
  front: {name: NAME_front}
";

/// Two releases of one vendor, the second with the first one's names.
struct Pair {
    folder: tempfile::TempDir,
    name: String,
}

impl Pair {
    fn new(name: &str, port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for release in ["v1", "v2"] {
            let release = folder.path().join("releases").join(release);
            fs::create_dir_all(&release).unwrap();
            let text = COMPOSE.replace("NAME", name);
            fs::write(release.join("compose.yaml"), text).unwrap();
            fs::write(release.join(".env"), format!("PORT={port}\n")).unwrap();
        }
        let name = name.to_owned();
        Self { folder, name }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, args: &[&str]) -> Ran {
        transship(
            self.path(),
            ["conflicts"].into_iter().chain(args.iter().copied()),
        )
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path().join("releases").join(file)).unwrap()
    }
}

#[test]
fn releases_that_collide_are_told_with_both_places_and_a_remedy() {
    let pair = Pair::new("one", 8080);
    let ran = pair.run(&["v1", "v2"]).exits(1);
    let releases = pair.path().canonicalize().unwrap().join("releases");
    let expect = format!(
        "volume-name: one_data\n  {0}/v1/compose.yaml:12:5: data\n  {0}/v2/compose.yaml:12:5: \
         data\n  try: give it a name of its own: `--fix`, or `transship volume prefix`\n",
        releases.display()
    );
    assert!(ran.out.starts_with(&expect), "{}", ran.out);
    let ran = ran
        .prints("container-name: one\n")
        .prints("host-port: 8080/tcp\n");
    ran.prints("network-name: one_front\n")
        .complains("4 conflicts");
    let json = pair.run(&["v1", "v2", "--json"]).exits(1).json();
    let first = &json["conflicts"][0];
    assert_eq!(first["rule"], "volume-name");
    assert_eq!(first["second"]["at"]["line"], 12);
    assert_eq!(first["second"]["project"], "v2");
}

#[test]
fn fix_edits_the_second_release_and_its_env_and_nothing_is_left() {
    let pair = Pair::new("one", 8080);
    let before = [pair.read("v1/compose.yaml"), pair.read("v2/compose.yaml")];
    let args = ["v1", "v2", "--fix", "--port-offset", "100"];
    let shown = pair.run(&[&args[..], &["--dry-run"]].concat()).exits(0);
    let shown = shown.prints("+    container_name: one-v2 # fixed");
    shown.complains("nothing collides");
    assert_eq!(pair.read("v2/compose.yaml"), before[1]);
    pair.run(&args).exits(0).complains("PORT: 8080 -> 8180");
    let expect = before[1]
        .replace("name: one # fixed", "name: one-v2 # fixed")
        .replace("name: one_data", "name: v2_data")
        .replace("name: one_front", "name: v2_front");
    assert_eq!(pair.read("v2/compose.yaml"), expect);
    assert_eq!(pair.read("v2/.env"), "PORT=8180\n");
    assert_eq!(pair.read("v1/compose.yaml"), before[0]);
    assert_eq!(pair.read("v1/.env"), "PORT=8080\n");
    pair.run(&["v1", "v2"])
        .exits(0)
        .complains("nothing collides");
}

#[test]
fn what_fix_leaves_is_listed_and_the_exit_code_says_so() {
    let pair = Pair::new("one", 8080);
    let ran = pair.run(&["v1", "v2", "--fix"]).exits(1);
    ran.prints("host-port: 8080/tcp").complains("1 conflict");
    let json = pair.run(&["v1", "v2", "--fix", "--json"]).exits(1).json();
    assert_eq!(json["conflicts"].as_array().unwrap().len(), 1);
    assert_eq!(json["fixed"]["files"][0]["changed"], false);
    pair.run(&["v1", "v2", "--fix", "--port-offset", "60000"])
        .exits(3)
        .complains("`--port-offset 1` works");
}

#[test]
fn one_file_can_not_be_edited_for_one_of_two_sides() {
    let pair = Pair::new("one", 8080);
    let args = ["v1", "v1", "-p", "second", "--fix", "--port-offset", "1"];
    pair.run(&args)
        .exits(1)
        .complains("another side is made of it");
    assert_eq!(pair.read("v1/.env"), "PORT=8080\n");
}

#[test]
fn sides_are_files_folders_or_releases() {
    let pair = Pair::new("one", 8080);
    let file = "releases/v2/compose.yaml";
    for side in [
        "releases/v2",
        file,
        "releases/v2/compose.yaml:releases/v1/compose.yaml",
    ] {
        pair.run(&["releases/v1", side]).exits(1);
    }
    pair.run(&["v1", "v9"])
        .exits(2)
        .complains("neither a compose file");
    pair.run(&["v1", "."])
        .exits(2)
        .complains("no compose file in `.`");
    pair.run(&["v1"]).exits(2).complains("`--running`");
    pair.run(&["v1", "v2", "--dry-run"])
        .exits(2)
        .complains("`--fix`");
    pair.run(&["v1", "v2", "--suffix", "x"])
        .exits(2)
        .complains("--fix");
    let same = pair.run(&["v1", "v2", "-p", "v1"]).exits(1);
    same.prints("project-name: v1\n  project v1\n  project v1\n");
}

fn docker(args: &[&str]) -> String {
    run(Command::new("docker").args(args))
}

/// Takes away what a test brought up.
struct Up<'a>(&'a Pair, &'static str);

impl Up<'_> {
    fn compose(&self, args: &[&str]) {
        let mut command = Command::new("docker");
        let folder = self.0.path().join("releases").join(self.1);
        let project = format!("{}{}", self.0.name, self.1);
        let lead = ["compose", "-p", &project];
        run(command.args(lead).args(args).current_dir(folder));
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        self.compose(&["down", "-v", "--timeout", "0"]);
    }
}

#[test]
fn a_release_that_would_collide_with_what_runs_is_fixed_and_comes_up_beside_it() {
    if !need::docker() {
        return;
    }
    let name = format!("transshipconflicts{}", std::process::id());
    let port = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let pair = Pair::new(&name, port);
    let first = Up(&pair, "v1");
    first.compose(&["up", "-d", "--pull", "never"]);
    let itself = format!("{name}v1");
    pair.run(&["v1", "--running", "-p", &itself]).exits(0);
    let project = format!("{name}v2");
    let running = ["v2", "--running", "-p", &project];
    let found = pair.run(&running).exits(1);
    for (rule, subject) in [
        ("container-name", &name),
        ("volume-name", &format!("{name}_data")),
        ("network-name", &format!("{name}_front")),
        ("host-port", &format!("{port}/tcp")),
    ] {
        let holder = format!("{name} of project {itself}");
        assert!(
            found.out.contains(&format!("{rule}: {subject}\n")),
            "{}",
            found.out
        );
        assert!(found.out.contains(&holder), "{}", found.out);
    }
    let fix = [&running[..], &["--fix", "--port-offset", "10001"]].concat();
    pair.run(&fix).exits(0);
    let second = Up(&pair, "v2");
    second.compose(&["up", "-d", "--pull", "never"]);
    let up = docker(&["ps", "--format", "{{.Names}}"]);
    assert!(up.lines().any(|line| line == name), "{up}");
    assert!(
        up.lines().any(|line| *line == format!("{name}-{project}")),
        "{up}"
    );
}

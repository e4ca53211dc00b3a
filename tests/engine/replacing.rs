//! After an upgrade the new release takes the old one's place, and the old one its place back.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::document;
use super::lab::{Lab, put_text};
use super::need;
use super::program::{Ran, transship};

/// An install of two releases, each with the compose file that `file` gives for 1 and 2.
pub(super) struct Pair {
    pub(super) lab: Lab,
    pub(super) home: tempfile::TempDir,
}

impl Pair {
    pub(super) fn new(test: &str, file: impl Fn(&Lab, u8) -> String) -> Self {
        let (lab, home) = (Lab::new(test), tempfile::tempdir().unwrap());
        for number in [1, 2] {
            let release = home.path().join(format!("releases/v{number}"));
            fs::create_dir_all(&release).unwrap();
            put_text(&release.join("docker-compose.yml"), &file(&lab, number));
        }
        let pair = Self { lab, home };
        pair.runs(&["init", "--current", "v1"]);
        pair
    }

    pub(super) fn ran(&self, args: &[&str]) -> Ran {
        transship(self.home.path(), args.iter().copied())
    }

    #[track_caller]
    pub(super) fn runs(&self, args: &[&str]) -> Ran {
        let ran = self.ran(args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
        ran
    }

    /// Upgrades from the project `a` to `b`, as the README says, and brings the new one up.
    fn upgrade(&self) {
        self.upgrade_with(&[]);
    }

    /// The same, with answers to what `plan` asks.
    fn upgrade_with(&self, answers: &[&str]) {
        let (a, b) = (self.lab.name("a"), self.lab.name("b"));
        let prefix = self.lab.name("two_");
        self.runs(&["up", "v1", "-p", &a]);
        let plan = [
            "plan",
            "v2",
            "-p",
            &b,
            "--from-project",
            &a,
            "--prefix",
            &prefix,
        ];
        self.runs(&[&plan, answers].concat());
        self.runs(&["stop", "v1"]);
        self.runs(&["apply"]);
        self.runs(&["up", "v2"]);
    }

    /// The names of what runs, sorted.
    fn running(&self) -> Vec<String> {
        let filter = format!("name={}", self.lab.name(""));
        let names = self
            .lab
            .docker(&["ps", "--filter", &filter, "--format", "{{.Names}}"]);
        let mut names: Vec<_> = names.lines().map(str::to_owned).collect();
        names.sort();
        names
    }
}

/// Lets go of the images that runs of this install hold.
pub(super) fn let_images_go(home: &Path) {
    // The holds of this install alone.
    let id = fs::read_to_string(home.join(".transship/id"));
    let id: serde_json::Value = serde_json::from_str(&id.unwrap_or_default()).unwrap_or_default();
    let Some(id) = id["body"]["id"].as_str() else {
        return;
    };
    let held = format!("transship-held-{}", &id[..12]);
    let run = |args: &[&str]| {
        let output = Command::new("docker").args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for one in run(&["ps", "-aq", "--filter", &format!("name={held}")]).lines() {
        run(&["rm", "-f", one]);
    }
    let format = "{{.Repository}}:{{.Tag}}";
    let repository = format!("transship-held/{}", &id[..12]);
    for one in run(&["image", "ls", "--format", format, &repository]).lines() {
        run(&["image", "rm", one]);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let_images_go(self.home.path());
        for project in ["a", "b"] {
            let project = self.lab.name(project);
            let down = ["compose", "-p", &project, "down", "--volumes", "-t", "0"];
            let _ = Command::new("docker").args(down).output();
        }
    }
}

fn can() -> bool {
    need::docker() && need::root()
}

const SERVICE: &str = "    image: shell:1
    init: true
    stop_grace_period: 0s
    command: [sleep, '1000']
";

#[test]
fn up_uses_the_project_that_was_planned_and_not_the_vendor_s() {
    if !can() {
        return;
    }
    let pair = Pair::new("planned", |lab, number| {
        let (vendor, volume) = (lab.name("vendor"), lab.name(&format!("{number}_data")));
        format!(
            "name: {vendor}\nservices:\n  db:\n{SERVICE}    volumes: ['data:/d']\nvolumes: {{data: {{name: {volume}}}}}\n"
        )
    });
    let (a, b) = (pair.lab.name("a"), pair.lab.name("b"));
    pair.runs(&["up", "v1", "-p", &a]);
    pair.lab.docker(&[
        "exec",
        &format!("{a}-db-1"),
        "sh",
        "-c",
        "echo precious >/d/rows",
    ]);
    let prefix = pair.lab.name("two_");
    pair.runs(&[
        "plan",
        "v2",
        "-p",
        &b,
        "--from-project",
        &a,
        "--prefix",
        &prefix,
    ]);
    // Without a run that knows it, the engine does.
    pair.runs(&["stop", "v1"]);
    pair.runs(&["apply"]);
    let up = document::check("up", &pair.runs(&["up", "v2", "--json"]));
    assert_eq!(up["project"], b, "{up:#}");
    let rows = pair
        .lab
        .docker(&["exec", &format!("{b}-db-1"), "cat", "/d/rows"]);
    assert_eq!(rows, "precious");
    pair.runs(&["stop", "v2"]);
    assert_eq!(pair.running(), Vec::<String>::new());
}

#[test]
fn names_and_subnets_and_external_volumes_pass_over_and_back() {
    if !can() {
        return;
    }
    let pair = Pair::new("passing", |lab, number| {
        let (name, external) = (lab.name("app"), lab.name("media"));
        let volume = lab.name(&format!("{number}_data"));
        format!(
            "services:\n  web:\n{SERVICE}    container_name: {name}\n    volumes: ['data:/d', 'media:/m']
networks: {{default: {{ipam: {{config: [{{subnet: 10.213.77.0/24}}]}}}}}}
volumes: {{data: {{name: {volume}}}, media: {{external: true, name: {external}}}}}\n"
        )
    });
    let (app, media) = (pair.lab.name("app"), pair.lab.name("media"));
    pair.lab.docker(&["volume", "create", &media]);
    pair.upgrade_with(&["--share", "media"]);
    let project = |name: &str| {
        let label = "{{index .Config.Labels \"com.docker.compose.project\"}}";
        pair.lab.docker(&["inspect", "--format", label, name])
    };
    assert_eq!(pair.running(), [app.as_str()]);
    assert_eq!(project(&app), pair.lab.name("b"));
    let mounts = pair.lab.docker(&[
        "inspect",
        "--format",
        "{{range .Mounts}}{{.Name}} {{end}}",
        &app,
    ]);
    assert!(mounts.contains(&media), "{mounts}");
    // And back, by the same words.
    let stopped = document::check("stop", &pair.runs(&["stop", "v2", "--json"]));
    assert_eq!(stopped["containers"][0]["running"], false, "{stopped:#}");
    pair.runs(&["rollback"]);
    let up = document::check("up", &pair.runs(&["up", "v1", "--json"]));
    assert_eq!(up["containers"][0]["name"], app, "{up:#}");
    assert!(!up["gives_way"].as_array().unwrap().is_empty(), "{up:#}");
    assert_eq!(pair.running(), [app.as_str()]);
    assert_eq!(project(&app), pair.lab.name("a"));
}

#[test]
fn while_the_old_release_runs_the_new_one_comes_up_beside_it() {
    if !can() {
        return;
    }
    let pair = Pair::new("besides", |lab, number| {
        let (name, volume) = (lab.name("app"), lab.name(&format!("{number}_data")));
        format!(
            "services:\n  web:\n{SERVICE}    container_name: {name}\n    volumes: ['data:/d']\nvolumes: {{data: {{name: {volume}}}}}\n"
        )
    });
    pair.upgrade();
    let (app, b) = (pair.lab.name("app"), pair.lab.name("b"));
    assert_eq!(pair.running(), [app.as_str()]);
    let up = pair.runs(&["up", "v1"]);
    assert!(
        up.err.contains(&format!(
            "note: project {b}, which this would replace, runs still"
        )),
        "{}",
        up.err
    );
    assert_eq!(pair.running().len(), 2);
}

#[test]
fn a_tmpfs_collides_with_nothing() {
    if !can() {
        return;
    }
    let pair = Pair::new("tmpfs", |_, _| {
        format!("services:\n  web:\n{SERVICE}    volumes: ['./conf:/etc/conf']\n")
    });
    fs::create_dir(Path::new(pair.home.path()).join("releases/v1/conf")).unwrap();
    let name = pair.lab.name("cache");
    let mount = "type=tmpfs,target=/cache";
    pair.lab.docker(&[
        "run", "-d", "--init", "--net", "none", "--name", &name, "--mount", mount, "shell:1",
        "sleep", "1000",
    ]);
    let project = pair.lab.name("a");
    pair.runs(&["up", "v1", "-p", &project]);
}

#[test]
fn a_stop_that_is_interrupted_ends_with_130_and_says_what_it_waited_for() {
    if !can() {
        return;
    }
    let pair = Pair::new("deaf", |_, _| {
        "services:\n  web:\n    image: shell:1\n    network_mode: none\n    stop_grace_period: 120s\n    \
         command: ['sh', '-c', 'trap : TERM; while :; do sleep 1; done']\n"
            .to_owned()
    });
    let project = pair.lab.name("a");
    pair.runs(&["up", "v1", "-p", &project]);
    let mut stop = Command::new(env!("CARGO_BIN_EXE_transship"));
    stop.args(["stop", "v1"]).current_dir(pair.home.path());
    let run = stop.stderr(Stdio::piped()).spawn().unwrap();
    // As long as Compose needs to be under way.
    std::thread::sleep(Duration::from_secs(4));
    let pressed = Instant::now();
    let pid = rustix::process::Pid::from_child(&run);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = run.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(pressed.elapsed() < Duration::from_secs(30), "{said}");
    assert!(
        said.contains(&format!(
            "interrupted while waiting for project `{project}`"
        )),
        "{said}"
    );
    assert!(said.contains("stopping web (up to 120 s)"), "{said}");
    assert_eq!(pair.running().len(), 1);
}

#[test]
fn an_up_that_fails_half_way_ends_with_4_and_tells_what_runs_by_then() {
    if !can() {
        return;
    }
    let pair = Pair::new("halfway", |_, _| {
        format!(
            "services:\n  db:\n{SERVICE}    network_mode: none\n  sick:\n    image: shell:1\n    network_mode: none\n    \
             command: ['sh', '-c', 'echo no such table >&2; exit 7']\n  web:\n{SERVICE}    network_mode: none\n    \
             depends_on: {{db: {{condition: service_started}}, sick: {{condition: service_completed_successfully}}}}\n"
        )
    });
    let project = pair.lab.name("a");
    let ran = pair.ran(&["up", "v1", "-p", &project]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    let part = format!("project `{project}` was started in part");
    assert!(ran.err.contains(&part), "{}", ran.err);
    assert!(
        ran.err.contains("sick-1` (exit code 7): no such table"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("stop"), "{}", ran.err);
    assert_eq!(pair.running(), [format!("{project}-db-1")]);
}

//! A rehearsal of what runs: the clone has everything twice, answers nowhere but by the way into it, and
//! production serves on by the very containers that it had.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::lab::{Lab, put_text};
use super::need;
use super::program::Ran;
use super::upgrade::{Extra, Upgrade, can};

/// What production is made of: what its containers are and when they were started, and what they hold.
pub(super) fn production(upgrade: &Upgrade, outside: &Path) -> String {
    let lab = &upgrade.pair.lab;
    let mut seen = String::new();
    for id in upgrade.running("a") {
        let format = "{{.Id}} {{.State.StartedAt}} {{.State.Paused}} {{.RestartCount}}";
        seen += &lab.docker(&["inspect", "--format", format, &id]);
        seen.push('\n');
    }
    seen += &upgrade.db("a", "cat /d/rows");
    for tree in [outside, &upgrade.pair.home.path().join("releases")] {
        seen += &upgrade.pair.runs(&["manifest", tree.to_str().unwrap()]).out;
    }
    seen
}

/// Everything of the engine that has a rehearsal's tag, or is held in a clone's name.
pub(super) fn litter(upgrade: &Upgrade) -> String {
    let id = fs::read_to_string(upgrade.pair.home.path().join(".transship/id")).unwrap();
    let id: serde_json::Value = serde_json::from_str(&id).unwrap();
    let tag = format!("-{}-", &id["body"]["id"].as_str().unwrap()[..6]);
    let lab = &upgrade.pair.lab;
    let all = [
        lab.docker(&["ps", "-a", "--format", "{{.Names}}"]),
        lab.docker(&["volume", "ls", "-q"]),
        lab.docker(&["network", "ls", "--format", "{{.Name}}"]),
    ];
    let lines = all.iter().flat_map(|text| text.lines());
    lines.filter(|line| line.contains(&tag)).collect()
}

pub(super) fn rehearse(upgrade: &Upgrade, more: &[&str]) -> Ran {
    towards_v2(upgrade, "rehearse", more)
}

fn towards_v2(upgrade: &Upgrade, verb: &str, more: &[&str]) -> Ran {
    let (b, prefix) = (upgrade.project("b"), upgrade.pair.lab.name("two_"));
    let theirs = ["--theirs", "docker-compose.yml"];
    let args = [verb, "v2", "-p", &b, "--prefix", &prefix];
    upgrade.pair.ran(&[&args[..], &theirs, more].concat())
}

/// What answers at an address, as `ADDRESS:PORT`.
pub(super) fn ask(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split("\r\n\r\n").nth(1).unwrap().trim().to_owned()
}

#[test]
fn what_runs_is_rehearsed_beside_it_there_and_back_and_there_again() {
    if !can() || !need::helper() {
        return;
    }
    let outside = tempfile::tempdir().unwrap();
    put_text(&outside.path().join("row"), "outside");
    let path = outside.path().to_str().unwrap();
    let web = format!(
        "    volumes: ['{path}:/x']\n    environment: {{STORE: OWNdb}}\n    healthcheck: {{test: 'wget -q -O /dev/null http://127.0.0.1/', interval: 1s}}\n"
    );
    let both = Extra {
        web: &web,
        db: "    container_name: OWNdb\n",
    };
    let upgrade = Upgrade::new("rehearse", both, Extra::default());
    upgrade.db("a", "echo old >/d/rows");
    let port = upgrade.port();
    let recipe = format!(
        "checks: [{{http: 'http://localhost:{port}/', within: 20s}}]\n\
         neutralize:\n- {{service: db, run: 'echo quiet >/d/mode'}}\n\
         - {{service: web, up: [db], run: 'ping -c 1 $STORE && ! ping -c 1 web && echo quiet >/x/mode'}}\n"
    );
    put_text(&upgrade.pair.home.path().join("transship.yml"), &recipe);
    let before = production(&upgrade, outside.path());

    rehearse(&upgrade, &["--share", path])
        .exits(3)
        .complains("--pause");
    let ran = rehearse(&upgrade, &["--share", path, "--pause", "--keep", "--json"]).exits(0);
    assert_eq!(production(&upgrade, outside.path()), before);
    assert_eq!(
        upgrade.answer().as_deref(),
        Some("v1"),
        "production serves on"
    );
    let ran = ran.json();
    let rehearsal = &ran["rehearsal"];
    assert_eq!(rehearsal["findings"], serde_json::json!([]));
    let kinds: Vec<_> = rehearsal["rounds"].as_array().unwrap().iter().collect();
    assert_eq!(kinds.len(), 4, "{rehearsal}");
    assert!(kinds[0]["downtime"]["milliseconds"].as_u64().unwrap() > 0);

    // The new release answers in the clone, with the data, and can't be heard outside.
    let remarks = rehearsal["remarks"].to_string();
    assert!(
        remarks.contains("neutralized: `echo quiet >/d/mode`"),
        "{remarks}"
    );
    let address = remarks.rsplit("web at ").next().unwrap();
    let address = address.split('"').next().unwrap();
    assert_eq!(ask(address), "v2");
    upgrade
        .pair
        .ran(&["status"])
        .exits(0)
        .prints("REHEARSAL v1 to v2");
    towards_v2(&upgrade, "plan", &["--share", path, "--dry-run"])
        .exits(0)
        .prints("stop")
        .prints("as in its rehearsal");
    let tag = rehearsal["bindings"]["tag"].as_str().unwrap();
    let filter = format!(
        "label=com.docker.compose.project={tag}-{}",
        upgrade.project("b")
    );
    let lab = &upgrade.pair.lab;
    let web = "label=com.docker.compose.service=web";
    let id = lab.docker(&["ps", "-q", "--filter", &filter, "--filter", web]);
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    let production_web = lab.docker(&["inspect", "--format", format, &lab.name("a-web-1")]);
    let reach = |id: &str| {
        let call = format!("nc -w 2 {production_web} 80 </dev/null && echo heard || echo silence");
        lab.docker(&["exec", id, "sh", "-c", &call])
    };
    assert_eq!(
        reach(&lab.name("a-web-1")),
        "heard",
        "or the next line says nothing"
    );
    assert_eq!(reach(&id), "silence");
    let named = lab.docker(&[
        "exec",
        &id,
        "sh",
        "-c",
        "ping -c 1 $STORE >/dev/null && cat /x/row /x/mode",
    ]);
    assert_eq!(
        named, "outsidequiet",
        "the copy, what neutralized it, and the database by its old name"
    );
    assert!(!outside.path().join("mode").exists());
    lab.docker(&["exec", &id, "sh", "-c", "echo changed >/x/row"]);
    assert_eq!(production(&upgrade, outside.path()), before);

    upgrade
        .pair
        .ran(&["rehearse", "--clean", "--yes"])
        .exits(0)
        .prints("removed the clone");
    assert_eq!(litter(&upgrade), "");
    assert_eq!(production(&upgrade, outside.path()), before);
}

#[test]
fn a_migration_that_fails_is_found_in_rehearsal_and_nothing_is_left() {
    if !can() || !need::helper() {
        return;
    }
    let upgrade = Upgrade::new("rehfail", Extra::default(), Extra::default());
    upgrade.db("a", "echo old >/d/rows");
    let nothing = tempfile::tempdir().unwrap();
    let recipe = "hooks: {migrate: {service: db, run: 'echo gone >/d/rows; exit 3'}}\n";
    put_text(&upgrade.pair.home.path().join("transship.yml"), recipe);
    let before = production(&upgrade, nothing.path());
    let ran = rehearse(&upgrade, &["--pause"]).exits(1);
    ran.prints("not all is as it should be")
        .prints("hook migrate in db");
    assert_eq!(production(&upgrade, nothing.path()), before);
    assert_eq!(upgrade.answer().as_deref(), Some("v1"));
    assert_eq!(litter(&upgrade), "");

    // Where the clone can't be neutralized, nothing is started in it.
    let recipe = "neutralize: [{service: db, run: 'exit 7'}]\n";
    put_text(&upgrade.pair.home.path().join("transship.yml"), recipe);
    rehearse(&upgrade, &["--pause"])
        .exits(3)
        .complains("isn't neutralized: `exit 7`");
    assert_eq!(production(&upgrade, nothing.path()), before);
    assert_eq!(litter(&upgrade), "");

    // What is run on the machine itself isn't, unless that is said.
    let recipe = "hooks: {before-stop: {run: 'touch ../../heard'}}\n";
    put_text(&upgrade.pair.home.path().join("transship.yml"), recipe);
    rehearse(&upgrade, &["--pause"])
        .exits(3)
        .complains("touch ../../heard");
    assert!(!upgrade.pair.home.path().join("heard").exists());
}

/// Counts the packets that leave this machine from a network, until it is dropped.
struct Leaving {
    subnet: String,
    comment: String,
}

impl Leaving {
    fn of(lab: &Lab, network: &str) -> Self {
        let subnet = "{{range .IPAM.Config}}{{.Subnet}}{{end}}";
        let leaving = Self {
            subnet: lab.docker(&["network", "inspect", "--format", subnet, network]),
            comment: lab.name(network),
        };
        leaving.rule("-I");
        leaving
    }

    fn rule(&self, what: &str) {
        let Self { subnet, comment } = self;
        let rule = ["POSTROUTING", "-s", subnet, "!", "-d", subnet];
        let comment = ["-m", "comment", "--comment", comment];
        let done = Command::new("iptables")
            .args(["-w", "-t", "mangle", what])
            .args(rule)
            .args(comment)
            .status()
            .unwrap();
        assert!(done.success(), "{what}");
    }

    fn packets(&self) -> u64 {
        counted(&["-c", "-t", "mangle"], &self.comment)
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.rule("-D");
    }
}

/// The packets that the rules with `text` have counted; there has to be one.
fn counted(options: &[&str], text: &str) -> u64 {
    let listed = Command::new("iptables-save")
        .args(options)
        .output()
        .unwrap();
    let rules = String::from_utf8(listed.stdout).unwrap();
    let ours: Vec<_> = rules.lines().filter(|rule| rule.contains(text)).collect();
    assert!(!ours.is_empty(), "no `{text}` in\n{rules}");
    let packets = |rule: &&str| rule[1..].split(':').next().unwrap().parse::<u64>().unwrap();
    ours.iter().map(packets).sum()
}

#[test]
fn what_a_release_mails_and_posts_is_heard_in_rehearsal_and_nothing_leaves() {
    if !can() || !need::helper() {
        return;
    }
    let upgrade = Upgrade::new("rehsink", Extra::default(), Extra::default());
    let nothing = tempfile::tempdir().unwrap();
    let mail = r"printf 'EHLO x\r\nMAIL FROM:<shop@example.org>\r\nRCPT TO:<a@example.com>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n' | nc -w 3 mail.example.com 25 >/d/said";
    let post = "wget -q -O /dev/null --post-data a=b http://hooks.example.com/services/k3J9x0Qm2Zb7Lp5Vt8Yw1Rc4?token=hunter22";
    let quiet = "nc -w 1 cache.example.com 6379; nc -w 1 192.0.2.7 80; nc -w 1 nobody 80";
    let recipe = format!(
        "hooks:\n  before-stop: {{service: web, run: \"{post}\"}}\n  migrate: {{service: db, run: {}}}\n",
        serde_json::to_string(&format!("{mail}; {quiet}; true")).unwrap()
    );
    put_text(&upgrade.pair.home.path().join("transship.yml"), &recipe);
    let before = production(&upgrade, nothing.path());

    let ran = rehearse(&upgrade, &["--pause", "--keep", "--json"]).exits(0);
    assert_eq!(production(&upgrade, nothing.path()), before);
    assert_eq!(upgrade.answer().as_deref(), Some("v1"));
    let rehearsal = &ran.json()["rehearsal"];
    let entries = rehearsal["ledger"]["entries"].as_array().unwrap();
    let heard: Vec<_> = entries
        .iter()
        .map(|entry| entry["heard"].to_string())
        .collect();
    let heard = heard.join("\n");
    for told in [
        r#"{"from":"shop@example.org","port":25,"to":["a@example.com"],"what":"mail"}"#,
        r#"{"host":"hooks.example.com","method":"POST","path":"/services/********?token=********","port":80,"what":"request"}"#,
        r#"{"port":6379,"protocol":"tcp","what":"port"}"#,
        r#"{"kind":"A","name":"mail.example.com","what":"name"}"#,
        r#"{"kind":"A","name":"nobody","what":"name"}"#,
    ] {
        assert!(heard.contains(told), "no `{told}` in\n{heard}");
    }
    for own in [
        r#""name":"web""#,
        r#""name":"db""#,
        "hunter22",
        "k3J9x0Qm2Zb7",
    ] {
        assert!(!heard.contains(own), "`{own}` in\n{heard}");
    }
    // What was kept goes on so: what it sends by name is taken, what it sends by number is stopped.
    let (lab, tag) = (
        &upgrade.pair.lab,
        rehearsal["bindings"]["tag"].as_str().unwrap(),
    );
    let own = |project: &str| format!("{}_default", upgrade.project(project));
    let network = format!("{tag}-{}", own("b"));
    let clone = Leaving::of(lab, &network);
    let of_production = Leaving::of(lab, &own("a"));
    let calls = format!("{post}; nc -w 1 192.0.2.7 80; nc -u -w 1 192.0.2.7 53 </dev/null; true");
    for web in [
        format!("{tag}-{}", lab.name("b-web-1")),
        lab.name("a-web-1"),
    ] {
        lab.docker(&["exec", &web, "sh", "-c", &calls]);
    }
    assert_eq!(clone.packets(), 0);
    assert!(of_production.packets() > 0, "or that says nothing");

    upgrade.pair.ran(&["rehearse", "--report", "r.md"]).exits(0);
    let report = fs::read_to_string(upgrade.pair.home.path().join("r.md")).unwrap();
    for told in [
        "## What would have gone out",
        "mail from shop@example.org to a@example.com",
    ] {
        assert!(report.contains(told), "no `{told}` in\n{report}");
    }
    upgrade.pair.ran(&["rehearse", "--clean", "--yes"]).exits(0);
    assert_eq!(litter(&upgrade), "");
    assert_eq!(production(&upgrade, nothing.path()), before);
}

/// Kills a rehearsal when it has gone on for so long.
fn killed_after(upgrade: &Upgrade, time: Duration, state: &Path) {
    let (b, prefix) = (upgrade.project("b"), upgrade.pair.lab.name("two_"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_transship"))
        .args(["rehearse", "v2", "-p", &b, "--prefix", &prefix, "--pause"])
        .args(["--theirs", "docker-compose.yml"])
        .env("TRANSSHIP_STATE", state)
        .current_dir(upgrade.pair.home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(time);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Two points in CI; forty with `TRANSSHIP_KILLS=all`, or as many as that says.
#[test]
fn a_rehearsal_that_is_killed_leaves_nothing_after_the_next_command() {
    if !can() || !need::helper() {
        return;
    }
    let upgrade = Upgrade::new("rehkill", Extra::default(), Extra::default());
    let nothing = tempfile::tempdir().unwrap();
    let before = production(&upgrade, nothing.path());
    let state = tempfile::tempdir().unwrap();
    let whole = Instant::now();
    rehearse(&upgrade, &["--pause"]).exits(0);
    let whole = whole.elapsed();
    let points = match std::env::var("TRANSSHIP_KILLS") {
        Ok(wanted) => wanted.parse().unwrap_or(40),
        Err(_) => 2,
    };
    for point in 1..=points {
        println!("killed at {point} of {points}");
        killed_after(&upgrade, whole * point / (points + 1), state.path());
        // What was started by it may be about to end.
        std::thread::sleep(Duration::from_secs(1));
        // What stood still while it was copied goes on when that is said, as every command tells.
        let mut unpause = Command::new(env!("CARGO_BIN_EXE_transship"));
        unpause.args(["volume", "unpause"]);
        Ran::of(unpause.env("TRANSSHIP_STATE", state.path())).exits(0);
        towards_v2(&upgrade, "plan", &["--dry-run"]).exits(0);
        assert_eq!(litter(&upgrade), "", "killed at {point} of {points}");
        assert_eq!(
            production(&upgrade, nothing.path()),
            before,
            "{point} of {points}"
        );
    }
}

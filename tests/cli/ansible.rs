//! The binary as a module of Ansible's, asked as Ansible asks and by Ansible itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use transship::cli::module_parameters;

use crate::common::install::{Install, run};
use crate::common::need;
use crate::common::program::{Ran, transship};

fn collection() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/ansible"))
}

/// Calls the module with these arguments, and more of Ansible's.
fn module(install: &Install, arguments: &Value, how: &[&str]) -> Value {
    let mut arguments = arguments.clone();
    arguments["_ansible_module_name"] = "transship".into();
    for name in ["check_mode", "diff"] {
        arguments[format!("_ansible_{name}")] = how.contains(&name).into();
    }
    let file = PathBuf::from(format!("{}.arguments", install.root().display()));
    fs::write(&file, arguments.to_string()).unwrap();
    let ran = transship(Path::new("/"), [file.to_str().unwrap()]);
    fs::remove_file(&file).unwrap();
    let answer = ran.json();
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    assert_eq!(answer["failed"], ran.code != 0, "{answer:#}");
    answer
}

#[test]
fn each_task_says_what_it_changed_and_the_second_time_nothing() {
    let install = Install::adopted();
    let at = |name: &str| install.at(name).to_str().unwrap().to_owned();
    let compose = at("releases/v1.3.2/docker-compose.yml");
    let here = |task: Value| {
        let mut task = task;
        task["install"] = at("").into();
        task
    };
    let plan = here(json!({
        "command": "plan", "version": "v2.10.5", "from_release": at("v2.10.5.tar.gz"), "assume_stopped": true,
    }));
    let apply = here(json!({"command": "apply", "version": "v2.10.5", "assume_stopped": true}));
    let undo = here(json!({"command": "rollback", "discard": true, "yes": true}));
    for (task, differs) in [
        (
            json!({"command": "image_set", "rules": ["caddy=2.8"], "file": [compose]}),
            true,
        ),
        (
            json!({"command": "volume_prefix", "prefix": "v1_3_2_", "file": compose}),
            false,
        ),
        (
            json!({"command": "copy", "source": at("volumes"), "target": at("copied"), "verify": true}),
            true,
        ),
        (
            json!({"command": "copy", "source": at("volumes"), "target": at("copied"), "update": true}),
            false,
        ),
        (here(json!({"command": "status"})), false),
        (plan, true),
        (apply, true),
        (undo, true),
    ] {
        let is_plan = task["command"] == "plan";
        let before = install.picture("");
        let foretold = module(&install, &task, &["check_mode", "diff"]);
        assert_eq!(install.picture(""), before, "{task}");
        let done = module(&install, &task, &["diff"]);
        for answer in [&foretold, &done] {
            assert_eq!(answer["failed"], false, "{task} {answer:#}");
            assert_eq!(answer["changed"], differs, "{task} {answer:#}");
        }
        assert_eq!(foretold["diff"], done["diff"], "{task}");
        if ["image_set", "plan", "apply"].contains(&task["command"].as_str().unwrap()) {
            assert!(
                done["diff"][0]["prepared"]
                    .as_str()
                    .unwrap()
                    .contains("\n+"),
                "{done:#}"
            );
        }
        // A plan is no change of the install: until it is applied there is something to do.
        let again = module(&install, &task, &[]);
        assert_eq!(again["changed"], is_plan, "{task} {again:#}");
        assert!(again["diff"].is_null(), "{task} {again:#}");
    }
}

#[test]
fn what_fails_has_a_code_that_stays_and_says_whether_anything_was_done() {
    let install = Install::adopted();
    let root = install.root().to_str().unwrap();
    let check = |task: Value, code: &str, msg: &str| {
        let before = install.picture("");
        let answer = module(&install, &task, &[]);
        assert_eq!(answer["failed"], true, "{answer:#}");
        assert_eq!(answer["changed"], false, "{answer:#}");
        assert_eq!(answer["code"], code, "{answer:#}");
        assert!(answer["msg"].as_str().unwrap().contains(msg), "{answer:#}");
        assert_eq!(install.picture(""), before, "{task}");
    };
    check(
        json!({}),
        "usage",
        "`command` has to be one of these: plan, ",
    );
    check(json!({"command": "up"}), "usage", "one of these");
    check(
        json!({"command": "status", "instal": root}),
        "usage",
        "no parameter `instal`",
    );
    check(
        json!({"command": "status", "install": "/nowhere"}),
        "not-an-install",
        "try: ",
    );
    check(
        json!({"command": "plan", "install": root}),
        "usage",
        "`version` has to be said",
    );
    check(
        json!({"command": "plan", "install": root, "version": "v9"}),
        "unknown-release",
        "v9",
    );
    check(
        json!({"command": "apply", "install": root, "version": "v9"}),
        "no-plan",
        "no plan",
    );
    check(
        json!({"command": "copy", "source": root, "target": format!("{root}/in")}),
        "nested",
        "",
    );
    // Anybody's file is nobody's task.
    let file = install.at("file.json");
    fs::write(&file, r#"{"command": "status"}"#).unwrap();
    transship(install.root(), [file.to_str().unwrap()]).exits(2);
}

/// What `ansible-doc` reads, from the definition of the command line; `UPDATE=1` writes it.
#[test]
fn the_generated_documentation_of_the_module_has_every_parameter() {
    let sentences = |help: &str| -> Vec<String> {
        let paragraphs = help.split("\n\n");
        paragraphs
            .map(|one| one.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    };
    let mut options = BTreeMap::new();
    for one in module_parameters() {
        let mut commands: Vec<_> = one
            .commands
            .iter()
            .map(|name| format!("C({name})"))
            .collect();
        if one.name == "version" {
            commands.push("C(apply)".to_owned());
        }
        let mut description = sentences(&one.help);
        description.push(format!("For {}.", commands.join(", ")));
        let mut option = json!({"type": one.kind, "description": description});
        if one.kind == "list" {
            option["elements"] = "str".into();
        }
        options.insert(one.name, option);
    }
    let commands = [
        "plan",
        "apply",
        "rollback",
        "status",
        "copy",
        "image_set",
        "volume_prefix",
    ];
    options.insert(
        "command".to_owned(),
        json!({"type": "str", "required": true, "choices": commands, "description": ["What the task does."]}),
    );
    let example = fs::read_to_string(collection().join("playbooks/upgrade.yml")).unwrap();
    let returned = |kind: &str, when: &str, what: &str| json!({"type": kind, "returned": when, "description": what});
    let text = serde_yaml::to_string(&json!({
        "DOCUMENTATION": {
            "module": "transship",
            "short_description": "Upgrade docker-compose installs, release by release",
            "description": [
                "The module is the static binary itself, and needs nothing on the host.",
                "A parameter is an option or an argument of the command of that name.",
            ],
            "author": ["the transship project"],
            "options": options,
        },
        "EXAMPLES": example,
        "RETURN": {
            "msg": returned("str", "always", "What was done, or why not."),
            "exit": returned("int", "always", "The exit code of the command."),
            "code": returned("str", "failed", "Why it failed, in a word that stays."),
            "document": returned("dict", "success", "What the command prints with C(--json)."),
        },
    }));
    let text = format!("---\n{}", text.unwrap());
    let file = collection().join("plugins/modules/transship.yml");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let hint = "run: UPDATE=1 cargo test --test cli generated";
    assert!(
        fs::read_to_string(file).unwrap_or_default() == text,
        "{hint}"
    );
}

/// Hosts of this machine with an install each, and Ansible with the collection.
struct Fleet {
    home: tempfile::TempDir,
    installs: Vec<Install>,
}

impl Fleet {
    fn new(count: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        let compose = home.path().join("ansible_collections/transship/compose");
        fs::create_dir_all(compose.parent().unwrap()).unwrap();
        run(Command::new("cp").arg("-a").arg(collection()).arg(&compose));
        // Ansible copies it for each task, and what debuggers want is most of it.
        let module = compose.join("plugins/modules/transship");
        run(Command::new("strip")
            .arg("-o")
            .arg(&module)
            .arg(env!("CARGO_BIN_EXE_transship")));
        let installs: Vec<_> = (0..count).map(|_| Install::adopted()).collect();
        let mut hosts = String::new();
        for (number, install) in installs.iter().enumerate() {
            let root = install.root().display();
            let how = "ansible_connection=local";
            writeln!(
                hosts,
                "host{number} {how} install={root} from_release={root}/v2.10.5.tar.gz"
            )
            .unwrap();
        }
        fs::write(home.path().join("hosts"), hosts).unwrap();
        Self { home, installs }
    }

    /// Runs the collection's playbook.
    fn upgrade(&self, more: &[&str]) -> Ran {
        let mut command = Command::new("ansible-playbook");
        command
            .args(["-i", "hosts", "-e", "version=v2.10.5"])
            .args(more);
        command.arg(collection().join("playbooks/upgrade.yml"));
        let home = self.home.path();
        for name in ["HOME", "ANSIBLE_COLLECTIONS_PATH"] {
            command.env(name, home);
        }
        let command = command
            .env("ANSIBLE_NOCOLOR", "1")
            .env("ANSIBLE_STDOUT_CALLBACK", "default");
        Ran::of(command.env("LC_ALL", "C.UTF-8").current_dir(home))
    }

    fn pictures(&self) -> Vec<BTreeMap<PathBuf, String>> {
        self.installs
            .iter()
            .map(|install| install.picture(""))
            .collect()
    }
}

/// How many tasks of each host changed something, or failed, by the last lines of a playbook's run.
fn recap(ran: &Ran, what: &str) -> Vec<usize> {
    let (_, recap) = ran.out.split_once("PLAY RECAP").unwrap();
    let hosts = recap.lines().filter(|line| line.starts_with("host"));
    let number = |line: &str| {
        let mut words = line.split_whitespace();
        words.find_map(|word| word.strip_prefix(what)?.strip_prefix('=')?.parse().ok())
    };
    hosts.map(|line| number(line).unwrap()).collect()
}

#[test]
fn ansible_upgrades_hosts_in_waves_and_a_canary_that_fails_is_the_last() {
    if !need::program("ansible-playbook") || !need::program("strip") {
        return;
    }
    let fleet = Fleet::new(4);
    let before = fleet.pictures();
    // The canary's new volume is somebody's already.
    let taken = fleet.installs[0].at("volumes/v2_10_5_postgres_data");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("x"), "x").unwrap();
    let ran = fleet.upgrade(&[]).exits(2);
    assert_eq!(recap(&ran, "failed"), [1], "{}", ran.out);
    fs::remove_dir_all(&taken).unwrap();
    let left = |pictures: Vec<BTreeMap<PathBuf, String>>| -> Vec<Vec<PathBuf>> {
        pictures
            .into_iter()
            .map(|one| one.into_keys().collect())
            .collect()
    };
    assert_eq!(left(fleet.pictures()), left(before));

    let before = fleet.pictures();
    let ran = fleet.upgrade(&["--check", "--diff"]).exits(0);
    assert_eq!(recap(&ran, "changed"), [2; 4], "{}", ran.out);
    assert!(
        ran.out.contains("\n+") && ran.out.contains("v2.10.5"),
        "{}",
        ran.out
    );
    assert_eq!(fleet.pictures(), before);

    let ran = fleet.upgrade(&[]).exits(0);
    assert_eq!(recap(&ran, "changed"), [2; 4], "{}", ran.out);
    // One host, two, the rest.
    assert_eq!(ran.out.matches("\nTASK [Do it]").count(), 3, "{}", ran.out);
    for install in &fleet.installs {
        assert_eq!(install.current(), "releases/v2.10.5");
    }
    let before = fleet.pictures();
    let ran = fleet.upgrade(&[]).exits(0);
    assert_eq!(recap(&ran, "changed"), [0; 4], "{}", ran.out);
    assert_eq!(fleet.pictures(), before);
}

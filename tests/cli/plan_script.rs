//! `plan --sh`: the script does what `apply` does, or says that it can't.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use transship::document;
use transship::engine::{Docker, EngineAccess, VolumeBackend};
use transship::upgrade::{Plan, PlanScript, plan};

use crate::common::document as json;
use crate::common::install::{Install, run};
use crate::common::need;
use crate::common::program::Ran;

/// Runs the script `text` in an install, with this transship in the `PATH`.
fn script(install: &Install, text: &str) -> Ran {
    let file = PathBuf::from(format!("{}.sh", install.root().display()));
    fs::write(&file, text).unwrap();
    if need::program("shellcheck") {
        let checked = Command::new("shellcheck").arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.success(), "{said}");
    }
    let program = Path::new(env!("CARGO_BIN_EXE_transship"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let mut shell = Command::new("sh");
    let shell = shell.arg(&file).arg(install.root()).env("PATH", path);
    let ran = Ran::of(shell.env_remove("TRANSSHIP_INSTALL").current_dir("/"));
    fs::remove_file(&file).unwrap();
    ran
}

/// Everything but what runs keep for themselves; what was written since `begun` was written now.
fn tree(install: &Install, begun: i64) -> BTreeMap<PathBuf, String> {
    let kept = ["pristine", "manifests"];
    let is_own = |path: &Path| {
        let mut kept = kept.iter().map(|name| Path::new(".transship").join(name));
        path.starts_with(".transship") && !kept.any(|kept| path.starts_with(kept))
    };
    let picture = install.picture("").into_iter();
    let picture = picture.filter(|(path, _)| !is_own(path) && path.as_os_str() != "");
    let told = |(path, line): (PathBuf, String)| {
        let words: Vec<_> = line.splitn(4, ' ').collect();
        let second = words[2].split('.').next().unwrap();
        let time = match second.parse::<i64>().unwrap() >= begun {
            true => "now",
            false => words[2],
        };
        (
            path,
            format!("{} {} {time} {}", words[0], words[1], words[3]),
        )
    };
    picture.map(told).collect()
}

/// What the vendor's settings and the administrator's have in common.
const SHIPPED_ENV: &str = "DOMAIN=localhost\nSESSION_SECRET=change-me\n";

/// An install below a folder whose name has to be quoted, with files whose names have to be, too, and another
/// that is the same.
fn twins(home: &Path) -> [Install; 2] {
    let parent = home.join("it's \"my\" `home`");
    fs::create_dir(&parent).unwrap();
    let one = Install::below(&parent);
    let old = one.at("releases/v1.3.2");
    let odd = old.join("con fig/it's $odd");
    fs::create_dir_all(&odd).unwrap();
    // Bits that a folder hands down to what is made in it: to none here but those that have them.
    for (folder, mode) in [("releases", 0o2755), ("releases/v1.3.2/con fig", 0o2750)] {
        fs::set_permissions(one.at(folder), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(&odd, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(odd.join("a 'b' \"c\" `d`.conf"), "odd\n").unwrap();
    fs::hard_link(odd.join("a 'b' \"c\" `d`.conf"), odd.join("twin")).unwrap();
    symlink("../nowhere at all", odd.join("link")).unwrap();
    let env = old.join(".env");
    fs::write(
        env,
        format!("{SHIPPED_ENV}POSTGRES_PASSWORD='it is 1 secret'\n"),
    )
    .unwrap();
    let other = Install::below(&parent);
    let all = one.root().join(".");
    run(Command::new("cp").arg("-aT").arg(all).arg(other.root()));
    for install in [&one, &other] {
        install.run(&["init"]).exits(0);
    }
    [one, other]
}

#[test]
fn the_script_of_a_plan_makes_the_tree_that_apply_makes() {
    let home = tempfile::tempdir().unwrap();
    let [applied, scripted] = twins(home.path());
    let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let begun = i64::try_from(begun.as_secs()).unwrap();
    let plan = [
        "plan",
        "v2.10.5",
        "--from-release",
        "v2.10.5.tar.gz",
        "--carry",
        ".env",
        "--carry",
        "con fig/it's $odd",
        "--carry",
        "Caddyfile",
        "--carry",
        "etc",
        "--carry",
        ".pivot-db",
        "--assume-stopped",
    ];
    let shipped = home.path().join("shipped");
    let releases = applied.at("releases/v1.3.2");
    run(Command::new("cp").arg("-aT").args([&releases, &shipped]));
    fs::remove_dir_all(shipped.join("con fig")).unwrap();
    fs::write(shipped.join("Caddyfile"), ":80\n").unwrap();
    let env = format!("{SHIPPED_ENV}POSTGRES_PASSWORD=change-me\n");
    fs::write(shipped.join(".env"), env).unwrap();
    let shipped = shipped.to_str().unwrap();
    let answers = [
        "--pristine",
        shipped,
        "--prefix",
        "new_",
        "--ours",
        "Caddyfile",
    ];
    let plan = [&plan[..], &answers].concat();
    applied.run(&plan).exits(0);
    applied.run(&["apply", "--assume-stopped"]).exits(0);

    let before = scripted.picture("releases/v1.3.2");
    let text = scripted.run(&[&plan[..], &["--sh"]].concat()).exits(0).out;
    for wanted in [
        "transship release new v2.10.5 --from-release v2.10.5.tar.gz",
        "transship image set ",
        "transship volume prefix new_ ",
        "transship volume copy ",
        "transship verify ",
        "transship merge ",
        "transship release use v2.10.5",
        "carry ",
    ] {
        assert!(text.contains(wanted), "no `{wanted}` in\n{text}");
    }
    assert!(!text.contains("1 secret"), "a secret is shown:\n{text}");
    script(&scripted, &text)
        .exits(0)
        .complains("v2.10.5 is current");
    let (wanted, found) = (tree(&applied, begun), tree(&scripted, begun));
    for (path, line) in &wanted {
        let found = found.get(path).map_or("isn't there", |line| line);
        assert_eq!(found, line, "{}", path.display());
    }
    let more: Vec<_> = found
        .keys()
        .filter(|path| !wanted.contains_key(*path))
        .collect();
    assert!(more.is_empty(), "{more:?}");
    assert_eq!(scripted.picture("releases/v1.3.2"), before);
    assert_eq!(scripted.litter(), Vec::<PathBuf>::new());

    // Once more: nothing is as it was.
    let before = scripted.picture("");
    script(&scripted, &text)
        .exits(3)
        .complains("is there already");
    assert_eq!(scripted.picture(""), before);
}

#[test]
fn a_script_refuses_what_is_not_as_it_was_and_stops_where_something_fails() {
    let install = Install::adopted();
    let plan = [
        "plan",
        "v2.10.5",
        "--from-release",
        "v2.10.5.tar.gz",
        "--sh",
    ];
    install.run(&[&plan[..], &["--dry-run"]].concat()).exits(2);
    let ran = install.run(&[&plan[..], &["--json"]].concat()).exits(0);
    let document = json::check("plan", &ran);
    let text = document["script"].as_str().unwrap();
    let refused = |what: &str, text: &str| {
        let before = install.picture("");
        script(&install, text).exits(3).complains(what);
        assert_eq!(install.picture(""), before, "{what}");
    };
    let archive = fs::read(install.at("v2.10.5.tar.gz")).unwrap();
    fs::write(install.at("v2.10.5.tar.gz"), "another\n").unwrap();
    refused("the vendor's archive is another one", text);
    fs::write(install.at("v2.10.5.tar.gz"), archive).unwrap();
    symlink("releases/v9", install.at("current.new")).unwrap();
    fs::create_dir(install.at("releases/v9")).unwrap();
    let (now, other) = (install.at("current"), install.at("current.new"));
    let old = fs::read_link(&now).unwrap();
    fs::rename(&other, &now).unwrap();
    refused("another release is current", text);
    fs::remove_file(&now).unwrap();
    symlink(old, &now).unwrap();
    fs::remove_dir(install.at("releases/v9")).unwrap();

    // A volume that has something by now.
    let taken = install.at("volumes/v2_10_5_postgres_data");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("x"), "x").unwrap();
    let ran = script(&install, text).exits(4);
    ran.complains("failed in step").complains("is not empty");
    assert_eq!(install.current(), "releases/v1.3.2");
    assert_eq!(fs::metadata(&taken).unwrap().nlink(), 2);
}

#[test]
fn every_kind_of_step_has_its_section_and_what_no_script_does_is_refused_at_once() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats/plan-v6.json");
    let plan: Plan = document::load(plan::FORMAT, &file).unwrap();
    let install = Install::adopted();
    let access = EngineAccess {
        docker: Docker::find(Some("/nonexistent")),
        helper: None,
        assume_stopped: true,
    };
    let place = VolumeBackend::Dir {
        path: install.at("volumes"),
    };
    let volumes = place.open(access).unwrap();
    let text = PlanScript {
        plan: &plan,
        install: install.root(),
        volumes: volumes.as_ref(),
        assume_stopped: false,
    }
    .text();
    for (number, step) in (1..).zip(&plan.steps) {
        let section = format!("\n# {number}. {}\n", step.title());
        assert!(text.contains(&section), "no {section}");
    }
    for wanted in [
        "docker load --input",
        "transship stop ",
        "transship up ",
        "within ",
    ] {
        assert!(text.contains(wanted), "no `{wanted}` in\n{text}");
    }
    let ran = script(&install, &text).exits(3);
    assert!(ran.err.contains("\nrefused: "), "{}", ran.err);
    // Whatever else stands against it, the step is named before anything is done.
    let conditions = text.find("\n# Is all as it was").unwrap();
    let cannot = text.find("cannot='step ").unwrap();
    assert!(conditions < cannot && cannot < text.find("\nsay 1 ").unwrap());
    assert!(text[cannot..].contains("No script can do that: "));
}

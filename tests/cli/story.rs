//! The main job from start to end, as an administrator types it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use transship::fs::Purpose;

use super::common::dead::dead_name;
use super::common::install::{Install, chmod};
use super::common::program::Ran;

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

/// The vendor's compose file with the tags and names that the upgrade gives it.
fn expected_compose() -> String {
    let shipped =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/story/v2.10.5/docker-compose.yml");
    fs::read_to_string(shipped)
        .unwrap()
        .replace(":v1.3.2", ":v2.10.5")
        .replace(
            "  postgres_data:\n",
            "  postgres_data:\n    name: v2_10_5_postgres_data\n",
        )
        .replace("insight_postgres_backups", "v2_10_5_postgres_backups")
}

#[test]
fn init_plan_and_apply_give_a_new_release_and_leave_the_old_one_as_it_was() {
    let install = Install::new();
    let (release, volumes) = (
        install.picture("releases/v1.3.2"),
        install.picture("volumes"),
    );
    install.run(&["init"]).exits(0).prints("v1.3.2 is current");
    install.plan().exits(0);
    install
        .run(&["apply"])
        .exits(0)
        .prints("Upgraded from v1.3.2 to v2.10.5");

    let new = |path: &str| install.at("releases/v2.10.5").join(path);
    assert_eq!(
        fs::read_to_string(new("docker-compose.yml")).unwrap(),
        expected_compose()
    );
    assert_eq!(fs::read_to_string(new("VERSION")).unwrap(), "v2.10.5\n");
    for carried in [
        ".env",
        "Caddyfile",
        ".caddy/acme.json",
        "etc/ssl/site.key",
        "etc/ssl",
        ".pivot-db",
        ".pivot-db/pivot.db",
    ] {
        let old = install.at("releases/v1.3.2").join(carried);
        assert_eq!(mode(&new(carried)), mode(&old), "{carried}");
        assert_eq!(
            new(carried).metadata().unwrap().uid(),
            old.metadata().unwrap().uid(),
            "{carried}"
        );
        if old.is_file() {
            let mut expect = fs::read_to_string(old).unwrap();
            if carried == ".env" {
                // The vendor's new key comes along.
                expect += "WORKERS=4\n";
            }
            assert_eq!(
                fs::read_to_string(new(carried)).unwrap(),
                expect,
                "{carried}"
            );
        }
    }
    assert_eq!(mode(&new("etc/ssl/site.key")), 0o600);
    for volume in ["postgres_data", "postgres_backups"] {
        let (old, new) = (
            format!("volumes/v1_3_2_{volume}"),
            format!("volumes/v2_10_5_{volume}"),
        );
        install.run(&["verify", &new, &old]).exits(0);
        let manifest = format!(".transship/manifests/v2.10.5/v2_10_5_{volume}.mtree");
        install.run(&["verify", &new, &manifest]).exits(0);
    }
    assert_eq!(install.current(), "releases/v2.10.5");
    assert_eq!(install.picture("releases/v1.3.2"), release);
    let after = install.picture("volumes");
    for (path, line) in volumes
        .iter()
        .filter(|(path, _)| path.starts_with("volumes/v1_3_2_postgres_data"))
    {
        assert_eq!(after.get(path), Some(line));
    }
    assert!(install.litter().is_empty(), "{:?}", install.litter());
}

#[test]
fn plan_shows_every_diff_volume_size_and_command_and_no_secret() {
    let install = Install::adopted();
    let plan = install.plan().exits(0);
    for shown in [
        "-    image: registry.example.com:5000/acme/insight-web:v1.3.2   # keep in step with VERSION",
        "+    image: registry.example.com:5000/acme/insight-web:v2.10.5   # keep in step with VERSION",
        "+    name: v2_10_5_postgres_data",
        "+++ b/releases/v2.10.5/Caddyfile",
        "+++ b/releases/v2.10.5/.env",
        "volume postgres_data: ",
        " needed, ",
        " free",
        "$ tar -x --no-same-owner -f",
        "$ transship image set",
        "$ transship volume prefix v2_10_5_",
        "$ cp -a -T releases/v1.3.2/etc/ssl releases/v2.10.5/etc/ssl",
        "$ mv -T current.new current",
        "    new from the vendor: WORKERS\n",
    ] {
        assert!(plan.out.contains(shown), "no `{shown}` in\n{}", plan.out);
    }
    let saved = fs::read_dir(install.at(".transship/plans"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    install.run(&["apply"]).exits(0);
    let journal = fs::read_dir(install.at(".transship/journal"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    for secret in ["correct-horse", "a b c # not a comment", "change-me"] {
        assert!(!plan.out.contains(secret));
        for file in [&saved, &journal] {
            assert_eq!(mode(file), 0o600);
            assert!(
                !fs::read_to_string(file).unwrap().contains(secret),
                "{}",
                file.display()
            );
        }
    }
}

#[test]
fn a_dry_run_saves_and_changes_nothing() {
    let install = Install::adopted();
    let before = install.picture("");
    install
        .run(&[
            "plan",
            "v2.10.5",
            "--from-release",
            "v2.10.5.tar.gz",
            "--dry-run",
        ])
        .exits(0)
        .prints("Not saved");
    assert_eq!(install.picture(""), before);
    install.plan().exits(0);
    let before = install.picture("");
    install
        .run(&["apply", "--dry-run"])
        .exits(0)
        .prints("Steps");
    assert_eq!(install.picture(""), before);
}

#[test]
fn rollback_switches_back_and_says_what_it_leaves() {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    fs::write(
        install.at("volumes/v2_10_5_postgres_data/written-since"),
        "x",
    )
    .unwrap();
    let ran = install
        .run(&["rollback"])
        .exits(0)
        .prints("Rolled back to v1.3.2");
    assert!(
        ran.err
            .contains("`v2_10_5_postgres_data` was written since"),
        "{}",
        ran.err
    );
    assert_eq!(install.current(), "releases/v1.3.2");
    assert!(
        install
            .at("volumes/v2_10_5_postgres_data/written-since")
            .exists()
    );
    install
        .run(&["rollback"])
        .exits(3)
        .complains("rolled back already");
    install.run(&["rollback", "--discard", "--yes"]).exits(0);
    assert!(!install.at("volumes/v2_10_5_postgres_data").exists());
    assert!(!install.at("releases/v2.10.5").exists());
    assert!(install.litter().is_empty(), "{:?}", install.litter());
    install.plan().exits(0);
    install.run(&["apply"]).exits(0);
}

#[test]
fn a_release_that_is_staged_already_is_upgraded_in_place_and_put_back() {
    let install = Install::adopted();
    install.stage();
    let staged = install.picture("releases/v2.10.5");
    install.run(&["plan", "v2.10.5"]).exits(0);
    install.run(&["apply"]).exits(0);
    assert_eq!(
        fs::read_to_string(install.at("releases/v2.10.5/docker-compose.yml")).unwrap(),
        expected_compose()
    );
    install.run(&["rollback", "--discard", "--yes"]).exits(0);
    let back = install.picture("releases/v2.10.5");
    for name in ["docker-compose.yml", ".env", "Caddyfile", "VERSION"] {
        let path = Path::new("releases/v2.10.5").join(name);
        let content = |picture: &std::collections::BTreeMap<_, String>| {
            picture[&path]
                .split_once(' ')
                .map(|(mode, rest)| (mode.to_owned(), rest.rsplit(' ').next().unwrap().to_owned()))
        };
        assert_eq!(content(&back), content(&staged), "{name}");
    }
}

#[test]
fn a_vendor_folder_does_as_well_as_a_tarball() {
    let install = Install::adopted();
    let story = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/story/v2.10.5");
    install
        .run(&["plan", "v2.10.5", "--from-release", story.to_str().unwrap()])
        .exits(0);
    install.run(&["apply"]).exits(0);
    assert_eq!(
        fs::read_to_string(install.at("releases/v2.10.5/docker-compose.yml")).unwrap(),
        expected_compose()
    );
}

#[test]
fn every_command_of_the_story_speaks_json() {
    let install = Install::new();
    assert_eq!(
        install.run(&["init", "--json"]).exits(0).json()["current"],
        "v1.3.2"
    );
    let plan = install
        .run(&[
            "plan",
            "v2.10.5",
            "--from-release",
            "v2.10.5.tar.gz",
            "--json",
        ])
        .exits(0)
        .json();
    assert_eq!(plan["plan"]["steps"][0]["kind"], "stage-release");
    let report = install.run(&["apply", "--json"]).exits(0).json();
    assert_eq!(report["state"], "complete");
    assert_eq!(
        report["steps"].as_array().unwrap().len(),
        plan["plan"]["steps"].as_array().unwrap().len()
    );
    assert_eq!(
        install.run(&["status", "--json"]).exits(0).json()["run"]["state"],
        "complete"
    );
    assert_eq!(
        install.run(&["rollback", "--json"]).exits(0).json()["state"],
        "rolled-back"
    );
}

#[test]
fn a_release_that_is_active_again_is_not_discarded() {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    install.run(&["rollback"]).exits(0);
    install.run(&["release", "use", "v2.10.5"]).exits(0);
    install
        .run(&["rollback", "--discard", "--yes"])
        .exits(3)
        .complains("`current` points to v2.10.5");
    assert!(
        install
            .at("volumes/v2_10_5_postgres_data/PG_VERSION")
            .exists()
    );
    install.run(&["release", "use", "v1.3.2"]).exits(0);
    install.run(&["rollback", "--discard", "--yes"]).exits(0);
    assert!(!install.at("volumes/v2_10_5_postgres_data").exists());
}

#[test]
fn a_dry_run_speaks_json_too() {
    let install = Install::planned();
    assert_eq!(
        install
            .run(&["apply", "--dry-run", "--json"])
            .exits(0)
            .json()["plan"]["to"],
        "v2.10.5"
    );
    install.run(&["apply"]).exits(0);
    let json = install
        .run(&["rollback", "--dry-run", "--json"])
        .exits(0)
        .json();
    assert_eq!(json["would_undo"].as_array().unwrap().len(), 1);
    assert_eq!(install.current(), "releases/v2.10.5");
}

#[test]
fn the_printed_commands_do_the_same_by_hand() {
    let install = Install::adopted();
    let plan = install.plan().exits(0);
    let program = Path::new(env!("CARGO_BIN_EXE_transship")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    for command in plan
        .out
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("$ "))
    {
        let mut shell = std::process::Command::new("sh");
        let ran = Ran::of(
            shell
                .args(["-c", command])
                .env("PATH", &path)
                .current_dir(install.root()),
        );
        assert_eq!(ran.code, 0, "{command}: {}", ran.err);
    }
    assert_eq!(install.current(), "releases/v2.10.5");
    assert_eq!(
        fs::read_to_string(install.at("releases/v2.10.5/docker-compose.yml")).unwrap(),
        expected_compose()
    );
    install
        .run(&[
            "verify",
            "volumes/v2_10_5_postgres_data",
            "volumes/v1_3_2_postgres_data",
        ])
        .exits(0);
}

#[test]
fn nothing_is_shown_of_a_private_file() {
    let install = Install::new();
    let key = install.at("releases/v1.3.2/etc/ssl/site.key");
    let compose = install.at("releases/v1.3.2/docker-compose.yml");
    fs::write(
        install.at("releases/v1.3.2/tls.key"),
        fs::read(&key).unwrap(),
    )
    .unwrap();
    chmod(&install.at("releases/v1.3.2/tls.key"), 0o600);
    fs::write(install.at("v2.10.5.tar.gz"), "").unwrap();
    let vendor = install.at("vendor");
    fs::create_dir(&vendor).unwrap();
    fs::copy(&compose, vendor.join("docker-compose.yml")).unwrap();
    fs::write(vendor.join("tls.key"), "placeholder\n").unwrap();
    install.run(&["init"]).exits(0);
    let plan = install
        .run(&[
            "plan",
            "v2.10.5",
            "--from-release",
            "vendor",
            "--carry",
            "tls.key",
            "--carry",
            ".env",
            "--carry",
            ".caddy",
            "--carry",
            ".pivot-db",
        ])
        .exits(0);
    assert!(plan.out.contains("is private: not shown"), "{}", plan.out);
    assert!(!plan.out.contains("not a real key"), "{}", plan.out);
}

#[test]
fn a_journal_that_a_crash_left_half_written_is_swept() {
    let install = Install::planned();
    install.run(&["apply"]).exits(0);
    fs::write(
        install
            .at(".transship/journal")
            .join(dead_name(Purpose::File)),
        "half",
    )
    .unwrap();
    install.run(&["rollback"]).exits(0);
    assert!(install.litter().is_empty(), "{:?}", install.litter());
}

#[test]
fn releases_are_the_same_for_ls_use_and_status() {
    let install = Install::planned();
    let releases = install.at("releases");
    fs::create_dir(releases.join("v3")).unwrap();
    for name in ["release 4", "Größe 2"] {
        fs::create_dir(releases.join(name)).unwrap();
        fs::write(releases.join(name).join("compose.yaml"), "services: {}\n").unwrap();
    }
    let listed = install.run(&["release", "ls"]).exits(0);
    listed
        .prints("release 4")
        .prints("Größe 2")
        .prints("no compose file");
    let status = install.run(&["status", "--json"]).exits(0).json();
    let names = |key: &str| -> Vec<String> { serde_json::from_value(status[key].clone()).unwrap() };
    assert!(
        names("releases").contains(&"release 4".to_owned()),
        "{status}"
    );
    assert_eq!(names("incomplete"), ["v3"]);
    install
        .run(&["release", "use", "v3", "--dry-run"])
        .exits(3)
        .complains("has no compose file");
    install.run(&["release", "use", "release 4"]).exits(0);
    let current = fs::read_link(install.at("current")).unwrap();
    assert_eq!(current, Path::new("releases/release 4"));
    install
        .run(&["status"])
        .exits(0)
        .prints("current   release 4");
}

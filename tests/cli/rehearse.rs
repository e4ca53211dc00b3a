//! Rehearsals, on folders: the clone is left and right of everything, and production is as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::common::install::Install;
use super::common::need;
use super::common::program::Ran;

/// Rehearses v2.10.5 from the tarball.
fn rehearse(install: &Install, more: &[&str]) -> Ran {
    let args = ["rehearse", "v2.10.5", "--from-release", "v2.10.5.tar.gz"];
    install.run(&[&args[..], more].concat())
}

/// All of the install but what is transship's own.
pub(super) fn production(install: &Install) -> BTreeMap<PathBuf, String> {
    let mut picture = install.picture("");
    picture.retain(|path, _| !path.starts_with(".transship"));
    picture
}

/// What stands in the folder of rehearsals, by name.
fn kept(install: &Install) -> Vec<String> {
    let entries = fs::read_dir(install.at(".transship/rehearsals")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn a_rehearsal_goes_there_and_back_and_there_again_and_touches_nothing() {
    let install = Install::adopted();
    let before = production(&install);
    let ran = rehearse(&install, &["--json"]).exits(0).json();
    assert_eq!(production(&install), before);
    assert_eq!(ran["clone"], serde_json::Value::Null);
    let rehearsal = &ran["rehearsal"];
    assert_eq!(rehearsal["findings"], serde_json::json!([]));
    let rounds: Vec<_> = rehearsal["rounds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|round| {
            (
                round["kind"].as_str().unwrap(),
                round["steps"].as_array().unwrap().len(),
            )
        })
        .collect();
    assert_eq!(
        rounds,
        [("forward", 12), ("back", 1), ("discard", 11), ("again", 12)]
    );
    let id = rehearsal["id"].as_str().unwrap();
    assert_eq!(
        kept(&install),
        [format!("{id}.json")],
        "the record stays, the clone goes"
    );
    assert_eq!(install.litter(), Vec::<PathBuf>::new());

    // The plan that was rehearsed is saved, and is what can be done now.
    let steps = rehearsal["rounds"][0]["steps"].as_array().unwrap();
    let titles: Vec<_> = steps
        .iter()
        .map(|step| step["title"].as_str().unwrap())
        .collect();
    assert!(titles.contains(&"copy volume v1_3_2_postgres_data to v2_10_5_postgres_data"));
    let done = install.run(&["apply", "--json"]).exits(0).json();
    let done = done["steps"].as_array().unwrap().iter();
    let done: Vec<_> = done.map(|step| step["title"].as_str().unwrap()).collect();
    assert_eq!(done, titles, "the same steps, but for the bindings");
}

#[test]
fn a_clone_that_is_kept_can_be_tried_and_is_told_of_until_it_is_removed() {
    let install = Install::adopted();
    let before = production(&install);
    let ran = rehearse(&install, &["--keep", "--json"]).exits(0).json();
    let clone = Path::new(ran["clone"].as_str().unwrap());
    assert_eq!(
        fs::read_link(clone.join("current")).unwrap(),
        Path::new("releases/v2.10.5")
    );
    let copied = clone.join("volumes/v2_10_5_postgres_data/base/1/1247");
    assert_eq!(fs::read(copied).unwrap(), vec![7; 100_000]);
    install
        .run(&["status"])
        .exits(0)
        .prints("REHEARSAL v1.3.2 to v2.10.5 in ");
    let root = clone.to_str().unwrap();
    install
        .run(&["rollback", "-C", root])
        .exits(0)
        .prints("Rolled back to v1.3.2");
    // What another command finds isn't taken for litter.
    install
        .run(&["plan", "v2.10.5", "--from-release", "v2.10.5.tar.gz"])
        .exits(0);
    assert!(clone.is_dir());
    install
        .run(&["rehearse", "--clean", "--yes"])
        .exits(0)
        .prints("removed the clone");
    assert!(!clone.exists());
    install
        .run(&["rehearse", "--clean", "--yes"])
        .exits(0)
        .prints("no clone stands");
    assert!(!install.run(&["status"]).exits(0).out.contains("REHEARSAL"));
    assert_eq!(production(&install), before);
}

#[test]
fn where_there_is_no_plan_there_is_no_clone() {
    let install = Install::adopted();
    let taken = install.at("volumes/v2_10_5_postgres_data");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("row"), "another's").unwrap();
    let before = production(&install);
    rehearse(&install, &[])
        .exits(3)
        .complains("v2_10_5_postgres_data");
    install.run(&["rehearse"]).exits(2).complains("VERSION");
    assert_eq!(production(&install), before);
    assert!(!install.at(".transship/rehearsals").exists());
}

#[test]
fn a_killed_rehearsals_clone_is_removed_by_the_next_command() {
    let install = Install::adopted();
    rehearse(&install, &["--keep"]).exits(0);
    let record = install.at(".transship/rehearsals").join(&kept(&install)[1]);
    // As the record of a clone in use says; its seal is made anew.
    let text = fs::read_to_string(&record).unwrap();
    let mut killed: transship::rehearsal::RehearsalRecord =
        transship::document::from_text(transship::rehearsal::FORMAT, &record, &text).unwrap();
    killed.standing = transship::rehearsal::CloneStanding::InUse;
    let text = transship::document::to_text(transship::rehearsal::FORMAT, &killed).unwrap();
    fs::write(&record, text).unwrap();
    install
        .run(&["status"])
        .exits(0)
        .prints("left by a rehearsal that was killed");
    install.plan().exits(0).complains("removed what rehearsal");
    assert_eq!(kept(&install).len(), 1, "{:?}", kept(&install));
}

/// The id of the newest rehearsal.
fn newest(install: &Install) -> String {
    let records = kept(install).into_iter();
    let mut ids = records.filter_map(|name| name.strip_suffix(".json").map(str::to_owned));
    ids.next_back().unwrap()
}

#[test]
fn a_replay_does_the_same_steps_and_tells_what_was_noted_before_the_step() {
    let install = Install::adopted();
    rehearse(&install, &[]).exits(0).prints("apply --replay");
    let run = newest(&install);
    let titles: Vec<String> = {
        let text =
            fs::read_to_string(install.at(&format!(".transship/rehearsals/{run}.json"))).unwrap();
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        let steps = record["body"]["rounds"][0]["steps"].as_array().unwrap();
        steps
            .iter()
            .map(|step| step["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let note = |run: &str, step: &str| install.run(&["log", "note", run, step, "mind the gap"]);
    note("last", "8").exits(0).prints("noted for step 8");
    note(&run, "13").exits(2).complains("there is no step 13");
    note("9", "8")
        .exits(2)
        .complains("there is no rehearsal `9`");

    let upgrade = |more: &[&str]| install.run(&[&["upgrade"], more].concat());
    upgrade(&["v3", "--replay", "1", "--yes"])
        .exits(2)
        .complains("leads to v2.10.5, and not to v3");
    upgrade(&["v2.10.5", "--replay", "1", "--prefix", "x_"]).exits(2);
    upgrade(&["v2.10.5", "--replay", "1", "--dry-run"])
        .exits(0)
        .prints("copy volume");
    let asked = upgrade(&["v2.10.5", "--replay", "1"]).exits(3);
    asked.complains("there is no terminal to ask on");
    assert_eq!(install.current(), "releases/v1.3.2");

    let replayed = upgrade(&["v2.10.5", "--replay", "last", "--yes"]).exits(0);
    let lines: Vec<_> = replayed.err.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("noted in rehearsal: mind the gap"));
    assert!(
        lines[at.unwrap() + 1].contains("[8/12] copy volume"),
        "{}",
        replayed.err
    );
    for title in &titles {
        assert!(
            replayed.out.contains(title),
            "no `{title}` in\n{}",
            replayed.out
        );
    }
    assert_eq!(install.current(), "releases/v2.10.5");
    install
        .run(&["apply", "--replay", "nothing"])
        .exits(2)
        .complains("there is no rehearsal `nothing`");
}

#[test]
fn a_replay_names_everything_that_has_drifted_and_does_nothing() {
    let install = Install::adopted();
    rehearse(&install, &[]).exits(0);
    let run = newest(&install);
    let replay = || install.run(&["apply", "--replay", &run]);
    let drifts = |path: &str, text: &[u8], told: &[&str]| {
        let file = install.at(path);
        let was = fs::read(&file).ok();
        fs::write(&file, text).unwrap();
        let before = production(&install);
        let ran = replay().exits(3);
        for told in told {
            assert!(
                ran.err.contains(told),
                "{path}: no `{told}` in\n{}",
                ran.err
            );
        }
        assert_eq!(production(&install), before, "{path}");
        match was {
            Some(was) => fs::write(&file, was).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
    };
    let env = fs::read(install.at("releases/v1.3.2/.env")).unwrap();
    drifts(
        "releases/v1.3.2/.env",
        &[&env[..], b"MORE=1\n"].concat(),
        &["`releases/v1.3.2/.env` was sha256 ", ", and is sha256 "],
    );
    let compose = fs::read(install.at("releases/v1.3.2/docker-compose.yml")).unwrap();
    drifts(
        "releases/v1.3.2/docker-compose.yml",
        &[&compose[..], b"# x\n"].concat(),
        &["`releases/v1.3.2/docker-compose.yml` was sha256 "],
    );
    drifts(
        "transship.yml",
        b"secrets: [A]\n",
        &["`transship.yml` is sha256 ", "wasn't there"],
    );
    drifts(
        "volumes/v1_3_2_postgres_data/base/1/grown",
        &vec![1; 3 << 20],
        &["volume `postgres_data` was 100003 bytes, and is ", " bytes"],
    );
    // The same files, packed less well.
    let packed = "gzip -dc v2.10.5.tar.gz | gzip -1";
    let packed = Command::new("sh")
        .args(["-c", packed])
        .current_dir(install.root())
        .output()
        .unwrap();
    drifts(
        "v2.10.5.tar.gz",
        &packed.stdout,
        &["`v2.10.5.tar.gz` was sha256 "],
    );

    // Another transship, as the record of a rehearsal by one says.
    let path = install.at(&format!(".transship/rehearsals/{run}.json"));
    let text = fs::read_to_string(&path).unwrap();
    let mut record: transship::rehearsal::RehearsalRecord =
        transship::document::from_text(transship::rehearsal::FORMAT, &path, &text).unwrap();
    record.inputs[0].value = transship::rehearsal::InputValue::Text("0.0.1".to_owned());
    let other = transship::document::to_text(transship::rehearsal::FORMAT, &record).unwrap();
    fs::write(&path, other).unwrap();
    replay()
        .exits(3)
        .complains("transship was 0.0.1, and is 0.1.0");
    fs::write(&path, text).unwrap();
    replay().exits(0);
}

#[test]
fn a_plan_that_was_never_rehearsed_says_so_and_is_refused_where_that_is_required() {
    let install = Install::planned();
    install
        .run(&["apply"])
        .exits(0)
        .complains("this plan was never rehearsed");

    let install = Install::new();
    fs::write(install.at("transship.yml"), "rehearsal: required\n").unwrap();
    install.run(&["init"]).exits(0);
    install.plan().exits(0);
    install
        .run(&["apply"])
        .exits(3)
        .complains("`rehearsal: required`");
    let upgrade = [
        "upgrade",
        "v2.10.5",
        "--from-release",
        "v2.10.5.tar.gz",
        "--yes",
    ];
    install.run(&upgrade).exits(3).complains("never rehearsed");
    assert_eq!(install.current(), "releases/v1.3.2");
    rehearse(&install, &[]).exits(0);
    let ran = install.run(&["apply"]).exits(0);
    assert!(!ran.err.contains("never rehearsed"), "{}", ran.err);
}

#[test]
fn a_report_tells_all_in_markdown_and_on_one_page_that_needs_nothing_else() {
    let install = Install::adopted();
    rehearse(&install, &["--report", "r.md"]).exits(0);
    let markdown = fs::read_to_string(install.at("r.md")).unwrap();
    for told in [
        "# Rehearsal of the upgrade from v1.3.2 to v2.10.5\n",
        "All went as it should",
        "## What changes\n\n| Service | Before | After | Data |\n| --- | --- | --- | --- |\n",
        "v1\\_3\\_2\\_postgres\\_data is copied to v2\\_10\\_5\\_postgres\\_data",
        "## The way back\n",
        "\n    # 12. switch current to releases/v2.10.5\n",
        "## Drifted since\n\nThat wasn't looked at.",
    ] {
        assert!(markdown.contains(told), "no `{told}` in\n{markdown}");
    }
    assert!(
        !markdown.contains(".transship/rehearsals"),
        "the clone's own paths mean nothing"
    );

    install
        .run(&["log", "note", "last", "2", "<b>mind</b> & \"gap\""])
        .exits(0);
    fs::write(install.at("releases/v1.3.2/VERSION"), "v1.3.2-x\n").unwrap();
    install
        .run(&["rehearse", "--report", "r.html"])
        .exits(0)
        .prints("has the report");
    let html = fs::read_to_string(install.at("r.html")).unwrap();
    assert!(html.contains("&lt;b&gt;mind&lt;/b&gt; &amp; &quot;gap&quot;"));
    assert!(
        html.contains("`releases/v1.3.2/VERSION` was sha256 "),
        "{html}"
    );
    for absent in [
        "<script", "http://", "https://", "src=", "href=", "@import", "url(",
    ] {
        let own = html
            .replace("https://localhost", "")
            .replace("http://localhost", "");
        assert!(!own.contains(absent), "`{absent}` in\n{html}");
    }
    for there in ["prefers-color-scheme: dark", "@media print", "lang=\"en\""] {
        assert!(html.contains(there), "no `{there}`");
    }
    if !need::program("tidy") {
        return;
    }
    let said = Command::new("tidy")
        .args(["-q", "-e", "--drop-empty-elements", "no"])
        .arg(install.at("r.html"))
        .output()
        .unwrap();
    let said = (
        said.status.code(),
        String::from_utf8_lossy(&said.stderr).into_owned(),
    );
    assert_eq!(said, (Some(0), String::new()), "well-formed, by tidy");
    fs::write(
        install.at("r.html"),
        html.replacen("</table>", "</tabl>", 1),
    )
    .unwrap();
    let said = Command::new("tidy")
        .args(["-q", "-e", "--drop-empty-elements", "no"])
        .arg(install.at("r.html"))
        .output()
        .unwrap();
    assert_ne!(said.status.code(), Some(0), "or tidy says nothing");
}

//! Graphistry's "concurrent versions": two releases at once, and one release twice.

use std::fs;

use crate::insight::{Insight, docker};

#[test]
fn two_releases_answer_at_once_each_with_rows_of_its_own() {
    let Some(insight) = Insight::new("ts-two", 21_200) else {
        return;
    };
    let (old, new) = (insight.project("old"), insight.project("new"));
    insight.transship(&["up", "v1.3.2", "-p", &old]).exits(0);
    insight.fill("old", 1);

    let shipped = insight.write_release(&insight.root().join("shipped"), "v2.10.5");
    let shipped = shipped.to_str().unwrap();
    insight
        .transship(&["release", "new", "v2.10.5", "--from-release", shipped])
        .exits(0);
    let before = tree(&insight, "releases");
    insight
        .transship(&["up", "v2.10.5", "-p", &new])
        .exits(3)
        .complains("host-port")
        .complains("--port-offset N");
    let up = ["up", "v2.10.5", "-p", &new, "--port-offset", "1000"];
    insight.transship(&up).exits(0).prints("exit code 0");
    insight.fill("new", 2);

    assert_eq!(insight.answer(0), "v1.3.2");
    assert_eq!(insight.answer(1000), "v2.10.5");
    assert_eq!(insight.rows("old"), 100_000);
    assert_eq!(insight.rows("new"), 200_000);
    assert_eq!(
        tree(&insight, "releases"),
        before,
        "releases aren't touched"
    );
    // Again, with all of it up: nothing is made anew.
    let container = insight.db("new");
    insight.transship(&up).exits(0);
    assert_eq!(insight.db("new"), container);

    insight.transship(&["stop", "v1.3.2", "-p", &old]).exits(0);
    assert_eq!(insight.answer(1000), "v2.10.5");
    let state = insight.db("old");
    let code = docker(&["inspect", "-f", "{{.State.ExitCode}}", &state]);
    assert_eq!(code, "0", "the database ended by itself");
}

#[test]
fn a_second_copy_of_a_release_shares_nothing_with_the_first() {
    let Some(insight) = Insight::new("ts-copy", 23_200) else {
        return;
    };
    let (one, two) = (insight.project("one"), insight.project("two"));
    insight.transship(&["up", "v1.3.2", "-p", &one]).exits(0);
    insight.fill("one", 1);

    let up = ["up", "v1.3.2", "-p", &two, "--port-offset", "1000"];
    let dry = insight.transship(&[&up[..], &["--dry-run", "--json"]].concat());
    let json = dry.exits(0).json();
    let own = format!("{two}_postgres_data");
    assert_eq!(json["volumes"][0]["name"], own.as_str());
    assert_eq!(docker(&["ps", "-aq", "-f", &format!("name={two}")]), "");
    assert!(!insight.root().join(".transship/up").exists());

    insight
        .transship(&up)
        .exits(0)
        .complains("new and empty if it isn't there yet");
    insight.fill("two", 2);
    assert_eq!(insight.answer(1000), "v1.3.2");
    assert_eq!(
        (insight.rows("one"), insight.rows("two")),
        (100_000, 200_000)
    );
    // The first one is gone; its volume still isn't the second's to take.
    docker(&["compose", "-p", &one, "down"]);
    insight.transship(&up).exits(0);
    assert_eq!(insight.rows("two"), 200_000);
}

#[test]
fn what_can_t_be_parted_is_refused_before_anything_starts() {
    let Some(insight) = Insight::new("ts-bind", 25_200) else {
        return;
    };
    let file = insight.root().join("releases/v1.3.2/docker-compose.yml");
    let compose = fs::read_to_string(&file).unwrap();
    fs::write(&file, compose.replace(":/www:ro", ":/www")).unwrap();
    let (one, two) = (insight.project("one"), insight.project("two"));
    insight.transship(&["up", "v1.3.2", "-p", &one]).exits(0);
    let up = ["up", "v1.3.2", "-p", &two, "--port-offset", "1000"];
    insight
        .transship(&up)
        .exits(3)
        .complains("shared-bind")
        .complains("docker-compose.yml:6");
    let filter = format!("label=com.docker.compose.project={two}");
    assert_eq!(docker(&["ps", "-aq", "-f", &filter]), "");
    insight
        .transship(&[&up[..], &["--accept", "shared-bind"]].concat())
        .exits(0);
    // The name alone never may be shared.
    fs::create_dir(insight.root().join("releases/v9")).unwrap();
    fs::copy(&file, insight.root().join("releases/v9/docker-compose.yml")).unwrap();
    insight
        .transship(&["up", "v9", "-p", &one, "--accept", "project-name"])
        .exits(3)
        .complains("project-name");
}

#[test]
fn a_service_that_dies_is_told_with_what_it_said_last() {
    let Some(insight) = Insight::new("ts-dies", 29_200) else {
        return;
    };
    let file = insight.root().join("releases/v1.3.2/docker-compose.yml");
    let compose = fs::read_to_string(&file).unwrap();
    let dies = r#"command: sh -c "echo no license found >&2; exit 3""#;
    fs::write(&file, compose.replace(r#"command: "true""#, dies)).unwrap();
    let one = insight.project("one");
    insight
        .transship(&["up", "v1.3.2", "-p", &one])
        .exits(4)
        .complains("`ts-dies-one-once-1` (exit code 3): no license found");
    let no_engine = ["up", "v1.3.2", "--docker", "false"];
    insight
        .transship(&no_engine)
        .exits(3)
        .complains("no Docker engine answers");
}

/// Every file below `path` with its content and time.
fn tree(insight: &Insight, path: &str) -> Vec<String> {
    let walk = walkdir::WalkDir::new(insight.root().join(path)).sort_by_file_name();
    let entry = |entry: walkdir::DirEntry| {
        let stat = entry.metadata().unwrap();
        let content = fs::read(entry.path()).unwrap_or_default();
        format!("{entry:?} {:?} {content:?}", stat.modified().unwrap())
    };
    walk.into_iter()
        .map(|found| entry(found.unwrap()))
        .collect()
}

//! Graphistry's option B: stop, copy the files, start the new release; and back.

use crate::insight::{Insight, docker};

#[test]
fn a_million_rows_come_along_and_the_old_files_stay_as_they_were() {
    let Some(insight) = Insight::new("ts-files", 27_200) else {
        return;
    };
    let (old, new) = (insight.project("old"), insight.project("new"));
    insight.transship(&["up", "v1.3.2", "-p", &old]).exits(0);
    insight.fill("old", 10);
    insight.transship(&["stop", "v1.3.2", "-p", &old]).exits(0);
    let volume = insight.volume("v1_3_2_postgres_data");
    let volume = volume.as_str();
    let manifest = |args: &[&str]| {
        insight
            .transship(&[&["manifest"], args].concat())
            .exits(0)
            .out
    };
    let before = manifest(&[volume]);

    let shipped = insight.write_release(&insight.root().join("shipped"), "v2.10.5");
    let prefix = insight.volume_name("v2_10_5_");
    let plan = [
        "plan",
        "v2.10.5",
        "--from-release",
        shipped.to_str().unwrap(),
        "--carry",
        ".env",
        "--prefix",
        &prefix,
        "--from-project",
        &old,
        "-p",
        &new,
    ];
    insight.transship(&plan).exits(0);
    insight.transship(&["apply"]).exits(0);
    let up = insight.transship(&["up", "v2.10.5", "-p", &new]).exits(0);
    for warning in ["already exists", "not created by", "was created for"] {
        assert!(!up.err.contains(warning), "{}", up.err);
    }
    assert_eq!(insight.rows("new"), 1_000_000);
    assert_eq!(insight.answer(0), "v2.10.5");
    assert_eq!(manifest(&[volume]), before, "the old volume's files");

    // And back: the old release has its rows, whatever was done to the new one.
    insight.in_db(
        "new",
        &["psql", "-Xqc", "drop table pgbench_accounts", "postgres"],
    );
    insight.transship(&["stop", "v2.10.5", "-p", &new]).exits(0);
    insight.transship(&["rollback"]).exits(0);
    docker(&["compose", "-p", &new, "down"]);
    insight.transship(&["up", "v1.3.2", "-p", &old]).exits(0);
    assert_eq!(insight.rows("old"), 1_000_000);
    assert_eq!(insight.answer(0), "v1.3.2");
}

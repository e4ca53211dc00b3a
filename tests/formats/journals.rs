//! Journals of every version.

use std::fs;
use std::path::Path;

use transship::fs::Disk;
use transship::upgrade::document;
use transship::upgrade::plan::{Plan, PlanError};
use transship::upgrade::running::downtime::DowntimeFigure;
use transship::upgrade::running::journal::{self, Journal, JournalEvent, RunState, StepState};
use transship::upgrade::running::probing::SeenBy;
use transship::upgrade::running::run_terms::RunTerms;
use transship::upgrade::step::StepOutcome;

use super::plans::{
    a_plan, a_plan_of_version_1, a_plan_of_version_2, a_plan_of_version_3, a_plan_of_version_4,
    a_plan_of_version_5, a_plan_of_version_6, a_plan_of_version_7, a_plan_of_version_8,
};
use super::{LAST, LAST_OF_3, LAST_OF_5, LAST_OF_6, LAST_OF_7, LAST_OF_8, an_install, folder};

/// A journal with every event in it but the completion of what needn't be confirmed, as a run writes it; the times are made the same.
fn a_journal() -> String {
    let (_root, install) = an_install();
    let mut journal =
        Journal::begin(&install, a_plan(), "2026-11-21T02:05:00Z".parse().unwrap()).unwrap();
    let outcome = StepOutcome {
        files: 3,
        bytes: 4096,
        sha256: Some("d".repeat(64)),
        milliseconds: 12,
    };
    let failed = || "no space left on device".to_owned();
    let mut record = |event| journal.record(&Disk::new(), event).unwrap();
    record(JournalEvent::Terms {
        terms: RunTerms {
            window: Some("02:00-04:00".parse().unwrap()),
            wait: true,
            confirm_seconds: Some(600),
            max_downtime_seconds: Some(30),
        },
    });
    record(JournalEvent::Opened {
        ends: Some("2026-11-21T04:00:00Z".parse().unwrap()),
        expected: a_plan().estimate.downtime,
    });
    for step in 0..LAST {
        record(JournalEvent::Do { step });
        record(JournalEvent::Ok {
            step,
            outcome: outcome.clone(),
        });
    }
    record(JournalEvent::Do { step: LAST });
    record(JournalEvent::Failed {
        step: LAST,
        error: failed(),
    });
    record(JournalEvent::Do { step: LAST });
    record(JournalEvent::Ok {
        step: LAST,
        outcome: StepOutcome::default(),
    });
    record(JournalEvent::Downtime {
        figure: DowntimeFigure {
            milliseconds: 12_345,
            probes: 60,
            failed_probes: 41,
            longest_gap_milliseconds: 10_750,
            seen_by: SeenBy::Ports,
            answered: true,
            whole: true,
        },
    });
    record(JournalEvent::Awaits {
        until: "2026-11-21T02:15:01Z".parse().unwrap(),
    });
    record(JournalEvent::Confirmed);
    record(JournalEvent::Undo { step: LAST });
    record(JournalEvent::UndoFailed {
        step: LAST,
        error: failed(),
    });
    record(JournalEvent::Undo { step: LAST });
    record(JournalEvent::Undone { step: LAST });
    record(JournalEvent::RolledBack);
    let text = fs::read_to_string(journal.path()).unwrap();
    let mut body: serde_json::Value =
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["body"].take();
    for record in body["records"].as_array_mut().unwrap() {
        record["at"] = "2026-11-21T02:05:01Z".into();
    }
    document::to_text(journal::FORMAT, &body).unwrap()
}

#[test]
fn journal_10_is_written_and_read() {
    let today: serde_json::Value = serde_json::from_str(&a_journal()).unwrap();
    let path = folder().join("journal-v10.json");
    if std::env::var_os("UPDATE").is_some() && !path.exists() {
        fs::write(&path, a_journal()).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        kept["body"], today["body"],
        "the journal is written otherwise today: a new version is due"
    );
    expect_read(&path, &a_plan(), LAST);
}

#[test]
fn journal_9_is_read() {
    let path = folder().join("journal-v9.json");
    expect_read(&path, &a_plan_of_version_8(), LAST_OF_8);
}

#[test]
fn journal_8_is_read() {
    let path = folder().join("journal-v8.json");
    expect_read(&path, &a_plan_of_version_7(), LAST_OF_7);
}

#[test]
fn journal_7_is_read() {
    let path = folder().join("journal-v7.json");
    expect_read(&path, &a_plan_of_version_6(), LAST_OF_6);
}

#[test]
fn journal_6_is_read() {
    let path = folder().join("journal-v6.json");
    expect_read(&path, &a_plan_of_version_6(), LAST_OF_6);
}

#[test]
fn journal_5_is_read() {
    let path = folder().join("journal-v5.json");
    expect_read(&path, &a_plan_of_version_5(), LAST_OF_5);
}

#[test]
fn journal_4_is_read() {
    let path = folder().join("journal-v4.json");
    expect_read(&path, &a_plan_of_version_4(), LAST_OF_5);
}

#[test]
fn journal_3_is_read() {
    let path = folder().join("journal-v3.json");
    expect_read(&path, &a_plan_of_version_3(), LAST_OF_3);
}

#[test]
fn journal_2_is_read() {
    let path = folder().join("journal-v2.json");
    expect_read(&path, &a_plan_of_version_2(), LAST_OF_3 - 1);
}

#[test]
fn journal_1_is_read_and_not_acted_upon() {
    let path = folder().join("journal-v1.json");
    expect_read(&path, &a_plan_of_version_1(), LAST_OF_3 - 1);
    let (_root, install) = an_install();
    let journal = Journal::load(&path).unwrap();
    let error = journal.require_own(&install).unwrap_err();
    assert!(matches!(error, PlanError::Unidentified { .. }), "{error}");
}

#[track_caller]
fn expect_read(path: &Path, plan: &Plan, last: usize) {
    let journal = Journal::load(path).unwrap();
    assert_eq!(journal.plan(), plan);
    assert_eq!(journal.state(), RunState::RolledBack);
    assert_eq!(journal.steps()[last - 1], StepState::Done);
    assert_eq!(journal.steps()[last], StepState::Undone);
    assert_eq!(journal.outcome(0).unwrap().bytes, 4096);
}

#[test]
fn a_journal_whose_course_is_impossible_is_refused() {
    let text = fs::read_to_string(folder().join("journal-v1.json")).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let records = document["body"]["records"].as_array_mut().unwrap();
    records.remove(1);
    let sealed = document::to_text(journal::FORMAT, &document["body"]).unwrap();
    let file = tempfile::tempdir().unwrap();
    let path = file.path().join("journal.json");
    fs::write(&path, sealed).unwrap();
    let error = Journal::load(&path).unwrap_err().to_string();
    assert!(error.contains("impossible course"), "{error}");
}

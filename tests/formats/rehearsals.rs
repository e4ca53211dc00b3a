//! A rehearsal with everything that one can have.

use std::path::PathBuf;

use transship::rehearsal::{
    Bindings, CloneFigures, CloneStanding, InputValue, Rehearsal, RehearsalInput, RehearsalRecord,
    RehearsedStep, RoundKind,
};
use transship::upgrade::running::downtime::DowntimeFigure;
use transship::upgrade::running::probing::SeenBy;
use transship::upgrade::step::{Phase, StepOutcome};

use super::plans::a_plan_of_version_4;

pub(super) fn a_rehearsal() -> RehearsalRecord {
    let input = |name: &str, value| RehearsalInput {
        name: name.to_owned(),
        value,
    };
    RehearsalRecord {
        id: "00003-20260102T030405Z-v2.0.0".to_owned(),
        install: "00112233445566778899aabbccddeeff".to_owned(),
        made: "2026-01-02T03:04:05Z".parse().unwrap(),
        transship: "0.1.0".to_owned(),
        plan: a_plan_of_version_4(),
        bindings: Bindings {
            tag: "rehearsal3-001122".to_owned(),
            volumes: Some(PathBuf::from("volumes")),
        },
        standing: CloneStanding::Gone,
        inputs: vec![
            input("transship", InputValue::Text("0.1.0".to_owned())),
            input(
                "`releases/v1.0.0/.env`",
                InputValue::Sha256("ab".repeat(32)),
            ),
            input("volume `data`", InputValue::Bytes(4096)),
        ],
        clone: CloneFigures {
            files: 12,
            bytes: 4096,
            milliseconds: 50,
            shares_blocks: true,
        },
        rounds: vec![
            Rehearsal {
                kind: RoundKind::Forward,
                milliseconds: 1200,
                downtime: Some(DowntimeFigure {
                    milliseconds: 800,
                    probes: 12,
                    failed_probes: 3,
                    longest_gap_milliseconds: 790,
                    seen_by: SeenBy::Checks,
                    answered: true,
                    whole: true,
                }),
                steps: vec![RehearsedStep {
                    number: 1,
                    title: "switch current to releases/v2.0.0".to_owned(),
                    phase: Phase::Window,
                    commands: vec!["ln -sfn releases/v2.0.0 current".to_owned()],
                    state: "done".to_owned(),
                    exit: Some(0),
                    milliseconds: Some(3),
                    outcome: Some(StepOutcome::default()),
                }],
                failed: None,
            },
            Rehearsal {
                kind: RoundKind::Back,
                milliseconds: 100,
                downtime: None,
                steps: Vec::new(),
                failed: Some("step 1 of 1 can't be undone".to_owned()),
            },
        ],
        findings: vec!["after the way back: volume data: row: content".to_owned()],
        remarks: vec!["the old release writes 3 files by itself".to_owned()],
        services: Vec::new(),
        notes: Vec::new(),
    }
}

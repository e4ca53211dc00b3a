//! A rehearsal with everything that one can have.

use std::path::PathBuf;

use transship::rehearsal::{
    Bindings, CloneFigures, CloneStanding, HeardDuring, InputValue, Ledger, LedgerEntry, Overheard,
    Protocol, Rehearsal, RehearsalInput, RehearsalRecord, RehearsedDatabase, RehearsedStep,
    RoundKind,
};
use transship::upgrade::running::downtime::DowntimeFigure;
use transship::upgrade::running::probing::SeenBy;
use transship::upgrade::step::{Phase, StepOutcome};

use super::plans::a_plan_of_version_4;

/// The same, as it was written before anybody listened.
pub(super) fn a_rehearsal_of_version_1() -> RehearsalRecord {
    RehearsalRecord {
        ledger: None,
        databases: Vec::new(),
        ..a_rehearsal()
    }
}

fn a_ledger() -> Ledger {
    let during = |part: &str, times| HeardDuring {
        part: part.to_owned(),
        times,
    };
    let entry = |heard, during| LedgerEntry { heard, during };
    Ledger {
        entries: vec![
            entry(
                Overheard::Mail {
                    from: "shop@example.org".to_owned(),
                    to: vec!["a@example.com".to_owned()],
                    port: 25,
                },
                vec![during("the old release", 1), during("the upgrade", 2)],
            ),
            entry(
                Overheard::Request {
                    method: "POST".to_owned(),
                    host: "hooks.example.com".to_owned(),
                    path: "/hook/********".to_owned(),
                    port: 80,
                },
                vec![during("the upgrade", 1)],
            ),
            entry(
                Overheard::Encrypted {
                    host: Some("api.example.com".to_owned()),
                    port: 443,
                },
                vec![during("the upgrade", 1)],
            ),
            entry(
                Overheard::Port {
                    protocol: Protocol::Udp,
                    port: 514,
                },
                vec![during("the upgrade", 1)],
            ),
            entry(
                Overheard::Unknown { port: 80 },
                vec![during("the upgrade", 1)],
            ),
            entry(
                Overheard::Name {
                    name: "hooks.example.com".to_owned(),
                    kind: "A".to_owned(),
                },
                vec![during("the upgrade", 1)],
            ),
        ],
        more: 4,
        no_route: 2,
    }
}

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
        ledger: Some(a_ledger()),
        databases: vec![RehearsedDatabase {
            service: "db".to_owned(),
            version: "15.8".to_owned(),
            after: RoundKind::Back,
            tables: 3,
            rows: 12,
            differences: vec![
                "table public.orders in database shop: 3 rows before, 2 now".to_owned(),
            ],
        }],
    }
}

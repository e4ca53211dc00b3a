//! Tests of the estimate.

use super::*;

fn volume(key: &str, bytes: u64) -> VolumeEstimate {
    VolumeEstimate {
        key: key.to_owned(),
        files: 1,
        bytes,
        in_use_by: None,
    }
}

fn facts() -> DowntimeFacts {
    DowntimeFacts {
        containers: Some(Turnaround {
            stop: Some(Duration::from_secs(10)),
            started: Duration::from_secs(1),
            healthy: Duration::from_secs(5),
            unchecked: false,
        }),
        question: Duration::from_millis(100),
        rate: Some(100 << 20),
        ..DowntimeFacts::default()
    }
}

#[track_caller]
fn check(facts: &DowntimeFacts, kind: PartKind, milliseconds: Option<u64>, basis: PartBasis) {
    let volumes = [volume("db", 200 << 20), volume("files", 100 << 20)];
    let part = facts.part(kind, 1, &volumes);
    assert_eq!(
        (part.milliseconds, part.basis),
        (milliseconds, basis),
        "{kind}"
    );
}

#[test]
fn at_first_it_is_told_by_the_containers_and_a_sample() {
    let mut facts = facts();
    check(&facts, PartKind::Stop, Some(10_300), PartBasis::Containers);
    check(&facts, PartKind::Start, Some(5_700), PartBasis::Containers);
    facts.by_ports = true;
    check(&facts, PartKind::Start, Some(1_700), PartBasis::Containers);
    check(&facts, PartKind::Copy, Some(3_200), PartBasis::Measured);
    facts.databases.insert("db".to_owned());
    check(&facts, PartKind::Copy, Some(9_200), PartBasis::Measured);
    check(&facts, PartKind::Verify, Some(3_100), PartBasis::Measured);
    check(&facts, PartKind::Check, None, PartBasis::Unknown);
    check(&facts, PartKind::Hook, None, PartBasis::Unknown);
    // However large it is.
    facts.changing = BTreeMap::from([("db".to_owned(), 50 << 20)]);
    check(&facts, PartKind::Copy, Some(3_200), PartBasis::Measured);
    check(&facts, PartKind::Verify, Some(1_600), PartBasis::Measured);
}

/// What is told of a copy just before the window, when so many MB have changed, where the plan told so.
#[track_caller]
fn corrected(planned: (PartBasis, Option<u64>), changed: u64, expect: (PartBasis, Option<u64>)) {
    let mut facts = facts();
    facts.changing = BTreeMap::from([("db".to_owned(), changed << 20)]);
    facts.walk = Duration::from_millis(10);
    let planned = DowntimePart {
        kind: PartKind::Verify,
        milliseconds: planned.1,
        basis: planned.0,
    };
    let volumes = [volume("db", 2 << 30)];
    let part = planned.corrected(&facts, 1, &volumes);
    assert_eq!((part.basis, part.milliseconds), expect, "{changed} MB");
}

#[test]
fn what_has_changed_by_the_window_corrects_what_was_planned() {
    use PartBasis::{EarlierRun, Measured, Rehearsal, WarmCopy};
    corrected((Measured, Some(64_000)), 100, (WarmCopy, Some(1_130)));
    corrected((Measured, Some(10)), 100, (WarmCopy, Some(1_130)));
    // What was seen once is believed, unless there is more to read.
    corrected((EarlierRun, Some(2_000)), 100, (EarlierRun, Some(2_000)));
    corrected((EarlierRun, Some(950)), 100, (EarlierRun, Some(950)));
    corrected((EarlierRun, Some(900)), 100, (WarmCopy, Some(1_130)));
    corrected((Rehearsal, Some(900)), 400, (WarmCopy, Some(4_130)));
    let mut lost = facts();
    lost.rate = None;
    let part = DowntimePart {
        kind: PartKind::Copy,
        milliseconds: Some(7),
        basis: Measured,
    };
    assert_eq!(part.corrected(&lost, 1, &[]), part);
}

#[test]
fn what_cannot_be_known_is_unknown_and_so_is_the_whole() {
    let mut facts = facts();
    facts.rate = None;
    check(&facts, PartKind::Copy, None, PartBasis::Unknown);
    facts.containers = facts.containers.map(|containers| Turnaround {
        stop: None,
        ..containers
    });
    check(&facts, PartKind::Stop, None, PartBasis::Unknown);
    facts.containers = None;
    check(&facts, PartKind::Start, None, PartBasis::Unknown);
    let part = |milliseconds| DowntimePart {
        kind: PartKind::Stop,
        milliseconds,
        basis: PartBasis::EarlierRun,
    };
    let whole = |parts: &[Option<u64>]| {
        let parts = parts.iter().map(|time| part(*time)).collect();
        DowntimeEstimate { parts }.milliseconds()
    };
    assert_eq!(whole(&[Some(3), Some(4)]), Some(7));
    assert_eq!(whole(&[Some(3), None]), None);
}

#[test]
fn more_than_is_wanted_is_refused_and_so_is_what_is_unknown() {
    let estimate = |milliseconds| DowntimeEstimate {
        parts: vec![DowntimePart {
            kind: PartKind::Stop,
            milliseconds,
            basis: PartBasis::EarlierRun,
        }],
    };
    let limit = Duration::from_secs(30);
    assert_eq!(estimate(Some(30_000)).require_within(limit, false), Ok(()));
    let said = estimate(Some(30_100))
        .require_within(limit, true)
        .unwrap_err();
    assert_eq!(
        said.to_string(),
        "it would be down for about 31 s, and may be for 30 s: stop 30.1 s"
    );
    let said = estimate(None).require_within(limit, false).unwrap_err();
    assert!(said.to_string().ends_with("stop unknown"), "{said}");
    assert_eq!(estimate(None).require_within(limit, true), Ok(()));
}

#[test]
fn later_it_is_told_by_the_last_upgrade_and_more_data_takes_longer() {
    let mut facts = facts();
    let earlier = |milliseconds, bytes| EarlierPart {
        milliseconds,
        bytes,
    };
    facts.earlier = BTreeMap::from([
        (PartKind::Stop, earlier(1_500, 0)),
        (PartKind::Hook, earlier(9_000, 0)),
        (PartKind::Verify, earlier(1_000, 118 << 20)),
        (PartKind::Copy, earlier(200, 4_096)),
    ]);
    check(&facts, PartKind::Stop, Some(1_500), PartBasis::EarlierRun);
    check(&facts, PartKind::Hook, Some(9_000), PartBasis::EarlierRun);
    check(&facts, PartKind::Verify, Some(2_000), PartBasis::EarlierRun);
    check(&facts, PartKind::Copy, Some(1_137), PartBasis::EarlierRun);
    check(&facts, PartKind::Start, Some(5_700), PartBasis::Containers);
    facts.rehearsed = BTreeMap::from([(PartKind::Hook, earlier(4_000, 0))]);
    check(&facts, PartKind::Hook, Some(4_000), PartBasis::Rehearsal);
    check(&facts, PartKind::Stop, Some(1_500), PartBasis::EarlierRun);
}

#[test]
fn what_it_took_ends_when_it_answered() {
    #[track_caller]
    fn check(seen: u64, expect: [u64; 3]) {
        let kinds = [PartKind::Stop, PartKind::Start, PartKind::Check];
        let part = |milliseconds| EarlierPart {
            milliseconds,
            bytes: 0,
        };
        let mut parts: EarlierParts = kinds
            .into_iter()
            .zip([1_000, 4_000, 500].map(part))
            .collect();
        end_with(Duration::from_millis(seen), &mut parts);
        assert_eq!(
            kinds.map(|kind| parts[&kind].milliseconds),
            expect,
            "{seen}"
        );
    }
    check(6_000, [1_000, 4_000, 500]);
    check(5_200, [1_000, 4_000, 200]);
    check(2_500, [1_000, 1_500, 0]);
    // Whatever a clock says: the signal was sent.
    check(100, [1_000, 0, 0]);
}

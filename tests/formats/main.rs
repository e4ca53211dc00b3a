//! Formats are promises: every version of every document that transship keeps has a file in
//! `fixtures/formats/`, which is read as it always was, and today's are written to the byte.
//! A new version adds a file; no file is ever changed. To write a missing one:
//! `UPDATE=1 cargo test --test formats`.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests set up their own world"
)]

use std::fs;
use std::path::{Path, PathBuf};

use transship::engine::{
    HELD_FORMAT, HeldContainer, HeldContainers, HeldEngine, StandingContainer,
};
use transship::fs::Disk;
use transship::launch::{self, CloneBindings};
use transship::rehearsal::{self, RehearsalRecord};
use transship::release::{
    BAD_FORMAT, BadReleases, FolderIdentity, Identity, Install, LargeFile, LargeFiles,
    ReleaseLayout, identity, layout, shipped_files,
};
use transship::tree::Digest;
use transship::upgrade::document;
use transship::upgrade::known_copy::{self, KnownCopy};
use transship::upgrade::made_volume::{self, MadeVolume, VolumeIdentity};
use transship::upgrade::plan::{self, Plan, PlanError};
use transship::upgrade::running::confirmation::{self, Confirmation};
use transship::upgrade::running::journal;
use transship::upgrade::standing_record::{self, StandingRecord};

mod comparisons;
mod journals;
mod manifests;
#[path = "../common/need.rs"]
mod need;
mod plans;
mod rehearsals;
mod report_page;

use plans::{
    a_plan, a_plan_of_version_1, a_plan_of_version_2, a_plan_of_version_3, a_plan_of_version_4,
    a_plan_of_version_5, a_plan_of_version_6, a_plan_of_version_7, a_plan_of_version_8,
};
use rehearsals::{a_rehearsal, a_rehearsal_of_version_1};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/formats")
}

/// The file's text; it must be what is written today.
fn fixture(name: &str, today: &str) -> String {
    let path = folder().join(name);
    if std::env::var_os("UPDATE").is_some() && !path.exists() {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, today).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text, today,
        "{name} is written otherwise today: a new version is due"
    );
    text
}

#[test]
fn plan_9_is_written_and_read() {
    let text = fixture(
        "plan-v9.json",
        &document::to_text(plan::FORMAT, &a_plan()).unwrap(),
    );
    let read: Plan = document::from_text(plan::FORMAT, Path::new("plan-v9.json"), &text).unwrap();
    assert_eq!(read, a_plan());
}

#[test]
fn plan_8_is_read() {
    let text = fs::read_to_string(folder().join("plan-v8.json")).unwrap();
    let read: Plan = document::from_text(plan::FORMAT, Path::new("plan-v8.json"), &text).unwrap();
    assert_eq!(read, a_plan_of_version_8());
}

#[test]
fn plan_7_is_read() {
    let text = fs::read_to_string(folder().join("plan-v7.json")).unwrap();
    let read: Plan = document::from_text(plan::FORMAT, Path::new("plan-v7.json"), &text).unwrap();
    assert_eq!(read, a_plan_of_version_7());
}

#[test]
fn plan_6_is_read() {
    let text = fs::read_to_string(folder().join("plan-v6.json")).unwrap();
    let read: Plan = document::from_text(plan::FORMAT, Path::new("plan-v6.json"), &text).unwrap();
    assert_eq!(read, a_plan_of_version_6());
}

#[test]
fn a_clones_bindings_are_written_and_read() {
    let bindings = CloneBindings {
        tag: "rehearsal3-001122".to_owned(),
        outside: [("/srv/data".into(), "/srv/shop/outside/0".into())].into(),
        sinks: [(
            "rehearsal3-001122-shop_default".to_owned(),
            [172, 20, 0, 2].into(),
        )]
        .into(),
        doors: [("web:80".to_owned(), 49153)].into(),
    };
    let text = document::to_text(launch::CLONE_FORMAT, &bindings).unwrap();
    let text = fixture("clone-v3.json", &text);
    let path = Path::new("clone-v3.json");
    let read: CloneBindings = document::from_text(launch::CLONE_FORMAT, path, &text).unwrap();
    assert_eq!(read, bindings);

    let older = |name: &str| -> CloneBindings {
        let path = folder().join(name);
        let text = fs::read_to_string(&path).unwrap();
        document::from_text(launch::CLONE_FORMAT, &path, &text).unwrap()
    };
    let second = CloneBindings {
        doors: std::collections::BTreeMap::new(),
        ..bindings
    };
    assert_eq!(older("clone-v2.json"), second);
    let first = CloneBindings {
        sinks: std::collections::BTreeMap::new(),
        ..second
    };
    assert_eq!(older("clone-v1.json"), first);
}

#[test]
fn plan_5_is_read() {
    let text = fs::read_to_string(folder().join("plan-v5.json")).unwrap();
    let read: Plan = document::from_text(plan::FORMAT, Path::new("plan-v5.json"), &text).unwrap();
    assert_eq!(read, a_plan_of_version_5());
}

#[test]
fn what_is_known_of_a_copy_is_written_and_read() {
    let files = |inode: u64| {
        let line = format!("{inode} 1795000000.000000120 {}", Digest::of(b"a"));
        serde_json::from_value(serde_json::json!({"device": 65024, "files": [line]})).unwrap()
    };
    let known = KnownCopy {
        source: files(12),
        target: files(13),
    };
    let text = document::to_text(known_copy::FORMAT, &known).unwrap();
    let text = fixture("known-copy-v1.json", &text);
    let path = Path::new("known-copy-v1.json");
    let read: KnownCopy = document::from_text(known_copy::FORMAT, path, &text).unwrap();
    assert_eq!(read, known);
}

#[test]
fn plan_4_is_read() {
    let text = fs::read_to_string(folder().join("plan-v4.json")).unwrap();
    let read: Plan = document::from_text(plan::FORMAT, Path::new("plan-v4.json"), &text).unwrap();
    assert_eq!(read, a_plan_of_version_4());
}

#[test]
fn rehearsal_2_is_written_and_read() {
    let text = fixture(
        "rehearsal-v2.json",
        &document::to_text(rehearsal::FORMAT, &a_rehearsal()).unwrap(),
    );
    let path = Path::new("rehearsal-v2.json");
    let read: RehearsalRecord = document::from_text(rehearsal::FORMAT, path, &text).unwrap();
    assert_eq!(read, a_rehearsal());
}

#[test]
fn rehearsal_1_is_read() {
    let path = folder().join("rehearsal-v1.json");
    let text = fs::read_to_string(&path).unwrap();
    let read: RehearsalRecord = document::from_text(rehearsal::FORMAT, &path, &text).unwrap();
    assert_eq!(read, a_rehearsal_of_version_1());
}

#[test]
fn plan_3_is_read() {
    let text = fs::read_to_string(folder().join("plan-v3.json")).unwrap();
    let read: Plan = document::from_text(plan::FORMAT, Path::new("plan-v3.json"), &text).unwrap();
    assert_eq!(read, a_plan_of_version_3());
}

#[test]
fn plan_2_is_read() {
    let text = fs::read_to_string(folder().join("plan-v2.json")).unwrap();
    let read: Plan = document::from_text(plan::FORMAT, Path::new("plan-v2.json"), &text).unwrap();
    assert_eq!(read, a_plan_of_version_2());
}

#[test]
fn plan_1_is_read_and_says_of_no_install_that_it_is_its_own() {
    let text = fs::read_to_string(folder().join("plan-v1.json")).unwrap();
    let read: Plan = document::from_text(plan::FORMAT, Path::new("plan-v1.json"), &text).unwrap();
    assert_eq!(read, a_plan_of_version_1());
    let (_root, install) = an_install();
    let error = read.require_own(&install, "plan", &read.id).unwrap_err();
    assert!(matches!(error, PlanError::Unidentified { .. }), "{error}");
}

#[test]
fn an_id_is_written_and_read() {
    let id = Identity {
        id: "0123456789abcdef0123456789abcdef".into(),
        root: "/srv/acme".into(),
        folder: a_folder(),
    };
    let text = fixture(
        "id-v1.json",
        &document::to_text(identity::FORMAT, &id).unwrap(),
    );
    let read: Identity =
        document::from_text(identity::FORMAT, Path::new("id-v1.json"), &text).unwrap();
    assert_eq!(read, id);
}

#[test]
fn what_stood_is_written_and_read() {
    let stood = StandingRecord {
        install: "0123456789abcdef0123456789abcdef".into(),
        run: "00007-20261121T020500Z-v2.10.5".into(),
        version: "v1.3.2".parse().unwrap(),
        project: "v132".into(),
        containers: vec![StandingContainer {
            id: "4c01db0b339c".repeat(5) + "4c01",
            name: "acme-postgres-1".into(),
            service: Some("postgres".into()),
            image: format!("sha256:{}", "dea2ac1016f3".repeat(5)),
            ran: true,
            round: 1,
        }],
    };
    let text = fixture(
        "standing-v1.json",
        &document::to_text(standing_record::FORMAT, &stood).unwrap(),
    );
    let path = Path::new("standing-v1.json");
    let read: StandingRecord = document::from_text(standing_record::FORMAT, path, &text).unwrap();
    assert_eq!(read, stood);
}

#[test]
fn a_layout_is_written_and_read() {
    let layout = ReleaseLayout {
        project_directory: "deploy/docker".into(),
    };
    let text = fixture(
        "layout-v1.json",
        &document::to_text(layout::FORMAT, &layout).unwrap(),
    );
    let path = Path::new("layout-v1.json");
    let read: ReleaseLayout = document::from_text(layout::FORMAT, path, &text).unwrap();
    assert_eq!(read, layout);
}

#[test]
fn what_is_held_is_written_and_read() {
    let held = HeldContainers {
        stop_seconds: Some(300),
        volume: "v1_3_2_postgres_data".into(),
        containers: vec![HeldContainer {
            id: "4c01db0b339c".repeat(5) + "4c01",
            name: "acme-postgres-1".into(),
        }],
        engine: HeldEngine {
            id: "7TJD:OUFB".into(),
            name: "acme".into(),
            root: "/var/lib/docker".into(),
            endpoint: "unix:///var/run/docker.sock".into(),
        },
        process: 4711,
        since: "2026-11-21T02:05:02Z".parse().unwrap(),
    };
    let text = fixture(
        "held-v1.json",
        &document::to_text(HELD_FORMAT, &held).unwrap(),
    );
    let path = Path::new("held-v1.json");
    let read: HeldContainers = document::from_text(HELD_FORMAT, path, &text).unwrap();
    assert_eq!(read, held);
}

#[test]
fn a_confirmation_is_written_and_read() {
    let said = Confirmation {
        install: "0123456789abcdef0123456789abcdef".into(),
        run: "00007-20261121T020500Z-v2.10.5".into(),
        at: "2026-11-21T02:10:00Z".parse().unwrap(),
    };
    let name = "confirmation-v1.json";
    let text = fixture(
        name,
        &document::to_text(confirmation::FORMAT, &said).unwrap(),
    );
    let read: Confirmation =
        document::from_text(confirmation::FORMAT, Path::new(name), &text).unwrap();
    assert_eq!(read, said);
}

#[test]
fn bad_releases_are_written_and_read() {
    let said = [("v2.10.4", "loses sessions"), ("v2.10.5", "")];
    let said = said.map(|(version, because)| (version.into(), because.into()));
    let bad = BadReleases {
        releases: said.into(),
    };
    let name = "bad-releases-v1.json";
    let text = fixture(name, &document::to_text(BAD_FORMAT, &bad).unwrap());
    let read: BadReleases = document::from_text(BAD_FORMAT, Path::new(name), &text).unwrap();
    assert_eq!(read, bad);
}

#[test]
fn a_made_volume_is_written_and_read() {
    let made = MadeVolume {
        above: 2,
        install: "0123456789abcdef0123456789abcdef".into(),
        run: "00003-20261121T020500Z-v2.10.5".into(),
        volume: "v2_10_5_postgres_data".into(),
        made: VolumeIdentity {
            created: Some("2026-11-21T02:05:02Z".into()),
            folder: None,
        },
        source: "v1_3_2_postgres_data".into(),
        copied: VolumeIdentity {
            created: None,
            folder: Some(a_folder()),
        },
    };
    let text = fixture(
        "made-volume-v2.json",
        &document::to_text(made_volume::FORMAT, &made).unwrap(),
    );
    let path = Path::new("made-volume-v2.json");
    let read: MadeVolume = document::from_text(made_volume::FORMAT, path, &text).unwrap();
    assert_eq!(read, made);
    // One of before folders could be in a volume's place.
    let path = folder().join("made-volume-v1.json");
    let text = fs::read_to_string(&path).unwrap();
    let read: MadeVolume = document::from_text(made_volume::FORMAT, &path, &text).unwrap();
    assert_eq!(read, MadeVolume { above: 0, ..made });
}

#[test]
fn the_list_of_large_files_is_written_and_read() {
    let large = LargeFiles {
        files: vec![LargeFile {
            path: "images/web.tar".into(),
            size: 17_825_792,
            sha256: "a".repeat(64),
        }],
        complete: true,
    };
    let text = fixture(
        "shipped-v1.json",
        &document::to_text(shipped_files::FORMAT, &large).unwrap(),
    );
    let path = Path::new("shipped-v1.json");
    let read: LargeFiles = document::from_text(shipped_files::FORMAT, path, &text).unwrap();
    assert_eq!(read, large);
}

fn a_folder() -> FolderIdentity {
    FolderIdentity {
        device: 64769,
        inode: 1_234_567,
        born: Some(1_795_226_702_123_456_789),
    }
}

/// An install that is adopted, in a folder that goes when the first value does.
fn an_install() -> (tempfile::TempDir, Install) {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("releases")).unwrap();
    let install = Install::at(root.path()).unwrap();
    install.adopt(&Disk::new()).unwrap();
    install.identify(&Disk::new()).unwrap();
    (root, install)
}

/// The number of the last step of [`steps`].
const LAST: usize = 30;
/// The same in plans of version 8.
const LAST_OF_8: usize = 24;
/// The same in plans of version 7.
const LAST_OF_7: usize = 22;
/// The same in plans of version 6.
const LAST_OF_6: usize = 21;
/// The same of a plan of version 5, and of one of version 4.
const LAST_OF_5: usize = 19;
/// The number of the last step of a plan of version 3.
const LAST_OF_3: usize = 8;

#[test]
fn no_format_is_forgotten() {
    let mut present: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    present.sort();
    let known = [
        "bad-releases-v1.json",
        "clone-v1.json",
        "clone-v2.json",
        "clone-v3.json",
        "confirmation-v1.json",
        "db-comparison-v1.json",
        "db-dump-v1.json",
        "db-stream-v1.json",
        "held-v1.json",
        "id-v1.json",
        "journal-v1.json",
        "journal-v10.json",
        "journal-v2.json",
        "journal-v3.json",
        "journal-v4.json",
        "journal-v5.json",
        "journal-v6.json",
        "journal-v7.json",
        "journal-v8.json",
        "journal-v9.json",
        "known-copy-v1.json",
        "layout-v1.json",
        "made-volume-v1.json",
        "made-volume-v2.json",
        "manifest-v1.json",
        "manifest-v1.mtree",
        "manifest-v1.sha256sum",
        "manifest-v2.json",
        "manifest-v2.mtree",
        "plan-v1.json",
        "plan-v2.json",
        "plan-v3.json",
        "plan-v4.json",
        "plan-v5.json",
        "plan-v6.json",
        "plan-v7.json",
        "plan-v8.json",
        "plan-v9.json",
        "rehearsal-v1.json",
        "rehearsal-v2.json",
        "shipped-v1.json",
        "standing-v1.json",
    ];
    assert_eq!(present, known);
    assert_eq!(
        (plan::FORMAT.version, journal::FORMAT.version),
        (9, 10),
        "a new version adds a file"
    );
}

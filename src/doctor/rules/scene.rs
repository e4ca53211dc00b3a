//! Facts for the rules' tests: a release that nothing is wrong with, to begin with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::compose::{LoadOptions, Model};
use crate::database::{Database, Inspection, Known, ShutdownState};
use crate::doctor::{
    DataMount, DatabaseFacts, DoctorFacts, DoctorRule, EngineFacts, Finding, NeighbourFacts,
    SeenDatabases, Severity,
};

/// The model of a compose file's text.
pub(super) fn model(text: &str) -> Model {
    let options = LoadOptions {
        environment: BTreeMap::from([("SECRET".to_owned(), "x".to_owned())]),
        ..LoadOptions::default()
    };
    let read = |path: &Path| match path.ends_with("compose.yaml") {
        true => Ok(text.as_bytes().to_vec()),
        false => Err(std::io::ErrorKind::NotFound.into()),
    };
    Model::load_with(&[PathBuf::from("/r/compose.yaml")], &options, &read).unwrap()
}

/// The facts of a release with these services.
pub(super) fn facts(services: &str) -> DoctorFacts {
    DoctorFacts {
        model: model(&format!("services: {services}")),
        old: None,
        databases: DatabaseFacts::default(),
        engine: Ok(EngineFacts {
            version: "28.2.2".into(),
            compose: Ok("2.40.3".into()),
            clock: Some("2026-01-01T00:00:00Z".parse().unwrap()),
        }),
        has_engine_volumes: false,
        missing_images: Ok(Vec::new()),
        containers: Ok(Vec::new()),
        neighbours: NeighbourFacts {
            conflicts: Ok(Vec::new()),
            namesakes: Ok(Vec::new()),
            folder: "/r".into(),
            is_to_come: false,
        },
        volumes: Vec::new(),
        rooms: Vec::new(),
        readable: Vec::new(),
        releases: Vec::new(),
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
        newest: None,
    }
}

/// Nothing is found.
#[track_caller]
pub(super) fn check_fine(rule: &DoctorRule, facts: &DoctorFacts) {
    assert_eq!((rule.check)(facts), [], "{}", rule.id);
}

/// One thing is found, of this severity and with these words.
#[track_caller]
pub(super) fn check_found(
    rule: &DoctorRule,
    facts: &DoctorFacts,
    severity: Severity,
    words: &str,
) -> Finding {
    let mut found = (rule.check)(facts);
    let one = found.pop().expect("nothing is found");
    assert_eq!(found, [], "more is found");
    assert_eq!((one.rule, one.severity), (rule.id, severity), "{one:?}");
    assert!(one.message.contains(words), "{one:?}");
    assert!(!one.hint.is_empty());
    one
}

/// A volume with a database that was shut down in order.
pub(super) fn seen(
    kind: &'static str,
    version: Option<&str>,
    mounts: &[(&str, &str)],
) -> SeenDatabases {
    let database = Database {
        kind,
        title: kind,
        place: ".".into(),
        version: version.map_or(Known::Unknown, |version| Known::Is(version.into())),
        state: ShutdownState::Clean,
        because: String::new(),
        checksums: Known::None,
        system_identifier: Known::None,
        outside: Vec::new(),
        details: BTreeMap::new(),
        hints: Vec::new(),
    };
    let mount = |(service, target): &(&str, &str)| DataMount {
        service: (*service).into(),
        target: (*target).into(),
    };
    SeenDatabases {
        name: "volume `v1_data`".into(),
        key: "data".into(),
        mounts: mounts.iter().map(mount).collect(),
        found: Ok(Inspection {
            databases: vec![database],
            ..Inspection::default()
        }),
        is_used: false,
    }
}

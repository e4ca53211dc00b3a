use super::*;

fn held(stop_seconds: Option<u64>) -> HeldContainers {
    HeldContainers {
        stop_seconds,
        volume: "data".into(),
        containers: vec![HeldContainer {
            id: "1".into(),
            name: "db".into(),
        }],
        engine: HeldEngine {
            id: String::new(),
            name: "here".into(),
            root: "/var/lib/docker".into(),
            endpoint: String::new(),
        },
        process: 1,
        since: "2026-11-21T02:00:00Z".parse().unwrap(),
    }
}

#[test]
fn what_goes_on_or_was_never_held_is_free_and_what_may_be_stopping_is_said_to_be() {
    let soon = "2026-11-21T02:05:00Z";
    let late = "2026-11-21T02:07:00Z";
    for (stop, paused, running, now, expect) in [
        (None, true, true, late, HeldState::Paused),
        (None, false, true, soon, HeldState::Free),
        (None, false, false, soon, HeldState::Free),
        (Some(300), false, false, soon, HeldState::Stopped),
        (Some(300), false, true, soon, HeldState::Stopping),
        (Some(300), false, true, late, HeldState::Free),
        (Some(u64::MAX), false, true, late, HeldState::Stopping),
    ] {
        let container = Container {
            running,
            paused,
            ..Container::default()
        };
        let state = held(stop).state(&container, now.parse().unwrap());
        assert_eq!(state, expect, "{stop:?} {paused} {running} {now}");
    }
}

#[test]
fn a_record_is_read_as_it_was_written_and_goes_when_it_is_forgotten() {
    let home = tempfile::tempdir().unwrap();
    let (disk, folder) = (Disk::new(), home.path().join("a/held"));
    assert!(HeldRecord::all_in(&folder).unwrap().is_empty());
    let server = ServerInfo {
        id: "id".into(),
        version: String::new(),
        name: "here".into(),
        root: "/var/lib/docker".into(),
        machine: String::new(),
        rootless: false,
        clock: None,
        context: String::new(),
        endpoint: String::new(),
    };
    let how = Quiesce::Stop(Duration::from_secs(9));
    let kept = HeldRecord::keep_in(&folder, &disk, server, "data", how, Vec::new()).unwrap();
    let mut all = HeldRecord::all_in(&folder).unwrap();
    let found = all.pop().unwrap().unwrap();
    assert_eq!((&found.held, found.maker), (&kept.held, Maker::Alive));
    assert_eq!(found.held.how(), how);
    kept.forget(&disk).unwrap();
    kept.forget(&disk).unwrap();
    assert!(HeldRecord::all_in(&folder).unwrap().is_empty());
}

#[test]
fn who_wrote_a_record_is_in_its_name() {
    let here = NamedProcess::this().to_string();
    let gone = here.replacen(&format!("-{}-", std::process::id()), "-2147483646-", 1);
    for (name, expect) in [
        (format!("{here}.0.json"), Maker::Alive),
        (format!("{gone}.3.json"), Maker::Dead),
        ("0.json".to_owned(), Maker::Unknown),
    ] {
        assert_eq!(maker(Path::new(&name)), expect, "{name}");
    }
}

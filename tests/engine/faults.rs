//! An engine that fails, hangs, dies, lies and talks nonsense, at every call: each time an
//! error that says what to do, nothing half-made, and no harm once it is well again.

use transship::engine::{Docker, Error, Users, VolumeStore};
use transship::error::{Explain, Kind};
use transship::fs::Disk;
use transship::progress::Silent;

use super::fake_docker::{FakeDocker, new_volume};

/// Every way in which any call can go wrong.
const FAULTS: [&str; 10] = [
    "exit1",
    "silent1",
    "full",
    "hangs",
    "killed",
    "garbage",
    "html",
    "wrong-type",
    "empty",
    "endless",
];

/// The error, checked for what every error must have.
pub(super) fn sound<T>(result: Result<T, Error>, case: &str) -> Error {
    let Err(error) = result else {
        panic!("{case}: no error");
    };
    let text = error.to_string();
    let plain = !text.is_empty() && !text.ends_with('.') && text.len() < 2000;
    assert!(plain, "{case}: {text}");
    assert!(
        !text.starts_with(|c: char| c.is_uppercase()),
        "{case}: {text}"
    );
    error
}

#[test]
fn no_engine_is_found_where_its_first_answer_is_bad() {
    for how in FAULTS {
        let fake = FakeDocker::new();
        fake.spoil("info --format", how);
        let error = sound(fake.docker().server(), how);
        assert!(matches!(error, Error::NoEngine { .. }), "{how}: {error}");
        assert_eq!(error.kind(), Kind::Refused, "{how}");
        assert!(
            error
                .hints()
                .iter()
                .any(|hint| hint.contains("start the engine")),
            "{how}"
        );
    }
}

#[test]
fn a_missing_program_is_named_before_anything_is_asked() {
    let error = Docker::find(Some("no-such-docker")).unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "program `no-such-docker` not found");
    assert_eq!(error.kind(), Kind::Usage);
    assert!(!error.hints().is_empty());
}

#[test]
fn a_bad_answer_about_volumes_is_never_taken_for_no_volumes() {
    for call in ["volume ls", "volume inspect"] {
        for how in FAULTS {
            let fake = FakeDocker::new();
            let volumes = fake.volumes();
            volumes.create(&Disk::new(), &new_volume()).unwrap();
            fake.spoil(call, how);
            // An empty list is a list: that one can't be told from the truth.
            if (call, how) != ("volume ls", "empty") {
                sound(volumes.list(), &format!("{call} {how}"));
                sound(volumes.find("v2_data"), &format!("{call} {how}"));
            }
        }
    }
}

#[test]
fn a_volume_that_goes_away_between_two_questions_is_no_error() {
    for listed in [true, false] {
        let fake = FakeDocker::new();
        let volumes = fake.volumes();
        volumes.create(&Disk::new(), &new_volume()).unwrap();
        fake.spoil("volume inspect", "vanishes");
        if listed {
            assert_eq!(volumes.list().unwrap(), []);
        } else {
            assert_eq!(volumes.find("v2_data").unwrap(), None);
        }
    }
}

#[test]
fn an_engine_with_no_security_options_is_an_engine() {
    let fake = FakeDocker::new();
    for (options, rootless) in [
        ("null", false),
        ("[]", false),
        ("[\"name=rootless\"]", true),
    ] {
        fake.set("security", options);
        assert_eq!(
            fake.docker().server().unwrap().rootless,
            rootless,
            "{options}"
        );
    }
}

#[test]
fn an_answer_about_another_volume_is_refused() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes();
    volumes.create(&Disk::new(), &new_volume()).unwrap();
    fake.set("volumes/another", "");
    fake.spoil("volume inspect", "another");
    let error = sound(volumes.find("v2_data"), "another");
    assert!(matches!(error, Error::BadReply { .. }), "{error}");
}

#[test]
fn a_creation_that_fails_makes_nothing_and_can_be_tried_again() {
    for call in ["volume ls", "volume inspect", "volume create"] {
        for how in FAULTS {
            let fake = FakeDocker::new();
            let volumes = fake.volumes();
            fake.spoil(call, how);
            let case = format!("{call} {how}");
            let error = sound(volumes.create(&Disk::new(), &new_volume()), &case);
            fake.heal();
            if !volumes.list().unwrap().is_empty() {
                // Made, and then nothing more could be learnt of it: it is as asked for.
                assert_ne!(call, "volume create", "{case}: {error}");
                volumes.remove(&Disk::new(), "v2_data").unwrap();
            }
            let made = volumes.create(&Disk::new(), &new_volume()).unwrap();
            assert_eq!(made.labels["com.docker.compose.project"], "demo", "{case}");
        }
    }
}

#[test]
fn a_creation_is_believed_for_its_effect_and_not_for_its_exit_code() {
    for how in ["done-then-killed", "done-then-exit1"] {
        let fake = FakeDocker::new();
        let volumes = fake.volumes();
        fake.spoil("volume create", how);
        let made = volumes.create(&Disk::new(), &new_volume()).unwrap();
        assert_eq!(made.path, fake.contents("v2_data"), "{how}");
    }
}

#[test]
fn a_creation_that_only_claims_success_is_an_error() {
    for how in ["lies", "empty"] {
        let fake = FakeDocker::new();
        let volumes = fake.volumes();
        fake.spoil("volume create", how);
        let error = sound(volumes.create(&Disk::new(), &new_volume()), how);
        assert!(matches!(error, Error::NotMade { .. }), "{how}: {error}");
        assert_eq!(error.kind(), Kind::Failed);
    }
}

#[test]
fn a_volume_with_labels_of_somebody_else_is_an_error() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes();
    fake.spoil("volume create", "other-labels");
    let error = sound(volumes.create(&Disk::new(), &new_volume()), "other-labels");
    assert!(
        matches!(error, Error::MadeOtherwise { what: "labels", .. }),
        "{error}"
    );
}

#[test]
fn an_existing_volume_is_never_taken_over() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes();
    volumes.create(&Disk::new(), &new_volume()).unwrap();
    let error = sound(volumes.create(&Disk::new(), &new_volume()), "again");
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert_eq!(fake.calls().matches("volume create").count(), 1);
}

#[test]
fn a_removal_that_fails_leaves_the_volume_whole() {
    for call in ["volume ls", "ps --all", "volume rm"] {
        for how in FAULTS {
            let case = format!("{call} {how}");
            // No volumes and no containers are answers like others.
            if how == "empty" && call != "volume rm" {
                continue;
            }
            let fake = FakeDocker::new();
            let volumes = fake.volumes();
            volumes.create(&Disk::new(), &new_volume()).unwrap();
            std::fs::write(fake.contents("v2_data").join("file"), "x").unwrap();
            fake.spoil(call, how);
            sound(volumes.remove(&Disk::new(), "v2_data"), &case);
            assert!(fake.contents("v2_data").join("file").exists(), "{case}");
            fake.heal();
            volumes.remove(&Disk::new(), "v2_data").unwrap();
            assert!(volumes.find("v2_data").unwrap().is_none(), "{case}");
        }
    }
}

#[test]
fn a_removal_is_believed_for_its_effect_and_not_for_its_exit_code() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes();
    volumes.create(&Disk::new(), &new_volume()).unwrap();
    fake.spoil("volume rm", "lies");
    let error = sound(volumes.remove(&Disk::new(), "v2_data"), "lies");
    assert!(matches!(error, Error::NotGone { .. }), "{error}");
    fake.spoil("volume rm", "done-then-killed");
    volumes.remove(&Disk::new(), "v2_data").unwrap();
}

#[test]
fn a_bad_answer_about_containers_is_never_taken_for_no_users() {
    let container = r#"{"Id":"abc","Name":"/db","State":{"Running":true},"Mounts":[]}"#;
    for call in ["ps --all", "container inspect"] {
        for how in FAULTS {
            if (call, how) == ("ps --all", "empty") {
                continue;
            }
            let fake = FakeDocker::new();
            let volumes = fake.volumes();
            let volume = volumes.create(&Disk::new(), &new_volume()).unwrap();
            fake.set("ps", "{\"ID\":\"abc\"}\n");
            fake.set("containers", container);
            assert_eq!(volumes.users(&volume).unwrap(), Users::default());
            fake.spoil(call, how);
            sound(volumes.users(&volume), &format!("{call} {how}"));
        }
    }
}

#[test]
fn a_container_that_the_engine_keeps_quiet_about_is_an_error() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes();
    let volume = volumes.create(&Disk::new(), &new_volume()).unwrap();
    fake.set("ps", "{\"ID\":\"abc\"}\n{\"ID\":\"def\"}\n");
    fake.set(
        "containers",
        r#"{"Id":"abc","Name":"/db","State":{"Running":true}}"#,
    );
    let error = sound(volumes.users(&volume), "one of two");
    assert!(matches!(error, Error::BadReply { .. }), "{error}");
}

#[test]
fn an_engine_on_another_machine_is_never_looked_for_in_folders_here() {
    for (file, value) in [
        ("host", "docker-desktop"),
        ("endpoint", "ssh://admin@example.org"),
        ("endpoint", "tcp://192.0.2.1:2376"),
    ] {
        let fake = FakeDocker::new();
        fake.set(file, value);
        let volumes = fake.volumes();
        let volume = volumes.create(&Disk::new(), &new_volume()).unwrap();
        assert!(volumes.describe().contains(value), "{}", volumes.describe());
        assert_eq!(volumes.contents().path(&volume), None, "{value}");
        assert_eq!(volumes.path_of("v2_data"), None, "{value}");
    }
}

#[test]
fn a_volume_that_is_mounted_from_elsewhere_is_no_folder() {
    for (file, value) in [
        ("options", r#"{"type":"nfs","device":":/x"}"#),
        ("driver", "rexray"),
    ] {
        let fake = FakeDocker::new();
        let volumes = fake.volumes();
        volumes.create(&Disk::new(), &new_volume()).unwrap();
        fake.set(file, value);
        let volume = volumes.find("v2_data").unwrap().unwrap();
        assert_eq!(volumes.contents().path(&volume), None, "{value}");
    }
}

#[test]
fn a_tmpfs_that_nobody_has_mounted_is_refused_with_the_reason() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes();
    volumes.create(&Disk::new(), &new_volume()).unwrap();
    fake.set("options", r#"{"type":"tmpfs","device":"tmpfs"}"#);
    let volume = volumes.find("v2_data").unwrap().unwrap();
    let error = sound(volumes.contents().survey(&volume, &Silent), "tmpfs");
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("is a tmpfs"), "{reason}");
    assert_eq!(error.kind(), Kind::Refused);
    assert!(!error.hints().is_empty());
}

#[test]
fn a_folder_that_is_not_there_is_not_read() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes();
    let volume = volumes.create(&Disk::new(), &new_volume()).unwrap();
    std::fs::remove_dir(fake.contents("v2_data")).unwrap();
    assert_eq!(volumes.contents().path(&volume), None);
}

#[test]
fn a_name_that_could_leave_the_place_is_never_passed_on() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes();
    let before = fake.calls();
    for name in ["../x", "-f", "a b", "", "--all"] {
        let error = sound(volumes.find(name), name);
        assert!(matches!(error, Error::Name { .. }), "{error}");
    }
    assert_eq!(fake.calls(), before);
}

#[test]
fn the_disk_is_asked_before_the_engine_changes_anything() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes();
    let refusing = Disk::with_hook(|_| Err(std::io::Error::from_raw_os_error(28)));
    sound(volumes.create(&refusing, &new_volume()), "create");
    volumes.create(&Disk::new(), &new_volume()).unwrap();
    sound(volumes.remove(&refusing, "v2_data"), "remove");
    assert!(volumes.find("v2_data").unwrap().is_some());
}

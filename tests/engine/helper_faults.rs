//! Helper containers that can't be made, die, hang, lie and are of another version: each time
//! an error that says what to do, nothing half-made is taken for whole, no container is left
//! unsaid, and the same call does well once the engine is well.

use transship::engine::{CopyPair, DockerVolumes, Error, NewVolume, Volume, VolumeStore};
use transship::error::{Explain, Kind};
use transship::fs::Disk;
use transship::progress::{Collected, Silent};
use transship::tree::{CopyOptions, Holds, holds};

use super::fake_docker::{FakeDocker, new_volume};
use super::faults::sound;

/// A volume with a file, and a new one.
fn pair(fake: &FakeDocker, volumes: &DockerVolumes) -> (Volume, Volume) {
    let old = NewVolume {
        name: "v1_data".to_owned(),
        ..new_volume()
    };
    let source = volumes.create(&Disk::new(), &old).unwrap();
    let target = volumes.create(&Disk::new(), &new_volume()).unwrap();
    std::fs::write(fake.contents("v1_data").join("file"), "as it was").unwrap();
    (source, target)
}

fn copy(volumes: &DockerVolumes, (source, target): &(Volume, Volume)) -> Result<u64, Error> {
    let options = CopyOptions::default();
    let contents = volumes.contents();
    let copied = contents.copy(&Disk::new(), CopyPair { source, target }, &options, &Silent)?;
    Ok(copied.counts.files)
}

/// Spoils one call, copies, and copies again when all is well; the error and the reason.
fn fails(call: &str, how: &str) -> (Error, String) {
    let case = format!("{call} {how}");
    let fake = FakeDocker::new();
    let volumes = fake.volumes_elsewhere();
    let pair = pair(&fake, &volumes);
    fake.spoil(call, how);
    let error = sound(copy(&volumes, &pair), &case);
    assert!(!error.hints().is_empty(), "{case}: what is to be done?");
    assert!(!fake.has("running"), "{case}: a container is left");
    let target = fake.contents("v2_data");
    let copied_in_full = target.join("file").exists() && !how.contains("then");
    assert!(!copied_in_full, "{case}");
    if target.join(".transship-part").exists() {
        assert_eq!(holds(&target).unwrap(), Holds::Part, "{case}");
    }
    fake.heal();
    assert_eq!(copy(&volumes, &pair).unwrap(), 1, "{case}");
    assert_eq!(std::fs::read(target.join("file")).unwrap(), b"as it was");
    let reason = std::error::Error::source(&error).map(ToString::to_string);
    (error, reason.unwrap_or_default())
}

#[test]
fn an_image_that_cannot_be_made_is_a_refusal() {
    for how in [
        "exit1", "silent1", "full", "hangs", "killed", "lies", "empty",
    ] {
        let (error, reason) = fails("import --change", how);
        assert_eq!(error.kind(), Kind::Refused, "{how}");
        assert!(reason.contains("image"), "{how}: {reason}");
    }
}

#[test]
fn a_container_that_does_not_start_is_an_error() {
    for how in ["exit1", "silent1", "full", "killed", "empty"] {
        let (error, reason) = fails("run --rm", how);
        assert_eq!(error.kind(), Kind::Failed, "{how}");
        assert!(
            reason.contains("ended without an answer"),
            "{how}: {reason}"
        );
    }
    let (_, reason) = fails("run --rm", "full");
    assert!(reason.contains("no space left on device"), "{reason}");
}

#[test]
fn a_container_that_is_killed_half_way_is_an_error() {
    let (error, reason) = fails("run --rm", "dies-inside");
    assert_eq!(error.kind(), Kind::Failed);
    assert!(reason.contains("signal 9"), "{reason}");
}

#[test]
fn a_container_that_says_nothing_is_ended_and_removed() {
    for how in ["hangs", "hangs-inside"] {
        let (error, reason) = fails("run --rm", how);
        assert_eq!(error.kind(), Kind::Failed, "{how}");
        assert!(reason.contains("said nothing for 0.5 s"), "{how}: {reason}");
    }
}

#[test]
fn garbage_is_no_answer() {
    for how in [
        "garbage",
        "html",
        "wrong-type",
        "endless",
        "nonsense-inside",
    ] {
        let (error, reason) = fails("run --rm", how);
        assert_eq!(error.kind(), Kind::Failed, "{how}");
        let nonsense = reason.contains("can't be understood");
        // A line without an end is a line that was cut.
        assert!(nonsense || how == "garbage", "{how}: {reason}");
    }
}

#[test]
fn a_helper_of_another_version_is_refused_by_its_number() {
    let (_, reason) = fails("run --rm", "other-version");
    assert!(reason.contains("speaks version 3"), "{reason}");
}

#[test]
fn an_answer_to_something_else_is_none() {
    let (_, reason) = fails("run --rm", "other-answer-then");
    assert!(!reason.is_empty());
}

#[test]
fn a_full_disk_is_told_with_its_path_and_what_to_do() {
    let (error, reason) = fails("run --rm", "full-inside");
    assert!(reason.contains("/volumes/v2_data/x"), "{reason}");
    assert!(reason.contains("No space left"), "{reason}");
    assert!(error.hints()[0].contains("free some space"));
}

#[test]
fn a_copy_without_its_answer_is_not_believed() {
    for how in ["copied-then-killed", "answered-then-exit1"] {
        let (error, reason) = fails("run --rm", how);
        assert_eq!(error.kind(), Kind::Failed, "{how}");
        assert!(
            reason.contains("ended without an answer"),
            "{how}: {reason}"
        );
    }
}

#[test]
fn a_container_that_cannot_be_removed_is_named() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes_elsewhere();
    let pair = pair(&fake, &volumes);
    fake.set("fault", "run --rm hangs-inside\nrm --force exit1\n");
    let error = sound(copy(&volumes, &pair), "rm");
    let hints = error.hints().join("\n");
    assert!(
        hints.contains("docker rm --force transship-helper-"),
        "{hints}"
    );
}

#[test]
fn an_image_is_brought_once_and_used_by_later_runs() {
    let fake = FakeDocker::new();
    let pair = pair(&fake, &fake.volumes_elsewhere());
    for _ in 0..3 {
        assert_eq!(copy(&fake.volumes_elsewhere(), &pair).unwrap(), 1);
    }
    assert_eq!(fake.calls().matches("import --change").count(), 1);
    assert_eq!(fake.calls().matches("run --rm").count(), 3);
}

#[test]
fn an_image_that_holds_another_program_or_is_old_is_not_used_again() {
    for (place, with) in [
        // The layer's digest, and the time in the tag.
        (" ", " 0"),
        ("-", "-1"),
    ] {
        let fake = FakeDocker::new();
        let pair = pair(&fake, &fake.volumes_elsewhere());
        assert_eq!(copy(&fake.volumes_elsewhere(), &pair).unwrap(), 1);
        let image = fake.get("image");
        let other = image.replacen(place, with, 1);
        fake.set("image", &other);
        assert_eq!(copy(&fake.volumes_elsewhere(), &pair).unwrap(), 1);
        assert_eq!(fake.calls().matches("import --change").count(), 2);
        assert_ne!(fake.get("image"), other);
    }
}

#[test]
fn an_image_of_yesterday_is_removed_by_the_next_run() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes_elsewhere();
    let pair = pair(&fake, &volumes);
    fake.set("images", "0123456789abcdef-1700000000-0123abcd");
    assert_eq!(copy(&volumes, &pair).unwrap(), 1);
    drop(volumes);
    let removed = "image rm transship-helper:0123456789abcdef-1700000000-0123abcd\n";
    assert!(fake.calls().contains(removed), "{}", fake.calls());
    assert_eq!(fake.calls().matches("image rm").count(), 1);
}

#[test]
fn a_wish_to_stop_ends_the_container_and_is_told_as_such() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes_elsewhere();
    let (source, target) = pair(&fake, &volumes);
    fake.spoil("run --rm", "hangs-inside");
    let progress = Collected::default();
    progress
        .stop
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let options = CopyOptions::default();
    let contents = volumes.contents();
    let stopped = contents.copy(
        &Disk::new(),
        CopyPair {
            source: &source,
            target: &target,
        },
        &options,
        &progress,
    );
    let error = sound(stopped, "stop");
    assert_eq!(error.kind(), Kind::Interrupted, "{error}");
    assert!(!fake.has("running"));
}

/// Mounting it would make it, and the copy of nothing would be a success.
#[test]
fn a_source_that_has_gone_is_never_made_anew_by_being_mounted() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes_elsewhere();
    let pair = pair(&fake, &volumes);
    volumes.remove(&Disk::new(), "v1_data").unwrap();
    let error = sound(copy(&volumes, &pair), "gone");
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    assert!(!fake.calls().contains("run --rm"));
}

#[test]
fn two_engines_of_one_machine_are_told_apart_by_their_data() {
    let fake = FakeDocker::new();
    let here = fake.docker().server().unwrap();
    let mut other = here.clone();
    other.id = "X".to_owned();
    assert!(other.is_same_engine(&other));
    let elsewhere = transship::engine::ServerInfo {
        root: "/other".into(),
        ..other.clone()
    };
    assert!(!other.is_same_engine(&elsewhere));
    assert!(
        !here.is_same_engine(&here),
        "who has no id is nobody's same"
    );
}

#[test]
fn without_a_static_program_the_error_says_how_to_get_one() {
    let fake = FakeDocker::new();
    let volumes = fake.volumes_elsewhere();
    let pair = pair(&fake, &volumes);
    for (program, said) in [
        (Some("/bin/sh"), "isn't a static program"),
        (None, "there is no `transship-static` beside it"),
    ] {
        let volumes = fake.volumes().with_helper(program.map(Into::into));
        let error = sound(copy(&volumes, &pair), said);
        let reason = std::error::Error::source(&error).unwrap().to_string();
        assert!(reason.contains(said), "{reason}");
        assert_eq!(error.kind(), Kind::Refused);
        assert!(
            error.hints()[0].contains("crt-static"),
            "{:?}",
            error.hints()
        );
    }
}

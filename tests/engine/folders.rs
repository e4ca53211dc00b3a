//! Volumes that are plain folders.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;
use transship::engine::{
    Docker, Error, FakeVolumes, FolderUsers, FolderVolumes, NewVolume, User, Users, VolumeStore,
};
use transship::error::Explain;
use transship::fs::Disk;

use super::fake_docker::{FakeDocker, new_volume};

fn place() -> (TempDir, FolderVolumes) {
    let home = tempfile::tempdir().unwrap();
    let volumes = FolderVolumes::new(home.path(), nobody());
    (home, volumes)
}

/// Processes are looked for, and no engine is asked.
fn nobody() -> FolderUsers {
    FolderUsers::new(Docker::find(Some("/nowhere/docker"))).assume_stopped(true)
}

#[test]
fn a_made_volume_is_found_listed_and_removed() {
    let (home, volumes) = place();
    assert!(volumes.find("v2_data").unwrap().is_none());
    let made = volumes.create(&Disk::new(), &new_volume()).unwrap();
    assert_eq!(made.path, home.path().join("v2_data"));
    assert_eq!(volumes.find("v2_data").unwrap().unwrap(), made);
    assert_eq!(volumes.list().unwrap(), [made]);
    volumes.remove(&Disk::new(), "v2_data").unwrap();
    assert_eq!(volumes.list().unwrap(), []);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn only_folders_with_a_volume_s_name_are_volumes() {
    let (home, volumes) = place();
    for folder in ["b1", "a1", ".trash", "_x"] {
        fs::create_dir(home.path().join(folder)).unwrap();
    }
    fs::write(home.path().join("file"), "").unwrap();
    symlink("/etc", home.path().join("link")).unwrap();
    let names: Vec<_> = volumes
        .list()
        .unwrap()
        .into_iter()
        .map(|v| v.name)
        .collect();
    assert_eq!(names, ["a1", "b1"]);
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let (home, volumes) = place();
    symlink("/etc", home.path().join("link")).unwrap();
    for name in ["..", "../x", "/etc", "", ".", "a/b"] {
        assert!(
            matches!(volumes.find(name), Err(Error::Name { .. })),
            "{name}"
        );
    }
    assert!(matches!(
        volumes.find("link"),
        Err(Error::NotAFolder { .. })
    ));
    assert!(matches!(
        volumes.remove(&Disk::new(), "link"),
        Err(Error::NotAFolder { .. })
    ));
    let taken = NewVolume {
        name: "link".to_owned(),
        ..new_volume()
    };
    assert!(matches!(
        volumes.create(&Disk::new(), &taken),
        Err(Error::NotAFolder { .. })
    ));
}

#[test]
fn an_existing_folder_is_never_taken_over() {
    let (_home, volumes) = place();
    volumes.create(&Disk::new(), &new_volume()).unwrap();
    let error = volumes.create(&Disk::new(), &new_volume()).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
}

#[test]
fn what_is_not_there_cannot_be_removed() {
    let (_home, volumes) = place();
    let error = volumes.remove(&Disk::new(), "v2_data").unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
}

#[test]
fn a_folder_that_a_process_writes_to_is_not_removed() {
    let (_home, volumes) = place();
    let made = volumes.create(&Disk::new(), &new_volume()).unwrap();
    let log = fs::File::create(made.path.join("log")).unwrap();
    let mut writer = std::process::Command::new("sleep")
        .arg("60")
        .stdout(log)
        .spawn()
        .unwrap();
    let error = volumes.remove(&Disk::new(), "v2_data").unwrap_err();
    writer.kill().unwrap();
    writer.wait().unwrap();
    let text = error.to_string();
    let expected = format!(
        "volume `v2_data` is in use by sleep (process {})",
        writer.id()
    );
    assert_eq!(text, expected);
    volumes.remove(&Disk::new(), "v2_data").unwrap();
}

#[test]
fn containers_are_asked_about_where_an_engine_answers() {
    let (home, fake) = (tempfile::tempdir().unwrap(), FakeDocker::new());
    let volumes = FolderVolumes::new(home.path(), FolderUsers::new(Ok(fake.docker())));
    let made = volumes.create(&Disk::new(), &new_volume()).unwrap();
    let mount = |id: &str, running: bool, source: &std::path::Path| {
        format!(
            r#"{{"Id":"{id}","Name":"/{id}","State":{{"Running":{running}}},"Config":{{"Labels":{{"com.docker.compose.project":"p"}}}},"Mounts":[{{"Type":"bind","Source":"{}","RW":true}}]}}"#,
            source.display()
        )
    };
    fake.set(
        "ps",
        "{\"ID\":\"same\"}\n{\"ID\":\"above\"}\n{\"ID\":\"below\"}\n{\"ID\":\"beside\"}\n",
    );
    let containers = [
        mount("same", true, &made.path),
        mount("above", false, home.path()),
        mount("below", true, &made.path.join("base")),
        mount("beside", true, &home.path().join("v2_data2")),
    ];
    fake.set("containers", &containers.join("\n"));
    let users = volumes.users(&made).unwrap().found;
    let found: Vec<_> = users.iter().map(|u| (u.who.as_str(), u.running)).collect();
    assert_eq!(found, [("same", true), ("above", false), ("below", true)]);
    assert_eq!(users[0].project.as_deref(), Some("p"));
}

#[test]
fn a_mount_through_a_symlink_is_the_same_folder() {
    let (home, fake) = (tempfile::tempdir().unwrap(), FakeDocker::new());
    let release = home.path().join("releases/v1");
    fs::create_dir_all(release.join("data")).unwrap();
    symlink("releases/v1", home.path().join("current")).unwrap();
    fake.set("ps", "{\"ID\":\"db\"}\n");
    let source = home.path().join("current/data");
    let container = format!(
        r#"{{"Id":"db","Name":"/db","State":{{"Running":true}},"Mounts":[{{"Type":"bind","Source":"{}","RW":false}}]}}"#,
        source.display()
    );
    fake.set("containers", &container);
    let users = transship::engine::containers_using(&fake.docker(), &release.join("data")).unwrap();
    assert_eq!(users.len(), 1);
    assert!(!users[0].writes);
}

#[test]
fn without_an_engine_it_is_unknown_who_uses_a_folder() {
    let (home, fake) = (tempfile::tempdir().unwrap(), FakeDocker::new());
    let volumes = FolderVolumes::new(home.path(), FolderUsers::new(Ok(fake.docker())));
    let made = volumes.create(&Disk::new(), &new_volume()).unwrap();
    fake.spoil("info --format", "exit1");
    let users = volumes.users(&made).unwrap();
    assert_eq!(users.found, []);
    assert!(users.unknown.unwrap().contains("no Docker engine answers"));
}

#[test]
fn an_engine_that_answers_and_then_fails_is_not_passed_over() {
    let (home, fake) = (tempfile::tempdir().unwrap(), FakeDocker::new());
    let volumes = FolderVolumes::new(home.path(), FolderUsers::new(Ok(fake.docker())));
    let made = volumes.create(&Disk::new(), &new_volume()).unwrap();
    fake.spoil("ps --all", "exit1");
    assert!(volumes.users(&made).is_err());
}

#[test]
fn the_command_shown_makes_the_same_folder() {
    let home = tempfile::tempdir().unwrap();
    let odd = home.path().join("it's a place");
    fs::create_dir(&odd).unwrap();
    let volumes = FolderVolumes::new(&odd, nobody());
    let command = volumes.create_command(&new_volume());
    let status = std::process::Command::new("sh")
        .args(["-c", &command])
        .status()
        .unwrap();
    assert!(status.success());
    assert!(volumes.find("v2_data").unwrap().is_some());
}

#[test]
fn the_fake_has_the_users_that_a_test_gives_it() {
    let home = tempfile::tempdir().unwrap();
    let fake = FakeVolumes::new(home.path());
    let made = fake.create(&Disk::new(), &new_volume()).unwrap();
    let user = User {
        who: "db".to_owned(),
        id: "1".to_owned(),
        project: None,
        service: None,
        running: true,
        writes: true,
        is_process: false,
        path: None,
    };
    fake.use_by("v2_data", user.clone());
    assert_eq!(fake.users(&made).unwrap(), Users::known(vec![user]));
    let error = fake.remove(&Disk::new(), "v2_data").unwrap_err();
    assert_eq!(error.hints(), ["stop db first"]);
    fake.free("v2_data");
    fake.remove(&Disk::new(), "v2_data").unwrap();
    assert_eq!(fake.created(), [new_volume()]);
}

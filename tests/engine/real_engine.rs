//! Volumes of a real engine.

use transship::engine::{
    Docker, Error, FolderUsers, FolderVolumes, LABEL_INSTALL, LABEL_RUN, MadeBy, NewVolume, User,
    Volume, VolumeStore,
};
use transship::error::{Explain, Kind};
use transship::fs::Disk;
use transship::progress::Silent;

use crate::lab::{Lab, put, store};
use crate::need;

fn lab(test: &str) -> Option<Lab> {
    (need::docker() && need::root()).then(|| Lab::new(test))
}

fn who(users: &[User]) -> Vec<&str> {
    let mut names: Vec<&str> = users.iter().map(|user| user.who.as_str()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_created_volume_is_empty_and_has_composes_two_labels_and_no_other() {
    let Some(lab) = lab("created") else { return };
    let (store, new) = (store(), lab.new_volume("data"));
    assert_eq!(store.find(&new.name).unwrap(), None);
    let made = store.create(&Disk::new(), &new).unwrap();
    assert_eq!(made.path.read_dir().unwrap().count(), 0);
    assert!(made.path.starts_with(store.folder().unwrap()));
    let labels = [
        ("com.docker.compose.project".to_owned(), new.project.clone()),
        ("com.docker.compose.volume".to_owned(), "data".to_owned()),
    ];
    assert_eq!(made.labels, labels.into());
    assert_eq!(store.find(&new.name).unwrap().as_ref(), Some(&made));
    let listed = store.list().unwrap();
    assert!(listed.contains(&made));
    assert!(listed.is_sorted_by(|a, b| a.name < b.name));
}

#[test]
fn the_command_shown_makes_the_same_volume() {
    let Some(lab) = lab("shown") else { return };
    let (store, new) = (store(), lab.new_volume("data"));
    let shown = store.create_command(&new);
    let words = shlex::split(&shown).unwrap();
    assert_eq!(words[0], "docker");
    let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    lab.docker(&args);
    let by_hand = store.find(&new.name).unwrap().unwrap();
    store.remove(&Disk::new(), &new.name).unwrap();
    let made = store.create(&Disk::new(), &new).unwrap();
    let timeless = |volume: Volume| Volume {
        created: None,
        ..volume
    };
    assert_eq!(timeless(made), timeless(by_hand));
}

#[test]
fn a_volume_of_a_run_says_which_run_of_which_install_and_when() {
    let Some(lab) = lab("made-by") else { return };
    let new = NewVolume {
        made_by: Some(MadeBy {
            install: "an-install".to_owned(),
            run: "a-run".to_owned(),
        }),
        ..lab.new_volume("data")
    };
    let made = store().create(&Disk::new(), &new).unwrap();
    assert_eq!(made.labels[LABEL_INSTALL], "an-install");
    assert_eq!(made.labels[LABEL_RUN], "a-run");
    assert!(made.created.is_some());
}

#[test]
fn a_volume_that_is_there_is_never_taken_over() {
    let Some(lab) = lab("exists") else { return };
    let path = lab.volume_with_data("data");
    let error = store()
        .create(&Disk::new(), &lab.new_volume("data"))
        .unwrap_err();
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Refused);
    assert!(path.join("kept").exists());
}

#[test]
fn containers_use_a_volume_by_its_name_and_by_its_folder_running_or_not() {
    let Some(lab) = lab("users") else { return };
    let folder = lab.volume_with_data("data");
    let (name, store) = (lab.name("data"), store());
    let above = folder.parent().unwrap().display().to_string();
    let start = |how: &str, key: &str, source: &str| {
        let mut args: Vec<&str> = how.split(' ').collect();
        let container = lab.name(key);
        args.extend(["--name", &container, "--network", "none", "-v", source]);
        lab.docker(&[&args[..], &["shell:1", "sleep", "1000"]].concat());
        container
    };
    let running = start("run -d", "running", &format!("{name}:/d"));
    let stopped = start("create", "stopped", &format!("{name}:/d"));
    let paused = start("run -d", "paused", &format!("{name}:/d:ro"));
    lab.docker(&["pause", &paused]);
    let bound = start("run -d", "bound", &format!("{}:/d", folder.display()));
    let bound_above = start("create", "above", &format!("{above}:/d:ro"));
    start("run -d", "other", "/etc:/d:ro");

    let volume = store.find(&name).unwrap().unwrap();
    let users = store.users(&volume).unwrap().found;
    let mut expected = [&running, &stopped, &paused, &bound, &bound_above].map(String::as_str);
    expected.sort_unstable();
    assert_eq!(who(&users), expected);
    for user in &users {
        let is = |names: &[&String]| names.contains(&&user.who);
        assert_eq!(user.running, is(&[&running, &paused, &bound]), "{user:?}");
        assert_eq!(user.writes, is(&[&running, &stopped, &bound]), "{user:?}");
    }

    let error = store.remove(&Disk::new(), &name).unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    assert!(folder.join("kept").exists());
    lab.docker(&["unpause", &paused]);
}

#[test]
fn an_idle_volume_is_removed_and_gone() {
    let Some(lab) = lab("removed") else { return };
    let path = lab.volume_with_data("data");
    let (store, name) = (store(), lab.name("data"));
    store.remove(&Disk::new(), &name).unwrap();
    assert_eq!(store.find(&name).unwrap(), None);
    assert!(!path.exists());
    let error = store.remove(&Disk::new(), &name).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
}

#[test]
fn a_volume_mounted_from_elsewhere_is_listed_and_never_read_by_its_path() {
    let Some(lab) = lab("options") else { return };
    let name = lab.name("data");
    let options = ["-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m"];
    lab.docker(&[&["volume", "create"], &options[..], &[&name]].concat());
    let store = store();
    let volume = store.find(&name).unwrap().unwrap();
    assert_eq!(store.contents().path(&volume), None);
    let error = store.contents().survey(&volume, &Silent).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(
        store
            .list()
            .unwrap()
            .iter()
            .any(|volume| volume.name == name)
    );
}

#[test]
fn a_hook_that_fails_keeps_the_engine_from_being_asked() {
    let Some(lab) = lab("hook") else { return };
    let (store, new) = (store(), lab.new_volume("data"));
    let disk = Disk::with_hook(|_| Err(std::io::Error::from_raw_os_error(28)));
    store.create(&disk, &new).unwrap_err();
    assert_eq!(store.find(&new.name).unwrap(), None);
}

#[test]
fn a_folder_bound_into_a_container_is_in_use_by_it() {
    let Some(lab) = lab("bound") else { return };
    let home = tempfile::tempdir().unwrap();
    let store = FolderVolumes::new(home.path(), FolderUsers::new(Docker::find(None)));
    let volume = store.create(&Disk::new(), &lab.new_volume("data")).unwrap();
    put(&volume.path, "kept");
    let (container, mount) = (lab.name("c"), format!("{}:/d", volume.path.display()));
    let args = [
        "create", "--name", &container, "-v", &mount, "shell:1", "true",
    ];
    lab.docker(&args);
    let users = store.users(&volume).unwrap().found;
    assert_eq!(who(&users), [container]);
    assert!(!users[0].running);
    let error = store.remove(&Disk::new(), &volume.name).unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
}

#[test]
fn the_engine_says_who_it_is() {
    let Some(lab) = lab("info") else { return };
    let info = Docker::find(None).unwrap().server().unwrap();
    let version = lab.docker(&["version", "--format", "{{.Server.Version}}"]);
    assert_eq!(info.version, version);
    assert!(store().describe().contains(&version));
    assert_eq!(store().folder().unwrap(), info.root.join("volumes"));
    assert!(info.root.join("volumes").is_dir());
}

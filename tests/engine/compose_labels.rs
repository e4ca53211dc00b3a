//! That Docker Compose takes a volume made here for its own: it neither warns of it nor makes
//! it anew. The control is a volume whose labels were copied from another.

use std::path::Path;

use transship::engine::{Users, VolumeStore};

use crate::lab::{Lab, put, store};
use crate::need;

fn lab(test: &str) -> Option<Lab> {
    (need::docker() && need::root()).then(|| Lab::new(test))
}

/// What Compose says of a volume that isn't its own: "already exists but was not created by
/// Docker Compose", "... but was created for project".
const WARNING: &str = "already exists but was";

fn assert_kept(folder: &Path, said: &str) {
    assert!(!said.contains(WARNING), "{said}");
    let kept = std::fs::read_to_string(folder.join("kept")).unwrap();
    assert_eq!(kept, "as it was", "{said}");
}

#[test]
fn compose_takes_a_created_volume_for_its_own_and_keeps_its_data() {
    let Some(lab) = lab("own") else { return };
    let folder = lab.volume_with_data("data");
    let (project, volume) = (lab.name("project"), lab.name("data"));
    for args in [
        &["create", "-y"][..],
        &["up", "-y", "-d"],
        &["up", "-y", "-d", "--force-recreate"],
        &["down"],
        &["up", "-y", "-d"],
        &["down"],
    ] {
        let said = lab.compose(&project, &volume, args);
        assert_kept(&folder, &format!("{args:?}: {said}"));
    }
}

#[test]
fn composes_own_containers_name_project_and_service_as_users() {
    let Some(lab) = lab("service") else { return };
    lab.volume_with_data("data");
    let (project, volume) = (lab.name("project"), lab.name("data"));
    lab.compose(&project, &volume, &["up", "-y", "-d"]);
    let store = store();
    let found = store.find(&volume).unwrap().unwrap();
    let users = store.users(&found).unwrap().found;
    assert_eq!(users.len(), 1);
    assert_eq!(users[0].project.as_ref(), Some(&project));
    assert_eq!(users[0].service.as_deref(), Some("db"));
    assert!(users[0].running && users[0].writes);
    lab.compose(&project, &volume, &["down"]);
    assert_eq!(store.users(&found).unwrap(), Users::default());
}

/// The control: if this ever passes quietly, the first test proves nothing any more.
#[test]
fn a_volume_with_copied_labels_loses_its_data_or_is_warned_of() {
    let Some(lab) = lab("control") else { return };
    let (old, new) = (lab.name("old"), lab.name("new"));
    lab.compose(&lab.name("one"), &old, &["create", "-y"]);
    let labels = lab.docker(&["volume", "inspect", "--format", "{{json .Labels}}", &old]);
    let labels: std::collections::BTreeMap<String, String> = serde_json::from_str(&labels).unwrap();
    let labels: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let labels = labels.iter().flat_map(|label| ["--label", label.as_str()]);
    let args: Vec<&str> = ["volume", "create"].into_iter().chain(labels).collect();
    lab.docker(&[&args[..], &[&new]].concat());
    let folder = store().find(&new).unwrap().unwrap().path;
    put(&folder, "kept");
    let said = lab.compose(&lab.name("two"), &new, &["create", "-y"]);
    assert!(said.contains(WARNING), "{said}");
    if args
        .iter()
        .any(|arg| arg.starts_with("com.docker.compose.config-hash="))
    {
        assert!(!folder.join("kept").exists(), "{said}");
    }
}

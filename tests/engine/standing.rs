//! A project stopped as it stands and started again as it is, and images that are held.

use std::fs;
use std::time::Duration;

use transship::engine::{
    Docker, ImageHold, StandingContainer, free_names, image_id, remove_containers, stop_containers,
};
use transship::fs::Disk;
use transship::progress::Silent;

use crate::lab::{Lab, put_text};
use crate::need;

const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn a_project_is_started_again_as_it_stood_whatever_became_of_its_files_and_names() {
    if !(need::docker() && need::root()) {
        return;
    }
    let (lab, home) = (Lab::new("standing"), tempfile::tempdir().unwrap());
    let project = lab.name("a");
    let db = lab.name("db");
    let text = format!(
        "services:
  db:
    image: shell:1
    init: true
    container_name: {db}
    command: [sleep, '1000']
    stop_grace_period: 0s
    healthcheck: {{test: 'true', interval: 1s}}
  web:
    image: shell:1
    init: true
    stop_grace_period: 0s
    command: [sleep, '1000']
    depends_on: [db]
  once:
    image: shell:1
    command: 'true'
"
    );
    put_text(&home.path().join("compose.yaml"), &text);
    let folder = home.path().to_str().unwrap();
    let compose = ["compose", "-p", &project, "--project-directory", folder];
    lab.docker(&[&compose[..], &["up", "--detach", "--pull", "never"]].concat());
    let (docker, disk) = (Docker::find(None).unwrap(), Disk::new());
    let stood = StandingContainer::of_project(&docker, &project, home.path()).unwrap();
    let ran = stood.iter().filter(|one| one.ran).count();
    assert_eq!((stood.len(), ran), (3, 2));

    stop_containers(&docker, &disk, (&project, home.path()), PATIENCE, &Silent).unwrap();
    let filter = format!("label=com.docker.compose.project={project}");
    assert_eq!(lab.docker(&["ps", "--quiet", "--filter", &filter]), "");

    // Another has its name, the files are broken, and the container had to be called otherwise.
    lab.docker(&["rename", &db, &format!("{db}-aside")]);
    let other = lab.name("b");
    let label = format!("com.docker.compose.project={other}");
    let made = [
        "create",
        "--name",
        &db,
        "--label",
        &label,
        "--label",
        "com.docker.compose.oneoff=False",
        "shell:1",
    ];
    lab.docker(&made);
    fs::write(home.path().join("compose.yaml"), "services: [").unwrap();
    free_names(&docker, &disk, &stood, &other).unwrap();
    StandingContainer::start_again(&stood, &docker, &disk, PATIENCE, &Silent).unwrap();
    let now = StandingContainer::of_project(&docker, &project, home.path()).unwrap();
    let key = |all: &[StandingContainer]| {
        let mut keys: Vec<_> = all
            .iter()
            .map(|one| (one.id.clone(), one.name.clone(), one.ran))
            .collect();
        keys.sort();
        keys
    };
    assert_eq!(key(&now), key(&stood));

    remove_containers(&docker, &disk, (&project, home.path())).unwrap();
    assert_eq!(
        lab.docker(&["ps", "--all", "--quiet", "--filter", &filter]),
        ""
    );
    assert_eq!(
        lab.docker(&["network", "ls", "--quiet", "--filter", &filter]),
        ""
    );
    let gone = StandingContainer::start_again(&stood, &docker, &disk, PATIENCE, &Silent);
    let error = gone.unwrap_err().to_string();
    assert!(error.contains("it is gone"), "{error}");
}

#[test]
fn a_held_image_survives_a_moved_tag_and_every_prune_of_images() {
    if !need::docker() {
        return;
    }
    let lab = Lab::new("holding");
    let own = lab.name("own");
    let image = |text: &str| {
        let name = lab.name("from");
        lab.docker(&[
            "create",
            "--name",
            &name,
            "--network",
            "none",
            "shell:1",
            "true",
        ]);
        // As Postgres does: a volume that would be made for each container.
        let label = format!("LABEL {own}={text}");
        let id = lab.docker(&[
            "commit",
            "--change",
            &label,
            "--change",
            "VOLUME /data",
            &name,
        ]);
        lab.docker(&["rm", &name]);
        id
    };
    let (docker, disk) = (Docker::find(None).unwrap(), Disk::new());
    let (old, new) = (image("old"), image("new"));
    let tag = format!("{}:latest", lab.name("app"));
    lab.docker(&["tag", &old, &tag]);
    let hold = ImageHold::new("0123456789abcdef", &lab.name("v1"), &old);
    hold.take(&docker, &disk).unwrap();
    hold.take(&docker, &disk).unwrap();
    let holder = format!("label={}={}", transship::engine::LABEL_HOLD, hold.tag);
    let held = lab.docker(&[
        "ps",
        "--all",
        "--filter",
        &holder,
        "--format",
        "{{.Mounts}}|{{.Status}}",
    ]);
    assert_eq!(held, "|Created", "one container, without a volume");
    lab.docker(&["tag", &new, &tag]);
    let filter = format!("label={own}");
    lab.docker(&["image", "prune", "--force", "--all", "--filter", &filter]);
    assert_eq!(image_id(&docker, &hold.tag).unwrap(), Some(old.clone()));
    assert_eq!(
        image_id(&docker, &new).unwrap(),
        None,
        "and this wasn't held"
    );

    // The last name of an image isn't taken from it; without a hold a prune may take it.
    hold.let_go(&docker, &disk).unwrap();
    assert_eq!(image_id(&docker, &old).unwrap(), Some(old.clone()));
    lab.docker(&["image", "prune", "--force", "--all", "--filter", &filter]);
    assert_eq!(image_id(&docker, &old).unwrap(), None);
}

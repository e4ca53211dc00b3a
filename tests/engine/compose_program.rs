//! Docker Compose stops and starts a real project.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use transship::engine::{Compose, ComposeProject, Docker, Error, UpOptions};
use transship::error::{Explain, Kind};
use transship::fs::Disk;
use transship::progress::{Collected, Silent};

use crate::fake_docker::FakeDocker;
use crate::lab::Lab;
use crate::need;

const SOON: Duration = Duration::from_secs(20);

/// A release with a compose file, reached through `current`, and its project.
struct Release {
    home: TempDir,
    project: ComposeProject,
    // Last: it removes the containers when all else is done.
    lab: Lab,
}

/// `services` are lines below `services:`, indented by two.
fn release(test: &str, services: &str) -> Option<Release> {
    if !(need::docker() && need::root()) {
        return None;
    }
    let lab = Lab::new(test);
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("releases/v1.3.2");
    fs::create_dir_all(&folder).unwrap();
    symlink("releases/v1.3.2", home.path().join("current")).unwrap();
    let file = format!("services:\n{services}");
    fs::write(folder.join("docker-compose.yml"), file).unwrap();
    let compose = Compose::find(&Docker::find(None).unwrap()).unwrap();
    let name = lab.name("project");
    let current = home.path().join("current");
    let project = compose.project(&name, &current, &[]).unwrap();
    Some(Release { home, project, lab })
}

/// A service of the small image with more settings, in lines.
fn service(name: &str, command: &str, more: &[&str]) -> String {
    let mut text = format!(
        "  {name}:\n    image: shell:1\n    network_mode: none\n    command: ['sh', '-c', {command:?}]\n"
    );
    for line in more {
        text += &format!("    {line}\n");
    }
    text
}

fn up(release: &Release) {
    release
        .project
        .up(&Disk::new(), &UpOptions::default())
        .unwrap();
}

const HEALTH: &str =
    "healthcheck: {test: 'test -f /tmp/ready', interval: 1s, start_period: 1s, retries: 3}";

#[test]
fn a_project_comes_up_is_stopped_and_comes_up_again() {
    let services = service(
        "db",
        "trap 'exit 0' TERM; sleep 1; touch /tmp/ready; sleep 1000 & wait",
        &[HEALTH],
    ) + &service("job", "echo done", &[]);
    let Some(release) = release("updown", &services) else {
        return;
    };
    for _ in 0..2 {
        up(&release);
        release.project.wait(SOON, &Silent).unwrap();
        let stopped = release.project.stop(&Disk::new(), &[], Some(SOON)).unwrap();
        let codes: Vec<_> = stopped
            .iter()
            .map(|container| container.exit_code)
            .collect();
        assert_eq!(codes, [Some(0), Some(0)]);
    }
}

#[test]
fn compose_is_told_the_real_folder_and_never_current() {
    let Some(release) = release(
        "real",
        &service("a", "sleep 1000", &["stop_grace_period: 0s"]),
    ) else {
        return;
    };
    let shown = release.project.up_command(&UpOptions::default());
    assert!(
        shown.contains("--project-directory") && shown.contains("/releases/v1.3.2"),
        "{shown}"
    );
    assert!(!shown.contains("current"), "{shown}");
    up(&release);
    let id = release.project.containers().unwrap()[0].id.clone();
    let label = "{{index .Config.Labels \"com.docker.compose.project.working_dir\"}}";
    let folder = release.lab.docker(&["inspect", "--format", label, &id]);
    let real = release
        .home
        .path()
        .join("releases/v1.3.2")
        .canonicalize()
        .unwrap();
    assert_eq!(Path::new(&folder), real);
}

#[test]
fn a_container_that_dies_is_named_with_its_last_words() {
    let services = service("good", "sleep 1000", &["stop_grace_period: 0s"])
        + &service("bad", "echo 'can not open the database' >&2; exit 7", &[]);
    let Some(release) = release("dies", &services) else {
        return;
    };
    up(&release);
    let error = release.project.wait(SOON, &Silent).unwrap_err();
    let Error::NotUp { failures, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(failures.len(), 1);
    let text = error.to_string();
    assert!(
        text.contains("bad-1` (exit code 7): can not open the database"),
        "{text}"
    );
    assert_eq!(error.kind(), Kind::Failed);
}

#[test]
fn a_container_that_never_gets_healthy_is_not_waited_for_for_ever() {
    let Some(release) = release(
        "sick",
        &service("db", "sleep 1000", &[HEALTH, "stop_grace_period: 0s"]),
    ) else {
        return;
    };
    up(&release);
    let error = release
        .project
        .wait(Duration::from_secs(2), &Silent)
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("db-1` (not healthy yet)") || text.contains("db-1` (unhealthy)"),
        "{text}"
    );
}

#[test]
fn a_container_that_is_started_again_and_again_does_not_count_as_up() {
    let Some(release) = release("loops", &service("db", "exit 1", &["restart: always"])) else {
        return;
    };
    up(&release);
    let error = release
        .project
        .wait(Duration::from_secs(3), &Silent)
        .unwrap_err();
    assert!(matches!(error, Error::NotUp { .. }), "{error}");
}

#[test]
fn a_container_that_is_deaf_to_the_end_is_killed_and_shows_it() {
    let services = service("deaf", "trap '' TERM; while :; do sleep 1; done", &[])
        + &service("other", "trap 'exit 0' TERM; sleep 1000 & wait", &[]);
    let Some(release) = release("deaf", &services) else {
        return;
    };
    up(&release);
    release.project.wait(SOON, &Silent).unwrap();
    let stopped = release
        .project
        .stop(&Disk::new(), &["deaf"], Some(Duration::from_secs(1)))
        .unwrap();
    assert_eq!(stopped.len(), 1);
    assert_eq!(stopped[0].exit_code, Some(137));
    let running = release.project.containers().unwrap();
    assert_eq!(
        running.iter().filter(|container| container.running).count(),
        1
    );
}

#[test]
fn an_image_that_is_not_here_is_not_fetched() {
    let services = "  a:\n    image: transship.invalid/nothing:1\n";
    let Some(release) = release("pull", services) else {
        return;
    };
    let how = UpOptions {
        never_pull: true,
        ..UpOptions::default()
    };
    let error = release.project.up(&Disk::new(), &how).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("--pull never"), "{source}");
    assert!(source.to_lowercase().contains("no such image"), "{source}");
}

#[test]
fn only_the_services_named_are_started() {
    let quick = "stop_grace_period: 0s";
    let services = service("db", "sleep 1000", &[quick])
        + &service("app", "sleep 1000", &[quick, "depends_on: [db]"])
        + &service("other", "sleep 1000", &[quick]);
    let Some(release) = release("some", &services) else {
        return;
    };
    let names = |project: &ComposeProject| {
        let mut names: Vec<_> = project
            .containers()
            .unwrap()
            .into_iter()
            .filter_map(|c| c.service)
            .collect();
        names.sort();
        names
    };
    let alone = UpOptions {
        services: &["app"],
        alone: true,
        ..UpOptions::default()
    };
    release.project.up(&Disk::new(), &alone).unwrap();
    assert_eq!(names(&release.project), ["app"]);
    let with_needs = UpOptions {
        services: &["app"],
        ..UpOptions::default()
    };
    release.project.up(&Disk::new(), &with_needs).unwrap();
    assert_eq!(names(&release.project), ["app", "db"]);
}

#[test]
fn a_project_without_containers_is_not_up_and_waiting_can_be_interrupted() {
    let Some(release) = release("none", &service("a", "true", &[])) else {
        return;
    };
    let error = release
        .project
        .wait(Duration::from_secs(1), &Silent)
        .unwrap_err();
    assert!(
        error.to_string().ends_with("it has no containers"),
        "{error}"
    );
    let progress = Collected::default();
    progress
        .stop
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let error = release.project.wait(SOON, &progress).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted);
}

#[test]
fn a_name_that_compose_would_bend_is_refused() {
    let fake = FakeDocker::new();
    let compose = Compose::find(&fake.docker()).unwrap();
    let error = compose.project("v1.3.2", Path::new("/"), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`v1.3.2` is no name for a compose project"
    );
    assert_eq!(error.kind(), Kind::Usage);
}

#[test]
fn the_first_generation_is_known_and_does_what_it_can() {
    let fake = FakeDocker::new();
    fake.set("compose-version", "1.29.2");
    let compose = Compose::find(&fake.docker()).unwrap();
    assert!(compose.is_first_generation());
    let project = compose.project("v132", Path::new("/"), &[]).unwrap();
    let how = UpOptions {
        never_pull: true,
        ..UpOptions::default()
    };
    let error = project.up(&Disk::new(), &how).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Docker Compose 1.29.2 has no `up --pull never`"
    );
    let shown = project.stop_command(&["db"], Some(Duration::from_secs(90)));
    assert!(
        shown.ends_with("-p v132 --project-directory / stop --timeout 90 db"),
        "{shown}"
    );
}

#[test]
fn a_stop_that_only_claims_success_is_an_error() {
    let fake = FakeDocker::new();
    let compose = Compose::find(&fake.docker()).unwrap();
    let project = compose.project("v132", Path::new("/"), &[]).unwrap();
    fake.set("ps", "{\"ID\":\"abc\"}\n");
    let container =
        r#"{"Id":"abc","Name":"/v132-db-1","State":{"Status":"running","Running":true}}"#;
    fake.set("containers", container);
    let error = project
        .stop(&Disk::new(), &[], Some(Duration::from_secs(1)))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "still running after project `v132` was stopped: `v132-db-1`"
    );
    fake.spoil("compose -p", "exit1");
    let error = project
        .stop(&Disk::new(), &[], Some(Duration::from_secs(1)))
        .unwrap_err();
    assert!(matches!(error, Error::Call { .. }), "{error}");
}

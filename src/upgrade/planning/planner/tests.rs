//! What is planned from which facts, and what stands against it.

use super::PlanLabel;
use super::{Decisions, Facts, Plan, Refused, Request, Step, VolumeFacts, VolumePair, plan};
use crate::compose::Model;
use crate::document::DocumentId;
use crate::engine::{ArchivedImage, FakeVolumes, User, Users, VolumeBackend};
use crate::error::Explain;
use crate::release::{Check, CheckQuestion, HookCommand, Hooks, RecipeHook, Version};
use crate::tree::Survey;
use crate::upgrade::planning::decisions::OutsideFolder;
use crate::upgrade::planning::drift;
use crate::upgrade::planning::facts::{CarryFacts, Filesystem, FolderFacts};
use crate::upgrade::planning::image_facts::ImageFacts;
use crate::upgrade::planning::whose::CarriedPath;
use crate::upgrade::projects::ProjectPair;
use crate::upgrade::step::{Phase, ReleaseProject};
use std::path::Path;

fn carried(path: &str) -> CarriedPath {
    CarriedPath {
        path: path.into(),
        exclude: Vec::new(),
        replaces: true,
        is_same: false,
    }
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn request() -> Request {
    Request::new(version("v2"), VolumeBackend::Local)
}

fn release_project(release: &str, project: &str) -> ReleaseProject {
    ReleaseProject {
        version: version(release),
        project: project.into(),
        folder: "deploy".into(),
        env_files: vec![Path::new("releases").join(release).join("prod.env")],
        profiles: vec!["a b".into()],
    }
}

fn decisions() -> Decisions {
    let pair = |key: &str| VolumePair {
        key: key.to_owned(),
        source: format!("v1_{key}"),
        target: format!("v2_{key}"),
        is_used: key == "data",
        moved: None,
    };
    Decisions {
        from: version("v1"),
        to: version("v2"),
        from_project: "one".into(),
        project: "two".into(),
        projects: ProjectPair::default(),
        old: release_project("v1", "one"),
        new: release_project("v2", "two"),
        new_folder: "/install/releases/v2".into(),
        edits: Vec::new(),
        images: vec!["acme/web:v2".into()],
        volumes: vec![pair("data"), pair("cache")],
        folders: vec![OutsideFolder {
            path: "/srv/files".into(),
            from: "/srv/files".into(),
            to: "own/srv/files".into(),
        }],
        shared: Vec::new(),
        model: Model::default(),
        questions: Vec::new(),
        merged: Vec::new(),
        carry: vec![carried(".env"), carried("etc/ssl")],
        leave: Vec::new(),
        left_behind: Vec::new(),
        written: vec!["etc/ssl/acme".into()],
        hooks: Hooks::default(),
        checks: Vec::new(),
        notes: None,
        warnings: Vec::new(),
        obstacles: Vec::new(),
    }
}

fn sized(bytes: u64) -> Survey {
    Survey {
        files: 1,
        bytes,
        allocated: bytes,
        ..Survey::default()
    }
}

fn facts() -> Facts {
    let volume = VolumeFacts {
        source: Some(sized(600)),
        ..VolumeFacts::default()
    };
    let room = Filesystem {
        path: "/install".into(),
        device: 1,
        free: 10_000,
        inodes: Some(1000),
    };
    Facts {
        findings: Vec::new(),
        skipped_hop: None,
        below_minimum: Vec::new(),
        unwell_checks: Vec::new(),
        images: None,
        unseen: crate::upgrade::planning::unseen::UnseenFacts::default(),
        compose: None,
        current: Some("releases/v1".into()),
        volumes: vec![volume.clone(), volume],
        folders: vec![FolderFacts {
            source: Some(sized(0)),
            ..FolderFacts::default()
        }],
        carry: vec![
            CarryFacts {
                old: Some(sized(50)),
                in_new: true,
            },
            CarryFacts {
                old: Some(sized(50)),
                in_new: false,
            },
        ],
        releases: room.clone(),
        volume_room: room,
        place: "folders below `/install/volumes`".into(),
    }
}

fn plan_of(decisions: &Decisions, facts: &Facts) -> Result<Plan, Refused> {
    plan(label(), &request(), None, decisions, facts)
}

fn label() -> PlanLabel {
    let made = "2026-11-21T02:00:00Z".parse().unwrap();
    let id = DocumentId {
        sequence: 1,
        name: "id".into(),
    };
    PlanLabel {
        id,
        made,
        install: None,
    }
}

#[track_caller]
fn refused(decisions: &Decisions, facts: &Facts, expected: &[&str]) {
    let Refused(found) = plan_of(decisions, facts).unwrap_err();
    let said: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), expected.len(), "{said:?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.contains(expected), "{said}");
    }
    assert!(found.iter().all(|obstacle| !obstacle.ways_out().is_empty()));
}

#[test]
fn all_is_copied_and_verified_before_the_switch() {
    let kinds: Vec<_> = plan_of(&decisions(), &facts())
        .unwrap()
        .steps
        .iter()
        .map(Step::title)
        .collect();
    assert_eq!(
        kinds,
        [
            "carry releases/v1/.env to releases/v2/.env",
            "carry releases/v1/etc/ssl to releases/v2/etc/ssl",
            "copy volume v1_data to v2_data",
            "copy volume v1_cache to v2_cache",
            "verify volume v2_data",
            "verify volume v2_cache",
            "copy /srv/files to releases/v2/own/srv/files",
            "switch current to releases/v2",
        ]
    );
}

#[test]
fn a_volume_that_is_not_there_is_an_obstacle_where_something_uses_it() {
    let mut facts = facts();
    facts.volumes[1].source = None;
    let plan = plan_of(&decisions(), &facts).unwrap();
    let titles: Vec<_> = plan.steps.iter().map(Step::title).collect();
    assert!(
        !titles.iter().any(|title| title.contains("cache")),
        "{titles:?}"
    );
    facts.volumes[0].source = None;
    refused(
        &decisions(),
        &facts,
        &["volume `v1_data` (`volumes.data` of the old release)"],
    );
}

#[test]
fn a_folder_is_copied_where_it_is_there_and_its_place_is_free() {
    for (source, in_new, expected) in [
        (None, false, "`/srv/files` is to be copied and isn't there"),
        (
            Some(sized(1)),
            true,
            "the new release has `own/srv/files`, where a copy is to be",
        ),
    ] {
        let mut facts = facts();
        facts.folders[0].source = source;
        facts.folders[0].in_new = in_new;
        refused(&decisions(), &facts, &[expected]);
    }
}

#[test]
fn what_the_old_release_lacks_is_not_carried_and_is_told() {
    let mut facts = facts();
    facts.carry[1].old = None;
    let plan = plan_of(&decisions(), &facts).unwrap();
    assert_eq!(
        plan.steps
            .iter()
            .filter(|step| matches!(step, Step::Carry(_)))
            .count(),
        1
    );
    assert!(
        plan.warnings[0].contains("`etc/ssl`"),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn everything_that_stands_against_it_is_told_at_once() {
    let mut facts = facts();
    facts.volumes[0] = VolumeFacts {
        similar: vec!["acme_data".into()],
        ..VolumeFacts::default()
    };
    facts.volumes[1].target_full = true;
    facts.volume_room.free = 10;
    facts.releases.free = 10;
    let mut decisions = decisions();
    decisions.project = decisions.from_project.clone();
    refused(
        &decisions,
        &facts,
        &[
            "compose project `one`",
            "`v1_data`",
            "`v2_cache`",
            "10 bytes free",
        ],
    );
    let hints = plan_of(&decisions, &facts).unwrap_err().hints();
    assert!(
        hints.iter().any(|hint| hint.contains("`acme_data`")),
        "{hints:?}"
    );
}

#[test]
fn a_volume_is_never_copied_onto_itself_nor_a_release() {
    let mut same = decisions();
    same.volumes[0].target = same.volumes[0].source.clone();
    refused(
        &same,
        &facts(),
        &["both releases would use the volume `v1_data`"],
    );
    let mut same = decisions();
    same.to = same.from.clone();
    refused(&same, &facts(), &["active already"]);
}

#[test]
fn room_is_counted_by_filesystem() {
    let together = plan_of(&decisions(), &facts()).unwrap().estimate.space;
    assert_eq!(
        together
            .iter()
            .map(|space| space.needed)
            .collect::<Vec<_>>(),
        [1300]
    );
    let mut apart = facts();
    apart.volume_room.device = 2;
    apart.volume_room.free = 1199;
    refused(&decisions(), &apart, &["need 1200"]);
    apart.volume_room.free = 1200;
    let space = plan_of(&decisions(), &apart).unwrap().estimate.space;
    assert_eq!(
        space.iter().map(|space| space.needed).collect::<Vec<_>>(),
        [100, 1200]
    );
}

#[test]
fn a_volume_in_use_is_no_obstacle_to_planning_and_is_told() {
    let mut facts = facts();
    facts.volumes[0].users = Users::known(vec![User {
        who: "one-db-1".into(),
        id: "1".into(),
        project: Some("one".into()),
        service: Some("db".into()),
        running: true,
        writes: true,
        is_process: false,
        path: None,
    }]);
    let plan = plan_of(&decisions(), &facts).unwrap();
    let users = plan.estimate.volumes[0].in_use_by.as_deref();
    assert_eq!(users, Some(["one-db-1".to_owned()].as_slice()));
    assert!(
        plan.warnings[0].contains("stop it before `apply`"),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn drift_is_what_changes_the_steps_and_not_what_changes_sizes() {
    let saved = plan_of(&decisions(), &facts()).unwrap();
    let mut grown = facts();
    grown.volumes[0].source = Some(sized(900));
    drift::check(&saved, &plan_of(&decisions(), &grown).unwrap()).unwrap();
    let mut moved = facts();
    moved.current = Some("releases/v0".into());
    let error = drift::check(&saved, &plan_of(&decisions(), &moved).unwrap()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`switch current to releases/v2`"),
        "{error}"
    );
    let mut fewer = decisions();
    fewer.volumes.pop();
    let mut facts = facts();
    facts.volumes.pop();
    assert!(drift::check(&saved, &plan_of(&fewer, &facts).unwrap()).is_err());
}

#[test]
fn images_are_loaded_before_all_else_and_one_that_is_nowhere_stands_against_it() {
    let mut facts = facts();
    let image = ArchivedImage {
        names: vec!["acme/web:v2".into()],
        digest: "sha256:1".into(),
    };
    facts.images = Some(ImageFacts {
        archive: "/srv/containers.tar.gz".into(),
        images: vec![image],
        missing: Vec::new(),
    });
    let plan = plan_of(&decisions(), &facts).unwrap();
    assert_eq!(
        plan.steps[0].title(),
        "load 1 image from /srv/containers.tar.gz"
    );
    facts.images.as_mut().unwrap().missing = vec!["acme/worker:v2".into()];
    let refused = plan_of(&decisions(), &facts).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`/srv/containers.tar.gz` lacks `acme/worker:v2`, and so does the engine"
    );
}

#[test]
fn what_runs_is_stopped_for_what_can_not_be_done_beforehand_and_no_longer() {
    let hook = |service: Option<&str>, up: &[&str]| RecipeHook {
        run: HookCommand::Shell("true".into()),
        service: service.map(str::to_owned),
        up: up.iter().map(|&name| name.to_owned()).collect(),
        seconds: 60,
    };
    let planned = |decisions: &Decisions| {
        let request = Request {
            up: true,
            ..request()
        };
        let plan = plan(label(), &request, None, decisions, &facts()).unwrap();
        let steps = plan.steps.iter().map(|step| match step.phase() {
            Phase::Before => format!("before: {}", step.title()),
            Phase::Window => format!("window: {}", step.title()),
            Phase::After => format!("after: {}", step.title()),
        });
        steps.collect::<Vec<_>>()
    };
    let mut decisions = decisions();
    decisions.hooks.before_stop = Some(hook(None, &[]));
    decisions.hooks.migrate = Some(hook(Some("web"), &["db"]));
    decisions.hooks.after_up = Some(hook(None, &[]));
    decisions.checks = vec![Check {
        question: CheckQuestion::Tcp("h:1".into()),
        seconds: 9,
    }];
    let steps = planned(&decisions);
    let expected = [
        "before: hold the images of project one",
        "before: carry releases/v1/.env",
        "before: copy volume v1_data to v2_data, as it is by now",
        "before: copy volume v1_cache to v2_cache, as it is by now",
        "before: hold the images of v2",
        "window: hook before-stop",
        "window: stop v1 (project one)",
        // The old release may have written it until then.
        "window: carry releases/v1/etc/ssl",
        "window: bring volume v2_data up to date with v1_data",
        "window: bring volume v2_cache up to date with v1_cache",
        "window: verify volume v2_data",
        "window: verify volume v2_cache",
        "window: copy /srv/files to releases/v2/own/srv/files",
        "window: make the containers of v2",
        "window: start db of v2",
        "window: hook migrate in web",
        "window: start v2 (project two), and wait until it is up",
        "window: see that it is well, within 9 s: tcp h:1",
        "window: switch current to releases/v2",
        "after: hook after-up",
    ];
    let begins = |(step, wanted): (&String, &&str)| step.starts_with(*wanted);
    let are_all = steps.len() == expected.len() && steps.iter().zip(&expected).all(begins);
    assert!(are_all, "{steps:#?}");

    // Where all names are others', and nothing of it is a mount that has to be there first.
    decisions.folders.clear();
    decisions.written.clear();
    let steps = planned(&decisions);
    let stop = steps
        .iter()
        .position(|step| step.contains("stop v1"))
        .unwrap();
    let made = "before: make the containers of v2".to_owned();
    assert!(steps[..stop].contains(&made), "{steps:#?}");
    decisions
        .projects
        .old
        .containers
        .insert("db".into(), "acme".into());
    decisions
        .projects
        .new
        .containers
        .insert("db".into(), "acme".into());
    assert!(
        !planned(&decisions).contains(&made),
        "one name, two containers"
    );
}

#[test]
fn commands_that_start_and_stop_name_the_folder_the_variables_and_the_profiles() {
    let request = Request {
        up: true,
        ..request()
    };
    let planned = plan(label(), &request, None, &decisions(), &facts()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let volumes = FakeVolumes::new(folder.path());
    let commands = |wanted: fn(&Step) -> bool| {
        let steps = planned.steps.iter().filter(|step| wanted(step));
        let commands = steps.flat_map(|step| step.commands(&volumes));
        commands.collect::<Vec<_>>()
    };
    let call = |project: &str, version: &str, words: &str| {
        format!(
            "docker compose -p {project} --project-directory releases/{version}/deploy \
             --env-file releases/{version}/prod.env --profile 'a b' {words}"
        )
    };
    assert_eq!(
        commands(|step| matches!(step, Step::Stop(_))),
        [call("one", "v1", "stop")]
    );
    assert_eq!(
        commands(|step| matches!(step, Step::Start(_))),
        [call("two", "v2", "up --detach --wait --pull never")]
    );
}

//! A plan of each version, with every step.

use std::path::{Path, PathBuf};

use transship::database::postgres::MovedLocale;
use transship::database::{DatabaseEngine, DatabaseMethod};
use transship::engine::{ArchivedImage, VolumeBackend};
use transship::release::VendorReleaseKind;
use transship::release::{
    Check, CheckQuestion, DatabaseCommands, HookCommand, RecipeHook, UpgradePrograms,
};
use transship::upgrade::downtime_estimate::{DowntimeEstimate, DowntimePart, PartBasis, PartKind};
use transship::upgrade::plan::{Estimate, Plan, Space, VolumeEstimate};
use transship::upgrade::planning::merging::ConfigMerge;
use transship::upgrade::projects::{Arrangement, NetworkRecord, ProjectPair, ProjectRecord};
use transship::upgrade::shared_with_old::SharedWithOld;
use transship::upgrade::step::{
    CarryConfig, CopyFolder, CopyVolume, CreateContainers, EditCompose, FolderMove, HoldImages,
    HookPoint, LoadImages, MakeVolume, MoveDatabase, ReleaseProject, RunHook, SmokeCheck,
    StageRelease, StartRelease, StopRelease, Switch, ValueChange, VerifyVolume, WarmCopy,
};
use transship::upgrade::{Request, Step};

fn steps() -> Vec<Step> {
    let digest = |letter: &str| letter.repeat(64);
    let manifest = PathBuf::from(".transship/manifests/v2.10.5/v2_10_5_postgres_data.mtree");
    vec![
        Step::LoadImages(LoadImages {
            archive: "/srv/containers.tar.gz".into(),
            images: vec![ArchivedImage {
                names: vec!["acme/web:v2.10.5".into()],
                digest: format!("sha256:{}", digest("f")),
            }],
        }),
        Step::StageRelease(StageRelease {
            version: "v2.10.5".parse().unwrap(),
            shipment: "/srv/v2.10.5.tar.gz".into(),
            form: VendorReleaseKind::Tarball,
            sha256: digest("a"),
            top: Some("v2.10.5".into()),
            target: "releases/v2.10.5".into(),
        }),
        Step::EditCompose(EditCompose {
            file: "releases/v2.10.5/docker-compose.yml".into(),
            images: vec!["acme/web=v2.10.5".into()],
            written: None,
            variables: Vec::new(),
            prefix: "v2_10_5_".into(),
            own: Vec::new(),
            moves: Vec::new(),
            changes: vec![ValueChange {
                key: "services.web.image".into(),
                line: 3,
                from: Some("acme/web:v1.3.2".into()),
                to: "acme/web:v2.10.5".into(),
            }],
            before: digest("b"),
            after: digest("c"),
        }),
        Step::Carry(CarryConfig {
            from: "releases/v1.3.2/.env".into(),
            to: "releases/v2.10.5/.env".into(),
            replaces: true,
            exclude: Vec::new(),
            merge: None,
            written: false,
        }),
        Step::Carry(CarryConfig {
            from: "releases/v1.3.2/docker-compose.yml".into(),
            to: "releases/v2.10.5/docker-compose.override.yml".into(),
            replaces: false,
            exclude: vec!["data".into()],
            merge: Some(ConfigMerge {
                base: Some(".transship/pristine/v1.3.2/docker-compose.yml".into()),
                resolved: Some(".transship/merge/v2.10.5/docker-compose.yml".into()),
                over: Some("docker-compose.yml".into()),
                ours: vec![".env".into()],
                theirs: vec!["Caddyfile".into()],
                mine: digest("d"),
                before: digest("e"),
                after: digest("f"),
            }),
            written: false,
        }),
        Step::CopyVolume(CopyVolume {
            key: "postgres_data".into(),
            source: "v1_3_2_postgres_data".into(),
            target: "v2_10_5_postgres_data".into(),
            project: "v2105".into(),
            manifest: manifest.clone(),
            after: None,
        }),
        Step::Verify(VerifyVolume {
            source: "v1_3_2_postgres_data".into(),
            volume: "v2_10_5_postgres_data".into(),
            manifest,
        }),
        Step::Switch(Switch {
            from: Some("releases/v1.3.2".into()),
            to: "releases/v2.10.5".into(),
        }),
    ]
}

/// What a plan of version 2 says.
pub(crate) fn a_plan_of_version_2() -> Plan {
    Plan {
        id: "00007-20261121T020000Z-v2.10.5".into(),
        sequence: 7,
        install: Some("0123456789abcdef0123456789abcdef".into()),
        made: "2026-11-21T02:00:00Z".parse().unwrap(),
        transship: "0.1.0".into(),
        request: Request {
            version: "v2.10.5".parse().unwrap(),
            from: Some("v1.3.2".parse().unwrap()),
            shipment: Some("/srv/v2.10.5.tar.gz".into()),
            prefix: Some("v2_10_5_".into()),
            images: vec!["postgres=15".into()],
            tag_var: false,
            carry: vec![".env".into()],
            skip: vec!["cache".into()],
            own: Vec::new(),
            share: Vec::new(),
            env_files: Vec::new(),
            profiles: Vec::new(),
            ours: vec![".env".into()],
            theirs: vec!["Caddyfile".into()],
            as_override: true,
            arrangement: Arrangement::Replace,
            image_archive: Some("/srv/containers.tar.gz".into()),
            leave: Vec::new(),
            up: false,
            project: Some("v2105".into()),
            from_project: None,
            place: VolumeBackend::Dir {
                path: "/srv/volumes".into(),
            },
        },
        from: "v1.3.2".parse().unwrap(),
        to: "v2.10.5".parse().unwrap(),
        from_project: "v132".into(),
        project: "v2105".into(),
        projects: ProjectPair {
            arrangement: Arrangement::Replace,
            old: ProjectRecord {
                name: "v132".into(),
                ..ProjectRecord::default()
            },
            new: ProjectRecord {
                name: "v2105".into(),
                containers: [("web".to_owned(), "acme-web".to_owned())].into(),
                networks: [(
                    "default".to_owned(),
                    NetworkRecord {
                        name: "v2105_default".into(),
                        external: false,
                        subnets: vec!["10.9.0.0/24".into()],
                    },
                )]
                .into(),
            },
        },
        steps: steps(),
        estimate: Estimate {
            volumes: vec![VolumeEstimate {
                key: "postgres_data".into(),
                files: 1000,
                bytes: 750_000_000,
                in_use_by: Some(vec!["v132-postgres-1".into()]),
            }],
            space: vec![Space {
                path: "/srv".into(),
                needed: 750_000_000,
                free: 80_000_000_000,
            }],
            downtime: None,
        },
        warnings: vec!["volume `v1_3_2_postgres_data` is in use".into()],
        notes: None,
        shared: Vec::new(),
        conflicts: Vec::new(),
    }
}

/// What a plan of today says besides what one of version 8 does: data that goes from a folder into a volume, and the
/// reverse.
pub(crate) fn a_plan() -> Plan {
    let mut plan = a_plan_of_version_8();
    let (project, after) = ("v2105".to_owned(), Some("v132".to_owned()));
    for (key, source, target, file) in [
        (
            "files",
            "releases/v1.3.2/data/files",
            "v2_10_5_files",
            "v2_10_5_files",
        ),
        (
            "./data/mail",
            "v1_3_2_mail",
            "releases/v2.10.5/data/mail",
            "releases%2Fv2.10.5%2Fdata%2Fmail",
        ),
    ] {
        let manifest = PathBuf::from(format!(".transship/manifests/v2.10.5/{file}.mtree"));
        let (source, target) = (source.to_owned(), target.to_owned());
        let steps = [
            Step::WarmCopy(WarmCopy {
                key: key.into(),
                source: source.clone(),
                target: target.clone(),
                project: project.clone(),
                manifest: manifest.clone(),
            }),
            Step::CopyVolume(CopyVolume {
                key: key.into(),
                source: source.clone(),
                target: target.clone(),
                project: project.clone(),
                manifest: manifest.clone(),
                after: after.clone(),
            }),
            Step::Verify(VerifyVolume {
                source,
                volume: target,
                manifest,
            }),
        ];
        let is_stop = |step: &Step| matches!(step, Step::Stop(_));
        let stop = plan.steps.iter().position(is_stop).unwrap();
        plan.steps.splice(stop..stop, steps);
    }
    plan
}

/// What a plan of version 8 says besides what one of version 7 does.
pub(crate) fn a_plan_of_version_8() -> Plan {
    let mut plan = a_plan_of_version_7();
    let ways = [
        (DatabaseMethod::Dump, MovedLocale::Builtin, None),
        (
            DatabaseMethod::Upgrade,
            MovedLocale::AsItWas,
            Some(UpgradePrograms {
                image: Some("acme/postgres:15-to-17".into()),
                old_bin: Some("/opt/15/bin".into()),
                new_bin: None,
            }),
        ),
    ];
    for (method, locale, programs) in ways {
        let (old, new) = (project("v1.3.2", "v132"), project("v2.10.5", "v2105"));
        let step = Step::MoveDatabase(MoveDatabase {
            engine: DatabaseEngine::Postgres,
            method,
            database: None,
            commands: None,
            locale,
            programs: programs.map(Box::new),
            old_service: "db".into(),
            service: "db".into(),
            source: format!("v1_3_2_{method}"),
            target: format!("v2_10_5_{method}"),
            old,
            new,
            proof: format!(".transship/manifests/v2.10.5/v2_10_5_{method}.comparison.json").into(),
        });
        let is_stop = |step: &Step| matches!(step, Step::Stop(_));
        let stop = plan.steps.iter().position(is_stop).unwrap();
        plan.steps.insert(stop, step);
    }
    plan
}

/// What a plan of version 7 says besides what one of version 6 does.
pub(crate) fn a_plan_of_version_7() -> Plan {
    let mut plan = a_plan_of_version_6();
    let (old, new) = (project("v1.3.2", "v132"), project("v2.10.5", "v2105"));
    let line = |line: &str| HookCommand::Shell(line.to_owned());
    let step = Step::MoveDatabase(MoveDatabase {
        engine: DatabaseEngine::Command,
        method: DatabaseMethod::Command,
        database: Some("main".into()),
        commands: Some(DatabaseCommands {
            dump: line("pachctl extract"),
            load: HookCommand::Argv(vec!["pachctl".into(), "restore".into()]),
            compare: Some(line("pachctl list repo")),
            ready: Some(line("pachctl version")),
        }),
        locale: MovedLocale::AsItWas,
        programs: None,
        old_service: "pachd".into(),
        service: "pachd".into(),
        source: "v1_3_2_pach".into(),
        target: "v2_10_5_pach".into(),
        old,
        new,
        proof: ".transship/manifests/v2.10.5/v2_10_5_pach.comparison.json".into(),
    });
    let is_stop = |step: &Step| matches!(step, Step::Stop(_));
    let stop = plan.steps.iter().position(is_stop).unwrap();
    plan.steps.insert(stop, step);
    plan
}

/// What a plan of version 6 says besides what one of version 5 does.
pub(crate) fn a_plan_of_version_6() -> Plan {
    let mut plan = a_plan_of_version_5();
    let (old, new) = (project("v1.3.2", "v132"), project("v2.10.5", "v2105"));
    let target = "v2_10_5_pgdata".to_owned();
    let proof = PathBuf::from(".transship/manifests/v2.10.5/v2_10_5_pgdata.comparison.json");
    let is_stop = |step: &Step| matches!(step, Step::Stop(_));
    let stop = plan.steps.iter().position(is_stop).unwrap();
    plan.steps.splice(
        stop..stop,
        [
            Step::MakeVolume(MakeVolume {
                key: "pgdata".into(),
                target: target.clone(),
                project: "v2105".into(),
                proof: proof.clone(),
            }),
            Step::MoveDatabase(MoveDatabase {
                engine: DatabaseEngine::Postgres,
                method: DatabaseMethod::Dump,
                database: None,
                commands: None,
                locale: MovedLocale::AsItWas,
                programs: None,
                old_service: "db".into(),
                service: "postgres".into(),
                source: "v1_3_2_pgdata".into(),
                target,
                old,
                new,
                proof,
            }),
        ],
    );
    plan
}

/// What a plan of version 5 says besides what one of version 4 does.
pub(crate) fn a_plan_of_version_5() -> Plan {
    let mut plan = a_plan_of_version_4();
    let part = |kind, milliseconds, basis| DowntimePart {
        kind,
        milliseconds,
        basis,
    };
    plan.estimate.downtime = Some(DowntimeEstimate {
        parts: vec![
            part(PartKind::Stop, Some(10_300), PartBasis::Containers),
            part(PartKind::Copy, Some(1_200), PartBasis::Measured),
            part(PartKind::Start, Some(4_000), PartBasis::EarlierRun),
            part(PartKind::Hook, None, PartBasis::Unknown),
        ],
    });
    plan
}

/// What a plan of version 4 says besides what one of version 3 does.
pub(crate) fn a_plan_of_version_4() -> Plan {
    let mut plan = a_plan_of_version_3();
    plan.request.up = true;
    plan.notes = Some("releases/v2.10.5/RELEASE-NOTES.md".into());
    let (old, new) = (project("v1.3.2", "v132"), project("v2.10.5", "v2105"));
    let check = |question| Check {
        question,
        seconds: 300,
    };
    let checks = vec![
        check(CheckQuestion::Http("http://localhost/health".into())),
        check(CheckQuestion::Tcp("localhost:5432".into())),
        check(CheckQuestion::Command {
            run: HookCommand::Shell("test -e ready".into()),
            service: Some("web".into()),
        }),
    ];
    let hook = |point, service: Option<&str>| {
        Step::Hook(RunHook {
            point,
            hook: RecipeHook {
                run: HookCommand::Argv(vec!["make".into(), "it".into()]),
                service: service.map(str::to_owned),
                up: service.map(|_| "db".to_owned()).into_iter().collect(),
                seconds: 3600,
            },
            old: old.clone(),
            new: new.clone(),
        })
    };
    let hold = |version: &str, project: Option<&str>, images: &[&str]| {
        Step::HoldImages(HoldImages {
            version: version.parse().unwrap(),
            project: project.map(str::to_owned),
            images: images.iter().map(|&image| image.to_owned()).collect(),
        })
    };
    let start = |services: &[&str]| {
        Step::Start(StartRelease {
            new: new.clone(),
            old: old.clone(),
            services: services.iter().map(|&name| name.to_owned()).collect(),
        })
    };
    for step in &mut plan.steps {
        match step {
            Step::CopyVolume(copy) => copy.after = Some("v132".into()),
            Step::CopyFolder(copy) => copy.after = Some("v132".into()),
            Step::Carry(carry) if carry.merge.is_none() => carry.written = true,
            _ => {}
        }
    }
    let switch = plan.steps.len() - 1;
    plan.steps.splice(
        switch..switch,
        [
            hold("v1.3.2", Some("v132"), &[]),
            hold("v2.10.5", None, &["acme/web:v2.10.5"]),
            Step::WarmCopy(WarmCopy {
                key: "postgres_data".into(),
                source: "v1_3_2_postgres_data".into(),
                target: "v2_10_5_postgres_data".into(),
                project: "v2105".into(),
                manifest: ".transship/manifests/v2.10.5/v2_10_5_postgres_data.mtree".into(),
            }),
            Step::CreateContainers(CreateContainers {
                new: new.clone(),
                old: old.clone(),
                beforehand: true,
            }),
            hook(HookPoint::BeforeStop, None),
            Step::Stop(StopRelease {
                old: old.clone(),
                new: new.clone(),
                checks: checks.clone(),
            }),
            start(&["db"]),
            hook(HookPoint::Migrate, Some("web")),
            start(&[]),
            Step::Check(SmokeCheck {
                new: new.clone(),
                check: checks[0].clone(),
            }),
        ],
    );
    plan.steps.push(hook(HookPoint::AfterUp, None));
    plan
}

fn project(version: &str, project: &str) -> ReleaseProject {
    ReleaseProject {
        version: version.parse().unwrap(),
        project: project.into(),
        folder: "docker".into(),
        env_files: vec![format!("releases/{version}/.env.custom").into()],
        profiles: vec!["search".into()],
    }
}

/// What a plan of version 3 says besides what one of version 2 does.
pub(crate) fn a_plan_of_version_3() -> Plan {
    let mut plan = a_plan_of_version_2();
    plan.request.own = vec!["/srv/acme/files".into(), "search".into()];
    plan.request.share = vec!["mail".into()];
    plan.request.env_files = vec!["releases/v1.3.2/.env.custom".into()];
    plan.request.profiles = vec!["search".into()];
    let own = "own/srv/acme/files";
    if let Step::EditCompose(edit) = &mut plan.steps[2] {
        edit.own = vec!["search".into()];
        edit.moves = vec![FolderMove {
            from: "/srv/acme/files".into(),
            to: Path::new(".").join(own),
        }];
    }
    let copy = CopyFolder {
        from: "/srv/acme/files".into(),
        to: Path::new("releases/v2.10.5").join(own),
        after: None,
    };
    let switch = plan.steps.len() - 1;
    plan.steps.insert(switch, Step::CopyFolder(copy));
    plan.shared = vec![SharedWithOld {
        what: "mail".into(),
        name: "acme-mail".into(),
        services: vec!["smtp".into()],
    }];
    plan
}

/// What a plan of version 1 says.
pub(crate) fn a_plan_of_version_1() -> Plan {
    Plan {
        id: "20261121T020000Z-v2.10.5".into(),
        sequence: 0,
        install: None,
        projects: ProjectPair::default(),
        ..a_plan_of_version_2()
    }
}

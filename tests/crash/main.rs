//! A crash at every point: the world stops at the nth change of the disk, of apply, of
//! resume and of rollback; then `resume` reaches the new state, and `rollback` the old one.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests set up their own world"
)]

#[path = "../common/mod.rs"]
mod common;
mod moved_data;
mod own_folder;
mod small_install;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::install::Install;
use transship::engine::{FakeVolumes, VolumeBackend};
use transship::fs::Disk;
use transship::progress::Silent;
use transship::release::Install as Layout;
use transship::upgrade::data_places::DataPlaces;
use transship::upgrade::planning::prepare::prepare;
use transship::upgrade::running::going_back::OnFailure;
use transship::upgrade::running::runner::RunError;
use transship::upgrade::{Plan, Report, Request, Runner};

/// One that tells nobody.
fn runner<'a>(install: &'a Layout, volumes: &'a FakeVolumes, disk: &'a Disk) -> Runner<'a> {
    Runner {
        install,
        disk,
        volumes: DataPlaces { install, volumes },
        progress: &Silent,
        on_failure: OnFailure::GoBack,
    }
}

/// An install with a plan, on a filesystem in memory where there is one: every crash point
/// waits for the disk dozens of times.
struct World {
    install: Install,
    layout: Layout,
    volumes: FakeVolumes,
}

impl World {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let install = if memory.is_dir() {
            Install::below(memory)
        } else {
            Install::new()
        };
        let layout = Layout::at(install.root()).unwrap();
        layout.adopt(&Disk::new()).unwrap();
        layout.identify(&Disk::new()).unwrap();
        Disk::new()
            .switch(&layout.current_link(), Path::new("releases/v1.3.2"))
            .unwrap();
        let volumes = FakeVolumes::new(&install.at("volumes"));
        Self {
            install,
            layout,
            volumes,
        }
    }

    /// The old compose file has edits, and it is known what was shipped.
    fn edited() -> Self {
        let world = Self::new();
        let compose = world.install.at("releases/v1.3.2/docker-compose.yml");
        let text = std::fs::read_to_string(&compose).unwrap();
        let shipped = world.install.at(".transship/pristine/v1.3.2");
        std::fs::create_dir_all(&shipped).unwrap();
        std::fs::write(shipped.join("docker-compose.yml"), &text).unwrap();
        let edited = text.replace("\"80:80\"", "\"8080:80\"");
        assert_ne!(edited, text);
        std::fs::write(compose, edited).unwrap();
        world
    }

    fn plan(&self) -> Plan {
        self.plan_with(false)
    }

    fn plan_with(&self, as_override: bool) -> Plan {
        let request = Request {
            shipment: Some("v2.10.5.tar.gz".into()),
            // Fewer points to stop at.
            skip: match as_override {
                true => vec!["postgres_data".into(), "postgres_backups".into()],
                false => Vec::new(),
            },
            // What the vendor shipped of these isn't known.
            ours: vec![".env".into(), "Caddyfile".into()],
            as_override,
            ..Request::new("v2.10.5".parse().unwrap(), below("volumes"))
        };
        prepare(&self.layout, &request, &self.volumes, &Silent)
            .unwrap()
            .plan
    }

    fn runner<'a>(&'a self, disk: &'a Disk) -> Runner<'a> {
        runner(&self.layout, &self.volumes, disk)
    }

    fn old_side(&self) -> BTreeMap<PathBuf, String> {
        let mut picture = self.install.picture("releases/v1.3.2");
        let volumes = self.install.picture("volumes").into_iter();
        picture.extend(volumes.filter(|(path, _)| path.to_string_lossy().contains("v1_3_2_")));
        picture
    }

    #[track_caller]
    fn expect_new(&self, point: &str) {
        assert_eq!(self.install.current(), "releases/v2.10.5", "{point}");
        for volume in ["postgres_data", "postgres_backups"] {
            let (old, new) = (
                format!("volumes/v1_3_2_{volume}"),
                format!("volumes/v2_10_5_{volume}"),
            );
            self.install.run(&["verify", &new, &old]).exits(0);
        }
        let compose =
            std::fs::read_to_string(self.install.at("releases/v2.10.5/docker-compose.yml"))
                .unwrap();
        assert!(
            compose.contains("name: v2_10_5_postgres_data") && !compose.contains(":v1.3.2"),
            "{point}"
        );
        let read = |path: &str| std::fs::read_to_string(self.install.at(path)).unwrap();
        let carried = read("releases/v2.10.5/.env");
        assert_eq!(
            carried,
            // The vendor's new key comes along.
            read("releases/v1.3.2/.env") + "WORKERS=4\n",
            "{point}"
        );
        assert_eq!(self.install.litter(), Vec::<PathBuf>::new(), "{point}");
    }

    #[track_caller]
    fn expect_old(&self, point: &str) {
        assert_eq!(self.install.current(), "releases/v1.3.2", "{point}");
        assert!(!self.install.at("releases/v2.10.5").exists(), "{point}");
        let volumes: Vec<_> = std::fs::read_dir(self.install.at("volumes"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(volumes.len(), 2, "{point}: {volumes:?}");
        assert_eq!(self.install.litter(), Vec::<PathBuf>::new(), "{point}");
    }
}

/// Volumes that are folders below one of the install's.
fn below(path: &str) -> VolumeBackend {
    VolumeBackend::Dir { path: path.into() }
}

/// A disk on which nothing happens from the nth change on, as if the machine had stopped:
/// what cleans up after a failure can't act either.
fn stops_at(point: usize) -> Disk {
    let count = AtomicUsize::new(0);
    Disk::with_hook(move |_| match count.fetch_add(1, Relaxed) < point {
        true => Ok(()),
        false => Err(io::Error::other("the world has stopped")),
    })
}

/// A disk on which the nth change fails, and no other: what cleans up after it can act.
fn fails_at(point: usize) -> Disk {
    let count = AtomicUsize::new(0);
    Disk::with_hook(move |_| match count.fetch_add(1, Relaxed) == point {
        true => Err(io::ErrorKind::StorageFull.into()),
        false => Ok(()),
    })
}

/// How many changes `act` makes.
fn changes(act: impl FnOnce(&Disk)) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    act(&Disk::with_hook(move |_| {
        counter.fetch_add(1, Relaxed);
        Ok(())
    }));
    count.load(Relaxed)
}

/// Gives whether there was something to go on with or to undo; fails on any other error.
/// Before the first record there is no run, and after the last one it may be over.
#[track_caller]
fn done(result: Result<Report, RunError>, point: usize) -> bool {
    match result {
        Ok(_) => true,
        Err(RunError::Nothing { .. }) => false,
        Err(error) => panic!(
            "point {point}: {error}: {:?}",
            std::error::Error::source(&error)
        ),
    }
}

fn all_changes_of_an_apply() -> usize {
    let world = World::new();
    let plan = world.plan();
    changes(|disk| {
        world.runner(disk).apply(plan).unwrap();
    })
}

#[test]
fn after_a_crash_at_any_point_of_apply_resume_reaches_the_new_state() {
    for point in 0..all_changes_of_an_apply() {
        let world = World::new();
        let (plan, old) = (world.plan(), world.old_side());
        world
            .runner(&stops_at(point))
            .apply(plan.clone())
            .unwrap_err();
        if !done(world.runner(&Disk::new()).resume(), point)
            && world.install.current() == "releases/v1.3.2"
        {
            world.expect_old(&format!("point {point}, nothing begun"));
            world.runner(&Disk::new()).apply(plan).unwrap();
        }
        world.expect_new(&format!("point {point}"));
        assert_eq!(world.old_side(), old, "point {point}");
    }
}

#[test]
fn after_a_crash_at_any_point_of_apply_rollback_reaches_the_old_state() {
    for point in 0..all_changes_of_an_apply() {
        let world = World::new();
        let (plan, old) = (world.plan(), world.old_side());
        world.runner(&stops_at(point)).apply(plan).unwrap_err();
        done(world.runner(&Disk::new()).roll_back(true), point);
        world.expect_old(&format!("point {point}"));
        assert_eq!(world.old_side(), old, "point {point}");
    }
}

#[test]
fn after_a_crash_at_any_point_an_override_is_there_whole_or_not_at_all() {
    let all = {
        let world = World::edited();
        let plan = world.plan_with(true);
        changes(|disk| {
            world.runner(disk).apply(plan).unwrap();
        })
    };
    for point in 0..all {
        let world = World::edited();
        let (plan, old) = (world.plan_with(true), world.old_side());
        world
            .runner(&stops_at(point))
            .apply(plan.clone())
            .unwrap_err();
        let over = world
            .install
            .at("releases/v2.10.5/docker-compose.override.yml");
        if let Ok(text) = std::fs::read_to_string(&over) {
            assert!(
                text.starts_with("services:\n  caddy:\n    ports: !override"),
                "{text}"
            );
        }
        if point % 2 == 0 {
            done(world.runner(&Disk::new()).roll_back(true), point);
            world.expect_old(&format!("point {point}"));
        } else {
            if !done(world.runner(&Disk::new()).resume(), point) && !over.exists() {
                world.runner(&Disk::new()).apply(plan).unwrap();
            }
            assert!(over.exists(), "point {point}");
            assert_eq!(
                world.install.litter(),
                Vec::<PathBuf>::new(),
                "point {point}"
            );
        }
        assert_eq!(world.old_side(), old, "point {point}");
    }
}

#[test]
fn after_a_crash_at_any_point_of_rollback_a_second_one_reaches_the_old_state() {
    let all = {
        let world = World::new();
        world.runner(&Disk::new()).apply(world.plan()).unwrap();
        changes(|disk| {
            world.runner(disk).roll_back(true).unwrap();
        })
    };
    for point in 0..all {
        let world = World::new();
        let old = world.old_side();
        world.runner(&Disk::new()).apply(world.plan()).unwrap();
        world.runner(&stops_at(point)).roll_back(true).unwrap_err();
        done(world.runner(&Disk::new()).roll_back(true), point);
        world.expect_old(&format!("point {point}"));
        assert_eq!(world.old_side(), old, "point {point}");
    }
}

#[test]
fn a_rollback_of_a_complete_run_is_gone_on_with_and_not_widened_after_a_crash_at_any_point() {
    let all = {
        let world = World::new();
        world.runner(&Disk::new()).apply(world.plan()).unwrap();
        changes(|disk| {
            world.runner(disk).roll_back(false).unwrap();
        })
    };
    assert!(all > 2, "{all}");
    for point in 0..all {
        for resume in [true, false] {
            let world = World::new();
            world.runner(&Disk::new()).apply(world.plan()).unwrap();
            let made = |world: &World| {
                let mut made = world.install.picture("releases/v2.10.5");
                made.extend(world.install.picture("volumes"));
                made
            };
            let before = made(&world);
            world.runner(&stops_at(point)).roll_back(false).unwrap_err();
            let disk = Disk::new();
            let runner = world.runner(&disk);
            // Before the first record of it the run is complete still.
            if !resume || !done(runner.resume(), point) {
                done(runner.roll_back(false), point);
            }
            assert_eq!(world.install.current(), "releases/v1.3.2", "{point}");
            assert_eq!(made(&world), before, "point {point}, resume: {resume}");
        }
    }
}

#[test]
fn after_a_single_fault_at_any_point_the_next_try_succeeds() {
    for point in (0..all_changes_of_an_apply()).step_by(3) {
        let world = World::new();
        let (plan, old) = (world.plan(), world.old_side());
        let once = fails_at(point);
        let failed = world.runner(&once).apply(plan.clone()).is_err();
        if failed
            && !done(world.runner(&Disk::new()).resume(), point)
            && world.install.current() == "releases/v1.3.2"
        {
            world.runner(&Disk::new()).apply(plan).unwrap();
        }
        world.expect_new(&format!("point {point}"));
        assert_eq!(world.old_side(), old, "point {point}");
    }
}

#[test]
fn after_a_single_fault_at_any_point_rollback_reaches_the_old_state() {
    for point in (0..all_changes_of_an_apply()).step_by(2) {
        let world = World::new();
        let (plan, old) = (world.plan(), world.old_side());
        let once = fails_at(point);
        if world.runner(&once).apply(plan).is_err() {
            done(world.runner(&Disk::new()).roll_back(true), point);
            world.expect_old(&format!("point {point}"));
        }
        assert_eq!(world.old_side(), old, "point {point}");
    }
}

//! A crash while a folder of the host is copied into the new release, and the mounts of that lead to
//! the copy.

use std::fs;
use std::path::PathBuf;

use transship::fs::Disk;
use transship::progress::Progress;
use transship::upgrade::{Plan, Runner};

use super::small_install::SmallInstall;
use super::{changes, done, stops_at};

/// Two releases that mount one folder of the host, which the new one is to have a copy of.
struct Outside {
    install: SmallInstall,
    /// What is below `/dev` is no data.
    host: tempfile::TempDir,
}

impl Outside {
    fn new() -> Self {
        let host = tempfile::tempdir().unwrap();
        let data = host.path().join("data");
        fs::create_dir_all(data.join("a")).unwrap();
        fs::write(data.join("a/f"), "rows").unwrap();
        let compose = format!(
            "services:\n  db: {{image: 'acme/db', volumes: ['{}:/data']}}\n",
            data.display()
        );
        let install = SmallInstall::new(&[
            ("releases/v1/compose.yaml", &compose),
            ("releases/v2/compose.yaml", &compose),
        ]);
        Self { install, host }
    }

    fn plan(&self) -> Plan {
        let data = self.data().display().to_string();
        self.install.plan(|request| request.own = vec![data])
    }

    fn runner<'a>(&'a self, disk: &'a Disk) -> Runner<'a> {
        self.install.runner(disk)
    }

    fn data(&self) -> PathBuf {
        self.host.path().join("data")
    }

    fn new_release(&self) -> PathBuf {
        self.install.layout.root().join("releases/v2")
    }

    fn copy(&self) -> PathBuf {
        let data = self.data();
        self.new_release()
            .join("own")
            .join(data.strip_prefix("/").unwrap())
    }

    #[track_caller]
    fn expect_new(&self, point: usize) {
        let copied = fs::read_to_string(self.copy().join("a/f"));
        assert_eq!(copied.unwrap(), "rows", "point {point}");
        let compose = fs::read_to_string(self.new_release().join("compose.yaml")).unwrap();
        assert!(compose.contains("'./own/"), "point {point}: {compose}");
        self.expect_data(point);
    }

    #[track_caller]
    fn expect_old(&self, point: usize) {
        assert!(self.copy().symlink_metadata().is_err(), "point {point}");
        let compose = fs::read_to_string(self.new_release().join("compose.yaml")).unwrap();
        assert!(!compose.contains("own/"), "point {point}: {compose}");
        self.expect_data(point);
    }

    #[track_caller]
    fn expect_data(&self, point: usize) {
        let rows = fs::read_to_string(self.data().join("a/f")).unwrap();
        assert_eq!(rows, "rows", "point {point}");
    }
}

#[test]
fn after_a_crash_at_any_point_a_folder_of_the_host_is_copied_whole_or_not_at_all() {
    let all = {
        let world = Outside::new();
        changes(|disk| {
            world.runner(disk).apply(world.plan()).unwrap();
        })
    };
    assert!(all > 20, "{all}");
    for point in 0..all {
        let world = Outside::new();
        let plan = world.plan();
        world
            .runner(&stops_at(point))
            .apply(plan.clone())
            .unwrap_err();
        if point % 2 == 0 {
            done(world.runner(&Disk::new()).roll_back(true), point);
            world.expect_old(point);
        } else {
            let went_on = done(world.runner(&Disk::new()).resume(), point);
            if !went_on && !world.copy().exists() {
                world.runner(&Disk::new()).apply(plan).unwrap();
            }
            world.expect_new(point);
        }
    }
}

/// Writes into a folder just before the switch.
struct WritesLate(PathBuf);

impl Progress for WritesLate {
    fn start(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64, _: u64) {}
    fn finish(&self) {}
    fn note(&self, line: &str) {
        if line.contains("switch current") {
            fs::write(self.0.join("a/late"), "later rows").unwrap();
        }
    }
}

#[test]
fn what_is_written_into_a_folder_after_its_copy_comes_along_before_the_switch() {
    let world = Outside::new();
    let (late, disk) = (WritesLate(world.data()), Disk::new());
    let runner = Runner {
        progress: &late,
        ..world.runner(&disk)
    };
    runner.apply(world.plan()).unwrap();
    let copied = fs::read_to_string(world.copy().join("a/late")).unwrap();
    assert_eq!(copied, "later rows");
    world.expect_new(0);
}

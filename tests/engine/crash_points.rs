//! A crash at the effects of an upgrade of what runs, changes of the disk and calls of the engine alike:
//! from the nth on nothing happens any more, as if the machine had stopped. Then `resume` has the new
//! release serve, and `rollback` the old one, by the very containers of before. A sample of all points
//! is tried, and with `TRANSSHIP_ALL_POINTS` all of them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use transship::fs::Disk;
use transship::progress::Silent;
use transship::release::Install;
use transship::upgrade::running::going_back::OnFailure;
use transship::upgrade::running::runner::RunError;
use transship::upgrade::{Plan, Report, Runner};

use super::lab::store;
use super::upgrade::{Extra, Upgrade, can};

/// As many are tried where not all are.
const SAMPLE: usize = 3;

/// A disk, and an engine, on which nothing happens from the nth effect on; and how many there were.
fn stops_at(point: usize) -> (Disk, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let disk = Disk::with_hook(move |_| match counter.fetch_add(1, Relaxed) < point {
        true => Ok(()),
        false => Err(io::Error::other("the world has stopped")),
    });
    (disk, count)
}

struct Crashing {
    upgrade: Upgrade,
    install: Install,
    before: Vec<String>,
}

impl Crashing {
    fn plan(&self) -> Plan {
        let (b, prefix) = (
            self.upgrade.project("b"),
            self.upgrade.pair.lab.name("two_"),
        );
        let args = ["plan", "v2", "-p", &b, "--prefix", &prefix];
        let theirs = ["--theirs", "docker-compose.yml"];
        self.upgrade.pair.runs(&[&args[..], &theirs].concat());
        Plan::find(&self.install, None).unwrap()
    }

    fn run(
        &self,
        disk: &Disk,
        act: impl FnOnce(&Runner<'_>) -> Result<Report, RunError>,
    ) -> Result<Report, RunError> {
        let store = store();
        act(&Runner {
            install: &self.install,
            disk,
            volumes: &store,
            progress: &Silent,
            on_failure: OnFailure::GoBack,
        })
    }

    /// As it was before anything was begun; what the new release had is gone.
    #[track_caller]
    fn is_as_before(&self, case: &str) {
        self.upgrade.is_old(&self.before, case);
        assert_eq!(self.upgrade.db("a", "cat /d/rows"), "kept", "{case}");
    }

    #[track_caller]
    fn is_new(&self, case: &str) {
        assert_eq!(self.upgrade.answer().as_deref(), Some("v2"), "{case}");
        assert_eq!(self.upgrade.running("a"), Vec::<String>::new(), "{case}");
        assert_eq!(self.upgrade.running("b").len(), 2, "{case}");
        let current = self.upgrade.current();
        assert_eq!(current, PathBuf::from("releases/v2"), "{case}");
        assert_eq!(self.upgrade.db("b", "cat /d/rows"), "kept", "{case}");
    }

    /// Crashes at a point, and goes on, or takes it back; gives how many effects there were up to then.
    fn crash_at(&self, point: usize, goes_on: bool) -> usize {
        let case = format!("point {point}, goes on: {goes_on}");
        let plan = self.plan();
        let (disk, count) = stops_at(point);
        let ended = self.run(&disk, |runner| runner.apply(plan.clone()));
        let disk = Disk::new();
        if goes_on {
            let resumed = match ended {
                Ok(report) => Ok(report),
                Err(_) => self.run(&disk, Runner::resume),
            };
            let resumed = match resumed {
                // Nothing was recorded: nothing was begun.
                Err(RunError::Nothing { .. }) => self.run(&disk, |runner| runner.apply(plan)),
                resumed => resumed,
            };
            resumed.unwrap_or_else(|error| panic!("{case}: {error}"));
            self.is_new(&case);
        }
        let took_back = |discard: bool| match self.run(&disk, |runner| runner.roll_back(discard)) {
            Ok(_) | Err(RunError::Nothing { .. }) => {}
            Err(error) => panic!("{case}: {error}"),
        };
        took_back(false);
        self.is_as_before(&case);
        took_back(true);
        self.is_as_before(&case);
        let project = self.upgrade.project("b");
        let filter = format!("label=com.docker.compose.project={project}");
        for kind in [&["ps", "-aq"][..], &["volume", "ls", "-q"]] {
            let args = [kind, &["--filter", &filter]].concat();
            assert_eq!(self.upgrade.pair.lab.docker(&args), "", "{case}: {kind:?}");
        }
        count.load(Relaxed)
    }
}

#[test]
fn after_a_crash_at_any_effect_of_an_upgrade_of_what_runs_it_is_gone_on_with_or_taken_back() {
    if !can() {
        return;
    }
    let upgrade = Upgrade::new("points", Extra::default(), Extra::default());
    upgrade.db("a", "echo kept >/d/rows");
    let crashing = Crashing {
        install: Install::at(upgrade.pair.home.path()).unwrap(),
        before: upgrade.running("a"),
        upgrade,
    };
    let all = crashing.crash_at(usize::MAX, true);
    let points: Vec<usize> = match std::env::var_os("TRANSSHIP_ALL_POINTS") {
        Some(_) => (0..all).collect(),
        // The window is in the last third.
        None => (1..=SAMPLE).map(|n| all - all * n / (3 * SAMPLE)).collect(),
    };
    eprintln!(
        "{all} effects, a crash at {} of them: {points:?}",
        points.len()
    );
    for point in points {
        crashing.crash_at(point, point % 2 == 0);
    }
}

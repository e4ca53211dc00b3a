//! A crash at the effects of upgrades of what runs, changes of the disk and calls of the engine alike:
//! from the nth on nothing happens any more, as if the machine had stopped. Then `resume` has the new
//! release serve, and `rollback` the old one, by the very containers of before.
//!
//! There are six plans. One is tried at a point; all of them with `TRANSSHIP_POINTS`, at as many points as
//! that says, spread over all that there are, or at `all`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use transship::engine::DockerVolumes;
use transship::fs::Disk;
use transship::progress::Silent;
use transship::release::Install;
use transship::upgrade::data_places::DataPlaces;
use transship::upgrade::running::going_back::OnFailure;
use transship::upgrade::running::runner::RunError;
use transship::upgrade::{Plan, Report, Runner};

use super::lab::{put_text, store};
use super::upgrade::{Extra, Upgrade, can};

/// A plan: what differs from the plain upgrade. `OWN` stands for the test's names, and `HOST` for a folder
/// of the host.
struct Planned {
    name: &'static str,
    both: Extra<'static>,
    recipe: &'static str,
    /// Files below the install.
    files: &'static [(&'static str, &'static str)],
    args: &'static [&'static str],
    /// The new release is in the vendor's tarball, and its images in an archive.
    is_shipped: bool,
}

const PLANS: [Planned; 6] = [
    Planned {
        name: "plain",
        args: &["--theirs", "docker-compose.yml"],
        ..PLAIN
    },
    Planned {
        name: "hooked",
        both: Extra {
            web: "",
            db: "    container_name: OWNdb\n",
        },
        recipe: "{hooks: {before-stop: {service: db, run: 'true'}, migrate: {run: 'true', up: [db]}, \
                 after-up: 'true', before-hop: 'true', after-hop: 'true'}, checks: [{command: 'true'}]}",
        args: &["--theirs", "docker-compose.yml"],
        ..PLAIN
    },
    Planned {
        name: "merged",
        both: Extra {
            web: "    volumes: ['./conf:/conf']\n",
            db: "",
        },
        files: &[
            (".transship/pristine/v1/.env", "A=1\nB=2\n"),
            ("releases/v1/.env", "A=1\nB=mine\n"),
            ("releases/v2/.env", "A=2\nB=2\nC=3\n"),
            ("releases/v1/conf/a", "mine"),
        ],
        args: &["--theirs", "docker-compose.yml", "--as-override"],
        ..PLAIN
    },
    Planned {
        name: "outside",
        both: Extra {
            web: "    volumes: ['HOST:/x']\n",
            db: "",
        },
        args: &["--theirs", "docker-compose.yml", "--own", "HOST"],
        ..PLAIN
    },
    Planned {
        name: "shipped",
        is_shipped: true,
        args: &["--theirs", "docker-compose.yml"],
        ..PLAIN
    },
    Planned {
        name: "moved",
        recipe: "databases: [{service: db, dump: 'cat /d/rows', load: 'cat >/d/rows', \
                 compare: 'cat /d/rows', ready: 'true'}]",
        args: &["--theirs", "docker-compose.yml"],
        ..PLAIN
    },
];

const PLAIN: Planned = Planned {
    name: "",
    both: Extra { web: "", db: "" },
    recipe: "",
    files: &[],
    args: &[],
    is_shipped: false,
};

/// How many effects there were.
#[derive(Default)]
struct Effects {
    all: AtomicUsize,
    /// Those that are calls of the engine.
    engine: AtomicUsize,
}

/// A disk, and an engine, on which nothing happens from the nth effect on.
fn stops_at(point: usize) -> (Disk, Arc<Effects>) {
    let effects = Arc::new(Effects::default());
    let counter = Arc::clone(&effects);
    let disk = Disk::with_hook(move |mutation| {
        if mutation.call.starts_with("docker ") {
            counter.engine.fetch_add(1, Relaxed);
        }
        match counter.all.fetch_add(1, Relaxed) < point {
            true => Ok(()),
            false => Err(io::Error::other("the world has stopped")),
        }
    });
    (disk, effects)
}

struct Crashing {
    planned: &'static Planned,
    upgrade: Upgrade,
    install: Install,
    volumes: DockerVolumes,
    host: tempfile::TempDir,
    before: Vec<String>,
}

impl Crashing {
    fn new(planned: &'static Planned) -> Self {
        let host = tempfile::tempdir().unwrap();
        put_text(&host.path().join("row"), "outside");
        let path = host.path().display().to_string();
        let [web, db] = [planned.both.web, planned.both.db].map(|text| text.replace("HOST", &path));
        let both = Extra { web: &web, db: &db };
        let name = format!("point{}", planned.name);
        let upgrade = Upgrade::new(&name, both, Extra::default());
        let root = upgrade.pair.home.path();
        let own = upgrade.pair.lab.name("");
        put_text(
            &root.join("transship.yml"),
            &planned.recipe.replace("OWN", &own),
        );
        for (path, text) in planned.files {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            put_text(&root.join(path), text);
        }
        if planned.is_shipped {
            ship(root);
        }
        upgrade.db("a", "echo kept >/d/rows");
        Self {
            planned,
            install: Install::at(root).unwrap(),
            volumes: store(),
            before: upgrade.running("a"),
            upgrade,
            host,
        }
    }

    fn plan(&self) -> Plan {
        let (b, prefix) = (
            self.upgrade.project("b"),
            self.upgrade.pair.lab.name("two_"),
        );
        let host = self.host.path().display().to_string();
        let more = self.planned.args.iter();
        let more: Vec<_> = more.map(|arg| arg.replace("HOST", &host)).collect();
        let mut args = vec!["plan", "v2", "-p", &b, "--prefix", &prefix];
        args.extend(more.iter().map(String::as_str));
        if self.planned.is_shipped {
            args.extend(["--from-release", "v2.tar.gz"]);
            args.extend(["--image-archive", "images.tar"]);
        }
        self.upgrade.pair.runs(&args);
        Plan::find(&self.install, None).unwrap()
    }

    fn runner<'a>(&'a self, disk: &'a Disk) -> Runner<'a> {
        Runner {
            install: &self.install,
            disk,
            volumes: DataPlaces {
                install: &self.install,
                volumes: &self.volumes,
            },
            progress: &Silent,
            on_failure: OnFailure::GoBack,
        }
    }

    /// As it was before anything was begun.
    #[track_caller]
    fn is_as_before(&self, case: &str) {
        self.upgrade.is_old(&self.before, case);
        assert_eq!(self.upgrade.db("a", "cat /d/rows"), "kept", "{case}");
        let row = fs::read_to_string(self.host.path().join("row")).unwrap();
        assert_eq!(row, "outside", "{case}");
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

    /// What the new release had is gone.
    #[track_caller]
    fn has_nothing_new(&self, case: &str) {
        let project = self.upgrade.project("b");
        let filter = format!("label=com.docker.compose.project={project}");
        for kind in [
            &["ps", "-aq"][..],
            &["volume", "ls", "-q"],
            &["network", "ls", "-q"],
        ] {
            let args = [kind, &["--filter", &filter]].concat();
            assert_eq!(self.upgrade.pair.lab.docker(&args), "", "{case}: {kind:?}");
        }
        let release = self.install.root().join("releases/v2");
        assert_eq!(release.exists(), !self.planned.is_shipped, "{case}");
    }

    /// Crashes at a point, and goes on, or takes it back; gives how many effects there were up to then.
    fn crash_at(&self, point: usize, goes_on: bool) -> Arc<Effects> {
        let name = self.planned.name;
        let case = format!("{name}, point {point}, goes on: {goes_on}");
        let plan = self.plan();
        let (disk, effects) = stops_at(point);
        let ended = self.runner(&disk).apply(plan.clone());
        let disk = Disk::new();
        if goes_on {
            let resumed = match ended {
                Ok(report) => Ok(report),
                Err(_) => self.runner(&disk).resume(),
            };
            let resumed = match resumed {
                // Nothing was recorded: nothing was begun.
                Err(RunError::Nothing { .. }) => self.runner(&disk).apply(plan),
                resumed => resumed,
            };
            resumed.unwrap_or_else(|error| panic!("{case}: {error}"));
            self.is_new(&case);
        }
        for discard in [false, true] {
            expect_done(self.runner(&disk).roll_back(discard), &case);
            self.is_as_before(&case);
        }
        self.has_nothing_new(&case);
        effects
    }

    /// Crashes at as many points, or all; tells how many there are.
    #[expect(clippy::print_stdout, reason = "how many there are is asked for")]
    fn crash_at_some(&self, points: Option<usize>) {
        let effects = self.crash_at(usize::MAX, true);
        let (all, engine) = (effects.all.load(Relaxed), effects.engine.load(Relaxed));
        let points = points.unwrap_or(all).min(all);
        println!(
            "{}: {all} effects, {engine} of them the engine's: a crash at {points}",
            self.planned.name
        );
        for number in 0..points {
            // In the middle of each part.
            let point = (2 * number + 1) * all / (2 * points);
            self.crash_at(point, number % 2 == 0);
        }
    }
}

#[track_caller]
fn expect_done(ended: Result<Report, RunError>, case: &str) {
    match ended {
        Ok(_) | Err(RunError::Nothing { .. }) => {}
        Err(error) => panic!("{case}: {error}: {:?}", std::error::Error::source(&error)),
    }
}

/// Packs the new release, and its images, as a vendor would; its folder goes.
fn ship(root: &Path) {
    let ran = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        let status = command.args(args).current_dir(root).status();
        assert!(status.unwrap().success(), "{program} {args:?}");
    };
    ran("tar", &["-C", "releases", "-czf", "v2.tar.gz", "v2"]);
    ran("rm", &["-r", "releases/v2"]);
    ran("docker", &["save", "-o", "images.tar", "shell:1"]);
}

#[test]
fn after_a_crash_at_any_effect_of_an_upgrade_of_what_runs_it_is_gone_on_with_or_taken_back() {
    if !can() {
        return;
    }
    let wanted = std::env::var("TRANSSHIP_POINTS").ok();
    let (plans, points) = match &wanted {
        Some(wanted) => (&PLANS[..], wanted.parse().ok()),
        None => (&PLANS[1..2], Some(1)),
    };
    for planned in plans {
        Crashing::new(planned).crash_at_some(points);
    }
}

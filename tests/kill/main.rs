//! Killed before every call that changes the disk, by strace, as a power cut or `kill -9`
//! would: after the next run there is the old state or the new one, and nothing temporary.
//!
//! A sample is taken of each command; `TRANSSHIP_KILLS=all` takes every point, and prints how
//! many those were. Each process of the machine costs time, since they are looked at for who uses
//! a volume: `unshare --pid --fork --mount-proc` before the command hides them.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests set up their own world"
)]

#[path = "../common/mod.rs"]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::dead::is_temporary;
use common::install::{Install, run};
use common::need;

/// The calls that change a disk, and those that open what is to be changed.
const CALLS: &str = "openat,mkdirat,mkdir,rename,renameat,renameat2,unlink,unlinkat,rmdir,\
    symlink,symlinkat,link,linkat,mknodat,write,pwrite64,ftruncate,fallocate,chmod,fchmod,\
    fchmodat,fchown,fchownat,utimensat,setxattr,fsetxattr,removexattr,fremovexattr,fsync,\
    fdatasync,syncfs,flock,ioctl,copy_file_range";

/// How many points of each command a sample has.
const SAMPLE: usize = 6;

/// What there is to be after the next run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// What the command would have come to.
    New,
    /// What there was before it.
    Old,
}

/// A command that is killed, and what is run then.
struct Scenario<'a> {
    name: &'a str,
    killed: &'a [&'a str],
    /// Each may find that there is nothing to do.
    then: &'a [&'a [&'a str]],
    after: After,
    /// What has to be old or new, below the folder.
    watched: &'a [&'a str],
}

/// A folder that is put back to how it was before each kill; it stays the same folder.
struct Bench {
    folder: PathBuf,
    before: tempfile::TempDir,
    _install: Option<Install>,
    _folder: Option<tempfile::TempDir>,
}

fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    }
}

impl Bench {
    fn of_install(steps: &[&[&str]]) -> Self {
        let install = Install::below(&memory());
        let folder = install.root().to_owned();
        fs::create_dir(folder.join("tmp")).unwrap();
        let bench = Self::of(folder, Some(install), None);
        for step in steps {
            assert_eq!(bench.run(step), Some(0), "{step:?}");
        }
        bench.keep()
    }

    fn with(make: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir_in(memory()).unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        make(folder.path());
        Self::of(folder.path().to_owned(), None, Some(folder)).keep()
    }

    fn of(folder: PathBuf, install: Option<Install>, made: Option<tempfile::TempDir>) -> Self {
        Self {
            folder,
            before: tempfile::tempdir_in(memory()).unwrap(),
            _install: install,
            _folder: made,
        }
    }

    fn keep(self) -> Self {
        sync(&self.folder, self.before.path());
        self
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .env("TMPDIR", self.folder.join("tmp"))
            // It is the disk that is looked at here, and the points are to be ours.
            .env("TRANSSHIP_DOCKER", "/nonexistent/docker")
            .env_remove("TRANSSHIP_VOLUMES")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Option<i32> {
        let mut command = self.command(env!("CARGO_BIN_EXE_transship"));
        command.args(args).status().unwrap().code()
    }

    /// The calls that change the disk, with which of its thread's calls of the name each is, as
    /// strace counts them.
    fn points(&self, args: &[&str]) -> BTreeSet<(String, usize)> {
        let log = self.before.path().with_extension("log");
        let traced = self.traced(&["-o", log.to_str().unwrap()], args);
        assert!(traced.is_some_and(|code| code <= 1), "{args:?}: {traced:?}");
        let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut points = BTreeSet::new();
        for line in fs::read_to_string(&log).unwrap().lines() {
            // `PID call(...`
            let Some((thread, rest)) = line.split_once(' ') else {
                continue;
            };
            let Some((call, arguments)) = rest.trim_start().split_once('(') else {
                continue;
            };
            let nth = counts
                .entry((thread.to_owned(), call.to_owned()))
                .or_default();
            *nth += 1;
            let changes = match call {
                "openat" => arguments.contains("O_CREAT"),
                "write" => !arguments.starts_with("1,") && !arguments.starts_with("2,"),
                "ioctl" => arguments.contains("SETFLAGS") || arguments.contains("CLONE"),
                _ => true,
            };
            if changes {
                points.insert((call.to_owned(), *nth));
            }
        }
        fs::remove_file(log).unwrap();
        points
    }

    fn traced(&self, options: &[&str], args: &[&str]) -> Option<i32> {
        let trace = &format!("trace={CALLS}");
        let mut command = self.command("strace");
        command
            .args(["-f", "-qq", "-e", trace])
            .args(options)
            .arg(env!("CARGO_BIN_EXE_transship"))
            .args(args);
        let status = command.status().unwrap();
        assert!(matches!(status.signal(), None | Some(9)), "{status}");
        status.code()
    }

    /// True if it was killed at its nth such call.
    fn killed(&self, args: &[&str], call: &str, nth: usize) -> bool {
        let inject = format!("inject={call}:signal=KILL:when={nth}");
        self.traced(&["-o", "/dev/null", "-e", &inject], args)
            .is_none()
    }

    fn picture(&self, watched: &[&str]) -> BTreeMap<PathBuf, String> {
        let mut picture = BTreeMap::new();
        let roots = watched.iter().map(|path| self.folder.join(path));
        for entry in roots.flat_map(walkdir::WalkDir::new).flatten() {
            let path = entry.path();
            let metadata = path.symlink_metadata().unwrap();
            let mode = metadata.permissions().mode();
            let content = if metadata.is_file() {
                fs::read(path).unwrap()
            } else if metadata.is_symlink() {
                fs::read_link(path)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes()
            } else {
                Vec::new()
            };
            let content = transship::tree::Digest::of(&content);
            let path = path.strip_prefix(&self.folder).unwrap();
            picture.insert(path.to_owned(), format!("{mode:o} {content}"));
        }
        picture
    }

    fn litter(&self) -> Vec<PathBuf> {
        let all = walkdir::WalkDir::new(&self.folder).into_iter().flatten();
        let named = all.filter(|entry| is_temporary(&entry.file_name().to_string_lossy()));
        named.map(walkdir::DirEntry::into_path).collect()
    }

    /// Kills the command at every point, or at some, each time in the same folder.
    fn sweep(&self, scenario: &Scenario<'_>) {
        self.sweep_in(scenario, &|| {
            sync(self.before.path(), &self.folder);
            None
        });
    }

    /// The same; `fresh` gives a bench that is as this one was, or has made it so again.
    fn sweep_in(&self, scenario: &Scenario<'_>, fresh: &dyn Fn() -> Option<Self>) {
        let Scenario { name, killed, .. } = scenario;
        let old = self.picture(scenario.watched);
        let points = self.points(killed);
        let new = self.picture(scenario.watched);
        assert!(old != new, "{name} does nothing");
        let all = std::env::var("TRANSSHIP_KILLS").is_ok_and(|kills| kills == "all");
        let step = if all {
            1
        } else {
            points.len().div_ceil(SAMPLE)
        };
        let (mut kills, mut wrong) = (0, Vec::new());
        for (at, (call, nth)) in points.iter().enumerate().step_by(step) {
            if all && at % 50 == 0 {
                println!(
                    "{name}: at point {at} of {}, {} wrong",
                    points.len(),
                    wrong.len()
                );
            }
            let another = fresh();
            let bench = another.as_ref().unwrap_or(self);
            if !bench.killed(killed, call, *nth) {
                continue;
            }
            kills += 1;
            let codes: Vec<_> = scenario.then.iter().map(|args| bench.run(args)).collect();
            let expected = if scenario.after == After::New {
                &new
            } else {
                &old
            };
            let found = bench.picture(scenario.watched);
            let litter = bench.litter();
            if found != *expected || !litter.is_empty() {
                let differing: Vec<_> = expected
                    .iter()
                    .filter(|(path, line)| found.get(*path) != Some(line))
                    .map(|(path, _)| path)
                    .chain(found.keys().filter(|path| !expected.contains_key(*path)))
                    .collect();
                wrong.push(format!(
                    "{call} {nth}: {codes:?}, {differing:?}, {litter:?}"
                ));
            }
        }
        println!("{name}: {kills} kills at {} points", points.len());
        assert!(kills > 0, "{name}: nothing was killed");
        assert!(
            wrong.is_empty(),
            "{name}, {}:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}

/// Makes `to` what `from` is.
fn sync(from: &Path, to: &Path) {
    let from = format!("{}/", from.display());
    run(Command::new("rsync")
        .args(["-aH", "--delete", &from])
        .arg(to));
}

/// True if there is what is needed.
fn can() -> bool {
    need::program("strace") && need::program("rsync")
}

const PLAN: &[&str] = &[
    "plan",
    "v2.10.5",
    "--from-release",
    "v2.10.5.tar.gz",
    STOPPED,
];
const APPLY: &[&str] = &["apply", STOPPED];
const RESUME: &[&str] = &["resume", STOPPED];
const DISCARD: &[&str] = &["rollback", "--discard", "--yes", STOPPED];
/// No engine is asked.
const STOPPED: &str = "--assume-stopped";
const INSTALL: &[&str] = &["releases", "volumes", "current"];

#[test]
fn apply_killed_anywhere_can_be_gone_on_with_or_undone() {
    if !can() {
        return;
    }
    let bench = Bench::of_install(&[&["init"], PLAN]);
    for (name, then, after) in [
        ("apply, resume", &[RESUME, APPLY][..], After::New),
        // A run that was complete when it was killed keeps what it made, but for `--discard`.
        ("apply, rollback", &[DISCARD], After::Old),
    ] {
        bench.sweep(&Scenario {
            name,
            killed: APPLY,
            then,
            after,
            watched: INSTALL,
        });
        sync(bench.before.path(), &bench.folder);
    }
}

#[test]
fn rollback_and_resume_killed_anywhere_are_run_again() {
    if !can() {
        return;
    }
    // A run knows the folders that it made, and not others put in their place.
    let applied = || Bench::of_install(&[&["init"], PLAN, APPLY]);
    let scenario = Scenario {
        name: "rollback --discard",
        killed: DISCARD,
        then: &[DISCARD],
        after: After::New,
        watched: INSTALL,
    };
    applied().sweep_in(&scenario, &|| Some(applied()));
    // A run that was killed soon after it began, and is gone on with. Before it there is the plan,
    // which is made again.
    let bench = Bench::of_install(&[&["init"], PLAN]);
    let journals = bench.folder.join(".transship/journal");
    let has_begun = || fs::read_dir(&journals).unwrap().next().is_some();
    let mut kills = (1..).map(|nth| assert!(bench.killed(APPLY, "renameat2", nth)));
    assert!(kills.any(|()| has_begun()));
    let bench = bench.keep();
    bench.sweep(&Scenario {
        name: "resume",
        killed: RESUME,
        then: &[RESUME],
        after: After::New,
        watched: INSTALL,
    });
}

#[test]
fn a_rehearsal_killed_anywhere_leaves_nothing_and_touches_nothing() {
    if !can() {
        return;
    }
    let rehearse = [&["rehearse"], &PLAN[1..]].concat();
    let bench = Bench::of_install(&[&["init"]]);
    let points: Vec<_> = bench.points(&rehearse).into_iter().collect();
    sync(bench.before.path(), &bench.folder);
    let before = bench.picture(INSTALL);
    let all = std::env::var("TRANSSHIP_KILLS").is_ok_and(|kills| kills == "all");
    let step = points.len().div_ceil(if all { 40 } else { SAMPLE });
    let mut kills = 0;
    for (call, nth) in points.iter().step_by(step) {
        if !bench.killed(&rehearse, call, *nth) {
            continue;
        }
        kills += 1;
        assert_eq!(bench.picture(INSTALL), before, "{call} {nth}: production");
        // The next command of any kind; where the record was never written there is nothing.
        assert_eq!(bench.run(PLAN), Some(0), "{call} {nth}");
        assert_eq!(bench.picture(INSTALL), before, "{call} {nth}: production");
        assert_eq!(bench.litter(), Vec::<PathBuf>::new(), "{call} {nth}");
        let clones = fs::read_dir(bench.folder.join(".transship/rehearsals"));
        let clones = clones.into_iter().flatten().flatten();
        let left: Vec<_> = clones.filter(|one| one.path().is_dir()).collect();
        assert!(left.is_empty(), "{call} {nth}: {left:?}");
        sync(bench.before.path(), &bench.folder);
    }
    println!("rehearse: {kills} kills at {} points", points.len());
    assert!(kills > 0, "nothing was killed");
}

/// Three trees, a project and an older copy.
fn trees() -> Bench {
    Bench::with(|root| {
        for (path, content) in [
            ("source/a/1", "one\n"),
            ("source/a/2", "two\n"),
            ("source/b/deep/3", "three\n"),
            ("older/a/1", "one, older\n"),
            ("older/gone/x", "x\n"),
            ("base/.env", "A=1\n"),
            ("mine/.env", "A=2\n"),
            ("mine/own", "mine\n"),
            ("theirs/.env", "A=1\nB=1\n"),
            ("theirs/sub/new", "new\n"),
            (
                "app/compose.yaml",
                "services:\n  web:\n    image: acme/web:1\n    volumes: [data:/d]\nvolumes:\n  data:\n",
            ),
            ("volumes/one/x", "x\n"),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        fs::hard_link(root.join("source/a/1"), root.join("source/a/twin")).unwrap();
        std::os::unix::fs::symlink("a/1", root.join("source/link")).unwrap();
        fs::create_dir(root.join("volumes/two")).unwrap();
    })
}

#[test]
fn trees_and_files_are_old_or_new_after_a_kill() {
    if !can() {
        return;
    }
    let bench = trees();
    for (name, killed, watched) in [
        ("copy", &["copy", "source", "copy"][..], "copy"),
        (
            "copy --update",
            &["copy", "--update", "--delete-all", "source", "older"],
            "older",
        ),
        (
            "merge -o",
            &["merge", "base", "mine", "theirs", "-o", "merged"],
            "merged",
        ),
        ("merge", &["merge", "base", "mine", "theirs"], "mine"),
        (
            "image set",
            &["image", "set", "-f", "app/compose.yaml", "acme/web=2"],
            "app",
        ),
        (
            "volume prefix",
            &["volume", "prefix", "-f", "app/compose.yaml", "v2_"],
            "app",
        ),
        (
            "volume copy",
            &[
                "volume",
                "copy",
                "--volumes",
                "volumes",
                STOPPED,
                "one",
                "two",
            ],
            "volumes",
        ),
    ] {
        sync(bench.before.path(), &bench.folder);
        bench.sweep(&Scenario {
            name,
            killed,
            then: &[killed],
            after: After::New,
            watched: &[watched],
        });
    }
}

//! What a killed `volume copy` left paused or stopped is known to the next run, whoever starts it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::install::Install;
use super::lab::{Lab, put_text};
use super::need;
use super::program::Ran;

/// A container that writes a volume, and a folder in which runs write down what they hold.
struct Held {
    lab: Lab,
    home: tempfile::TempDir,
    name: String,
}

impl Held {
    fn new(test: &str) -> Self {
        let lab = Lab::new(test);
        lab.volume_with_data("data");
        let name = lab.name("writer");
        let mount = format!("{}:/d", lab.name("data"));
        let run = ["run", "-d", "--init", "--net", "none", "--name", &name];
        lab.docker(&[&run[..], &["-v", &mount, "shell:1", "sleep", "1000"]].concat());
        let home = tempfile::tempdir().unwrap();
        // Does what it is told, and takes its time to say so.
        let slow = "#!/bin/sh\ndocker \"$@\"\nstatus=$?\n\
                    case \" $* \" in *' pause '*|*' stop '*) sleep 8 ;; esac\nexit $status\n";
        put_text(&home.path().join("slow"), slow);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(home.path().join("slow"), mode).unwrap();
        Self { lab, home, name }
    }

    fn command(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
        command.args(args).current_dir(folder);
        command.env("TRANSSHIP_STATE", self.home.path().join("state"));
        command
    }

    fn ran(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(self.home.path(), args))
    }

    fn copy(&self, how: &'static str) -> [String; 7] {
        let names = ["data", "copy", "project"].map(|key| self.lab.name(key));
        let [data, copy, project] = names;
        let words = ["volume", "copy", how, "-p"].map(str::to_owned);
        let [volume, verb, how, p] = words;
        [volume, verb, how, data, copy, p, project]
    }

    fn copies(&self, how: &'static str) -> Ran {
        self.ran(&self.copy(how).each_ref().map(String::as_str))
    }

    /// Copies, and is killed as soon as the container is in the state `is`.
    fn is_killed(&self, how: &'static str, is: &str) {
        let args = self.copy(how);
        let mut command = self.command(self.home.path(), &args.each_ref().map(String::as_str));
        command.env("TRANSSHIP_DOCKER", self.home.path().join("slow"));
        let mut run: Child = command.stderr(Stdio::null()).spawn().unwrap();
        let since = Instant::now();
        while self.state() != is {
            assert!(since.elapsed() < Duration::from_mins(1), "{}", self.state());
            thread::sleep(Duration::from_millis(20));
        }
        kill_process(Pid::from_child(&run), Signal::KILL).unwrap();
        run.wait().unwrap();
    }

    fn state(&self) -> String {
        let format = "--format={{.State.Status}}";
        self.lab.docker(&["inspect", format, &self.name])
    }

    fn records(&self) -> Vec<PathBuf> {
        let folder = self.home.path().join("state/held");
        let listed = fs::read_dir(folder).unwrap();
        listed.map(|entry| entry.unwrap().path()).collect()
    }
}

#[test]
fn a_container_that_a_killed_copy_left_paused_is_told_of_by_all_and_let_go_on_by_one_command() {
    if !need::docker() {
        return;
    }
    let held = Held::new("leftpaused");
    held.is_killed("--pause", "paused");
    let [record] = &held.records()[..] else {
        panic!("{:?}", held.records());
    };
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(
        (mode(record), mode(record.parent().unwrap())),
        (0o600, 0o700)
    );

    let again = held.copies("--pause").exits(3);
    let said = format!(
        "`{}` is paused, for a copy of `{}`",
        held.name,
        held.lab.name("data")
    );
    let again = again.complains(&said).complains("volume unpause");
    again.complains(&format!("container `{}` is paused already", held.name));
    held.ran(&["volume", "ls", "--all"])
        .exits(0)
        .complains(&said);
    let install = Install::adopted();
    let ask = |args: &[&str]| Ran::of(&mut held.command(install.root(), args));
    ask(&["status"]).exits(0).prints(&said);
    let json = ask(&["status", "--json"]).json();
    assert_eq!(json["held"][0]["container"], held.name.as_str());
    assert_eq!(json["held"][0]["state"], "paused");
    ask(&["apply"]).complains(&said);

    // Where another engine is meant, the one that has them is asked by its own address; one that
    // can't be asked is none without such containers.
    let ask = |name: &str, value: &str| {
        Ran::of(held.command(install.root(), &["status"]).env(name, value)).exits(0)
    };
    ask("DOCKER_HOST", "unix:///nowhere/docker.sock").prints(&said);
    ask("TRANSSHIP_DOCKER", "/nowhere/docker").complains("can't be known");

    held.ran(&["volume", "unpause", "--dry-run"])
        .exits(0)
        .prints("would go on");
    assert_eq!(held.state(), "paused");
    held.ran(&["volume", "unpause"])
        .exits(0)
        .prints(&format!("{} goes on", held.name));
    assert_eq!(
        (held.state().as_str(), held.records().len()),
        ("running", 0)
    );
    held.ran(&["volume", "unpause"])
        .exits(0)
        .complains("nothing was left");
    held.copies("--pause").exits(0);
    assert_eq!(
        (held.state().as_str(), held.records().len()),
        ("running", 0)
    );
}

#[test]
fn a_container_that_a_killed_copy_left_stopped_is_started_again() {
    if !need::docker() {
        return;
    }
    let held = Held::new("leftstopped");
    held.is_killed("--stop", "exited");
    let said = format!("`{}` is stopped, for a copy", held.name);
    held.ran(&["volume", "ls", "--all"])
        .exits(0)
        .complains(&said);
    held.ran(&["volume", "unpause"]).exits(0).prints("goes on");
    assert_eq!(
        (held.state().as_str(), held.records().len()),
        ("running", 0)
    );
}

#[test]
fn what_others_could_have_written_down_is_not_acted_upon_and_nothing_is_held_unrecorded() {
    if !need::docker() {
        return;
    }
    let held = Held::new("nottrusted");
    let folder = held.home.path().join("state/held");
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    held.ran(&["volume", "unpause"])
        .exits(3)
        .complains("can be written by others");
    held.copies("--pause")
        .exits(3)
        .complains("can be written by others");
    assert_eq!(held.state(), "running");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    // What is damaged is said and not believed.
    put_text(&folder.join("0.json"), "{}");
    held.ran(&["volume", "unpause"])
        .exits(4)
        .complains("can't be known");
}

#[test]
fn a_container_that_begins_processes_as_it_is_paused_is_paused_again() {
    if !need::docker() || !need::root() {
        return;
    }
    let held = Held::new("freezes");
    let program = held.home.path().join("freezes");
    let mode = fs::Permissions::from_mode(0o755);
    for (fails, code) in [(2, 0), (9, 3)] {
        put_text(
            &program,
            &format!(
                "#!/bin/sh\ncase \" $* \" in *' pause '*) echo x >>\"$0.tries\"\n\
                 [ \"$(wc -l <\"$0.tries\")\" -gt {fails} ] || \
                 {{ echo 'OCI runtime pause failed: unable to freeze: unknown' >&2; exit 1; }} ;; esac\n\
                 exec docker \"$@\"\n"
            ),
        );
        fs::set_permissions(&program, mode.clone()).unwrap();
        let args = held.copy("--pause");
        let args = args.each_ref().map(String::as_str);
        let mut command = held.command(held.home.path(), &args);
        let ran = Ran::of(command.env("TRANSSHIP_DOCKER", &program)).exits(code);
        assert_eq!(held.state(), "running");
        if code != 0 {
            ran.complains("unable to freeze");
        }
        let _ = fs::remove_file(held.home.path().join("freezes.tries"));
        let target = held.lab.name("copy");
        let _ = Command::new("docker")
            .args(["volume", "rm", &target])
            .output();
    }
}

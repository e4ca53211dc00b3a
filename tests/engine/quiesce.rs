//! Containers that are kept from writing, and go on.

use std::time::Duration;

use transship::engine::{Docker, Error, Quiesce, Quiesced, User, VolumeStore};
use transship::fs::Disk;
use transship::progress::Silent;

use crate::lab::{Lab, store};
use crate::need;

/// A volume, and a container that adds lines to a file in it.
struct Counter {
    lab: Lab,
    container: String,
    docker: Docker,
}

impl Counter {
    fn new(test: &str) -> Option<Self> {
        if !need::docker() || !need::root() {
            return None;
        }
        let lab = Lab::new(test);
        lab.volume_with_data("data");
        let container = lab.name("counter");
        let (name, mount) = (container.as_str(), format!("{}:/d", lab.name("data")));
        let script = "trap 'exit 0' TERM; while :; do echo >>/d/n; usleep 1000; done";
        let run = [
            "run",
            "-d",
            "--network",
            "none",
            "--name",
            name,
            "-v",
            &mount,
        ];
        lab.docker(&[&run[..], &["shell:1", "sh", "-c", script]].concat());
        Some(Self {
            container,
            lab,
            docker: Docker::find(None).unwrap(),
        })
    }

    fn users(&self) -> Vec<User> {
        let store = store();
        let volume = store.find(&self.lab.name("data")).unwrap().unwrap();
        store.users(&volume).unwrap().found
    }

    fn hold<'a>(&'a self, disk: &'a Disk, how: Quiesce) -> Result<Quiesced<'a>, Error> {
        Quiesced::hold(&self.docker, disk, "data", &self.users(), how, &Silent)
    }

    /// Whether the count changes within some time.
    fn counts_within(&self, time: Duration) -> bool {
        let store = store();
        let volume = store.find(&self.lab.name("data")).unwrap().unwrap();
        let read = || std::fs::read(volume.path.join("n")).map_or(0, |lines| lines.len());
        let before = read();
        (0..20).any(|_| {
            std::thread::sleep(time / 20);
            read() != before
        })
    }

    fn counts(&self) -> bool {
        self.counts_within(Duration::from_secs(10))
    }

    fn state(&self) -> String {
        let format = "{{.State.Status}}";
        self.lab.docker(&["inspect", "-f", format, &self.container])
    }
}

const WAYS: [(Quiesce, &str); 2] = [
    (Quiesce::Pause, "paused"),
    (Quiesce::Stop(Duration::from_secs(20)), "exited"),
];

#[test]
fn a_container_writes_nothing_while_it_is_held_and_goes_on_afterwards() {
    let Some(counter) = Counter::new("held") else {
        return;
    };
    let disk = Disk::new();
    for (how, state) in WAYS {
        assert!(counter.counts());
        let held = counter.hold(&disk, how).unwrap();
        assert_eq!(held.names().collect::<Vec<_>>(), [&counter.container]);
        assert_eq!(counter.state(), state);
        assert!(!counter.counts_within(Duration::from_millis(500)));
        held.release().unwrap();
        assert!(counter.counts());
    }
}

#[test]
fn it_goes_on_after_a_failure_too() {
    let Some(counter) = Counter::new("dropped") else {
        return;
    };
    let disk = Disk::new();
    for (how, state) in WAYS {
        let held = counter.hold(&disk, how).unwrap();
        assert_eq!(counter.state(), state);
        drop(held);
        assert_eq!(counter.state(), "running");
    }
}

#[test]
fn whom_a_hook_keeps_from_being_held_goes_on() {
    let Some(counter) = Counter::new("hooked") else {
        return;
    };
    let disk = Disk::with_hook(|_| Err(std::io::Error::from_raw_os_error(5)));
    assert!(counter.hold(&disk, Quiesce::Pause).is_err());
    assert_eq!(counter.state(), "running");
}

#[test]
fn a_process_of_no_container_can_t_be_held() {
    let Some(counter) = Counter::new("stranger") else {
        return;
    };
    let disk = Disk::new();
    let mut users = counter.users();
    users.push(User {
        who: "postgres (process 4711)".to_owned(),
        is_process: true,
        ..users[0].clone()
    });
    let error = Quiesced::hold(
        &counter.docker,
        &disk,
        "data",
        &users,
        Quiesce::Pause,
        &Silent,
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("postgres (process 4711)"),
        "{error}"
    );
    assert_eq!(counter.state(), "running");
}

#[test]
fn containers_that_have_gone_are_held_by_nobody() {
    let Some(counter) = Counter::new("gone") else {
        return;
    };
    let disk = Disk::new();
    let held = counter.hold(&disk, Quiesce::Pause).unwrap();
    counter.lab.docker(&["rm", "-f", &counter.container]);
    held.release().unwrap();
}

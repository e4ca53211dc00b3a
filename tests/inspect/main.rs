//! What databases really leave on disk, and what is said of it: directories made by the real
//! programs where there are packages of them, with their own tools for judges, and directories
//! that someone laid out as a trap.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests set up their own world"
)]

#[path = "../common/mod.rs"]
mod common;

mod cli;
mod engine;
mod hostile;
mod postgres;
mod servers;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use common::program::transship;

/// What `transship inspect` says of the only database in `tree`.
#[track_caller]
fn only(tree: &Path) -> Value {
    let mut found = inspect(tree);
    let databases = found["databases"].as_array_mut().unwrap();
    assert_eq!(databases.len(), 1, "{databases:?}");
    databases.remove(0)
}

/// The document of `transship inspect`, which ends well.
#[track_caller]
fn inspect(tree: &Path) -> Value {
    let tree = tree.to_str().unwrap();
    transship(Path::new("/"), ["inspect", "--json", tree])
        .exits(0)
        .json()
}

/// A server, started for a test and gone with it.
struct Server(Child);

impl Server {
    fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.stderr(Stdio::null()).spawn().unwrap())
    }

    /// Waits until `is_ready`, half a minute at most.
    #[track_caller]
    fn wait(&mut self, is_ready: impl Fn() -> bool) {
        for _ in 0..300 {
            assert_eq!(self.0.try_wait().unwrap(), None, "the server has ended");
            if is_ready() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the server isn't ready after 30 s");
    }

    /// Asks it to end, and waits until it has.
    fn stop(mut self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    /// As a machine that loses its power does.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

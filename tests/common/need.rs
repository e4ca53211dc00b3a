//! What a test needs of the machine. A test that lacks something says so and passes; in CI
//! (`CI=true`) it fails, so that nothing is skipped there unnoticed:
//!
//! ```ignore
//! if !need::root() {
//!     return;
//! }
//! ```
//!
//! `scripts/test` counts the skipped ones: each adds a line to the file that
//! `TRANSSHIP_SKIPPED` names.

use std::io::Write;
use std::sync::OnceLock;

use transship::engine::{Docker, Program};

// A test crate may do with one of them; the others aren't dead for that.
const _: [fn() -> bool; 4] = [root, compose, docker, helper];
const _: fn(&str) -> bool = program;
const _: fn(&[&str]) -> bool = images;

/// That the test runs as root.
pub(crate) fn root() -> bool {
    given(rustix::process::geteuid().is_root(), "root")
}

/// That a program is in `PATH`.
pub(crate) fn program(name: &str) -> bool {
    given(Program::find(name).is_ok(), name)
}

/// That Compose can be asked; it needs no engine for that.
pub(crate) fn compose() -> bool {
    let docker = Program::find("docker").ok();
    let says = docker.map(|docker| docker.call(["compose", "version"]).run_well());
    given(says.is_some_and(|says| says.is_ok()), "docker compose")
}

/// That a Docker engine answers, with Compose v2 and the image `shell:1`: `tests/lab/up`
/// sees to all three.
pub(crate) fn docker() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found = *FOUND.get_or_init(|| {
        let says = |args: &[&str]| {
            let docker = Program::find("docker").ok()?;
            docker.call(args).run_well().ok()
        };
        Docker::find(None).is_ok_and(|docker| docker.server().is_ok())
            && says(&["compose", "version"]).is_some()
            && says(&["image", "inspect", "shell:1"]).is_some()
    });
    given(found, "Docker (see tests/lab/up)")
}

/// That the engine has the images.
pub(crate) fn images(names: &[&str]) -> bool {
    let docker = Program::find("docker");
    let is_there = |name: &&str| {
        let docker = docker.as_ref().ok();
        docker.is_some_and(|docker| docker.call(["image", "inspect", name]).run_well().is_ok())
    };
    given(
        names.iter().all(is_there),
        &format!("the images {} (see tests/lab/up)", names.join(" ")),
    )
}

/// That there is a static transship to be sent to engines: `scripts/static` makes it.
pub(crate) fn helper() -> bool {
    let named = std::env::var_os("TRANSSHIP_HELPER");
    let found = named.is_some_and(|path| std::path::Path::new(&path).is_file());
    given(found, "TRANSSHIP_HELPER (see scripts/static)")
}

/// `found`, and where it is false a word about it.
pub(crate) fn given(found: bool, what: &str) -> bool {
    if found {
        return true;
    }
    let thread = std::thread::current();
    let line = format!("{} needs {what}", thread.name().unwrap_or("a test"));
    let in_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!in_ci, "{line}, and CI has to have it");
    say(&line);
    record(&line);
    false
}

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn say(line: &str) {
    println!("skipped: {line}");
}

/// One write at the end of the file: tests run at the same time.
fn record(line: &str) {
    if let Some(path) = std::env::var_os("TRANSSHIP_SKIPPED") {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's own record, not the product's"
        )]
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .expect("the file that TRANSSHIP_SKIPPED names");
        file.write_all(format!("{line}\n").as_bytes())
            .expect("room for one line");
    }
}

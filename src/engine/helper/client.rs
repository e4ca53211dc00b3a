//! The outside: runs containers from the helper's image, and cleans up after them.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use super::super::program::{Invocation, Running};
use super::super::{Docker, Error, ServerInfo};
use super::HelperError;
use super::binary::{HelperProgram, runs_on};
use super::image::{HelperImage, sweep};
use super::labels::{self, NAME};
use super::protocol::{HelperAnswer, HelperWork, VOLUMES};
use super::session::Session;
use crate::error::Kind;
use crate::progress::Progress;
use crate::threads;
use crate::tree::{self, Difference, Manifest};

/// A helper that says nothing for this long is gone: it speaks four times a second.
const SILENCE: Duration = Duration::from_mins(1);

/// What looking around needs of root's rights: to enter what belongs to other users.
const LOOK: &[&str] = &["DAC_OVERRIDE"];

/// What reading everything needs: the attributes of the namespace `trusted`, too, which
/// nobody else sees, so that their loss couldn't even be told.
const READ: &[&str] = &["DAC_OVERRIDE", "SYS_ADMIN"];

/// What a copy needs.
const WRITE: &[&str] = &[
    "DAC_OVERRIDE",
    "SYS_ADMIN",
    // To give files away.
    "CHOWN",
    // To set modes, times and attributes of what was given away.
    "FOWNER",
    // To keep setuid and setgid while doing so.
    "FSETID",
    // To give files their capabilities.
    "SETFCAP",
    // To make devices.
    "MKNOD",
    // To set and clear immutable and append-only.
    "LINUX_IMMUTABLE",
];

fn rights(work: &HelperWork) -> &'static [&'static str] {
    match work {
        HelperWork::Free | HelperWork::Survey { .. } | HelperWork::Holds { .. } => LOOK,
        HelperWork::Observe { .. } | HelperWork::Send { .. } => READ,
        HelperWork::Copy { .. } | HelperWork::Clear { .. } | HelperWork::Receive { .. } => WRITE,
    }
}

/// A volume in a helper's container.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct HelperMount<'a> {
    pub(in crate::engine) volume: &'a str,
    pub(in crate::engine) writable: bool,
}

/// An engine's helper: its image, and containers from it.
pub(in crate::engine) struct Helper {
    docker: Docker,
    image: HelperImage,
    run: String,
    count: AtomicU32,
    /// Removes what is old, while there is something else to wait for.
    sweeper: OnceLock<Option<JoinHandle<()>>>,
}

/// What a helper's work came to.
pub(in crate::engine) struct Told {
    pub(in crate::engine) answer: HelperAnswer,
    /// Where the work was to give one.
    pub(in crate::engine) manifest: Option<Manifest>,
    /// What a verified copy differs in; empty for other work.
    pub(in crate::engine) differences: Vec<Difference>,
}

impl Helper {
    /// Brings the program, `given` or found, to the engine.
    pub(in crate::engine) fn bring(
        docker: &Docker,
        server: &ServerInfo,
        given: Option<&Path>,
    ) -> Result<Self, HelperError> {
        let program = HelperProgram::find(given)?;
        if !server.machine.is_empty() && !runs_on(program.machine, &server.machine) {
            return Err(HelperError::Machine {
                path: program.path,
                program: program.machine,
                engine: server.machine.clone(),
            });
        }
        let run = labels::run();
        let image = HelperImage::bring(docker, &run, program)?;
        Ok(Self {
            docker: docker.clone(),
            image,
            run,
            count: AtomicU32::new(0),
            sweeper: OnceLock::new(),
        })
    }

    /// Does the work in a container of its own; errors say `what` it was to be.
    pub(in crate::engine) fn work(
        &self,
        what: &str,
        work: HelperWork,
        mounts: &[HelperMount<'_>],
        progress: &dyn Progress,
    ) -> Result<Told, Error> {
        let name = self.name();
        let tidy = || self.tidy();
        let mut session = Session::new(progress, self.silence(), &tidy);
        if let HelperWork::Copy { target, .. } = &work {
            session.title = format!("volume {target}");
        }
        let done = self.start(&name, &work, mounts);
        let done = done.and_then(|running| session.have(running, work));
        match done {
            Ok(answer) => Ok(Told {
                answer,
                manifest: session.manifest_read(what)?,
                differences: session.differences(),
            }),
            Err(problem) => Err(self.failed(what, &name, problem)),
        }
    }

    /// Begins to remove what is old. It takes no time while a container ends, and would before
    /// that.
    pub(super) fn tidy(&self) {
        let (engine, old) = (self.docker.clone(), self.image.old.clone());
        // Refused, the next run removes it.
        let sweeping = || threads::start(move || sweep(&engine, &old)).ok();
        self.sweeper.get_or_init(sweeping);
    }

    /// The reference of its image.
    pub(super) fn image(&self) -> &str {
        &self.image.reference
    }

    /// A name for the next container.
    pub(super) fn name(&self) -> String {
        let number = self.count.fetch_add(1, Relaxed);
        format!("{NAME}-{}-{number}", self.run)
    }

    pub(super) fn silence(&self) -> Duration {
        self.docker.limit().unwrap_or(SILENCE)
    }

    /// Starts a container for the work.
    pub(super) fn start(
        &self,
        name: &str,
        work: &HelperWork,
        mounts: &[HelperMount<'_>],
    ) -> Result<Running, HelperError> {
        let call = self.run_call(name, rights(work), mounts);
        call.start().map_err(HelperError::Start)
    }

    /// The container that may be left is removed, whatever it is doing.
    pub(super) fn failed(&self, what: &str, name: &str, problem: HelperError) -> Error {
        let left = !self.remove_container(name);
        if let HelperError::Inside {
            kind: Kind::Interrupted,
            ..
        } = problem
        {
            return Error::Tree(tree::Error::Interrupted);
        }
        Error::Helper {
            what: what.to_owned(),
            left: left.then(|| name.to_owned()),
            source: Box::new(problem),
        }
    }

    fn run_call(&self, name: &str, rights: &[&str], mounts: &[HelperMount<'_>]) -> Invocation {
        let mut call = self
            .docker
            .call([
                "run",
                "--rm",
                "--interactive",
                "--pull",
                "never",
                "--name",
                name,
            ])
            .args(["--label", &format!("{NAME}={}", self.run)])
            .args(["--entrypoint", "/transship"])
            // What it says may be a whole volume: no log.
            .args(["--log-driver", "none", "--network", "none", "--read-only"])
            // The engine's own root, of all ids: what maps them would change owners.
            .args(["--userns", "host", "--user", "0:0"])
            .args(["--security-opt", "no-new-privileges", "--cap-drop", "ALL"]);
        for right in rights {
            call = call.args(["--cap-add", right]);
        }
        for mount in mounts {
            let volume = mount.volume;
            let read_only = if mount.writable { "" } else { ",readonly" };
            call = call.args([
                "--mount",
                &format!(
                    "type=volume,source={volume},target={VOLUMES}/{volume},volume-nocopy{read_only}"
                ),
            ]);
        }
        call.args([&self.image.reference, "helper"])
    }

    /// True if there is no such container any more.
    fn remove_container(&self, name: &str) -> bool {
        let _ = self.docker.call(["rm", "--force", name]).run();
        let filter = format!("name=^/?{name}$");
        let list = ["ps", "--all", "--quiet", "--filter", &filter];
        let listed = self.docker.call(list).run_well();
        listed.is_ok_and(|output| output.stdout.trim_ascii().is_empty())
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if let Some(sweeper) = self.sweeper.take().flatten() {
            let _ = sweeper.join();
        }
    }
}

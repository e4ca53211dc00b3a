//! The outside: makes the image, runs containers from it, and cleans up after both.

use std::io::Write as _;
use std::path::Path;
use std::process::ChildStdin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::super::program::{Invocation, Running};
use super::super::{Docker, Error, ServerInfo};
use super::HelperError;
use super::binary::{HelperProgram, runs_on};
use super::lines::{Heard, listen};
use super::names::{self, NAME};
use super::protocol::{Answer, Event, FORMAT, Failed, Request, VERSION, VOLUMES, Work, shown};
use crate::clock::Stopwatch;
use crate::error::Kind;
use crate::progress::Progress;
use crate::tree::{self, Manifest};

/// A helper that says nothing for this long is gone: it speaks four times a second.
const SILENCE: Duration = Duration::from_mins(1);
/// To bring a program of some megabytes to an engine far away.
const IMPORT: Duration = Duration::from_mins(10);
/// Between two looks at whether the user wants to stop.
const TICK: Duration = Duration::from_millis(50);
/// For a helper to clean up after itself, and for its container to go.
const MERCY: Duration = Duration::from_secs(10);
/// The longest manifest that is taken, in bytes: some million files.
const LONGEST_MANIFEST: usize = 1 << 30;

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

fn rights(work: &Work) -> &'static [&'static str] {
    match work {
        Work::Free | Work::Survey { .. } | Work::Holds { .. } => LOOK,
        Work::Observe { .. } | Work::Send { .. } => READ,
        Work::Copy { .. } | Work::Clear { .. } | Work::Receive { .. } => WRITE,
    }
}

/// A volume in a helper's container.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Mounted<'a> {
    pub(in crate::engine) volume: &'a str,
    pub(in crate::engine) writable: bool,
}

/// An engine's helper: its image is there as long as this is.
pub(in crate::engine) struct Helper {
    docker: Docker,
    image: String,
    run: String,
    count: AtomicU32,
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
        sweep(docker);
        let run = names::run();
        let helper = Self {
            docker: docker.clone(),
            image: format!("{NAME}:{}-{run}", &program.digest().to_string()[..12]),
            run,
            count: AtomicU32::new(0),
        };
        helper.import(&program)?;
        Ok(helper)
    }

    fn import(&self, program: &HelperProgram) -> Result<(), HelperError> {
        let layer = program.layer().map_err(|source| HelperError::Unreadable {
            path: program.path.clone(),
            source,
        })?;
        let call = self
            .docker
            .call_within(IMPORT, ["import", "--change"])
            .arg(r#"ENTRYPOINT ["/transship", "helper"]"#)
            .args(["--change", &format!("LABEL {NAME}={}", self.run)])
            .args(["-", &self.image]);
        let called = call.stdin(layer).run_well();
        // It is believed when the engine, asked again, knows it.
        let look = self
            .docker
            .call(["image", "inspect", "--format", "{{json .Id}}", &self.image]);
        let there = look
            .run_well()
            .is_ok_and(|output| output.stdout.starts_with(b"\"sha256:"));
        match (called, there) {
            (_, true) => Ok(()),
            (called, false) => Err(HelperError::Image {
                source: called.err(),
            }),
        }
    }

    /// Does the work in a container of its own, with the manifest if it gave one; errors say
    /// `what` it was to be.
    pub(in crate::engine) fn work(
        &self,
        what: &str,
        work: Work,
        mounts: &[Mounted<'_>],
        progress: &dyn Progress,
    ) -> Result<(Answer, Option<Manifest>), Error> {
        let name = self.name();
        let mut talk = Talk::new(progress, self.silence());
        if let Work::Copy { target, .. } = &work {
            talk.title = format!("volume {target}");
        }
        let done = self.start(&name, &work, mounts);
        let done = done.and_then(|running| talk.have(running, work));
        match done {
            Ok(answer) => Ok((answer, talk.manifest_read(what)?)),
            Err(problem) => Err(self.failed(what, &name, problem)),
        }
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
        work: &Work,
        mounts: &[Mounted<'_>],
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

    fn run_call(&self, name: &str, rights: &[&str], mounts: &[Mounted<'_>]) -> Invocation {
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
        call.arg(&self.image)
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
    /// What can't be removed now is recognised and removed by a later run.
    fn drop(&mut self) {
        // A container that has just ended may have a moment to go.
        for _ in 0..10 {
            let call = self.docker.call(["image", "rm", &self.image]);
            if call.run_well().is_ok() {
                return;
            }
            thread::sleep(2 * TICK);
        }
    }
}

/// Removes what runs that are long over have left.
fn sweep(docker: &Docker) {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Container {
        names: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Image {
        tag: String,
    }
    let label = format!("label={NAME}");
    let format = ["--filter", &label, "--format", "{{json .}}"];
    let list = docker.call(["ps", "--all", "--no-trunc"]).args(format);
    for container in Docker::json_lines::<Container>("", &list).unwrap_or_default() {
        let run = container
            .names
            .strip_prefix(NAME)
            .and_then(|name| name.strip_prefix('-'));
        if run
            .and_then(|run| run.rsplit_once('-'))
            .is_some_and(|(run, _)| names::is_old(run))
        {
            let _ = docker.call(["rm", "--force", &container.names]).run();
        }
    }
    let list = docker.call(["image", "ls"]).args(format);
    for image in Docker::json_lines::<Image>("", &list).unwrap_or_default() {
        let run = image.tag.split_once('-');
        if run.is_some_and(|(_, run)| names::is_old(run)) {
            let _ = docker
                .call(["image", "rm", &format!("{NAME}:{}", image.tag)])
                .run();
        }
    }
}

/// A talk with one helper.
pub(super) struct Talk<'a> {
    progress: &'a dyn Progress,
    silence: Duration,
    manifest: Vec<u8>,
    /// Bytes and files that were told of.
    told: (u64, u64),
    /// What the work is called where its size is told.
    title: String,
    /// It has said hello.
    known: bool,
}

/// What a helper says in the end, or on the way.
pub(super) enum Said {
    /// It waits for a stream.
    Ready,
    /// The answer.
    Done(Answer),
    /// It is gone.
    Nothing,
}

impl<'a> Talk<'a> {
    pub(super) fn new(progress: &'a dyn Progress, silence: Duration) -> Self {
        Self {
            progress,
            silence,
            manifest: Vec::new(),
            told: (0, 0),
            title: String::new(),
            known: false,
        }
    }

    fn have(&mut self, mut running: Running, work: Work) -> Result<Answer, HelperError> {
        let heard = running.stdout().map(listen);
        let mut input = running.stdin();
        let (Some(heard), Some(asked)) = (heard, input.as_mut()) else {
            return Err(HelperError::Nonsense { said: "no streams" });
        };
        ask(asked, work);
        let said = self.listen(&heard, &mut input)?;
        drop(input);
        self.ended(running, said)
    }

    /// An answer counts if all went well after it, too.
    pub(super) fn ended(&self, running: Running, said: Said) -> Result<Answer, HelperError> {
        let ended = running.ended(self.silence.min(MERCY));
        let ended = ended.map_err(HelperError::Start)?;
        match said {
            Said::Done(answer) if ended.status.success() => Ok(answer),
            _ => Err(HelperError::Died {
                how: ended.describe(),
            }),
        }
    }

    /// Listens until something is said that isn't told of in passing.
    pub(super) fn listen(
        &mut self,
        heard: &Receiver<Heard>,
        input: &mut Option<ChildStdin>,
    ) -> Result<Said, HelperError> {
        let mut quiet = Stopwatch::start();
        let mut stopping: Option<Stopwatch> = None;
        loop {
            match heard.recv_timeout(TICK) {
                Ok(event) => {
                    quiet = Stopwatch::start();
                    let event = event?;
                    self.known = self.known || is_hello(&event)?;
                    if let Some(said) = self.event(event)? {
                        return Ok(said);
                    }
                }
                Err(RecvTimeoutError::Disconnected) if stopping.is_some() => return interrupted(),
                Err(RecvTimeoutError::Disconnected) => return Ok(Said::Nothing),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let silent = quiet.elapsed() > self.silence;
            if stopping.is_some_and(|since| silent || since.elapsed() > MERCY) {
                return interrupted();
            }
            if silent {
                return Err(HelperError::Silent {
                    after: self.silence,
                });
            }
            if stopping.is_none() && self.progress.interrupted() {
                // Its end of input tells the helper to stop and clean up.
                *input = None;
                stopping = Some(Stopwatch::start());
            }
        }
    }

    fn event(&mut self, event: Event) -> Result<Option<Said>, HelperError> {
        match event {
            Event::Hello { .. } => {}
            Event::Total { bytes } => self.progress.start(&self.title, Some(bytes)),
            Event::At { bytes, files } => {
                let (b, f) = self.told;
                self.progress
                    .advance(bytes.saturating_sub(b), files.saturating_sub(f));
                self.told = (bytes.max(b), files.max(f));
            }
            Event::Note { line } => self.progress.note(&shown(&line)),
            Event::Manifest { text } => {
                if self.manifest.len() + text.len() > LONGEST_MANIFEST {
                    return Err(HelperError::Nonsense {
                        said: "a manifest without an end",
                    });
                }
                self.manifest.extend(text.into_bytes());
            }
            Event::Ready => return Ok(Some(Said::Ready)),
            Event::Done { answer } => return Ok(Some(Said::Done(answer))),
            Event::Failed(failed) => return Err(inside(&failed)),
        }
        Ok(None)
    }

    pub(super) fn manifest_read(&mut self, what: &str) -> Result<Option<Manifest>, Error> {
        if self.manifest.is_empty() {
            return Ok(None);
        }
        let text = std::mem::take(&mut self.manifest);
        match Manifest::read(Path::new("manifest"), &text) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(_) => Err(Error::Helper {
                what: what.to_owned(),
                left: None,
                source: Box::new(HelperError::Nonsense {
                    said: "a broken manifest",
                }),
            }),
        }
    }
}

/// What a helper doesn't read it says itself, or its container does.
pub(super) fn ask(input: &mut ChildStdin, work: Work) {
    let request = Request {
        format: FORMAT.to_owned(),
        version: VERSION,
        work,
    };
    let mut line = serde_json::to_vec(&request).unwrap_or_default();
    line.push(b'\n');
    let _ = input.write_all(&line).and_then(|()| input.flush());
}

/// The first event has to be a hello of this version; a failure may come before.
pub(super) fn is_hello(event: &Event) -> Result<bool, HelperError> {
    match event {
        Event::Hello { format, version } if format == FORMAT => match *version {
            VERSION => Ok(true),
            version => Err(HelperError::Version { version }),
        },
        Event::Failed(_) => Ok(false),
        _ => Err(HelperError::Nonsense {
            said: "it doesn't say what it is",
        }),
    }
}

pub(super) fn interrupted<T>() -> Result<T, HelperError> {
    Err(HelperError::Inside {
        kind: Kind::Interrupted,
        message: "interrupted".to_owned(),
        hints: Vec::new(),
    })
}

/// A failure as the helper tells it, within bounds.
fn inside(failed: &Failed) -> HelperError {
    const MOST: usize = 8;
    let texts = std::iter::once(&failed.message).chain(failed.causes.iter().take(MOST));
    let message: Vec<String> = texts.map(|text| shown(text)).collect();
    HelperError::Inside {
        kind: failed.kind.into(),
        message: message.join(": "),
        hints: failed
            .hints
            .iter()
            .take(MOST)
            .map(|hint| shown(hint))
            .collect(),
    }
}

//! What is said with one helper, and what is heard of it.

use std::io::Write as _;
use std::path::Path;
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::super::Error;
use super::super::program::Running;
use super::HelperError;
use super::protocol::{
    FORMAT, Failed, HelperAnswer, HelperEvent, HelperRequest, HelperWork, VERSION, shown,
};
use super::reader::{Heard, listen};
use crate::clock::Stopwatch;
use crate::error::Kind;
use crate::progress::Progress;
use crate::tree::{Difference, Manifest};

/// Between two looks at whether the user wants to stop.
pub(super) const TICK: Duration = Duration::from_millis(50);
/// For a helper to clean up after itself, and for its container to go.
const MERCY: Duration = Duration::from_secs(10);
/// The longest manifest that is taken, in bytes: some million files. Differences may be as
/// long.
const LONGEST_MANIFEST: usize = 1 << 30;

/// A session with one helper.
pub(super) struct Session<'a> {
    progress: &'a dyn Progress,
    silence: Duration,
    manifest: Vec<u8>,
    differences: Vec<Difference>,
    /// What the differences come to, in bytes.
    differing: usize,
    /// Bytes that were told of.
    told_bytes: u64,
    /// Files that were told of.
    told_files: u64,
    /// What the work is called where its size is told.
    pub(super) title: String,
    /// The helper has said hello.
    known: bool,
    /// What is called while it ends.
    meanwhile: &'a dyn Fn(),
}

/// What a helper says in the end, or on the way.
pub(super) enum Said {
    /// The helper waits for a stream on its input.
    Ready,
    /// The answer.
    Done(HelperAnswer),
    /// The helper has ended, or its connection has.
    Nothing,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        progress: &'a dyn Progress,
        silence: Duration,
        meanwhile: &'a dyn Fn(),
    ) -> Self {
        Self {
            progress,
            silence,
            manifest: Vec::new(),
            differences: Vec::new(),
            differing: 0,
            told_bytes: 0,
            told_files: 0,
            title: String::new(),
            known: false,
            meanwhile,
        }
    }

    /// Asks for the work and waits for its answer.
    pub(super) fn have(
        &mut self,
        mut running: Running,
        work: HelperWork,
    ) -> Result<HelperAnswer, HelperError> {
        let heard = running.stdout().map(listen);
        let mut input = running.stdin();
        let (Some(heard), Some(asked)) = (heard, input.as_mut()) else {
            return Err(HelperError::BadReply { said: "no streams" });
        };
        ask(asked, work);
        let said = self.listen(&heard, &mut input)?;
        drop(input);
        self.ended(running, said)
    }

    /// An answer counts if all went well after it, too.
    pub(super) fn ended(&self, running: Running, said: Said) -> Result<HelperAnswer, HelperError> {
        (self.meanwhile)();
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

    fn event(&mut self, event: HelperEvent) -> Result<Option<Said>, HelperError> {
        match event {
            HelperEvent::Hello { .. } => {}
            HelperEvent::Total { bytes } => self.progress.start(&self.title, Some(bytes)),
            HelperEvent::At { bytes, files } => {
                self.progress.advance(
                    bytes.saturating_sub(self.told_bytes),
                    files.saturating_sub(self.told_files),
                );
                self.told_bytes = self.told_bytes.max(bytes);
                self.told_files = self.told_files.max(files);
            }
            HelperEvent::Note { line } => self.progress.note(&shown(&line)),
            HelperEvent::Manifest { text } => {
                if self.manifest.len() + text.len() > LONGEST_MANIFEST {
                    return Err(HelperError::BadReply {
                        said: "a manifest without an end",
                    });
                }
                self.manifest.extend(text.into_bytes());
            }
            HelperEvent::Differs(differs) => {
                self.differing += differs.length();
                let difference = differs.difference();
                let difference = difference.filter(|_| self.differing <= LONGEST_MANIFEST);
                let said = "differences that make no sense";
                let difference = difference.ok_or(HelperError::BadReply { said })?;
                self.differences.push(difference);
            }
            HelperEvent::Ready => return Ok(Some(Said::Ready)),
            HelperEvent::Done { answer } => return Ok(Some(Said::Done(answer))),
            HelperEvent::Failed(failed) => return Err(inside(&failed)),
        }
        Ok(None)
    }

    /// What was told to differ.
    pub(super) fn differences(&mut self) -> Vec<Difference> {
        std::mem::take(&mut self.differences)
    }

    /// The manifest that came in pieces, if one did.
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
                source: Box::new(HelperError::BadReply {
                    said: "a broken manifest",
                }),
            }),
        }
    }
}

/// What a helper doesn't read it says itself, or its container does.
pub(super) fn ask(input: &mut ChildStdin, work: HelperWork) {
    let request = HelperRequest {
        format: FORMAT.to_owned(),
        version: VERSION,
        work,
    };
    let mut line = serde_json::to_vec(&request).unwrap_or_default();
    line.push(b'\n');
    let _ = input.write_all(&line).and_then(|()| input.flush());
}

/// The first event has to be a hello of this version; a failure may come before.
pub(super) fn is_hello(event: &HelperEvent) -> Result<bool, HelperError> {
    match event {
        HelperEvent::Hello { format, version } if format == FORMAT => match *version {
            VERSION => Ok(true),
            version => Err(HelperError::Version { version }),
        },
        HelperEvent::Failed(_) => Ok(false),
        _ => Err(HelperError::BadReply {
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

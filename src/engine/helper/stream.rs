//! Streams from and to helpers.

use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write};
use std::process::ChildStdin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use super::super::program::Running;
use super::super::volumes::contents::{Feed, UNDER_WAY, judged};
use super::super::{Error, HelperError};
use super::client::{Helper, HelperMount};
use super::protocol::{HelperAnswer, HelperEvent, HelperWork, LONGEST, PIECE};
use super::reader::{NO_THREAD, listen};
use super::session::{Said, Session, TICK, ask, interrupted, is_hello};
use crate::clock::Stopwatch;
use crate::progress::Progress;
use crate::threads;
use crate::tree::{self, Manifest, ManifestFormat};

impl Helper {
    /// Writes the volume to `out`, as it comes: whether it is whole, the stream says itself.
    pub(in crate::engine) fn send(
        &self,
        what: &str,
        volume: &str,
        have: Option<&Manifest>,
        out: &mut dyn Write,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let name = self.name();
        let mounts = [HelperMount {
            volume,
            writable: false,
        }];
        let work = HelperWork::Send {
            volume: volume.to_owned(),
            have: have.is_some(),
        };
        let relay = Relay {
            progress,
            silence: self.silence(),
        };
        let started = self
            .start(&name, &work, &mounts)
            .map_err(RelayError::Helper);
        self.tidy();
        let sent = started.and_then(|running| relay.run(running, work, have, out));
        sent.map_err(|error| match error {
            RelayError::Helper(problem) => self.failed(what, &name, problem),
            RelayError::Out(error) => {
                let _ = self.failed(what, &name, HelperError::BadReply { said: "" });
                tree::Error::write("the stream", error).into()
            }
        })
    }

    /// Fills the volume with what `feed` writes.
    pub(in crate::engine) fn receive(
        &self,
        what: &str,
        volume: &str,
        update: bool,
        feed: Feed<'_>,
        progress: &dyn Progress,
    ) -> Result<HelperAnswer, Error> {
        let name = self.name();
        let mounts = [HelperMount {
            volume,
            writable: true,
        }];
        let work = HelperWork::Receive {
            volume: volume.to_owned(),
            update,
        };
        let failed = |problem| self.failed(what, &name, problem);
        let mut running = self.start(&name, &work, &mounts).map_err(failed)?;
        let (Some(output), Some(mut input)) = (running.stdout(), running.stdin()) else {
            return Err(failed(HelperError::BadReply { said: "no streams" }));
        };
        ask(&mut input, work);
        let heard = listen(output);
        let tidy = || self.tidy();
        let mut session = Session::new(progress, self.silence(), &tidy);
        let mut input = Some(input);
        match session.listen(&heard, &mut input) {
            Ok(Said::Ready) => {}
            Ok(said) => return session.ended(running, said).map_err(failed),
            Err(problem) => return Err(failed(problem)),
        }
        let have = session.manifest_read(what)?;
        thread::scope(|scope| {
            let input = input.take();
            let sender = threads::start_in(scope, move || match input {
                Some(input) => fill(input, have.as_ref(), feed),
                None => Ok(()),
            });
            // The sender sees to it that it stops when that is wanted.
            let said = session.listen(&heard, &mut None);
            let received = said.and_then(|said| session.ended(running, said));
            let received = received.map_err(failed);
            let died = || Err(tree::Error::Interrupted.into());
            let sent = match sender {
                Ok(sender) => sender.join().unwrap_or_else(|_| died()),
                Err(_) => died(),
            };
            judged(sent, received)
        })
    }
}

/// Dropping the input in the end closes it.
fn fill(input: ChildStdin, have: Option<&Manifest>, feed: Feed<'_>) -> Result<(), Error> {
    let mut out = BufWriter::with_capacity(UNDER_WAY, input);
    feed(have, &mut out)
}

/// Which side of a relay failed.
enum RelayError {
    Helper(HelperError),
    Out(io::Error),
}

/// Takes a stream from a helper and hands it on.
struct Relay<'a> {
    progress: &'a dyn Progress,
    silence: Duration,
}

impl Relay<'_> {
    fn run(
        &self,
        mut running: Running,
        work: HelperWork,
        have: Option<&Manifest>,
        out: &mut dyn Write,
    ) -> Result<(), RelayError> {
        let (Some(output), Some(mut input)) = (running.stdout(), running.stdin()) else {
            return Err(RelayError::Helper(HelperError::BadReply {
                said: "no streams",
            }));
        };
        let pieces = read(output);
        ask(&mut input, work);
        if let Some(have) = have {
            // What it doesn't read it says by how it ends.
            let _ = tell(&mut input, have);
        }
        let mut quiet = Stopwatch::start();
        loop {
            match pieces.recv_timeout(TICK) {
                Ok(piece) => {
                    let piece = piece.map_err(RelayError::Helper)?;
                    out.write_all(&piece).map_err(RelayError::Out)?;
                    quiet = Stopwatch::start();
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.progress.interrupted() {
                return interrupted().map_err(RelayError::Helper);
            }
            if quiet.elapsed() > self.silence {
                let after = self.silence;
                return Err(RelayError::Helper(HelperError::Silent { after }));
            }
        }
        out.flush().map_err(RelayError::Out)?;
        drop(input);
        let ended = running.ended(self.silence);
        let ended = ended.map_err(|error| RelayError::Helper(HelperError::Start(error)))?;
        if ended.status.success() {
            return Ok(());
        }
        let how = ended.describe();
        Err(RelayError::Helper(HelperError::Died { how }))
    }
}

/// Says what is there already.
fn tell(input: &mut impl Write, have: &Manifest) -> io::Result<()> {
    let mut text = Vec::new();
    have.write(ManifestFormat::Mtree, &mut text)?;
    let pieces = text.chunks(PIECE).map(|piece| HelperEvent::Manifest {
        text: String::from_utf8_lossy(piece).into_owned(),
    });
    for event in pieces.chain([HelperEvent::Ready]) {
        let mut line = serde_json::to_vec(&event)?;
        line.push(b'\n');
        input.write_all(&line)?;
    }
    input.flush()
}

/// Reads what follows the hello, in pieces, on a thread of its own.
fn read(output: impl Read + Send + 'static) -> Receiver<Result<Vec<u8>, HelperError>> {
    let (send, pieces) = sync_channel(4);
    let refused = send.clone();
    let reading = threads::start(move || {
        let mut output = BufReader::with_capacity(UNDER_WAY, output);
        if let Err(problem) = hello(&mut output) {
            let _ = send.send(Err(problem));
            return;
        }
        loop {
            let mut piece = vec![0; UNDER_WAY];
            match output.read(&mut piece) {
                // How it ended is told by the container.
                Ok(0) | Err(_) => return,
                Ok(length) => piece.truncate(length),
            }
            if send.send(Ok(piece)).is_err() {
                return;
            }
        }
    });
    if reading.is_err() {
        let said = NO_THREAD;
        let _ = refused.send(Err(HelperError::BadReply { said }));
    }
    pieces
}

/// Nothing at all is told by the container.
fn hello(output: &mut BufReader<impl Read>) -> Result<(), HelperError> {
    let mut line = Vec::new();
    let read = output.take(LONGEST as u64).read_until(b'\n', &mut line);
    if matches!(read, Ok(0) | Err(_)) {
        return Ok(());
    }
    let said = "it doesn't say what it is";
    let event = serde_json::from_slice(&line).map_err(|_| HelperError::BadReply { said })?;
    is_hello(&event).map(drop)
}

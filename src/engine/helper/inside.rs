//! The helper itself: what `transship helper` does in its container.

use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::protocol::{
    Differs, FORMAT, Failed, HelperAnswer, HelperEvent, HelperRequest, HelperWork, LONGEST, PIECE,
    VERSION, VOLUMES, WireProblem,
};
use crate::clock::Stopwatch;
use crate::engine::check_name;
use crate::error::{Explain, Kind};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::threads;
use crate::tree::{
    self, Against, Copied, CopyOptions, Manifest, ManifestFormat, VerifyOptions, VerifyScope,
};

/// How often the helper says that it is alive.
const PULSE: Duration = Duration::from_millis(250);

/// Serves one request from `input`, with the answer on `output`; gives the exit code. The
/// protocol is described in `protocol`.
pub fn serve(input: impl Read + Send + 'static, output: impl Write + Send) -> u8 {
    let teller = Teller {
        output: Mutex::new(output),
        bytes: AtomicU64::new(0),
        files: AtomicU64::new(0),
        over: AtomicBool::new(false),
        stop: AtomicBool::new(false),
    };
    teller.say(&HelperEvent::Hello {
        format: FORMAT.to_owned(),
        version: VERSION,
    });
    let mut input = io::BufReader::new(input);
    let done = match request(&mut input) {
        Err(failed) => Err(failed),
        Ok(HelperWork::Send { volume, have }) => return give(&volume, have, input, &teller),
        Ok(work) => thread::scope(|scope| {
            // Without one the caller may lose patience, and then it says so.
            let pulse = threads::start_in(scope, || teller.pulse());
            let done = match work {
                HelperWork::Receive { volume, update } => {
                    take(&volume, update, &mut input, &teller)
                }
                work => {
                    let wish = watch(input);
                    let teller = &teller;
                    let watched = WatchedWork {
                        teller,
                        wish: &wish,
                    };
                    work_on(&work, &watched)
                }
            };
            teller.over.store(true, Relaxed);
            if let Ok(pulse) = &pulse {
                pulse.thread().unpark();
            }
            done
        }),
    };
    let (event, code) = match done {
        Ok(answer) => (HelperEvent::Done { answer }, 0),
        Err(failed) => {
            let code = Kind::from(failed.kind).exit_code();
            (HelperEvent::Failed(failed), code)
        }
    };
    teller.say(&event);
    code
}

/// Becomes true at the end of `input`. The thread isn't waited for: it may read for as long
/// as the process lives.
fn watch(mut input: impl Read + Send + 'static) -> Arc<AtomicBool> {
    let wish = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&wish);
    let watching = threads::start(move || {
        let _ = io::copy(&mut input, &mut io::sink());
        ended.store(true, Relaxed);
    });
    if watching.is_err() {
        // What nobody can stop isn't begun.
        wish.store(true, Relaxed);
    }
    wish
}

/// Gives a volume as a stream, which says itself how it ends.
fn give<W: Write + Send>(
    volume: &str,
    have: bool,
    mut input: impl BufRead + Send + 'static,
    teller: &Teller<W>,
) -> u8 {
    let given = have.then(|| listed(&mut input)).transpose();
    let (Ok(have), Ok(path)) = (given, mounted(volume)) else {
        // Without a stream there is no end of one.
        return Kind::Usage.exit_code();
    };
    let wish = watch(input);
    let watched = WatchedWork {
        teller,
        wish: &wish,
    };
    let mut output = teller.output.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = io::BufWriter::with_capacity(PIECE, &mut *output);
    match tree::send(&path, have.as_ref(), &mut out, &watched) {
        Ok(()) => 0,
        Err(error) => {
            let _ = out.flush();
            error.kind().exit_code()
        }
    }
}

/// The manifest that comes in pieces.
fn listed(input: &mut impl BufRead) -> Result<Manifest, Failed> {
    let mut text = Vec::new();
    loop {
        let mut line = Vec::new();
        input
            .take(LONGEST as u64)
            .read_until(b'\n', &mut line)
            .map_err(|error| refused(format!("no list: {error}")))?;
        match serde_json::from_slice(&line) {
            Ok(HelperEvent::Manifest { text: piece }) => text.extend(piece.into_bytes()),
            Ok(HelperEvent::Ready) => return Ok(Manifest::read(Path::new("list"), &text)?),
            _ => return Err(refused("a list that can't be understood".to_owned())),
        }
    }
}

/// Fills a volume with a stream.
fn take<W: Write + Send>(
    volume: &str,
    update: bool,
    input: &mut impl Read,
    teller: &Teller<W>,
) -> Result<HelperAnswer, Failed> {
    let (disk, path) = (Disk::new(), mounted(volume)?);
    let wish = AtomicBool::new(false);
    let watched = WatchedWork {
        teller,
        wish: &wish,
    };
    let receiving = tree::Receiving::begin(&disk, &path, update)?;
    if let Some(have) = receiving.have(&watched)? {
        teller.manifest(&have);
    }
    teller.bytes.store(0, Relaxed);
    teller.files.store(0, Relaxed);
    teller.say(&HelperEvent::Ready);
    let copied = receiving.take(input, &watched)?;
    Ok(copied_answer(&copied, &watched))
}

fn request(input: &mut impl BufRead) -> Result<HelperWork, Failed> {
    let mut line = Vec::new();
    let read = input
        .take(LONGEST as u64)
        .read_until(b'\n', &mut line)
        .map_err(|error| refused(format!("no request: {error}")))?;
    if read == 0 {
        return Err(refused("no request".to_owned()));
    }
    // The version first: another one may have other fields.
    let version = serde_json::from_slice::<serde_json::Value>(&line).ok();
    let version = version
        .as_ref()
        .and_then(|line| line.get("version")?.as_u64());
    if version != Some(VERSION.into()) {
        return Err(refused(format!(
            "the helper speaks version {VERSION} of its protocol only"
        )));
    }
    match serde_json::from_slice::<HelperRequest>(&line) {
        Ok(request) if request.format == FORMAT => Ok(request.work),
        _ => Err(refused("a request that can't be understood".to_owned())),
    }
}

fn refused(message: String) -> Failed {
    Failed {
        kind: Kind::Usage.into(),
        message,
        causes: Vec::new(),
        hints: Vec::new(),
    }
}

impl<E: Explain> From<E> for Failed {
    fn from(error: E) -> Self {
        let causes = std::iter::successors(error.source(), |error| (*error).source());
        Self {
            kind: error.kind().into(),
            message: error.to_string(),
            causes: causes.map(ToString::to_string).collect(),
            hints: error.hints(),
        }
    }
}

/// Where a volume is mounted.
fn mounted(volume: &str) -> Result<PathBuf, Failed> {
    check_name(volume)?;
    Ok(Path::new(VOLUMES).join(volume))
}

fn work_on<W: Write + Send>(
    work: &HelperWork,
    watched: &WatchedWork<'_, W>,
) -> Result<HelperAnswer, Failed> {
    match work {
        HelperWork::Free => {
            let free = tree::free(Path::new("/"))?;
            Ok(HelperAnswer::Free(free))
        }
        HelperWork::Survey { volume } => Ok(HelperAnswer::Survey(tree::survey(&mounted(volume)?)?)),
        HelperWork::Holds { volume } => Ok(HelperAnswer::Holds(tree::holds(&mounted(volume)?)?)),
        HelperWork::Observe {
            volume,
            contents,
            media,
        } => {
            let scope = if *contents {
                VerifyScope::Everything
            } else {
                VerifyScope::MetadataOnly
            };
            let options = VerifyOptions {
                scope,
                media: *media,
                ..VerifyOptions::default()
            };
            let manifest = tree::manifest_of(&mounted(volume)?, &options, watched)?;
            watched.teller.manifest(&manifest);
            Ok(HelperAnswer::Observed)
        }
        HelperWork::Copy {
            source,
            target,
            digest,
            live,
            verify,
        } => {
            let options = CopyOptions {
                digest: *digest,
                live: *live,
                ..CopyOptions::default()
            };
            let (source, target) = (mounted(source)?, mounted(target)?);
            let bytes = tree::survey(&source)?.bytes;
            watched.teller.say(&HelperEvent::Total { bytes });
            let copied = tree::fill(&Disk::new(), &source, &target, &options, watched)?;
            if *verify {
                compare(&copied, &target, watched)?;
            }
            Ok(copied_answer(&copied, watched))
        }
        HelperWork::Clear { volume } => {
            tree::clear(&Disk::new(), &mounted(volume)?)?;
            Ok(HelperAnswer::Cleared)
        }
        HelperWork::Send { .. } | HelperWork::Receive { .. } => {
            Err(refused("a stream is no such work".to_owned()))
        }
    }
}

/// Reads a copy back, and tells in what it isn't what was copied.
fn compare<W: Write + Send>(
    copied: &Copied,
    target: &Path,
    watched: &WatchedWork<'_, W>,
) -> Result<(), Failed> {
    let Some(manifest) = &copied.manifest else {
        return Err(refused("without digests no copy is verified".to_owned()));
    };
    let bytes = copied.counts.bytes;
    watched.teller.say(&HelperEvent::Total { bytes });
    let against = Against::Manifest(manifest);
    for difference in tree::verify(target, against, &VerifyOptions::default(), watched)? {
        watched
            .teller
            .say(&HelperEvent::Differs(Differs::of(&difference)));
    }
    Ok(())
}

fn copied_answer<W: Write + Send>(copied: &Copied, watched: &WatchedWork<'_, W>) -> HelperAnswer {
    /// Few enough for one line, and enough for anybody.
    const MOST: usize = 1000;
    if let Some(manifest) = &copied.manifest {
        watched.teller.manifest(manifest);
    }
    let mut room = LONGEST / 4;
    let mut fits = |problem: &&tree::Problem| {
        let length = problem.path.len() + problem.reason.len();
        room = room.saturating_sub(length);
        room > 0
    };
    let listed = copied
        .problems
        .iter()
        .take(MOST)
        .take_while(|problem| fits(problem))
        .count();
    let left_out = (copied.problems.len() - listed) as u64 + copied.problems_left_out;
    HelperAnswer::Copied {
        counts: copied.counts,
        problems: copied.problems[..listed]
            .iter()
            .map(WireProblem::of)
            .collect(),
        left_out,
    }
}

/// Says lines, from several threads.
struct Teller<W> {
    output: Mutex<W>,
    bytes: AtomicU64,
    files: AtomicU64,
    over: AtomicBool,
    /// Nobody hears it any more.
    stop: AtomicBool,
}

impl<W: Write + Send> Teller<W> {
    fn say(&self, event: &HelperEvent) {
        let mut line = serde_json::to_vec(event).unwrap_or_default();
        line.push(b'\n');
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if output
            .write_all(&line)
            .and_then(|()| output.flush())
            .is_err()
        {
            self.stop.store(true, Relaxed);
        }
    }

    fn at(&self) {
        self.say(&HelperEvent::At {
            bytes: self.bytes.load(Relaxed),
            files: self.files.load(Relaxed),
        });
    }

    /// Tells how far the work is, until it is over, of which this thread is woken.
    fn pulse(&self) {
        let mut quiet = Stopwatch::start();
        while !self.over.load(Relaxed) {
            thread::park_timeout(PULSE.saturating_sub(quiet.elapsed()));
            if quiet.elapsed() >= PULSE {
                self.at();
                quiet = Stopwatch::start();
            }
        }
    }

    fn manifest(&self, manifest: &Manifest) {
        let mut text = Vec::new();
        // Writing to memory can't fail.
        let _ = manifest.write(ManifestFormat::Mtree, &mut text);
        // The format is ASCII, so that no piece ends within a character.
        for piece in text.chunks(PIECE) {
            self.say(&HelperEvent::Manifest {
                text: String::from_utf8_lossy(piece).into_owned(),
            });
        }
    }
}

/// Counts for the teller, and stops when nobody wants the answer any more.
struct WatchedWork<'a, W> {
    teller: &'a Teller<W>,
    wish: &'a AtomicBool,
}

impl<W: Write + Send> Progress for WatchedWork<'_, W> {
    fn start(&self, _: &str, _: Option<u64>) {}

    fn advance(&self, bytes: u64, files: u64) {
        self.teller.bytes.fetch_add(bytes, Relaxed);
        self.teller.files.fetch_add(files, Relaxed);
    }

    fn finish(&self) {}

    fn note(&self, line: &str) {
        self.teller.say(&HelperEvent::Note {
            line: line.to_owned(),
        });
    }

    fn interrupted(&self) -> bool {
        self.wish.load(Relaxed) || self.teller.stop.load(Relaxed)
    }
}

//! Loading an archive into an engine.

use std::io::{self, Read};
use std::path::Path;
use std::process::ChildStdin;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};

use super::archive_file::ArchiveFile;
use super::{ArchiveError, ImageArchive};
use crate::clock::Stopwatch;
use crate::engine::{Docker, Error, local_images, missing_images};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::threads;

/// The engine puts the last layer in its place when it has all bytes.
const REST: Duration = Duration::from_mins(30);

/// How long the engine may take nothing while there is more.
const STALL: Duration = Duration::from_mins(10);

/// Between two looks at whether it is wanted still.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Gives the archive `path` to `docker load`, and looks whether the engine has then all that
/// `archive`, which was read from it, says. Images that are there already cost little.
///
/// # Errors
/// [`ArchiveError::Load`], [`ArchiveError::NotLoaded`], [`ArchiveError::Interrupted`]: the
/// engine may have some of the images, which does no harm.
pub fn load_images(
    docker: &Docker,
    disk: &Disk,
    path: &Path,
    archive: &ImageArchive,
    progress: &dyn Progress,
) -> Result<(), ArchiveError> {
    let failed = |source| ArchiveError::Load {
        path: path.to_owned(),
        source,
    };
    disk.announce("docker load", path).map_err(failed)?;
    let file = ArchiveFile::open(path, progress)?;
    progress.start(&format!("loading {}", path.display()), Some(file.size));
    let fed = feed(docker, file, progress);
    progress.finish();
    if progress.interrupted() {
        return Err(ArchiveError::Interrupted);
    }
    fed.map_err(failed)?;
    let names: Vec<&str> = archive
        .images
        .iter()
        .flat_map(|image| &image.names)
        .map(String::as_str)
        .collect();
    let have = local_images(docker).map_err(boxed)?;
    let images: Vec<String> = missing_images(&have, &names)
        .into_iter()
        .map(str::to_owned)
        .collect();
    if images.is_empty() {
        return Ok(());
    }
    Err(ArchiveError::NotLoaded {
        path: path.to_owned(),
        images,
    })
}

fn boxed(error: Error) -> ArchiveError {
    ArchiveError::Engine(Box::new(error))
}

/// Streams the archive into the program, so that the progress is the file's, and ends it where it
/// reads nothing any more or the user wants to stop.
fn feed(docker: &Docker, file: ArchiveFile<'_>, progress: &dyn Progress) -> io::Result<()> {
    let mut program = docker
        .call(["load", "--quiet"])
        .start()
        .map_err(io::Error::other)?;
    let (stdin, stdout) = (program.stdin(), program.stdout());
    let mut archive = file.loadable()?;
    let ended = thread::scope(|scope| {
        // What it prints is a line for each image, and says less than a look afterwards.
        threads::start_in(scope, || {
            stdout.map(|mut out| io::copy(&mut out, &mut io::sink()))
        })?;
        let stdin = stdin.ok_or(io::ErrorKind::BrokenPipe)?;
        ioctl_fionbio(&stdin, true)?;
        match pass(&mut archive, &stdin, progress) {
            // It has ended early, and says why itself.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => {
                // Else whoever reads what it prints would wait for its end.
                drop(program);
                return Err(error);
            }
            Ok(()) => {}
        }
        drop(stdin);
        let ended = program.ended_while(REST, &|| !progress.interrupted());
        ended.map_err(io::Error::other)
    })?;
    if ended.status.success() {
        return Ok(());
    }
    Err(io::Error::other(ended.describe()))
}

fn pass(archive: &mut dyn Read, out: &ChildStdin, progress: &dyn Progress) -> io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        match archive.read(&mut buffer)? {
            0 => return Ok(()),
            read => write_all(out, &buffer[..read], progress)?,
        }
    }
}

/// Writes as fast as it is read. A program that hangs reads nothing, and would be waited for for ever.
fn write_all(out: &ChildStdin, mut bytes: &[u8], progress: &dyn Progress) -> io::Result<()> {
    let mut since = Stopwatch::start();
    while !bytes.is_empty() {
        match rustix::io::write(out, bytes) {
            Ok(written) => {
                bytes = &bytes[written..];
                since = Stopwatch::start();
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if progress.interrupted() => {
                return Err(io::Error::other("interrupted"));
            }
            Err(Errno::AGAIN) if since.elapsed() > STALL => {
                let minutes = STALL.as_secs() / 60;
                let said = format!("the engine has taken nothing for {minutes} minutes");
                return Err(io::Error::new(io::ErrorKind::TimedOut, said));
            }
            Err(Errno::AGAIN) => {
                poll(&mut [PollFd::new(out, PollFlags::OUT)], Some(&TICK))?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

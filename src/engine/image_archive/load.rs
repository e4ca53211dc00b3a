//! Loading an archive into an engine.

use std::io::{self, Read};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::archive_file::ArchiveFile;
use super::{ArchiveError, ImageArchive};
use crate::engine::{Docker, Error, local_images, missing_images};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::threads;

/// The engine puts the last layer in its place when it has all bytes.
const REST: Duration = Duration::from_mins(30);

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
    let fed = feed(docker, file);
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

/// Streams the archive into the program, so that the progress is the file's.
fn feed(docker: &Docker, file: ArchiveFile<'_>) -> io::Result<()> {
    let mut program = docker
        .call(["load", "--quiet"])
        .start()
        .map_err(io::Error::other)?;
    let (stdin, stdout) = (program.stdin(), program.stdout());
    let mut archive = file.loadable()?;
    let copied = thread::scope(|scope| {
        // What it prints is a line for each image, and says less than a look afterwards.
        threads::start_in(scope, || {
            stdout.map(|mut out| io::copy(&mut out, &mut io::sink()))
        })?;
        let Some(mut stdin) = stdin else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        pass(&mut archive, &mut stdin)
    });
    match copied {
        // It has ended early, and says why itself.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        copied => copied?,
    }
    let ended = program.ended(REST).map_err(io::Error::other)?;
    if ended.status.success() {
        return Ok(());
    }
    Err(io::Error::other(ended.describe()))
}

fn pass(archive: &mut dyn Read, stdin: &mut impl io::Write) -> io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        match archive.read(&mut buffer)? {
            0 => return Ok(()),
            read => stdin.write_all(&buffer[..read])?,
        }
    }
}

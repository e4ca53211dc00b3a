//! `transship image load`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::files::compose_files::FilesArg;
use crate::cli::held;
use crate::cli::options::DockerArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::cli::terminal::{size, table};
use crate::engine::{
    ArchiveError, ArchivedImage, ImageArchive, load_images, local_images, missing_images,
};
use crate::fs::Disk;

/// Load images from a vendor's archive into the Docker engine.
///
/// ARCHIVE is what `docker save` writes, plain or compressed by gzip or zstd. Before anything
/// is loaded its list of images is read: an image that the compose files need, and that
/// neither the archive nor the engine has, is named, and nothing is loaded. Without compose
/// files here or by `-f` everything in it is loaded unseen.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct LoadArgs {
    /// The archive, such as `containers.tar.gz`
    archive: PathBuf,
    #[command(flatten)]
    files: FilesArg,
    #[command(flatten)]
    docker: DockerArg,
    /// Only look whether everything is there
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct LoadJson<'a> {
    dry_run: bool,
    archive: &'a Path,
    images: &'a [ArchivedImage],
}

pub(in crate::cli) fn run(args: &LoadArgs, ui: &Ui) -> Result<Done, Failure> {
    let archive = ImageArchive::read(&args.archive, ui.progress())?;
    let docker = args.docker.find()?;
    docker.server()?;
    held::warn(&args.docker, ui);
    let needed = args.files.images()?;
    let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
    let missing = missing_images(&local_images(&docker)?, &archive.missing(&needed));
    if !missing.is_empty() {
        return Err(ArchiveError::Incomplete {
            path: args.archive.clone(),
            images: missing.into_iter().map(str::to_owned).collect(),
        }
        .into());
    }
    if !args.dry_run {
        load_images(
            &docker,
            &Disk::new(),
            &args.archive,
            &archive,
            ui.progress(),
        )?;
        ui.acted();
    }
    if ui.json {
        ui.json(
            "transship-image-load",
            &LoadJson {
                dry_run: args.dry_run,
                archive: &args.archive,
                images: &archive.images,
            },
        )?;
        return Ok(Done::Same);
    }
    let rows: Vec<_> = archive.images.iter().map(row).collect();
    ui.print(&table::render(["IMAGE", "ID"], &rows))?;
    let verb = if args.dry_run { "would load" } else { "loaded" };
    let count = size::count(archive.images.len() as u64, "image");
    ui.say(&format!("{verb} {count}"));
    Ok(Done::Same)
}

fn row(image: &ArchivedImage) -> [String; 2] {
    [image.names.join(", "), image.digest.clone()]
}

//! `transship image`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use super::compose_files::{self, FilesArg};
use super::edits::{self, EditArgs, FileEdit};
use super::env_edits::Held;
use super::failure::Failure;
use super::ui::{Done, Ui};
use super::table;
use crate::compose::{self, Document, ImageOptions, ImageRule, LoadOptions, Lookup};
use crate::env_file::EnvFile;

/// List and retag the images of compose files.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Ls(Ls),
    Set(Set),
}

/// List every image reference of the compose files, with its variables resolved.
#[derive(Debug, clap::Args)]
pub(super) struct Ls {
    #[command(flatten)]
    files: FilesArg,
}

/// Retag images without touching another byte.
///
/// RULE is REPO=TAG (`postgres=16`), a reference that replaces all images of its
/// repository (`postgres:16`), a pattern (`graphistry/*=v2.10.5`), or a service's image
/// (`service:web=nginx:1.27`). Comments, quotes and layout stay. A digest beside a tag
/// that changes is dropped, with a warning.
#[derive(Debug, clap::Args)]
pub(super) struct Set {
    /// What to change to what
    #[arg(required = true, value_name = "RULE")]
    rules: Vec<ImageRule>,
    #[command(flatten)]
    files: FilesArg,
    /// Follow a tag into the variable that holds it: the default in the compose file, or
    /// the key in `.env`
    #[arg(long)]
    tag_var: bool,
    /// Refuse to change a tag that a digest stands beside
    #[arg(long)]
    keep_digest: bool,
    #[command(flatten)]
    output: EditArgs,
}

#[derive(Serialize)]
struct ImageJson {
    service: String,
    image: String,
    written: String,
}

pub(super) fn run(command: &Command, ui: &Ui) -> Result<Done, Failure> {
    match command {
        Command::Ls(args) => ls(args, ui),
        Command::Set(args) => set(args, ui),
    }
}

fn ls(args: &Ls, ui: &Ui) -> Result<Done, Failure> {
    let model = compose::Model::load(&args.files.paths()?, &LoadOptions::default())?;
    if ui.json {
        let images = model.images.iter().map(|image| ImageJson {
            service: image.service.clone(),
            image: image.resolved.clone(),
            written: image.written.clone(),
        });
        ui.json(&images.collect::<Vec<_>>())?;
    } else {
        let rows: Vec<_> = model
            .images
            .iter()
            .map(|image| [image.service.clone(), image.resolved.clone()])
            .collect();
        ui.write(table::render(["SERVICE", "IMAGE"], &rows).as_bytes())?;
    }
    Ok(Done::Same)
}

fn set(args: &Set, ui: &Ui) -> Result<Done, Failure> {
    let options = ImageOptions {
        keep_digest: args.keep_digest,
        tag_var: args.tag_var,
    };
    let documents = edits::open(&args.files)?;
    let values = documents
        .iter()
        .map(variables)
        .collect::<Result<Vec<_>, Failure>>()?;
    let lookups: Vec<_> = values
        .iter()
        .map(|values| |name: &str| values.get(name).cloned())
        .collect();
    let pairs: Vec<_> = documents
        .iter()
        .zip(&lookups)
        .map(|(document, lookup)| (document, lookup as &Lookup<'_>))
        .collect();
    let edited = compose::set_images_in(&pairs, &args.rules, &options)?;
    let (mut all, mut held) = (Vec::new(), Held::default());
    for (document, (edited, variables)) in documents.iter().zip(edited) {
        held.add(&env_path(document), variables)?;
        all.push(FileEdit::of(document, edited));
    }
    all.extend(held.edits()?);
    edits::finish(all, &args.output, ui)
}

/// The variables that Compose would resolve a file with: those of the `.env` beside it,
/// under those of this process.
fn variables(document: &Document) -> Result<BTreeMap<String, String>, Failure> {
    let mut values = BTreeMap::new();
    let path = env_path(document);
    if path.is_file() {
        values.extend(EnvFile::parse(&path, &compose_files::read(&path)?)?.values(&|_| None)?);
    }
    values.extend(LoadOptions::default().environment);
    Ok(values)
}

fn env_path(document: &Document) -> PathBuf {
    document.path().with_file_name(".env")
}

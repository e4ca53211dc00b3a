//! `transship image`.

mod load;

use clap::Subcommand;
use serde::Serialize;

use super::files::compose_files::{FilesArg, warn_of_unset};
use super::files::edits::{self, EditArgs, FileEdit};
use super::files::env_edits::EnvEdits;
use super::terminal::failure::Failure;
use super::terminal::table;
use super::terminal::ui::{Done, Ui};
use crate::compose::{self, ImageOptions, ImageRule, Lookup};

/// List, retag and load the images of compose files.
#[derive(Debug, Subcommand)]
pub(super) enum ImageCommand {
    Ls(Ls),
    Set(Set),
    Load(load::LoadArgs),
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
/// (`service:web=nginx:1.27`). Where several match an image, the last one counts. Comments, quotes and layout stay. A digest beside a tag
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
struct ImagesJson {
    images: Vec<ImageJson>,
}

#[derive(Serialize)]
struct ImageJson {
    service: String,
    image: String,
    written: String,
}

pub(super) fn run(command: &ImageCommand, ui: &Ui) -> Result<Done, Failure> {
    match command {
        ImageCommand::Ls(args) => ls(args, ui),
        ImageCommand::Set(args) => set(args, ui),
        ImageCommand::Load(args) => load::run(args, ui),
    }
}

fn ls(args: &Ls, ui: &Ui) -> Result<Done, Failure> {
    let model = args.files.model(&args.files.options())?;
    warn_of_unset(&model, ui);
    if model.services.is_empty() {
        ui.warn(
            "no service is in these files; services at the top, without `services:`, are not read",
        );
    }
    if ui.json {
        let images = model.images.iter().map(|image| ImageJson {
            service: image.service.clone(),
            image: image.resolved.clone(),
            written: image.written.clone(),
        });
        let images = images.collect();
        ui.json("transship-image-ls", &ImagesJson { images })?;
    } else {
        let rows: Vec<_> = model
            .images
            .iter()
            .map(|image| [image.service.clone(), image.resolved.clone()])
            .collect();
        ui.print(&table::render(["SERVICE", "IMAGE"], &rows))?;
    }
    Ok(Done::Same)
}

fn set(args: &Set, ui: &Ui) -> Result<Done, Failure> {
    let options = ImageOptions {
        keep_digest: args.keep_digest,
        tag_var: args.tag_var,
    };
    let documents = edits::open(&args.files, ui)?;
    let values = documents
        .iter()
        .map(|document| args.files.values(document.path()))
        .collect::<Result<Vec<_>, _>>()?;
    let lookups: Vec<_> = values
        .iter()
        .map(|values| |name: &str| values.get(name))
        .collect();
    let pairs: Vec<_> = documents
        .iter()
        .zip(&lookups)
        .map(|(document, lookup)| (document, lookup as &Lookup<'_>))
        .collect();
    let edited = compose::set_images_in(&pairs, &args.rules, &options)?;
    let (mut all, mut env) = (Vec::new(), EnvEdits::default());
    for ((document, values), (edited, variables)) in documents.iter().zip(&values).zip(edited) {
        env.add(values, variables)?;
        all.push(FileEdit::of(document, edited));
    }
    all.extend(env.finish()?);
    edits::finish(all, &args.output, ui)
}

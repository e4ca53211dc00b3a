//! `transship image`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::compose_files::{self, FilesArg};
use super::failure::Failure;
use super::ui::{Done, Ui};
use super::{table, text_diff};
use crate::compose::{self, Document, Edited, ImageOptions, ImageRule, LoadOptions, Lookup};
use crate::env_file::EnvFile;
use crate::fs::Disk;

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
    /// Follow a tag into the variable whose default holds it
    #[arg(long)]
    tag_var: bool,
    /// Refuse to change a tag that a digest stands beside
    #[arg(long)]
    keep_digest: bool,
    #[command(flatten)]
    output: EditArgs,
}

/// What an edit does with its result.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct EditArgs {
    /// Print the difference and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct ImageJson {
    service: String,
    image: String,
    written: String,
}

#[derive(Serialize)]
struct EditJson {
    dry_run: bool,
    files: Vec<FileJson>,
}

#[derive(Serialize)]
struct FileJson {
    file: PathBuf,
    changed: bool,
    changes: Vec<compose::Change>,
    warnings: Vec<String>,
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
    edit_files(&args.files, &args.output, ui, |documents| {
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
        Ok(compose::set_images_in(&pairs, &args.rules, &options)?)
    })
}

/// The variables that Compose would resolve a file with: those of the `.env` beside it,
/// under those of this process.
fn variables(document: &Document) -> Result<BTreeMap<String, String>, Failure> {
    let mut values = BTreeMap::new();
    let path = document.path().with_file_name(".env");
    if path.is_file() {
        values.extend(EnvFile::parse(&path, &compose_files::read(&path)?)?.values(&|_| None)?);
    }
    values.extend(LoadOptions::default().environment);
    Ok(values)
}

/// Edits the files by `edit`, writes what changed, and reports. All are edited before the
/// first is written, so that a refusal changes nothing.
pub(super) fn edit_files(
    files: &FilesArg,
    output: &EditArgs,
    ui: &Ui,
    edit: impl FnOnce(&[Document]) -> Result<Vec<Edited>, Failure>,
) -> Result<Done, Failure> {
    let mut sources = Vec::new();
    let mut documents = Vec::new();
    for path in files.paths()? {
        let before = compose_files::read(&path)?;
        documents.push(Document::parse(&path, &before)?);
        sources.push((path, before));
    }
    let edits = sources.into_iter().zip(edit(&documents)?);
    let edits: Vec<_> = edits
        .map(|((path, before), edited)| (path, before, edited))
        .collect();
    for (path, before, edited) in &edits {
        write(path, before, edited, output.dry_run, ui)?;
    }
    report(edits, output.dry_run, ui)?;
    Ok(Done::Same)
}

fn write(
    path: &Path,
    before: &[u8],
    edited: &Edited,
    dry_run: bool,
    ui: &Ui,
) -> Result<(), Failure> {
    if path == Path::new("-") {
        return if ui.json || dry_run {
            Ok(())
        } else {
            ui.write(&edited.bytes)
        };
    }
    if edited.bytes == before || dry_run {
        return Ok(());
    }
    Ok(Disk::new().replace(path, before, &edited.bytes)?)
}

fn report(edits: Vec<(PathBuf, Vec<u8>, Edited)>, dry_run: bool, ui: &Ui) -> Result<(), Failure> {
    for (path, before, edited) in &edits {
        for warning in &edited.warnings {
            ui.warn(&warning.to_string());
        }
        if ui.json {
            continue;
        }
        if dry_run {
            ui.write(text_diff::render(ui, path, before, &edited.bytes).as_bytes())?;
        } else if edited.changes.is_empty() {
            ui.say(&format!("{}: nothing to change", path.display()));
        }
        for change in edited.changes.iter().filter(|_| !dry_run) {
            ui.say(&describe(change));
        }
    }
    if !ui.json {
        return Ok(());
    }
    let files = edits.into_iter().map(|(file, before, edited)| FileJson {
        file,
        changed: edited.bytes != before,
        warnings: edited.warnings.iter().map(ToString::to_string).collect(),
        changes: edited.changes,
    });
    ui.json(&EditJson {
        dry_run,
        files: files.collect(),
    })
}

fn describe(change: &compose::Change) -> String {
    let (at, key) = (&change.at, change.key.join("."));
    let from = change
        .from
        .as_deref()
        .map(|from| format!("{from} -> "))
        .unwrap_or_default();
    let also = match change.affects.as_slice() {
        [] => String::new(),
        affected => format!(" (also changes {})", affected.join(", ")),
    };
    format!("{at}: {key}: {from}{}{also}", change.to)
}

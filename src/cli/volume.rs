//! `transship volume`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use super::args::VolumesArg;
use super::compose_files::FilesArg;
use super::edits::{self, EditArgs, FileEdit};
use super::env_edits::Values;
use super::failure::Failure;
use super::ui::{Done, Ui};
use super::{copy, table};
use crate::compose::{self, Claims, Document, LoadOptions, Lookup, Model, PrefixRule, SharedData};
use crate::engine::{NewVolume, User, Volume, VolumeStore};
use crate::error::Kind;
use crate::fs::Disk;
use crate::tree;
use crate::upgrade::Place;
use crate::upgrade::step::StepError;

/// List, prefix and copy volumes.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Ls(Ls),
    Prefix(Prefix),
    Rebase(Rebase),
    Copy(CopyArgs),
}

/// List the volumes of the compose files and where they live.
///
/// Shown are their keys, their real names, and where they live, as far as that can be found
/// out; then the folders of the host that services write by absolute paths, which all
/// releases share.
#[derive(Debug, clap::Args)]
pub(super) struct Ls {
    #[command(flatten)]
    files: FilesArg,
    /// The compose project; Compose's own choice when absent
    #[arg(short, long, value_name = "NAME")]
    project: Option<String>,
    #[command(flatten)]
    volumes: VolumesArg,
}

/// Give every top-level volume a unique `name:` that begins with PREFIX.
///
/// The name is PREFIX and the volume's key. External volumes are left alone and listed.
/// Running it again changes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Prefix {
    /// The prefix, such as `v2_10_5_`
    prefix: String,
    /// Put PREFIX in place of OLD in the names that begin with OLD, and leave others alone
    #[arg(long, value_name = "OLD")]
    replace: Option<String>,
    /// Only the volume with this key; repeatable
    #[arg(long, value_name = "KEY")]
    only: Vec<String>,
    #[command(flatten)]
    files: FilesArg,
    #[command(flatten)]
    output: EditArgs,
}

/// Move bind mounts from one folder of the host to another.
///
/// Services that mount `/data/postgres` share it with every other release that does. Copy
/// the data (`transship copy /data DIR`), then let this release mount the copy: every
/// mount from FROM, or from below it, comes to be from the same place below TO.
#[derive(Debug, clap::Args)]
pub(super) struct Rebase {
    /// Two absolute paths, such as `/data=/srv/v2.10.5/data`
    #[arg(required = true, value_name = "FROM=TO")]
    moves: Vec<String>,
    #[command(flatten)]
    files: FilesArg,
    #[command(flatten)]
    output: EditArgs,
}

/// Copy a volume to a new one, with all of its metadata.
///
/// SOURCE and TARGET are names of volumes; what contains a `/` is a path. A source that a
/// running container may write is refused. A new volume gets the compose labels of PROJECT and
/// KEY, never those of the old one.
#[derive(Debug, clap::Args)]
pub(super) struct CopyArgs {
    /// The volume to copy
    source: String,
    /// The volume to make
    target: String,
    /// The compose project that the new volume belongs to; a new one in an engine needs it
    #[arg(short, long, value_name = "NAME")]
    project: Option<String>,
    /// The new volume's key in the compose file; its name when absent
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Read the copy back and compare it with what was copied
    #[arg(long)]
    verify: bool,
    /// Only say what would be copied
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    volumes: VolumesArg,
}

#[derive(Serialize)]
struct VolumeJson {
    key: String,
    name: String,
    external: bool,
    /// Absent where no place was found to look in, or nothing is there.
    path: Option<PathBuf>,
}

#[derive(Serialize)]
struct VolumesJson {
    volumes: Vec<VolumeJson>,
    shared: Vec<SharedData>,
}

pub(super) fn run(command: &Command, ui: &Ui) -> Result<Done, Failure> {
    match command {
        Command::Ls(args) => ls(args, ui),
        Command::Prefix(args) => prefix(args, ui),
        Command::Rebase(args) => rebase(args, ui),
        Command::Copy(args) => copy_volume(args, ui),
    }
}

fn ls(args: &Ls, ui: &Ui) -> Result<Done, Failure> {
    let options = LoadOptions {
        project: args.project.clone(),
        ..args.files.options()
    };
    let model = args.files.model(&options)?;
    let shared = shared_data(&model);
    let store = args
        .volumes
        .place(Path::new("."))
        .and_then(|place| args.volumes.store(&place));
    if let Err(failure) = &store {
        ui.say(&format!(
            "note: where they live is not known: {}",
            failure.message
        ));
    }
    let path_of = |name: &str| {
        store
            .as_ref()
            .ok()?
            .find(name)
            .ok()?
            .map(|volume| volume.path)
    };
    let volumes: Vec<_> = model
        .volumes
        .iter()
        .map(|(key, volume)| VolumeJson {
            key: key.clone(),
            name: volume.name.clone(),
            external: volume.external,
            path: path_of(&volume.name),
        })
        .collect();
    if ui.json {
        ui.json(&VolumesJson { volumes, shared })?;
        return Ok(Done::Same);
    }
    let rows: Vec<_> = volumes.into_iter().map(row).collect();
    ui.write(table::render(["KEY", "NAME", "WHERE"], &rows).as_bytes())?;
    if !shared.is_empty() {
        let rows: Vec<_> = shared
            .iter()
            .map(|data| [data.path.clone(), data.owner.clone(), data.at.to_string()])
            .collect();
        let table = table::render(["SHARED FOLDER", "WRITTEN BY", "AT"], &rows);
        ui.write(format!("\n{table}").as_bytes())?;
    }
    Ok(Done::Same)
}

/// The folders of the host that services write.
fn shared_data(model: &Model) -> Vec<SharedData> {
    let claims = Claims::of(model).folders.into_iter();
    let absolute = claims.filter(|claim| !claim.what.starts_with(&model.project_dir));
    absolute
        .filter_map(|claim| {
            Some(SharedData {
                path: claim.what.display().to_string(),
                owner: claim.holder.owner,
                at: claim.holder.at?,
            })
        })
        .collect()
}

fn row(volume: VolumeJson) -> [String; 3] {
    let place = match (&volume.path, volume.external) {
        (Some(path), _) => path.display().to_string(),
        (None, true) => "(external)".to_owned(),
        (None, false) => "-".to_owned(),
    };
    [volume.key, volume.name, place]
}

fn prefix(args: &Prefix, ui: &Ui) -> Result<Done, Failure> {
    let rule = PrefixRule {
        prefix: args.prefix.clone(),
        replace: args.replace.clone(),
        only: args.only.clone(),
    };
    let documents = edits::open(&args.files, ui)?;
    let edited = compose::prefix_volumes_in(&documents, &rule)?;
    let edits = documents.iter().zip(edited);
    let edits = edits.map(|(document, edited)| FileEdit::of(document, edited));
    let edits = edits.collect();
    let values = values(&args.files, &documents)?;
    let shared = documents
        .iter()
        .zip(&values)
        .flat_map(|(document, values)| compose::shared_data(document, &|name| values.get(name)));
    for data in shared {
        ui.say(&format!(
            "note: {}: `{}` writes `{}` of the host, which every release shares; to part \
             them, copy it and run `transship volume rebase {2}=DIR`",
            data.at, data.owner, data.path
        ));
    }
    edits::finish(edits, &args.output, ui)
}

fn rebase(args: &Rebase, ui: &Ui) -> Result<Done, Failure> {
    let moves = args
        .moves
        .iter()
        .map(|text| folders(text))
        .collect::<Result<Vec<_>, _>>()?;
    let documents = edits::open(&args.files, ui)?;
    let values = values(&args.files, &documents)?;
    let lookups: Vec<_> = values
        .iter()
        .map(|values| |name: &str| values.get(name))
        .collect();
    let pairs = documents.iter().zip(&lookups);
    let pairs: Vec<_> = pairs
        .map(|(document, lookup)| (document, lookup as &Lookup<'_>))
        .collect();
    let edited = compose::rebase_binds_in(&pairs, &moves)?;
    let edits = documents.iter().zip(edited);
    let edits = edits.map(|(document, edited)| FileEdit::of(document, edited));
    edits::finish(edits.collect(), &args.output, ui)
}

/// The variables of each file.
fn values(files: &FilesArg, documents: &[Document]) -> Result<Vec<Values>, Failure> {
    let values = |document: &Document| Values::of(&files.env_files(document.path()));
    documents.iter().map(values).collect()
}

/// `FROM=TO`.
fn folders(text: &str) -> Result<(PathBuf, PathBuf), Failure> {
    let folders = text.split_once('=');
    let (from, to) = folders.ok_or_else(|| {
        Failure::new(Kind::Usage, format!("`{text}` is not FROM=TO"))
            .hint("name two folders, such as `/data=/srv/v2.10.5/data`")
    })?;
    Ok((PathBuf::from(from), PathBuf::from(to)))
}

fn copy_volume(args: &CopyArgs, ui: &Ui) -> Result<Done, Failure> {
    let how = copy::How::plain(args.verify);
    if is_path(&args.source) && is_path(&args.target) {
        let (source, target) = (Path::new(&args.source), Path::new(&args.target));
        return match args.dry_run {
            true => copy::announce(source, target, &tree::survey(source)?, ui),
            false => copy::copy(source, target, &how, ui),
        };
    }
    let place = args.volumes.place(Path::new("."))?;
    let store = args.volumes.store(&place)?;
    let source = match is_path(&args.source) {
        true => PathBuf::from(&args.source),
        false => idle_source(store.as_ref(), &args.source)?.path,
    };
    if args.dry_run {
        return copy::announce(
            &source,
            Path::new(&args.target),
            &tree::survey(&source)?,
            ui,
        );
    }
    let target = target(args, store.as_ref(), &place)?;
    let copied = copy::copy(&source, &target.path, &how, ui);
    if copied.is_err() && target.made {
        // The failure is what there is to tell; an empty volume does no harm.
        let _ = store.remove(&Disk::new(), &args.target);
    }
    copied
}

fn is_path(text: &str) -> bool {
    text.contains('/') || text == "." || text == ".."
}

struct Target {
    path: PathBuf,
    made: bool,
}

fn target(args: &CopyArgs, store: &dyn VolumeStore, place: &Place) -> Result<Target, Failure> {
    if is_path(&args.target) {
        return Ok(Target {
            path: PathBuf::from(&args.target),
            made: false,
        });
    }
    if let Some(volume) = store.find(&args.target)? {
        return Ok(Target {
            path: volume.path,
            made: false,
        });
    }
    // A folder has no labels, and so no project.
    let project = match (&args.project, place) {
        (Some(project), _) => project.clone(),
        (None, Place::Dir { .. }) => String::new(),
        (None, Place::Local) => return Err(needs_project(&args.target)),
    };
    let key = args.key.clone().unwrap_or_else(|| args.target.clone());
    let new = NewVolume {
        name: args.target.clone(),
        project,
        key,
    };
    Ok(Target {
        path: store.create(&Disk::new(), &new)?.path,
        made: true,
    })
}

fn needs_project(target: &str) -> Failure {
    Failure::new(
        Kind::Usage,
        format!("the new volume `{target}` has to belong to a compose project"),
    )
    .hint("name it with `-p NAME`, or Compose won't take the volume for its own")
}

fn idle_source(store: &dyn VolumeStore, name: &str) -> Result<Volume, Failure> {
    let missing = || StepError::NoVolume {
        volume: name.to_owned(),
        place: store.describe(),
    };
    let volume = store.find(name)?.ok_or_else(missing)?;
    let writing: Vec<_> = store
        .users(&volume)?
        .into_iter()
        .filter(User::is_writing)
        .collect();
    if writing.is_empty() {
        return Ok(volume);
    }
    Err(StepError::InUse {
        volume: volume.name,
        users: writing,
    }
    .into())
}

//! `transship volume ls`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::args::VolumesArg;
use crate::cli::compose_files::FilesArg;
use crate::cli::failure::Failure;
use crate::cli::table;
use crate::cli::ui::{Done, Ui};
use crate::compose::{Claims, LoadOptions, Model, SharedData};

/// List the volumes of the compose files and where they live.
///
/// Shown are their keys, their real names, and where they live, as far as that can be found
/// out; then the folders of the host that services write by absolute paths, which all
/// releases share.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    files: FilesArg,
    /// The compose project; Compose's own choice when absent
    #[arg(short, long, value_name = "NAME")]
    project: Option<String>,
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

pub(super) fn run(args: &Args, ui: &Ui) -> Result<Done, Failure> {
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

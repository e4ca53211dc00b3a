//! `transship volume ls`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::files::compose_files::{FilesArg, warn_of_unset};
use crate::cli::held;
use crate::cli::options::VolumesArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::cli::terminal::{size, table};
use crate::compose::{Claims, LoadOptions, Model, SharedData};
use crate::database;
use crate::engine::{User, Users, Volume, VolumeStore};

/// List the volumes of the compose files, where they live and who uses them.
///
/// Shown are their keys, their real names, where they live, which database is in them (`unknown` where
/// they can't be read here), and the containers of whatever
/// project that use them, as far as that can be found out; then the folders of the host
/// that services write by absolute paths, which all releases share.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct VolumeLs {
    #[command(flatten)]
    files: FilesArg,
    /// The compose project; Compose's own choice when absent
    #[arg(short, long, value_name = "NAME")]
    project: Option<String>,
    /// Every volume that there is, whatever compose files say
    #[arg(long, conflicts_with_all = ["files", "project"])]
    all: bool,
    /// Count what is in them, too
    #[arg(long)]
    size: bool,
    #[command(flatten)]
    volumes: VolumesArg,
}

/// A volume of a compose file, or of the place where volumes live.
#[derive(Default, Serialize)]
struct VolumeJson {
    /// The key in the compose file, or in the one that it was made for.
    key: Option<String>,
    name: String,
    external: bool,
    /// Absent where no place was found to look in, or nothing is there.
    path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    /// The databases in it, in a few words; `unknown` where that can't be read, absent where there are
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    /// With `--size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip)]
    has_unknown_users: bool,
    /// Null where it can't be known.
    used_by: Option<Vec<UserJson>>,
}

#[derive(Serialize)]
struct UserJson {
    name: String,
    project: Option<String>,
    service: Option<String>,
    running: bool,
    writes: bool,
}

#[derive(Serialize)]
struct VolumesJson {
    volumes: Vec<VolumeJson>,
    shared: Vec<SharedData>,
}

pub(super) fn run(args: &VolumeLs, ui: &Ui) -> Result<Done, Failure> {
    held::warn(&args.volumes.engine.docker, ui);
    let place = args.volumes.place(Path::new("."));
    let store = place.and_then(|place| args.volumes.store(&place));
    let list = match args.all {
        true => all(store?.as_ref(), args.size, ui)?,
        false => of_files(args, &store, ui)?,
    };
    if ui.json {
        ui.json("transship-volume-ls", &list)?;
        return Ok(Done::Same);
    }
    show(list, args.size, ui)
}

/// Every volume of the place, but for those that are removed while they are looked at.
fn all(store: &dyn VolumeStore, size: bool, ui: &Ui) -> Result<VolumesJson, Failure> {
    let mut volumes = Vec::new();
    for volume in store.list()? {
        let name = volume.name.clone();
        let mut row = VolumeJson {
            key: volume.labels.get("com.docker.compose.volume").cloned(),
            name: name.clone(),
            ..VolumeJson::default()
        };
        match row.fill(store, volume, size, ui) {
            Ok(()) => volumes.push(row),
            Err(_) if matches!(store.find(&name), Ok(None)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(VolumesJson {
        volumes,
        shared: Vec::new(),
    })
}

/// The volumes of the compose files, with what the place knows of them, if there is one.
fn of_files(
    args: &VolumeLs,
    store: &Result<Box<dyn VolumeStore>, Failure>,
    ui: &Ui,
) -> Result<VolumesJson, Failure> {
    let options = LoadOptions {
        project: args.project.clone(),
        ..args.files.options()
    };
    let model = args.files.model(&options)?;
    warn_of_unset(&model, ui);
    if let Err(failure) = store {
        ui.say(&format!(
            "note: where they live is not known: {}",
            failure.message
        ));
    }
    let mut volumes = Vec::new();
    for (key, volume) in &model.volumes {
        let mut row = VolumeJson {
            key: Some(key.clone()),
            name: volume.name.clone(),
            external: volume.external,
            ..VolumeJson::default()
        };
        let found = store
            .as_ref()
            .ok()
            .map(|store| (store, store.find(&volume.name)));
        match found {
            Some((store, Ok(Some(volume)))) => {
                row.fill(store.as_ref(), volume, args.size, ui)?;
            }
            // Nobody uses what isn't there.
            Some((_, Ok(None))) => row.used_by = Some(Vec::new()),
            _ => row.has_unknown_users = true,
        }
        volumes.push(row);
    }
    Ok(VolumesJson {
        shared: shared_data(&model),
        volumes,
    })
}

impl VolumeJson {
    /// Takes in what the place knows of the volume.
    fn fill(
        &mut self,
        store: &dyn VolumeStore,
        volume: Volume,
        size: bool,
        ui: &Ui,
    ) -> Result<(), Failure> {
        let Users { mut found, unknown } = store.users(&volume)?;
        found.sort_by(|a, b| a.who.cmp(&b.who));
        let is_known = unknown.is_none() || !found.is_empty();
        self.used_by = is_known.then(|| found.into_iter().map(UserJson::from).collect());
        self.has_unknown_users = unknown.is_some();
        if size {
            let survey = store.contents().survey(&volume, ui.progress())?;
            self.bytes = Some(survey.bytes);
        }
        self.path = store.contents().path(&volume).map(Path::to_owned);
        self.database = database_in(self.path.as_deref());
        self.driver = Some(volume.driver);
        self.options = volume.options;
        self.labels = volume.labels;
        Ok(())
    }

    fn cells(self, size: String) -> [String; 6] {
        let place = match (&self.path, self.external) {
            (Some(path), _) => path.display().to_string(),
            (None, true) => "(external)".to_owned(),
            (None, false) => "-".to_owned(),
        };
        let users = self
            .used_by
            .iter()
            .flatten()
            .map(|user| match user.running {
                true => user.name.clone(),
                false => format!("{} (stopped)", user.name),
            });
        let others = self.has_unknown_users.then(|| "?".to_owned());
        [
            self.key.unwrap_or_default(),
            self.name,
            place,
            size,
            self.database.unwrap_or_default(),
            users.chain(others).collect::<Vec<_>>().join(", "),
        ]
    }
}

/// Which databases are in a volume, in a few words.
fn database_in(path: Option<&Path>) -> Option<String> {
    let unknown = || "unknown".to_owned();
    let found = path.map(database::inspect);
    let told = match found {
        Some(Ok(found)) => found.in_short(),
        _ => unknown(),
    };
    Some(told).filter(|told| !told.is_empty())
}

impl From<User> for UserJson {
    fn from(user: User) -> Self {
        Self {
            name: user.who,
            project: user.project,
            service: user.service,
            running: user.running,
            writes: user.writes,
        }
    }
}

fn show(list: VolumesJson, size: bool, ui: &Ui) -> Result<Done, Failure> {
    let sizes: Vec<_> = list.volumes.iter().map(|volume| volume.bytes).collect();
    let rows = list.volumes.into_iter().zip(size::column(&sizes));
    let cells: Vec<_> = rows.map(|(volume, size)| volume.cells(size)).collect();
    let table = if size {
        table::render(
            ["KEY", "NAME", "WHERE", "SIZE", "DATABASE", "USED BY"],
            &cells,
        )
    } else {
        let cells = cells.into_iter();
        let cells: Vec<_> = cells
            .map(|[key, name, place, _, database, users]| [key, name, place, database, users])
            .collect();
        table::render(["KEY", "NAME", "WHERE", "DATABASE", "USED BY"], &cells)
    };
    ui.print(&table)?;
    if !list.shared.is_empty() {
        let rows: Vec<_> = list
            .shared
            .iter()
            .map(|data| [data.path.clone(), data.owner.clone(), data.at.to_string()])
            .collect();
        let table = table::render(["SHARED FOLDER", "WRITTEN BY", "AT"], &rows);
        ui.print(&format!("\n{table}"))?;
    }
    Ok(Done::Same)
}

/// The folders of the host that services write.
fn shared_data(model: &Model) -> Vec<SharedData> {
    let claims = Claims::of(model).folders.into_iter();
    let absolute = claims.filter(|claim| !claim.what.starts_with(&model.root));
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

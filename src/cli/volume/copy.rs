//! `transship volume copy`.

use std::path::{Path, PathBuf};

use crate::cli::args::VolumesArg;
use crate::cli::copy;
use crate::cli::failure::Failure;
use crate::cli::ui::{Done, Ui};
use crate::engine::{NewVolume, User, Volume, VolumeStore};
use crate::error::Kind;
use crate::fs::Disk;
use crate::tree;
use crate::upgrade::Place;
use crate::upgrade::step::StepError;

/// Copy a volume to a new one, with all of its metadata.
///
/// SOURCE and TARGET are names of volumes; what contains a `/` is a path. A source that a
/// running container may write is refused. A new volume gets the compose labels of PROJECT and
/// KEY, never those of the old one.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
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

pub(super) fn run(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    if is_path(&args.source) && is_path(&args.target) {
        let (source, target) = (Path::new(&args.source), Path::new(&args.target));
        let survey = tree::survey(source)?;
        return match args.dry_run {
            true => copy::announce(source, target, &survey, ui),
            false => copy::copy(source, target, survey.bytes, args.verify, ui),
        };
    }
    let place = args.volumes.place(Path::new("."))?;
    let store = args.volumes.store(&place)?;
    let source = match is_path(&args.source) {
        true => PathBuf::from(&args.source),
        false => idle_source(store.as_ref(), &args.source)?.path,
    };
    let survey = tree::survey(&source)?;
    if args.dry_run {
        return copy::announce(&source, Path::new(&args.target), &survey, ui);
    }
    let target = target(args, store.as_ref(), &place)?;
    let copied = copy::copy(&source, &target.path, survey.bytes, args.verify, ui);
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

fn target(args: &Args, store: &dyn VolumeStore, place: &Place) -> Result<Target, Failure> {
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

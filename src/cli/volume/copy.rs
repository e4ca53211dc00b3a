//! `transship volume copy`.

use std::path::{Path, PathBuf};

use super::engines::{self, Engines};
use super::in_use::{InUse, release};
use crate::cli::copy;
use crate::cli::options::VolumesArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::engine::VolumeBackend;
use crate::engine::{Contents, NewVolume, Quiesced, Volume, VolumeStore};
use crate::error::Kind;
use crate::fs::Disk;
use crate::tree::{self, CopyOptions, Survey};
use crate::upgrade::step::StepError;

/// Copy a volume to a new one, with all of its metadata.
///
/// SOURCE and TARGET are names of volumes; what contains a `/` is a path. A source that a
/// running container may write is refused, unless `--pause`, `--stop` or `--live` says what
/// to do about it. A new volume gets the compose labels of PROJECT and
/// KEY, never those of the old one.
///
/// With two contexts it is copied from one engine to another, by way of this machine.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The volume to copy
    pub(super) source: String,
    /// The volume to make
    pub(super) target: String,
    /// The compose project that the new volume belongs to; a new one in an engine needs it
    #[arg(short, long, value_name = "NAME")]
    pub(super) project: Option<String>,
    /// The new volume's key in the compose file; its name when absent
    #[arg(long, value_name = "KEY")]
    pub(super) key: Option<String>,
    /// Read the copy back and compare it with what was copied
    #[arg(long)]
    pub(super) verify: bool,
    /// Only say what would be copied
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) in_use: InUse,
    #[command(flatten)]
    pub(super) engines: Engines,
    #[command(flatten)]
    pub(super) volumes: VolumesArg,
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    if args.engines.are_named() {
        return engines::run(args, ui);
    }
    if is_path(&args.source) && is_path(&args.target) {
        let (source, target) = (Path::new(&args.source), Path::new(&args.target));
        let survey = tree::survey(source)?;
        return match args.dry_run {
            true => copy::announce(source, target, &survey, ui),
            false => copy::copy(source, target, &args.way(survey.bytes).how(), ui),
        };
    }
    let place = args.volumes.place(Path::new("."))?;
    let store = args.volumes.store(&place)?;
    let source = source(args, Some(store.as_ref()))?;
    let contents = store.contents();
    if let Side::Volume(volume) = &source {
        contents.prepare(volume);
    }
    let survey = match &source {
        Side::Path(path) => tree::survey(path)?,
        // A helper counts what it copies by itself.
        Side::Volume(volume) if !args.dry_run && contents.path(volume).is_none() => {
            Survey::default()
        }
        Side::Volume(volume) => contents.survey(volume, ui.progress())?,
    };
    if args.dry_run {
        let shown = source.shown(contents);
        return copy::announce(&shown, Path::new(&args.target), &survey, ui);
    }
    let disk = Disk::new();
    let held = source.settle(args, store.as_ref(), &disk, ui)?;
    let (target, made) = target(args, store.as_ref(), &place)?;
    let way = args.way(survey.bytes);
    let copied = between(contents, (&source, &target), way, ui);
    let copied = release(held, copied, ui);
    if copied.is_err() && made {
        // The failure is what there is to tell; an empty volume does no harm.
        let _ = store.remove(&Disk::new(), &args.target);
    }
    copied
}

impl Args {
    pub(super) fn way(&self, bytes: u64) -> Way {
        Way {
            bytes,
            verify: self.verify,
            live: self.in_use.live,
        }
    }
}

/// How it is copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// How much there is.
    bytes: u64,
    pub(super) verify: bool,
    live: bool,
}

impl Way {
    fn how(self) -> copy::CopyFlags {
        copy::CopyFlags::plain(self.verify, self.live)
    }

    fn options(self) -> CopyOptions {
        CopyOptions {
            digest: self.verify,
            expected_bytes: (self.bytes > 0).then_some(self.bytes),
            live: self.live,
            ..CopyOptions::default()
        }
    }
}

/// What is copied, or where to.
pub(super) enum Side {
    Path(PathBuf),
    Volume(Volume),
}

impl Side {
    /// Keeps containers from writing it, as the options say.
    pub(super) fn settle<'a>(
        &self,
        args: &Args,
        store: &'a dyn VolumeStore,
        disk: &'a Disk,
        ui: &Ui,
    ) -> Result<Option<Quiesced<'a>>, Failure> {
        match self {
            Self::Path(_) => Ok(None),
            Self::Volume(volume) => args.in_use.settle(store, disk, volume, ui),
        }
    }

    /// Its path, where this process reaches it.
    pub(super) fn path<'a>(&'a self, contents: &dyn Contents) -> Option<&'a Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Volume(volume) => contents.path(volume),
        }
    }

    /// Its path, or its name.
    pub(super) fn shown(&self, contents: &dyn Contents) -> PathBuf {
        match self {
            Self::Path(path) => path.clone(),
            Self::Volume(volume) => contents
                .path(volume)
                .map_or_else(|| PathBuf::from(&volume.name), Path::to_owned),
        }
    }
}

pub(super) fn between(
    contents: &dyn Contents,
    (source, target): (&Side, &Side),
    way: Way,
    ui: &Ui,
) -> Result<Done, Failure> {
    match (source, target) {
        (Side::Volume(from), Side::Volume(to)) => {
            let (options, disk, pair) = (way.options(), Disk::new(), (from, to));
            let (copied, differences) = if way.verify {
                contents.copy_verified(&disk, pair, &options, ui.progress())?
            } else {
                let copied = contents.copy(&disk, pair, &options, ui.progress())?;
                (copied, Vec::new())
            };
            let shown = (source.shown(contents), target.shown(contents));
            copy::finish((&shown.0, &shown.1), &copied, &differences, &way.how(), ui)
        }
        _ => match (source.path(contents), target.path(contents)) {
            (Some(source), Some(target)) => copy::copy(source, target, &way.how(), ui),
            _ => engines::stream(
                (contents, source),
                (contents, target),
                (false, way.verify),
                ui,
            ),
        },
    }
}

pub(super) fn is_path(text: &str) -> bool {
    text.contains('/') || text == "." || text == ".."
}

/// The target, and whether it was made for this.
pub(super) fn target(
    args: &Args,
    store: &dyn VolumeStore,
    place: &VolumeBackend,
) -> Result<(Side, bool), Failure> {
    if is_path(&args.target) {
        return Ok((Side::Path(PathBuf::from(&args.target)), false));
    }
    if let Some(volume) = store.find(&args.target)? {
        return Ok((Side::Volume(volume), false));
    }
    // A folder has no labels, and so no project.
    let project = match (&args.project, place) {
        (Some(project), _) => project.clone(),
        (None, VolumeBackend::Dir { .. }) => String::new(),
        (None, VolumeBackend::Local) => return Err(needs_project(&args.target)),
    };
    let key = args.key.clone().unwrap_or_else(|| args.target.clone());
    let new = NewVolume {
        name: args.target.clone(),
        project,
        key,
    };
    Ok((Side::Volume(store.create(&Disk::new(), &new)?), true))
}

fn needs_project(target: &str) -> Failure {
    Failure::new(
        Kind::Usage,
        format!("the new volume `{target}` has to belong to a compose project"),
    )
    .hint("name it with `-p NAME`, or Compose won't take the volume for its own")
}

/// What is to be copied; a volume of the store, where there is one.
pub(super) fn source(args: &Args, store: Option<&dyn VolumeStore>) -> Result<Side, Failure> {
    let Some(store) = store.filter(|_| !is_path(&args.source)) else {
        return Ok(Side::Path(PathBuf::from(&args.source)));
    };
    let missing = || StepError::NoVolume {
        volume: args.source.clone(),
        place: store.describe(),
    };
    let volume = store.find(&args.source)?.ok_or_else(missing)?;
    Ok(Side::Volume(volume))
}

//! `transship volume copy`.

use std::path::PathBuf;

use super::engines::{Engines, Stores};
use super::in_use::InUseArgs;
use crate::cli::options::VolumesArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::cli::{copy, held};
use crate::engine::{
    CopyEnd, CopyNotice, Error, FolderUsers, TargetLabels, VolumeCopy, VolumeCopyForetold,
    VolumeCopyOptions, VolumeCopyWork, VolumeStore,
};
use crate::fs::Disk;

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
    project: Option<String>,
    /// The new volume's key in the compose file; its name when absent
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Read the copy back and compare it with what was copied
    #[arg(long)]
    verify: bool,
    /// Only say what would be copied; with --update, what differs
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    in_use: InUseArgs,
    #[command(flatten)]
    pub(super) engines: Engines,
    #[command(flatten)]
    pub(super) volumes: VolumesArg,
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    held::warn(&args.volumes.engine.docker, ui);
    let stores = Stores::open(args)?;
    let users = args.volumes.engine.access().folder_users();
    let wanted = VolumeCopy {
        source: end(&args.source, stores.from.as_deref(), &users),
        target: end(&args.target, stores.to.as_deref(), &users),
        labels: TargetLabels {
            project: args.project.clone(),
            key: args.key.clone(),
            made_by: None,
        },
        options: VolumeCopyOptions {
            verify: args.verify,
            update: args.engines.update,
            removals: args.engines.removals.removals(),
        },
        in_use: args.in_use.choice(),
    };
    if args.dry_run {
        let foretold = wanted.foretell(ui.progress());
        let VolumeCopyForetold {
            source,
            target,
            work,
        } = foretold.map_err(|error| args.refused(error, ui))?;
        return match work {
            VolumeCopyWork::All(survey) => copy::announce(&source, &target, &survey, ui),
            VolumeCopyWork::Update(foretold) => copy::announce_update(&foretold, ui),
        };
    }
    let tell = |notice: CopyNotice<'_>| InUseArgs::tell(&notice, ui);
    let copied = wanted.run(&Disk::new(), &tell, ui.progress());
    let copied = copied.map_err(|error| args.refused(error, ui))?;
    ui.acted();
    copy::finish(
        &copied.source,
        &copied.target,
        &copied.copied,
        &copied.differences,
        &copy::CopyFlags::plain(args.verify, args.in_use.live),
        ui,
    )
}

impl Args {
    fn refused(&self, error: Error, ui: &Ui) -> Failure {
        match error {
            Error::Tree(error) => copy::refuse(error, ui),
            Error::InUse { ref name, .. } if *name == self.source => {
                InUseArgs::refused(error.into())
            }
            error => error.into(),
        }
    }
}

fn end<'a>(name: &str, store: Option<&'a dyn VolumeStore>, users: &'a FolderUsers) -> CopyEnd<'a> {
    match store {
        Some(store) => CopyEnd::Volume {
            store,
            name: name.to_owned(),
        },
        None => CopyEnd::Path {
            path: PathBuf::from(name),
            users,
        },
    }
}

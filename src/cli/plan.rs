//! `transship plan`, and making a plan again for `apply`.

mod running;
mod services;
mod text;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub(super) use text::show;

use super::held;
use super::options::{InstallArg, VolumesArg};
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::engine::{VolumeBackend, VolumeStore};
use crate::error::Kind;
use crate::fs::Disk;
use crate::release::{Install, Version};
use crate::upgrade::planning::merging;
use crate::upgrade::planning::prepare::{Prepared, prepare};
use crate::upgrade::planning::release_changes::ReleaseChanges;
use crate::upgrade::request::recorded;
use crate::upgrade::running::runner;
use crate::upgrade::service_path::ServicePath;
use crate::upgrade::step::Phase;
use crate::upgrade::{Decisions, Plan, Request, Step};

/// Show what an upgrade would do, and save it for `transship apply`.
///
/// Shown are the steps with the commands that would do the same by hand, the difference
/// of every file (secrets masked), every volume with its size, and what is free. Nothing
/// but the plan itself is written.
///
/// Where the old release runs, the plan stops it and starts the new one, and says what is done before
/// that, while it still serves; `--no-up` leaves both to you.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line of its own"
)]
pub(super) struct PlanArgs {
    /// The release to upgrade to
    version: Version,
    /// The vendor's tarball or folder; leave it out if the release is staged already
    #[arg(long, value_name = "PATH")]
    from_release: Option<PathBuf>,
    #[command(flatten)]
    pub(super) install: InstallArg,
    /// The release to upgrade from, instead of the one that `current` points to
    #[arg(long, value_name = "VERSION")]
    from: Option<Version>,
    /// The prefix of the new volumes' names
    ///
    /// Without it: the recipe's, or the version, as `v2_10_5_`.
    #[arg(long)]
    prefix: Option<String>,
    /// Retag images, as `transship image set` does; repeatable
    #[arg(long = "image", value_name = "RULE")]
    images: Vec<String>,
    /// Follow a tag into the variable that holds it: the default in the compose file, or the key in
    /// the new release's `.env`
    #[arg(long, requires = "images")]
    tag_var: bool,
    /// Load the release's images from the vendor's archive first, such as `containers.tar.gz`
    ///
    /// An image that the release needs and that neither the archive nor the engine has stands
    /// against the plan. The digests of all images in it are recorded.
    #[arg(long, value_name = "ARCHIVE")]
    image_archive: Option<PathBuf>,
    /// A file or folder of the release to carry; repeatable
    ///
    /// Without it: what the recipe lists; else `.env` and what the old compose file mounts
    /// from inside of the release.
    #[arg(long, value_name = "PATH")]
    carry: Vec<PathBuf>,
    /// A place in the old release's containers, `SERVICE:/path`, whose data may stay behind; repeatable
    ///
    /// What containers keep in anonymous volumes or in their own layers, no step copies, so it
    /// stands against the plan.
    #[arg(long, value_name = "SERVICE:/PATH")]
    leave: Vec<ServicePath>,
    /// A volume's key that is not to be copied; repeatable
    #[arg(long, value_name = "KEY")]
    skip_volume: Vec<String>,
    /// Data outside of both releases that the new one gets a copy of; repeatable
    ///
    /// A volume's key, or an absolute path: an external volume, a folder of the host, a volume's
    /// device. The copy gets a name or a folder of the new release's, and its compose files say so.
    #[arg(long, value_name = "KEY|/PATH")]
    own: Vec<String>,
    /// Data outside of both releases that both go on using; repeatable
    ///
    /// What the new release writes there, `rollback` can't take back.
    #[arg(long, value_name = "KEY|/PATH")]
    share: Vec<String>,
    /// A file of variables instead of `.env`; repeatable, later ones win
    ///
    /// One of the old release's is carried, and stands for the new one's of its name.
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,
    /// A profile whose services run, as well as those that always do; repeatable
    #[arg(long = "profile", value_name = "NAME")]
    profiles: Vec<String>,
    /// The new release's compose project; Compose's own choice when absent
    #[arg(short, long, value_name = "NAME")]
    project: Option<String>,
    /// The compose project that the old release runs as; Compose's own choice when absent
    #[arg(long, value_name = "NAME")]
    from_project: Option<String>,
    /// The vendor's tarball or folder of the old release, to tell its files from your edits
    ///
    /// It is kept; releases that transship has staged need none.
    #[arg(long, value_name = "PATH", conflicts_with = "dry_run")]
    pristine: Option<PathBuf>,
    /// Where both changed PATH take the old release's; repeatable
    ///
    /// PATH is a file or folder of the release, or `FILE:KEY` for one conflict.
    #[arg(long, value_name = "PATH")]
    ours: Vec<PathBuf>,
    /// Where both changed PATH take the vendor's; repeatable
    #[arg(long, value_name = "PATH")]
    theirs: Vec<PathBuf>,
    /// Leave the vendor's compose file as it is, and write your edits of the old one as a
    /// `docker-compose.override.yml` beside it
    #[arg(long)]
    as_override: bool,
    /// Plan no stop and no start, though the old release runs: both are yours, before and after
    #[arg(long)]
    no_up: bool,
    #[command(flatten)]
    volumes: VolumesArg,
    /// Show the plan without saving it
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct PlanJson<'a> {
    saved: Option<&'a Path>,
    plan: &'a Plan,
    changes: &'a ReleaseChanges,
    /// When each step is done, seen from the services, in the plan's order.
    phases: Vec<Phase>,
}

impl<'a> PlanJson<'a> {
    pub(super) fn of(saved: Option<&'a Path>, prepared: &'a Prepared) -> Self {
        let plan = &prepared.plan;
        Self {
            saved,
            plan,
            changes: &prepared.changes,
            phases: plan.steps.iter().map(Step::phase).collect(),
        }
    }
}

pub(super) fn run(args: &PlanArgs, ui: &Ui) -> Result<Done, Failure> {
    let install = Install::adopted(&args.install.root)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "plan")?;
    let MadePlan {
        prepared: planned,
        store,
        saved,
    } = make(args, &install, &disk, ui)?;
    let done = Done::differs(!planned.plan.conflicts.is_empty());
    if ui.json {
        ui.json(&PlanJson::of(saved.as_deref(), &planned))?;
        return Ok(done);
    }
    show(&planned, store.as_ref(), ui)?;
    match saved {
        None => ui.line("Not saved.")?,
        Some(_) if done == Done::Differs => ui.line(&format!(
            "Saved as {}. Before it can be applied, answer every conflict and plan again.",
            planned.plan.id
        ))?,
        Some(_) => ui.line(&format!(
            "Saved as {}. To do it: transship apply -C {}",
            planned.plan.id,
            args.install.root.display()
        ))?,
    }
    Ok(done)
}

/// A plan that was made, and saved unless that wasn't wanted.
pub(super) struct MadePlan {
    pub(super) prepared: Prepared,
    pub(super) store: Box<dyn VolumeStore>,
    pub(super) saved: Option<PathBuf>,
}

/// Makes the plan that is asked for; the caller has the install's lock.
pub(super) fn make(
    args: &PlanArgs,
    install: &Install,
    disk: &Disk,
    ui: &Ui,
) -> Result<MadePlan, Failure> {
    held::warn(&args.volumes.engine.docker, ui);
    runner::require_over(install)?;
    learn_shipment(args, install, disk, ui)?;
    let mut request = request(args, install)?;
    let store = args.volumes.store(&request.volumes_of(install))?;
    if !args.no_up {
        running::look(&mut request, install, store.as_ref(), ui)?;
    }
    let prepared = prepare(install, &request, store.as_ref(), ui.progress())?;
    let saved = if args.dry_run {
        None
    } else {
        let Decisions { to, merged, .. } = &prepared.decisions;
        merging::save_conflicts(disk, install, to, merged)?;
        Some(prepared.plan.save(disk, install)?)
    };
    Ok(MadePlan {
        prepared,
        store,
        saved,
    })
}

/// Has what the vendor shipped as the old release kept, where somebody names it or it is found.
fn learn_shipment(args: &PlanArgs, install: &Install, disk: &Disk, ui: &Ui) -> Result<(), Failure> {
    let old = match &args.from {
        Some(version) => install.release(version)?,
        None => install.active()?,
    };
    let (old, progress) = (&old.version, ui.progress());
    if let Some(path) = &args.pristine {
        install.learn_shipment(disk, old, path, progress)?;
    } else if !args.dry_run
        && let Some(found) = install.find_shipment(disk, old, progress)?
    {
        let found = found.display();
        ui.say(&format!(
            "`{found}` is taken for what the vendor shipped as {old}"
        ));
    }
    Ok(())
}

fn request(args: &PlanArgs, install: &Install) -> Result<Request, Failure> {
    let absolute = |path: &PathBuf| {
        let found = path.canonicalize().map_err(|error| {
            Failure::new(Kind::Usage, format!("can't read `{}`", path.display())).cause(&error)
        });
        found.map(|path| recorded(install, &path))
    };
    Ok(Request {
        version: args.version.clone(),
        from: args.from.clone(),
        shipment: args.from_release.as_ref().map(absolute).transpose()?,
        prefix: args.prefix.clone(),
        images: args.images.clone(),
        tag_var: args.tag_var,
        carry: args.carry.clone(),
        skip: args.skip_volume.clone(),
        own: args.own.clone(),
        share: args.share.clone(),
        env_files: args
            .env_files
            .iter()
            .map(absolute)
            .collect::<Result<_, _>>()?,
        profiles: args.profiles.clone(),
        ours: args.ours.clone(),
        theirs: args.theirs.clone(),
        as_override: args.as_override,
        project: args.project.clone(),
        from_project: args.from_project.clone(),
        image_archive: args.image_archive.as_ref().map(absolute).transpose()?,
        leave: args.leave.clone(),
        up: false,
        place: match args.volumes.place(install.root())? {
            VolumeBackend::Dir { path } => VolumeBackend::Dir {
                path: recorded(install, &path),
            },
            VolumeBackend::Local => VolumeBackend::Local,
        },
    })
}

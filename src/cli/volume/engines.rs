//! `transship volume copy` from one engine to another, and to and from what this process
//! can't reach.

use std::path::{Path, PathBuf};

use super::copy::{Args, Side, between, is_path, source, target};
use super::in_use::release;
use crate::cli::copy;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::engine::VolumeBackend;
use crate::engine::{
    ByPath, Contents, DockerVolumes, ServerInfo, User, Volume, VolumeStore, transfer,
};
use crate::error::Kind;
use crate::fs::Disk;
use crate::progress::Progress as _;
use crate::tree::{self, Holds, VerifyOptions, compare};
use crate::upgrade::step::StepError;

/// Which engines a volume is copied between.
#[derive(Debug, clap::Args)]
pub(super) struct Engines {
    /// The engine that SOURCE is in: a context of `docker`, or an address (`ssh://HOST`)
    #[arg(long, value_name = "CONTEXT")]
    from_context: Option<String>,
    /// The engine that TARGET is in, or will be
    #[arg(long, value_name = "CONTEXT")]
    to_context: Option<String>,
    /// Make TARGET equal to SOURCE, and send only what differs
    ///
    /// It goes on with a copy that was cut short, or brings an older one up to date: what is
    /// equal in size and time stays, and what SOURCE hasn't is removed.
    #[arg(long)]
    update: bool,
}

impl Engines {
    pub(super) fn are_named(&self) -> bool {
        self.update || self.from_context.is_some() || self.to_context.is_some()
    }
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    let from = Engine::at(args, &args.source, args.engines.from_context.as_deref())?;
    let to = Engine::at(args, &args.target, args.engines.to_context.as_deref())?;
    let source = source(args, from.store.as_deref())?;
    let survey = match &source {
        Side::Path(path) => tree::survey(path)?,
        Side::Volume(volume) => from.contents().survey(volume, ui.progress())?,
    };
    if args.dry_run {
        let shown = source.shown(from.contents());
        return copy::announce(&shown, Path::new(&args.target), &survey, ui);
    }
    let disk = Disk::new();
    let held = match &from.store {
        Some(store) => source.settle(args, store.as_ref(), &disk, ui)?,
        None => None,
    };
    let (target, made) = to.target(args, ui)?;
    let volumes = matches!((&source, &target), (Side::Volume(_), Side::Volume(_)));
    let servers = from.server.as_ref().zip(to.server.as_ref());
    let same = servers.is_some_and(|(from, to)| from.is_same_engine(to));
    let copied = if volumes && same && !args.engines.update {
        let pair = (&source, &target);
        between(to.contents(), pair, args.way(survey.bytes), ui)
    } else {
        let sides = ((from.contents(), &source), (to.contents(), &target));
        stream(sides.0, sides.1, (args.engines.update, args.verify), ui)
    };
    let copied = release(held, copied, ui);
    // What has arrived is good for another try, unless nothing has.
    if let (Err(failure), true, Some(store)) = (&copied, made, &to.store)
        && failure.kind == Kind::Refused
    {
        let _ = store.remove(&Disk::new(), &args.target);
    }
    copied
}

/// Copies by a stream: whatever is on whichever side.
pub(super) fn stream(
    (from, source): (&dyn Contents, &Side),
    (to, target): (&dyn Contents, &Side),
    (update, verify): (bool, bool),
    ui: &Ui,
) -> Result<Done, Failure> {
    let disk = Disk::new();
    if let Side::Path(path) = target
        && !path.exists()
    {
        disk.create_dir(path, 0o700).map_err(tree_error(path))?;
    }
    let (a, b) = (as_volume(source), as_volume(target));
    let from = if matches!(source, Side::Path(_)) {
        &ByPath
    } else {
        from
    };
    let to = if matches!(target, Side::Path(_)) {
        &ByPath
    } else {
        to
    };
    let progress = ui.progress();
    progress.start(&b.name, None);
    let copied = transfer(&disk, (from, &a), (to, &b), update, progress);
    progress.finish();
    let copied = copied?;
    let mut differences = Vec::new();
    if verify {
        let options = VerifyOptions::default();
        let expected = from.observe(&a, &options, progress)?;
        differences = compare(&expected, &to.observe(&b, &options, progress)?, &options);
    }
    let shown = (source.shown(from), target.shown(to));
    copy::finish(
        (&shown.0, &shown.1),
        &copied,
        &differences,
        &copy::CopyFlags::plain(verify, false),
        ui,
    )
}

fn tree_error(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let message = format!("can't create `{}`", path.display());
    move |error| Failure::new(Kind::Failed, message).cause(&error)
}

fn as_volume(side: &Side) -> Volume {
    match side {
        Side::Path(path) => ByPath::volume(path),
        Side::Volume(volume) => volume.clone(),
    }
}

/// Where one side is.
struct Engine {
    /// Nothing for a path.
    store: Option<Box<dyn VolumeStore>>,
    /// What the engine says that it is.
    server: Option<ServerInfo>,
}

impl Engine {
    fn at(args: &Args, name: &str, context: Option<&str>) -> Result<Self, Failure> {
        if is_path(name) {
            return match context {
                None => Ok(Self {
                    store: None,
                    server: None,
                }),
                Some(context) => Err(Failure::new(
                    Kind::Usage,
                    format!("`{name}` is a path of this machine, not of `{context}`"),
                )
                .hint("name a volume of that engine")),
            };
        }
        let volumes = &args.volumes;
        let place = volumes.place(Path::new("."))?;
        if context.is_none() && place != VolumeBackend::Local {
            return Ok(Self {
                store: Some(volumes.store(&place)?),
                server: None,
            });
        }
        let docker = volumes.engine.docker.find()?;
        let docker = match context {
            Some(context) => docker.at(context),
            None => docker,
        };
        let store = DockerVolumes::connect(docker)?.with_helper(volumes.engine.helper.clone());
        Ok(Self {
            server: Some(store.server().clone()),
            store: Some(Box::new(store)),
        })
    }

    fn contents(&self) -> &dyn Contents {
        self.store
            .as_ref()
            .map_or(&ByPath, |store| store.contents())
    }

    /// The target, and whether it was made for this. One that is there is used by nobody, and
    /// holds something only where that is to be updated.
    fn target(&self, args: &Args, ui: &Ui) -> Result<(Side, bool), Failure> {
        let Some(store) = &self.store else {
            return Ok((Side::Path(PathBuf::from(&args.target)), false));
        };
        let (side, made) = target(args, store.as_ref(), &VolumeBackend::Local)?;
        if let Side::Volume(volume) = &side
            && !made
        {
            let users: Vec<User> = store.users(volume)?;
            let users: Vec<User> = users.into_iter().filter(User::is_writing).collect();
            if !users.is_empty() {
                let volume = volume.name.clone();
                return Err(StepError::InUse { volume, users }.into());
            }
            let holds = self.contents().holds(volume, ui.progress())?;
            if holds == Holds::Something && !args.engines.update {
                return Err(Failure::new(
                    Kind::Refused,
                    format!("volume `{}` is not empty", volume.name),
                )
                .hint("bring it up to date with `--update`, which removes what SOURCE hasn't"));
            }
        }
        Ok((side, made))
    }
}

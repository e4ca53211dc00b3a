//! Which places `transship volume copy` copies between.

use std::path::Path;
use std::rc::Rc;

use super::copy::Args;
use crate::cli::options::RemovalArgs;
use crate::cli::terminal::failure::Failure;
use crate::engine::{DockerVolumes, VolumeBackend, VolumeStore};
use crate::error::Kind;

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
    /// equal in size and time stays, and what SOURCE hasn't is removed. Where SOURCE is empty, more
    /// than half of TARGET would go, or nothing in it is as in SOURCE, nothing is done unless
    /// `--delete-all` or `--max-delete` says that it is meant.
    #[arg(long)]
    pub(super) update: bool,
    #[command(flatten)]
    pub(super) removals: RemovalArgs,
}

impl Engines {
    fn are_named(&self) -> bool {
        self.update || self.from_context.is_some() || self.to_context.is_some()
    }
}

/// Where the ends of a copy are; nothing for a path.
#[derive(Default)]
pub(super) struct Stores {
    pub(super) from: Option<Rc<dyn VolumeStore>>,
    pub(super) to: Option<Rc<dyn VolumeStore>>,
}

impl Stores {
    /// The place of all volumes, where no engine is named; else each end's own.
    pub(super) fn open(args: &Args) -> Result<Self, Failure> {
        let Engines {
            from_context,
            to_context,
            ..
        } = &args.engines;
        if args.engines.are_named() {
            return Ok(Self {
                from: at(args, &args.source, from_context.as_deref())?,
                to: at(args, &args.target, to_context.as_deref())?,
            });
        }
        let [from, to] = [&args.source, &args.target].map(|name| !is_path(name));
        if !from && !to {
            return Ok(Self::default());
        }
        let place = args.volumes.place(Path::new("."))?;
        let store: Rc<dyn VolumeStore> = args.volumes.store(&place)?.into();
        Ok(Self {
            from: from.then(|| Rc::clone(&store)),
            to: to.then_some(store),
        })
    }
}

/// The store that holds the volume `name`, or will.
fn at(
    args: &Args,
    name: &str,
    context: Option<&str>,
) -> Result<Option<Rc<dyn VolumeStore>>, Failure> {
    if is_path(name) {
        return match context {
            None => Ok(None),
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
        return Ok(Some(volumes.store(&place)?.into()));
    }
    let docker = volumes.engine.docker.find()?;
    let docker = match context {
        Some(context) => docker.at(context),
        None => docker,
    };
    let store = DockerVolumes::connect(docker)?.with_helper(volumes.engine.helper.clone());
    Ok(Some(Rc::new(store)))
}

pub(in crate::cli) fn is_path(text: &str) -> bool {
    text.contains('/') || text == "." || text == ".."
}

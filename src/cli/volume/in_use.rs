//! What `transship volume copy` does about containers that write its source.

use std::time::Duration;

use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::Ui;
use crate::engine::{Quiesce, Quiesced, User, Volume, VolumeStore};
use crate::error::Kind;
use crate::fs::Disk;
use crate::upgrade::step::StepError;

/// What may be done about them.
#[derive(Debug, clap::Args)]
pub(super) struct InUse {
    /// Copy while containers go on writing, and list what changed meanwhile
    ///
    /// No database can be relied on to start from such a copy: it is a mixture of moments. It
    /// is the first pass before a stop and `--update`.
    #[arg(long, conflicts_with_all = ["pause", "stop"])]
    pub(super) live: bool,
    /// Let the containers that write SOURCE stand still while it is copied
    ///
    /// The copy is then what a power cut would have left: a database recovers from it as it
    /// would from that. They go on afterwards, also after a failure.
    #[arg(long, conflicts_with = "stop")]
    pause: bool,
    /// Stop them, and start them again afterwards, also after a failure
    #[arg(long)]
    stop: bool,
    /// With --stop: how long each may take to end, in seconds
    #[arg(long, value_name = "SECONDS", requires = "stop", default_value_t = 300)]
    stop_timeout: u64,
}

impl InUse {
    fn hold(&self) -> Option<Quiesce> {
        match (self.pause, self.stop) {
            (true, _) => Some(Quiesce::Pause),
            (_, true) => Some(Quiesce::Stop(Duration::from_secs(self.stop_timeout))),
            _ => None,
        }
    }

    /// Sees to it that nothing writes the volume while what is given is held, as the options
    /// say; refuses where they say nothing.
    pub(super) fn settle<'a>(
        &self,
        store: &'a dyn VolumeStore,
        disk: &'a Disk,
        volume: &Volume,
        ui: &Ui,
    ) -> Result<Option<Quiesced<'a>>, Failure> {
        let users = store.users(volume)?.into_iter();
        let users: Vec<User> = users.filter(User::is_writing).collect();
        if users.is_empty() {
            return Ok(None);
        }
        if self.live {
            let names: Vec<_> = users.iter().map(|user| user.who.as_str()).collect();
            ui.warn(&format!(
                "`{}` is copied while {} may write it: don't start a database from the copy",
                volume.name,
                names.join(", ")
            ));
            return Ok(None);
        }
        let (Some(how), Some(docker)) = (self.hold(), store.docker()) else {
            let refused = StepError::InUse {
                volume: volume.name.clone(),
                users,
            };
            return Err(Failure::from(refused)
                .hint("or let them stand still meanwhile: `--pause`, or `--stop`"));
        };
        let held = Quiesced::hold(docker, disk, &volume.name, &users, how)?;
        let names: Vec<_> = held.names().collect();
        let state = if self.pause { "paused" } else { "stopped" };
        ui.say(&format!("{state} meanwhile: {}", names.join(", ")));
        Ok(Some(held))
    }
}

/// Lets containers go on after `done`, and tells if they don't.
pub(super) fn release<T>(
    held: Option<Quiesced<'_>>,
    done: Result<T, Failure>,
    ui: &Ui,
) -> Result<T, Failure> {
    let Some(Err(error)) = held.map(Quiesced::release) else {
        return done;
    };
    let failure = Failure::from(error);
    match done {
        Ok(_) => Err(failure),
        Err(first) => {
            ui.warn(&failure.message);
            Err(Failure {
                kind: Kind::Failed,
                ..first
            })
        }
    }
}

//! What `transship volume copy` does about containers that write its source.

use std::time::Duration;

use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::Ui;
use crate::engine::{CopyNotice, InUse, Quiesce};

/// What may be done about them.
#[derive(Debug, clap::Args)]
pub(super) struct InUseArgs {
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

impl InUseArgs {
    pub(super) fn choice(&self) -> InUse {
        match (self.live, self.pause, self.stop) {
            (true, ..) => InUse::CopyLive,
            (_, true, _) => InUse::Quiesce(Quiesce::Pause),
            (.., true) => InUse::Quiesce(Quiesce::Stop(Duration::from_secs(self.stop_timeout))),
            _ => InUse::Refuse,
        }
    }

    /// Tells what is worth knowing of a copy that isn't there yet.
    pub(super) fn tell(notice: &CopyNotice<'_>, ui: &Ui) {
        match notice {
            CopyNotice::Live { volume, users } => {
                let mut names: Vec<_> = users.found.iter().map(|user| user.who.as_str()).collect();
                names.extend(users.unknown.as_ref().map(|_| "somebody unknown"));
                ui.warn(&format!(
                    "`{volume}` is copied while {} may write it: don't start a database from the \
                     copy",
                    names.join(", ")
                ));
            }
            CopyNotice::Quiesced { how, containers } => {
                let state = match how {
                    Quiesce::Pause => "paused",
                    Quiesce::Stop(_) => "stopped",
                };
                ui.say(&format!("{state} meanwhile: {}", containers.join(", ")));
            }
            CopyNotice::NotReleased(error) => ui.warn(&error.to_string()),
        }
    }

    /// A source that is in use was refused.
    pub(super) fn refused(failure: Failure) -> Failure {
        failure.hint("or let them stand still meanwhile: `--pause`, or `--stop`")
    }
}

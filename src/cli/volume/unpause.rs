//! `transship volume unpause`.

use serde::Serialize;

use crate::cli::held::{HeldJson, unknown, unread};
use crate::cli::options::DockerArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::engine::{Error, HeldRecord};
use crate::fs::{Disk, Maker};

/// Let containers go on that a killed `volume copy` left paused or stopped.
///
/// What `--pause` and `--stop` hold is written down first, below `/var/lib/transship` for root and
/// `~/.local/state/transship` for others (or `$TRANSSHIP_STATE`), and all commands tell of what
/// a killed run left. Nothing else goes on by itself: whether it should is yours to say. What was
/// paused is unpaused, what was stopped is started; what isn't paused or stopped any more is
/// left as it is.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Unpause {
    /// Also what is held by runs of which it can't be known whether they are at work still: of
    /// another machine or container
    #[arg(long)]
    all: bool,
    /// Only say what would go on
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    docker: DockerArg,
}

#[derive(Default, Serialize)]
struct UnpauseJson {
    dry_run: bool,
    /// The containers that go on now, or would.
    released: Vec<String>,
    /// Those that don't, or may have been told to stop, or whose run may be at work.
    left: Vec<HeldJson>,
}

pub(super) fn run(args: &Unpause, ui: &Ui) -> Result<Done, Failure> {
    let mut done = UnpauseJson {
        dry_run: args.dry_run,
        ..UnpauseJson::default()
    };
    let mut is_complete = true;
    for record in HeldRecord::all().map_err(Error::from)? {
        match record {
            Err(error) => {
                ui.warn(&unread(&error));
                is_complete = false;
            }
            Ok(record) if record.maker == Maker::Alive => ui.say(&format!(
                "note: process {} is at work, and lets go on what it holds by itself",
                record.held.process
            )),
            Ok(record) => {
                if let Err(error) = args.release(&record, &mut done, ui) {
                    ui.warn(&unknown(&record, &error));
                    is_complete = false;
                }
            }
        }
    }
    is_complete &= done.left.is_empty();
    if ui.json {
        ui.json("transship-volume-unpause", &done)?;
    } else {
        args.report(&done, ui)?;
    }
    Ok(if is_complete {
        Done::Same
    } else {
        Done::Incomplete
    })
}

impl Unpause {
    fn release(&self, record: &HeldRecord, done: &mut UnpauseJson, ui: &Ui) -> Result<(), Error> {
        let docker = self.docker.find()?;
        if record.maker == Maker::Unknown && !self.all {
            let left = record.look(&docker)?;
            done.left
                .extend(left.into_iter().map(|left| HeldJson::new(record, left)));
        } else if self.dry_run {
            let left = record.look(&docker)?.into_iter();
            done.released.extend(left.map(|left| left.container.name));
        } else {
            let let_go = record.let_go(&docker, &Disk::new())?;
            ui.acted();
            done.released.extend(let_go.released);
            let left = let_go.left.into_iter();
            done.left
                .extend(left.map(|left| HeldJson::new(record, left)));
        }
        Ok(())
    }

    fn report(&self, done: &UnpauseJson, ui: &Ui) -> Result<(), Failure> {
        let verb = if self.dry_run {
            "would go on"
        } else {
            "goes on"
        };
        for name in &done.released {
            ui.line(&format!("{name} {verb}"))?;
        }
        for left in &done.left {
            let next = if left.is_known_gone() || self.all {
                "run this again"
            } else {
                "let it go on with `--all`, where nobody is at work"
            };
            ui.warn(&format!("{}: {next}", left.describe()));
        }
        if done.released.is_empty() && done.left.is_empty() {
            ui.say("nothing was left paused or stopped");
        }
        Ok(())
    }
}

//! `transship confirm`.

use std::thread;
use std::time::Duration;

use super::apply::{engine_of, finish};
use super::install_place::InstallArg;
use super::options::EngineArg;
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::clock::Stopwatch;
use crate::error::Kind;
use crate::fs::Disk;
use crate::upgrade::data_places::DataPlaces;
use crate::upgrade::running::confirmation::Confirmation;
use crate::upgrade::running::going_back::OnFailure;
use crate::upgrade::running::journal::{Journal, RunState};
use crate::upgrade::{Report, Runner};

/// Keep the new release, where the upgrade waits for that.
///
/// An upgrade with `--confirm-within` goes back by itself unless this comes in time. It is said from
/// another terminal, or by a monitor; where the upgrade's own process is gone, this ends the run, too.
#[derive(Debug, clap::Args)]
pub(super) struct Confirm {
    #[command(flatten)]
    install: InstallArg,
    #[command(flatten)]
    engine: EngineArg,
}

/// How long the waiting process may take to see it.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(args: &Confirm, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let disk = Disk::new();
    let journal = Confirmation::record(&install, &disk)?;
    ui.acted();
    let watch = Stopwatch::start();
    loop {
        // Whoever waits has the lock; where nobody has it, nobody waits.
        if let Ok(_lock) = install.lock(&disk, "confirm") {
            let journal = Journal::load(journal.path())?;
            if journal.state() != RunState::Unconfirmed {
                return told(&journal, ui);
            }
            let store = engine_of(&install, journal.plan(), &args.engine)?;
            let runner = Runner {
                install: &install,
                disk: &disk,
                volumes: DataPlaces {
                    install: &install,
                    volumes: store.as_ref(),
                },
                progress: ui.progress(),
                on_failure: OnFailure::GoBack,
            };
            return finish(runner.resume()?, ui);
        }
        let journal = Journal::load(journal.path())?;
        if journal.state() != RunState::Unconfirmed {
            return told(&journal, ui);
        }
        if watch.elapsed() >= PATIENCE {
            let what = "it is confirmed, and whoever waits for that has not seen it yet";
            return Err(Failure::new(Kind::Failed, what).hint("see `transship status`"));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn told(journal: &Journal, ui: &Ui) -> Result<Done, Failure> {
    if journal.state() == RunState::Complete {
        return finish(Report::of(journal), ui);
    }
    let what = "it came too late: the upgrade goes back, or has gone back";
    Err(Failure::new(Kind::Failed, what).hint("see `transship status`"))
}

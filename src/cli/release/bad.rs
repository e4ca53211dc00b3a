//! `transship release bad`.

use serde::Serialize;

use crate::cli::install_place::InstallArg;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::{Done, Ui};
use crate::fs::Disk;
use crate::release::{BadReleases, Version};

/// Write down that a release is bad: nobody goes to it, forwards or back.
///
/// `plan`, `rollback` and `release use` refuse it, no path leads over it, and `release prune` takes it
/// neither for the one before nor for one of the newest.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReleaseBad {
    /// The release's name
    version: Version,
    /// What is bad about it, for whoever is refused
    #[arg(long, value_name = "TEXT", default_value = "")]
    because: String,
    /// It isn't bad after all
    #[arg(long, conflicts_with = "because")]
    undo: bool,
    #[command(flatten)]
    install: InstallArg,
}

#[derive(Serialize)]
struct BadJson<'a> {
    release: &'a Version,
    bad: bool,
}

pub(super) fn run(args: &ReleaseBad, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "release bad")?;
    let mut bad = BadReleases::load(&install)?;
    let name = args.version.to_string();
    let was_bad = match args.undo {
        true => bad.releases.remove(&name).is_some(),
        false => bad.releases.insert(name, args.because.clone()).is_some(),
    };
    bad.save(&disk, &install)?;
    ui.acted();
    // Somebody may want to say so of one that isn't here yet, or has mistyped it.
    let name = &args.version;
    if args.undo && !was_bad {
        ui.warn(&format!(
            "{name} wasn't written down as bad; `transship release ls` shows what is"
        ));
    } else if !args.undo && !install.release_folder(name).is_dir() {
        ui.warn(&format!(
            "{name} isn't in the install; `transship release ls` lists what is"
        ));
    }
    let (version, is_bad) = (&args.version, !args.undo);
    if ui.json {
        ui.json(
            "transship-release-bad",
            &BadJson {
                release: version,
                bad: is_bad,
            },
        )?;
    } else {
        let word = if is_bad { "bad" } else { "not bad" };
        ui.line(&format!("{version} is written down as {word}"))?;
    }
    Ok(Done::Same)
}

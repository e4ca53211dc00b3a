//! `transship init`.

use std::path::PathBuf;

use serde::Serialize;

use super::install_place::InstallArg;
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::fs::Disk;
use crate::release::{Install, InstallClaim, Version};

/// Adopt a folder of releases.
///
/// INSTALL holds `releases/` with a folder for each release, such as `releases/v1.3.2/`.
/// Made are `.transship/`, where plans, journals and manifests go, and the symlink
/// `current`. Nothing else is touched; running it again does no harm.
#[derive(Debug, clap::Args)]
pub(super) struct InitArgs {
    #[command(flatten)]
    install: InstallArg,
    /// The release that is running, where there are several
    #[arg(long, value_name = "VERSION")]
    current: Option<Version>,
    /// The folder below each release that Compose is started in, such as `docker`
    ///
    /// Without it: a release's top where Compose finds its files there, else the one folder with
    /// compose files that is called `docker`, `deploy` or alike. It is recorded; `.` is the top.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["moved", "clone"])]
    project_directory: Option<PathBuf>,
    /// Say that this is the install that it was, in a new place
    ///
    /// An install that isn't where its id was recorded may be a copy, and what is recorded in it is
    /// its original's. Plans, runs and rollbacks go on here from now on.
    #[arg(long, conflicts_with_all = ["current", "clone"])]
    moved: bool,
    /// Say that this is an install of its own, whatever it is a copy of
    ///
    /// It gets an id of its own. Plans and runs of its original stay where they are, and nothing of
    /// them is acted upon here.
    #[arg(long, conflicts_with = "current")]
    clone: bool,
    /// Only say what would be made
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct ClaimedJson {
    install: String,
    was: Option<String>,
    clone: bool,
    current: Option<Version>,
    changed: bool,
}

#[derive(Serialize)]
struct AdoptedJson {
    install: PathBuf,
    current: Version,
    releases: Vec<Version>,
    /// Below each release; absent for its top.
    project_directory: Option<PathBuf>,
    changed: bool,
}

pub(super) fn run(args: &InitArgs, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.at(ui)?;
    match (args.moved, args.clone) {
        (true, _) => claim(args, &install, InstallClaim::Moved, ui),
        (_, true) => claim(args, &install, InstallClaim::Clone, ui),
        _ => adopt(args, &install, ui),
    }
}

fn adopt(args: &InitArgs, install: &Install, ui: &Ui) -> Result<Done, Failure> {
    let adoption =
        install.look_at_adoption(args.current.as_ref(), args.project_directory.as_deref())?;
    let changed = adoption.is_needed;
    if changed && !args.dry_run {
        install.adopt_as(&Disk::new(), &adoption)?;
        ui.acted();
    }
    let current = adoption.active.version;
    let directory = adoption.project_directory;
    let directory = Some(directory).filter(|folder| !folder.as_os_str().is_empty());
    if ui.json {
        ui.json(
            "transship-init",
            &AdoptedJson {
                install: install.root().to_owned(),
                current,
                releases: adoption.releases,
                project_directory: directory,
                changed,
            },
        )?;
        return Ok(Done::Same);
    }
    let verb = match (changed, args.dry_run) {
        (false, _) => "is adopted already",
        (true, true) => "would be adopted",
        (true, false) => "adopted",
    };
    let root = install.root().display();
    let below = directory.map_or_else(String::new, |folder| {
        format!(", with its compose files in `{}`", folder.display())
    });
    ui.line(&format!("{root} {verb}: {current} is current{below}"))?;
    Ok(Done::Same)
}

fn claim(
    args: &InitArgs,
    install: &Install,
    claim: InstallClaim,
    ui: &Ui,
) -> Result<Done, Failure> {
    let claimed = install.claim(&Disk::new(), claim, args.dry_run)?;
    if !args.dry_run {
        ui.acted();
    }
    let root = install.root().display().to_string();
    if ui.json {
        ui.json(
            "transship-init-claim",
            &ClaimedJson {
                install: root,
                was: claimed.was,
                clone: claim == InstallClaim::Clone,
                current: claimed.active,
                changed: !args.dry_run,
            },
        )?;
        return Ok(Done::Same);
    }
    let is = if args.dry_run { "would be" } else { "is" };
    let what = match (claim, claimed.was) {
        (InstallClaim::Clone, _) => "an install of its own".to_owned(),
        (InstallClaim::Moved, Some(was)) => format!("the install that was `{was}`"),
        (InstallClaim::Moved, None) => "the install that it was".to_owned(),
    };
    ui.line(&format!("{root} {is} {what}"))?;
    Ok(Done::Same)
}

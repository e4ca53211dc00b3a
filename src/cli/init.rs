//! `transship init`.

use serde::Serialize;

use super::options::InstallArg;
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::error::Kind;
use crate::fs::Disk;
use crate::release::{Install, InstallError, Release, Version};

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
struct Claimed {
    install: String,
    was: Option<String>,
    clone: bool,
    current: Option<Version>,
    changed: bool,
}

#[derive(Serialize)]
struct Adopted {
    install: std::path::PathBuf,
    current: Version,
    releases: Vec<Version>,
    changed: bool,
}

pub(super) fn run(args: &InitArgs, ui: &Ui) -> Result<Done, Failure> {
    let install = Install::at(&args.install.root)?;
    if args.moved || args.clone {
        return claim(args, &install, ui);
    }
    install.require_own()?;
    let active = match &args.current {
        Some(version) => install.release(version)?,
        None => install.active()?,
    };
    let link_now = install.current()?;
    refuse_to_switch(link_now.as_ref(), &active)?;
    let releases: Vec<_> = install
        .releases()?
        .into_iter()
        .map(|release| release.version)
        .collect();
    if releases.is_empty() {
        return Err(InstallError::NoneFound {
            path: install.releases_folder(),
        }
        .into());
    }
    let relative = Install::current_target(&active.version);
    let link = install.current_link();
    let needs_link = std::fs::read_link(&link).ok().as_ref() != Some(&relative);
    let changed = !install.is_adopted() || needs_link;
    if changed && !args.dry_run {
        adopt(&install, &active, needs_link)?;
    }
    if ui.json {
        let install = install.root().to_owned();
        ui.json(&Adopted {
            install,
            current: active.version,
            releases,
            changed,
        })?;
    } else {
        let verb = match (changed, args.dry_run) {
            (false, _) => "is adopted already",
            (true, true) => "would be adopted",
            (true, false) => "adopted",
        };
        ui.line(&format!(
            "{} {verb}: {} is current",
            install.root().display(),
            active.version
        ))?;
    }
    Ok(Done::Same)
}

/// Says which install this is, and mends a `current` that leads out of it.
fn claim(args: &InitArgs, install: &Install, ui: &Ui) -> Result<Done, Failure> {
    let install = Install::adopted(install.root())?;
    let disk = Disk::new();
    let _lock = install.lock_anywhere(&disk, "init")?;
    let was = install.identity()?.map(|identity| identity.root);
    if !args.dry_run {
        match args.clone {
            true => install.identify_as_clone(&disk)?,
            false => install.identify_as_moved(&disk)?,
        };
        install.mend_current(&disk)?;
    }
    let current = install.current()?.map(|release| release.version);
    let root = install.root().display().to_string();
    let (clone, dry_run) = (args.clone, args.dry_run);
    if ui.json {
        ui.json(&Claimed {
            install: root,
            was,
            clone,
            current,
            changed: !dry_run,
        })?;
        return Ok(Done::Same);
    }
    let is = if dry_run { "would be" } else { "is" };
    let what = match (clone, was) {
        (true, _) => "an install of its own".to_owned(),
        (false, Some(was)) => format!("the install that was `{was}`"),
        (false, None) => "the install that it was".to_owned(),
    };
    ui.line(&format!("{root} {is} {what}"))?;
    Ok(Done::Same)
}

fn refuse_to_switch(now: Option<&Release>, wanted: &Release) -> Result<(), Failure> {
    match now {
        Some(now) if now.version != wanted.version => {
            let message = format!(
                "`current` points to {}, not to {}",
                now.version, wanted.version
            );
            let hint = format!(
                "to repoint it, use `transship release use {}`",
                wanted.version
            );
            Err(Failure::new(Kind::Refused, message).hint(hint))
        }
        _ => Ok(()),
    }
}

fn adopt(install: &Install, active: &Release, needs_link: bool) -> Result<(), Failure> {
    let disk = Disk::new();
    install.adopt(&disk)?;
    let _lock = install.lock(&disk, "init")?;
    if needs_link {
        let link = install.current_link();
        disk.switch(&link, &Install::current_target(&active.version))
            .map_err(|source| InstallError::Io { path: link, source })?;
    }
    Ok(())
}

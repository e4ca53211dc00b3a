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
    /// Only say what would be made
    #[arg(long)]
    dry_run: bool,
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
    let changed = !install.is_adopted() || link_now.is_none();
    if changed && !args.dry_run {
        adopt(&install, &active, link_now.is_none())?;
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

//! Whether the old release runs: the plan then stops it, and starts the new one in its place.

use std::collections::BTreeSet;

use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::Ui;
use crate::engine::{Compose, Container, VolumeStore};
use crate::error::Kind;
use crate::release::Install;
use crate::upgrade::Request;

/// Looks for it, and has the request say so.
pub(super) fn look(
    request: &mut Request,
    install: &Install,
    store: &dyn VolumeStore,
    ui: &Ui,
) -> Result<(), Failure> {
    // Volumes that are folders may be anybody's.
    let Some(docker) = store.docker().filter(|_| store.server().is_some()) else {
        return Ok(());
    };
    let old = match &request.from {
        Some(version) => install.release(version)?,
        None => install.active()?,
    };
    let containers = Container::all(docker)?.into_iter();
    let folder = old.project_folder();
    let running = containers.filter(|one| one.running && one.is_from(&folder));
    let projects: BTreeSet<String> = running.filter_map(|one| one.project).collect();
    let projects: Vec<String> = match &request.from_project {
        Some(named) => projects.into_iter().filter(|one| one == named).collect(),
        None => projects.into_iter().collect(),
    };
    let [project] = projects.as_slice() else {
        if projects.is_empty() {
            return Ok(());
        }
        let what = format!(
            "{} runs as several projects: {}",
            old.version,
            projects.join(", ")
        );
        return Err(
            Failure::new(Kind::Usage, what).hint("say which one with `--from-project NAME`")
        );
    };
    let by_hand = match Compose::find(docker) {
        Err(error) => Some(error.to_string()),
        Ok(compose) if compose.is_first_generation() => Some(format!(
            "Compose {} is too old to start it",
            compose.version()
        )),
        Ok(_) => None,
    };
    if let Some(why) = by_hand {
        ui.warn(&format!(
            "{} runs, and this plan neither stops it nor starts {}: {why}",
            old.version, request.version
        ));
        return Ok(());
    }
    request.from_project = Some(project.clone());
    request.up = true;
    Ok(())
}

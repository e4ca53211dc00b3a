//! `stop`: stops a release's containers.

use std::time::Duration;

use serde::Serialize;

use super::{ContainerJson, KnownProject, Which};
use crate::cli::held;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::size;
use crate::cli::terminal::ui::{Done, Ui};
use crate::compose::{LoadOptions, Model};
use crate::engine::{Compose, ComposeProject, Docker};
use crate::fs::Disk;
use crate::release::{Release, Version};

/// Stop the containers of a release.
///
/// They are stopped in the order that their dependencies ask for. What keeps data has
/// `--timeout` to end well before it is killed; what doesn't, and all of which the compose file
/// says how long it may take, has what that says, or 10 seconds. Nothing is removed.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Stop {
    #[command(flatten)]
    which: Which,
    /// How long a container that keeps data may take to end, in seconds: a database may
    /// need minutes
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// Only print the command
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct StopJson<'a> {
    dry_run: bool,
    release: &'a Version,
    project: &'a str,
    command: String,
    containers: Vec<ContainerJson>,
}

pub(in crate::cli) fn stop(args: &Stop, ui: &Ui) -> Result<Done, Failure> {
    let install = args.which.install.at(ui)?;
    // The containers of a copy's project are its original's.
    install.require_own()?;
    let release = install.release(&args.which.release)?;
    let docker = args.which.docker.find()?;
    docker.server()?;
    held::warn(&args.which.docker, ui);
    let known = args.which.project(&install, &release, &docker)?;
    let (name, project) = project_of(&release, known, &docker)?;
    let patience = Duration::from_secs(args.timeout);
    let command = project.stop_command(&[], Some(patience));
    let containers = if args.dry_run {
        Vec::new()
    } else {
        let stopped = project.stop_in_order(&Disk::new(), patience, ui.progress())?;
        ui.acted();
        stopped
    };
    let killed: Vec<_> = containers
        .iter()
        .filter(|c| c.exit_code == Some(137))
        .collect();
    for container in killed {
        ui.warn(&format!(
            "`{}` didn't end by itself and was killed",
            container.name
        ));
    }
    if ui.json {
        ui.json(
            "transship-stop",
            &StopJson {
                dry_run: args.dry_run,
                release: &args.which.release,
                project: &name,
                command,
                containers: containers.into_iter().map(ContainerJson::from).collect(),
            },
        )?;
    } else if args.dry_run {
        ui.line(&command)?;
    } else {
        let count = size::count(containers.len() as u64, "container");
        ui.line(&format!("stopped {count} of project {name}"))?;
    }
    Ok(Done::Same)
}

/// The project as the release's own files make it; Compose needs no more to stop it.
fn project_of(
    release: &Release,
    known: KnownProject,
    docker: &Docker,
) -> Result<(String, ComposeProject), Failure> {
    let found = release.project()?;
    let mut options = LoadOptions {
        project: known.name,
        profiles: known.profiles,
        ..found.options()
    };
    if !known.env_files.is_empty() {
        options.env_files = known.env_files;
    }
    let model = Model::load(&found.files, &options)?;
    let project = Compose::find(docker)?
        .project(&model.project, &found.folder, &found.files)?
        .with_env_files(&options.env_files)?
        .with_profiles(&options.profiles)
        .started_in(&found.started_in);
    Ok((model.project, project))
}

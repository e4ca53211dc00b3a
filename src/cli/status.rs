//! `transship status`.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::held::{HeldJson, LeftHeld};
use super::install_place::InstallArg;
use super::options::DockerArg;
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::fs::{Lock, LockHolder};
use crate::rehearsal::{self, CloneStanding, RehearsalRecord};
use crate::release::{Install, Release, Version, Whereabouts};
use crate::upgrade::plan::{Plan, PlanError};
use crate::upgrade::projects::ProjectPair;
use crate::upgrade::running::journal::{Journal, RunState};

/// Show where an install stands.
///
/// The current release, the newest plan, the last run, who is at work on it now, and the containers
/// that killed runs left paused or stopped.
#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    install: InstallArg,
    #[command(flatten)]
    docker: DockerArg,
}

#[derive(Serialize)]
struct StatusJson {
    install: PathBuf,
    current: Option<Version>,
    releases: Vec<Version>,
    incomplete: Vec<Version>,
    plan: Option<PlanSummary>,
    run: Option<RunSummary>,
    locked_by: Option<LockHolder>,
    id: Option<String>,
    whereabouts: Option<Whereabouts>,
    /// The clones of rehearsals that stand, and whether they were kept on purpose.
    rehearsals: Vec<StandingClone>,
    /// What killed runs left paused or stopped, of whatever install.
    held: Vec<HeldJson>,
    #[serde(skip)]
    elsewhere: Option<String>,
}

#[derive(Serialize)]
struct StandingClone {
    id: String,
    folder: PathBuf,
    from: Version,
    to: Version,
    standing: CloneStanding,
}

#[derive(Serialize)]
struct PlanSummary {
    id: String,
    made: Timestamp,
    from: Version,
    to: Version,
}

#[derive(Serialize)]
struct RunSummary {
    run: String,
    plan: String,
    from: Version,
    to: Version,
    state: RunState,
    /// By when it has to be confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_until: Option<Timestamp>,
    error: Option<String>,
    projects: ProjectPair,
    /// With which the run was planned: `up`, `stop` and Compose need them, too.
    env_files: Vec<PathBuf>,
    profiles: Vec<String>,
}

pub(super) fn run(args: &StatusArgs, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let LeftHeld {
        containers,
        unknown,
    } = LeftHeld::find(&args.docker);
    let status = look(&install, containers)?;
    if ui.json {
        ui.json("transship-status", &status)?;
    } else {
        ui.print(&ui.pasted(&render(&status)))?;
    }
    for unknown in unknown {
        ui.warn(&unknown);
    }
    Ok(Done::Same)
}

fn look(install: &Install, held: Vec<HeldJson>) -> Result<StatusJson, Failure> {
    let plan = match Plan::find(install, None) {
        Ok(Plan {
            id, made, from, to, ..
        }) => Some(PlanSummary { id, made, from, to }),
        Err(PlanError::None { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let run = Journal::newest(install)?.map(|journal| RunSummary {
        run: journal.run().to_owned(),
        plan: journal.plan().id.clone(),
        from: journal.plan().from.clone(),
        to: journal.plan().to.clone(),
        state: journal.state(),
        confirm_until: journal.awaits(),
        projects: journal.plan().projects.clone(),
        env_files: journal.plan().request.env_files.clone(),
        profiles: journal.plan().request.profiles.clone(),
        error: (!journal.state().is_over())
            .then(|| journal.last_error().map(str::to_owned))
            .flatten(),
    });
    let (releases, incomplete): (Vec<_>, Vec<_>) = install
        .all_releases()?
        .into_iter()
        .partition(|release| release.is_complete);
    let versions = |releases: Vec<Release>| releases.into_iter().map(|release| release.version);
    let identity = install.identity()?;
    let whereabouts = identity
        .as_ref()
        .and_then(|identity| identity.whereabouts(install.root()).ok());
    let elsewhere = install.require_own().err().map(|error| error.to_string());
    Ok(StatusJson {
        id: identity.map(|identity| identity.id),
        whereabouts,
        elsewhere,
        held,
        install: install.root().to_owned(),
        current: install.current()?.map(|release| release.version),
        releases: versions(releases).collect(),
        incomplete: versions(incomplete).collect(),
        rehearsals: clones(install)?,
        plan,
        run,
        locked_by: Lock::holder(&install.lock_file()),
    })
}

fn clones(install: &Install) -> Result<Vec<StandingClone>, Failure> {
    let standing = rehearsal::standing(install)?.into_iter();
    let clone = |record: RehearsalRecord| StandingClone {
        folder: record.clone_folder(install),
        id: record.id,
        from: record.plan.from,
        to: record.plan.to,
        standing: record.standing,
    };
    Ok(standing.map(clone).collect())
}

fn render(status: &StatusJson) -> String {
    let releases: Vec<_> = status.releases.iter().map(Version::as_str).collect();
    let current = status.current.as_ref().map_or("none", Version::as_str);
    let mut text = format!(
        "install   {}\ncurrent   {current}\nreleases  {}\n",
        status.install.display(),
        releases.join(", ")
    );
    for version in &status.incomplete {
        text += &format!("          {version} has no compose file\n");
    }
    if let Some(elsewhere) = &status.elsewhere {
        text += &format!("          {elsewhere}\n");
    }
    if let Some(PlanSummary { id, from, to, .. }) = &status.plan {
        text += &format!("plan      {id}: {from} to {to}\n");
    }
    if let Some(run) = &status.run {
        text += &format!(
            "last run  {} to {}: {}\n",
            run.from,
            run.to,
            describe(run.state)
        );
        let env_files = run
            .env_files
            .iter()
            .map(|file| format!("--env-file {}", file.display()));
        let profiles = run.profiles.iter().map(|name| format!("--profile {name}"));
        let with: Vec<_> = env_files.chain(profiles).collect();
        if !with.is_empty() {
            text += &format!("          planned with {}\n", with.join(" "));
        }
        if let Some(error) = &run.error {
            text += &format!("          {error}\n");
        }
        if let Some(until) = run.confirm_until {
            let waits = match &status.locked_by {
                Some(_) => format!("it goes back at {until}, unless: transship confirm"),
                None => format!(
                    "nobody waits for it, so that nothing goes back at {until}; keep it with `transship confirm`"
                ),
            };
            text += &format!("          {waits}\n");
        }
        if !run.state.is_over() && status.locked_by.is_none() {
            text +=
                "          go on with `transship resume`, or undo it with `transship rollback`\n";
        }
    }
    if let Some(LockHolder {
        pid,
        command,
        since,
        ..
    }) = &status.locked_by
    {
        text += &format!("at work   `transship {command}` (process {pid}) since {since}\n");
    }
    for clone in &status.rehearsals {
        text += &clone.describe(status.locked_by.is_some());
    }
    for held in &status.held {
        text += &format!("held      {}\n", held.describe());
    }
    if !status.held.is_empty() {
        text += "          let it go on with `transship volume unpause`\n";
    }
    text
}

impl StandingClone {
    fn describe(&self, is_locked: bool) -> String {
        let Self {
            folder, from, to, ..
        } = self;
        let what = match (self.standing, is_locked) {
            (CloneStanding::InUse, true) => "being made",
            (CloneStanding::InUse, false) => "left by a rehearsal that was killed",
            _ => "no production: a clone of it, kept to be tried",
        };
        format!(
            "REHEARSAL {from} to {to} in {}: {what}\n          remove it with `transship rehearse --clean`\n",
            folder.display()
        )
    }
}

const fn describe(state: RunState) -> &'static str {
    match state {
        RunState::Open => "not over",
        RunState::Unconfirmed => "done, and to be confirmed",
        RunState::Complete => "complete",
        RunState::RollingBack => "being rolled back",
        RunState::RolledBack => "rolled back",
    }
}

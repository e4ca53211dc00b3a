//! `transship status`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::held::{HeldJson, LeftHeld};
use super::install_place::InstallArg;
use super::options::DockerArg;
use super::terminal::failure::Failure;
use super::terminal::size;
use super::terminal::ui::{Done, Ui};
use crate::engine::Container;
use crate::fs::{Lock, LockHolder};
use crate::rehearsal::{self, CloneStanding, RehearsalRecord};
use crate::release::{Install, InstallError, Release, Version, Whereabouts};
use crate::upgrade::plan::{Plan, PlanError};
use crate::upgrade::projects::ProjectPair;
use crate::upgrade::running::journal::{Journal, RunState, StepState};

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
    /// The containers of the releases; absent where no engine could be asked.
    services: Option<Vec<Standing>>,
    /// What of all this can't be read, and why.
    unreadable: Vec<String>,
    /// Releases of which it can't be said whether they are complete.
    #[serde(skip)]
    unclear: Vec<Version>,
    #[serde(skip)]
    elsewhere: Option<String>,
}

/// The containers of a release.
#[derive(Serialize)]
struct Standing {
    release: Version,
    running: usize,
    stopped: usize,
}

/// The step that a run is at, or stopped at.
#[derive(Serialize)]
struct StepAtWork {
    number: usize,
    count: usize,
    title: String,
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
    /// The step that it is at, or stopped at.
    step: Option<StepAtWork>,
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
    let mut status = look(&install, containers);
    status.services = Standing::find(&install, &status, &args.docker);
    if ui.json {
        ui.json("transship-status", &status)?;
    } else {
        ui.print(&ui.fitted(&ui.pasted(&render(&status))))?;
    }
    for unknown in unknown.iter().chain(&status.unreadable) {
        ui.warn(unknown);
    }
    Ok(match status.unreadable.is_empty() {
        true => Done::Same,
        false => Done::Unreadable,
    })
}

/// Everything that can be read; what can't is told.
fn look(install: &Install, held: Vec<HeldJson>) -> StatusJson {
    let (mut unreadable, mut unclear) = (Unreadable::default(), Vec::new());
    let plan = match Plan::find(install, None) {
        Ok(Plan {
            id, made, from, to, ..
        }) => Some(PlanSummary { id, made, from, to }),
        Err(PlanError::None { .. }) => None,
        Err(error) => unreadable.or_none(Err(error)),
    };
    let run = unreadable.or_none(Journal::newest(install)).flatten();
    let run = run.as_ref().map(RunSummary::of);
    let all = unreadable
        .or_none(install.all_releases())
        .unwrap_or_default();
    for release in all.iter().filter(|release| !release.is_complete) {
        // One without a compose file is told as such below.
        if let Err(error) = release.project()
            && !matches!(error, InstallError::Incomplete { .. })
        {
            unreadable.or_none::<(), _>(Err(error));
            unclear.push(release.version.clone());
        }
    }
    let (releases, incomplete): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|release| release.is_complete);
    let versions = |releases: Vec<Release>| releases.into_iter().map(|release| release.version);
    let identity = unreadable.or_none(install.identity()).flatten();
    let whereabouts = identity
        .as_ref()
        .and_then(|identity| identity.whereabouts(install.root()).ok());
    let current = unreadable.or_none(install.current()).flatten();
    let rehearsals = unreadable.or_none(clones(install)).unwrap_or_default();
    let elsewhere = identity.as_ref().and_then(|_| install.require_own().err());
    StatusJson {
        id: identity.map(|identity| identity.id),
        whereabouts,
        elsewhere: elsewhere.map(|error| error.to_string()),
        held,
        install: install.root().to_owned(),
        current: current.map(|release| release.version),
        releases: versions(releases).collect(),
        incomplete: versions(incomplete).collect(),
        rehearsals,
        plan,
        run,
        locked_by: Lock::holder(&install.lock_file()),
        services: None,
        unreadable: unreadable.0,
        unclear,
    }
}

/// What couldn't be read, and why.
#[derive(Default)]
struct Unreadable(Vec<String>);

impl Unreadable {
    /// What was read; else why it wasn't is kept, with what to do about it.
    fn or_none<T, E: Into<Failure>>(&mut self, read: Result<T, E>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(error) => {
                let Failure {
                    message,
                    causes,
                    hints,
                    ..
                } = error.into();
                let text = std::iter::once(message).chain(causes);
                let text = text.collect::<Vec<_>>().join(": ");
                let hint = hints.first().map(|hint| format!(" ({hint})"));
                self.0.push(text + &hint.unwrap_or_default());
                None
            }
        }
    }
}

impl RunSummary {
    fn of(journal: &Journal) -> Self {
        let plan = journal.plan();
        let steps = journal.steps().iter().zip(&plan.steps).zip(1..);
        let mut at_work = steps.filter(|((state, _), _)| {
            matches!(
                state,
                StepState::Doing | StepState::Undoing | StepState::Failed
            )
        });
        let step = at_work.next().map(|((_, step), number)| StepAtWork {
            number,
            count: plan.steps.len(),
            title: step.title(),
        });
        Self {
            run: journal.run().to_owned(),
            plan: plan.id.clone(),
            from: plan.from.clone(),
            to: plan.to.clone(),
            state: journal.state(),
            confirm_until: journal.awaits(),
            step,
            projects: plan.projects.clone(),
            env_files: plan.request.env_files.clone(),
            profiles: plan.request.profiles.clone(),
            error: (!journal.state().is_over())
                .then(|| journal.last_error().map(str::to_owned))
                .flatten(),
        }
    }
}

impl Standing {
    /// The containers of the release that is current, and of those of the last run; none where no engine
    /// can be asked, which says nothing of whether there are any.
    fn find(install: &Install, status: &StatusJson, docker: &DockerArg) -> Option<Vec<Self>> {
        let run = status.run.iter().flat_map(|run| [&run.from, &run.to]);
        let releases: BTreeSet<&Version> = status.current.iter().chain(run).collect();
        let docker = docker.find().ok()?;
        docker.server().ok()?;
        let containers = Container::all(&docker).ok()?;
        let standing = releases.into_iter().map(|release| {
            let folder = install.release(release).map(|found| found.project_folder());
            let folder = folder.unwrap_or_else(|_| install.release_folder(release));
            let own = containers.iter().filter(|one| one.is_from(&folder));
            let (running, stopped): (Vec<_>, Vec<_>) = own.partition(|one| one.running);
            Self {
                release: release.clone(),
                running: running.len(),
                stopped: stopped.len(),
            }
        });
        Some(standing.collect())
    }
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

/// The last run, where it stands, and what comes next.
fn last_run(run: &RunSummary, is_locked: bool) -> String {
    let mut text = format!(
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
    if let Some(StepAtWork {
        number,
        count,
        title,
    }) = &run.step
    {
        text += &format!("          at step {number} of {count}: {title}\n");
    }
    if let Some(error) = &run.error {
        text += &format!("          failed: {error}\n");
    }
    if let Some(until) = run.confirm_until {
        let waits = match is_locked {
            true => format!(
                "it goes back at {}, unless: transship confirm",
                size::clock_time(until)
            ),
            false => format!(
                "nobody waits for it, so that nothing goes back at {}; keep it with `transship confirm`",
                size::clock_time(until)
            ),
        };
        text += &format!("          {waits}\n");
    }
    if !run.state.is_over() && !is_locked {
        text += "          go on with `transship resume`, or undo it with `transship rollback`\n";
    }
    text
}

fn render(status: &StatusJson) -> String {
    let releases: Vec<_> = status.releases.iter().map(Version::as_str).collect();
    let unread = if status.unreadable.is_empty() {
        "none"
    } else {
        "unknown"
    };
    let current = status.current.as_ref().map_or(unread, Version::as_str);
    let mut text = format!(
        "install   {}\ncurrent   {current}\nreleases  {}\n",
        status.install.display(),
        releases.join(", ")
    );
    for version in &status.incomplete {
        let what = match status.unclear.contains(version) {
            true => "can't be looked into",
            false => "has no compose file",
        };
        text += &format!("          {version} {what}\n");
    }
    if let Some(elsewhere) = &status.elsewhere {
        text += &format!("          {elsewhere}\n");
    }
    if let Some(PlanSummary { id, from, to, .. }) = &status.plan {
        text += &format!("plan      {id}: {from} to {to}\n");
    }
    if let Some(run) = &status.run {
        text += &last_run(run, status.locked_by.is_some());
    }
    for Standing {
        release,
        running,
        stopped,
    } in status.services.iter().flatten()
    {
        if running + stopped > 0 {
            text += &format!("services  {release}: {running} running, {stopped} stopped\n");
        }
    }
    if let Some(LockHolder {
        pid,
        command,
        since,
        ..
    }) = &status.locked_by
    {
        text += &format!(
            "at work   `transship {command}` (process {pid}) since {}\n",
            size::clock_time(*since)
        );
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

pub(super) const fn describe(state: RunState) -> &'static str {
    match state {
        RunState::Open => "open, not over",
        RunState::Unconfirmed => "done, and to be confirmed",
        RunState::Complete => "complete",
        RunState::RollingBack => "being rolled back",
        RunState::RolledBack => "rolled back",
    }
}

//! `transship apply`, `resume` and `rollback`.

mod report_text;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::consent::{self, YesArg};
use super::held;
use super::install_place::InstallArg;
use super::options::{EngineArg, VolumesArg};
use super::plan::downtime::{DowntimeLimit, time};
use super::plan::{PlanJson, expected_downtime, show};
use super::rehearse;
use super::terminal::failure::Failure;
use super::terminal::size;
use super::terminal::ui::{Done, Ui};
use crate::engine::VolumeStore;
use crate::error::{Explain, Kind};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::rehearsal::{RehearsalRecord, WithNotes, require_as_rehearsed};
use crate::release::Install;
use crate::upgrade::data_places::DataPlaces;
use crate::upgrade::planning::drift;
use crate::upgrade::planning::prepare::{Prepared, prepare};
use crate::upgrade::running::discard_loss::{DiscardLoss, discard_loss};
use crate::upgrade::running::going_back::OnFailure;
use crate::upgrade::running::journal::RunState;
use crate::upgrade::running::maintenance_window::MaintenanceWindow;
use crate::upgrade::running::run_terms::RunTerms;
use crate::upgrade::running::runner;
use crate::upgrade::running::writes_since_copy::writes_since_copy;
use crate::upgrade::step::quote;
use crate::upgrade::{Plan, Report, Runner};

/// Do what a plan says.
///
/// Everything is observed again first: where it isn't as it was when the plan was made,
/// nothing is done. Every step is journaled before it begins and after it is done, so
/// that an interrupted run can be gone on with or undone.
#[derive(Debug, clap::Args)]
pub(super) struct Apply {
    /// The plan's name, or the path of a saved plan; the newest when absent
    plan: Option<String>,
    #[command(flatten)]
    install: InstallArg,
    #[command(flatten)]
    engine: EngineArg,
    #[command(flatten)]
    how: ApplyHow,
    #[command(flatten)]
    downtime: DowntimeLimit,
    /// Do the plan of the rehearsal RUN, step for step as it was rehearsed
    ///
    /// Refused where that didn't go well, or where anything that the plan was made from isn't as it was
    /// then: files, images, sizes of volumes, transship itself. What was written down of a step
    /// (`transship log note`) is told just before it.
    #[arg(long, value_name = "RUN", conflicts_with = "plan")]
    replay: Option<String>,
    /// Observe again and show the plan, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// How a plan is carried out.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ApplyHow {
    /// Undo everything if a step fails before the old release is stopped, or where the plan stops none;
    /// the exit code is then 5. An interruption is none
    #[arg(long)]
    rollback_on_failure: bool,
    /// Leave all as it stands where something fails after the old release was stopped (exit code 4),
    /// instead of starting it again
    #[arg(long, conflicts_with = "rollback_on_failure")]
    no_rollback: bool,
    /// You have read the vendor's notes that the plan names
    #[arg(long)]
    notes_read: bool,
    #[command(flatten)]
    pub(super) terms: TermsArgs,
}

/// When the old release may be stopped, and whether the new one stays by itself.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct TermsArgs {
    /// Stop the old release only in this window, in local time: `02:00-04:00`, or for one day
    /// `2026-11-28T02:00/04:00`
    ///
    /// It begins only if the downtime that the plan expects fits into what is left, and goes back (exit
    /// code 5) where the window ends before the new release serves.
    #[arg(long, value_name = "FROM-TO")]
    window: Option<MaintenanceWindow>,
    /// Make everything ready, and wait for the window
    #[arg(long, requires = "window")]
    wait: bool,
    /// Once it is done, go back (exit code 5) unless `transship confirm` comes in time: `10m`
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "no_rollback")]
    confirm_within: Option<Duration>,
}

impl TermsArgs {
    fn terms(&self, limit: &DowntimeLimit) -> RunTerms {
        RunTerms {
            window: self.window.clone(),
            wait: self.wait,
            confirm_seconds: self.confirm_within.map(|time| time.as_secs()),
            max_downtime_seconds: limit.max_downtime.map(|time| time.as_secs()),
        }
    }

    /// That it can be known whether the plan fits into the window, unless that is accepted.
    pub(super) fn require_known(&self, plan: &Plan, accept_unknown: bool) -> Result<(), Failure> {
        match (&self.window, &plan.estimate.downtime) {
            (Some(_), Some(estimate)) => {
                Ok(estimate.require_within(Duration::MAX, accept_unknown)?)
            }
            _ => Ok(()),
        }
    }
}

impl ApplyHow {
    pub(super) fn on_failure(&self) -> OnFailure {
        match self.no_rollback {
            true => OnFailure::Stay,
            false => OnFailure::GoBack,
        }
    }
}

/// Go on with an interrupted run.
#[derive(Debug, clap::Args)]
pub(super) struct Resume {
    #[command(flatten)]
    install: InstallArg,
    #[command(flatten)]
    engine: EngineArg,
    /// Leave all as it stands where something fails after the old release was stopped (exit code 4),
    /// instead of starting it again
    #[arg(long)]
    no_rollback: bool,
}

/// Undo the last run.
///
/// After a complete run, `current` goes back to the old release, which was never changed;
/// the new release and its volumes stay, with all that was written into them. After an
/// interrupted run, everything that it made is removed.
///
/// Where the run had stopped the old release and started the new one, these are stopped and started the
/// other way round: the very containers of the old release, of the images that they had. It succeeds
/// only if the old release is up, and well where the recipe has checks.
#[derive(Debug, clap::Args)]
pub(super) struct Rollback {
    #[command(flatten)]
    install: InstallArg,
    #[command(flatten)]
    engine: EngineArg,
    /// Remove the new release and its volumes, too, with all that was written into them
    ///
    /// What would be lost is shown first, and asked about: on a terminal, or by `--yes`.
    #[arg(long)]
    discard: bool,
    /// Go back although the new release was written since: that stays in its volumes, and the old one
    /// doesn't have it
    #[arg(long)]
    accept_data_loss: bool,
    /// Only say what would be undone, and what would be lost
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: YesArg,
}

#[derive(Serialize)]
struct WouldUndo {
    would_undo: Vec<String>,
    /// What would be gone for good: volumes and folders, with all that was written into them.
    would_lose: Vec<DiscardLoss>,
}

/// The store of a plan, wherever it was made.
pub(super) fn engine_of(
    install: &Install,
    plan: &Plan,
    engine: &EngineArg,
) -> Result<Box<dyn VolumeStore>, Failure> {
    let arg = VolumesArg {
        volumes: None,
        engine: engine.clone(),
    };
    arg.store(&plan.request.volumes_of(install))
}

pub(super) fn apply(args: &Apply, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "apply")?;
    held::warn(&args.engine.docker, ui);
    rehearse::sweep(&install, &disk, &args.engine.docker, ui);
    runner::require_over(&install)?;
    let replayed = args.replay.as_deref();
    let replayed = replayed.map(|run| RehearsalRecord::find(&install, Some(run)));
    let replayed = replayed.transpose()?;
    let mut plan = match &replayed {
        Some(record) => record.plan.clone(),
        None => Plan::find(&install, args.plan.as_deref())?,
    };
    let store = engine_of(&install, &plan, &args.engine)?;
    let now = match &replayed {
        Some(record) => as_rehearsed(&install, record, store.as_ref(), ui)?,
        None => as_planned(&install, &plan, store.as_ref(), ui)?,
    };
    if replayed.is_some() {
        // It was planned before anything was known of it.
        plan.estimate.downtime = expected_downtime(&install, &now, store.as_ref(), ui)?;
    }
    if args.dry_run {
        let shown = if ui.json {
            ui.json(
                "transship-plan-shown",
                &PlanJson::of(None, &now, store.as_ref(), ui),
            )
        } else {
            show(&now, store.as_ref(), ui)
        };
        return shown.map(|()| Done::Same);
    }
    args.how
        .terms
        .require_known(&plan, args.downtime.accept_unknown_downtime)?;
    args.downtime.require(&plan)?;
    let with_notes = replayed
        .as_ref()
        .map(|record| WithNotes::of(record, ui.progress()));
    let progress: &dyn Progress = match &with_notes {
        Some(with_notes) => with_notes,
        None => ui.progress(),
    };
    if replayed.is_none() {
        rehearse::look_for(&install, &now, store.as_ref(), ui)?;
    }
    let runner = Runner {
        install: &install,
        disk: &disk,
        volumes: DataPlaces {
            install: &install,
            volumes: store.as_ref(),
        },
        progress,
        on_failure: args.how.on_failure(),
    };
    let report = carry_out(&runner, plan, &now, (&args.how, &args.downtime), ui)?;
    finish(report, ui)
}

/// What is planned now, which is just what was planned.
fn as_planned(
    install: &Install,
    plan: &Plan,
    store: &dyn VolumeStore,
    ui: &Ui,
) -> Result<Prepared, Failure> {
    plan.require_own(install, "plan", &plan.id)?;
    runner::require_unapplied(install, plan)?;
    plan.require_settled()?;
    let now = prepare(install, &plan.request, store, ui.progress())?;
    drift::check(plan, &now.plan)?;
    Ok(now)
}

/// What is planned now, which is just what was rehearsed.
pub(super) fn as_rehearsed(
    install: &Install,
    record: &RehearsalRecord,
    store: &dyn VolumeStore,
    ui: &Ui,
) -> Result<Prepared, Failure> {
    let plan = &record.plan;
    plan.require_own(install, "plan", &plan.id)?;
    runner::require_unapplied(install, plan)?;
    plan.require_settled()?;
    let now = prepare(install, &plan.request, store, ui.progress())?;
    require_as_rehearsed(install, record, &now, store, ui.progress())?;
    drift::check(plan, &now.plan)?;
    Ok(now)
}

/// Carries out a plan that is as it would be made now; the caller has the install's lock, and tells of it.
pub(super) fn carry_out(
    runner: &Runner<'_>,
    plan: Plan,
    now: &Prepared,
    (how, limit): (&ApplyHow, &DowntimeLimit),
    ui: &Ui,
) -> Result<Report, Failure> {
    if let Some(notes) = &plan.notes
        && !how.notes_read
    {
        let what = format!(
            "the vendor's notes are to be read first: `{}`",
            notes.display()
        );
        return Err(Failure::new(Kind::Refused, what).hint("then say `--notes-read`"));
    }
    if !plan.request.up {
        // What the plan stops itself its steps look at, one by one.
        require_idle(now)?;
    }
    ui.progress().logs(runner.install, &plan);
    warn_of_shared(&plan, ui);
    match runner.apply_on(plan, how.terms.terms(limit)) {
        Ok(report) => Ok(report),
        Err(error) if how.rollback_on_failure && error.kind() == Kind::Failed => {
            ui.warn(&error.to_string());
            let failure = Failure::from(error);
            runner.roll_back(false)?;
            Err(Failure {
                kind: Kind::RolledBack,
                hints: Vec::new(),
                ..failure
            }
            .hint("everything was rolled back; mend the cause and apply the plan again"))
        }
        Err(error) => Err(Failure::of_run(error)),
    }
}

pub(super) fn resume(args: &Resume, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "resume")?;
    held::warn(&args.engine.docker, ui);
    rehearse::sweep(&install, &disk, &args.engine.docker, ui);
    let newest = runner::newest(&install, "resume")?;
    ui.progress().logs(&install, newest.plan());
    let store = engine_of(&install, newest.plan(), &args.engine)?;
    let runner = Runner {
        install: &install,
        disk: &disk,
        volumes: DataPlaces {
            install: &install,
            volumes: store.as_ref(),
        },
        progress: ui.progress(),
        on_failure: match args.no_rollback {
            true => OnFailure::Stay,
            false => OnFailure::GoBack,
        },
    };
    finish(runner.resume().map_err(Failure::of_run)?, ui)
}

pub(super) fn roll_back(args: &Rollback, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "rollback")?;
    held::warn(&args.engine.docker, ui);
    rehearse::sweep(&install, &disk, &args.engine.docker, ui);
    let journal = runner::newest(&install, "roll back")?;
    let store = engine_of(&install, journal.plan(), &args.engine)?;
    if matches!(journal.state(), RunState::Complete | RunState::Unconfirmed) {
        install.require_good(&journal.plan().from)?;
        warn_of_shared(journal.plan(), ui);
        let written = writes_since_copy(&install, journal.plan(), store.as_ref(), ui.progress())?;
        for line in &written {
            ui.warn(line);
        }
        let stays = journal.plan().request.up && !written.is_empty() && !args.discard;
        if stays && !args.accept_data_loss && !args.dry_run {
            let to = &journal.plan().to;
            let what = format!(
                "{to} was, or may have been, written since the switch: going back leaves that behind"
            );
            return Err(Failure::new(Kind::Refused, what).hint(
                "it stays in the new release's volumes and folders; where that will do: `--accept-data-loss`",
            ));
        }
    }
    let runner = Runner {
        install: &install,
        disk: &disk,
        volumes: DataPlaces {
            install: &install,
            volumes: store.as_ref(),
        },
        progress: ui.progress(),
        on_failure: OnFailure::Stay,
    };
    let is_over = !matches!(journal.state(), RunState::Open | RunState::RollingBack);
    let would_lose = match args.discard && is_over {
        true => discard_loss(&install, &journal, store.as_ref(), ui.progress())?,
        false => Vec::new(),
    };
    if args.dry_run {
        let would_undo = runner.would_undo(args.discard)?;
        return foretell(would_undo, would_lose, ui);
    }
    ui.progress().logs(&install, journal.plan());
    if args.discard && is_over {
        let undone = runner.would_undo(true)?;
        if !args.consent.yes {
            let undone = undone.iter().map(|title| format!("undo: {title}\n"));
            consent::show(&(undone.collect::<String>() + &losses(&would_lose)), ui);
        }
        args.consent.require(ui)?;
    }
    finish(runner.roll_back(args.discard)?, ui)
}

/// What a rollback would do.
fn foretell(
    would_undo: Vec<String>,
    would_lose: Vec<DiscardLoss>,
    ui: &Ui,
) -> Result<Done, Failure> {
    if ui.json {
        let body = WouldUndo {
            would_undo,
            would_lose,
        };
        ui.json("transship-rollback-foretold", &body)?;
        return Ok(Done::Same);
    }
    for title in would_undo {
        ui.line(&format!("would undo: {title}"))?;
    }
    ui.print(&losses(&would_lose))?;
    Ok(Done::Same)
}

/// What would be gone for good, a line for each.
fn losses(lost: &[DiscardLoss]) -> String {
    let line = |DiscardLoss { what, files, bytes }: &DiscardLoss| {
        let (files, bytes) = (size::count(*files, "file"), size::human(*bytes));
        format!("lost for good: {what}, {files}, {bytes}\n")
    };
    lost.iter().map(line).collect()
}

/// Says what going back brings nothing of back.
fn warn_of_shared(plan: &Plan, ui: &Ui) {
    for line in plan.not_brought_back() {
        ui.warn(&line);
    }
}

pub(super) fn finish(report: Report, ui: &Ui) -> Result<Done, Failure> {
    ui.acted();
    let report = told(report, ui);
    if ui.json {
        ui.json("transship-report", &report)?;
    } else {
        ui.print(&ui.fitted(&report_text::render(&report, ui)))?;
    }
    Ok(Done::Same)
}

/// The report with what remains to be done, which for scripts can be pasted.
pub(super) fn told(report: Report, ui: &Ui) -> Report {
    let mut report = report.with_next();
    if ui.json {
        for next in &mut report.next {
            *next = ui.pasted(next);
        }
    }
    report
}

/// A volume that something writes can't be copied: said for all of them at once, before
/// the first step.
fn require_idle(now: &Prepared) -> Result<(), Failure> {
    // Where nobody could say, the step that copies the volume refuses.
    let mut all = BTreeSet::new();
    let busy = now.plan.estimate.volumes.iter().filter_map(|volume| {
        let users = volume.in_use_by.as_ref()?;
        all.extend(users);
        let (key, names) = (&volume.key, users.join(", "));
        let kind = if key.starts_with('/') { "" } else { "volume " };
        (!users.is_empty()).then(|| format!("{kind}`{key}` is in use by {names}"))
    });
    let busy: Vec<_> = busy.collect();
    if busy.is_empty() {
        return Ok(());
    }
    let (project, folder) = (&now.decisions.from_project, quote(&now.releases.old.folder));
    // Others may use it, too, whom no stop of the old release would stop.
    let all: Vec<_> = all.into_iter().map(String::as_str).collect();
    Err(Failure::new(Kind::Refused, busy.join("; "))
        .hint(format!("stop first: {}", all.join(", ")))
        .hint(format!(
            "all of the old release stops with: docker compose -p {project} --project-directory \
             {folder} stop"
        )))
}

//! `transship plan`, and making a plan again for `apply`.

pub(super) mod downtime;
mod running;
mod services;
mod summary;
mod text;

use std::path::{Path, PathBuf};

use serde::Serialize;

use downtime::DowntimeLimit;
use text::FileDiff;
pub(super) use text::show;

use super::held;
use super::install_place::InstallArg;
use super::options::VolumesArg;
use super::rehearse;
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use super::upgrade_options::UpgradeOptions;
use crate::engine::VolumeStore;
use crate::fs::Disk;
use crate::rehearsal::RehearsalRecord;
use crate::release::{Install, Version};
use crate::upgrade::downtime_estimate::{DowntimeEstimate, DowntimeFacts};
use crate::upgrade::planning::merging;
use crate::upgrade::planning::prepare::{Prepared, prepare};
use crate::upgrade::planning::release_changes::ReleaseChanges;
use crate::upgrade::running::runner;
use crate::upgrade::step::Phase;
use crate::upgrade::{Decisions, Plan, PlanScript, Step};

/// Show what an upgrade would do, and save it for `transship apply`.
///
/// Shown are the steps with the commands that would do the same by hand, the difference
/// of every file (secrets masked), every volume with its size, and what is free. Nothing
/// but the plan itself is written.
///
/// Where the old release runs, the plan stops it and starts the new one, and says what is done before
/// that, while it still serves; `--no-up` leaves both to you.
#[derive(Debug, clap::Args)]
pub(super) struct PlanCommand {
    #[command(flatten)]
    plan: PlanArgs,
    /// Print the plan as a script for a POSIX shell, which does the same without a journal
    ///
    /// It uses docker, cp and transship's own commands, holds what it makes against the plan's digests, and
    /// stops at the first thing that fails. It can be read, kept and changed; neither `resume` nor
    /// `rollback` knows what it did.
    #[arg(long, conflicts_with = "dry_run")]
    sh: bool,
}

/// The plan that is wanted.
#[derive(Debug, clap::Args)]
pub(super) struct PlanArgs {
    /// The release to upgrade to
    pub(super) version: Version,
    #[command(flatten)]
    pub(super) install: InstallArg,
    #[command(flatten)]
    pub(super) wanted: UpgradeOptions,
    /// The vendor's tarball or folder of the old release, to tell its files from your edits
    ///
    /// It is kept, but for a `--dry-run`; releases that transship has staged need none.
    #[arg(long, value_name = "PATH")]
    pub(super) pristine: Option<PathBuf>,
    /// Plan no stop and no start, though the old release runs: both are yours, before and after
    #[arg(long)]
    pub(super) no_up: bool,
    #[command(flatten)]
    pub(super) volumes: VolumesArg,
    #[command(flatten)]
    pub(super) downtime: DowntimeLimit,
    /// Show the plan without saving it
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct PlanJson<'a> {
    saved: Option<&'a Path>,
    plan: &'a Plan,
    changes: &'a ReleaseChanges,
    /// When each step is done, seen from the services, in the plan's order.
    phases: Vec<Phase>,
    /// The steps as they are shown, in the plan's order.
    steps: Vec<StepJson>,
    /// What becomes of each file, secrets masked.
    differences: Vec<FileDiff>,
}

#[derive(Serialize)]
struct PlanScriptJson<'a> {
    plan: &'a str,
    script: &'a str,
}

/// A step as a person would do it by hand, from the install's folder.
#[derive(Serialize)]
struct StepJson {
    number: usize,
    title: String,
    phase: Phase,
    commands: Vec<String>,
}

impl<'a> PlanJson<'a> {
    pub(super) fn of(
        saved: Option<&'a Path>,
        prepared: &'a Prepared,
        store: &dyn VolumeStore,
        ui: &Ui,
    ) -> Self {
        let plan = &prepared.plan;
        Self {
            saved,
            plan,
            changes: &prepared.changes,
            phases: plan.steps.iter().map(Step::phase).collect(),
            steps: (1..)
                .zip(&plan.steps)
                .map(|(number, step)| StepJson {
                    number,
                    title: step.title(),
                    phase: step.phase(),
                    commands: step.commands(store),
                })
                .collect(),
            differences: text::file_diffs(prepared, ui),
        }
    }
}

pub(super) fn run(command: &PlanCommand, ui: &Ui) -> Result<Done, Failure> {
    let args = &command.plan;
    let install = args.install.adopted(ui)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "plan")?;
    let MadePlan {
        prepared: planned,
        store,
        saved,
    } = make(args, &args.version, &install, &disk, ui)?;
    if command.sh {
        return script(args, &planned.plan, &install, store.as_ref(), ui);
    }
    let done = Done::differs(!planned.plan.conflicts.is_empty());
    if ui.json {
        ui.json(
            "transship-plan-shown",
            &PlanJson::of(saved.as_deref(), &planned, store.as_ref(), ui),
        )?;
        return Ok(done);
    }
    show(&planned, store.as_ref(), ui)?;
    match saved {
        None => ui.line("Not saved.")?,
        Some(_) if done == Done::Differs => ui.line(&format!(
            "Saved as {}. Before it can be applied, answer every conflict and plan again.",
            planned.plan.id
        ))?,
        Some(_) => ui.line(&format!(
            "Saved as {}. To do it: {}",
            planned.plan.id,
            ui.pasted("transship apply")
        ))?,
    }
    Ok(done)
}

/// Prints the plan as a script.
fn script(
    args: &PlanArgs,
    plan: &Plan,
    install: &Install,
    volumes: &dyn VolumeStore,
    ui: &Ui,
) -> Result<Done, Failure> {
    plan.require_settled()?;
    let script = PlanScript {
        plan,
        install: install.root(),
        volumes,
        assume_stopped: args.volumes.engine.assume_stopped,
    };
    let script = script.text();
    if ui.json {
        ui.json(
            "transship-plan-script",
            &PlanScriptJson {
                plan: &plan.id,
                script: &script,
            },
        )?;
    } else {
        ui.write(script.as_bytes())?;
    }
    Ok(Done::Same)
}

/// A plan that was made, and saved unless that wasn't wanted.
pub(super) struct MadePlan {
    pub(super) prepared: Prepared,
    pub(super) store: Box<dyn VolumeStore>,
    pub(super) saved: Option<PathBuf>,
}

/// Makes the plan that is asked for, to `version`; the caller has the install's lock.
pub(super) fn make(
    args: &PlanArgs,
    version: &Version,
    install: &Install,
    disk: &Disk,
    ui: &Ui,
) -> Result<MadePlan, Failure> {
    held::warn(&args.volumes.engine.docker, ui);
    rehearse::sweep(install, disk, &args.volumes.engine.docker, ui);
    runner::require_over(install)?;
    let _learnt = learn_shipment(args, install, disk, ui)?;
    let place = args.volumes.place(install.root())?;
    let (mut request, recorded) = args.wanted.request(install, version, place, ui)?;
    let store = args.volumes.store(&request.volumes_of(install))?;
    if !args.no_up {
        running::look(&mut request, install, store.as_ref(), ui)?;
    }
    // Which one runs is seen before it is remembered.
    request.from_project = request.from_project.or(recorded);
    let mut prepared = prepare(install, &request, store.as_ref(), ui.progress())?;
    prepared.plan.estimate.downtime = expected_downtime(install, &prepared, store.as_ref(), ui)?;
    args.downtime.require(&prepared.plan)?;
    let saved = if args.dry_run {
        None
    } else {
        let Decisions { to, merged, .. } = &prepared.decisions;
        merging::save_conflicts(disk, install, to, merged)?;
        let saved = prepared.plan.save(disk, install)?;
        ui.acted();
        Some(saved)
    };
    Ok(MadePlan {
        prepared,
        store,
        saved,
    })
}

/// How long a plan may be expected to be down.
pub(super) fn expected_downtime(
    install: &Install,
    prepared: &Prepared,
    store: &dyn VolumeStore,
    ui: &Ui,
) -> Result<Option<DowntimeEstimate>, Failure> {
    let mut facts = DowntimeFacts::observe(install, prepared, store, ui.progress())?;
    facts.rehearsed = RehearsalRecord::took(install, &prepared.plan, &facts.changing)?;
    Ok(DowntimeEstimate::of(&prepared.plan, &facts))
}

/// Has what the vendor shipped as the old release kept, where somebody names it or it is found.
fn learn_shipment<'a>(
    args: &PlanArgs,
    install: &'a Install,
    disk: &'a Disk,
    ui: &Ui,
) -> Result<Option<LearntForNow<'a>>, Failure> {
    let old = match &args.wanted.from {
        Some(version) => install.release(version)?,
        None => install.active()?,
    };
    let (old, progress) = (&old.version, ui.progress());
    if let Some(path) = &args.pristine {
        let is_new = install.learn_shipment(disk, old, path, progress)?;
        return Ok((is_new && args.dry_run).then(|| LearntForNow {
            install,
            disk,
            version: old.clone(),
        }));
    } else if !args.dry_run
        && let Some(found) = install.find_shipment(disk, old, progress)?
    {
        let found = found.display();
        ui.say(&format!(
            "`{found}` is taken for what the vendor shipped as {old}"
        ));
    }
    Ok(None)
}

/// What was shipped as a release, kept for a plan that is only shown, and forgotten with this.
struct LearntForNow<'a> {
    install: &'a Install,
    disk: &'a Disk,
    version: Version,
}

impl Drop for LearntForNow<'_> {
    fn drop(&mut self) {
        // Left, it is what somebody said was shipped, and true.
        let _ = self.install.forget_shipment(self.disk, &self.version);
    }
}

//! `transship upgrade`.

use std::io::{self, BufRead as _};

use serde::Serialize;

use super::apply::{ApplyHow, as_rehearsed, carry_out, engine_of, finish, told};
use super::consent::{YesArg, can_ask};
use super::held;
use super::plan::{MadePlan, PlanArgs, PlanJson, expected_downtime, make};
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::engine::VolumeStore;
use crate::error::{Code, Kind};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::rehearsal::{RehearsalRecord, WithNotes};
use crate::release::{Hop, Install, Version};
use crate::upgrade::data_places::DataPlaces;
use crate::upgrade::planning::hops::{hops, recipe_to};
use crate::upgrade::planning::prepare::Prepared;
use crate::upgrade::running::runner;
use crate::upgrade::{Report, Runner};

/// What is said of one hop, and can't be said of several.
const HOP_BY_HOP: [&str; 10] = [
    "from_release",
    "from",
    "prefix",
    "images",
    "image_archive",
    "project",
    "from_project",
    "pristine",
    "confirm_within",
    "dry_run",
];

/// What was said when the plan was rehearsed.
const REHEARSED: [&str; 18] = [
    "from_release",
    "from",
    "prefix",
    "images",
    "tag_var",
    "image_archive",
    "carry",
    "leave",
    "skip_volume",
    "own",
    "share",
    "env_files",
    "profiles",
    "project",
    "from_project",
    "ours",
    "theirs",
    "all_hops",
];

/// Upgrade: plan it, show the plan, ask, and do it.
///
/// While the old release serves, everything is made ready: images are loaded or pulled, files
/// laid out, volumes copied as they are. Then the old release is stopped, what changed is copied
/// again and verified, the new one is started and seen to be well, and `current` is switched.
/// Where anything of that fails, or on Ctrl-C, the old release is started again (exit code 5).
#[derive(Debug, clap::Args)]
pub(super) struct UpgradeArgs {
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    how: ApplyHow,
    /// Do all hops that the recipe's `path` asks for, one after the other
    ///
    /// Each has its own plan, journal and way back. The first that fails goes back to where it began, and
    /// is the last. All releases on the way have to be in the install.
    #[arg(long, conflicts_with_all = HOP_BY_HOP)]
    all_hops: bool,
    /// Do just what was rehearsed, step for step: by the rehearsal's name, its number, or `last`
    ///
    /// How it is to be done was said when it was rehearsed. Refused where that didn't go well, or where
    /// anything that the plan was made from isn't as it was then. What was written down of a step
    /// (`transship log note`) is told just before it.
    #[arg(long, value_name = "RUN", conflicts_with_all = REHEARSED)]
    replay: Option<String>,
    #[command(flatten)]
    consent: YesArg,
}

pub(super) fn run(args: &UpgradeArgs, ui: &Ui) -> Result<Done, Failure> {
    let install = args.plan.install.adopted(ui)?;
    // Refused before a plan is saved.
    if !args.plan.dry_run && !args.consent.yes && !can_ask(ui) {
        let what = "there is no terminal to ask on whether to go on";
        return Err(Failure::new(Kind::Refused, what)
            .code(Code::NeedsYes)
            .hint("say `--yes`")
            .hint("or look at it first: `transship plan VERSION`, and then `transship apply`"));
    }
    let disk = Disk::new();
    let _lock = install.lock(&disk, "upgrade")?;
    if args.all_hops {
        return all_hops(args, &install, &disk, ui);
    }
    let done = match &args.replay {
        Some(run) => replay(args, run, &install, &disk, ui)?,
        None => hop(args, &args.plan.version, &install, &disk, ui)?,
    };
    match done {
        Some(report) => finish(report, ui),
        None => Ok(Done::Same),
    }
}

/// One hop: planned, shown, asked about, and done unless it is only to be shown.
fn hop(
    args: &UpgradeArgs,
    to: &Version,
    install: &Install,
    disk: &Disk,
    ui: &Ui,
) -> Result<Option<Report>, Failure> {
    let MadePlan {
        prepared, store, ..
    } = make(&args.plan, to, install, disk, ui)?;
    if !agreed(args, &prepared, store.as_ref(), ui)? {
        return Ok(None);
    }
    super::rehearse::look_for(install, &prepared, store.as_ref(), ui)?;
    let progress = ui.progress();
    carry_out_in(
        install,
        disk,
        (&prepared, store.as_ref()),
        progress,
        args,
        ui,
    )
    .map(Some)
}

/// Just what was rehearsed: shown, asked about, and done unless it is only to be shown.
fn replay(
    args: &UpgradeArgs,
    run: &str,
    install: &Install,
    disk: &Disk,
    ui: &Ui,
) -> Result<Option<Report>, Failure> {
    let engine = &args.plan.volumes.engine;
    held::warn(&engine.docker, ui);
    super::rehearse::sweep(install, disk, &engine.docker, ui);
    runner::require_over(install)?;
    let record = RehearsalRecord::find(install, Some(run))?;
    let (to, rehearsed) = (&args.plan.version, &record.plan.to);
    if !rehearsed.is_same_as(to) {
        let what = format!(
            "rehearsal {} leads to {rehearsed}, and not to {to}",
            record.id
        );
        return Err(Failure::new(Kind::Usage, what));
    }
    let store = engine_of(install, &record.plan, engine)?;
    let mut prepared = as_rehearsed(install, &record, store.as_ref(), ui)?;
    // It was planned before anything was known of it.
    prepared.plan.estimate.downtime = expected_downtime(install, &prepared, store.as_ref(), ui)?;
    args.plan.downtime.require(&prepared.plan)?;
    if !agreed(args, &prepared, store.as_ref(), ui)? {
        return Ok(None);
    }
    let progress = WithNotes::of(&record, ui.progress());
    carry_out_in(
        install,
        disk,
        (&prepared, store.as_ref()),
        &progress,
        args,
        ui,
    )
    .map(Some)
}

/// Shows the plan, and says whether it is to be done.
fn agreed(
    args: &UpgradeArgs,
    prepared: &Prepared,
    store: &dyn VolumeStore,
    ui: &Ui,
) -> Result<bool, Failure> {
    if !ui.json {
        super::plan::show(prepared, store, ui)?;
    }
    prepared.plan.require_settled()?;
    if args.plan.dry_run {
        if ui.json {
            let document = PlanJson::of(None, prepared, store, ui);
            ui.json("transship-plan-shown", &document)?;
        }
        return Ok(false);
    }
    if !args.consent.yes {
        ask(&prepared.plan.id, ui)?;
    }
    Ok(true)
}

fn carry_out_in(
    install: &Install,
    disk: &Disk,
    (prepared, store): (&Prepared, &dyn VolumeStore),
    progress: &dyn Progress,
    args: &UpgradeArgs,
    ui: &Ui,
) -> Result<Report, Failure> {
    let plan = prepared.plan.clone();
    let accept_unknown = args.plan.downtime.accept_unknown_downtime;
    args.how.terms.require_known(&plan, accept_unknown)?;
    let runner = Runner {
        install,
        disk,
        volumes: DataPlaces {
            install,
            volumes: store,
        },
        progress,
        on_failure: args.how.on_failure(),
    };
    carry_out(
        &runner,
        plan,
        prepared,
        (&args.how, &args.plan.downtime),
        ui,
    )
}

/// The document of `--json` with `--all-hops`.
#[derive(Serialize)]
struct HopsJson {
    /// What became of each hop, in order.
    reports: Vec<Report>,
}

/// All hops that the recipe asks for, one after the other, each with its own plan and way back. The
/// first that fails is the last.
fn all_hops(args: &UpgradeArgs, install: &Install, disk: &Disk, ui: &Ui) -> Result<Done, Failure> {
    let to = &args.plan.version;
    let recipe = recipe_to(install, to)?;
    let from = install.active()?.version;
    let hops = hops(install, &recipe, &from, to)?.hops;
    require_here(&hops, install)?;
    let mut reports = Vec::new();
    for (number, next) in hops.iter().enumerate() {
        let count = hops.len();
        let hop_number = number + 1;
        ui.say(&format!(
            "hop {hop_number} of {count}: {} to {}",
            next.from, next.to
        ));
        let done = hop(args, &next.to, install, disk, ui).map_err(|failure| match number {
            0 => failure,
            _ => failure.hint(format!(
                "{number} of {count} hops are done, up to {}",
                next.from
            )),
        })?;
        let done = done.map(|report| match ui.json {
            true => {
                reports.push(told(report, ui));
                Ok(Done::Same)
            }
            false => finish(report, ui),
        });
        done.transpose()?;
    }
    ui.acted();
    if ui.json {
        ui.json("transship-hops", &HopsJson { reports })?;
    }
    Ok(Done::Same)
}

/// Every release on the way is in the install before the first hop begins.
fn require_here(hops: &[Hop], install: &Install) -> Result<(), Failure> {
    let here = install.releases()?;
    let is_here = |to: &Version| here.iter().any(|release| release.version.is_same_as(to));
    let missing = hops.iter().filter(|hop| !is_here(&hop.to));
    let missing: Vec<String> = missing.map(|hop| hop.to.to_string()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let what = format!(
        "on the way are releases that aren't in the install: {}",
        missing.join(", ")
    );
    Err(Failure::new(Kind::Refused, what)
        .hint("put each there: transship release new VERSION --from-release PATH"))
}

/// Asks on the terminal.
fn ask(id: &str, ui: &Ui) -> Result<(), Failure> {
    // Who can't be asked hasn't agreed.
    ui.ask("Do it? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        true => Ok(()),
        false => Err(
            Failure::new(Kind::Refused, "not done, since you didn't say yes")
                .code(Code::NeedsYes)
                .hint(format!("the plan is saved: transship apply {id}")),
        ),
    }
}

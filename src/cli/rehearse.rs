//! `transship rehearse`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::consent::{self, YesArg};
use super::install_place::InstallArg;
use super::options::{DockerArg, VolumesArg};
use super::plan::downtime::DowntimeLimit;
use super::plan::{MadePlan, PlanArgs, make};
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use super::terminal::{color, size};
use super::upgrade_options::UpgradeOptions;
use crate::engine::{Quiesce, VolumeBackend, VolumeStore};
use crate::error::Kind;
use crate::fs::Disk;
use crate::rehearsal::{
    self, CloneStanding, Ledger, LedgerEntry, Overheard, Rehearsal, RehearsalRecord, Rehearser,
    RoundKind,
};
use crate::release::{Install, Version};
use crate::upgrade::planning::prepare::{Prepared, prepare};

/// How long a container has to end where it is stopped for a copy.
const STOPPING: Duration = Duration::from_mins(5);

/// Rehearse an upgrade on a clone, and the way back, too.
///
/// The plan is made and saved as `plan` does. Then a clone of the install is made below
/// `.transship/rehearsals/`, with the current release's files and its volumes: blocks are shared where
/// the filesystem can, else there must be room for copies. In the clone the plan is made once more, which
/// has to give the same steps, and is done; it is rolled back, and everything is held against how it was
/// before; what it made is discarded, and nothing may be left; and it is done again. The install itself
/// isn't touched.
///
/// Where the old release runs, say `--pause` or `--stop`: it is kept from writing while it is copied. In
/// the clone it is started with names of its own, in networks that lead nowhere, and seen to be healthy,
/// before the plan stops it. Its ports are published as others, on 127.0.0.1 alone, and told. Folders of the
/// host that they mount are cloned, too.
///
/// Nothing leaves the clone, and nothing in it reaches this machine. What would have left is told: every name
/// outside leads to a container of a static transship (`--helper`), which takes mail and requests, throws them
/// away, and keeps by whom and to whom they were.
///
/// Told is how long each took and what isn't as it should be (exit code 1). What was done is kept, and
/// the clone is removed unless `--keep` is said.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line of its own"
)]
pub(super) struct RehearseArgs {
    /// The release to upgrade to
    #[arg(required_unless_present_any = ["clean", "report"])]
    version: Option<Version>,
    #[command(flatten)]
    install: InstallArg,
    #[command(flatten)]
    wanted: UpgradeOptions,
    /// The vendor's tarball or folder of the old release, to tell its files from your edits
    #[arg(long, value_name = "PATH")]
    pristine: Option<PathBuf>,
    /// Rehearse no stop and no start, though the old release runs: what is done to its files and
    /// volumes, which nothing may be writing
    #[arg(long)]
    no_up: bool,
    #[command(flatten)]
    volumes: VolumesArg,
    /// Have what runs of the old release stand still while it is copied: the copy is then what a power cut
    /// would have left
    #[arg(long, conflicts_with_all = ["stop", "no_up"])]
    pause: bool,
    /// Have what runs of the old release stopped while it is copied, and started again
    #[arg(long, conflicts_with = "no_up")]
    stop: bool,
    /// Run the recipe's hooks and checks that are run on this machine, too: `$TRANSSHIP_INSTALL` is the
    /// clone then
    #[arg(long)]
    on_host: bool,
    /// Leave the clone for people to try; `status` tells of it
    #[arg(long)]
    keep: bool,
    /// Remove all clones that stand, those that were kept, too
    #[arg(long, conflicts_with_all = ["version", "keep"])]
    clean: bool,
    /// With --clean: don't ask about clones that were kept
    #[arg(short, long, requires = "clean")]
    yes: bool,
    /// Write a report to FILE, Markdown or, for `.html`, one page that needs nothing else; without VERSION,
    /// of an earlier rehearsal, with what has drifted since
    #[arg(long, value_name = "FILE", conflicts_with = "clean")]
    report: Option<PathBuf>,
    /// With --report: which rehearsal is meant, by its name or number; the newest when absent
    #[arg(long, value_name = "RUN", conflicts_with_all = ["version", "keep", "clean"])]
    run: Option<String>,
}

#[derive(Serialize)]
struct RehearseJson<'a> {
    /// The clone's folder, where it was kept.
    clone: Option<PathBuf>,
    rehearsal: &'a RehearsalRecord,
}

#[derive(Serialize)]
struct CleanJson {
    removed: Vec<String>,
}

pub(super) fn run(args: RehearseArgs, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "rehearse")?;
    let (keep, Some(version)) = (args.keep, args.version.clone()) else {
        if let Some(file) = &args.report {
            return report_again(&args, file, &install, &disk, ui);
        }
        let docker = &args.volumes.engine.docker;
        return clean(&install, &disk, docker, YesArg { yes: args.yes }, ui);
    };
    let hold = match (args.pause, args.stop) {
        (true, _) => Some(Quiesce::Pause),
        (_, true) => Some(Quiesce::Stop(STOPPING)),
        _ => None,
    };
    let plan = PlanArgs {
        version,
        install: args.install,
        wanted: args.wanted,
        pristine: args.pristine,
        no_up: args.no_up,
        volumes: args.volumes,
        dry_run: false,
        downtime: DowntimeLimit::default(),
    };
    let MadePlan {
        prepared, store, ..
    } = make(&plan, &plan.version, &install, &disk, ui)?;
    prepared.plan.require_settled()?;
    let open = |place: &VolumeBackend| place.open(plan.volumes.engine.access());
    let rehearser = Rehearser {
        install: &install,
        disk: &disk,
        volumes: store.as_ref(),
        open: &open,
        prepared: &prepared,
        progress: ui.progress(),
        keep,
        hold,
        on_host: args.on_host,
        docker: &|| plan.volumes.engine.docker.find(),
        helper: plan.volumes.engine.helper.clone(),
    };
    let record = rehearser.rehearse()?;
    ui.acted();
    if let Some(file) = &args.report {
        write_report(&disk, file, &record, None)?;
    }
    show(&install, &record, ui)?;
    Ok(Done::differs(!record.is_well()))
}

/// Removes what a killed rehearsal left; the caller has the install's lock.
pub(super) fn sweep(install: &Install, disk: &Disk, docker: &DockerArg, ui: &Ui) {
    match rehearsal::sweep(install, disk, &|| docker.find()) {
        Ok(swept) => {
            for id in swept {
                ui.say(&format!(
                    "note: removed what rehearsal {id} left when it was killed"
                ));
            }
        }
        Err(error) => ui.warn(&format!(
            "what a killed rehearsal left can't be removed: {error}"
        )),
    }
}

/// Says where a plan was never rehearsed, or not well; refuses where the recipe wants it to have been.
pub(super) fn look_for(
    install: &Install,
    now: &Prepared,
    volumes: &dyn VolumeStore,
    ui: &Ui,
) -> Result<(), Failure> {
    let is_required = now.releases.recipe.needs_rehearsal;
    let to = &now.plan.to;
    let Some(record) = rehearsal::rehearsal_of(install, &now.plan)? else {
        let what = "this plan was never rehearsed";
        if is_required {
            let what = format!("{what}, and the recipe says `rehearsal: required`");
            return Err(Failure::new(Kind::Refused, what)
                .hint(format!("rehearse it: transship rehearse {to}")));
        }
        ui.say(&format!(
            "note: {what}; to do that first: transship rehearse {to}"
        ));
        return Ok(());
    };
    if is_required {
        let progress = ui.progress();
        rehearsal::require_as_rehearsed(install, &record, now, volumes, progress)?;
    } else if !record.is_well() {
        ui.warn(&format!(
            "rehearsal {} of this plan didn't go well",
            record.id
        ));
    }
    Ok(())
}

/// Writes the report of an earlier rehearsal, with what has drifted since, as far as that can be known.
fn report_again(
    args: &RehearseArgs,
    file: &Path,
    install: &Install,
    disk: &Disk,
    ui: &Ui,
) -> Result<Done, Failure> {
    let record = RehearsalRecord::find(install, args.run.as_deref())?;
    let store = args
        .volumes
        .store(&record.plan.request.volumes_of(install))?;
    let now = prepare(install, &record.plan.request, store.as_ref(), ui.progress());
    let drifted = match now {
        Ok(now) => rehearsal::drifted(install, &record, &now, store.as_ref(), ui.progress())?,
        Err(error) => vec![format!("the plan can't be made any more: {error}")],
    };
    write_report(disk, file, &record, Some(&drifted))?;
    ui.line(&format!(
        "{} has the report of rehearsal {}",
        file.display(),
        record.id
    ))?;
    Ok(Done::Same)
}

fn write_report(
    disk: &Disk,
    file: &Path,
    record: &RehearsalRecord,
    drifted: Option<&[String]>,
) -> Result<(), Failure> {
    let is_html = file
        .extension()
        .is_some_and(|kind| kind == "html" || kind == "htm");
    let text = match is_html {
        true => rehearsal::html(record, drifted),
        false => rehearsal::markdown(record, drifted),
    };
    Ok(disk.save(file, text.as_bytes())?)
}

fn clean(
    install: &Install,
    disk: &Disk,
    docker: &DockerArg,
    consent: YesArg,
    ui: &Ui,
) -> Result<Done, Failure> {
    let mut removed = Vec::new();
    let standing = rehearsal::standing(install)?;
    let kept = standing
        .iter()
        .filter(|record| record.standing == CloneStanding::Kept);
    let mut lost = String::new();
    for record in kept {
        let folder = record.clone_folder(install);
        lost += &format!("lost for good: the clone in {}\n", folder.display());
    }
    if !lost.is_empty() && !consent.yes {
        consent::show(&lost, ui);
        consent.require(ui)?;
    }
    for mut record in standing {
        rehearsal::clear(install, disk, &|| docker.find(), &mut record)?;
        removed.push(record.id);
    }
    if ui.json {
        ui.json("transship-rehearse-clean", &CleanJson { removed })?;
    } else if removed.is_empty() {
        ui.line("no clone stands")?;
    } else {
        for id in removed {
            ui.line(&format!("removed the clone of rehearsal {id}"))?;
        }
    }
    Ok(Done::Same)
}

fn show(install: &Install, record: &RehearsalRecord, ui: &Ui) -> Result<(), Failure> {
    if ui.json {
        let is_kept = record.standing == CloneStanding::Kept;
        return ui.json(
            "transship-rehearse",
            &RehearseJson {
                clone: is_kept.then(|| record.clone_folder(install)),
                rehearsal: record,
            },
        );
    }
    ui.print(&render(install, record, ui))
}

fn render(install: &Install, record: &RehearsalRecord, ui: &Ui) -> String {
    let (from, to) = (&record.plan.from, &record.plan.to);
    let verdict = match record.is_well() {
        true => format!("Rehearsed from {from} to {to} and back: all is as it should be"),
        false => format!("Rehearsed from {from} to {to}: not all is as it should be"),
    };
    let mut text = ui.paint(color::HEADING, &verdict) + "\n";
    let clone = &record.clone;
    let how = match clone.shares_blocks {
        true => ", its blocks shared with the original",
        false => "",
    };
    text += &row(
        "the clone",
        clone.milliseconds,
        &format!(
            "{}, {}{how}",
            size::count(clone.files, "file"),
            size::human(clone.bytes)
        ),
    );
    for round in &record.rounds {
        text += &row(round.kind.words(), round.milliseconds, &what(round));
    }
    for one in &record.databases {
        if one.differences.is_empty() {
            let (service, version, after) = (&one.service, &one.version, one.after.words());
            let (tables, rows) = (
                size::count(one.tables, "table"),
                size::count(one.rows, "row"),
            );
            text += &format!(
                "  Postgres {version} in {service} has the same after {after}: {tables}, {rows}\n"
            );
        }
    }
    if let Some(ledger) = &record.ledger {
        text += &heard(ledger);
    }
    for remark in &record.remarks {
        text += &format!("note: {remark}\n");
    }
    for finding in &record.findings {
        text += &format!("{} {finding}\n", ui.paint(color::WARNING, "found:"));
    }
    if record.is_well() {
        let (id, root) = (&record.id, install.root().display());
        text += &format!(
            "{} to do the same for real: transship apply --replay {id} -C {root}\n",
            ui.paint(color::HINT, "next:")
        );
    }
    if record.standing == CloneStanding::Kept {
        let folder = record.clone_folder(install);
        text += &format!("The clone stays in {}\n", folder.display());
        let root = install.root().display();
        text += &format!(
            "{} to remove it: transship rehearse --clean -C {root}\n",
            ui.paint(color::HINT, "next:")
        );
    }
    text
}

/// What would have gone out: all but the names, unless there is nothing else.
fn heard(ledger: &Ledger) -> String {
    /// How many are told one by one.
    const TOLD: usize = 20;
    let is_name = |entry: &&LedgerEntry| matches!(entry.heard, Overheard::Name { .. });
    let (names, others): (Vec<_>, Vec<_>) = ledger.entries.iter().partition(is_name);
    let told = if others.is_empty() { &names } else { &others };
    let mut text = String::new();
    if ledger.is_empty() {
        text += "  nothing was wanted of the outside\n";
    }
    for entry in told.iter().take(TOLD) {
        text += &format!("kept in: {}, during {}\n", entry.heard, entry.when());
    }
    let more = told.len().saturating_sub(TOLD);
    if more > 0 {
        text += &format!("kept in: {more} more, which `--report` has\n");
    }
    if !others.is_empty() && !names.is_empty() {
        let names = size::count(names.len() as u64, "name");
        text += &format!("kept in: {names} looked up, which `--report` has\n");
    }
    for remark in ledger.remarks() {
        text += &format!("kept in: {remark}\n");
    }
    text
}

fn what(round: &Rehearsal) -> String {
    let steps = size::count(round.steps.len() as u64, "step");
    match (&round.failed, round.kind) {
        (Some(_), _) => "failed".to_owned(),
        (None, RoundKind::Back | RoundKind::Discard) => format!("{steps} undone"),
        (None, _) => format!("{steps} done"),
    }
}

fn row(name: &str, milliseconds: u64, what: &str) -> String {
    let time = size::duration(Duration::from_millis(milliseconds));
    format!("  {name:<28} {time:>12}  {what}\n")
}

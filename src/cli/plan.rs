//! `transship plan`, and making a plan again for `apply`.

mod services;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::options::{InstallArg, VolumesArg};
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use super::terminal::{color, size, text_diff};
use crate::engine::{VolumeBackend, VolumeStore};
use crate::env_file::is_env_name;
use crate::error::Kind;
use crate::fs::Disk;
use crate::mask::{self, SecretWords};
use crate::merge::{MergeOutcome, OutcomeKind, Side};
use crate::release::{Install, VendorRelease, Version};
use crate::upgrade::planning::merging;
use crate::upgrade::planning::merging::MergedFile;
use crate::upgrade::planning::prepare::{Prepared, prepare};
use crate::upgrade::planning::release_changes::ReleaseChanges;
use crate::upgrade::planning::whose::FileQuestion;
use crate::upgrade::request::recorded;
use crate::upgrade::running::runner;
use crate::upgrade::step::CarryConfig;
use crate::upgrade::{Decisions, Plan, Releases, Request, Step};

/// Show what an upgrade would do, and save it for `transship apply`.
///
/// Shown are the steps with the commands that would do the same by hand, the difference
/// of every file (secrets masked), every volume with its size, and what is free. Nothing
/// but the plan itself is written.
#[derive(Debug, clap::Args)]
pub(super) struct PlanArgs {
    /// The release to upgrade to
    version: Version,
    /// The vendor's tarball or folder; leave it out if the release is staged already
    #[arg(long, value_name = "PATH")]
    from_release: Option<PathBuf>,
    #[command(flatten)]
    install: InstallArg,
    /// The release to upgrade from, instead of the one that `current` points to
    #[arg(long, value_name = "VERSION")]
    from: Option<Version>,
    /// The prefix of the new volumes' names
    ///
    /// Without it: the recipe's, or the version, as `v2_10_5_`.
    #[arg(long)]
    prefix: Option<String>,
    /// Retag images, as `transship image set` does; repeatable
    #[arg(long = "image", value_name = "RULE")]
    images: Vec<String>,
    /// Load the release's images from the vendor's archive first, such as `containers.tar.gz`
    ///
    /// An image that the release needs and that neither the archive nor the engine has stands
    /// against the plan. The digests of all images in it are recorded.
    #[arg(long, value_name = "ARCHIVE")]
    image_archive: Option<PathBuf>,
    /// A file or folder of the release to carry; repeatable
    ///
    /// Without it: what the recipe lists; else `.env` and what the old compose file mounts
    /// from inside of the release.
    #[arg(long, value_name = "PATH")]
    carry: Vec<PathBuf>,
    /// A volume's key that is not to be copied; repeatable
    #[arg(long, value_name = "KEY")]
    skip_volume: Vec<String>,
    /// Data outside of both releases that the new one gets a copy of; repeatable
    ///
    /// A volume's key, or an absolute path: an external volume, a folder of the host, a volume's
    /// device. The copy gets a name or a folder of the new release's, and its compose files say so.
    #[arg(long, value_name = "KEY|/PATH")]
    own: Vec<String>,
    /// Data outside of both releases that both go on using; repeatable
    ///
    /// What the new release writes there, `rollback` can't take back.
    #[arg(long, value_name = "KEY|/PATH")]
    share: Vec<String>,
    /// A file of variables instead of `.env`; repeatable, later ones win
    ///
    /// One of the old release's is carried, and stands for the new one's of its name.
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,
    /// A profile whose services run, as well as those that always do; repeatable
    #[arg(long = "profile", value_name = "NAME")]
    profiles: Vec<String>,
    /// The new release's compose project; Compose's own choice when absent
    #[arg(short, long, value_name = "NAME")]
    project: Option<String>,
    /// The compose project that the old release runs as; Compose's own choice when absent
    #[arg(long, value_name = "NAME")]
    from_project: Option<String>,
    /// The vendor's tarball or folder of the old release, to tell its files from your edits
    ///
    /// It is kept; releases that transship has staged need none.
    #[arg(long, value_name = "PATH", conflicts_with = "dry_run")]
    pristine: Option<PathBuf>,
    /// Where both changed PATH take the old release's; repeatable
    ///
    /// PATH is a file or folder of the release, or `FILE:KEY` for one conflict.
    #[arg(long, value_name = "PATH")]
    ours: Vec<PathBuf>,
    /// Where both changed PATH take the vendor's; repeatable
    #[arg(long, value_name = "PATH")]
    theirs: Vec<PathBuf>,
    /// Leave the vendor's compose file as it is, and write your edits of the old one as a
    /// `docker-compose.override.yml` beside it
    #[arg(long)]
    as_override: bool,
    #[command(flatten)]
    volumes: VolumesArg,
    /// Show the plan without saving it
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
pub(super) struct PlanJson<'a> {
    pub saved: Option<&'a Path>,
    pub plan: &'a Plan,
    pub changes: &'a ReleaseChanges,
}

pub(super) fn run(args: &PlanArgs, ui: &Ui) -> Result<Done, Failure> {
    let install = Install::adopted(&args.install.root)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "plan")?;
    runner::require_over(&install)?;
    match &args.pristine {
        Some(path) => keep_pristine(args, path, &install, &disk, ui)?,
        None if !args.dry_run => keep_found(args, &install, &disk, ui)?,
        None => {}
    }
    let request = request(args, &install)?;
    let store = args.volumes.store(&request.volumes_of(&install))?;
    let planned = prepare(&install, &request, store.as_ref(), ui.progress())?;
    let saved = if args.dry_run {
        None
    } else {
        let Decisions { to, merged, .. } = &planned.decisions;
        merging::save_conflicts(&disk, &install, to, merged)?;
        Some(planned.plan.save(&disk, &install)?)
    };
    let done = Done::differs(!planned.plan.conflicts.is_empty());
    if ui.json {
        ui.json(&PlanJson {
            saved: saved.as_deref(),
            plan: &planned.plan,
            changes: &planned.changes,
        })?;
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
            "Saved as {}. To do it: transship apply -C {}",
            planned.plan.id,
            args.install.root.display()
        ))?,
    }
    Ok(done)
}

/// Keeps what the vendor shipped as the old release, where its archive lies in the install.
fn keep_found(args: &PlanArgs, install: &Install, disk: &Disk, ui: &Ui) -> Result<(), Failure> {
    let old = match &args.from {
        Some(version) => install.release(version)?,
        None => install.active()?,
    };
    let target = install.pristine(&old.version);
    if target.symlink_metadata().is_ok() {
        return Ok(());
    }
    let Some(found) = install.shipment_of(disk, &old.version, ui.progress()) else {
        return Ok(());
    };
    install.adopt(disk)?;
    found.keep_pristine(disk, &target)?;
    ui.say(&format!(
        "`{}` is taken for what the vendor shipped as {}",
        found.path.display(),
        old.version
    ));
    Ok(())
}

/// Keeps what the vendor shipped as the release that the upgrade leaves.
fn keep_pristine(
    args: &PlanArgs,
    path: &Path,
    install: &Install,
    disk: &Disk,
    ui: &Ui,
) -> Result<(), Failure> {
    let old = match &args.from {
        Some(version) => install.release(version)?,
        None => install.active()?,
    };
    let target = install.pristine(&old.version);
    if target.symlink_metadata().is_ok() {
        return Err(Failure::new(
            Kind::Refused,
            format!(
                "what the vendor shipped as {} is known already",
                old.version
            ),
        )
        .hint("leave out `--pristine`")
        .hint(format!("or remove `{}` if it is wrong", target.display())));
    }
    install.adopt(disk)?;
    Ok(VendorRelease::open(path, ui.progress())?.keep_pristine(disk, &target)?)
}

fn request(args: &PlanArgs, install: &Install) -> Result<Request, Failure> {
    let absolute = |path: &PathBuf| {
        let found = path.canonicalize().map_err(|error| {
            Failure::new(Kind::Usage, format!("can't read `{}`", path.display())).cause(&error)
        });
        found.map(|path| recorded(install, &path))
    };
    Ok(Request {
        version: args.version.clone(),
        from: args.from.clone(),
        shipment: args.from_release.as_ref().map(absolute).transpose()?,
        prefix: args.prefix.clone(),
        images: args.images.clone(),
        carry: args.carry.clone(),
        skip: args.skip_volume.clone(),
        own: args.own.clone(),
        share: args.share.clone(),
        env_files: args
            .env_files
            .iter()
            .map(absolute)
            .collect::<Result<_, _>>()?,
        profiles: args.profiles.clone(),
        ours: args.ours.clone(),
        theirs: args.theirs.clone(),
        as_override: args.as_override,
        project: args.project.clone(),
        from_project: args.from_project.clone(),
        image_archive: args.image_archive.as_ref().map(absolute).transpose()?,
        place: match args.volumes.place(install.root())? {
            VolumeBackend::Dir { path } => VolumeBackend::Dir {
                path: recorded(install, &path),
            },
            VolumeBackend::Local => VolumeBackend::Local,
        },
    })
}

/// Prints the plan for a reader.
pub(super) fn show(planned: &Prepared, store: &dyn VolumeStore, ui: &Ui) -> Result<(), Failure> {
    let Prepared {
        root,
        plan,
        releases,
        decisions,
        changes,
    } = planned;
    let mut text = ui.paint(
        color::HEADING,
        &format!("Upgrade from {} to {}\n", plan.from, plan.to),
    );
    text += &format!(
        "Project {}, volumes in {}\n",
        plan.project,
        store.describe()
    );
    text += &services::render(changes, &plan.from, ui);
    text += &steps(plan, store, ui);
    let words = SecretWords::with(releases.recipe.secrets.clone());
    text += &merges(decisions, &words, ui);
    text += &files(releases, decisions, plan, &words, ui);
    text += &sizes(plan, root, ui);
    for warning in &plan.warnings {
        text += &format!("{} {warning}\n", ui.paint(color::WARNING, "note:"));
    }
    text.push('\n');
    ui.print(&text)
}

fn steps(plan: &Plan, store: &dyn VolumeStore, ui: &Ui) -> String {
    let mut text = ui.paint(
        color::HEADING,
        "\nSteps, with the commands that do the same by hand, from the install's folder\n",
    );
    for (number, step) in plan.steps.iter().enumerate() {
        text += &format!("{:>3}. {}\n", number + 1, step.title());
        for command in step.commands(store) {
            text += &ui.paint(color::HINT, &format!("       $ {command}"));
            text.push('\n');
        }
    }
    text
}

/// What was merged, with every conflict and its values, but for those of secrets.
fn merges(decisions: &Decisions, words: &SecretWords, ui: &Ui) -> String {
    if decisions.merged.is_empty() && decisions.questions.is_empty() {
        return String::new();
    }
    let mut text = ui.paint(
        color::HEADING,
        &format!(
            "\nMerged: your edits of {} with the vendor's\n",
            decisions.from
        ),
    );
    for file in &decisions.merged {
        text += &format!("  {}: {}\n", file.name.display(), file.summary());
        text += &carried_over(file);
        let name = file.asked_as().display();
        for conflict in file.merged.conflicts().take(MOST_CONFLICTS) {
            let label = ui.paint(color::WARNING, "conflict:");
            let note = conflict.note.as_ref().map(|note| format!(", {note}"));
            let what = match conflict.what.as_str() {
                "" => format!("{name}{}", note.unwrap_or_default()),
                what => format!("{name}:{what}{}", note.unwrap_or_default()),
            };
            text += &format!("    {label} {what}\n");
            for (side, place) in conflict.places() {
                let whose = match side {
                    Side::Base => "was",
                    Side::Mine => "yours",
                    Side::Theirs => "vendor's",
                };
                let value = mask::value(&conflict.what, &place.value, words);
                let value = value.trim_end().replace('\n', "\n                ");
                text += &format!("      {whose:<9} line {}: {value}\n", place.line);
            }
        }
        let more = file.merged.conflicts().skip(MOST_CONFLICTS).count();
        if more > 0 {
            text += &format!("    and {more} more conflicts in {name}\n");
        }
        if file.merged.conflicts().next().is_some() {
            text +=
                &format!("    answer with `--ours {name}` or `--theirs {name}` (or {name}:KEY)");
            if file.merged.marked.is_some() {
                let resolution = merging::resolution(&decisions.to, &file.name);
                let marked = merging::with_markers(&resolution);
                text += &format!(", or settle {}", marked.display());
            }
            text += "; then plan again\n";
        }
    }
    for question in &decisions.questions {
        text += &asked(question, ui);
    }
    text
}

/// Conflicts of one file that are shown with their values.
const MOST_CONFLICTS: usize = 12;

/// A file that can't be merged, and whose it is to be.
fn asked(question: &FileQuestion, ui: &Ui) -> String {
    let FileQuestion {
        path,
        mine,
        theirs,
        answer,
    } = question;
    let name = path.display();
    let both = format!("yours is {mine}, the vendor's {theirs}");
    match answer {
        Some(Side::Theirs) => format!("  {name}: the vendor's, as you said; {both}\n"),
        Some(_) => format!("  {name}: yours, as you said; {both}\n"),
        None => {
            let label = ui.paint(color::WARNING, "conflict:");
            format!(
                "    {label} {name}, which can't be merged: {both}\n    answer with `--ours {name}` or \
                 `--theirs {name}`; then plan again\n"
            )
        }
    }
}

/// What became of everything in a merged file but conflicts, by name.
fn carried_over(file: &MergedFile) -> String {
    const MOST: usize = 8;
    let name = |outcome: &MergeOutcome| match outcome.what.parse::<usize>() {
        Ok(line) => format!("line {line}"),
        Err(_) => outcome.what.clone(),
    };
    let kinds = [
        (
            &[OutcomeKind::KeptMine, OutcomeKind::AddedMine][..],
            "yours",
        ),
        (&[OutcomeKind::RemovedMine], "removed by you"),
        (&[OutcomeKind::TakenTheirs], "changed by the vendor"),
        (&[OutcomeKind::AddedTheirs], "new from the vendor"),
        (&[OutcomeKind::RemovedTheirs], "removed by the vendor"),
        (&[OutcomeKind::Dropped], "not carried"),
    ];
    let mut text = String::new();
    for (kinds, label) in kinds {
        let outcomes = file.merged.outcomes.iter();
        let outcomes = outcomes.filter(|outcome| kinds.contains(&outcome.kind));
        let names: Vec<String> = outcomes.map(name).filter(|name| !name.is_empty()).collect();
        let more = match names.len().saturating_sub(MOST) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if !names.is_empty() {
            let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>();
            text += &format!("    {label}: {}{more}\n", shown.join(", "));
        }
    }
    text
}

fn files(
    releases: &Releases,
    decisions: &Decisions,
    plan: &Plan,
    words: &SecretWords,
    ui: &Ui,
) -> String {
    let diff = |path: &Path, before: &[u8], after: &[u8]| {
        text_diff::render_with(ui, path, before, after, words)
    };
    let edits = decisions.edits.iter();
    let edits = edits.map(|edit| diff(&edit.step.file, &edit.before, &edit.after));
    let merges = decisions.merged.iter().map(|file| {
        let path = Install::current_target(&decisions.to).join(&file.name);
        let old = releases.old.folder.join(&file.source);
        let private = mask::is_private(&old, &file.merged.bytes) && !is_env_name(&old);
        if private {
            return format!("{} is merged, and is private: not shown\n", path.display());
        }
        diff(&path, &file.before, &file.merged.bytes)
    });
    let carries = plan.steps.iter().filter_map(|step| match step {
        Step::Carry(step) if step.replaces && step.merge.is_none() => {
            Some(carried(releases, step, words, ui))
        }
        _ => None,
    });
    let diffs: String = merges.chain(edits).chain(carries).collect();
    match diffs.is_empty() {
        true => String::new(),
        false => {
            ui.paint(
                color::HEADING,
                "\nFiles: from the vendor's to what will be there\n",
            ) + &diffs
        }
    }
}

/// The difference between the vendor's file and the carried one. Folders are only named:
/// they are listed among the steps. Nothing is shown of a file that is its owner's alone or
/// holds a key.
fn carried(releases: &Releases, step: &CarryConfig, words: &SecretWords, ui: &Ui) -> String {
    let name: PathBuf = step.to.components().skip(2).collect();
    let (old, new) = (
        releases.old.folder.join(&name),
        releases.new.folder.join(&name),
    );
    let (Ok(vendors), Ok(ours)) = (std::fs::read(new), std::fs::read(&old)) else {
        return String::new();
    };
    let private = releases.old.is_secret(&name) || mask::is_private(&old, &ours);
    if private && vendors != ours && !is_env_name(&old) {
        return format!(
            "{} differs from the vendor's, and is private: not shown\n",
            step.to.display()
        );
    }
    text_diff::render_with(ui, &step.to, &vendors, &ours, words)
}

fn sizes(plan: &Plan, root: &Path, ui: &Ui) -> String {
    let mut text = ui.paint(color::HEADING, "\nSizes\n");
    for volume in &plan.estimate.volumes {
        let (bytes, files) = (
            size::human(volume.bytes),
            size::count(volume.files, "entry"),
        );
        text += &format!(
            "  {}{}: {bytes} in {}\n",
            if volume.key.starts_with('/') {
                ""
            } else {
                "volume "
            },
            volume.key,
            files.replace("entrys", "entries")
        );
    }
    for space in &plan.estimate.space {
        let (needed, free) = (size::human(space.needed), size::human(space.free));
        let path = root.join(&space.path);
        text += &format!("  {}: {needed} needed, {free} free\n", path.display());
    }
    text
}

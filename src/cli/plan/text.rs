//! A plan as people read it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{downtime, services, summary};
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::fold::fold_command;
use crate::cli::terminal::ui::Ui;
use crate::cli::terminal::{color, size, text_diff};
use crate::doctor::DatabaseFacts;
use crate::engine::VolumeStore;
use crate::env_file::is_env_name;
use crate::mask::{self, SecretWords};
use crate::merge::{MergeOutcome, OutcomeKind, Side};
use crate::release::Install;
use crate::upgrade::planning::merging::{self, MergedFile};
use crate::upgrade::planning::prepare::Prepared;
use crate::upgrade::planning::release_changes::ReleaseChanges;
use crate::upgrade::planning::whose::FileQuestion;
use crate::upgrade::step::{CarryConfig, Phase};
use crate::upgrade::{Decisions, Plan, Releases, Step};

/// Prints the plan for a reader.
pub(in crate::cli) fn show(
    planned: &Prepared,
    store: &dyn VolumeStore,
    ui: &Ui,
) -> Result<(), Failure> {
    let Prepared {
        root,
        plan,
        releases,
        decisions,
        changes,
        databases,
    } = planned;
    let mut text = ui.paint(
        color::HEADING,
        &format!("Upgrade from {} to {}\n", plan.from, plan.to),
    );
    text += &summary::render(plan, changes, Install::at(root).ok().as_ref());
    text += &summary::questions(decisions, ui);
    text += &format!(
        "Project {}, volumes in {}\n",
        plan.project,
        store.describe()
    );
    if plan.request.arrangement == crate::upgrade::projects::Arrangement::Beside {
        text += &format!("It is to run beside {}, and not in its place\n", plan.from);
    }
    let words = SecretWords::with(releases.recipe.secrets.clone());
    let merges = merges(decisions, &words, ui);
    // What is to be answered comes first.
    let (first, later) = match plan.conflicts.is_empty() {
        true => (String::new(), merges),
        false => (merges, String::new()),
    };
    text += &first;
    text += &services::render(changes, &plan.from, ui);
    text += &summary::not_undone(plan, ui);
    let mut end = sizes(plan, changes, databases, root, ui);
    end += &downtime::render(plan, ui);
    let label = ui.paint(color::WARNING, "note:");
    let mut warnings = String::new();
    for warning in &plan.warnings {
        warnings += &format!("{label} {warning}\n");
    }
    // What files have in them stays as it is, however wide.
    let text = [
        ui.fitted(&text),
        steps(plan, store, ui),
        ui.fitted(&later),
        files(planned, ui),
        ui.fitted(&end),
        notes(plan, releases, ui),
        ui.fitted(&warnings),
    ];
    ui.page(&(text.concat() + "\n"))
}

fn steps(plan: &Plan, store: &dyn VolumeStore, ui: &Ui) -> String {
    let mut text = ui.paint(
        color::HEADING,
        "\nSteps, with the commands that do the same by hand, from the install's folder\n",
    );
    let mut phase = None;
    for (number, step) in plan.steps.iter().enumerate() {
        if plan.request.up && phase != Some(step.phase()) {
            phase = Some(step.phase());
            text += &ui.fitted(&format!("{}\n", heading(step.phase(), plan)));
        }
        text += &ui.fitted(&format!("{:>3}. {}\n", number + 1, step.title()));
        for command in step.commands(store) {
            let line = format!("       $ {command}");
            let line = ui
                .columns()
                .map(|columns| fold_command(&line, columns))
                .unwrap_or(line);
            text += &ui.paint(color::HINT, &line);
            text.push('\n');
        }
    }
    text
}

/// What a phase means for who uses the releases.
fn heading(phase: Phase, plan: &Plan) -> String {
    let (from, to) = (&plan.from, &plan.to);
    match phase {
        Phase::Before => format!("Before, while {from} serves:"),
        Phase::Window => {
            format!("In the window, while neither serves; what fails here starts {from} again:")
        }
        Phase::After => format!("After, while {to} serves:"),
    }
}

/// The vendor's notes, as the release has them.
fn notes(plan: &Plan, releases: &Releases, ui: &Ui) -> String {
    let Some(path) = &plan.notes else {
        return String::new();
    };
    let name: PathBuf = path.components().skip(2).collect();
    let text = match std::fs::read(releases.new.folder.join(name)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("can't be read: {error}"),
    };
    let heading = format!(
        "\nThe vendor's notes, to be read before it is applied: {}\n",
        path.display()
    );
    ui.paint(color::HEADING, &heading) + text.trim_end() + "\n"
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
            let is_whole = file
                .merged
                .conflicts()
                .all(|conflict| conflict.what.is_empty());
            let key = if is_whole {
                String::new()
            } else {
                format!(" (or {name}:KEY)")
            };
            let word = as_word(&name.to_string());
            text += &format!("    answer with `--ours {word}` or `--theirs {word}`{key}");
            if file.step.base.is_none() {
                text += ", name what was shipped with `--pristine PATH`";
            }
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
    let open = decisions
        .questions
        .iter()
        .filter(|file| file.answer.is_none());
    let files = decisions.merged.iter();
    let open = open.count()
        + files
            .filter(|f| f.merged.conflicts().next().is_some())
            .count();
    if open > 2 {
        text += &format!(
            "  {open} files are asked about; `--theirs .` takes the vendor's of all that you don't answer \
             otherwise\n"
        );
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
            let word = as_word(&name.to_string());
            format!(
                "    {label} {name}, which can't be merged: {both}\n    answer with `--ours {word}` or \
                 `--theirs {word}`; then plan again\n"
            )
        }
    }
}

/// A name as a shell takes it: a file may be called `*`.
fn as_word(name: &str) -> String {
    shlex::try_quote(name).map_or_else(|_| name.to_owned(), Into::into)
}

/// What became of everything in a merged file but conflicts, by name.
fn carried_over(file: &MergedFile) -> String {
    const MOST: usize = 8;
    let name = |outcome: &MergeOutcome| match outcome.what.parse::<usize>() {
        Ok(line) => format!("line {line}"),
        // A key can be a whole script.
        Err(_) => match outcome.what.split_once('\n') {
            Some((first, _)) => format!("{first} ..."),
            None => outcome.what.clone(),
        },
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

fn files(prepared: &Prepared, ui: &Ui) -> String {
    let diffs = file_diffs(prepared, ui).into_iter();
    let diffs: String = diffs.map(|file| file.diff).collect();
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

/// What becomes of one file.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct FileDiff {
    /// Below the install.
    file: PathBuf,
    /// A unified diff from the vendor's, secrets masked; or why it isn't shown.
    diff: String,
}

/// What becomes of every file that is merged, edited or carried over the vendor's.
pub(in crate::cli) fn file_diffs(prepared: &Prepared, ui: &Ui) -> Vec<FileDiff> {
    let Prepared {
        plan,
        releases,
        decisions,
        ..
    } = prepared;
    let words = &SecretWords::with(releases.recipe.secrets.clone());
    let edits = decisions.edits.iter().map(|edit| FileDiff {
        file: edit.step.file.clone(),
        diff: text_diff::render_with(ui, &edit.step.file, &edit.before, &edit.after, words),
    });
    let merges = decisions.merged.iter().map(|file| FileDiff {
        file: Install::current_target(&decisions.to).join(&file.name),
        diff: merged(releases, decisions, file, words, ui),
    });
    let carries = plan.steps.iter().filter_map(|step| match step {
        Step::Carry(step) if step.replaces && step.merge.is_none() => Some(FileDiff {
            file: step.to.clone(),
            diff: carried(releases, step, words, ui),
        }),
        _ => None,
    });
    let all = merges.chain(edits).chain(carries);
    all.filter(|file| !file.diff.is_empty()).collect()
}

/// The difference between the vendor's file and the merged one.
fn merged(
    releases: &Releases,
    decisions: &Decisions,
    file: &MergedFile,
    words: &SecretWords,
    ui: &Ui,
) -> String {
    let path = Install::current_target(&decisions.to).join(&file.name);
    let old = releases.old.folder.join(&file.source);
    let private = mask::is_private(&old, &file.merged.bytes) && !is_env_name(&old);
    if private {
        return format!("{} is merged, and is private: not shown\n", path.display());
    }
    if file.before == file.merged.bytes && file.merged.conflicts().next().is_some() {
        // Nobody has said yet whose it is to be.
        let mine = std::fs::read(&old).unwrap_or_default();
        let both = text_diff::render_with(ui, &file.name, &mine, &file.before, words);
        return format!("from yours to the vendor's:\n{both}");
    }
    text_diff::render_with(ui, &path, &file.before, &file.merged.bytes, words)
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

/// Which database a volume, or a folder, holds; nothing where there is none.
fn database(databases: &DatabaseFacts, key: &str) -> String {
    let seen = databases.seen.iter().find(|seen| seen.key == key);
    let told = seen.map(|seen| match &seen.found {
        Ok(found) => found.in_short(),
        Err(_) => "unknown".to_owned(),
    });
    told.filter(|told| !told.is_empty())
        .map_or_else(String::new, |told| format!(", database: {told}"))
}

fn sizes(
    plan: &Plan,
    changes: &ReleaseChanges,
    databases: &DatabaseFacts,
    root: &Path,
    ui: &Ui,
) -> String {
    let mut text = ui.paint(color::HEADING, "\nSizes\n");
    for volume in &plan.estimate.volumes {
        let written = changes.written.get(&volume.key).copied();
        let written = written.unwrap_or(volume.bytes);
        let (bytes, files) = (size::human(written), size::count(volume.files, "file"));
        // A few blocks less than their length says nothing.
        let is_sparse = volume.bytes - written.min(volume.bytes) > volume.bytes / 8;
        let length = match is_sparse {
            true => format!(" on disk ({} in length)", size::human(volume.bytes)),
            false => String::new(),
        };
        text += &format!(
            "  {}{}: {bytes}{length} in {}{}\n",
            if volume.key.starts_with('/') {
                ""
            } else {
                "volume "
            },
            volume.key,
            files,
            database(databases, &volume.key)
        );
    }
    for space in &plan.estimate.space {
        let (needed, free) = (size::human(space.needed), size::human(space.free));
        let path = root.join(&space.path);
        text += &format!("  {}: {needed} needed, {free} free\n", path.display());
    }
    text
}

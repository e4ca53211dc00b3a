//! What a merge came to: lines for people, a document for scripts, and the differences of a dry
//! run. Secrets are masked.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::terminal::failure::Failure;
use super::super::terminal::ui::{Done, Ui};
use super::super::terminal::{color, text_diff};
use super::ThreeWay;
use crate::compose;
use crate::env_file::is_env_name;
use crate::mask::{self, SecretWords};
use crate::merge::{Action, FileMerge, MergeOutcome, OutcomeKind, Side, SourceLine};
use crate::release::Recipe;

#[derive(Serialize)]
struct MergeJson {
    clean: bool,
    dry_run: bool,
    conflicts: usize,
    files: Vec<MergedFileJson>,
}

#[derive(Serialize)]
struct MergedFileJson {
    file: PathBuf,
    action: &'static str,
    outcomes: Vec<MergeOutcome>,
}

/// What is secret by its name: what sounds so, what an option names, and what the recipe in
/// the vendor's new compose file does.
pub(super) fn words(args: &ThreeWay) -> SecretWords {
    let files = match args.theirs.is_dir() {
        true => match compose::find_project(&args.theirs, None) {
            Ok(Some(project)) => project.files,
            _ => Vec::new(),
        },
        false => vec![args.theirs.clone()],
    };
    let files = files.iter().filter(|path| path.is_file());
    let files: Vec<Vec<u8>> = files.filter_map(|path| std::fs::read(path).ok()).collect();
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let named = args.secrets.iter().cloned();
    SecretWords::with(Recipe::secrets_in(&files, None).into_iter().chain(named))
}

/// The difference that a merge would make to the file at `path`.
pub(super) fn preview(
    args: &ThreeWay,
    merge: &FileMerge,
    path: &Path,
    mine: &[u8],
    ui: &Ui,
) -> Result<(), Failure> {
    let after: &[u8] = match &merge.action {
        Action::Keep | Action::CreateFolder(_) | Action::RemoveFolder => mine,
        Action::Replace(bytes) | Action::Create(bytes, _) => bytes,
        Action::Remove => &[],
    };
    if ui.json || mine == after {
        return Ok(());
    }
    let private = mask::is_private(path, mine) || mask::is_private(path, after);
    let text = if args.show_secrets {
        text_diff::render_open(ui, &merge.name, mine, after)
    } else if private && !is_env_name(&merge.name) {
        format!(
            "{} would change, and is private: not shown\n",
            merge.name.display()
        )
    } else {
        text_diff::render_with(ui, &merge.name, mine, after, &words(args))
    };
    ui.print(&text)
}

/// Lists the outcomes: on standard output, unless that is the file's.
pub(super) fn report(
    args: &ThreeWay,
    merges: &[FileMerge],
    stdout_is_taken: bool,
    ui: &Ui,
) -> Result<Done, Failure> {
    let outcomes = merges.iter().flat_map(|merge| &merge.outcomes);
    let conflicts = outcomes
        .filter(|outcome| outcome.kind == OutcomeKind::Conflict)
        .count();
    let words = words(args);
    if ui.json {
        ui.json(
            "transship-merge",
            &MergeJson {
                clean: conflicts == 0,
                dry_run: args.dry_run,
                conflicts,
                files: merges
                    .iter()
                    .map(|merge| json(args, merge, &words))
                    .collect(),
            },
        )?;
        return Ok(Done::differs(conflicts > 0));
    }
    for merge in merges {
        for outcome in &merge.outcomes {
            let text = describe(args, merge, outcome, &words, ui);
            match stdout_is_taken {
                true => ui.say(&text),
                false => ui.line(&text)?,
            }
        }
    }
    Ok(Done::differs(conflicts > 0))
}

fn json(args: &ThreeWay, merge: &FileMerge, words: &SecretWords) -> MergedFileJson {
    let masked = |outcome: &MergeOutcome| {
        let mut outcome = outcome.clone();
        let what = outcome.what.clone();
        let places = [&mut outcome.base, &mut outcome.mine, &mut outcome.theirs];
        for place in places.into_iter().flatten() {
            place.value = shown(args, &what, &place.value, words);
        }
        outcome
    };
    MergedFileJson {
        file: merge.name.clone(),
        action: match merge.action {
            Action::Keep => "keep",
            Action::Replace(_) => "replace",
            Action::Create(..) => "create",
            Action::CreateFolder(_) => "create-folder",
            Action::Remove => "remove",
            Action::RemoveFolder => "remove-folder",
        },
        outcomes: merge.outcomes.iter().map(masked).collect(),
    }
}

fn shown(args: &ThreeWay, what: &str, value: &str, words: &SecretWords) -> String {
    match args.show_secrets {
        true => value.to_owned(),
        false => mask::value(what, value, words),
    }
}

/// `kept mine: .env: PORT (mine .env:3)`; all versions of a conflict.
fn describe(
    args: &ThreeWay,
    merge: &FileMerge,
    outcome: &MergeOutcome,
    words: &SecretWords,
    ui: &Ui,
) -> String {
    let name = merge.name.display().to_string();
    let what = match outcome.what.as_str() {
        "" => name,
        what if what.parse::<usize>().is_ok() => format!("{name}: line {what}"),
        what => format!("{name}: {what}"),
    };
    let note = outcome.note.as_ref().map(|note| format!(", {note}"));
    let note = note.unwrap_or_default();
    if outcome.kind != OutcomeKind::Conflict {
        let (mine, theirs) = (outcome.mine.as_ref(), outcome.theirs.as_ref());
        let place = match outcome.kind {
            OutcomeKind::AddedTheirs | OutcomeKind::TakenTheirs => theirs.or(mine),
            _ => mine.or(theirs),
        };
        let at = place.or(outcome.base.as_ref());
        let at = at.map(|at| format!(" ({})", called(args, at)));
        let at = at.unwrap_or_default();
        return format!("{}: {what}{at}{note}", outcome.kind);
    }
    let mut text = format!("{}: {what}{note}", ui.paint(color::ERROR, "conflict"));
    for (side, place) in outcome.places() {
        let side = match side {
            Side::Base => "base",
            Side::Mine => "mine",
            Side::Theirs => "theirs",
        };
        let value = shown(args, &outcome.what, &place.value, words);
        let value = value.trim_end().replace('\n', "\n           ");
        text += &format!("\n  {side:6} {}: {value}", called(args, place));
    }
    text
}

/// The place by the name that the file is called by: git's own for the three say nothing.
fn called(args: &ThreeWay, place: &SourceLine) -> String {
    match &args.path {
        Some(path) => format!("{}:{}", path.display(), place.line),
        None => place.to_string(),
    }
}

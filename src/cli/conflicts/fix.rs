//! `transship conflicts --fix`: the edits of the last side.

use std::path::{Path, PathBuf};

use super::{
    ComparedProject, ConflictsArgs, ConflictsJson, FixedJson, claims_of, claims_of_engine,
    say_unseen, show, unseen,
};
use crate::cli::files::edits::{self as file_edits, FileEdit, FileJson};
use crate::cli::files::env_edits::EnvEdits;
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::text_diff;
use crate::cli::terminal::ui::{Done, Ui};
use crate::compose::{self, Claims, Conflict, ConflictRule, LoadOptions};
use crate::engine::{Docker, listening};
use crate::error::{Code, Explain, Kind};
use crate::launch::{self, LaunchError, Parting, PartingNames};

/// Edits the last side, and tells what is left.
pub(super) fn fix(
    args: &ConflictsArgs,
    last: &ComparedProject,
    others: &[ComparedProject],
    engine: Option<&Docker>,
    found: &[Conflict],
    ui: &Ui,
) -> Result<Done, Failure> {
    require_own_project(args, found)?;
    let before = claims_of(&last.model);
    let (mut all, mut left) = (Claims::default(), Vec::new());
    for (number, side) in others.iter().enumerate() {
        let claims = claims_of(&side.model);
        let earlier = others[..number].iter();
        left.extend(
            earlier.flat_map(|other| compose::conflicts(&claims_of(&other.model), &claims)),
        );
        all.extend(claims);
    }
    // No port may land where something listens, whether or not it was asked what runs.
    let mut taken = all.clone();
    match engine {
        Some(docker) => {
            all.extend(claims_of_engine(docker, last)?);
            taken = all.clone();
        }
        None => taken.ports.extend(listening().into_iter().flatten()),
    }
    let mut parting = parting(args, last, others, &taken, found, ui)?;
    let options = LoadOptions {
        profiles: args.profile.clone(),
        lenient: true,
        ..LoadOptions::default()
    };
    let after = claims_of(&parting.model(&last.model, &last.files, &options)?);
    require_distinct(&before, &after)?;
    left.extend(compose::remaining(&all, &before, &after, &parting.stale));
    let mut unread = [all.unseen, std::mem::take(&mut parting.unread)].concat();
    if engine.is_none() {
        unread.extend(launch::held_ports(&after));
    }
    let unseen = unseen(std::slice::from_ref(last), unread);
    let texts = parting.texts.len();
    let edits = edits(parting)?;
    let done = file_edits::settle(&edits, &args.output, ui)?;
    if !args.output.is_dry() {
        for file in &edits[edits.len() - texts..] {
            let diff = text_diff::render(ui, &file.path, &file.before, &file.edited.bytes);
            ui.say(diff.trim_end());
        }
    }
    if let Some(project) = &args.project {
        ui.say(&format!(
            "note: it has to run as `docker compose -p {project}`"
        ));
    }
    if ui.json {
        let differs = !left.is_empty() || done == Done::Differs;
        ui.json(
            "transship-conflicts",
            &ConflictsJson {
                conflicts: left,
                unseen,
                fixed: Some(FixedJson {
                    dry_run: args.output.is_dry(),
                    files: edits.into_iter().map(FileJson::from).collect(),
                }),
            },
        )?;
        return Ok(Done::differs(differs));
    }
    say_unseen(&unseen, ui);
    match show(&left, ui)? {
        Done::Same => Ok(done),
        other => Ok(other),
    }
}

/// Names that are made of the project's are no better than before while two projects have
/// one.
fn require_own_project(args: &ConflictsArgs, found: &[Conflict]) -> Result<(), Failure> {
    let shared = found.iter().find(|c| c.rule == ConflictRule::ProjectName);
    match shared.filter(|_| args.prefix.is_none() || args.suffix.is_none()) {
        None => Ok(()),
        Some(conflict) => Err(Failure::new(
            Kind::Refused,
            format!("two sides are the project `{}`", conflict.subject),
        )
        .hint("say what the last one will be called with `-p NAME`")),
    }
}

/// An edit may not make two things of the last side one.
fn require_distinct(before: &Claims, after: &Claims) -> Result<(), Failure> {
    let Err(error) = launch::require_distinct(before, after) else {
        return Ok(());
    };
    let message = match &error {
        LaunchError::Made { conflict } => format!(
            "`{}` and `{}` of the last side would both have the {} `{}`",
            conflict.first.owner, conflict.second.owner, conflict.rule, conflict.subject
        ),
        _ => error.to_string(),
    };
    Err(Failure {
        message,
        ..Failure::from(error)
    })
}

/// The edits of the last side's files, but for those that are another side's, too.
fn parting(
    args: &ConflictsArgs,
    last: &ComparedProject,
    others: &[ComparedProject],
    taken: &Claims,
    found: &[Conflict],
    ui: &Ui,
) -> Result<Parting, Failure> {
    let is_shared = |path: &Path| {
        let mut files = others.iter().flat_map(|side| &side.model.files);
        files.any(|other| same(other, path))
    };
    let (shared, own): (Vec<_>, Vec<_>) = last
        .model
        .files
        .iter()
        .cloned()
        .partition(|path| is_shared(path));
    for path in shared {
        ui.warn(&format!(
            "{}: not edited, because another side is made of it, too",
            path.display()
        ));
    }
    let names = PartingNames {
        suffix: args.suffix.clone(),
        prefix: args.prefix.clone(),
        port_offset: args.port_offset,
        edits_mounted: args.mounted,
        kept_variables: variables_of_others(last, others),
    };
    let mut parting = Parting::of(&last.model, &own, taken, found, &names)?;
    let is_others = |path: &Path| {
        let mut sides = others.iter();
        sides.any(|side| {
            side.reads(path) || side.has_variables_of(path) || side.runs_beside(last, path)
        })
    };
    parting.keep(&is_others, "another side has this file, too");
    match parting.refusals.as_slice() {
        [] => Ok(parting),
        refusals => Err(refused(refusals)),
    }
}

/// The files of variables that are another side's, too: another value would change that side.
fn variables_of_others(last: &ComparedProject, others: &[ComparedProject]) -> Vec<PathBuf> {
    let is_theirs = |file: &PathBuf| others.iter().any(|side| side.has_variables_of(file));
    let model = &last.model;
    let files = model.env_files.iter();
    let files = files.chain(model.included_env.values().flatten()).cloned();
    let files = files.chain([model.project_dir.join(".env")]);
    files.filter(is_theirs).collect()
}

/// Half of the edits would leave a project that fits neither alone nor beside the others.
fn refused(refusals: &[compose::Error]) -> Failure {
    let message = match refusals.len() {
        1 => "not everything can be edited, so nothing was".to_owned(),
        count => format!("{count} places can't be edited, so nothing was"),
    };
    refusals.iter().fold(
        Failure::new(Kind::Refused, message).code(Code::Unsafe),
        |failure, refusal| {
            let hints = refusal.hints().into_iter();
            hints.fold(failure.hint(refusal.to_string()), |failure, hint| {
                failure.hint(hint)
            })
        },
    )
}

/// The edited files, the `.env` that holds their ports, and the text files last.
fn edits(parting: Parting) -> Result<Vec<FileEdit>, Failure> {
    let mut env = EnvEdits::default();
    env.add(&parting.values, parting.variables)?;
    let files = parting.files.into_iter().chain(parting.env_files);
    let files = files.map(FileEdit::from).chain(env.finish()?);
    let texts = parting.texts.into_iter().map(FileEdit::from);
    Ok(files.chain(texts).collect())
}

fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

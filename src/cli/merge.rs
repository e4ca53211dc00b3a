//! `transship merge`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::compose_files::read;
use super::failure::Failure;
use super::ui::{Done, Ui};
use super::{color, mask, text_diff};
use crate::error::Kind;
use crate::fs::Disk;
use crate::merge::{
    self, Action, Answer, Answers, FileMerge, Input, Inputs, Outcome, OutcomeKind, Side,
};
use crate::tree::{self, CopyOptions};

/// Merge configuration three ways.
///
/// BASE is what the vendor shipped, MINE what the administrator made of it, THEIRS what the
/// vendor ships now: three files, or three folders. The result is THEIRS with the changes of
/// MINE: `.env` files by key, compose files service by service, other text by line; what
/// isn't text, keys and certificates are taken whole.
///
/// The result goes into MINE, whose owner and mode stay. Where both sides changed the same
/// thing it has MINE, the conflict is listed with file and line, the exit code is 1, and all
/// versions stand between markers in a file of the name with `.merge` behind it. Values that
/// sound like a secret are masked.
///
/// As a merge driver of git: `driver = transship merge %O %A %B --path %P`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What MINE was made from
    base: PathBuf,
    /// The administrator's; changed unless there is an `-o`
    mine: PathBuf,
    /// The vendor's new one
    theirs: PathBuf,
    /// Write the result there instead; `-` for standard output (files only)
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// What the file is called, where its name doesn't say its kind
    #[arg(long, value_name = "NAME")]
    path: Option<PathBuf>,
    /// In a conflict over PATH take mine; repeatable
    ///
    /// PATH is a file or folder below the folders, or `FILE:KEY`, `FILE:services.web.ports`,
    /// `FILE:LINE` for one conflict.
    #[arg(long, value_name = "PATH")]
    ours: Vec<PathBuf>,
    /// In a conflict over PATH take theirs; repeatable
    #[arg(long = "theirs", value_name = "PATH")]
    theirs_for: Vec<PathBuf>,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// For a compose file: give the changes of MINE as a `docker-compose.override.yml`
    ///
    /// It goes to standard output, or where `-o` says.
    #[arg(long)]
    as_override: bool,
    /// Don't mask secrets
    #[arg(long)]
    show_secrets: bool,
}

#[derive(Serialize)]
struct MergeJson {
    clean: bool,
    dry_run: bool,
    conflicts: usize,
    files: Vec<FileJson>,
}

#[derive(Serialize)]
struct FileJson {
    file: PathBuf,
    action: &'static str,
    outcomes: Vec<Outcome>,
}

pub(super) fn run(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    let folders = [&args.base, &args.mine, &args.theirs].map(|path| path.is_dir());
    if args.as_override {
        return as_override(args, ui);
    }
    match folders {
        [true, true, true] => folder(args, ui),
        [_, false, false] if !folders[0] => file(args, ui),
        _ => Err(Failure::new(
            Kind::Usage,
            "BASE, MINE and THEIRS are neither three files nor three folders",
        )),
    }
}

impl Args {
    fn answers(&self) -> Answers {
        let answer = |side| {
            move |path: &PathBuf| Answer {
                path: path.clone(),
                side,
            }
        };
        let mine = self.ours.iter().map(answer(Side::Mine));
        let theirs = self.theirs_for.iter().map(answer(Side::Theirs));
        Answers(mine.chain(theirs).collect())
    }

    /// The name by which a single file is known.
    fn name(&self) -> PathBuf {
        let path = self.path.as_ref().unwrap_or(&self.mine);
        PathBuf::from(path.file_name().unwrap_or(path.as_os_str()))
    }
}

/// The contents of the three files.
struct Contents([Vec<u8>; 3]);

impl Contents {
    fn read(args: &Args) -> Result<Self, Failure> {
        Ok(Self([
            read(&args.base)?,
            read(&args.mine)?,
            read(&args.theirs)?,
        ]))
    }

    fn inputs<'a>(&'a self, args: &'a Args, name: &'a Path) -> Inputs<'a> {
        fn input<'a>(path: &'a Path, bytes: &'a [u8]) -> Input<'a> {
            Input { path, bytes }
        }
        Inputs {
            name,
            base: Some(input(&args.base, &self.0[0])),
            mine: input(&args.mine, &self.0[1]),
            theirs: input(&args.theirs, &self.0[2]),
        }
    }
}

fn file(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    let contents = Contents::read(args)?;
    let name = args.name();
    let merged = merge::merge_file(&contents.inputs(args, &name), &args.answers())?;
    let mine = &contents.0[1];
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    let merge = FileMerge {
        name,
        action: match merged.bytes == *mine {
            true => Action::Keep,
            false => Action::Replace(merged.bytes.clone()),
        },
        outcomes: merged.outcomes,
        marked: merged.marked,
    };
    let target = args.output.as_ref().unwrap_or(&args.mine);
    if args.dry_run {
        preview(args, &merge, mine, ui)?;
    } else if to_stdout {
        if !ui.json {
            ui.write(&merged.bytes)?;
        }
    } else {
        put(args, target, mine, &merged.bytes)?;
        let shown = args.path.as_ref().unwrap_or(target);
        put_marked(shown, merge.marked.as_deref(), ui)?;
    }
    report(args, &[merge], to_stdout && !args.dry_run, ui)
}

/// Writes the result over MINE, or into the file that `-o` names.
fn put(args: &Args, target: &Path, mine: &[u8], bytes: &[u8]) -> Result<(), Failure> {
    let disk = Disk::new();
    if args.output.is_none() {
        if bytes != mine {
            disk.replace(target, mine, bytes)?;
        }
    } else if target.exists() {
        disk.replace(target, &read(target)?, bytes)?;
    } else {
        disk.create(target, bytes, mode(&args.mine))?;
    }
    Ok(())
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt;
    path.metadata()
        .map_or(0o600, |metadata| metadata.mode() & 0o777)
}

/// Writes what an editor needs to settle the conflicts beside the file.
fn put_marked(target: &Path, marked: Option<&[u8]>, ui: &Ui) -> Result<(), Failure> {
    let Some(marked) = marked else {
        return Ok(());
    };
    let mut name = target.as_os_str().to_owned();
    name.push(".merge");
    let path = PathBuf::from(name);
    Disk::new().save(&path, marked)?;
    ui.say(&format!("all versions are in {}", path.display()));
    Ok(())
}

fn folder(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    let merges = merge::merge_folder(Some(&args.base), &args.mine, &args.theirs, &args.answers())?;
    if args.dry_run {
        for merge in &merges {
            let mine = std::fs::read(args.mine.join(&merge.name)).unwrap_or_default();
            preview(args, merge, &mine, ui)?;
        }
        return report(args, &merges, false, ui);
    }
    let target = args.output.as_ref().unwrap_or(&args.mine);
    if args.output.is_some() {
        copy(&args.mine, target, ui)?;
    }
    for merge in &merges {
        carry_out(target, merge, ui)?;
    }
    report(args, &merges, false, ui)
}

fn copy(mine: &Path, target: &Path, ui: &Ui) -> Result<(), Failure> {
    let copied = tree::copy(
        &Disk::new(),
        mine,
        target,
        &CopyOptions::default(),
        ui.progress(),
    )?;
    for problem in &copied.problems {
        ui.warn(&problem.to_string());
    }
    Ok(())
}

/// Does to the folder what the merge of one of its files comes to.
fn carry_out(root: &Path, merge: &FileMerge, ui: &Ui) -> Result<(), Failure> {
    let disk = Disk::new();
    let path = root.join(&merge.name);
    let failed = |error: &std::io::Error| {
        Failure::new(Kind::Failed, format!("can't change `{}`", path.display())).cause(error)
    };
    match &merge.action {
        Action::Keep => {}
        Action::Replace(bytes) => disk.replace(&path, &read(&path)?, bytes)?,
        Action::Create(bytes, mode) => {
            let below: Vec<_> = path
                .ancestors()
                .skip(1)
                .take_while(|p| !p.exists())
                .collect();
            for folder in below.into_iter().rev() {
                disk.create_dir(folder, 0o755)
                    .map_err(|error| failed(&error))?;
            }
            disk.create(&path, bytes, *mode)?;
        }
        Action::Remove => disk.remove_file(&path).map_err(|error| failed(&error))?,
    }
    put_marked(&path, merge.marked.as_deref(), ui)
}

fn preview(args: &Args, merge: &FileMerge, mine: &[u8], ui: &Ui) -> Result<(), Failure> {
    let after: &[u8] = match &merge.action {
        Action::Keep => mine,
        Action::Replace(bytes) | Action::Create(bytes, _) => bytes,
        Action::Remove => &[],
    };
    let path = args.mine.join(&merge.name);
    let hidden = mask::is_private(&path, mine) && !mask::is_env_file(&path);
    if ui.json || mine == after || hidden {
        return Ok(());
    }
    ui.write(text_diff::render(ui, &merge.name, mine, after).as_bytes())
}

fn as_override(args: &Args, ui: &Ui) -> Result<Done, Failure> {
    let contents = Contents::read(args)?;
    let name = args.name();
    let carried = merge::carry(&contents.inputs(args, &name), &args.answers())?;
    let overlay = carried.overlay.unwrap_or_default();
    match args
        .output
        .as_deref()
        .filter(|path| *path != Path::new("-"))
    {
        _ if args.dry_run => {}
        Some(path) if path.exists() => Disk::new().replace(path, &read(path)?, &overlay)?,
        Some(path) => Disk::new().create(path, &overlay, mode(&args.mine))?,
        None if ui.json => {}
        None => ui.write(&overlay)?,
    }
    let merge = FileMerge {
        name,
        action: Action::Keep,
        outcomes: carried.merged.outcomes,
        marked: None,
    };
    report(args, &[merge], args.output.is_none(), ui)
}

/// Lists the outcomes: on standard output, unless that is the file's.
fn report(
    args: &Args,
    merges: &[FileMerge],
    stdout_is_taken: bool,
    ui: &Ui,
) -> Result<Done, Failure> {
    let outcomes = merges.iter().flat_map(|merge| &merge.outcomes);
    let conflicts = outcomes
        .filter(|outcome| outcome.kind == OutcomeKind::Conflict)
        .count();
    if ui.json {
        ui.json(&MergeJson {
            clean: conflicts == 0,
            dry_run: args.dry_run,
            conflicts,
            files: merges.iter().map(|merge| json(args, merge)).collect(),
        })?;
        return Ok(Done::differs(conflicts > 0));
    }
    for merge in merges {
        for outcome in &merge.outcomes {
            let text = describe(args, merge, outcome, ui);
            match stdout_is_taken {
                true => ui.say(&text),
                false => ui.line(&text)?,
            }
        }
    }
    Ok(Done::differs(conflicts > 0))
}

fn json(args: &Args, merge: &FileMerge) -> FileJson {
    let masked = |outcome: &Outcome| {
        let mut outcome = outcome.clone();
        let what = outcome.what.clone();
        let places = [&mut outcome.base, &mut outcome.mine, &mut outcome.theirs];
        for place in places.into_iter().flatten() {
            place.value = shown(args, &what, &place.value);
        }
        outcome
    };
    FileJson {
        file: merge.name.clone(),
        action: match merge.action {
            Action::Keep => "keep",
            Action::Replace(_) => "replace",
            Action::Create(..) => "create",
            Action::Remove => "remove",
        },
        outcomes: merge.outcomes.iter().map(masked).collect(),
    }
}

fn shown(args: &Args, what: &str, value: &str) -> String {
    match args.show_secrets {
        true => value.to_owned(),
        false => mask::value(what, value),
    }
}

/// `kept mine: .env: PORT (mine .env:3)`; all versions of a conflict.
fn describe(args: &Args, merge: &FileMerge, outcome: &Outcome, ui: &Ui) -> String {
    let name = merge.name.display().to_string();
    let what = match outcome.what.as_str() {
        "" => name,
        what if what.parse::<usize>().is_ok() => format!("{name}: line {what}"),
        what => format!("{name}: {what}"),
    };
    let note = outcome.note.as_ref().map(|note| format!(", {note}"));
    let note = note.unwrap_or_default();
    if outcome.kind != OutcomeKind::Conflict {
        let place = outcome.mine.as_ref().or(outcome.theirs.as_ref());
        let at = place.or(outcome.base.as_ref());
        let at = at.map(|at| format!(" ({at})")).unwrap_or_default();
        return format!("{}: {what}{at}{note}", outcome.kind);
    }
    let mut text = format!("{}: {what}{note}", ui.paint(color::ERROR, "conflict"));
    for (side, place) in outcome.places() {
        let side = match side {
            Side::Base => "base",
            Side::Mine => "mine",
            Side::Theirs => "theirs",
        };
        let value = shown(args, &outcome.what, &place.value);
        let value = value.trim_end().replace('\n', "\n           ");
        text += &format!("\n  {side:6} {place}: {value}");
    }
    text
}

//! `transship merge`.

use std::path::{Path, PathBuf};

use super::files::compose_files::read;
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use crate::compose::Document;
use crate::error::Kind;
use crate::fs::Disk;
use crate::merge::{
    self, Action, Answers, FileMerge, FolderWriter, Input, Inputs, MarkedFile, MarkedVersions,
};

mod report;

use report::{preview, report};

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
pub(super) struct MergeArgs {
    /// What MINE was made from
    #[arg(required_unless_present = "solve")]
    base: Option<PathBuf>,
    /// The administrator's; changed unless there is an `-o`
    #[arg(required_unless_present = "solve")]
    mine: Option<PathBuf>,
    /// The vendor's new one
    #[arg(required_unless_present = "solve")]
    theirs: Option<PathBuf>,
    /// Settle the conflicts of a file that has them between markers, as git leaves them
    ///
    /// The versions in it are merged again by what the file is, and `--ours` and `--theirs` answer
    /// what is left. The file is changed once nothing is; until then the exit code is 1.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["base", "as_override"])]
    solve: Option<PathBuf>,
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
    /// A part of the names of what is secret, besides what sounds so; repeatable
    ///
    /// Those that the recipe in a compose file of THEIRS names are known.
    #[arg(long = "secret", value_name = "NAME")]
    secrets: Vec<String>,
    /// Don't mask secrets
    #[arg(long)]
    show_secrets: bool,
}

/// A merge of three files or folders that were named.
#[derive(Debug)]
struct ThreeWay {
    base: PathBuf,
    mine: PathBuf,
    theirs: PathBuf,
    output: Option<PathBuf>,
    path: Option<PathBuf>,
    ours: Vec<PathBuf>,
    theirs_for: Vec<PathBuf>,
    dry_run: bool,
    as_override: bool,
    secrets: Vec<String>,
    show_secrets: bool,
}

impl ThreeWay {
    /// The options with the three that they are about.
    fn of(args: &MergeArgs, [base, mine, theirs]: [&PathBuf; 3]) -> Self {
        Self {
            base: base.clone(),
            mine: mine.clone(),
            theirs: theirs.clone(),
            output: args.output.clone(),
            path: args.path.clone(),
            ours: args.ours.clone(),
            theirs_for: args.theirs_for.clone(),
            dry_run: args.dry_run,
            as_override: args.as_override,
            secrets: args.secrets.clone(),
            show_secrets: args.show_secrets,
        }
    }
}

pub(super) fn run(args: &MergeArgs, ui: &Ui) -> Result<Done, Failure> {
    match (&args.solve, &args.base, &args.mine, &args.theirs) {
        (Some(file), ..) => solve(&ThreeWay::of(args, [file; 3]), ui),
        (None, Some(base), Some(mine), Some(theirs)) => {
            three_way(&ThreeWay::of(args, [base, mine, theirs]), ui)
        }
        _ => Err(Failure::new(Kind::Usage, "BASE, MINE and THEIRS are three")),
    }
}

/// Merges the versions that stand in one file again, and writes it if that leaves no conflict.
fn solve(args: &ThreeWay, ui: &Ui) -> Result<Done, Failure> {
    let text = read(&args.mine)?;
    let Some(versions) = MarkedVersions::of(&text) else {
        let shown = args.mine.display();
        let message = format!("`{shown}` has no conflict between `<<<<<<<` and `>>>>>>>`");
        return Err(
            Failure::new(Kind::Usage, message).hint("name the file that git or `merge` wrote")
        );
    };
    let name = args.name();
    let input = |bytes| Input {
        path: &args.mine,
        bytes,
    };
    let inputs = Inputs {
        name: &name,
        base: versions.base.as_deref().map(input),
        mine: input(&versions.mine),
        theirs: input(&versions.theirs),
    };
    warn_of_idle(&args.answers(), ui, &|answers| {
        let merged = merge::merge_file(&inputs, answers)?;
        let what = merged.conflicts().map(|conflict| conflict.what.clone());
        Ok(what.map(|what| (name.clone(), what)).collect())
    })?;
    let merged = merge::merge_file(&inputs, &args.answers())?;
    let is_settled = merged.conflicts().next().is_none();
    let merge = FileMerge {
        name: name.clone(),
        action: match is_settled {
            true => Action::Replace(merged.bytes.clone()),
            false => Action::Keep,
        },
        outcomes: merged.outcomes,
        marked: None,
    };
    if args.dry_run {
        preview(args, &merge, &args.mine, &text, ui)?;
    } else if is_settled && args.is_to_stdout() {
        ui.write(&merged.bytes)?;
    } else if is_settled {
        let disk = Disk::new();
        match &args.output {
            None => merge::write_over(&disk, input(&text), &merged.bytes)?,
            Some(target) => merge::write_to(&disk, &args.mine, target, &merged.bytes)?,
        }
        ui.acted();
    }
    report(args, &[merge], args.is_to_stdout() && !args.dry_run, ui)
}

fn three_way(args: &ThreeWay, ui: &Ui) -> Result<Done, Failure> {
    let folders = [&args.base, &args.mine, &args.theirs].map(|path| path.is_dir());
    if ui.json && args.is_to_stdout() && !args.dry_run {
        let text = "`--json` and `-o -` both want standard output";
        return Err(Failure::new(Kind::Usage, text).hint("name a file with `-o`"));
    }
    match folders {
        [false, false, false] if args.as_override => as_override(args, ui),
        [false, false, false] => file(args, ui),
        [true, true, true] if args.as_override => Err(Failure::new(
            Kind::Usage,
            "`--as-override` is for three compose files, and these are folders",
        )),
        [true, true, true] if args.is_to_stdout() => Err(Failure::new(
            Kind::Usage,
            "a folder can't be written to standard output",
        )),
        [true, true, true] => folder(args, ui),
        _ => Err(Failure::new(
            Kind::Usage,
            "BASE, MINE and THEIRS are neither three files nor three folders",
        )),
    }
}

impl ThreeWay {
    fn answers(&self) -> Answers {
        Answers::new(&self.ours, &self.theirs_for)
    }

    /// The file beside which all versions of a conflict go: the result's folder, and its own name. Git's
    /// drivers are called at the top of the work tree with a temporary file there, and the one that is meant
    /// is below.
    fn place_of_marked(&self, target: &Path) -> PathBuf {
        let Some(path) = &self.path else {
            return target.to_owned();
        };
        let folder = target.parent().unwrap_or(Path::new(""));
        let is_below = path.parent().is_some_and(Path::is_dir);
        match (folder == Path::new("") && is_below, path.file_name()) {
            (true, _) => path.clone(),
            (false, Some(name)) => folder.join(name),
            (false, None) => target.to_owned(),
        }
    }

    fn is_to_stdout(&self) -> bool {
        self.output.as_deref() == Some(Path::new("-"))
    }

    /// The name by which a single file is known.
    fn name(&self) -> PathBuf {
        // What is to be settled is called as the file that it is of.
        let own = || {
            let own = Path::new(self.mine.file_name().unwrap_or(self.mine.as_os_str()));
            let of = own.extension().filter(|end| *end == "merge");
            of.map_or_else(|| own.to_owned(), |_| own.with_extension(""))
        };
        self.path.clone().unwrap_or_else(own)
    }
}

/// The contents of the three files.
struct ThreeContents([Vec<u8>; 3]);

impl ThreeContents {
    fn read(args: &ThreeWay) -> Result<Self, Failure> {
        Ok(Self([
            read(&args.base)?,
            read(&args.mine)?,
            read(&args.theirs)?,
        ]))
    }

    fn inputs<'a>(&'a self, args: &'a ThreeWay, name: &'a Path) -> Inputs<'a> {
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

fn file(args: &ThreeWay, ui: &Ui) -> Result<Done, Failure> {
    let contents = ThreeContents::read(args)?;
    let name = args.name();
    let merged = merge::merge_file(&contents.inputs(args, &name), &args.answers())?;
    let mine = &contents.0[1];
    warn_of_idle(&args.answers(), ui, &|answers| {
        let merged = merge::merge_file(&contents.inputs(args, &name), answers)?;
        let what = merged.conflicts().map(|conflict| conflict.what.clone());
        Ok(what.map(|what| (name.clone(), what)).collect())
    })?;
    let merge = FileMerge {
        name: name.clone(),
        action: match merged.bytes == *mine {
            true => Action::Keep,
            false => Action::Replace(merged.bytes.clone()),
        },
        outcomes: merged.outcomes,
        marked: merged.marked,
    };
    let target = args.output.as_ref().unwrap_or(&args.mine);
    if args.dry_run {
        preview(args, &merge, &args.mine, mine, ui)?;
    } else if args.is_to_stdout() {
        ui.write(&merged.bytes)?;
    } else {
        let disk = Disk::new();
        let inputs = contents.inputs(args, &name);
        match &args.output {
            None => merge::write_over(&disk, inputs.mine, &merged.bytes)?,
            Some(target) => merge::write_to(&disk, &args.mine, target, &merged.bytes)?,
        }
        ui.acted();
        let shown = args.place_of_marked(target);
        let marked = merge::write_marked(&disk, &shown, merge.marked.as_deref())?;
        tell_marked(&shown, marked, ui);
    }
    report(args, &[merge], args.is_to_stdout() && !args.dry_run, ui)
}

type Conflicts = Vec<(PathBuf, String)>;

/// Warns of answers to no conflict: of those that there would be without any.
fn warn_of_idle(
    answers: &Answers,
    ui: &Ui,
    conflicts: &dyn Fn(&Answers) -> Result<Conflicts, merge::Error>,
) -> Result<(), Failure> {
    if answers.0.is_empty() {
        return Ok(());
    }
    let conflicts = conflicts(&Answers::default())?;
    for answer in answers.idle(&conflicts) {
        ui.warn(&format!("`{}` answers no conflict", answer.path.display()));
    }
    Ok(())
}

fn folder(args: &ThreeWay, ui: &Ui) -> Result<Done, Failure> {
    let merges = |answers: &Answers| {
        merge::merge_folder(Some(&args.base), &args.mine, &args.theirs, answers)
    };
    warn_of_idle(&args.answers(), ui, &|answers| {
        let merges = merges(answers)?;
        let conflicts = merges.iter().flat_map(FileMerge::conflicts);
        Ok(conflicts.collect())
    })?;
    let merges = merges(&args.answers())?;
    if args.dry_run {
        for merge in &merges {
            let path = args.mine.join(&merge.name);
            let mine = match merge.action {
                Action::Replace(_) | Action::Remove => read(&path)?,
                _ => Vec::new(),
            };
            preview(args, merge, &path, &mine, ui)?;
        }
        return report(args, &merges, false, ui);
    }
    let shown = args.output.as_ref().unwrap_or(&args.mine);
    let writer = FolderWriter {
        disk: &Disk::new(),
        mine: &args.mine,
        theirs: &args.theirs,
        told: &|name, marked| tell_marked(&shown.join(name), marked, ui),
    };
    match &args.output {
        Some(target) => {
            for problem in writer.build(target, &merges, ui.progress())? {
                ui.warn(&problem.to_string());
            }
        }
        None => writer.change(&merges)?,
    }
    ui.acted();
    report(args, &merges, false, ui)
}

/// Says what became of the file that shows the conflicts of the file at `path`.
fn tell_marked(path: &Path, marked: MarkedFile, ui: &Ui) {
    let path = merge::with_ending(path, ".merge");
    let shown = path.display();
    match marked {
        MarkedFile::Absent => return,
        MarkedFile::Stale => {
            ui.say(&format!(
                "{shown} is of an earlier merge: nothing is open any more"
            ));
            return;
        }
        MarkedFile::Written => {}
        MarkedFile::WrittenOver => ui.say(&format!("what was in {shown} is in {shown}~")),
    }
    ui.say(&format!("all versions are in {shown}"));
}

fn as_override(args: &ThreeWay, ui: &Ui) -> Result<Done, Failure> {
    let contents = ThreeContents::read(args)?;
    let name = args.name();
    for (path, bytes) in [&args.base, &args.mine, &args.theirs]
        .into_iter()
        .zip(&contents.0)
    {
        if !Document::parse(path, bytes)?.has_services() {
            let text = format!("`{}` is no compose file", path.display());
            return Err(Failure::new(Kind::Usage, text).hint("leave out `--as-override`"));
        }
    }
    let carried = merge::carry(&contents.inputs(args, &name), &args.answers())?;
    let output = args.output.as_deref().filter(|_| !args.is_to_stdout());
    match (carried.overlay, output) {
        (None, _) => ui.say("nothing of yours to carry: there is no override to write"),
        _ if args.dry_run => {}
        (Some(overlay), Some(path)) => {
            merge::write_to(&Disk::new(), &args.mine, path, &overlay)?;
            ui.acted();
        }
        (Some(_), None) if ui.json => {}
        (Some(overlay), None) => ui.write(&overlay)?,
    }
    let merge = FileMerge {
        name,
        action: Action::Keep,
        outcomes: carried.overlaid,
        marked: None,
    };
    report(args, &[merge], output.is_none(), ui)
}

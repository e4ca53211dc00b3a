//! What the commands that edit files do with the results: write them, show them, or say
//! that there would be some.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::compose_files::{self, FilesArg};
use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::text_diff;
use crate::cli::terminal::ui::{Done, Ui};
use crate::compose::{self, Document, Edited};
use crate::error::Kind;
use crate::fs::{Disk, WriteError, new_file_mode};
use crate::launch::EditedFile;

/// What an edit does with its result.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct EditArgs {
    /// Print the difference and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Change nothing; the exit code is 1 if something would change
    #[arg(long, conflicts_with = "output")]
    check: bool,
    /// Write the result to a new file and leave the original as it is; `-` for stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A file, and what an edit made of it.
pub(crate) struct FileEdit {
    pub path: PathBuf,
    pub before: Vec<u8>,
    pub edited: Edited,
}

impl From<EditedFile> for FileEdit {
    fn from(file: EditedFile) -> Self {
        Self {
            path: file.path,
            before: file.before,
            edited: file.edited,
        }
    }
}

impl FileEdit {
    pub(crate) fn of(document: &Document, edited: Edited) -> Self {
        Self {
            path: document.path().to_owned(),
            before: document.bytes().to_vec(),
            edited,
        }
    }

    pub(crate) fn is_change(&self) -> bool {
        self.edited.bytes != self.before
    }

    /// Where the result goes.
    fn target<'a>(&'a self, args: &'a EditArgs) -> &'a Path {
        args.output.as_deref().unwrap_or(&self.path)
    }
}

/// What an edit did to one file.
#[derive(Serialize)]
pub(crate) struct FileJson {
    file: PathBuf,
    changed: bool,
    changes: Vec<compose::Change>,
    warnings: Vec<String>,
}

impl From<FileEdit> for FileJson {
    fn from(edit: FileEdit) -> Self {
        let warnings = edit.edited.warnings.iter();
        Self {
            changed: edit.is_change(),
            warnings: warnings.map(ToString::to_string).collect(),
            file: edit.path,
            changes: edit.edited.changes,
        }
    }
}

#[derive(Serialize)]
struct EditJson {
    /// True where nothing was written.
    dry_run: bool,
    files: Vec<FileJson>,
}

impl EditArgs {
    /// True if any of them is given.
    pub(crate) fn is_given(&self) -> bool {
        self.is_dry() || self.output.is_some()
    }

    /// True if nothing is to be written.
    pub(crate) fn is_dry(&self) -> bool {
        self.dry_run || self.check
    }
}

/// The compose files, parsed; one that is named twice, once. All are, before any is edited
/// or written. Files that they include or extend and that aren't among them are told of.
pub(crate) fn open(files: &FilesArg, ui: &Ui) -> Result<Vec<Document>, Failure> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut seen = BTreeSet::new();
    let mut paths = files.paths()?;
    paths.retain(|path| seen.insert(real(path)));
    let open = |path: PathBuf| {
        let document = Document::parse(&path, &compose_files::read(&path)?)?;
        document.require_sections()?;
        Ok(document)
    };
    let documents: Vec<Document> = paths
        .into_iter()
        .map(open)
        .collect::<Result<_, Failure>>()?;
    for document in &documents {
        for (name, at) in document.files_named() {
            let path = document.path().with_file_name(&name);
            if !seen.contains(&real(&path)) {
                ui.warn(&format!(
                    "{at}: `{name}` belongs to this project, too, and is not edited: name it with \
                     `-f`"
                ));
            }
        }
    }
    Ok(documents)
}

/// Writes what changed, or shows it, as the arguments say, and reports.
pub(crate) fn finish(edits: Vec<FileEdit>, args: &EditArgs, ui: &Ui) -> Result<Done, Failure> {
    let done = settle(&edits, args, ui)?;
    if ui.json {
        ui.json(
            "transship-edit",
            &EditJson {
                dry_run: args.is_dry(),
                files: edits.into_iter().map(FileJson::from).collect(),
            },
        )?;
    }
    Ok(done)
}

/// [`finish`] without the JSON document.
pub(crate) fn settle(edits: &[FileEdit], args: &EditArgs, ui: &Ui) -> Result<Done, Failure> {
    check_targets(edits, args, ui)?;
    for warning in edits.iter().flat_map(|edit| &edit.edited.warnings) {
        ui.warn(&warning.to_string());
    }
    if !args.is_dry() {
        write_all(edits, args, ui)?;
    }
    for edit in edits {
        report(edit, args, ui)?;
    }
    let differs = args.check && edits.iter().any(FileEdit::is_change);
    Ok(Done::differs(differs))
}

/// Refuses results that would have to share one place.
fn check_targets(edits: &[FileEdit], args: &EditArgs, ui: &Ui) -> Result<(), Failure> {
    let others = edits.iter().skip(1);
    if args.output.is_some() && others.clone().any(FileEdit::is_change) {
        let files: Vec<_> = edits.iter().map(|edit| edit.path.display()).collect();
        let files = files.iter().map(|file| format!("`{file}`"));
        return Err(Failure::new(
            Kind::Usage,
            format!(
                "`-o` takes the result of one file, and this edits {}",
                files.collect::<Vec<_>>().join(" and ")
            ),
        )
        .hint("leave out `-o` to edit them in place, or name one file with `-f`"));
    }
    let to_stdout = |edit: &FileEdit| edit.target(args) == Path::new("-");
    if ui.json && !args.is_dry() && edits.iter().any(to_stdout) {
        return Err(Failure::new(
            Kind::Usage,
            "the result and the JSON document would both go to standard output",
        )
        .hint("name a file for the result with `-o FILE`, or leave out `--json`"));
    }
    Ok(())
}

/// Writes all files or, as far as the disk lets it, none.
fn write_all(edits: &[FileEdit], args: &EditArgs, ui: &Ui) -> Result<(), Failure> {
    for (number, edit) in edits.iter().enumerate() {
        if let Err(mut failure) = write(edit, args, ui) {
            let written = edits[..number].iter().filter(|edit| edit.is_change());
            for done in written.filter(|_| args.output.is_none()) {
                let back = Disk::new().replace(&done.path, &done.edited.bytes, &done.before);
                if back.is_err() {
                    failure.kind = Kind::Failed;
                    failure = failure.hint(format!(
                        "`{}` was edited before this and can't be put back: look at it",
                        done.path.display()
                    ));
                }
            }
            return Err(failure);
        }
        if edit.target(args) != Path::new("-") {
            ui.acted();
        }
    }
    Ok(())
}

fn write(edit: &FileEdit, args: &EditArgs, ui: &Ui) -> Result<(), Failure> {
    let (disk, after) = (Disk::new(), &edit.edited.bytes);
    match (edit.target(args), &args.output) {
        (path, _) if path == Path::new("-") => ui.write(after),
        // A file that `-o` doesn't mean, such as a `.env` that stays as it is.
        _ if !edit.is_change() && args.output.is_none() => Ok(()),
        // A `.env` that isn't there yet, and may come to hold secrets.
        (path, None) if edit.before.is_empty() && !path.exists() => {
            Ok(disk.create(path, after, 0o600)?)
        }
        (path, None) => Ok(disk.replace(path, &edit.before, after)?),
        (path, Some(_)) => match disk.create(path, after, new_file_mode()) {
            // Done again, the same edit finds its own result.
            Err(WriteError::Exists { .. }) if std::fs::read(path).is_ok_and(|is| is == *after) => {
                Ok(())
            }
            result => Ok(result?),
        },
    }
}

fn report(edit: &FileEdit, args: &EditArgs, ui: &Ui) -> Result<(), Failure> {
    if ui.json {
        return Ok(());
    }
    if args.dry_run {
        let diff = text_diff::render(ui, &edit.path, &edit.before, &edit.edited.bytes);
        ui.print(&diff)?;
    }
    if edit.edited.changes.is_empty() {
        ui.say(&format!("{}: nothing to change", edit.path.display()));
    }
    for change in &edit.edited.changes {
        ui.say(&describe(change));
    }
    Ok(())
}

/// One line on a change, with its place.
pub(crate) fn describe(change: &compose::Change) -> String {
    let (at, key) = (&change.at, change.key.join("."));
    let from = change
        .from
        .as_deref()
        .map(|from| format!("{from} -> "))
        .unwrap_or_default();
    let also = match change.affects.as_slice() {
        [] => String::new(),
        affected => format!(" (also changes {})", affected.join(", ")),
    };
    let told = format!("{at}: {key}: {from}{}{also}", change.to);
    told.replace('\n', "\\n")
}

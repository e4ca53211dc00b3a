//! `transship log`.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::install_place::InstallArg;
use super::status::describe;
use super::terminal::failure::Failure;
use super::terminal::size::{clock_time, duration};
use super::terminal::table;
use super::terminal::ui::{Done, Ui};
use crate::document;
use crate::error::{Code, Kind, with_causes};
use crate::fs::Disk;
use crate::rehearsal::{RehearsalRecord, StepNote};
use crate::release::{Install, Version};
use crate::upgrade::Journal;
use crate::upgrade::run_log::RunLog;
use crate::upgrade::running::journal::{JournalError, RunState};

/// List the runs of an install, or show what one of them did and said.
///
/// Every run has a full log, which only its owner can read: its steps, the commands that were run and how
/// they ended, what was said and what failed with its causes, each with its time. Secrets are masked.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct LogArgs {
    #[command(subcommand)]
    command: Option<LogCommand>,
    /// The run: its name, the number that this begins with, or `last`; all are listed when absent
    run: Option<String>,
    #[command(flatten)]
    install: InstallArg,
}

#[derive(Debug, clap::Subcommand)]
enum LogCommand {
    /// Write down what whoever does a step of a rehearsed plan is to know
    ///
    /// It is kept with the rehearsal, stands in its report, and is told just before that step where the
    /// rehearsal is replayed.
    Note(NoteArgs),
}

#[derive(Debug, clap::Args)]
struct NoteArgs {
    /// The rehearsal: its name, the number that this begins with, or `last`
    #[arg(value_name = "RUN")]
    rehearsal: String,
    /// The step of its plan, counted from 1
    step: usize,
    /// What to know
    text: String,
    #[command(flatten)]
    install: InstallArg,
}

#[derive(Serialize)]
struct NoteJson<'a> {
    rehearsal: &'a str,
    notes: &'a [StepNote],
}

#[derive(Serialize)]
struct RunsJson {
    runs: Vec<RunJson>,
    /// Journals that can't be read, and why.
    unreadable: Vec<UnreadableJson>,
}

#[derive(Serialize)]
struct RunJson {
    run: String,
    plan: String,
    from: Version,
    to: Version,
    state: RunState,
    /// The times of its first and its last record.
    begun: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Why it failed last, unless it is over.
    error: Option<String>,
    /// The file of its full log, where there is one.
    log: Option<PathBuf>,
}

#[derive(Serialize)]
struct UnreadableJson {
    journal: PathBuf,
    because: String,
}

#[derive(Serialize)]
struct RunLogJson {
    #[serde(flatten)]
    run: RunJson,
    /// The lines of its full log.
    lines: Vec<String>,
}

pub(super) fn run(args: &LogArgs, ui: &Ui) -> Result<Done, Failure> {
    if let Some(LogCommand::Note(args)) = &args.command {
        return note(args, ui);
    }
    let install = args.install.adopted(ui)?;
    match &args.run {
        None => list(&install, ui),
        Some(run) => show(&install, run, ui),
    }
}

fn note(args: &NoteArgs, ui: &Ui) -> Result<Done, Failure> {
    let install = args.install.adopted(ui)?;
    let disk = Disk::new();
    let _lock = install.lock(&disk, "log note")?;
    let mut record = RehearsalRecord::find(&install, Some(&args.rehearsal))?;
    record.add_note(&disk, &install, args.step, &args.text)?;
    ui.acted();
    let (rehearsal, notes) = (&record.id, &record.notes);
    if ui.json {
        ui.json("transship-log-note", &NoteJson { rehearsal, notes })?;
    } else {
        ui.line(&format!(
            "noted for step {} of rehearsal {rehearsal}",
            args.step
        ))?;
    }
    Ok(Done::Same)
}

fn journals(install: &Install) -> Result<Vec<PathBuf>, JournalError> {
    let folder = install.journals();
    match document::in_order(&folder) {
        // None was ever begun.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        found => found.map_err(|source| JournalError::Io { folder, source }),
    }
}

fn list(install: &Install, ui: &Ui) -> Result<Done, Failure> {
    let (mut runs, mut unreadable) = (Vec::new(), Vec::new());
    for path in journals(install)? {
        match Journal::load(&path) {
            Ok(journal) => runs.push(summary(install, &journal)),
            Err(error) => unreadable.push(UnreadableJson {
                because: with_causes(&error),
                journal: path,
            }),
        }
    }
    let done = match unreadable.is_empty() {
        true => Done::Same,
        false => Done::Unreadable,
    };
    for UnreadableJson { because, .. } in &unreadable {
        ui.warn(because);
    }
    if ui.json {
        ui.json("transship-log", &RunsJson { runs, unreadable })?;
        return Ok(done);
    }
    if runs.is_empty() && unreadable.is_empty() {
        ui.line("no plan was applied here yet")?;
        return Ok(done);
    }
    let rows: Vec<_> = runs.iter().map(row).collect();
    ui.page(&table::render(
        ["RUN", "FROM", "TO", "BEGUN", "TOOK", "STATE"],
        &rows,
    ))?;
    Ok(done)
}

fn row(run: &RunJson) -> [String; 6] {
    let took = run.begun.zip(run.last).map(|(begun, last)| last - begun);
    let took = took.and_then(|took| std::time::Duration::try_from(took).ok());
    [
        run.run.clone(),
        run.from.to_string(),
        run.to.to_string(),
        run.begun.map(clock_time).unwrap_or_default(),
        took.map(duration).unwrap_or_default(),
        describe(run.state).to_owned(),
    ]
}

fn summary(install: &Install, journal: &Journal) -> RunJson {
    let records = journal.records();
    let log = RunLog::of(install, journal.run()).path().to_owned();
    RunJson {
        run: journal.run().to_owned(),
        plan: journal.plan().id.clone(),
        from: journal.plan().from.clone(),
        to: journal.plan().to.clone(),
        state: journal.state(),
        begun: records.first().map(|record| record.at),
        last: records.last().map(|record| record.at),
        error: (!journal.state().is_over())
            .then(|| journal.last_error().map(str::to_owned))
            .flatten(),
        log: log.is_file().then_some(log),
    }
}

fn show(install: &Install, run: &str, ui: &Ui) -> Result<Done, Failure> {
    let journals = journals(install)?;
    let found = match run {
        "last" => journals.last(),
        run => journals.iter().find(|path| is_named(path, run)),
    };
    let Some(path) = found else {
        let what = format!("there is no run `{run}`");
        return Err(Failure::new(Kind::Usage, what)
            .code(Code::NotFound)
            .hint("`transship log` lists them"));
    };
    let journal = Journal::load(path)?;
    let run = summary(install, &journal);
    let text = match &run.log {
        Some(log) => std::fs::read(log).map_err(|error| {
            Failure::new(Kind::Usage, format!("can't read `{}`", log.display())).cause(&error)
        })?,
        None => Vec::new(),
    };
    let text = String::from_utf8_lossy(&text);
    if ui.json {
        let lines = text.lines().map(str::to_owned).collect();
        ui.json("transship-log-run", &RunLogJson { run, lines })?;
        return Ok(Done::Same);
    }
    let state = describe(run.state);
    let mut shown = format!("{} from {} to {}: {state}\n", run.run, run.from, run.to);
    for (step, state) in crate::upgrade::Report::of(&journal).steps.iter().zip(1..) {
        shown += &format!("{state:>4}. {:<8} {}\n", step.state, step.title);
    }
    if let Some(error) = &run.error {
        shown += &format!("failed: {error}\n");
    }
    match run.log {
        Some(_) => shown += &format!("\n{text}"),
        None => shown += "\nan earlier transship has kept no log of it\n",
    }
    ui.page(&shown)?;
    Ok(Done::Same)
}

/// Whether a run's journal is the one that is asked for.
fn is_named(journal: &Path, run: &str) -> bool {
    let name = journal.file_stem().unwrap_or_default().to_string_lossy();
    document::is_named(&name, run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_its_name_or_its_number() {
        let journal = Path::new("journal/00012-20261128T082614Z-v2.10.5.json");
        for run in ["00012-20261128T082614Z-v2.10.5", "12", "00012"] {
            assert!(is_named(journal, run), "{run}");
        }
        for run in ["1", "2", "20261128T082614Z", "v2.10.5", ""] {
            assert!(!is_named(journal, run), "{run}");
        }
    }
}

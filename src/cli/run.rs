//! From arguments to an exit code.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use serde::Serialize;

use super::args::{Cli, Command, Completions};
use super::options::{Common, When};
use super::terminal::failure::Failure;
use super::terminal::ui::{Done, Ui};
use super::{
    ansible, apply, completion, confirm, conflicts, copy, db, diff, doctor, examples, image, init,
    inspect, install_place, log, manifest, merge, misnomer, path, plan, rehearse, release, status,
    up, upgrade, verify, version, volume,
};
use crate::engine;
use crate::error::Kind;
use crate::rehearsal;

/// Runs the program: parses the arguments, runs the command, reports, and gives the exit
/// code (see [`crate::error::Kind`]).
pub fn main() -> ExitCode {
    if let Some(code) = serves_in_a_container() {
        return ExitCode::from(code);
    }
    if let Some(task) = ansible::asked() {
        return ansible::answer(task);
    }
    if let Some(code) = completion::answered() {
        return code;
    }
    if asks_for_all_of_the_version() {
        let _ = std::io::stdout().write_all(version::told().as_bytes());
        return ExitCode::SUCCESS;
    }
    let mut program = command();
    program.build();
    let parsed = program.clone().try_get_matches_from(words());
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return misused(&misnomer::explained(error)),
    };
    let install = install_place::named(&program, &matches);
    let named = install.as_ref().ok().cloned().flatten();
    let ui = Ui::new(
        &cli.common,
        named,
        install_place::commands_on_installs(&program),
    );
    match install.and_then(|_| dispatch(cli.command, &ui)) {
        Ok(Done::Same) => ExitCode::SUCCESS,
        Ok(Done::Differs) => ExitCode::from(1),
        Ok(Done::Incomplete) => ExitCode::from(Kind::Failed.exit_code()),
        Ok(Done::Refused) => ExitCode::from(Kind::Refused.exit_code()),
        Ok(Done::Unreadable) => ExitCode::from(Kind::Usage.exit_code()),
        Err(failure) => ExitCode::from(ui.fail(&failure)),
    }
}

/// Does what a helper's container is for, where this is one: no command of a person's, and so in no help,
/// completion or man page.
fn serves_in_a_container() -> Option<u8> {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (first, rest) = words.split_first()?;
    if first != "helper" {
        return None;
    }
    match rest.split_first() {
        None => Some(engine::serve(std::io::stdin(), std::io::stdout())),
        Some((kind, words)) => {
            let words = words.iter().map(|word| word.to_string_lossy().into_owned());
            let out = std::io::stdout();
            match kind.to_str() {
                Some("sink") => Some(rehearsal::serve_sink(words, out)),
                Some("door") => Some(rehearsal::serve_door(words, out)),
                Some("shut") => Some(rehearsal::shut_off(words, out)),
                _ => None,
            }
        }
    }
}

/// The definition of the command line: what the help, the completions and the man pages come from.
pub fn command() -> clap::Command {
    examples::with_examples(Cli::command())
}

/// `--version --verbose`, in whichever order and length.
fn asks_for_all_of_the_version() -> bool {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let has = |long: &str, short: &str| words.iter().any(|word| word == long || word == short);
    words.len() == 2 && has("--version", "-V") && has("--verbose", "-v")
}

/// What was typed; `help COMMAND` is `COMMAND --help`.
fn words() -> Vec<OsString> {
    let mut words: Vec<_> = std::env::args_os().collect();
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

/// Wrong usage, or a question for the help or the version.
fn misused(error: &clap::Error) -> ExitCode {
    let words = std::env::args_os().skip(1);
    let mut options = words.take_while(|word| word != "--");
    if !error.use_stderr() || !options.any(|word| word == "--json") {
        error.exit()
    }
    let common = Common {
        json: true,
        quiet: false,
        verbose: false,
        no_pager: true,
        color: When::Never,
    };
    let text = error.render().to_string();
    let mut paragraphs = text.trim().split("\n\n");
    let first = paragraphs.next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let failure = Failure::new(Kind::Usage, words(message));
    let hints = paragraphs.filter(|hint| !hint.trim().is_empty());
    let failure = hints.fold(failure, |failure, hint| failure.hint(words(hint)));
    ExitCode::from(Ui::new(&common, None, Vec::new()).fail(&failure))
}

fn dispatch(command: Command, ui: &Ui) -> Result<Done, Failure> {
    match command {
        Command::Init(args) => init::run(&args, ui),
        Command::Doctor(args) => doctor::run(&args, ui),
        Command::Path(args) => path::run(&args, ui),
        Command::Plan(args) => plan::run(&args, ui),
        Command::Rehearse(args) => rehearse::run(*args, ui),
        Command::Upgrade(args) => upgrade::run(&args, ui),
        Command::Apply(args) => apply::apply(&args, ui),
        Command::Resume(args) => apply::resume(&args, ui),
        Command::Rollback(args) => apply::roll_back(&args, ui),
        Command::Confirm(args) => confirm::run(&args, ui),
        Command::Status(args) => status::run(&args, ui),
        Command::Log(args) => log::run(&args, ui),
        Command::Up(args) => up::up(&args, ui),
        Command::Stop(args) => up::stop(&args, ui),
        Command::Release(args) => release::run(&args.command, ui),
        Command::Image(command) => image::run(&command, ui),
        Command::Volume(command) => volume::run(&command, ui),
        Command::Db(command) => db::run(&command, ui),
        Command::Copy(args) => copy::run(&args, ui),
        Command::Manifest(args) => manifest::run(&args, ui),
        Command::Verify(args) => verify::run(&args, ui),
        Command::Diff(args) => diff::run(&args, ui),
        Command::Conflicts(args) => conflicts::run(&args, ui),
        Command::Inspect(args) => inspect::run(&args, ui),
        Command::Merge(args) => merge::run(&args, ui),
        Command::Completions(args) => completions(&args, ui),
    }
}

fn completions(args: &Completions, ui: &Ui) -> Result<Done, Failure> {
    #[derive(Serialize)]
    struct ScriptJson {
        shell: String,
        script: String,
    }
    let script = completion::script(args.shell);
    if ui.json {
        let script = String::from_utf8_lossy(&script).into_owned();
        let shell = args.shell.to_string();
        ui.json("transship-completions", &ScriptJson { shell, script })?;
        return Ok(Done::Same);
    }
    ui.write(&script)?;
    Ok(Done::Same)
}

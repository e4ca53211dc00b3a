//! Consent to what removes something for good: asked for on a terminal, and wanted as `--yes` elsewhere.

use std::ffi::OsString;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;

use super::terminal::failure::Failure;
use super::terminal::ui::Ui;
use crate::error::{Code, Kind};
use crate::upgrade::step::quote;

/// Consent beforehand.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(super) struct YesArg {
    /// Don't ask
    #[arg(short, long)]
    pub(super) yes: bool,
}

impl YesArg {
    /// That what was just shown may be removed.
    ///
    /// # Errors
    /// A refusal where nobody agrees, or can be asked.
    pub(super) fn require(self, ui: &Ui) -> Result<(), Failure> {
        if self.yes { Ok(()) } else { ask(ui, "--yes") }
    }
}

/// Asks whether what was just shown may be removed; `option` says so beforehand.
///
/// # Errors
/// A refusal where nobody agrees, or can be asked.
pub(super) fn ask(ui: &Ui, option: &str) -> Result<(), Failure> {
    if !can_ask(ui) {
        let what = "something would be removed for good, and nobody can be asked whether it may";
        let again = again(std::env::args_os().skip(1).collect(), option);
        return Err(Failure::new(Kind::Refused, what)
            .code(Code::NeedsYes)
            .hint(format!("if it is meant: {again}"))
            .hint("`--dry-run` only shows what would be lost"));
    }
    ui.ask("Remove all of that? It can't be brought back. Type `yes`: ");
    let mut answer = String::new();
    // Who can't be asked hasn't agreed.
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" {
        return Ok(());
    }
    let what = "nothing is removed, since you didn't say `yes`";
    Err(Failure::new(Kind::Refused, what).code(Code::NeedsYes))
}

/// Shows what would be lost to whoever is asked, even when told to be quiet.
pub(super) fn show(lost: &str, ui: &Ui) {
    match can_ask(ui) {
        true => ui.ask(lost),
        false => ui.say(lost.trim_end()),
    }
}

/// Whether there is somebody to ask.
pub(super) fn can_ask(ui: &Ui) -> bool {
    !ui.json && io::stdin().is_terminal()
}

/// The command that was typed, with the option. Its `-C` is left to whoever prints it, who puts one into
/// all commands.
fn again(words: Vec<OsString>, option: &str) -> String {
    let mut command = "transship".to_owned();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("-C" | "--install") => drop(words.next()),
            Some(word) if word.starts_with("-C") || word.starts_with("--install=") => {}
            _ => command += &format!(" {}", quote(Path::new(&word))),
        }
    }
    format!("{command} {option}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_typed_again_without_its_install() {
        for typed in [
            "-C x rollback --discard",
            "rollback -Cx --discard",
            "rollback --install=x --discard",
            "rollback --install x --discard",
        ] {
            let words = typed.split(' ').map(OsString::from).collect();
            assert_eq!(again(words, "--yes"), "transship rollback --discard --yes");
        }
        let words = ["copy", "a b", "c"].map(OsString::from).to_vec();
        assert_eq!(
            again(words, "--delete-all"),
            "transship copy 'a b' c --delete-all"
        );
    }
}

//! Words that people type for commands that are called otherwise here.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};

/// What other tools, or one's memory, call it; and what it is here.
const MISNOMERS: &[(&[&str], &str)] = &[
    (&["history", "runs", "logs", "journal"], "transship log"),
    (
        &["list", "ls", "releases", "versions"],
        "transship release ls",
    ),
    (&["version"], "transship --version"),
    (
        &["update", "deploy", "migrate"],
        "transship upgrade VERSION",
    ),
    (&["start", "run", "restart"], "transship up RELEASE"),
    (&["down", "kill"], "transship stop RELEASE"),
    (
        &[
            "undo",
            "revert",
            "downgrade",
            "restore",
            "roll-back",
            "back",
        ],
        "transship rollback",
    ),
    (&["continue", "retry"], "transship resume"),
    (
        &["prune", "clean", "cleanup", "gc"],
        "transship release prune --keep N",
    ),
    (&["check", "preflight", "validate"], "transship doctor"),
    (&["pull", "load"], "transship image load ARCHIVE"),
    (
        &["dry-run", "simulate", "test"],
        "transship rehearse VERSION",
    ),
    (
        &["use", "switch", "activate"],
        "transship release use VERSION",
    ),
    (&["info", "show", "ps"], "transship status"),
    (&["hash", "checksum"], "transship manifest TREE"),
    (&["clone", "cp", "rsync"], "transship copy SRC DST"),
    (&["unpause"], "transship volume unpause"),
    (&["retag", "tag"], "transship image set REPO=TAG"),
];

/// The error, with the right command in the place of one that merely looks alike.
pub(super) fn explained(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let found = MISNOMERS
        .iter()
        .find(|(words, _)| words.contains(&typed.as_str()));
    if let Some((_, right)) = found {
        let tip = StyledStr::from(format!("here that is `{right}`"));
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn a_word_of_other_tools_leads_to_the_command() {
        for (words, right) in MISNOMERS {
            for word in *words {
                let error = Cli::command()
                    .try_get_matches_from(["transship", word])
                    .unwrap_err();
                let said = explained(error).to_string();
                assert!(said.contains(&format!("here that is `{right}`")), "{said}");
                assert!(!said.contains("similar"), "{said}");
            }
        }
    }

    #[test]
    fn what_is_proposed_is_a_command() {
        for (_, right) in MISNOMERS {
            let words: Vec<&str> = right.split(' ').skip(1).collect();
            let is_word = |word: &&&str| {
                !word.starts_with('-') && word.chars().all(|c| c.is_ascii_lowercase())
            };
            let mut command = Cli::command();
            for word in words.iter().take_while(is_word) {
                let below = command.find_subcommand(word);
                command = below.unwrap_or_else(|| panic!("`{right}`")).clone();
            }
        }
    }
}

//! Which argument is completed by what. One table, so that no command's definition is cluttered with it.

use std::any::TypeId;
use std::ffi::OsStr;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::names;
use crate::release::Version;

type NameSource = fn(&OsStr) -> Vec<CompletionCandidate>;

/// Arguments by their command's words and their own id. A command's words may be `*`: wherever one of that
/// id stands. What is a [`Version`] needs no line.
const COMPLETED: &[(&str, &str, NameSource)] = &[
    ("*", "profiles", names::profiles),
    ("*", "profile", names::profiles),
    ("*", "leave", names::services_before_a_path),
    ("*", "skip_volume", names::volume_keys),
    ("*", "own", names::volume_keys),
    ("*", "share", names::volume_keys),
    ("apply", "plan", names::plans),
    ("apply", "replay", names::rehearsals),
    ("rehearse", "run", names::rehearsals),
    ("log", "run", names::runs),
    ("doctor", "ignore", names::rules),
    ("up", "accept", names::conflict_rules),
    ("diff", "a", names::releases_and_paths),
    ("diff", "b", names::releases_and_paths),
    ("conflicts", "sides", names::releases_and_paths),
    ("inspect", "source", names::volumes_and_paths),
    ("volume copy", "source", names::volumes_and_paths),
    ("volume copy", "target", names::volumes_and_paths),
    ("volume prefix", "only", names::keys_of_files_here),
    ("image set", "rules", names::image_rules),
    ("db collation", "server", names::containers),
    ("db compare", "a", names::containers),
    ("db compare", "b", names::containers),
    ("db dump", "server", names::containers),
    ("db load", "server", names::containers),
    ("db move", "a", names::containers),
    ("db move", "b", names::containers),
];

/// The program's definition, with what completes its arguments.
pub(super) fn with_completion(program: Command) -> Command {
    complete_below(program, "")
}

fn complete_below(command: Command, words: &str) -> Command {
    let words = words.to_owned();
    let command = command.mut_args(|arg| match candidates(&words, &arg) {
        Some(candidates) => arg.add(ArgValueCompleter::new(candidates)),
        None => arg,
    });
    command.mut_subcommands(|below| {
        let words = format!("{words} {}", below.get_name());
        complete_below(below, words.trim())
    })
}

fn candidates(words: &str, arg: &Arg) -> Option<NameSource> {
    let id = arg.get_id().as_str();
    let listed =
        |(of, named, _): &&(&str, &str, NameSource)| (*of == "*" || *of == words) && *named == id;
    let takes_version = || arg.get_value_parser().type_id() == TypeId::of::<Version>();
    match COMPLETED.iter().find(listed) {
        Some((_, _, candidates)) => Some(*candidates),
        None => takes_version().then_some(names::releases as NameSource),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command;

    /// Every argument that takes a value, with its command's words.
    fn arguments(command: &Command, words: &str, found: &mut Vec<(String, Arg)>) {
        for arg in command.get_arguments() {
            if arg.get_num_args().is_none_or(|count| count.takes_values()) {
                found.push((words.to_owned(), arg.clone()));
            }
        }
        for below in command.get_subcommands() {
            let words = format!("{words} {}", below.get_name());
            arguments(below, words.trim(), found);
        }
    }

    #[test]
    fn every_line_of_the_table_is_an_argument_that_there_is() {
        let mut all = Vec::new();
        arguments(&command(), "", &mut all);
        for (words, id, _) in COMPLETED {
            let is_it =
                |(of, arg): &(String, Arg)| (*words == "*" || of == words) && arg.get_id() == id;
            assert!(all.iter().any(is_it), "`{words}` has no `{id}`");
        }
    }

    #[test]
    fn a_version_is_completed_wherever_one_is_asked_for() {
        let mut all = Vec::new();
        arguments(&with_completion(command()), "", &mut all);
        let versions = all
            .iter()
            .filter(|(_, arg)| arg.get_value_parser().type_id() == TypeId::of::<Version>());
        let without = versions.filter(|(_, arg)| arg.get::<ArgValueCompleter>().is_none());
        assert_eq!(without.count(), 0);
    }
}

//! Two examples for each command: shown behind its help and in its man page.

mod databases;
mod files;
mod images_and_volumes;
mod installs;

use clap::Command;

/// A command's words, and examples: what one wants, and what one types.
type CommandExamples = (&'static str, &'static [(&'static str, &'static str)]);

/// The examples of a command, named by its words.
fn of(words: &str) -> Option<&'static [(&'static str, &'static str)]> {
    let groups = [
        installs::EXAMPLES,
        images_and_volumes::EXAMPLES,
        databases::EXAMPLES,
        files::EXAMPLES,
    ];
    let mut all = groups.into_iter().flatten();
    let found = all.find(|(command, _)| *command == words);
    found.map(|(_, examples)| *examples)
}

/// The definition of the command line with the examples in it.
pub(super) fn with_examples(program: Command) -> Command {
    visit(program, "")
}

fn visit(mut command: Command, words: &str) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|below| below.get_name().to_owned())
        .collect();
    for name in names {
        let words = format!("{words} {name}");
        command = command.mut_subcommand(&name, |below| visit(below, words.trim()));
    }
    match of(words) {
        Some(examples) => command.after_help(text(examples)),
        None => command,
    }
}

fn text(examples: &[(&str, &str)]) -> String {
    let lines = examples.iter();
    let lines: Vec<_> = lines
        .map(|(wanted, typed)| format!("  {wanted}:\n      {typed}"))
        .collect();
    format!("Examples:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests;

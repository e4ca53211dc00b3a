use super::*;
use crate::cli::command;

#[test]
fn every_command_has_two_examples_that_it_understands() {
    fn visit(command: &Command, words: &str) {
        let mut below = command.get_subcommands().peekable();
        if below.peek().is_none() {
            let examples = of(words).unwrap_or_else(|| panic!("no example of `{words}`"));
            assert!(examples.len() >= 2, "{words}");
            for (_, typed) in examples {
                assert!(typed.starts_with(&format!("transship {words}")), "{typed}");
                let words = shlex::split(typed).unwrap();
                let parsed = crate::cli::command().try_get_matches_from(words);
                assert!(parsed.is_ok(), "{typed}: {}", parsed.unwrap_err());
            }
        }
        for command in below {
            let words = format!("{words} {}", command.get_name());
            visit(command, words.trim());
        }
    }
    visit(&command(), "");
}

//! Bash, which hands over words as they are typed: quoted, and cut at each `=` and `:`.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::{CompletionCandidate, complete};
use clap_complete::env::EnvCompleter;

/// What bash cuts words at, by its `COMP_WORDBREAKS`, and no name here is without.
const BREAKS: [&str; 2] = ["=", ":"];
/// Parts candidates, in the script, too.
const SEPARATOR: char = '\x0b';

const SCRIPT: &str = r#"_transship() {
    local IFS=$'\013' words=("${COMP_WORDS[@]}")
    # At a `=` or `:` by itself the second parameter is empty.
    case ${words[COMP_CWORD]} in
        [=:]) ;;
        *) words[COMP_CWORD]=$2 ;;
    esac
    COMPREPLY=($(VAR=bash _TRANSSHIP_INDEX=$COMP_CWORD "COMPLETER" -- "${words[@]}" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o nosort -F _transship BIN 2>/dev/null ||
    complete -o bashdefault -F _transship BIN
"#;

/// The adapter.
#[derive(Debug)]
pub(super) struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        var: &str,
        _: &str,
        bin: &str,
        completer: &str,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let script = SCRIPT.replace("VAR", var).replace("BIN", bin);
        to.write_all(script.replace("COMPLETER", completer).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        here: Option<&Path>,
        to: &mut dyn Write,
    ) -> io::Result<()> {
        let index = std::env::var("_TRANSSHIP_INDEX").ok();
        let index = index.and_then(|index| index.parse().ok());
        let index: usize = index.unwrap_or(words.len().saturating_sub(1));
        let mut words = words;
        words.truncate(index + 1);
        let asked_last = words.last().cloned().unwrap_or_default();
        let words = joined(words.iter().map(|word| unquoted(word)).collect());
        let last = words.last().cloned().unwrap_or_default();
        let kept = kept_before(
            &last.to_string_lossy(),
            &unquoted(&asked_last).to_string_lossy(),
        );
        let index = words.len().saturating_sub(1);
        let mut found = complete(command, words, index, here)?;
        let is_option = |candidate: &CompletionCandidate| {
            candidate.get_value().as_encoded_bytes().starts_with(b"-")
        };
        // Where there is something else, options are for those who begin one.
        if last.is_empty() && !found.iter().all(is_option) {
            found.retain(|candidate| !is_option(candidate));
        }
        let found = found.iter().map(|candidate| {
            let value = candidate.get_value().to_string_lossy();
            quoted(value.get(kept..).unwrap_or_default())
        });
        let found: Vec<String> = found.collect();
        to.write_all(found.join(&SEPARATOR.to_string()).as_bytes())
    }
}

/// How many bytes of the whole word `word` stand before what bash takes for the current one, `current`.
fn kept_before(word: &str, current: &str) -> usize {
    match BREAKS.contains(&current) {
        true => word.len(),
        false => word.len().saturating_sub(current.len()),
    }
}

/// A word as the shell would pass it on; one that isn't finished, as far as it goes.
pub(super) fn unquoted(word: &OsStr) -> OsString {
    let Some(text) = word.to_str() else {
        return word.to_owned();
    };
    let closed = ["", "'", "\""].map(|end| shlex::split(&format!("{text}{end}")));
    let mut closed = closed.into_iter().flatten();
    match closed.next().as_deref() {
        Some([one]) => one.into(),
        Some([]) => OsString::new(),
        // A comment, or no word at all.
        _ => word.to_owned(),
    }
}

/// The words, with those that were cut at a `=` or `:` whole again.
pub(super) fn joined(words: Vec<OsString>) -> Vec<OsString> {
    let is_break = |word: &OsStr| BREAKS.iter().any(|at| word == *at);
    let mut whole: Vec<OsString> = Vec::new();
    let mut is_open = false;
    for word in words {
        let is_cut = is_break(&word);
        match whole.last_mut() {
            Some(last) if (is_cut || is_open) && !last.is_empty() => last.push(&word),
            _ => whole.push(word),
        }
        is_open = is_cut;
    }
    whole
}

/// As the shell takes it for one word.
fn quoted(text: &str) -> String {
    match text.is_empty() {
        true => String::new(),
        false => shlex::try_quote(text).map_or_else(|_| String::new(), Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_bash_cut_are_whole_again() {
        let check = |words: &[&str], wanted: &[&str]| {
            let words = words.iter().map(OsString::from).collect();
            assert_eq!(joined(words), wanted);
        };
        check(&["t", "plan", "v"], &["t", "plan", "v"]);
        check(&["t", "--install", "=", "/srv"], &["t", "--install=/srv"]);
        check(&["t", "--install", "="], &["t", "--install="]);
        check(
            &["t", "set", "service", ":", "web", "=", ""],
            &["t", "set", "service:web="],
        );
        check(&["t", "set", "a", ":", "b", "c"], &["t", "set", "a:b", "c"]);
    }

    #[test]
    fn a_word_is_taken_without_its_quotes_finished_or_not() {
        for (word, wanted) in [
            ("plan", "plan"),
            ("'my install'", "my install"),
            ("'my inst", "my inst"),
            ("my\\ install", "my install"),
            ("\"v1", "v1"),
            ("", ""),
        ] {
            assert_eq!(unquoted(OsStr::new(word)), wanted, "{word}");
        }
    }

    #[test]
    fn what_stands_before_a_break_is_not_said_again() {
        assert_eq!(kept_before("service:we", "we"), "service:".len());
        assert_eq!(kept_before("--install=", "="), "--install=".len());
        assert_eq!(kept_before("plan", "plan"), 0);
        assert_eq!(kept_before("service:", ""), "service:".len());
    }
}

//! Completion as one types: the shell's script asks this program, which looks at the install, its compose
//! files and the engine.
//!
//! It never says anything but candidates: where something can't be read, there are none. What needs the engine
//! waits for it no longer than [`names::PATIENCE`].

mod arguments;
mod bash_words;
mod names;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use super::run::command;
use bash_words::Bash;

/// The variable that the scripts set, to the shell's name. One of our own: a `COMPLETE` that somebody
/// exports for other ends mustn't keep a command from being done.
const VARIABLE: &str = "TRANSSHIP_COMPLETE";

const SHELLS: Shells<'static> = Shells(&[&Bash, &Elvish, &Fish, &Powershell, &Zsh]);

/// Answers a shell that asks, and gives the exit code then.
pub(super) fn answered() -> Option<ExitCode> {
    std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
    let here = std::env::current_dir().ok();
    let program = CompleteEnv::with_factory(|| arguments::with_completion(command()));
    let program = program.var(VARIABLE).shells(SHELLS);
    // Whatever was said here would stand amid what is being typed.
    let answer = program.try_complete(std::env::args_os(), here.as_deref());
    Some(match answer {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// The script that has `shell` ask.
pub(super) fn script(shell: Shell) -> Vec<u8> {
    let asked: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        _ => &Zsh,
    };
    let (mut script, name) = (Vec::new(), "transship");
    // Into memory it can't fail.
    let _ = asked.write_registration(VARIABLE, name, name, name, &mut script);
    let text = String::from_utf8_lossy(&script).trim().to_owned() + "\n";
    text.into_bytes()
}

/// The words of the command that is being typed, without the program's name.
fn typed() -> Vec<OsString> {
    let words = std::env::args_os().skip_while(|word| word != "--");
    let words: Vec<_> = words
        .skip(1)
        .map(|word| bash_words::unquoted(&word))
        .collect();
    let mut words = bash_words::joined(words);
    if !words.is_empty() {
        words.remove(0);
    }
    words
}

/// What the option of these names was given, where it was typed.
fn option(names: &[&str]) -> Option<OsString> {
    option_in(&typed(), names)
}

fn option_in(words: &[OsString], names: &[&str]) -> Option<OsString> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let word = word.to_str().unwrap_or_default();
        for name in names {
            match word.strip_prefix(name) {
                Some("") => return words.next().cloned(),
                Some(value) if name.starts_with("--") => {
                    if let Some(value) = value.strip_prefix('=') {
                        return Some(OsStr::new(value).to_owned());
                    }
                }
                Some(value) => return Some(OsStr::new(value).to_owned()),
                None => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_however_it_is_written() {
        let check = |words: &[&str], wanted: Option<&str>| {
            let words: Vec<_> = words.iter().map(OsString::from).collect();
            let found = option_in(&words, &["-C", "--install"]);
            assert_eq!(found.as_deref(), wanted.map(OsStr::new), "{words:?}");
        };
        check(&["-C", "/srv/a b", "plan", ""], Some("/srv/a b"));
        check(&["plan", "-C/srv/a"], Some("/srv/a"));
        check(&["plan", "--install", "/srv/a"], Some("/srv/a"));
        check(&["plan", "--install=/srv/a"], Some("/srv/a"));
        check(&["plan", "--installed=/srv/a"], None);
        check(&["plan", "-C"], None);
        check(&["plan"], None);
    }
}

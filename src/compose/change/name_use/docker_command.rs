//! Commands of Docker's, in scripts and elsewhere, and which of their words are names.

use crate::compose::change::rename::NamedThing;

/// The commands that take one container, and those that take several.
const OF_ONE: [&str; 10] = [
    "exec", "logs", "top", "port", "attach", "rename", "export", "commit", "diff", "cp",
];
const OF_SEVERAL: [&str; 11] = [
    "stop", "start", "restart", "kill", "rm", "inspect", "wait", "pause", "unpause", "stats",
    "update",
];

/// True if what stands behind `before` is the name of a `thing` in a command of Docker's.
pub(super) fn names(thing: NamedThing, before: &str, after: &str) -> bool {
    let is_end = |c: char| matches!(c, ';' | '&' | '|' | '\n' | '(' | '`');
    let command = before.rsplit(is_end).next().unwrap_or_default();
    let command = command.trim_end_matches(['"', '\'']);
    if !command.ends_with([' ', '\t']) {
        return false;
    }
    let mut words = command.split_whitespace();
    let is_docker = |word: &str| matches!(word.rsplit('/').next(), Some("docker" | "podman"));
    if !words.by_ref().any(is_docker) {
        return false;
    }
    let words: Vec<&str> = words.collect();
    match (thing, words.as_slice()) {
        (NamedThing::Container, ["container", verb, rest @ ..] | [verb, rest @ ..])
            if OF_ONE.contains(verb) || OF_SEVERAL.contains(verb) =>
        {
            let given = given(verb, rest);
            match *verb {
                "cp" => given < 2 && after.starts_with(':'),
                _ => given == 0 || OF_SEVERAL.contains(verb),
            }
        }
        (NamedThing::Container, ["network", verb @ ("connect" | "disconnect"), rest @ ..]) => {
            given(verb, rest) == 1
        }
        (NamedThing::Network, ["network", verb @ ("connect" | "disconnect"), rest @ ..]) => {
            given(verb, rest) == 0
        }
        (NamedThing::Network, ["network", ..]) | (NamedThing::Volume, ["volume", ..]) => {
            words.len() > 1
        }
        _ => false,
    }
}

/// How many words a command was given, options and their values left out.
fn given(verb: &str, words: &[&str]) -> usize {
    let with_value: &[&str] = match verb {
        "exec" => &[
            "-e",
            "--env",
            "-u",
            "--user",
            "-w",
            "--workdir",
            "--env-file",
            "--detach-keys",
        ],
        "logs" => &["-n", "--tail", "--since", "--until"],
        "connect" => &["--alias", "--ip", "--ip6", "--link", "--driver-opt"],
        _ => &[],
    };
    let (mut count, mut words) = (0, words.iter());
    while let Some(word) = words.next() {
        if with_value.contains(word) {
            words.next();
        } else if !word.starts_with('-') {
            count += 1;
        }
    }
    count
}

//! Commands of ours in what is said, so that they can be pasted: with the `-C` that was given.

use std::path::Path;

use crate::upgrade::step::quote;

/// Puts the `-C` that was given into every command on an install that a text names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pasted {
    /// The install as it was named, quoted for a shell; none where it was found.
    install: Option<String>,
    /// The commands that take it, each as its words.
    commands: Vec<String>,
}

impl Pasted {
    pub(crate) fn new(install: Option<&Path>, commands: Vec<String>) -> Self {
        Self {
            install: install.map(quote),
            commands,
        }
    }

    /// The text with its commands made whole.
    pub(crate) fn of(&self, text: &str) -> String {
        const NAME: &str = "transship ";
        let Some(install) = &self.install else {
            return text.to_owned();
        };
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(NAME) {
            let (before, behind) = rest.split_at(at + NAME.len());
            whole += before;
            rest = behind;
            let starts =
                !before[..at].ends_with(|c: char| c.is_alphanumeric() || "-_/.".contains(c));
            if starts && self.is_command(behind) {
                whole += &format!("-C {install} ");
            }
        }
        whole + rest
    }

    fn is_command(&self, text: &str) -> bool {
        self.commands.iter().any(|command| {
            let ended = |c: char| !(c.is_alphanumeric() || c == '-');
            text.strip_prefix(command.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(ended))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(install: Option<&str>, text: &str, wanted: &str) {
        let commands = ["status", "rollback", "release ls"].map(str::to_owned);
        let pasted = Pasted::new(install.map(Path::new), commands.to_vec());
        assert_eq!(pasted.of(text), wanted);
    }

    #[test]
    fn commands_get_the_install_that_was_named() {
        let undo = "undo it with `transship rollback`; to remove all: transship rollback --discard";
        check(None, undo, undo);
        check(
            Some("/srv/x"),
            undo,
            "undo it with `transship -C /srv/x rollback`; to remove all: transship -C /srv/x rollback \
             --discard",
        );
        check(
            Some("my install"),
            "`transship release ls`",
            "`transship -C 'my install' release ls`",
        );
    }

    #[test]
    fn what_takes_no_install_or_is_no_command_stays() {
        for text in [
            "`transship volume ls` tells",
            "an earlier transship status",
            "transship statusline",
            "/opt/transship rollback",
        ] {
            let wanted = match text {
                // Nobody can tell a sentence from a command.
                "an earlier transship status" => "an earlier transship -C x status",
                text => text,
            };
            check(Some("x"), text, wanted);
        }
    }
}

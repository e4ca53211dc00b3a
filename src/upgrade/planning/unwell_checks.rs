//! Checks of the recipe that aren't well already, while the old release runs: one that can't be well would
//! make every upgrade go back, and the way back asks it, too. Only what asks over the network is asked:
//! a command may do anything.

use std::fmt;
use std::time::Duration;

use crate::probe;
use crate::release::{Check, CheckQuestion};

/// Who runs already answers soon.
const PATIENCE: Duration = Duration::from_secs(2);

/// A check that isn't well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnwellCheck {
    /// What is asked.
    pub check: String,
    /// What came of it.
    pub said: String,
}

impl UnwellCheck {
    /// Those of `checks` that aren't well now.
    pub(super) fn all(checks: &[Check]) -> Vec<Self> {
        let asked = checks.iter().filter_map(|check| {
            let answer = match &check.question {
                CheckQuestion::Http(url) => probe::http_within(url, PATIENCE),
                CheckQuestion::Tcp(address) => probe::tcp_within(address, PATIENCE),
                CheckQuestion::Command { .. } => return None,
            };
            let said = answer.err()?;
            Some(Self {
                check: check.shown(),
                said,
            })
        });
        asked.collect()
    }
}

impl fmt::Display for UnwellCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, said } = self;
        write!(
            f,
            "the check `{check}` isn't well already, while the old release runs ({said}): unless the new one \
             makes it well, the upgrade goes back, and the way back asks the same of the old one"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::release::HookCommand;

    #[test]
    fn what_nobody_answers_is_told_and_commands_are_not_run() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap().to_string();
        let closed = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let questions = [
            CheckQuestion::Tcp(open),
            CheckQuestion::Tcp(closed.clone()),
            CheckQuestion::Http(format!("http://{closed}/")),
            CheckQuestion::Command {
                run: HookCommand::Shell("exit 1".to_owned()),
                service: None,
            },
        ];
        let checks = questions.map(|question| Check {
            question,
            seconds: 1,
        });
        let found = UnwellCheck::all(&checks);
        let asked: Vec<&str> = found.iter().map(|unwell| unwell.check.as_str()).collect();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert!(
            asked.iter().all(|check| check.contains(&closed)),
            "{asked:?}"
        );
        assert!(found[0].to_string().contains("the way back asks"));
    }
}

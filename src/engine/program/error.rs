//! Why a call of a program came to nothing.

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::Ending;
use crate::error::{Code, Explain, Kind};

/// Why a program could not be run, or did not do well.
#[derive(Debug, Error)]
pub enum Error {
    /// Nothing of that name can be run.
    #[error("program `{name}` not found")]
    NotFound {
        /// As it was asked for.
        name: String,
    },
    /// A setting that should name a program has no word or an unclosed quote.
    #[error("`{words}` names no program")]
    Words {
        /// The setting.
        words: String,
    },
    /// The system would not start it.
    #[error("can't start `{command}`")]
    Start {
        /// As [`Invocation::shown`](super::Invocation::shown).
        command: String,
        /// Why.
        source: io::Error,
    },
    /// The system lost track of it.
    #[error("can't wait for `{command}`")]
    Wait {
        /// As [`Invocation::shown`](super::Invocation::shown).
        command: String,
        /// Why.
        source: io::Error,
    },
    /// It was killed, with everything it had started, for taking too long.
    #[error("`{command}` had no answer after {} s and was stopped", after.as_secs_f32())]
    TimedOut {
        /// As [`Invocation::shown`](super::Invocation::shown).
        command: String,
        /// How long the program was given.
        after: Duration,
    },
    /// The user wanted to stop, and it was ended with everything it had started.
    #[error("interrupted during `{command}`")]
    Interrupted {
        /// As [`Invocation::shown`](super::Invocation::shown).
        command: String,
    },
    /// It ended with something else than exit code 0.
    #[error("`{command}` failed ({how}){}", after_colon(said))]
    Exit {
        /// As [`Invocation::shown`](super::Invocation::shown).
        command: String,
        /// The last lines it said, secrets masked; may be empty.
        said: String,
        /// Exit code or signal.
        how: Ending,
    },
}

impl Explain for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } => Code::NoProgram,
            Self::Words { .. } => Code::Usage,
            Self::Interrupted { .. } => Code::Interrupted,
            Self::TimedOut { .. } => Code::TimedOut,
            _ => Code::EngineFailed,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } | Self::Words { .. } => Kind::Usage,
            Self::Start { .. } => Kind::Refused,
            Self::Interrupted { .. } => Kind::Interrupted,
            Self::Wait { .. } | Self::TimedOut { .. } | Self::Exit { .. } => Kind::Failed,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NotFound { name } => vec![format!(
                "install `{name}`, or put the folder that holds it into `PATH`"
            )],
            Self::TimedOut { command, .. } => {
                vec![format!("see whether it answers by hand: {command}")]
            }
            _ => Vec::new(),
        }
    }
}

fn after_colon(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

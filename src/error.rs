//! What every error of the library can say of itself: what kind it is, which sets the
//! exit code, and what the administrator can do next.
//!
//! Each module has an error enum of its own; [`Explain`] is what they share. An error's
//! text names the object (path, `file:line:col`, volume) in lower case without a full
//! stop and never repeats its source; advice goes into [`Explain::hints`].

mod code;

use std::error::Error;

use serde::Serialize;

pub use code::Code;

/// What an error means for the caller; each kind is one exit code (design: the same for
/// every command).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Exit 2: usage, or input that can't be read or understood. Nothing was changed.
    Usage,
    /// Exit 3: understood, and refused before anything changed.
    Refused,
    /// Exit 4: failed part-way; `resume` and `rollback` both work.
    Failed,
    /// Exit 5: failed, and everything was rolled back.
    RolledBack,
    /// Exit 6: done, and what there was to say of it couldn't be written.
    Untold,
    /// Exit 130: interrupted by a signal; resumable.
    Interrupted,
}

impl Kind {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::RolledBack => "rolled-back",
            Self::Untold => "untold",
            Self::Interrupted => "interrupted",
        }
    }

    /// The process's exit code for this kind.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Failed => 4,
            Self::RolledBack => 5,
            Self::Untold => 6,
            Self::Interrupted => 130,
        }
    }
}

/// An error with its causes, as one line.
pub fn with_causes(error: &dyn Error) -> String {
    let chain = std::iter::successors(Some(error), |error| (*error).source());
    let mut texts: Vec<String> = chain.map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

/// A hint to whoever isn't root; root is told `root`, if there is anything to tell.
pub(crate) fn root_hint(others: &str, root: Option<&str>) -> Vec<String> {
    let hint = match rustix::process::geteuid().is_root() {
        true => root,
        false => Some(others),
    };
    hint.map(str::to_owned).into_iter().collect()
}

/// The hint to run it as `user`, where something isn't permitted: nothing to root, to whom all is.
pub(crate) fn user_hint(user: &str) -> Vec<String> {
    root_hint(&format!("run it as {user}, for example with `sudo`"), None)
}

/// An error that knows its kind and the next move.
pub trait Explain: Error {
    /// The stable name of what went wrong, for scripts.
    fn code(&self) -> Code;

    /// What the error means for the caller.
    fn kind(&self) -> Kind;

    /// What to do next, one sentence each, most useful first.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }

    /// What it consists of where it is several things at once, which are told one by one.
    fn parts(&self) -> Vec<ErrorPart> {
        Vec::new()
    }
}

/// One of several things that an error is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorPart {
    /// What is wrong.
    pub message: String,
    /// The ways out.
    pub hints: Vec<String>,
}

//! What can go wrong with a helper and its container.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::super::program;
use crate::error::{Code, Explain, Kind};

/// Why work in a helper container didn't end well.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HelperError {
    /// There is no static transship that could be sent to the engine.
    #[error("this transship isn't a static program, and there is no `transship-static` beside it")]
    NoProgram,
    /// The program that was named needs more than a container has.
    #[error("`{}` isn't a static program for Linux", path.display())]
    NotStatic {
        /// As named.
        path: PathBuf,
    },
    /// The program can't be read.
    #[error("can't read `{}`", path.display())]
    Unreadable {
        /// As named, or found.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program is for another processor than the engine's.
    #[error("`{}` is a program for {program}, and the engine runs on {engine}", path.display())]
    Machine {
        /// The program.
        path: PathBuf,
        /// The processor that the program was built for.
        program: &'static str,
        /// The engine's.
        engine: String,
    },
    /// `docker import` failed, or claimed to have made an image that isn't there.
    #[error("the engine didn't take the helper's image")]
    Image {
        /// Why, where the engine said so.
        source: Option<program::Error>,
    },
    /// The container couldn't be started.
    #[error(transparent)]
    Start(program::Error),
    /// The helper is of another version.
    #[error("the helper isn't of this version: it speaks version {version} of the protocol")]
    Version {
        /// What it said.
        version: u32,
    },
    /// The helper said what no helper says.
    #[error("the helper container gave an answer that can't be understood ({said})")]
    BadReply {
        /// What is wrong with it.
        said: &'static str,
    },
    /// The helper said nothing any more.
    #[error("the helper container said nothing for {} s and was removed", after.as_secs_f32())]
    Silent {
        /// How long.
        after: Duration,
    },
    /// The helper ended, or was ended, without an answer.
    #[error("the helper container ended without an answer ({how})")]
    Died {
        /// Exit code or signal, and what Docker said.
        how: String,
    },
    /// The helper did its work and it failed there.
    #[error("{message}")]
    Inside {
        /// What it means.
        kind: Kind,
        /// What failed, with its causes.
        message: String,
        /// What to do.
        hints: Vec<String>,
    },
    /// The volume's contents are in the memory of whoever mounts it.
    #[error("volume `{name}` is a tmpfs: its contents are gone when no container has it mounted")]
    Tmpfs {
        /// The volume.
        name: String,
    },
}

impl Explain for HelperError {
    fn code(&self) -> Code {
        match self {
            Self::NoProgram { .. } | Self::NotStatic { .. } | Self::Machine { .. } => {
                Code::NoProgram
            }
            Self::Unreadable { .. } => Code::Unreadable,
            _ => Code::HelperFailed,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NoProgram
            | Self::NotStatic { .. }
            | Self::Unreadable { .. }
            | Self::Machine { .. }
            | Self::Image { .. }
            | Self::Tmpfs { .. } => Kind::Refused,
            Self::Start(_)
            | Self::Version { .. }
            | Self::BadReply { .. }
            | Self::Silent { .. }
            | Self::Died { .. } => Kind::Failed,
            Self::Inside { kind, .. } => *kind,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NoProgram | Self::NotStatic { .. } => {
                "build one with `cargo rustc --release --bin transship -- -C \
                 target-feature=+crt-static`, and name it with `--helper FILE`"
            }
            Self::Machine { .. } => {
                "build transship for the engine's processor, and name it with `--helper FILE`"
            }
            Self::Image {
                source: Some(source),
            }
            | Self::Start(source)
                if !source.hints().is_empty() =>
            {
                return source.hints();
            }
            Self::Image { .. } => "see whether the engine's disk is full, with `docker system df`",
            Self::Version { .. } => "name a helper of this very version with `--helper FILE`",
            Self::Silent { .. } | Self::Died { .. } | Self::Start(_) => {
                "see what the engine says with `docker info` and `docker events`, then try again"
            }
            Self::BadReply { .. } => "name this version's own helper with `--helper FILE`",
            Self::Tmpfs { .. } => "there is nothing in it to be kept; make the new one empty",
            Self::Inside { hints, .. } => return hints.clone(),
            Self::Unreadable { .. } => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

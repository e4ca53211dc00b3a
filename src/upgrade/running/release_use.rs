//! Switching `current` by hand, outside of an upgrade.

use thiserror::Error;

use super::runner::{self, RunError};
use crate::error::{Code, Explain, Kind};
use crate::fs::Disk;
use crate::release::{Install, InstallError, Version};

/// A switch of `current` from one release to another.
#[derive(Debug, PartialEq, Eq)]
pub struct ReleaseSwitch {
    /// The release that was active, if any was.
    pub from: Option<Version>,
    /// The one that is.
    pub to: Version,
}

/// Why `current` isn't switched.
#[derive(Debug, Error)]
pub enum SwitchError {
    /// An upgrade isn't over.
    #[error(transparent)]
    Run(#[from] RunError),
    /// There is no such release, it isn't complete, or `current` can't be switched.
    #[error(transparent)]
    Install(#[from] InstallError),
}

impl Explain for SwitchError {
    fn code(&self) -> Code {
        match self {
            Self::Run(error) => error.code(),
            Self::Install(error) => error.code(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Run(error) => error.kind(),
            Self::Install(error) => error.kind(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Run(error) => error.hints(),
            Self::Install(error) => error.hints(),
        }
    }
}

/// Makes `version` the active release of the install; or, with `dry_run`, only looks whether it
/// can be.
///
/// # Errors
/// [`RunError::Unfinished`] during an upgrade, [`InstallError::UnknownVersion`],
/// [`InstallError::Incomplete`], [`InstallError::StrangeCurrent`], and those of
/// [`Install::lock`] and [`Install::switch`].
pub fn use_release(
    install: &Install,
    version: &Version,
    disk: &Disk,
    dry_run: bool,
) -> Result<ReleaseSwitch, SwitchError> {
    let _lock = install.lock(disk, "release use")?;
    runner::require_over(install)?;
    let release = install.release(version)?;
    if !release.is_complete {
        return Err(InstallError::Incomplete { path: release.path }.into());
    }
    install.require_good(version)?;
    let from = install.current()?.map(|release| release.version);
    if !dry_run {
        install.switch(disk, &release.version)?;
    }
    Ok(ReleaseSwitch {
        from,
        to: release.version,
    })
}

//! The hops that an upgrade of an install takes, and what stands against doing it in one.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use super::release_files::{ReadOptions, ReleaseFiles};
use super::releases_error::ReleasesError;
use crate::error::{Code, Explain, Kind};
use crate::release::{
    Install, InstallError, KnownReleases, PathError, PathRules, Recipe, RecipeError, UpgradePath,
    Version,
};

/// Why the hops can't be told.
#[derive(Debug, Error)]
pub enum HopsError {
    /// The install can't be read.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The target's files can't be read.
    #[error(transparent)]
    Release(#[from] ReleasesError),
    /// A recipe can't be read or followed.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The rules allow no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl HopsError {
    fn inner(&self) -> &dyn Explain {
        match self {
            Self::Install(error) => error,
            Self::Release(error) => error,
            Self::Recipe(error) => error,
            Self::Path(error) => error,
        }
    }
}

impl Explain for HopsError {
    fn code(&self) -> Code {
        self.inner().code()
    }

    fn kind(&self) -> Kind {
        self.inner().kind()
    }

    fn hints(&self) -> Vec<String> {
        self.inner().hints()
    }
}

/// The hops from `from` to `to` by the rules of `recipe`, which is the target's, over the releases
/// that it lists and those that are in the install.
///
/// # Errors
/// [`HopsError`].
pub fn hops(
    install: &Install,
    recipe: &Recipe,
    from: &Version,
    to: &Version,
) -> Result<UpgradePath, HopsError> {
    let known = KnownReleases::of_install(install, recipe)?;
    Ok(UpgradePath::find(&recipe.path, from, to, &known)?)
}

/// The recipe that leads to `to`: that of its release, if it is in the install, under the install's own.
///
/// # Errors
/// [`HopsError`].
pub fn recipe_to(install: &Install, to: &Version) -> Result<Recipe, HopsError> {
    let own = install.root().join("transship.yml");
    let release = match install.release(to) {
        Ok(release) => release,
        Err(InstallError::UnknownVersion { .. }) => return Ok(Recipe::read(None, &[], &own)?),
        Err(error) => return Err(error.into()),
    };
    let (how, untouched) = (ReadOptions::default(), BTreeMap::new());
    let read = ReleaseFiles::read(&release, &release.path, &how, &untouched)?;
    let files = read.files.iter().map(|file| (&*file.name, &*file.bytes));
    let files: Vec<_> = files.collect();
    Ok(Recipe::read(read.model.recipe.as_ref(), &files, &own)?)
}

/// Why the upgrade is not one hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkippedHop {
    /// It takes several.
    Several(UpgradePath),
    /// The rules allow none, or which is not known.
    None(PathError),
}

impl SkippedHop {
    /// What the rules of `recipe` have against going from `from` to `to` at once.
    ///
    /// # Errors
    /// Those of reading the install.
    pub(super) fn find(
        install: &Install,
        recipe: &Recipe,
        from: &Version,
        to: &Version,
    ) -> Result<Option<Self>, ReleasesError> {
        if recipe.path == PathRules::default() {
            return Ok(None);
        }
        let known = KnownReleases::of_install(install, recipe)?;
        Ok(match UpgradePath::find(&recipe.path, from, to, &known) {
            Ok(path) if path.is_direct() => None,
            Ok(path) => Some(Self::Several(path)),
            Err(error) => Some(Self::None(error)),
        })
    }

    pub(super) fn hint(&self) -> String {
        match self {
            Self::Several(path) => {
                let ends = path.hops.first().zip(path.hops.last());
                ends.map_or_else(String::new, |(first, last)| {
                    format!(
                        "begin with `transship plan {}`; `transship path {} {}` says why",
                        first.to.word(),
                        first.from.word(),
                        last.to.word()
                    )
                })
            }
            Self::None(error) => error.hints().join("; "),
        }
    }
}

impl fmt::Display for SkippedHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Several(path) => {
                let hops = path.hops.iter();
                let hops: Vec<_> = hops
                    .map(|hop| format!("{} to {}", hop.from, hop.to))
                    .collect();
                write!(f, "the recipe allows no skip: {}", hops.join(", then "))
            }
            Self::None(error) => error.fmt(f),
        }
    }
}

//! The hops from one version to another that a recipe's rules allow.

use serde::Serialize;
use thiserror::Error;

use super::{KnownReleases, MinimumVersion, PathRules, Version};
use crate::error::{Code, Explain, Kind};

/// The hops of an upgrade, none where both versions are the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpgradePath {
    /// Each begins where the one before it ends.
    pub hops: Vec<Hop>,
}

/// An upgrade that no rule stands against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// Where it begins.
    pub from: Version,
    /// Where it ends.
    pub to: Version,
    /// Why it ends there.
    pub because: HopReason,
    /// What has to be at a version for the release where it ends, and hadn't for that where it begins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<MinimumVersion>,
}

/// Why a hop ends where it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HopReason {
    /// It is where the upgrade leads.
    Target,
    /// The recipe has it as a stop, under this name.
    Stop(Version),
    /// It is the last release of its major.
    LastOfMajor(u64),
    /// No more majors may be gone up at once.
    MajorJump(u64),
}

/// Why there is no path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// The target comes before the start.
    #[error("{to} comes before {from}: that is no upgrade")]
    Backwards {
        /// Where the upgrade begins.
        from: Version,
        /// Where it would end.
        to: Version,
    },
    /// A rule speaks of majors, and a version has none.
    #[error("the recipe counts majors, and `{version}` doesn't begin with a number")]
    NoMajor {
        /// The version.
        version: Version,
    },
    /// A stop of which no release is known, and all releases are.
    #[error("no upgrade may pass {stop} by, and no such release is among those that there are")]
    NoStop {
        /// The stop, as the recipe has it.
        stop: Version,
    },
    /// No release is known that may be reached next.
    #[error(
        "from {from} at most {max} {} may be gone up at once, and no release on the way is known",
        if *max == 1 { "major" } else { "majors" }
    )]
    NoLanding {
        /// Where the hop begins.
        from: Version,
        /// How many majors it may go up.
        max: u64,
    },
    /// A major is left from its last release only, and which that is nobody knows.
    #[error(
        "whether {from} is the last release of {major}.x, from which alone that may be left, isn't known"
    )]
    LastUnknown {
        /// The newest release of the major that is known.
        from: Version,
        /// The major.
        major: u64,
    },
}

impl Explain for PathError {
    fn code(&self) -> Code {
        Code::NoPath
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Backwards { .. } => Kind::Usage,
            _ => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Backwards { .. } => vec!["to go back, use `transship rollback`".into()],
            Self::NoMajor { .. } => vec![
                "to go without the recipe's rules, put `path: null` into `transship.yml` in the \
                 install"
                    .into(),
            ],
            Self::NoStop { .. } | Self::NoLanding { .. } | Self::LastUnknown { .. } => vec![
                "say which releases the vendor made: `transship path FROM TO --available LIST`, or \
                 `releases: [\"1.8.7\", ...]` in `transship.yml` in the install"
                    .into(),
            ],
        }
    }
}

impl UpgradePath {
    /// The path from `from` to `to` with the fewest hops that `rules` allow over the releases that are
    /// known.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn find(
        rules: &PathRules,
        from: &Version,
        to: &Version,
        known: &KnownReleases,
    ) -> Result<Self, PathError> {
        let mut hops = Vec::new();
        if !from.is_same_as(to) && to < from {
            let (from, to) = (from.clone(), to.clone());
            return Err(PathError::Backwards { from, to });
        }
        let way = Way::new(rules, from, to, known)?;
        let mut at = from.clone();
        while !at.is_same_as(to) {
            let (next, because) = way.next(&at)?;
            let minimum = rules.minimum.iter();
            let needs = minimum
                .filter(|one| one.is_wanted_by(&next) && !one.is_wanted_by(&at))
                .cloned();
            hops.push(Hop {
                needs: needs.collect(),
                from: at,
                to: next.clone(),
                because,
            });
            at = next;
        }
        Ok(Self { hops })
    }

    /// Whether the upgrade may be done at once.
    pub fn is_direct(&self) -> bool {
        self.hops.len() < 2
    }
}

/// What is on the way.
struct Way<'a> {
    rules: &'a PathRules,
    to: &'a Version,
    /// Stops by the release to stop at, with the name that the recipe has for each.
    stops: Vec<(Version, Version)>,
    /// The releases that may be reached before the target.
    between: Vec<Version>,
    is_complete: bool,
}

impl<'a> Way<'a> {
    fn new(
        rules: &'a PathRules,
        from: &Version,
        to: &'a Version,
        known: &KnownReleases,
    ) -> Result<Self, PathError> {
        let mut between = known.between(from, to);
        let mut stops = Vec::new();
        // Whoever is at a release of the series, or goes to one, stops there.
        let passed = |stop: &&Version| {
            from < *stop && *stop < to && ![from, to].iter().any(|end| end.is_of(stop))
        };
        for stop in rules.stops.iter().filter(passed) {
            let release = match between.iter().rfind(|release| release.is_of(stop)) {
                Some(release) => release.clone(),
                None if known.is_complete => {
                    let stop = stop.clone();
                    return Err(PathError::NoStop { stop });
                }
                None => stop.clone(),
            };
            stops.push((release, stop.clone()));
        }
        between.extend(stops.iter().map(|(release, _)| release.clone()));
        Ok(Self {
            rules,
            to,
            stops,
            between,
            is_complete: known.is_complete,
        })
    }

    /// The end of the hop from `at`, as far on as the rules let it go.
    fn next(&self, at: &Version) -> Result<(Version, HopReason), PathError> {
        let mut ends = vec![(self.to.clone(), HopReason::Target)];
        let stops = self.stops.iter().filter(|(release, _)| after(at, release));
        ends.extend(stops.map(|(release, stop)| (release.clone(), HopReason::Stop(stop.clone()))));
        ends.extend(self.last_of_major(at)?);
        ends.extend(self.farthest_major(at)?);
        let nearest = ends.into_iter().min_by(|(a, _), (b, _)| a.cmp(b));
        nearest.ok_or_else(|| PathError::NoLanding {
            from: at.clone(),
            max: 0,
        })
    }

    /// The last release of the major that is left, unless that is where it is.
    fn last_of_major(&self, at: &Version) -> Result<Option<(Version, HopReason)>, PathError> {
        if !self.rules.latest_point_release_first {
            return Ok(None);
        }
        let left = major(at)?;
        if left == major(self.to)? {
            return Ok(None);
        }
        let of_major = |release: &&Version| release.major() == Some(left) && after(at, release);
        match self.between.iter().filter(of_major).max() {
            Some(last) => Ok(Some((last.clone(), HopReason::LastOfMajor(left)))),
            None if self.is_complete => Ok(None),
            None => Err(PathError::LastUnknown {
                from: at.clone(),
                major: left,
            }),
        }
    }

    /// The last release of the highest major that may be reached, where that isn't the target's.
    fn farthest_major(&self, at: &Version) -> Result<Option<(Version, HopReason)>, PathError> {
        let Some(max) = self.rules.max_major_jump else {
            return Ok(None);
        };
        let highest = major(at)?.saturating_add(max);
        if major(self.to)? <= highest {
            return Ok(None);
        }
        let may = |release: &&Version| {
            release.major().is_some_and(|major| major <= highest) && after(at, release)
        };
        let landing = self.between.iter().filter(may).max();
        let landing = landing.ok_or_else(|| PathError::NoLanding {
            from: at.clone(),
            max,
        })?;
        Ok(Some((landing.clone(), HopReason::MajorJump(max))))
    }
}

fn after(at: &Version, release: &Version) -> bool {
    at < release && !at.is_same_as(release)
}

fn major(version: &Version) -> Result<u64, PathError> {
    version.major().ok_or_else(|| PathError::NoMajor {
        version: version.clone(),
    })
}

#[cfg(test)]
mod tests;

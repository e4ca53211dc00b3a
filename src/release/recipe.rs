//! The recipe: how the vendor or the administrator wants an upgrade done.
//!
//! It stands in the compose file under `x-transship`, or in `transship.yml` in the
//! install, whose keys win one by one. A key that this version of transship can't follow
//! is refused by name rather than passed over: an upgrade without its `migrate` hook is
//! not the upgrade that was asked for. To do without such a key on purpose, set it to
//! `null` in `transship.yml`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_yaml::{Mapping, Value};

use super::Version;
use super::database_rule::{DatabaseRule, WrittenDatabase};
use super::hooks::{CantFollow, Check, Hooks, RecipeHook, WrittenCheck, WrittenHook, WrittenHooks};
use super::moved_data::{MovedData, WrittenRenames};
use super::path_rules::{self, PathRules};
use super::recipe_error::RecipeError;
use super::recipe_origin::RecipeOrigin;
use crate::compose;

/// What the recipe says, where it says anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Config to carry from the old release; `None` for the default.
    pub carry: Option<Vec<CarryRule>>,
    /// The prefix of volume names, with `{version}` in it.
    pub prefix: Option<String>,
    /// Keys of volumes that are not copied.
    pub skip: Vec<String>,
    /// Volumes by key, and absolute folders, outside of a release that each release gets a copy of.
    pub own: Vec<String>,
    /// Volumes by key, and absolute folders, outside of a release that all releases use.
    pub share: Vec<String>,
    /// Places in the old release's containers, `SERVICE:/path`, whose data may stay behind.
    pub leave: Vec<String>,
    /// Images that follow the release's version, as `REPO` or `REPO=TAG` with `{version}`
    /// in TAG.
    pub images: Vec<String>,
    /// Files, folders, or `FILE:KEY`, where the old release's version wins a conflict.
    pub ours: Vec<PathBuf>,
    /// Files, folders, or `FILE:KEY`, where the vendor's version wins a conflict.
    pub theirs: Vec<PathBuf>,
    /// Parts of the names of what is secret, besides what sounds so.
    pub secrets: Vec<String>,
    /// Volumes that the new release calls otherwise: old key to new key.
    pub renamed_volumes: BTreeMap<String, String>,
    /// Folders below a release that the new one mounts under another name: old place to new place.
    pub renamed_folders: BTreeMap<PathBuf, PathBuf>,
    /// Data that goes from a folder into a volume, or the reverse.
    pub moved_data: Vec<MovedData>,
    /// What is run around an upgrade.
    pub hooks: Hooks,
    /// What has to be well before the new release counts as up.
    pub checks: Vec<Check>,
    /// How the data of databases is moved.
    pub databases: Vec<DatabaseRule>,
    /// The vendor's notes, a file of the new release, to be read and acknowledged before.
    pub notes: Option<PathBuf>,
    /// Whether a plan has to have been rehearsed well before it is done.
    pub needs_rehearsal: bool,
    /// What is run in a rehearsal's clone before anything else is: it switches off what mails, posts and
    /// bills.
    pub neutralize: Vec<RecipeHook>,
    /// Which upgrades are one hop.
    pub path: PathRules,
    /// All releases that the vendor made; nothing where that isn't said.
    pub releases: Vec<Version>,
}

/// One file or folder to carry, relative to the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarryRule {
    /// The file's or folder's path below the release, without a trailing slash.
    pub path: PathBuf,
    /// Whether it takes the place of the vendor's file or is merged with it.
    pub how: CarryMode,
}

/// How config is carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CarryMode {
    /// What is the administrator's; merged where both changed it, and asked about where it isn't known
    /// what the old release's vendor shipped.
    #[default]
    Auto,
    /// The old release's takes the place of the vendor's.
    Copy,
    /// Merged; where it isn't known what the vendor shipped, all differences are conflicts.
    Merge,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    carry: Option<Vec<WrittenCarry>>,
    volumes: Option<WrittenVolumes>,
    images: Option<Vec<String>>,
    merge: Option<WrittenMerge>,
    secrets: Option<Vec<String>>,
    renames: Option<WrittenRenames>,
    hooks: Option<WrittenHooks>,
    checks: Option<Vec<WrittenCheck>>,
    databases: Option<Vec<WrittenDatabase>>,
    notes: Option<PathBuf>,
    rehearsal: Option<WrittenRehearsal>,
    neutralize: Option<Vec<WrittenHook>>,
    path: Option<PathRules>,
    #[serde(default, deserialize_with = "path_rules::versions")]
    releases: Vec<Version>,
}

/// Whether a rehearsal is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WrittenRehearsal {
    Required,
    Optional,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMerge {
    #[serde(default)]
    ours: Vec<PathBuf>,
    #[serde(default)]
    theirs: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenCarry {
    Path(PathBuf),
    Detailed { path: PathBuf, how: Option<String> },
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenVolumes {
    prefix: Option<String>,
    #[serde(default)]
    skip: Vec<String>,
    #[serde(default)]
    own: Vec<String>,
    #[serde(default)]
    share: Vec<String>,
    #[serde(default)]
    leave: Vec<String>,
}

/// Keys that the design knows and this version can't follow.
const LATER: [&str; 2] = ["compose_command", "data"];

impl Recipe {
    /// The recipe for an upgrade: what `shipped` (the value of `x-transship`, from one of the `compose`
    /// files) says, under what `own`, the install's `transship.yml`, says.
    ///
    /// # Errors
    /// [`RecipeError`]: a file that can't be read, is no recipe, or asks for what can't be done.
    pub fn read(
        shipped: Option<&Value>,
        compose: &[(&Path, &[u8])],
        own: &Path,
    ) -> Result<Self, RecipeError> {
        let bytes = match fs::read(own) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => {
                return Err(RecipeError::Io {
                    path: own.into(),
                    source,
                });
            }
        };
        let (vendors, installs) = (
            RecipeOrigin::of_compose(compose),
            RecipeOrigin::own(own, &bytes),
        );
        let value: Value = serde_yaml::from_slice(&bytes).map_err(|source| {
            let place = source.location();
            RecipeError::Syntax {
                at: installs.at_line(place.map(|place| (place.line(), place.column()))),
                source,
            }
        })?;
        let own = mapping(value, &installs)?;
        let mut shipped = mapping(shipped.cloned().unwrap_or_default(), &vendors)?;
        shipped.retain(|key, _| !own.contains_key(key));
        let keys = shipped
            .into_iter()
            .map(|(key, value)| (key, value, &vendors));
        let keys = keys.chain(own.into_iter().map(|(key, value)| (key, value, &installs)));
        let mut all = Mapping::new();
        for (key, value, origin) in keys.filter(|(_, value, _)| !value.is_null()) {
            check(&key, &value, origin)?;
            all.insert(key, value);
        }
        Self::from_written(written(all, &vendors, "")?)
    }

    fn from_written(written: Written) -> Result<Self, RecipeError> {
        let volumes = written.volumes.unwrap_or_default();
        let leave = volumes.leave.into_iter().map(place_in_service);
        let merge = written.merge.unwrap_or_default();
        let carry = written
            .carry
            .map(|entries| entries.into_iter().map(CarryRule::from_written).collect());
        let checks = written.checks.unwrap_or_default().into_iter();
        let checks = checks.map(WrittenCheck::read).collect::<Result<_, _>>();
        let neutralize = written.neutralize.unwrap_or_default().into_iter();
        let neutralize = neutralize.map(WrittenHook::read_neutralize);
        let databases = written.databases.unwrap_or_default().into_iter();
        let databases = databases
            .map(WrittenDatabase::read)
            .collect::<Result<_, _>>();
        let notes = written
            .notes
            .map(|path| CarryRule::new(&path))
            .transpose()?;
        let renames = written.renames.unwrap_or_default().read()?;
        Ok(Self {
            carry: carry.transpose()?,
            prefix: volumes.prefix,
            skip: volumes.skip,
            own: volumes.own,
            share: volumes.share,
            leave: leave.collect::<Result<_, _>>()?,
            neutralize: neutralize.collect::<Result<_, _>>().map_err(unsupported)?,
            needs_rehearsal: written.rehearsal == Some(WrittenRehearsal::Required),
            images: images(written.images)?,
            ours: merge.ours,
            theirs: merge.theirs,
            secrets: written.secrets.unwrap_or_default(),
            renamed_folders: renames.folders,
            moved_data: renames.moved,
            renamed_volumes: renames.volumes,
            hooks: written
                .hooks
                .unwrap_or_default()
                .read()
                .map_err(unsupported)?,
            checks: checks.map_err(unsupported)?,
            databases: databases.map_err(unsupported)?,
            notes: notes.map(|rule| rule.path),
            path: written.path.unwrap_or_default(),
            releases: written.releases,
        })
    }

    /// What recipes call secret, whatever else they say: those in compose files under
    /// `x-transship`, and the install's own. What can't be read says nothing here.
    pub fn secrets_in(compose: &[&[u8]], own: Option<&[u8]>) -> Vec<String> {
        let value = |bytes: &&[u8]| serde_yaml::from_slice::<Value>(bytes).ok();
        let shipped = compose.iter().filter_map(value);
        let shipped = shipped.filter_map(|value| value.get("x-transship").cloned());
        let recipes = shipped.chain(own.iter().filter_map(value));
        let secrets = recipes.filter_map(|recipe| recipe.get("secrets").cloned());
        let names = secrets.filter_map(|names| serde_yaml::from_value::<Vec<String>>(names).ok());
        names.flatten().collect()
    }

    /// The prefix of volume names for `version`; `v2_10_5_` unless the recipe says
    /// otherwise.
    pub fn prefix_for(&self, version: &Version) -> String {
        self.prefix
            .as_deref()
            .unwrap_or("{version}_")
            .replace("{version}", &version.slug())
    }
}

/// Rules for images that can be followed.
fn images(written: Option<Vec<String>>) -> Result<Vec<String>, RecipeError> {
    let rules = written.unwrap_or_default();
    let is_none = |rule: &&String| {
        let rule = rule.replace("{version}", "v1");
        let rule = if rule.contains('=') {
            rule
        } else {
            format!("{rule}=v1")
        };
        rule.parse::<compose::ImageRule>().is_err()
    };
    match rules.iter().find(is_none) {
        Some(rule) => Err(RecipeError::Unsupported {
            at: String::new(),
            key: format!("images: {rule}"),
        }),
        None => Ok(rules),
    }
}

impl CarryRule {
    /// The entry for `path`, which must stay inside of the release.
    ///
    /// # Errors
    /// [`RecipeError::Outside`].
    pub fn new(path: &Path) -> Result<Self, RecipeError> {
        let clean: PathBuf = path
            .components()
            .filter(|part| *part != Component::CurDir)
            .collect();
        let inside = clean
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if inside && !clean.as_os_str().is_empty() {
            Ok(Self {
                path: clean,
                how: CarryMode::default(),
            })
        } else {
            Err(RecipeError::Outside {
                at: None,
                path: path.into(),
            })
        }
    }

    fn from_written(written: WrittenCarry) -> Result<Self, RecipeError> {
        match written {
            WrittenCarry::Path(path) => Self::new(&path),
            WrittenCarry::Detailed { path, how } => {
                let how = match how.as_deref() {
                    None => CarryMode::Auto,
                    Some("copy") => CarryMode::Copy,
                    Some("merge") => CarryMode::Merge,
                    Some(other) => {
                        return Err(RecipeError::Unsupported {
                            at: String::new(),
                            key: format!("carry.how: {other}"),
                        });
                    }
                };
                Ok(Self {
                    how,
                    ..Self::new(&path)?
                })
            }
        }
    }
}

fn place_in_service(text: String) -> Result<String, RecipeError> {
    match text.split_once(':') {
        Some((service, path)) if !service.is_empty() && path.starts_with('/') => Ok(text),
        _ => Err(RecipeError::Unsupported {
            at: String::new(),
            key: format!("volumes.leave: {text}"),
        }),
    }
}

/// The place is known to whoever reads the recipe.
fn unsupported(cant: CantFollow) -> RecipeError {
    RecipeError::Unsupported {
        at: String::new(),
        key: cant.0,
    }
}

/// Whether one key can be followed, told with its place.
fn check(key: &Value, value: &Value, origin: &RecipeOrigin<'_>) -> Result<(), RecipeError> {
    let name = key.as_str().unwrap_or_default();
    if LATER.contains(&name) {
        return Err(RecipeError::Unsupported {
            at: origin.at(name, None),
            key: name.to_owned(),
        });
    }
    let alone = Mapping::from_iter([(key.clone(), value.clone())]);
    let read = Recipe::from_written(written(alone, origin, name)?);
    read.map(|_| ()).map_err(|error| {
        let place = origin.at_text(name, &error.named());
        error.placed(&place)
    })
}

fn written(keys: Mapping, origin: &RecipeOrigin<'_>, name: &str) -> Result<Written, RecipeError> {
    serde_yaml::from_value(Value::Mapping(keys)).map_err(|source| {
        let complaint = source.to_string();
        let at = origin.of_fault::<Written>(&complaint);
        RecipeError::Syntax {
            at: at.unwrap_or_else(|| origin.at(name, Some(&complaint))),
            source,
        }
    })
}

fn mapping(value: Value, origin: &RecipeOrigin<'_>) -> Result<Mapping, RecipeError> {
    match value {
        Value::Null => Ok(Mapping::new()),
        other => serde_yaml::from_value(other).map_err(|source| RecipeError::Syntax {
            at: origin.of_whole(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests;

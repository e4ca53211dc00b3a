//! The names that complete an argument. Each is read from where it stands, with nothing locked and nothing
//! waited for; what can't be read gives none.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter as _};

use super::option;
use crate::cli::doctor;
use crate::cli::install_place;
use crate::compose::{ConflictRule, FoundProject, ImageUse, LoadOptions, Model, find_project};
use crate::document;
use crate::engine::Program;
use crate::rehearsal::RehearsalRecord;
use crate::release::{Install, Version};

/// How long the engine's answer is waited for: who types doesn't wait for one that is far or dead.
pub(super) const PATIENCE: Duration = Duration::from_millis(250);

type CompletionNames = Vec<CompletionCandidate>;

/// Those that begin as `current` does.
fn beginning(
    current: &OsStr,
    names: impl IntoIterator<Item = impl Into<OsString>>,
) -> CompletionNames {
    let names = names.into_iter().map(Into::into);
    let begins = |name: &OsString| {
        name.as_encoded_bytes()
            .starts_with(current.as_encoded_bytes())
    };
    names.filter(begins).map(CompletionCandidate::new).collect()
}

fn install() -> Option<Install> {
    let named = option(&["-C", "--install"]).map(PathBuf::from);
    Install::at(&install_place::root(named)).ok()
}

/// The folders of `releases/`, newest first.
pub(super) fn releases(current: &OsStr) -> CompletionNames {
    let Some(install) = install() else {
        return CompletionNames::new();
    };
    let active = fs::read_link(install.current_link()).ok();
    let active = active.as_deref().and_then(Path::file_name);
    let entries = fs::read_dir(install.releases_folder())
        .into_iter()
        .flatten();
    let entries = entries.flatten().filter(|entry| entry.path().is_dir());
    let names = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut versions: Vec<Version> = names.collect();
    versions.sort_by(|a, b| b.cmp(a));
    let names = versions.iter().map(Version::as_str);
    let names = names.filter(|name| name.as_bytes().starts_with(current.as_encoded_bytes()));
    let is_active = |name: &str| active == Some(OsStr::new(name));
    names
        .map(|name| {
            let help = is_active(name).then(|| "current".into());
            CompletionCandidate::new(name).help(help)
        })
        .collect()
}

/// Releases, and whatever lies on the disk.
pub(super) fn releases_and_paths(current: &OsStr) -> CompletionNames {
    let mut names = releases(current);
    names.extend(PathCompleter::any().complete(current));
    names
}

/// The documents in a folder of the install, newest first.
fn documents(current: &OsStr, folder: fn(&Install) -> PathBuf) -> CompletionNames {
    let folder = install().map(|install| folder(&install));
    let paths = folder.and_then(|folder| document::in_order(&folder).ok());
    let paths = paths.unwrap_or_default();
    let names = paths.iter().rev().filter_map(|path| path.file_stem());
    beginning(current, names)
}

/// Plans that were saved.
pub(super) fn plans(current: &OsStr) -> CompletionNames {
    documents(current, Install::plans)
}

/// Runs of plans, and `last`.
pub(super) fn runs(current: &OsStr) -> CompletionNames {
    let mut runs = documents(current, Install::journals);
    if !runs.is_empty() || !current.is_empty() {
        runs.extend(beginning(current, ["last"]));
    }
    runs
}

/// Rehearsals that are kept.
pub(super) fn rehearsals(current: &OsStr) -> CompletionNames {
    documents(current, RehearsalRecord::folder)
}

/// What `doctor` looks for.
pub(super) fn rules(current: &OsStr) -> CompletionNames {
    let rules = doctor::rules().into_iter();
    let rules = rules.filter(|(id, _)| id.as_bytes().starts_with(current.as_encoded_bytes()));
    rules
        .map(|(id, looks_for)| CompletionCandidate::new(id).help(Some(looks_for.into())))
        .collect()
}

/// Kinds of conflicts.
pub(super) fn conflict_rules(current: &OsStr) -> CompletionNames {
    beginning(current, ConflictRule::ALL.map(|rule| rule.to_string()))
}

/// What the compose files of a project come to.
fn model(project: &FoundProject) -> Option<Model> {
    let options = LoadOptions {
        lenient: true,
        ..project.options()
    };
    Model::load(&project.files, &options).ok()
}

/// That of the release which is in use, or of the one that is typed: what an option is about.
fn release_model() -> Option<Model> {
    let install = install()?;
    let typed = super::typed().into_iter();
    let mut typed = typed.filter_map(|word| word.to_str()?.parse::<Version>().ok());
    let named = typed.find_map(|version| install.release(&version).ok());
    let release = named.or_else(|| install.active().ok())?;
    model(&release.project().ok()?)
}

/// Profiles that some service names.
pub(super) fn profiles(current: &OsStr) -> CompletionNames {
    let model = release_model().or_else(model_here).unwrap_or_default();
    let services = model.services.into_values();
    let mut profiles: Vec<_> = services.flat_map(|service| service.profiles).collect();
    profiles.sort();
    profiles.dedup();
    beginning(current, profiles)
}

/// The keys of the volumes of a release.
pub(super) fn volume_keys(current: &OsStr) -> CompletionNames {
    let model = release_model().unwrap_or_default();
    beginning(current, model.volumes.into_keys())
}

/// Services, each with what stands between it and a path.
pub(super) fn services_before_a_path(current: &OsStr) -> CompletionNames {
    let model = release_model().unwrap_or_default();
    let services = model.services.into_keys();
    beginning(current, services.map(|service| format!("{service}:")))
}

/// That of the compose files in the working folder, which commands on files take.
fn model_here() -> Option<Model> {
    model(&find_project(Path::new("."), None).ok()??)
}

/// The keys of the volumes in the working folder's compose files.
pub(super) fn keys_of_files_here(current: &OsStr) -> CompletionNames {
    let model = model_here().unwrap_or_default();
    beginning(current, model.volumes.into_keys())
}

/// What `image set` can be told to retag: `postgres=`, `service:web=`.
pub(super) fn image_rules(current: &OsStr) -> CompletionNames {
    let model = model_here().unwrap_or_default();
    let images = model.images.iter().map(ImageUse::repository);
    let mut rules: Vec<_> = images.map(|name| format!("{name}=")).collect();
    rules.sort();
    rules.dedup();
    let services = model.services.keys();
    rules.extend(services.map(|name| format!("service:{name}=")));
    beginning(current, rules)
}

/// Volumes where the command would look for them, and whatever lies on the disk.
pub(super) fn volumes_and_paths(current: &OsStr) -> CompletionNames {
    let mut names = volumes(current);
    names.extend(PathCompleter::any().complete(current));
    names
}

fn volumes(current: &OsStr) -> CompletionNames {
    let named = option(&["--volumes"]).or_else(|| std::env::var_os("TRANSSHIP_VOLUMES"));
    let named = named.filter(|named| !named.is_empty()).map(PathBuf::from);
    let own = || Some(install()?.root().join("volumes")).filter(|own| own.is_dir());
    let folder = named.or_else(own);
    match folder.filter(|folder| folder.as_os_str() != "docker") {
        Some(folder) => {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let entries = entries.filter(|entry| entry.path().is_dir());
            let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
            names.sort();
            beginning(current, names)
        }
        None => beginning(
            current,
            engine_says(&["volume", "ls", "--format", "{{.Name}}"]),
        ),
    }
}

/// Containers that run.
pub(super) fn containers(current: &OsStr) -> CompletionNames {
    beginning(
        current,
        engine_says(&["ps", "--format", "{{.CompletionNames}}"]),
    )
}

/// The lines that the engine's program prints, if it does so in time.
fn engine_says(args: &[&str]) -> Vec<String> {
    let named = option(&["--docker"]).or_else(|| std::env::var_os("TRANSSHIP_DOCKER"));
    let named = named.filter(|named| !named.is_empty());
    let named = named.unwrap_or_else(|| "docker".into());
    let program = Program::parse(&named.to_string_lossy());
    let call = program.map(|program| program.call(args).time_out(PATIENCE));
    let said = call.and_then(|call| call.run_well());
    let said = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
    let mut lines: Vec<_> = said
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

//! Where the compose project of a release is: at its top, where `COMPOSE_FILE` in `.env` says, or in a
//! folder below that vendors are known to keep it in.
//!
//! Only reads, through what it is given.

use std::path::{Component, Path, PathBuf};

use super::load::ReadFile;
use super::model::LoadOptions;
use super::project::{discover_with, is_compose_name};
use crate::compose::error::Error;

/// What vendors call the folder of a source tree that has the compose files; one of these may be in
/// another, as `deploy/docker`.
const FOLDERS: [&str; 12] = [
    "compose",
    "deploy",
    "deployment",
    "deployments",
    "docker",
    "docker-compose",
    "hosting",
    "production",
    "self-host",
    "self-hosted",
    "selfhost",
    "selfhosted",
];

/// A compose project as Compose would find it when started in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundProject {
    /// The project's folder, where its first compose file is: relative paths and the project's name
    /// follow from it.
    pub folder: PathBuf,
    /// The folder that Compose is started in, which `PWD` stands for: another one where
    /// `COMPOSE_FILE` leads out of it.
    pub started_in: PathBuf,
    /// The compose files, in their order.
    pub files: Vec<PathBuf>,
    /// The files of variables that are there and that Compose reads by itself, later ones winning.
    pub env_files: Vec<PathBuf>,
}

impl FoundProject {
    /// How it is loaded: with its variables.
    pub fn options(&self) -> LoadOptions {
        LoadOptions {
            pwd: std::path::absolute(Path::new(".").join(&self.started_in)).ok(),
            env_files: self.named_env_files(),
            ..LoadOptions::default()
        }
    }

    /// The files of variables that Compose has to be told of: none where it is the `.env` in the
    /// project's folder.
    pub fn named_env_files(&self) -> Vec<PathBuf> {
        match self.env_files.as_slice() {
            [only] if *only == self.folder.join(".env") => Vec::new(),
            files => files.to_vec(),
        }
    }
}

/// The project in `top`: that in the folder `wanted` below it, if there is one; else that at its
/// top; else that in the one folder of a well-known name that has compose files. Nothing where
/// there is none.
///
/// # Errors
/// [`Error::SeveralProjects`], and a `.env` that can't be read.
pub fn find_project(top: &Path, wanted: Option<&Path>) -> Result<Option<FoundProject>, Error> {
    let is_there = |path: &Path| path.is_file();
    find_project_with(top, wanted, &is_there, &|path| std::fs::read(path))
}

/// [`find_project`] in a folder of which `is_there` tells which files it has, and `read` what is in
/// them.
///
/// # Errors
/// The same.
pub fn find_project_with(
    top: &Path,
    wanted: Option<&Path>,
    is_there: &dyn Fn(&Path) -> bool,
    read: &ReadFile<'_>,
) -> Result<Option<FoundProject>, Error> {
    let at = |folder: &Path| started_in(folder, is_there, read);
    if let Some(wanted) = wanted
        && let Some(found) = at(&top.join(wanted))?
    {
        return Ok(Some(found));
    }
    if let Some(found) = at(top)? {
        return Ok(Some(found));
    }
    let has_project = |folder: &PathBuf| {
        let found = discover_with(folder, is_there, read);
        found.is_ok_and(|files| !files.is_empty())
    };
    let inner = |folder: PathBuf| {
        if has_project(&folder) {
            return vec![folder];
        }
        let below = FOLDERS.iter().map(|name| folder.join(name));
        below.filter(has_project).collect()
    };
    let mut found: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|name| inner(top.join(name)))
        .collect();
    match (found.pop(), found.is_empty()) {
        (None, _) => Ok(None),
        (Some(only), true) => at(&only),
        (Some(last), false) => {
            found.push(last);
            let below = |path: PathBuf| path.strip_prefix(top).map(Path::to_owned).unwrap_or(path);
            Err(Error::SeveralProjects {
                top: top.to_owned(),
                folders: found.into_iter().map(below).collect(),
            })
        }
    }
}

/// The project that Compose finds when it is started in a folder.
fn started_in(
    start: &Path,
    is_there: &dyn Fn(&Path) -> bool,
    read: &ReadFile<'_>,
) -> Result<Option<FoundProject>, Error> {
    let files = discover_with(start, is_there, read)?;
    let files: Vec<_> = files.iter().map(|file| plain(file)).collect();
    let Some(first) = files.first() else {
        return Ok(None);
    };
    let folder = first.parent().unwrap_or(start).to_owned();
    let start = plain(start);
    // Where `COMPOSE_FILE` leads elsewhere, Compose reads that folder's second, with the variables of
    // the first, which win.
    let mut env_files = vec![start.join(".env"), folder.join(".env"), start.join(".env")];
    env_files.retain(|path| is_there(path));
    env_files.dedup();
    Ok(Some(FoundProject {
        started_in: start,
        folder,
        files,
        env_files,
    }))
}

/// A path without `.`, and without what a `..` takes back.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let is_name = matches!(plain.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if is_name => {
                plain.pop();
            }
            _ => plain.push(part),
        }
    }
    plain
}

/// True for the path of a file, below a release, that Compose would find by itself at the release's
/// top or in a folder of a well-known name.
pub fn is_project_file(path: &Path) -> bool {
    let is_known = |part: Component<'_>| part.as_os_str().to_str().is_some_and(is_known_folder);
    let mut above = path.parent().unwrap_or(Path::new("")).components();
    path.file_name().is_some_and(is_compose_name)
        && above.clone().count() <= 2
        && above.all(is_known)
}

/// True for a name that vendors give the folder with the compose files.
pub fn is_known_folder(name: &str) -> bool {
    FOLDERS.contains(&name)
}

/// The folders directly below `top` that have compose files, by their names: where there is no
/// project, one of them may be meant.
pub fn folders_with_projects(top: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(top).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| super::project::is_in(&entry.path()));
    let mut names: Vec<_> = folders.map(|folder| folder.file_name().into()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const TOP: &str = "/r";

    /// The project's folder, files and variables, below the release; `!` and the folders where there
    /// are several.
    fn found(wanted: Option<&str>, files: &[&str]) -> String {
        let split = |file: &&str| {
            let (name, text) = file.split_once(' ').unwrap_or((file, ""));
            (Path::new(TOP).join(name), text.as_bytes().to_vec())
        };
        let files: BTreeMap<PathBuf, Vec<u8>> = files.iter().map(split).collect();
        let is_there = |path: &Path| files.contains_key(path);
        let none = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let read = |path: &Path| files.get(path).cloned().ok_or_else(none);
        let names = |paths: &[PathBuf]| {
            let name = |path: &PathBuf| path.strip_prefix(TOP).unwrap_or(path).to_owned();
            let names: Vec<_> = paths
                .iter()
                .map(|p| name(p).display().to_string())
                .collect();
            names.join(",")
        };
        match find_project_with(Path::new(TOP), wanted.map(Path::new), &is_there, &read) {
            Ok(None) => String::new(),
            Ok(Some(found)) => format!(
                "{}|{}|{}",
                names(&[found.folder]),
                names(&found.files),
                names(&found.env_files)
            ),
            Err(Error::SeveralProjects { folders, .. }) => format!("!{}", names(&folders)),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn the_top_comes_before_a_folder_and_what_is_wanted_before_both() {
        let both = ["compose.yaml", "deploy/compose.yaml", "docker/compose.yml"];
        assert_eq!(found(None, &both), "|compose.yaml|");
        assert_eq!(found(Some("docker"), &both), "docker|docker/compose.yml|");
        assert_eq!(found(Some("gone"), &both), "|compose.yaml|");
        assert_eq!(
            found(
                Some("any/where"),
                &["any/where/compose.yml", "any/where/.env"]
            ),
            "any/where|any/where/compose.yml|any/where/.env"
        );
    }

    #[test]
    fn one_folder_of_a_known_name_is_the_project_s_and_several_are_named() {
        for (files, expect) in [
            (
                &["docker/docker-compose.yaml", "api/compose.yaml", ".env A=1"][..],
                "docker|docker/docker-compose.yaml|",
            ),
            (
                &["deploy/docker/compose.yml", "docker/Dockerfile"],
                "deploy/docker|deploy/docker/compose.yml|",
            ),
            (
                &["docker/compose.yml", "docker/compose/compose.yml"],
                "docker|docker/compose.yml|",
            ),
            (
                &["docker/.env COMPOSE_FILE=prod.yml", "docker/prod.yml"],
                "docker|docker/prod.yml|docker/.env",
            ),
            (
                &["docker/compose.yml", "deploy/compose.yml"],
                "!deploy,docker",
            ),
            (&["examples/compose.yml"], ""),
            (&["docker/other/compose.yml"], ""),
        ] {
            assert_eq!(found(None, files), expect, "{files:?}");
        }
    }

    #[test]
    fn compose_file_leads_to_the_folder_of_its_first_file_and_both_env_files_count() {
        for (files, expect) in [
            (
                &[
                    ".env COMPOSE_FILE=x/a.yml:b.yml",
                    "x/a.yml",
                    "b.yml",
                    "x/.env B=1",
                ][..],
                "x|x/a.yml,b.yml|.env,x/.env,.env",
            ),
            (
                &[".env COMPOSE_FILE=./x/../y/a.yml", "y/a.yml"],
                "y|y/a.yml|.env",
            ),
            (
                &[".env COMPOSE_FILE=prod.yml", "prod.yml"],
                "|prod.yml|.env",
            ),
        ] {
            assert_eq!(found(None, files), expect, "{files:?}");
        }
    }

    #[test]
    fn a_file_of_a_project_is_known_by_its_path() {
        for (path, is_one) in [
            ("compose.yaml", true),
            ("docker/docker-compose.yml", true),
            ("deploy/docker/compose.yml", true),
            ("docker/docker/docker/compose.yml", false),
            ("api/compose.yml", false),
            ("docker/Dockerfile", false),
        ] {
            assert_eq!(is_project_file(Path::new(path)), is_one, "{path}");
        }
    }
}

//! What a recipe's `renames:` says of data that has another name in the new release: volumes by their keys, folders by
//! their paths below a release. Below `volumes`, as in a compose file, what begins with `/` or `./` is a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::recipe::CarryRule;
use super::recipe_error::RecipeError;

/// Data that was in a folder and is in a volume in the new release, or the reverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MovedData {
    /// Into a volume.
    IntoVolume {
        /// The folder: absolute, or below the old release.
        folder: PathBuf,
        /// The new volume's key.
        key: String,
    },
    /// Into a folder.
    IntoFolder {
        /// The old volume's key.
        key: String,
        /// The folder, below the new release.
        folder: PathBuf,
    },
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRenames {
    #[serde(default)]
    volumes: BTreeMap<String, String>,
    #[serde(default)]
    folders: BTreeMap<PathBuf, PathBuf>,
}

/// All renames, each as what it is.
#[derive(Default)]
pub(super) struct ReadRenames {
    pub(super) volumes: BTreeMap<String, String>,
    pub(super) folders: BTreeMap<PathBuf, PathBuf>,
    pub(super) moved: Vec<MovedData>,
}

impl WrittenRenames {
    pub(super) fn read(self) -> Result<ReadRenames, RecipeError> {
        let below = |path: &Path| Ok::<_, RecipeError>(CarryRule::new(path)?.path);
        let mut read = ReadRenames::default();
        for (from, to) in &self.folders {
            read.folders.insert(below(from)?, below(to)?);
        }
        for (from, to) in self.volumes {
            match (folder_of(&from), folder_of(&to)) {
                (None, None) => drop(read.volumes.insert(from, to)),
                (Some(from), Some(to)) => drop(read.folders.insert(below(from)?, below(to)?)),
                (Some(folder), None) => read.moved.push(MovedData::IntoVolume {
                    folder: match folder.is_absolute() {
                        true => folder.to_owned(),
                        false => below(folder)?,
                    },
                    key: to,
                }),
                (None, Some(folder)) => read.moved.push(MovedData::IntoFolder {
                    key: from,
                    folder: below(folder)?,
                }),
            }
        }
        Ok(read)
    }
}

fn folder_of(name: &str) -> Option<&Path> {
    (name.starts_with('/') || name.starts_with("./")).then(|| Path::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ReadRenames, RecipeError> {
        let written: WrittenRenames = serde_yaml::from_str(text).unwrap();
        written.read()
    }

    #[test]
    fn below_volumes_what_begins_as_a_path_is_a_folder() {
        let renames = "volumes: {pg: pgdata, ./data/db: db, /srv/x: x, mail: ./kept/mail/, ./a: ./b}\nfolders: {c: d}";
        let read = read(renames).unwrap();
        assert_eq!(
            read.volumes,
            [("pg".to_owned(), "pgdata".to_owned())].into()
        );
        let folders = [("a", "b"), ("c", "d")].map(|(from, to)| (from.into(), to.into()));
        assert_eq!(read.folders, folders.into());
        let into_volume = |folder: &str, key: &str| MovedData::IntoVolume {
            folder: folder.into(),
            key: key.to_owned(),
        };
        let mail = MovedData::IntoFolder {
            key: "mail".to_owned(),
            folder: "kept/mail".into(),
        };
        assert_eq!(
            read.moved,
            [
                into_volume("data/db", "db"),
                into_volume("/srv/x", "x"),
                mail
            ]
        );
    }

    #[test]
    fn no_copy_leads_out_of_its_release() {
        for out in [
            "mail: /srv/mail",
            "./../data: data",
            "mail: ./../mail",
            "./a: /b",
        ] {
            assert!(read(&format!("volumes: {{{out}}}")).is_err(), "{out}");
        }
    }
}

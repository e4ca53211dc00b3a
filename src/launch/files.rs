//! The copies that Compose is given of what had to be edited.

use std::path::{Path, PathBuf};

use super::{Launch, LaunchError};
use crate::fs::{Disk, WriteError};

/// Images that win over those that the release's files name.
const IMAGES: &str = "images.json";

/// How a clone comes up beside its original.
const CLONE: &str = "clone.yml";

/// Variables that win over the release's `.env`.
const PORTS: &str = "ports.env";

impl Launch {
    /// Writes the copies, private to their owner, and removes what an earlier launch of the
    /// project left. Without edits there are none.
    ///
    /// # Errors
    /// [`LaunchError::Write`].
    pub fn write(&self, disk: &Disk) -> Result<(), LaunchError> {
        let mut wanted: Vec<(PathBuf, Vec<u8>)> = self
            .files
            .iter()
            .zip(self.copied())
            .filter(|(file, _)| file.is_change())
            .map(|(file, copy)| (copy, file.edited.bytes.clone()))
            .collect();
        if !self.variables.is_empty() {
            wanted.push((self.copies.join(PORTS), self.ports().into_bytes()));
        }
        wanted.extend(
            self.images_file()
                .map(|path| (path, self.images().into_bytes())),
        );
        let clone = self.clone_file().zip(self.clone.clone());
        wanted.extend(clone.map(|(path, text)| (path, text.into_bytes())));
        self.clear(disk, &wanted)?;
        if wanted.is_empty() {
            return Ok(());
        }
        for folder in self
            .copies
            .ancestors()
            .take(2)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
        {
            if !folder.is_dir() {
                disk.create_dir(folder, 0o700).map_err(at(folder))?;
            }
        }
        for (path, content) in &wanted {
            disk.save(path, content)?;
        }
        Ok(())
    }

    /// Where the copy of each file goes, one for each, edited or not: the file's name, with
    /// its place in the order where two have the same.
    pub(super) fn copied(&self) -> impl Iterator<Item = PathBuf> {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_os_string();
        self.files.iter().enumerate().map(move |(number, file)| {
            let own = name(&file.path);
            let is_taken = self.files[..number]
                .iter()
                .any(|other| name(&other.path) == own);
            let mut copy = own;
            if is_taken {
                copy.push(format!(".{number}"));
            }
            self.copies.join(copy)
        })
    }

    /// The files that variables come from, where Compose's own choice won't do.
    pub(super) fn env_files(&self) -> Vec<PathBuf> {
        match (self.variables.is_empty(), self.has_usual_env) {
            (true, true) => Vec::new(),
            (true, false) => self.env_files.clone(),
            (false, _) => {
                let own = self.env_files.iter().cloned();
                own.chain([self.copies.join(PORTS)]).collect()
            }
        }
    }

    /// The compose file that names other images, where there are any.
    pub(super) fn images_file(&self) -> Option<PathBuf> {
        (!self.images.is_empty()).then(|| self.copies.join(IMAGES))
    }

    /// The compose file that has a clone be one, where it is one.
    pub(super) fn clone_file(&self) -> Option<PathBuf> {
        self.clone.as_ref().map(|_| self.copies.join(CLONE))
    }

    /// JSON is YAML.
    fn images(&self) -> String {
        let services = self.images.iter();
        let services: serde_json::Map<_, _> = services
            .map(|(name, image)| (name.clone(), serde_json::json!({ "image": image })))
            .collect();
        serde_json::json!({ "services": services }).to_string()
    }

    fn ports(&self) -> String {
        let line =
            |change: &crate::compose::VariableChange| format!("{}={}\n", change.name, change.to);
        self.variables.iter().map(line).collect()
    }

    fn clear(&self, disk: &Disk, wanted: &[(PathBuf, Vec<u8>)]) -> Result<(), LaunchError> {
        let Ok(entries) = std::fs::read_dir(&self.copies) else {
            return Ok(());
        };
        for entry in entries {
            let path = entry.map_err(at(&self.copies))?.path();
            if !wanted.iter().any(|(other, _)| *other == path) {
                disk.remove_file(&path).map_err(at(&path))?;
            }
        }
        Ok(())
    }
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> WriteError + '_ {
    |source| WriteError::Io {
        path: path.to_owned(),
        source,
    }
}

//! Compose files of the old release that `COMPOSE_FILE` has the new one read, though its vendor calls them
//! otherwise by now: what is new in the vendor's would be read by nobody.

use std::fs;
use std::path::{Path, PathBuf};

use super::View;
use crate::compose;
use crate::upgrade::planning::obstacle::Obstacle;

impl View<'_> {
    /// What stands against a release that is read from another one's files.
    pub(super) fn old_compose_files(&self) -> Vec<Obstacle> {
        let new = &self.releases.new;
        let names_files = new.env.as_ref();
        if !names_files.is_some_and(|env| env.contains_key("COMPOSE_FILE")) {
            return Vec::new();
        }
        let own = new.files.iter().enumerate();
        let own = own.filter(|(_, file)| !self.is_vendors(&file.name));
        let renamed = own.filter_map(|(number, file)| {
            let now = self
                .renamed(&file.name)
                .or_else(|| (number == 0).then(|| self.new_main())?)?;
            Some(Obstacle::OldComposeFile {
                file: file.name.clone(),
                now,
            })
        });
        renamed.collect()
    }

    /// What the vendor calls a file now: `compose.prod.yaml` for `docker-compose.prod.yml`.
    fn renamed(&self, name: &Path) -> Option<PathBuf> {
        let text = name.file_name()?.to_str()?;
        let (stem, _) = text.rsplit_once('.')?;
        let stem = stem.strip_prefix("docker-").unwrap_or(stem);
        let stems = [stem.to_owned(), format!("docker-{stem}")];
        let names = stems
            .iter()
            .flat_map(|stem| ["yaml", "yml"].map(|end| format!("{stem}.{end}")));
        let mut names = names.map(|other| name.with_file_name(other));
        names.find(|other| self.is_new_to_the_release(other))
    }

    /// The file that Compose would read by itself, where that is new.
    fn new_main(&self) -> Option<PathBuf> {
        let new = &self.releases.new;
        let folders = [&new.started_in, &new.project_folder];
        let entries = folders.iter().filter_map(|folder| {
            let entries = fs::read_dir(new.folder.join(folder)).ok()?;
            let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
            Some(names.map(|name| folder.join(name)))
        });
        let mut names: Vec<PathBuf> = entries.flatten().collect();
        names.retain(|name| name.file_name().is_some_and(compose::is_compose_name));
        names
            .into_iter()
            .find(|name| self.is_new_to_the_release(name))
    }

    /// Whether the vendor ships a file that the old release hasn't.
    fn is_new_to_the_release(&self, name: &Path) -> bool {
        self.is_vendors(name) && !self.releases.old.folder.join(name).exists()
    }
}

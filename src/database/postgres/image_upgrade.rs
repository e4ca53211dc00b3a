//! The upgrade of a data folder in a volume into another volume, in a container of an image that has the programs
//! of both majors. The container is on no network, has nothing but the two volumes, and goes afterwards.

use std::path::{Path, PathBuf};

use super::folder_upgrade::{ClusterPlace, FolderUpgrade, UpgradedFolder};
use super::{OwnerPrograms, PostgresError};
use crate::engine::{Docker, LoneContainer, program};
use crate::fs::Disk;
use crate::progress::Progress;

/// Where the volumes are in the container.
const OLD: &str = "/transship/old";
const NEW: &str = "/transship/new";
const WORK: &str = "/transship/work";
/// Where Debian's packages, and the images made of them, have the programs of a major.
const DEBIANS: &str = "/usr/lib/postgresql/MAJOR/bin";
/// Prints the place of the data folder, its major and its owner.
const LOOK: &str = "cd \"$1\" && find . -maxdepth 4 -name PG_VERSION | while read -r f; do d=${f%/*}; \
    [ ! -d \"$d/global\" ] || { echo \"${d#./}\"; cat \"$f\"; stat -c %u:%g \"$d\"; }; done";
/// Makes the new folder and that of the sockets, both the owner's alone.
const MAKE: &str =
    "set -e; mkdir -p \"$1\" \"$2\"; chown \"$3\" \"$1\" \"$2\"; chmod 0700 \"$1\" \"$2\"";

/// Two volumes and the image.
#[derive(Debug, Clone, Copy)]
pub struct ImageUpgrade<'a> {
    /// The engine.
    pub docker: &'a Docker,
    /// Told of what is done.
    pub disk: &'a Disk,
    /// What the container is called.
    pub name: &'a str,
    /// The image that has both.
    pub image: &'a str,
    /// The volume with the old folder.
    pub source: &'a str,
    /// The empty one.
    pub target: &'a str,
    /// Where in that one the new folder is to be.
    pub place: &'a Path,
    /// The new major.
    pub major: u32,
    /// The folder of the old one's programs, where it isn't that of Debian's packages.
    pub old_bin: Option<&'a str>,
    /// The same of the new one's.
    pub new_bin: Option<&'a str>,
}

impl ImageUpgrade<'_> {
    /// Does it. Nothing runs afterwards.
    ///
    /// # Errors
    /// [`PostgresError`]: the new volume may have a part then.
    pub fn run(&self, progress: &dyn Progress) -> Result<UpgradedFolder, PostgresError> {
        let mounts = [(self.source, OLD), (self.target, NEW)];
        let container =
            LoneContainer::idle(self.docker, self.disk, self.name, self.image, &mounts)?;
        let done = self.within(progress);
        // What stands in the way of its end stands in the way of the server to come.
        container.end(self.disk)?;
        done
    }

    fn within(&self, progress: &dyn Progress) -> Result<UpgradedFolder, PostgresError> {
        let root = OwnerPrograms::in_container(self.docker, self.name, "0", Path::new("/"));
        let said = root.ask(["sh", "-c", LOOK, "sh", OLD]);
        let said = said.map_err(|source| self.failed("look for the data folder", source))?;
        let lines: Vec<&str> = said.lines().collect();
        let [place, version, owner] = lines[..] else {
            return Err(self.said(
                "find the data folder",
                format!(
                    "there are {} in the volume, and it has to be one",
                    lines.len() / 3
                ),
            ));
        };
        let old_data = joined(OLD, Path::new(place));
        let new_data = joined(NEW, self.place);
        let made = root.ask(["sh", "-c", MAKE, "sh", &new_data, WORK, owner]);
        made.map_err(|source| self.failed("make the new folder", source))?;
        let bin = |told: Option<&str>, major: &str| {
            told.map_or_else(|| DEBIANS.replace("MAJOR", major), str::to_owned)
        };
        let programs = OwnerPrograms::in_container(self.docker, self.name, owner, Path::new(WORK));
        let upgrade = FolderUpgrade::new(
            &programs,
            ClusterPlace {
                bin: bin(self.old_bin, version),
                data: old_data,
                config: None,
                called: self.source.to_owned(),
            },
            ClusterPlace {
                bin: bin(self.new_bin, &self.major.to_string()),
                data: new_data,
                config: None,
                called: self.target.to_owned(),
            },
        );
        let against = upgrade.obstacles(version);
        if !against.is_empty() {
            return Err(PostgresError::Obstacles {
                what: "upgraded".to_owned(),
                against,
            });
        }
        let done = upgrade.prepare(progress).and_then(|mut prepared| {
            upgrade.copy(&mut prepared, true, progress)?;
            Ok(prepared)
        });
        done.inspect_err(|_| upgrade.turn_off())
    }

    fn failed(&self, what: &str, source: program::Error) -> PostgresError {
        PostgresError::Program {
            name: self.source.to_owned(),
            what: what.to_owned(),
            source,
        }
    }

    fn said(&self, what: &str, said: String) -> PostgresError {
        PostgresError::Said {
            name: self.source.to_owned(),
            what: what.to_owned(),
            said,
        }
    }
}

/// A place in a folder; the folder itself where it is `.` or nothing.
fn joined(folder: &str, place: &Path) -> String {
    let names = place.iter().filter(|name| *name != ".");
    let path = names.fold(PathBuf::from(folder), |path, name| path.join(name));
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_may_be_the_folder_itself() {
        for (place, expect) in [
            (".", NEW),
            ("", NEW),
            ("18/docker", "/transship/new/18/docker"),
        ] {
            assert_eq!(joined(NEW, Path::new(place)), expect);
        }
    }
}

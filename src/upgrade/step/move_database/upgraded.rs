//! A move by `pg_upgrade`, in a container of an image that has both majors; what it leaves undone is done by the new
//! release's own server, alone.

use std::path::{Path, PathBuf};

use super::{MoveDatabase, Moved};
use crate::database::postgres::{ImageUpgrade, LoneStart, PostgresError};
use crate::engine::{Container, ContainerEnd, Docker, Volume, c_library_of};
use crate::upgrade::step::StepError;
use crate::upgrade::step::shell::quote;
use crate::upgrade::step::world::World;

impl MoveDatabase {
    /// The data folder of the newer major in the new volume. The proof is there afterwards.
    pub(super) fn upgraded(
        &self,
        world: World<'_>,
        source: &Volume,
        target: &Volume,
    ) -> Result<Moved, StepError> {
        let docker = world.docker()?;
        let (old, new) = self.containers(world)?;
        self.require_mounted(&old, source)?;
        self.require_mounted(&new, target)?;
        let [bench, to] = self.names(world);
        let programs = self.programs.clone().unwrap_or_default();
        let upgrade = ImageUpgrade {
            docker,
            disk: world.disk,
            name: &bench,
            image: programs.image.as_deref().unwrap_or(&new.image),
            source: &source.name,
            target: &target.name,
            place: &self.place_in(docker, &new, target)?,
            major: major_of(docker, &new)?,
            old_bin: programs.old_bin.as_deref(),
            new_bin: programs.new_bin.as_deref(),
        };
        let upgraded = upgrade.run(world.progress)?;
        let start = LoneStart {
            docker,
            disk: world.disk,
            name: &to,
            like: &new,
            dropped: ContainerEnd::AtOnce,
        };
        let to = start.start(world.progress)?;
        self.require_data_in(&to, &new, target)?;
        // Nothing that is recorded tells of a C library that isn't known, nor did 14 record any.
        let libraries = [&old, &new].map(|one| c_library_of(docker, &one.image));
        let is_same = libraries[0].is_some() && libraries[0] == libraries[1];
        let all = !is_same || upgraded.major() < 15;
        let moved = upgraded.complete(&to.server, all, world.progress)?;
        self.proved(world, &moved, to)
    }

    /// Where in its volume the new server looks for its data.
    fn place_in(
        &self,
        docker: &Docker,
        new: &Container,
        target: &Volume,
    ) -> Result<PathBuf, StepError> {
        let folder = PathBuf::from(new.variable(docker, "PGDATA")?.unwrap_or_default());
        let mut mounts = new.mounts.iter();
        let mount =
            mounts.find(|mount| mount.source == target.path && folder.starts_with(&mount.target));
        let place = mount.and_then(|mount| folder.strip_prefix(&mount.target).ok());
        place
            .map(Path::to_owned)
            .ok_or_else(|| StepError::DataElsewhere {
                service: self.service.clone(),
                volume: target.name.clone(),
                folder,
            })
    }

    /// What a person would type.
    pub(super) fn upgrade_commands(&self) -> Vec<String> {
        let programs = self.programs.clone().unwrap_or_default();
        let image = programs.image.unwrap_or_else(|| "IMAGE".to_owned());
        let bin = |told: Option<String>, major: &str| {
            told.unwrap_or_else(|| format!("/usr/lib/postgresql/{major}/bin"))
        };
        let [old, new] = [bin(programs.old_bin, "OLD"), bin(programs.new_bin, "NEW")];
        let volume =
            |name: &str, place: &str| format!("--volume {}:{place}", quote(Path::new(name)));
        let server = format!("{}/{}", self.new.project, self.service);
        vec![
            format!(
                "docker run --rm -it --network none {} {} --entrypoint bash {}",
                volume(&self.source, "/old"),
                volume(&self.target, "/new"),
                quote(Path::new(&image))
            ),
            format!(
                "{new}/pg_upgrade --old-datadir /old --new-datadir /new --old-bindir {old} --new-bindir {new}  # there, as \
                 their owner, after initdb"
            ),
            format!(
                "transship db collation {} --all --mend",
                quote(Path::new(&server))
            ),
        ]
    }
}

/// The major of the new container's image.
fn major_of(docker: &Docker, new: &Container) -> Result<u32, StepError> {
    let told = new.variable(docker, "PG_MAJOR")?;
    let major = told.and_then(|told| told.split('.').next()?.parse().ok());
    major.ok_or_else(|| {
        StepError::Database(PostgresError::Said {
            name: new.name.clone(),
            what: "ask the major".to_owned(),
            said: "its image has no PG_MAJOR".to_owned(),
        })
    })
}

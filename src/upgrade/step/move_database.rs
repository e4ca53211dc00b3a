//! Moving a database from the old release's volume into the new one's, which is empty: in the window, with
//! both projects stopped, each server alone and on no network. Both are compared afterwards, and the
//! proof is kept; what isn't equal fails the step, the new volume goes, and the old release serves again.
//!
//! The old volume is opened by the image that wrote it and by nothing else. A database that runs writes its
//! own log, so that its files aren't the same to the byte afterwards; what it holds is.

mod alone;
mod streamed;
mod upgraded;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::run_volume::{remember, require_labels};
use super::shell::quote;
use super::world::{self, Attempt, Phase, StepKind, StepOutcome, Undo, UndoEvidence, World};
use super::{ReleaseProject, StepError};
use crate::database::postgres::{
    COMPARISON_FORMAT, Filling, LoneServer, LoneStart, MovedLocale, MovedServer, PostgresError,
};
use crate::database::{DatabaseEngine, DatabaseMethod};
use crate::document::{self, DocumentFormat};
use crate::engine::{self, Container, ContainerEnd, Volume, VolumeStore};
use crate::release::{DatabaseCommands, UpgradePrograms};
use crate::tree::{Digest, Holds};
use crate::upgrade::confine::{self, Bounds, OutOfBounds};

/// Moves a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveDatabase {
    /// Which kind of server it is.
    pub engine: DatabaseEngine,
    /// The way.
    pub method: DatabaseMethod,
    /// Which database, where that has to be said: `$DATABASE` in what is run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// What is run, where the recipe says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<DatabaseCommands>,
    /// How its databases sort afterwards.
    #[serde(default, skip_serializing_if = "MovedLocale::is_as_it_was")]
    pub locale: MovedLocale,
    /// Where the programs of both majors are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs: Option<Box<UpgradePrograms>>,
    /// The service of the old release that has it.
    pub old_service: String,
    /// The service of the new release that will.
    pub service: String,
    /// The real name of the old release's volume.
    pub source: String,
    /// The real name of the new one's.
    pub target: String,
    /// The release that is stopped, and its project.
    pub old: ReleaseProject,
    /// The release that is to come, and its project.
    pub new: ReleaseProject,
    /// The file of the comparison, below the install.
    pub proof: PathBuf,
}

impl StepKind for MoveDatabase {
    fn check(&self, world: World<'_>) -> Result<(), StepError> {
        let docker = world.docker()?;
        let told = self.programs.as_ref();
        let image = told.and_then(|programs| programs.image.as_deref());
        let Some(image) = image else {
            return Ok(());
        };
        match engine::image_defaults(docker, &[image])?.is_empty() {
            false => Ok(()),
            true => Err(StepError::Engine(engine::Error::NotStartable {
                container: image.to_owned(),
                why: "the engine has no such image, which is to have the programs of both majors"
                    .to_owned(),
            })),
        }
    }

    fn act(&self, world: World<'_>, attempt: Attempt) -> Result<StepOutcome, StepError> {
        let (source, target) = (
            world.volumes.existing(&self.source)?,
            world.volumes.existing(&self.target)?,
        );
        require_labels(world, &target)?;
        self.remove_servers(world)?;
        engine::require_idle(world.volumes, &source)?;
        engine::require_idle(world.volumes, &target)?;
        match world.holds(&target)? {
            Holds::Nothing => {}
            // An interrupted run's own, and a part.
            _ if attempt == Attempt::Again => {
                world.volumes.contents().clear(world.disk, &target)?;
            }
            _ => {
                return Err(StepError::TargetNotEmpty {
                    volume: target.name,
                    path: target.path,
                });
            }
        }
        let done = match (self.is_of_postgres(), self.method) {
            (true, DatabaseMethod::Upgrade) => self.upgraded(world, &source, &target),
            (true, _) => self.moved(world, &source, &target),
            (false, _) => self.streamed(world, &source, &target),
        };
        let moved = match done {
            Ok(moved) => moved,
            Err(error) => {
                self.take_back(world, &target);
                return Err(error);
            }
        };
        remember(world, (&self.source, &source), (&self.target, &target))?;
        for note in &moved.notes {
            world.progress.note(&format!("{}: {note}", self.service));
        }
        let proof = world.install.root().join(&self.proof);
        let text = std::fs::read(&proof).map_err(StepError::io(&proof))?;
        Ok(StepOutcome {
            files: moved.tables,
            bytes: moved.bytes,
            sha256: Some(Digest::of(&text).to_string()),
            ..StepOutcome::default()
        })
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        confine::volume(&self.source)?;
        confine::volume(&self.target)?;
        bounds.old_project(&self.old)?;
        bounds.new_project(&self.new)?;
        bounds.kept_of_new(&self.proof, "manifests")
    }

    fn check_undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError> {
        if undo.evidence == UndoEvidence::Failed {
            return Ok(());
        }
        let last_copy = |what| StepError::LastCopy {
            volume: self.source.clone(),
            copy: self.target.clone(),
            what,
        };
        match world.volumes.find(&self.source)? {
            None => Err(last_copy("is gone")),
            Some(source) if world.holds(&source)? == Holds::Nothing => Err(last_copy("is empty")),
            Some(_) => Ok(()),
        }
    }

    fn undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        // Two servers on one volume would destroy it: before the old release is started again nothing
        // else has it. The new volume goes with the step that made it, and the proof, too.
        self.remove_servers(world)
    }

    fn places(&self, world: World<'_>) -> Vec<PathBuf> {
        vec![world.install.root().join(&self.proof)]
    }

    fn title(&self) -> String {
        let compare = match self.compares() {
            true => "and compare",
            false => "and compare nothing",
        };
        format!(
            "move database {} from volume {} to {} ({} by {}), {compare}",
            self.service, self.source, self.target, self.engine, self.method
        )
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        if self.method == DatabaseMethod::Upgrade {
            return self.upgrade_commands();
        }
        let alone = |project: &ReleaseProject, service: &str| {
            project.compose_command(&format!(
                "up --detach --no-deps {}",
                quote(Path::new(service))
            ))
        };
        let stop = |project: &ReleaseProject, service: &str| {
            project.compose_command(&format!("stop {}", quote(Path::new(service))))
        };
        let servers = [
            (&self.old.project, &self.old_service),
            (&self.new.project, &self.service),
        ];
        let servers = servers.map(|(project, service)| format!("{project}/{service}"));
        let [a, b] = servers.map(|name| quote(Path::new(&name)));
        let proof = quote(&self.proof);
        vec![
            alone(&self.old, &self.old_service),
            alone(&self.new, &self.service),
            format!(
                "transship db move {a} {b}{} --output {proof}",
                self.options()
            ),
            stop(&self.old, &self.old_service),
            stop(&self.new, &self.service),
        ]
    }

    fn phase(&self) -> Phase {
        Phase::Window
    }
}

/// What was moved.
struct Moved {
    tables: u64,
    bytes: u64,
    notes: Vec<String>,
}

impl MoveDatabase {
    fn is_of_postgres(&self) -> bool {
        self.engine == DatabaseEngine::Postgres && self.method != DatabaseMethod::Command
    }

    /// Both servers, alone, and all of the one in the other. The proof is there afterwards.
    fn moved(
        &self,
        world: World<'_>,
        source: &Volume,
        target: &Volume,
    ) -> Result<Moved, StepError> {
        let docker = world.docker()?;
        let (old, new) = self.containers(world)?;
        let [from, to] = self.names(world);
        let alone = |name, like, dropped| LoneStart {
            docker,
            disk: world.disk,
            name,
            like,
            dropped,
        };
        let from = alone(&from, &old, ContainerEnd::InItsTime).start(world.progress)?;
        self.require_data_in(&from, &old, source)?;
        let to = alone(&to, &new, ContainerEnd::AtOnce);
        let to = match to.start_for_filling(world.progress) {
            Ok(server) => server,
            Err(PostgresError::Interrupted) => return Err(PostgresError::Interrupted.into()),
            // A setting of its own may stand against those.
            Err(_) => {
                world.volumes.contents().clear(world.disk, target)?;
                to.start(world.progress)?
            }
        };
        self.require_data_in(&to, &new, target)?;
        let filling = Filling::of(&from.server, &to.server, self.locale, world.progress)?;
        let filling = filling.by(self.method);
        filling.fill(&to.server, world.progress)?;
        let to = to.restart(world.progress)?;
        let moved = filling.compare(&to.server, world.progress)?;
        let proved = self.proved(world, &moved, to)?;
        from.end()?;
        Ok(proved)
    }

    /// What comes of a server that was filled and compared: the proof is kept, and one that isn't equal is refused.
    fn proved(
        &self,
        world: World<'_>,
        moved: &MovedServer,
        to: LoneServer<'_>,
    ) -> Result<Moved, StepError> {
        let comparison = &moved.comparison;
        self.keep_proof(world, COMPARISON_FORMAT, comparison)?;
        if !comparison.equal {
            return Err(PostgresError::NotEqual {
                a: self.source.clone(),
                b: self.target.clone(),
            }
            .into());
        }
        to.server.renew_md5_password()?;
        to.end()?;
        Ok(Moved {
            tables: comparison.table_count(),
            bytes: 0,
            notes: [&moved.notes[..], &comparison.notes[..]].concat(),
        })
    }

    fn keep_proof<T: Serialize>(
        &self,
        world: World<'_>,
        format: DocumentFormat,
        found: &T,
    ) -> Result<(), StepError> {
        let proof = world.install.root().join(&self.proof);
        world::make_folders(world, &proof)?;
        Ok(document::save(world.disk, format, &proof, found)?)
    }

    /// The data must be in the volume: with another place mounted than the image keeps its data in, it would
    /// be in a volume without a name, and be gone with the container.
    fn require_data_in(
        &self,
        server: &LoneServer<'_>,
        container: &Container,
        volume: &Volume,
    ) -> Result<(), StepError> {
        let folder = server.server.data_directory()?;
        let mut mounts = container.mounts.iter();
        let is_there = |mount: &engine::Mount| {
            mount.source == volume.path && folder.starts_with(&mount.target)
        };
        match mounts.any(is_there) {
            true => Ok(()),
            false => Err(StepError::DataElsewhere {
                service: self.service.clone(),
                volume: volume.name.clone(),
                folder,
            }),
        }
    }
}

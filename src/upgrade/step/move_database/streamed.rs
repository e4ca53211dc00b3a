//! A move by lines that are run in both containers: those of transship's recipe for the engine, or the
//! install's own.

use std::path::Path;

use super::{MoveDatabase, Moved};
use crate::database::postgres::MovedLocale;
use crate::database::{
    DatabaseMethod, DatabaseRecipe, INIT_SCRIPTS, STREAMED_FORMAT, StreamLines, StreamRecipe,
    StreamedMove, StreamedMoveError,
};
use crate::engine::{Container, ContainerEnd, LoneContainer, LoneOptions, Volume};
use crate::tree::Holds;
use crate::upgrade::step::StepError;
use crate::upgrade::step::shell::quote;
use crate::upgrade::step::world::World;

impl MoveDatabase {
    /// Both containers, alone, and all of the one in the other. The proof is there afterwards.
    pub(super) fn streamed(
        &self,
        world: World<'_>,
        source: &Volume,
        target: &Volume,
    ) -> Result<Moved, StepError> {
        let docker = world.docker()?;
        let lines = self.lines()?;
        let (old, new) = self.containers(world)?;
        self.require_mounted(&old, source)?;
        self.require_mounted(&new, target)?;
        let [from, to] = self.names(world);
        let options = LoneOptions {
            without: Some(INIT_SCRIPTS),
            idle: self.stream().is_some_and(|recipe| recipe.idle),
            arguments: None,
            dropped: ContainerEnd::InItsTime,
        };
        let from = LoneContainer::start(docker, world.disk, &from, &old.id, options)?;
        let options = LoneOptions {
            dropped: ContainerEnd::AtOnce,
            ..options
        };
        let to = LoneContainer::start(docker, world.disk, &to, &new.id, options)?;
        let stream = StreamedMove {
            docker,
            from: from.name(),
            to: to.name(),
            lines: &lines,
            database: self.database.as_deref(),
        };
        let found = stream.run(world.progress)?;
        self.keep_proof(world, STREAMED_FORMAT, &found)?;
        if found.equal == Some(false) {
            return Err(StreamedMoveError::NotEqual {
                from: self.source.clone(),
                to: self.target.clone(),
            }
            .into());
        }
        to.end(world.disk)?;
        from.end(world.disk)?;
        // What answers with the same may have it elsewhere, in a volume without a name.
        if world.holds(target)? == Holds::Nothing {
            return Err(self.elsewhere(target, &new));
        }
        let leaves = self.stream().and_then(|recipe| recipe.leaves);
        let leaves = leaves.map(|leaves| format!("what doesn't come along: {leaves}"));
        let unproved = "nothing compares what came with what was there".to_owned();
        let unproved = found.equal.is_none().then_some(unproved);
        Ok(Moved {
            tables: 0,
            bytes: found.bytes,
            notes: leaves.into_iter().chain(unproved).collect(),
        })
    }

    /// Transship's own recipe, where it is what is gone by.
    fn stream(&self) -> Option<&'static StreamRecipe> {
        let is_own = self.method != DatabaseMethod::Command;
        let recipe = DatabaseRecipe::of(self.engine.name()).filter(|_| is_own);
        recipe.and_then(|recipe| recipe.stream.as_ref())
    }

    fn lines(&self) -> Result<StreamLines, StepError> {
        let own = self.stream().map(StreamLines::from);
        let lines = own.or_else(|| self.commands.as_ref().map(StreamLines::from));
        lines.ok_or(StepError::NoWay {
            engine: self.engine,
        })
    }

    /// Whether both are held against each other.
    pub(super) fn compares(&self) -> bool {
        self.is_of_postgres() || self.lines().is_ok_and(|lines| lines.compare.is_some())
    }

    /// What `db move` has to be told, for a person who types it.
    pub(super) fn options(&self) -> String {
        let mut text = String::new();
        if let Some(commands) = &self.commands {
            let lines = [
                ("ready", commands.ready.as_ref()),
                ("dump", Some(&commands.dump)),
                ("load", Some(&commands.load)),
                ("compare", commands.compare.as_ref()),
            ];
            for (name, line) in lines {
                let line = line.map(|line| quote(Path::new(&line.shown())));
                text += &line.map_or_else(String::new, |line| format!(" --{name} {line}"));
            }
        } else if !self.is_of_postgres() {
            text = format!(" --engine {}", self.engine);
        } else if self.locale != MovedLocale::AsItWas {
            text = format!(" --locale {}", self.locale.name());
        }
        let database = self.database.as_deref().map(Path::new).map(quote);
        text + &database.map_or_else(String::new, |name| format!(" --database {name}"))
    }

    pub(super) fn require_mounted(
        &self,
        container: &Container,
        volume: &Volume,
    ) -> Result<(), StepError> {
        let mut mounts = container.mounts.iter();
        match mounts.any(|mount| mount.source == volume.path && mount.writes) {
            true => Ok(()),
            false => Err(self.elsewhere(volume, container)),
        }
    }

    fn elsewhere(&self, volume: &Volume, container: &Container) -> StepError {
        let mounts = container.mounts.iter();
        let others = mounts.filter(|mount| mount.source != volume.path);
        let folder = others.map(|mount| mount.target.clone()).next();
        StepError::DataElsewhere {
            service: self.service.clone(),
            volume: volume.name.clone(),
            folder: folder.unwrap_or_default(),
        }
    }
}

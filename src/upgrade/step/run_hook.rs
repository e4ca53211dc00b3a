//! A hook of the recipe's: a command of the vendor's or the administrator's at one point of an upgrade.
//! What it prints goes into the run's log, without the secrets of the release's `.env`.
//!
//! What it did has no undo: what it did to the new release's data goes with that, or stays behind. After
//! a crash it is run again.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::release_project::ReleaseProject;
use super::stop_release::PATIENCE;
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, World};
use crate::engine::program::{self, Invocation};
use crate::engine::{Compose, Program, ServiceCommand, VolumeStore, stop_containers};
use crate::error::{Explain as _, Kind};
use crate::mask::Secrets;
use crate::release::RecipeHook;
use crate::upgrade::confine::{Bounds, OutOfBounds};
use crate::upgrade::run_log::RunLog;
use crate::upgrade::run_secrets::secrets_in;

/// Runs a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunHook {
    /// When it is run.
    pub point: HookPoint,
    /// What is run.
    pub hook: RecipeHook,
    /// The release that runs, and its project.
    pub old: ReleaseProject,
    /// The release that is to come, and its project.
    pub new: ReleaseProject,
}

/// When a hook is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookPoint {
    /// Before anything else of an upgrade, which is one hop of several, or the only one.
    BeforeHop,
    /// While the old release serves still, just before it is stopped.
    BeforeStop,
    /// After the data was copied; what it needs is up, and the rest is down.
    Migrate,
    /// When the new release serves.
    AfterUp,
    /// After everything else of an upgrade.
    AfterHop,
}

impl HookPoint {
    /// As recipes call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BeforeHop => "before-hop",
            Self::BeforeStop => "before-stop",
            Self::Migrate => "migrate",
            Self::AfterUp => "after-up",
            Self::AfterHop => "after-hop",
        }
    }
}

impl StepKind for RunHook {
    fn check(&self, world: World<'_>) -> Result<(), StepError> {
        match self.hook.service {
            Some(_) => world.docker().map(|_| ()),
            None => Ok(()),
        }
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let failed = |said: String| StepError::HookFailed {
            hook: self.point.word(),
            said,
            log: RunLog::of(world.install, world.run).path().to_owned(),
        };
        let call = self.call(world)?;
        let ran = call.run_or_stop(&|| !world.progress.interrupted());
        let secrets = self.secrets(world);
        let log = RunLog::of(world.install, world.run);
        let heading = format!("hook {}: {}", self.point.word(), self.hook.run.shown());
        match ran {
            Ok(output) => {
                let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
                log.add(world.disk, &heading, &text, &secrets)?;
                if output.status.success() {
                    return Ok(StepOutcome::default());
                }
                let said = secrets.setting(None, &output.complaint());
                let how = output.status;
                Err(failed(match said.is_empty() {
                    true => format!("it ended with {how}"),
                    false => format!("it ended with {how}: {said}"),
                }))
            }
            Err(error) => {
                log.add(world.disk, &heading, error.to_string().as_bytes(), &secrets)?;
                if error.kind() == Kind::Interrupted {
                    return Err(StepError::HookInterrupted {
                        hook: self.point.word(),
                    });
                }
                Err(failed(match error {
                    program::Error::TimedOut { .. } => {
                        format!(
                            "it took longer than {} s and was stopped",
                            self.hook.seconds
                        )
                    }
                    other => other.to_string(),
                }))
            }
        }
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.old_project(&self.old)?;
        bounds.new_project(&self.new)
    }

    fn check_undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        Ok(())
    }

    fn undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        if !self.is_undoable() {
            return Ok(());
        }
        // What the service depends on was started for it.
        let folder = self.new.project_folder(world);
        let project = (self.new.project.as_str(), folder.as_path());
        Ok(stop_containers(
            world.docker()?,
            world.disk,
            project,
            PATIENCE,
            world.progress,
        )?)
    }

    fn places(&self, _: World<'_>) -> Vec<PathBuf> {
        Vec::new()
    }

    fn title(&self) -> String {
        match &self.hook.service {
            Some(service) => format!("hook {} in {service}", self.point.word()),
            None => format!("hook {}", self.point.word()),
        }
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        let shown = self.hook.run.shown();
        match &self.hook.service {
            None => vec![shown],
            Some(service) => {
                let how = match self.point {
                    HookPoint::Migrate => "run --rm",
                    _ => "exec -T",
                };
                let release = self.release();
                vec![format!(
                    "{} {shown}",
                    release.compose_command(&format!("{how} {service}"))
                )]
            }
        }
    }

    fn phase(&self) -> Phase {
        match self.point {
            HookPoint::BeforeHop => Phase::Before,
            HookPoint::BeforeStop | HookPoint::Migrate => Phase::Window,
            HookPoint::AfterUp | HookPoint::AfterHop => Phase::After,
        }
    }
}

impl RunHook {
    /// The release in whose folder, and services, it is run.
    pub(in crate::upgrade) fn release(&self) -> &ReleaseProject {
        match self.point {
            HookPoint::BeforeHop | HookPoint::BeforeStop => &self.old,
            HookPoint::Migrate | HookPoint::AfterUp | HookPoint::AfterHop => &self.new,
        }
    }

    /// Whether it leaves anything to take back: what a service was started for.
    pub(super) fn is_undoable(&self) -> bool {
        self.point == HookPoint::Migrate && self.hook.service.is_some()
    }

    fn call(&self, world: World<'_>) -> Result<Invocation, StepError> {
        let argv = self.hook.run.argv();
        let limit = Duration::from_secs(self.hook.seconds);
        let release = self.release();
        let folder = release.project_folder(world);
        let env = self.variables(world);
        let Some(service) = &self.hook.service else {
            let folder = release.release_folder(world);
            let program = match argv[0].contains('/') {
                // A script of the release's.
                true => Program::find(&folder.join(&argv[0]).to_string_lossy()),
                false => Program::find(&argv[0]),
            };
            let program = program.map_err(|error| StepError::HookFailed {
                hook: self.point.word(),
                said: error.to_string(),
                log: RunLog::of(world.install, world.run).path().to_owned(),
            })?;
            let call = program.call(&argv[1..]).in_folder(&folder).time_out(limit);
            return Ok(env
                .iter()
                .fold(call, |call, (name, value)| call.env(name, value)));
        };
        let command = ServiceCommand {
            service,
            argv: &argv,
            env: &env,
            limit,
        };
        let docker = world.docker()?;
        if self.point != HookPoint::Migrate {
            return Ok(command.in_running(docker, &release.project, &folder)?);
        }
        let launch = self.new.launch(world, &self.old)?;
        launch.write(world.disk)?;
        launch.make_way(docker, world.disk)?;
        Ok(command.in_its_own(&launch.compose(&Compose::find(docker)?)?))
    }

    /// What a hook is told of the upgrade.
    fn variables(&self, world: World<'_>) -> Vec<(String, String)> {
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let told = [
            ("HOOK", self.point.word().to_owned()),
            ("INSTALL", path(world.install.root().to_owned())),
            ("RUN", world.run.to_owned()),
            ("FROM", self.old.version.to_string()),
            ("TO", self.new.version.to_string()),
            ("FROM_PROJECT", self.old.project.clone()),
            ("PROJECT", self.new.project.clone()),
            ("OLD_RELEASE", path(self.old.release_folder(world))),
            ("NEW_RELEASE", path(self.new.release_folder(world))),
        ];
        let named = told.into_iter();
        named
            .map(|(name, value)| (format!("TRANSSHIP_{name}"), value))
            .collect()
    }

    /// What must not be in the log.
    fn secrets(&self, world: World<'_>) -> Secrets {
        let files = [&self.old, &self.new].into_iter().flat_map(|release| {
            let own = release.project_folder(world).join(".env");
            release.env_files(world).into_iter().chain([own])
        });
        secrets_in(files)
    }
}

//! Smoke checks: the release counts as up when all of them are well. They are asked four times a
//! second, one after the other, each until it is well or its time is over.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::release_project::ReleaseProject;
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, World};
use crate::clock::Stopwatch;
use crate::engine::{Program, ServiceCommand, VolumeStore};
use crate::probe;
use crate::release::{Check, CheckQuestion};
use crate::upgrade::confine::{Bounds, OutOfBounds};

/// Between two questions.
pub(in crate::upgrade) const PAUSE: Duration = Duration::from_millis(250);

/// Asks whether the new release is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmokeCheck {
    /// The release that is to come, and its project.
    pub new: ReleaseProject,
    /// What is asked.
    pub check: Check,
}

impl StepKind for SmokeCheck {
    fn check(&self, _: World<'_>) -> Result<(), StepError> {
        Ok(())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        check_all(std::slice::from_ref(&self.check), world, &self.new)?;
        Ok(StepOutcome::default())
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.new_project(&self.new)
    }

    fn check_undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        Ok(())
    }

    fn undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        // A question has no effect.
        Ok(())
    }

    fn places(&self, _: World<'_>) -> Vec<PathBuf> {
        Vec::new()
    }

    fn title(&self) -> String {
        let (shown, seconds) = (self.check.shown(), self.check.seconds);
        format!("see that it is well, within {seconds} s: {shown}")
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        match &self.check.question {
            CheckQuestion::Http(_) => {
                vec![format!("curl -sSf -o /dev/null {}", self.check.shown())]
            }
            CheckQuestion::Tcp(address) => vec![format!("nc -z {}", address.replace(':', " "))],
            CheckQuestion::Command { run, service } => match service {
                None => vec![run.shown()],
                Some(service) => {
                    vec![
                        self.new
                            .compose_command(&format!("exec -T {service} {}", run.shown())),
                    ]
                }
            },
        }
    }

    fn phase(&self) -> Phase {
        Phase::Window
    }
}

/// Waits until each of the checks is well.
///
/// # Errors
/// [`StepError::NotWell`], [`StepError::CheckInterrupted`].
pub(in crate::upgrade) fn check_all(
    checks: &[Check],
    world: World<'_>,
    release: &ReleaseProject,
) -> Result<(), StepError> {
    for check in checks {
        let watch = Stopwatch::start();
        while let Err(said) = ask(check, world, release) {
            if watch.elapsed() >= Duration::from_secs(check.seconds) {
                return Err(StepError::NotWell {
                    version: release.version.to_string(),
                    check: check.shown(),
                    seconds: check.seconds,
                    said,
                });
            }
            if world.progress.interrupted() {
                return Err(StepError::CheckInterrupted {
                    check: check.shown(),
                });
            }
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

/// Asks once; what was said where it isn't well.
fn ask(check: &Check, world: World<'_>, release: &ReleaseProject) -> Result<(), String> {
    match &check.question {
        CheckQuestion::Http(url) => probe::http(url),
        CheckQuestion::Tcp(address) => probe::tcp(address),
        CheckQuestion::Command { run, service } => {
            let argv = run.argv();
            let folder = release.project_folder(world);
            let limit = Duration::from_secs(check.seconds).max(probe::PATIENCE);
            let call = match service {
                None => {
                    let program = Program::find(&argv[0]).map_err(|error| error.to_string())?;
                    let folder = release.release_folder(world);
                    program.call(&argv[1..]).in_folder(&folder).time_out(limit)
                }
                Some(service) => {
                    let docker = world.docker().map_err(|error| error.to_string())?;
                    let command = ServiceCommand {
                        service,
                        argv: &argv,
                        env: &[],
                        limit,
                    };
                    command
                        .in_running(docker, &release.project, &folder)
                        .map_err(|error| error.to_string())?
                }
            };
            match call.run() {
                Ok(output) if output.status.success() => Ok(()),
                Ok(output) => Err(format!("it ends with {}", output.status)),
                Err(error) => Err(error.to_string()),
            }
        }
    }
}

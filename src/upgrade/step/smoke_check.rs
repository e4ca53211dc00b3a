//! Smoke checks: the release counts as up when all of them are well. They are asked four times a
//! second, one after the other, each until it is well or its time is over.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::release_project::ReleaseProject;
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, World};
use crate::clock::Stopwatch;
use crate::compose::{Model, Port};
use crate::engine::{Program, ServiceCommand, VolumeStore};
use crate::launch::CloneBindings;
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

/// What is asked in the end: in a rehearsal's clone, whose ports nobody publishes, the way into it.
fn reached(asked: &str, world: World<'_>, release: &ReleaseProject) -> Result<String, String> {
    match CloneBindings::of(world.install) {
        Err(error) => Err(error.to_string()),
        Ok(None) => Ok(asked.to_owned()),
        Ok(Some(clone)) => {
            let model = release
                .model(world)
                .ok_or("its compose files can't be read")?;
            in_clone(asked, &model, &clone.doors)
        }
    }
}

/// A URL or address of the host's, as that of the way to the service that would have published it.
fn in_clone(asked: &str, model: &Model, doors: &BTreeMap<String, u16>) -> Result<String, String> {
    let (scheme, rest) = asked
        .split_once("://")
        .map_or(("", asked), |(scheme, rest)| (scheme, rest));
    let (place, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let default = if scheme == "https" { 443 } else { 80 };
    let number = place
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse().ok());
    let number: u16 = number.unwrap_or(default);
    let publishes = |(port, _): &&(Port, _)| {
        port.host_ports()
            .is_some_and(|range| range.contains(&number))
            && port.protocol == "tcp"
    };
    let mut services = model.services.iter();
    let found = services.find_map(|(name, service)| {
        let (port, _) = service.ports.iter().find(publishes)?;
        Some((name, port.target))
    });
    let (service, target) = found.ok_or_else(|| {
        format!("no service publishes port {number}, so nothing is asked in the clone")
    })?;
    let door = doors.get(&format!("{service}:{target}"));
    let door = door.ok_or_else(|| format!("no way leads to `{service}` in the clone"))?;
    let separator = if scheme.is_empty() { "" } else { "://" };
    Ok(format!("{scheme}{separator}127.0.0.1:{door}{path}"))
}

/// Asks once; what was said where it isn't well.
fn ask(check: &Check, world: World<'_>, release: &ReleaseProject) -> Result<(), String> {
    match &check.question {
        CheckQuestion::Http(url) => probe::http(&reached(url, world, release)?),
        CheckQuestion::Tcp(address) => probe::tcp(&reached(address, world, release)?),
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::compose::LoadOptions;

    #[test]
    fn what_a_port_would_lead_to_is_asked_in_a_clone() {
        let text = "services:\n  db: {image: d}\n  web: {image: w, ports: ['127.0.0.1:8443:443', '80:8080']}\n";
        let read = |_: &Path| Ok(text.as_bytes().to_vec());
        let files = [PathBuf::from("/i/docker-compose.yml")];
        let model = Model::load_with(&files, &LoadOptions::default(), &read).unwrap();
        let doors = [("web:443", 40001), ("web:8080", 40002)];
        let doors = doors.map(|(way, port)| (way.to_owned(), port)).into();
        let asked = |url: &str| in_clone(url, &model, &doors);
        for (url, expect) in [
            (
                "https://localhost:8443/health/?a=1",
                "https://127.0.0.1:40001/health/?a=1",
            ),
            ("http://localhost/x", "http://127.0.0.1:40002/x"),
            ("http://localhost", "http://127.0.0.1:40002"),
            ("127.0.0.1:8443", "127.0.0.1:40001"),
        ] {
            assert_eq!(asked(url).as_deref(), Ok(expect), "{url}");
        }
        assert!(asked("http://localhost:9").unwrap_err().contains("port 9"));
        let none = in_clone("127.0.0.1:80", &model, &BTreeMap::new());
        assert!(none.unwrap_err().contains("no way"));
    }
}

//! What the recipe wants run in a clone before anything else is: it switches off what would mail, post or
//! bill. A clone in which one of them fails is not used.

use std::time::Duration;

use super::RehearsalError;
use super::running::OldInClone;
use crate::engine::{Docker, ServiceCommand, UpOptions};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::release::RecipeHook;

impl OldInClone {
    /// Runs them, one after the other: with `up` in a container of its own while those services are up, else
    /// in the service itself, which alone is started for it.
    ///
    /// # Errors
    /// [`RehearsalError::NotNeutralized`], and those of starting what they need.
    pub(super) fn neutralize(
        &self,
        hooks: &[RecipeHook],
        docker: &Docker,
        disk: &Disk,
        progress: &dyn Progress,
    ) -> Result<(), RehearsalError> {
        if hooks.is_empty() {
            return Ok(());
        }
        progress.note("on the clone: what the recipe neutralizes");
        self.launch.write(disk)?;
        for hook in hooks {
            self.run_alone(hook, docker, disk, progress)?;
        }
        Ok(())
    }

    fn run_alone(
        &self,
        hook: &RecipeHook,
        docker: &Docker,
        disk: &Disk,
        progress: &dyn Progress,
    ) -> Result<(), RehearsalError> {
        let failed = |said: String| RehearsalError::NotNeutralized {
            command: hook.run.shown(),
            said,
        };
        let service = hook.service.as_deref().unwrap_or_default();
        let is_in_service = hook.up.is_empty();
        let services: Vec<&str> = match is_in_service {
            true => vec![service],
            false => hook.up.iter().map(String::as_str).collect(),
        };
        let up = UpOptions {
            services: &services,
            alone: true,
            ..self.launch.up()
        };
        self.compose.up(disk, &up, progress)?;
        self.wait_for(&services, progress)?;
        let argv = hook.run.argv();
        let env = [("TRANSSHIP_HOOK".to_owned(), "neutralize".to_owned())];
        let command = ServiceCommand {
            service,
            argv: &argv,
            env: &env,
            limit: Duration::from_secs(hook.seconds),
        };
        let call = match is_in_service {
            true => command.in_running(docker, &self.project, &self.folder)?,
            false => command.alone_in_its_own(&self.compose),
        };
        let ran = call.run_or_stop(&|| !progress.interrupted());
        let output = ran.map_err(|error| failed(error.to_string()))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(failed(format!("it ended with {}", output.status))),
        }
    }
}

//! A command in a service of a project: in its container that runs, or in one of its own that starts
//! what the service depends on.

use std::path::Path;
use std::time::Duration;

use crate::engine::program::Invocation;
use crate::engine::{ComposeProject, Container, Docker, Error};

/// A command to be run in a service.
#[derive(Debug, Clone, Copy)]
pub struct ServiceCommand<'a> {
    /// The service.
    pub service: &'a str,
    /// The program and its arguments.
    pub argv: &'a [String],
    /// Variables that it gets besides.
    pub env: &'a [(String, String)],
    /// The longest that it may take.
    pub limit: Duration,
}

impl ServiceCommand<'_> {
    /// The call that runs it in a container that is up.
    ///
    /// # Errors
    /// [`Error::Call`]; [`Error::NotStartable`] where no container of the service runs.
    pub fn in_running(
        &self,
        docker: &Docker,
        project: &str,
        folder: &Path,
    ) -> Result<Invocation, Error> {
        let containers = Container::of_project(docker, project)?;
        let is_its = |one: &&Container| {
            one.running && one.service.as_deref() == Some(self.service) && one.is_from(folder)
        };
        let found = containers.iter().find(is_its);
        let found = found.ok_or_else(|| Error::NotStartable {
            container: self.service.to_owned(),
            why: format!("no container of it runs in project `{project}`"),
        })?;
        let call = docker.call_within(self.limit, ["exec"]);
        Ok(self.variables(call).arg(&found.id).args(self.argv))
    }

    /// The call that runs it in a container made for it, which goes afterwards.
    pub fn in_its_own(&self, project: &ComposeProject) -> Invocation {
        self.run(project, &[])
    }

    /// The same, and nothing is started that the service depends on.
    pub fn alone_in_its_own(&self, project: &ComposeProject) -> Invocation {
        self.run(project, &["--no-deps"])
    }

    fn run(&self, project: &ComposeProject, options: &[&str]) -> Invocation {
        let call = project.call().args(["run", "--rm", "--no-TTY"]);
        let call = self.variables(call.args(options));
        call.arg(self.service).args(self.argv).time_out(self.limit)
    }

    fn variables(&self, call: Invocation) -> Invocation {
        self.env.iter().fold(call, |call, (name, value)| {
            call.arg("--env").arg(format!("{name}={value}"))
        })
    }
}

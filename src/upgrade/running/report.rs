//! What a run has done, for a reader and for a script.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::downtime::Downtime;
use super::journal::{Journal, RunState, StepState};
use crate::release::{Install, Version};
use crate::upgrade::request::Request;
use crate::upgrade::step::{StepOutcome, quote};

/// The report of a run. Its JSON is the `--json` output of `apply`, `resume` and
/// `rollback`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The run's name.
    pub run: String,
    /// The plan's name.
    pub plan: String,
    /// The release that was left.
    pub from: Version,
    /// The release that it led to.
    pub to: Version,
    /// The compose project of the release that was left.
    pub from_project: String,
    /// The compose project of the release that it led to.
    pub project: String,
    /// Where the run as a whole stands.
    pub state: RunState,
    /// What became of each step of the plan, in the plan's order.
    pub steps: Vec<StepReport>,
    /// How long nobody was served, in milliseconds; absent where nothing was stopped, or where not all of
    /// it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downtime_milliseconds: Option<u64>,
    /// What remains for the administrator to do, as sentences or commands.
    pub next: Vec<String>,
    /// Where the files of variables and the profiles that the plan was made with are told.
    #[serde(skip)]
    request: Request,
}

/// What became of one step of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// What the step is, in one line.
    pub title: String,
    /// `pending`, `doing`, `done`, `failed`, `undoing` or `undone`.
    pub state: &'static str,
    /// What came of it, once it is done.
    pub outcome: Option<StepOutcome>,
}

impl Report {
    /// The report of what `journal` records.
    pub fn of(journal: &Journal) -> Self {
        let plan = journal.plan();
        let steps = plan.steps.iter().zip(journal.steps()).enumerate();
        Self {
            run: journal.run().to_owned(),
            plan: plan.id.clone(),
            from: plan.from.clone(),
            to: plan.to.clone(),
            from_project: plan.from_project.clone(),
            project: plan.project.clone(),
            state: journal.state(),
            steps: steps
                .map(|(number, (step, state))| StepReport {
                    title: step.title(),
                    state: word(*state),
                    outcome: journal.outcome(number).cloned(),
                })
                .collect(),
            downtime_milliseconds: None,
            next: Vec::new(),
            request: plan.request.clone(),
        }
    }

    /// The report with the downtime that was measured.
    #[must_use]
    pub fn with_downtime(self, downtime: &Downtime) -> Self {
        let lasted = downtime.lasted();
        let milliseconds =
            lasted.map(|lasted| u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX));
        Self {
            downtime_milliseconds: milliseconds,
            ..self
        }
    }

    /// The report with what remains to be done by hand.
    #[must_use]
    pub fn with_next(mut self, install: &Install) -> Self {
        let start = |version: &Version, project: &str| {
            let folder = quote(&install.release_folder(version));
            let options = self.compose_options(install, version);
            format!("docker compose -p {project} --project-directory {folder}{options} up -d")
        };
        let root = quote(install.root());
        let back = format!("to go back: transship rollback -C {root}");
        self.next = match self.state {
            RunState::Complete if self.request.up => vec![back],
            RunState::Complete => vec![
                start(&self.to, &self.project),
                format!("to go back: stop the new release, then transship rollback -C {root}"),
            ],
            RunState::RolledBack => {
                let stays = self.steps.iter().any(|step| step.state == "done");
                let discard = format!(
                    "the new release and its volumes stay; to remove them: transship rollback --discard -C {root}"
                );
                let start = start(&self.from, &self.from_project);
                let next = (!self.request.up).then_some(start).into_iter();
                next.chain(stays.then_some(discard)).collect()
            }
            RunState::Open | RunState::RollingBack => Vec::new(),
        };
        self
    }
}

impl Report {
    /// The options besides the project that Compose needs for a release.
    fn compose_options(&self, install: &Install, version: &Version) -> String {
        let old = Install::current_target(&self.from);
        let file = |path: &PathBuf| match path.strip_prefix(&old) {
            Ok(name) => install.release_folder(version).join(name),
            Err(_) => install.root().join(path),
        };
        let files = self.request.env_files.iter().map(file);
        let files = files.map(|file| format!(" --env-file {}", quote(&file)));
        let profiles = self.request.profiles.iter();
        let profiles = profiles.map(|name| format!(" --profile {}", quote(Path::new(name))));
        files.chain(profiles).collect()
    }
}

const fn word(state: StepState) -> &'static str {
    match state {
        StepState::Pending => "pending",
        StepState::Doing => "doing",
        StepState::Done => "done",
        StepState::Failed => "failed",
        StepState::Undoing => "undoing",
        StepState::Undone => "undone",
    }
}

//! The flow of an upgrade of what runs: which steps stop the old release and start the new one, and
//! where among the others they come.
//!
//! Pure. Before the window, while the old release serves: images held, volumes copied as they are,
//! containers made. In it: the old one stopped, what changed copied again and verified, the new one
//! started and seen to be well, the switch. After it: the hook.

use super::decisions::Decisions;
use super::volume_pair::{PlannedMove, VolumePair};
use crate::release::RecipeHook;
use crate::upgrade::projects::{ProjectPair, ProjectRecord};
use crate::upgrade::step::{
    CreateContainers, HoldImages, HookPoint, MakeVolume, MoveDatabase, ReleaseProject, RunHook,
    SmokeCheck, StartRelease, Step, StopRelease, WarmCopy,
};

/// The flow of one upgrade.
#[derive(Debug, Clone)]
pub(super) struct Flow<'a> {
    decisions: &'a Decisions,
    old: ReleaseProject,
    new: ReleaseProject,
}

impl<'a> Flow<'a> {
    pub(super) fn of(decisions: &'a Decisions) -> Self {
        Self {
            decisions,
            old: decisions.old.clone(),
            new: decisions.new.clone(),
        }
    }

    /// What keeps the old release's images, before anything else is done.
    pub(super) fn hold_old(&self) -> Step {
        Step::HoldImages(HoldImages {
            version: self.old.version.clone(),
            project: Some(self.old.project.clone()),
            images: Vec::new(),
        })
    }

    /// What keeps the new release's images, and pulls those that aren't there.
    pub(super) fn hold_new(&self) -> Step {
        Step::HoldImages(HoldImages {
            version: self.new.version.clone(),
            project: None,
            images: self.decisions.images.clone(),
        })
    }

    /// The copy of a volume that is made while it is written.
    pub(super) fn warm_copy(&self, pair: &VolumePair, manifest: std::path::PathBuf) -> Step {
        Step::WarmCopy(WarmCopy {
            key: pair.key.clone(),
            source: pair.source.clone(),
            target: pair.target.clone(),
            project: self.new.project.clone(),
            manifest,
        })
    }

    /// The volume that a database is moved into.
    pub(super) fn make_volume(&self, pair: &VolumePair, proof: std::path::PathBuf) -> Step {
        Step::MakeVolume(MakeVolume {
            key: pair.key.clone(),
            target: pair.target.clone(),
            project: self.new.project.clone(),
            proof,
        })
    }

    /// The move of a database, with the file of its proof.
    pub(super) fn move_database(
        &self,
        pair: &VolumePair,
        moved: &PlannedMove,
        proof: std::path::PathBuf,
    ) -> Step {
        Step::MoveDatabase(MoveDatabase {
            engine: moved.engine,
            method: moved.method,
            database: moved.database.clone(),
            commands: moved.commands.clone(),
            locale: moved.locale,
            programs: moved.programs.clone().map(Box::new),
            old_service: moved.old_service.clone(),
            service: moved.service.clone(),
            source: pair.source.clone(),
            target: pair.target.clone(),
            old: self.old.clone(),
            new: self.new.clone(),
            proof,
        })
    }

    /// The new release's containers, made `beforehand` or once the old one has given up its names.
    pub(super) fn create(&self, beforehand: bool) -> Step {
        Step::CreateContainers(CreateContainers {
            new: self.new.clone(),
            old: self.old.clone(),
            beforehand,
        })
    }

    /// Whether the new release's containers and networks can be there beside the old one's.
    pub(super) fn names_are_free(&self) -> bool {
        let ProjectPair { old, new, .. } = &self.decisions.projects;
        let names = |project: &ProjectRecord| -> Vec<String> {
            let networks = project
                .networks
                .values()
                .filter(|network| !network.external);
            let networks = networks.flat_map(|network| {
                let subnets = network.subnets.iter().cloned();
                std::iter::once(network.name.clone()).chain(subnets)
            });
            project
                .containers
                .values()
                .cloned()
                .chain(networks)
                .collect()
        };
        let taken = names(old);
        names(new).iter().all(|name| !taken.contains(name))
    }

    /// What ends the old release's service.
    pub(super) fn stop(&self) -> Vec<Step> {
        let hook = self.hook(
            HookPoint::BeforeStop,
            self.decisions.hooks.before_stop.as_ref(),
        );
        let stop = Step::Stop(StopRelease {
            old: self.old.clone(),
            new: self.new.clone(),
            checks: self.decisions.checks.clone(),
        });
        hook.into_iter().chain([stop]).collect()
    }

    /// What begins the new release's service, up to the switch.
    pub(super) fn start(&self) -> Vec<Step> {
        let start = |services: &[String]| {
            Step::Start(StartRelease {
                new: self.new.clone(),
                old: self.old.clone(),
                services: services.to_vec(),
            })
        };
        let migrate = self.decisions.hooks.migrate.as_ref();
        let hook = self.hook(HookPoint::Migrate, migrate);
        let mut steps = Vec::new();
        match migrate {
            // On the host, with nothing said of what it needs: it needs all.
            Some(RecipeHook {
                service: None, up, ..
            }) if up.is_empty() => {
                steps.push(start(&[]));
                steps.extend(hook);
            }
            Some(RecipeHook { up, .. }) => {
                steps.extend((!up.is_empty()).then(|| start(up)));
                steps.extend(hook);
                steps.push(start(&[]));
            }
            None => steps.push(start(&[])),
        }
        steps.extend(self.decisions.checks.iter().map(|check| {
            Step::Check(SmokeCheck {
                new: self.new.clone(),
                check: check.clone(),
            })
        }));
        steps
    }

    /// What comes before all else.
    pub(super) fn before(&self) -> Option<Step> {
        let hook = self.decisions.hooks.before_hop.as_ref();
        self.hook(HookPoint::BeforeHop, hook)
    }

    /// What comes when the new release serves.
    pub(super) fn after(&self) -> Vec<Step> {
        let hooks = &self.decisions.hooks;
        let up = self.hook(HookPoint::AfterUp, hooks.after_up.as_ref());
        let hop = self.hook(HookPoint::AfterHop, hooks.after_hop.as_ref());
        up.into_iter().chain(hop).collect()
    }

    fn hook(&self, point: HookPoint, hook: Option<&RecipeHook>) -> Option<Step> {
        let hook = hook?.clone();
        Some(Step::Hook(RunHook {
            point,
            hook,
            old: self.old.clone(),
            new: self.new.clone(),
        }))
    }
}

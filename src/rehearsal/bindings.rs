//! What a rehearsal has otherwise than the install itself: the folder, the names of projects, the place
//! of volumes. All else of a plan is the same, and is held against it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::VolumeBackend;
use crate::launch::CloneBindings;
use crate::release::Install;
use crate::upgrade::{Plan, Request, Step};

/// The bindings of one clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bindings {
    /// What stands before the name of each project, volume and network of the clone, and a hyphen.
    pub tag: String,
    /// The folder of volumes, below the clone, where they are plain folders.
    pub volumes: Option<PathBuf>,
}

impl Bindings {
    /// Those of the rehearsal with this place in the order of all, in the install with this id.
    pub(super) fn new(sequence: u64, install: &str, request: &Request) -> Self {
        let id: String = install.chars().take(6).collect();
        Self {
            tag: format!("rehearsal{sequence}-{id}"),
            volumes: match request.place {
                VolumeBackend::Dir { .. } => Some(PathBuf::from("volumes")),
                VolumeBackend::Local => None,
            },
        }
    }

    /// The clone's name for a project, network or container.
    pub fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.tag)
    }

    /// What Compose is told of them, with the clone's copies of what is outside of the releases.
    pub(super) fn of_clone(&self, outside: BTreeMap<PathBuf, PathBuf>) -> CloneBindings {
        CloneBindings {
            tag: self.tag.clone(),
            outside,
            ..CloneBindings::default()
        }
    }

    /// What is asked for in the clone, where `plan` is what was asked for in the install.
    pub(super) fn request(&self, install: &Install, plan: &Plan) -> Request {
        let request = &plan.request;
        let absolute = |path: &PathBuf| install.root().join(path);
        // What is in a release is in the clone's, too.
        let env_file = |path: &PathBuf| match path.starts_with("releases") {
            true => path.clone(),
            false => absolute(path),
        };
        Request {
            from: Some(plan.from.clone()),
            shipment: request.shipment.as_ref().map(absolute),
            image_archive: request.image_archive.as_ref().map(absolute),
            env_files: request.env_files.iter().map(env_file).collect(),
            project: Some(self.name(&plan.project)),
            from_project: Some(self.name(&plan.from_project)),
            place: match &self.volumes {
                Some(path) => VolumeBackend::Dir { path: path.clone() },
                None => VolumeBackend::Local,
            },
            ..request.clone()
        }
    }

    /// A text of the clone's as it would be in the install: neither has its bindings any more.
    pub(super) fn unbound(&self, install: &Install, clone: &Path, text: &str) -> String {
        let below = |folder: &Path| format!("{}/", folder.display());
        text.replace(&below(clone), "")
            .replace(&below(install.root()), "")
            .replace(&format!("{}-", self.tag), "")
    }

    /// The first step of the clone's plan that isn't the install's, if one isn't, as a sentence.
    pub(super) fn first_difference(
        &self,
        install: &Install,
        clone: &Path,
        ours: &[Step],
        theirs: &[Step],
    ) -> Option<String> {
        let plain = |step: &Step| {
            let mut value = serde_json::to_value(step).unwrap_or(Value::Null);
            self.unbind(install, clone, &mut value);
            value
        };
        let title = |step: &Step| self.unbound(install, clone, &step.title());
        for (number, (our, their)) in ours.iter().zip(theirs).enumerate() {
            let number = number + 1;
            if title(our) != title(their) {
                let (our, their) = (title(our), title(their));
                return Some(format!(
                    "step {number} is `{our}` in the plan and `{their}` on the clone"
                ));
            }
            if plain(our) != plain(their) {
                let title = title(our);
                return Some(format!(
                    "step {number}, `{title}`, would be done differently on the clone"
                ));
            }
        }
        (ours.len() != theirs.len()).then(|| {
            let (ours, theirs) = (ours.len(), theirs.len());
            format!("the plan has {ours} steps, and {theirs} on the clone")
        })
    }

    fn unbind(&self, install: &Install, clone: &Path, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.unbound(install, clone, text),
            Value::Array(values) => {
                for value in values {
                    self.unbind(install, clone, value);
                }
            }
            Value::Object(fields) => {
                for value in fields.values_mut() {
                    self.unbind(install, clone, value);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upgrade::step::Switch;

    fn switch(from: &str, to: &str) -> Step {
        Step::Switch(Switch {
            from: Some(PathBuf::from(from)),
            to: to.parse().unwrap(),
        })
    }

    #[test]
    fn a_plan_is_the_same_but_for_its_bindings() {
        let folder = tempfile::tempdir().unwrap();
        crate::fs::Disk::new()
            .create_dir(&folder.path().join("releases"), 0o700)
            .unwrap();
        let install = Install::at(folder.path()).unwrap();
        let clone = install.own("rehearsals/1");
        let bindings = Bindings {
            tag: "rehearsal1-abcdef".to_owned(),
            volumes: None,
        };
        let unbound = |text: &str| bindings.unbound(&install, &clone, text);
        assert_eq!(
            unbound("copy rehearsal1-abcdef-shop_data"),
            "copy shop_data"
        );
        assert_eq!(
            unbound(&format!("{}/releases/v1", clone.display())),
            "releases/v1"
        );
        assert_eq!(
            unbound(&install.root().join("v2.tgz").display().to_string()),
            "v2.tgz"
        );
        let first = |ours: &[Step], theirs: &[Step]| {
            bindings.first_difference(&install, &clone, ours, theirs)
        };
        let one = [switch("releases/v1", "v2")];
        assert_eq!(first(&one, &one), None);
        let other = [switch("releases/v0", "v2")];
        assert!(first(&one, &other).unwrap().contains("differently"));
        let other = [switch("releases/v1", "v3")];
        assert!(first(&one, &other).unwrap().contains("`switch"), "titles");
        assert!(first(&one, &[]).unwrap().contains("1 steps, and 0"));
    }
}

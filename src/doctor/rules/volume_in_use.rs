//! A volume that something writes isn't copied as one state.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "volume-in-use",
    looks_for: "volumes that something writes now",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let old = facts.old.as_ref().unwrap_or(&facts.model);
    let mut found = Vec::new();
    for volume in &facts.volumes {
        for user in &volume.users.found {
            let is_own = user.project.as_ref() == Some(&old.project);
            // The release itself is there to be stopped.
            let (severity, hint) = match is_own {
                true => (
                    Severity::Warning,
                    "stop the release before its volumes are copied: `transship stop`",
                ),
                false => (
                    Severity::Error,
                    "stop it, or find out whose it is: `transship volume ls`",
                ),
            };
            found.push(Finding::new(
                severity,
                RULE.id,
                format!("`{}` is in use by {}", volume.name, user.who),
                hint,
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;
    use crate::doctor::VolumeUse;
    use crate::engine::{User, Users};

    #[test]
    fn a_user_of_another_project_is_an_error_and_ones_own_is_told() {
        let mut facts = facts("{}");
        check_fine(&RULE, &facts);
        let own = facts.model.project.clone();
        for (project, severity) in [
            (Some(own), Severity::Warning),
            (Some("other".into()), Severity::Error),
            (None, Severity::Error),
        ] {
            let user = User {
                who: "db-1".into(),
                id: String::new(),
                project,
                service: None,
                running: true,
                writes: true,
                is_process: false,
                path: None,
            };
            facts.volumes = vec![VolumeUse {
                name: "v1_data".into(),
                users: Users::known(vec![user]),
            }];
            check_found(&RULE, &facts, severity, "`v1_data` is in use by db-1");
        }
    }
}

//! Whether anything uses a volume can't be known: absence proves nothing.

use std::collections::BTreeMap;

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "usage-unknown",
    looks_for: "volumes of which nobody can say who uses them",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    // One reason holds for many volumes, and is told once.
    let mut unknown: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    for volume in &facts.volumes {
        if let Some(why) = &volume.users.unknown {
            let name = format!("`{}`", volume.name);
            unknown.entry(why).or_default().push(name);
        }
    }
    let finding = |(why, names): (&String, Vec<String>)| {
        Finding::new(
            Severity::Unknown,
            RULE.id,
            format!("whether anything uses {}: {why}", names.join(", ")),
            "let the engine answer, or say `--assume-stopped` if nothing does",
        )
    };
    unknown.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;
    use crate::doctor::VolumeUse;
    use crate::engine::Users;

    #[test]
    fn a_volume_of_which_nobody_knows_is_unknown() {
        let mut facts = facts("{}");
        let mut volume = VolumeUse {
            name: "v1_data".into(),
            users: Users::known(Vec::new()),
        };
        facts.volumes = vec![volume.clone()];
        check_fine(&RULE, &facts);
        volume.users.unknown = Some("no engine answers".into());
        let other = VolumeUse {
            name: "v1_log".into(),
            ..volume.clone()
        };
        facts.volumes = vec![volume, other];
        let words = "`v1_data`, `v1_log`: no engine answers";
        check_found(&RULE, &facts, Severity::Unknown, words);
    }
}

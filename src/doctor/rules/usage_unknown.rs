//! Whether anything uses a volume can't be known: absence proves nothing.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "usage-unknown",
    looks_for: "volumes of which nobody can say who uses them",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let unknown = facts.volumes.iter();
    let unknown = unknown.filter_map(|volume| Some((&volume.name, volume.users.unknown.as_ref()?)));
    let finding = |(name, why): (&String, &String)| {
        Finding::new(
            Severity::Unknown,
            RULE.id,
            format!("whether anything uses `{name}`: {why}"),
            "let the engine answer, or say `--assume-stopped` if nothing does",
        )
    };
    unknown.map(finding).collect()
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
        facts.volumes = vec![volume];
        check_found(&RULE, &facts, Severity::Unknown, "no engine answers");
    }
}

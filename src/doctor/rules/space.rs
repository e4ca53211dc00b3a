//! A filesystem is nearly full. Whether an upgrade fits is asked when one is planned.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "space",
    looks_for: "filesystems too small for the upgrade, or with less than 5 % free",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let full = facts.rooms.iter().filter(|room| room.free < room.size / 20);
    let finding = |room: &crate::doctor::Room| {
        Finding::new(
            Severity::Warning,
            RULE.id,
            format!(
                "the filesystem of `{}` has {} of {} bytes free",
                room.path.display(),
                room.free,
                room.size
            ),
            "free some room: `transship release prune --dry-run` shows what old releases hold",
        )
    };
    full.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;
    use crate::doctor::Room;

    #[test]
    fn a_filesystem_that_is_nearly_full_is_told() {
        let mut facts = facts("{}");
        let room = |free| Room {
            path: "/srv".into(),
            free,
            size: 1000,
            inodes: None,
        };
        facts.rooms = vec![room(500)];
        check_fine(&RULE, &facts);
        facts.rooms = vec![room(500), room(49)];
        check_found(&RULE, &facts, Severity::Warning, "49 of 1000 bytes");
    }
}

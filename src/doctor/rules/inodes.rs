//! A filesystem may run out of files before it runs out of bytes.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Room, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "inodes",
    looks_for: "filesystems that may hold too few more files for the upgrade, or less than 5 % of all",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let finding = |room: &Room| {
        let (free, all) = room.inodes.filter(|(free, all)| *free < all / 20)?;
        Some(Finding::new(
            Severity::Warning,
            RULE.id,
            format!(
                "the filesystem of `{}` may hold {free} more files, of {all} in all",
                room.path.display()
            ),
            "remove what has many small files; more bytes don't help",
        ))
    };
    facts.rooms.iter().filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn a_filesystem_with_few_files_left_is_told_and_one_without_a_bound_is_not() {
        let mut facts = facts("{}");
        let room = |inodes| Room {
            path: "/srv".into(),
            free: 1,
            size: 1,
            inodes,
        };
        facts.rooms = vec![room(None), room(Some((600, 1000)))];
        check_fine(&RULE, &facts);
        facts.rooms = vec![room(Some((3, 1000)))];
        check_found(&RULE, &facts, Severity::Warning, "3 more files, of 1000");
    }
}

//! What is in a volume can't be read: a database may be there, and nobody knows which.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "database-files",
    looks_for: "volumes of which it can't be told whether a database is in them",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for seen in &facts.databases.seen {
        let why = match &seen.found {
            Err(why) => Some(why.clone()),
            Ok(inspected) => inspected
                .unread
                .first()
                .map(|unread| format!("`{}`: {}", unread.place, unread.why)),
        };
        found.extend(why.map(|why| {
            Finding::new(
                Severity::Unknown,
                RULE.id,
                format!("which database is in {}: {why}", seen.name),
                "`transship inspect` says more, on the engine's own machine and as a user who may read it",
            )
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts, seen};
    use super::*;

    #[test]
    fn what_can_not_be_read_is_unknown() {
        let mut facts = facts("{}");
        facts.databases.seen = vec![seen("postgres", Some("15"), &[])];
        check_fine(&RULE, &facts);
        facts.databases.seen[0].found = Err("permission denied".into());
        check_found(&RULE, &facts, Severity::Unknown, "permission denied");
    }
}

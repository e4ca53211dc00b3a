//! A database that wasn't shut down in order needs the same version to recover, before anything else.

use super::doctor_rule::DoctorRule;
use crate::database::ShutdownState;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "database-unclean",
    looks_for: "databases that nothing uses and that weren't shut down in order",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    // What runs is not clean, and needn't be.
    for seen in facts.databases.seen.iter().filter(|seen| !seen.is_used) {
        for database in seen.found.iter().flat_map(|found| &found.databases) {
            let (severity, how) = match database.state {
                ShutdownState::Clean => continue,
                ShutdownState::Unclean => (Severity::Error, "wasn't shut down in order"),
                ShutdownState::Damaged => (Severity::Error, "is damaged"),
                ShutdownState::Unknown => (Severity::Unknown, "doesn't tell how it was shut down"),
            };
            found.push(Finding::new(
                severity,
                RULE.id,
                format!(
                    "{} of {} {how}: {}",
                    database.title, seen.name, database.because
                ),
                "start it once more with the version that wrote it, and stop it with time enough",
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts, seen};
    use super::*;

    #[test]
    fn a_database_has_to_be_clean_where_nothing_runs() {
        let mut facts = facts("{}");
        facts.databases.seen = vec![seen("postgres", Some("15"), &[])];
        check_fine(&RULE, &facts);
        for (state, severity) in [
            (ShutdownState::Unclean, Severity::Error),
            (ShutdownState::Damaged, Severity::Error),
            (ShutdownState::Unknown, Severity::Unknown),
        ] {
            facts.databases.seen[0].is_used = false;
            facts.databases.seen[0].found.as_mut().unwrap().databases[0].state = state;
            check_found(&RULE, &facts, severity, "volume `v1_data`");
            facts.databases.seen[0].is_used = true;
            check_fine(&RULE, &facts);
        }
    }
}

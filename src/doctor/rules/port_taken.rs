//! Somebody else has a port that the release publishes.

use super::doctor_rule::DoctorRule;
use super::name_taken::collisions;
use crate::compose::ConflictRule;
use crate::doctor::{DoctorFacts, Finding};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "port-taken",
    looks_for: "ports of the host that others listen on",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    collisions(facts, RULE.id, "which ports are taken", |rule| {
        rule == ConflictRule::HostPort
    })
}

#[cfg(test)]
mod tests {
    use super::super::name_taken::conflict;
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;
    use crate::doctor::Severity;

    #[test]
    fn a_port_that_another_listens_on_is_an_error() {
        let mut facts = facts("{}");
        facts.conflicts = Ok(vec![conflict(ConflictRule::ContainerName, "db")]);
        check_fine(&RULE, &facts);
        facts.conflicts = Ok(vec![conflict(ConflictRule::HostPort, "8080/tcp")]);
        check_found(&RULE, &facts, Severity::Error, "8080/tcp");
    }
}

//! Somebody else has a port that the release publishes.

use super::doctor_rule::DoctorRule;
use super::name_taken::collisions;
use crate::compose::ConflictRule;
use crate::doctor::{DoctorFacts, Finding, NeighbourFacts};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "port-taken",
    looks_for: "ports of the host that others listen on",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    // Without an engine that is told of by its own rule.
    match facts.engine.is_err() && facts.neighbours.conflicts.is_err() {
        true => Vec::new(),
        false => of(&facts.neighbours),
    }
}

pub(super) fn of(neighbours: &NeighbourFacts) -> Vec<Finding> {
    collisions(neighbours, RULE.id, "which ports are taken", |rule| {
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
        facts.neighbours.conflicts = Ok(vec![conflict(ConflictRule::ContainerName, "db")]);
        check_fine(&RULE, &facts);
        facts.neighbours.conflicts = Ok(vec![conflict(ConflictRule::HostPort, "8080/tcp")]);
        check_found(&RULE, &facts, Severity::Error, "8080/tcp");
    }
}

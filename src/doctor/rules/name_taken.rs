//! Somebody else has a name, a network or a route that the release wants.

use super::doctor_rule::DoctorRule;
use crate::compose::{Conflict, ConflictRule};
use crate::doctor::{DoctorFacts, Finding, NeighbourFacts, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "name-taken",
    looks_for: "names of containers, volumes and networks that others on the engine have",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    // Without an engine that is told of by its own rule.
    match facts.engine.is_err() && facts.neighbours.conflicts.is_err() {
        true => Vec::new(),
        false => of(&facts.neighbours),
    }
}

/// What others have; whose the project is has a rule of its own.
pub(super) fn of(neighbours: &NeighbourFacts) -> Vec<Finding> {
    collisions(neighbours, RULE.id, "which names are taken", |rule| {
        !matches!(rule, ConflictRule::HostPort | ConflictRule::ProjectName)
    })
}

/// The collisions of some kinds as findings.
pub(super) fn collisions(
    neighbours: &NeighbourFacts,
    id: &'static str,
    what: &str,
    is_of: impl Fn(ConflictRule) -> bool,
) -> Vec<Finding> {
    let conflicts = match &neighbours.conflicts {
        Ok(conflicts) => conflicts,
        Err(why) => {
            let hint = "let the engine answer: `transship conflicts --running` shows all";
            let message = format!("{what}: {why}");
            return vec![Finding::new(Severity::Unknown, id, message, hint)];
        }
    };
    let found = conflicts.iter().filter(|conflict| is_of(conflict.rule));
    let finding = |conflict: &Conflict| {
        let Conflict {
            rule,
            subject,
            first,
            second,
            remedy,
        } = conflict;
        Finding::new(
            Severity::Error,
            id,
            format!(
                "{} wants `{subject}`, which {first} has ({rule})",
                second.owner
            ),
            remedy.clone(),
        )
    };
    let place = |conflict: &Conflict, finding: Finding| match &conflict.second.at {
        Some(at) => finding.at(at),
        None => finding,
    };
    found
        .map(|conflict| place(conflict, finding(conflict)))
        .collect()
}

/// A collision with another project's `shop`.
#[cfg(test)]
pub(super) fn conflict(rule: ConflictRule, subject: &str) -> Conflict {
    let claimant = |owner: &str| crate::compose::Claimant {
        project: Some("other".into()),
        owner: owner.into(),
        at: None,
    };
    Conflict {
        rule,
        subject: subject.into(),
        first: claimant("shop"),
        second: claimant("web"),
        remedy: "choose another".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn a_name_that_another_has_is_an_error_and_an_engine_that_is_silent_unknown() {
        let mut facts = facts("{}");
        for others in [ConflictRule::HostPort, ConflictRule::ProjectName] {
            facts.neighbours.conflicts = Ok(vec![conflict(others, "80/tcp")]);
            check_fine(&RULE, &facts);
        }
        facts.neighbours.conflicts = Ok(vec![conflict(ConflictRule::ContainerName, "db")]);
        check_found(
            &RULE,
            &facts,
            Severity::Error,
            "web wants `db`, which shop of project other has",
        );
        facts.neighbours.conflicts = Err("no engine".into());
        check_found(&RULE, &facts, Severity::Unknown, "no engine");
        facts.engine = Err("no engine".into());
        check_fine(&RULE, &facts);
    }
}

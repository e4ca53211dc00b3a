//! Somebody else has a name, a network or a route that the release wants.

use super::doctor_rule::DoctorRule;
use crate::compose::{Conflict, ConflictRule};
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "name-taken",
    looks_for: "names of containers, volumes and networks that others on the engine have",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    collisions(facts, RULE.id, "which names are taken", |rule| {
        rule != ConflictRule::HostPort
    })
}

/// The collisions of some kinds as findings.
pub(super) fn collisions(
    facts: &DoctorFacts,
    id: &'static str,
    what: &str,
    is_of: impl Fn(ConflictRule) -> bool,
) -> Vec<Finding> {
    let conflicts = match &facts.conflicts {
        Ok(conflicts) => conflicts,
        // Without an engine that is told of by its own rule.
        Err(_) if facts.engine.is_err() => return Vec::new(),
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
        facts.conflicts = Ok(vec![conflict(ConflictRule::HostPort, "80/tcp")]);
        check_fine(&RULE, &facts);
        facts.conflicts = Ok(vec![conflict(ConflictRule::ContainerName, "db")]);
        check_found(
            &RULE,
            &facts,
            Severity::Error,
            "web wants `db`, which shop of project other has",
        );
        facts.conflicts = Err("no engine".into());
        check_found(&RULE, &facts, Severity::Unknown, "no engine");
        facts.engine = Err("no engine".into());
        check_fine(&RULE, &facts);
    }
}

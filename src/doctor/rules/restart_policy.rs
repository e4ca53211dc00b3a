//! What is stopped and would be started anew by the engine: two releases on one machine.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "restart-policy",
    looks_for: "services of the release in use that come back by themselves after they were stopped",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let model = facts.old.as_ref().unwrap_or(&facts.model);
    let always = model.services.iter();
    let always = always.filter(|(_, service)| service.enabled);
    let always = always.filter(|(_, service)| service.restart.as_deref() == Some("always"));
    let names: Vec<_> = always.map(|(name, _)| format!("`{name}`")).collect();
    if names.is_empty() {
        return Vec::new();
    }
    vec![Finding::new(
        Severity::Warning,
        RULE.id,
        format!(
            "`restart: always` of {} starts what was stopped when the engine starts",
            names.join(", ")
        ),
        "write `unless-stopped`; or, after an upgrade, remove the old containers",
    )]
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts, model};
    use super::*;

    #[test]
    fn what_always_restarts_is_told_of_the_release_in_use() {
        let mut facts =
            facts("{a: {image: 'x:1', restart: always}, b: {image: 'x:1', restart: always}}");
        check_found(&RULE, &facts, Severity::Warning, "`a`, `b`");
        facts.old = Some(model(
            "services: {a: {image: 'x:1', restart: unless-stopped}}",
        ));
        check_fine(&RULE, &facts);
    }
}

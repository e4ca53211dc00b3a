//! Compose is there, and of the second generation.

use super::doctor_rule::DoctorRule;
use super::engine_version::numbers;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "compose-version",
    looks_for: "a Compose that is missing, or of the first generation",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let finding = |severity, message| {
        let hint = "install the plugin `docker compose`, 2.0 or newer";
        vec![Finding::new(severity, RULE.id, message, hint)]
    };
    let version = facts.engine.as_ref().map(|engine| &engine.compose);
    match version {
        Ok(Ok(version)) if numbers(version).is_some_and(|version| version < (2, 0)) => finding(
            Severity::Error,
            format!("Compose is {version}, of the first generation: it names containers otherwise"),
        ),
        Ok(Err(why)) => finding(Severity::Error, format!("there is no Compose: {why}")),
        // Without an engine that is told of by its own rule.
        Ok(Ok(_)) | Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn compose_has_to_be_there_and_of_the_second_generation() {
        let mut facts = facts("{}");
        check_fine(&RULE, &facts);
        facts.engine.as_mut().unwrap().compose = Ok("1.29.2".into());
        check_found(&RULE, &facts, Severity::Error, "first generation");
        facts.engine.as_mut().unwrap().compose = Err("not found".into());
        check_found(&RULE, &facts, Severity::Error, "there is no Compose");
        facts.engine = Err("no engine".into());
        check_fine(&RULE, &facts);
    }
}

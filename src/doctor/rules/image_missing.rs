//! An image that isn't here is pulled while nothing runs, or can't be had at all.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "image-missing",
    looks_for: "images that the engine hasn't",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let hint = "get them before: `docker compose pull` in the release, or `plan --image-archive`";
    let finding = |severity, message| vec![Finding::new(severity, RULE.id, message, hint)];
    match &facts.missing_images {
        Ok(missing) if missing.is_empty() => Vec::new(),
        Ok(missing) => {
            let names: Vec<_> = missing.iter().map(|image| format!("`{image}`")).collect();
            finding(
                Severity::Warning,
                format!("the engine hasn't {}", names.join(", ")),
            )
        }
        // Without an engine that is told of by its own rule.
        Err(_) if facts.engine.is_err() => Vec::new(),
        Err(why) => finding(Severity::Unknown, format!("which images are there: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn images_that_are_not_there_are_named() {
        let mut facts = facts("{}");
        check_fine(&RULE, &facts);
        facts.missing_images = Ok(vec!["acme/web:2".into()]);
        check_found(&RULE, &facts, Severity::Warning, "`acme/web:2`");
        facts.missing_images = Err("no engine".into());
        check_found(&RULE, &facts, Severity::Unknown, "no engine");
        facts.engine = Err("no engine".into());
        check_fine(&RULE, &facts);
    }
}

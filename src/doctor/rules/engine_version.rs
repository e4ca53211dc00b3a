//! The engine answers, and is no older than what was tried.
//!
//! Where none does, this rule alone says so, and what can't be known for that. Whether it stands
//! against an upgrade depends on where the volumes are: folders are copied without one.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "engine-version",
    looks_for: "an engine that doesn't answer, or is older than 20.10",
    check,
};

const HINT: &str =
    "start it, or name it with `--docker PROGRAM`; 20.10 is the oldest that was tried";

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let finding = |severity, message| vec![Finding::new(severity, RULE.id, message, HINT)];
    match &facts.engine {
        Err(why) => vec![Finding::new(
            match facts.has_engine_volumes {
                true => Severity::Unknown,
                false => Severity::Warning,
            },
            RULE.id,
            format!(
                "{why}: which images are there, which ports and names are taken, and how containers are \
                 isn't known"
            ),
            match facts.has_engine_volumes {
                true => HINT,
                false => {
                    "to have those looked at, start it or name it with `--docker PROGRAM`; volumes that are \
                         folders are copied without one"
                }
            },
        )],
        Ok(engine) => match numbers(&engine.version) {
            None => finding(
                Severity::Unknown,
                format!("the engine's version, `{}`, is no number", engine.version),
            ),
            Some(version) if version < (20, 10) => finding(
                Severity::Error,
                format!("the engine is {}, older than 20.10", engine.version),
            ),
            Some(_) => Vec::new(),
        },
    }
}

/// The first two numbers of a version.
pub(super) fn numbers(version: &str) -> Option<(u64, u64)> {
    let mut numbers = version.trim_start_matches('v').split(['.', '-', '+']);
    let first = numbers.next()?.parse().ok()?;
    Some((first, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn an_engine_has_to_answer_and_not_to_be_too_old() {
        let mut facts = facts("{}");
        for (version, words) in [
            ("28.2.2", ""),
            ("20.10.24+dfsg1", ""),
            ("19.03.1", "older"),
            ("x", "no number"),
        ] {
            facts.engine.as_mut().unwrap().version = version.into();
            match words {
                "" => check_fine(&RULE, &facts),
                "older" => drop(check_found(&RULE, &facts, Severity::Error, words)),
                _ => drop(check_found(&RULE, &facts, Severity::Unknown, words)),
            }
        }
        facts.engine = Err("no engine answers".into());
        check_found(&RULE, &facts, Severity::Warning, "no engine answers");
        facts.has_engine_volumes = true;
        check_found(&RULE, &facts, Severity::Unknown, "no engine answers");
    }
}

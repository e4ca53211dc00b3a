//! The clock goes back, or apart from the engine's: logs, certificates and time-outs go wrong.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "clock",
    looks_for: "a clock that is behind what was made before, or apart from the engine's",
    check,
};

/// How far two clocks may be apart: asking takes its time, too.
const APART: i64 = 30;

const HINT: &str = "set the clock, and have it kept by NTP: `timedatectl` shows it";

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |severity, message: String| {
        found.push(Finding::new(severity, RULE.id, message, HINT));
    };
    if let Some((what, made)) = facts.newest.as_ref().filter(|(_, made)| *made > facts.now) {
        let now = facts.now;
        add(
            Severity::Error,
            format!("{what} was made at {made}, and it is {now}"),
        );
    }
    match facts.engine.as_ref().map(|engine| engine.clock) {
        Ok(Some(clock)) => {
            let apart = clock.duration_since(facts.now).as_secs().abs();
            if apart > APART {
                add(
                    Severity::Warning,
                    format!("the engine's clock is {apart} seconds apart from this one"),
                );
            }
        }
        Ok(None) => add(Severity::Unknown, "the engine doesn't tell its time".into()),
        // That is told by a rule of its own.
        Err(_) => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn a_clock_that_went_back_is_an_error_and_one_apart_is_told() {
        let mut facts = facts("{}");
        check_fine(&RULE, &facts);
        facts.newest = Some(("plan p".into(), "2026-01-02T00:00:00Z".parse().unwrap()));
        check_found(
            &RULE,
            &facts,
            Severity::Error,
            "plan p was made at 2026-01-02",
        );
        facts.newest = None;
        facts.engine.as_mut().unwrap().clock = Some("2026-01-01T00:02:00Z".parse().unwrap());
        check_found(&RULE, &facts, Severity::Warning, "120 seconds");
        facts.engine.as_mut().unwrap().clock = None;
        check_found(&RULE, &facts, Severity::Unknown, "doesn't tell");
        facts.engine = Err("no engine".into());
        check_fine(&RULE, &facts);
    }
}

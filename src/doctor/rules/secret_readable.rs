//! Everybody on the machine may read a file with secrets.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "secret-readable",
    looks_for: "files with secrets that everybody may read",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let finding = |path: &std::path::PathBuf| {
        let path = path.display();
        Finding::new(
            Severity::Warning,
            RULE.id,
            format!("everybody may read `{path}`, which has secrets in it"),
            format!("take that away: `chmod o= {path}`"),
        )
    };
    facts.readable.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn a_file_that_everybody_may_read_is_told() {
        let mut facts = facts("{}");
        check_fine(&RULE, &facts);
        facts.readable.push("/srv/x/.env".into());
        check_found(&RULE, &facts, Severity::Warning, "/srv/x/.env");
    }
}

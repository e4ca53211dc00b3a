//! Two releases whose folders come to one project's name recreate each other's containers.

use super::doctor_rule::DoctorRule;
use crate::compose::project_name;
use crate::doctor::{DoctorFacts, Finding, Severity};
use crate::release::Version;

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "project-name",
    looks_for: "releases whose folders give Compose one project's name",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, first) in facts.releases.iter().enumerate() {
        let name = of(first);
        let same = |second: &&Version| of(second) == name;
        for second in facts.releases[index + 1..].iter().filter(same) {
            found.push(Finding::new(
                Severity::Warning,
                RULE.id,
                format!(
                    "Compose makes one project, `{name}`, of the folders of {first} and {second}"
                ),
                "start them with `transship up`, or name the project: `docker compose -p NAME`",
            ));
        }
    }
    found
}

fn of(version: &Version) -> String {
    project_name(version.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn two_folders_of_one_project_are_told() {
        let mut facts = facts("{}");
        let releases = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        facts.releases = releases(&["v1.3.2", "v2.10.5"]);
        check_fine(&RULE, &facts);
        facts.releases = releases(&["v1.3.2", "v2.0", "v13.2"]);
        check_found(
            &RULE,
            &facts,
            Severity::Warning,
            "`v132`, of the folders of v1.3.2 and v13.2",
        );
    }
}

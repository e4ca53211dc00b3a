//! Two folders that are one version, or whose volumes would have one prefix, can't be told apart.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};
use crate::release::Version;

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "same-release",
    looks_for: "releases that can't be told apart: one version, or one prefix of volumes",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, first) in facts.releases.iter().enumerate() {
        for second in &facts.releases[index + 1..] {
            if let Some(what) = shared(first, second) {
                found.push(Finding::new(
                    Severity::Warning,
                    RULE.id,
                    format!("{first} and {second} {what}"),
                    "remove the folder that isn't used, or give it a name of its own",
                ));
            }
        }
    }
    found
}

fn shared(first: &Version, second: &Version) -> Option<String> {
    if first.is_same_as(second) {
        return Some("are one version".into());
    }
    let slug = first.slug();
    (slug == second.slug()).then(|| format!("have one prefix of volumes, `{slug}_`"))
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn two_folders_of_one_version_or_prefix_are_told() {
        let mut facts = facts("{}");
        let releases = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        facts.releases = releases(&["v1.8", "v1.8.1"]);
        check_fine(&RULE, &facts);
        facts.releases = releases(&["1.8.0", "v1.8"]);
        check_found(&RULE, &facts, Severity::Warning, "are one version");
        facts.releases = releases(&["2.0 a", "2.0+a"]);
        check_found(&RULE, &facts, Severity::Warning, "one");
    }
}

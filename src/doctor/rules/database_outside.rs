//! What belongs to a database and isn't in its volume stays behind in every copy.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "database-outside",
    looks_for: "tablespaces and logs of a database that a copy of its volume leaves behind",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for seen in &facts.databases.seen {
        let databases = seen.found.iter().flat_map(|found| &found.databases);
        for outside in databases.flat_map(|database| &database.outside) {
            found.push(Finding::new(
                Severity::Error,
                RULE.id,
                format!(
                    "{}: the {} `{}` leads to `{}`, out of it",
                    seen.name, outside.what, outside.link, outside.target
                ),
                "move it into the volume before, or dump and load the database",
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts, seen};
    use super::*;
    use crate::database::Outside;

    #[test]
    fn a_tablespace_elsewhere_is_an_error() {
        let mut facts = facts("{}");
        facts.databases.seen = vec![seen("postgres", Some("15"), &[])];
        check_fine(&RULE, &facts);
        let found = facts.databases.seen[0].found.as_mut().unwrap();
        found.databases[0].outside.push(Outside {
            what: "tablespace",
            link: "pg_tblspc/1".into(),
            target: "/mnt/fast".into(),
        });
        check_found(&RULE, &facts, Severity::Error, "`/mnt/fast`");
    }
}

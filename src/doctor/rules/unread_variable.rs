//! A variable that is nearly one that the image reads, and isn't.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "unread-variable",
    looks_for: "variables that a database's image doesn't read, such as `PG_DATA` for `PGDATA`",
    check,
};

/// What the images read, by database (their documentation).
const READ: [(&str, &[&str]); 4] = [
    (
        "postgres",
        &[
            "PGDATA",
            "POSTGRES_DB",
            "POSTGRES_HOST_AUTH_METHOD",
            "POSTGRES_INITDB_ARGS",
            "POSTGRES_INITDB_WALDIR",
            "POSTGRES_PASSWORD",
            "POSTGRES_USER",
        ],
    ),
    (
        "mysql",
        &[
            "MYSQL_DATABASE",
            "MYSQL_PASSWORD",
            "MYSQL_ROOT_PASSWORD",
            "MYSQL_USER",
        ],
    ),
    (
        "mariadb",
        &[
            "MARIADB_DATABASE",
            "MARIADB_PASSWORD",
            "MARIADB_ROOT_PASSWORD",
            "MARIADB_USER",
        ],
    ),
    (
        "mongodb",
        &[
            "MONGO_INITDB_DATABASE",
            "MONGO_INITDB_ROOT_PASSWORD",
            "MONGO_INITDB_ROOT_USERNAME",
        ],
    ),
];

/// What people write instead, where it isn't the same letters.
const INSTEAD: [(&str, &str); 6] = [
    ("POSTGRES_DATA", "PGDATA"),
    ("POSTGRES_DATA_DIR", "PGDATA"),
    ("PGDATA_DIR", "PGDATA"),
    ("POSTGRES_DATABASE", "POSTGRES_DB"),
    ("POSTGRES_USERNAME", "POSTGRES_USER"),
    ("MYSQL_DB", "MYSQL_DATABASE"),
];

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, service, image) in facts.databases.services(&facts.model) {
        let read = READ.iter().find(|(kind, _)| *kind == image.kind);
        let Some((_, read)) = read else { continue };
        for written in service.environment.keys() {
            if let Some(meant) = meant(written, read) {
                let reference = service.image.as_deref().unwrap_or_default();
                let finding = Finding::new(
                    Severity::Warning,
                    RULE.id,
                    format!("`{written}` of `{name}` is read by nothing in `{reference}`"),
                    format!("write `{meant}` if that is meant, else take it away"),
                );
                let at = service.literals.get(written).unwrap_or(&service.at);
                found.push(finding.at(at));
            }
        }
    }
    found
}

/// The variable that was meant by one that isn't read.
fn meant<'a>(written: &str, read: &[&'a str]) -> Option<&'a str> {
    let letters = |name: &str| name.replace('_', "").to_ascii_uppercase();
    if read.contains(&written) {
        return None;
    }
    let same = read.iter().find(|name| letters(name) == letters(written));
    let instead = || {
        let (_, meant) = INSTEAD.iter().find(|(name, _)| *name == written)?;
        read.iter().find(|name| *name == meant)
    };
    same.or_else(instead).copied()
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    fn scene(image: &str, variable: &str) -> DoctorFacts {
        facts(&format!(
            "{{db: {{image: '{image}', environment: {{{variable}: x}}}}}}"
        ))
    }

    #[test]
    fn a_variable_that_is_nearly_one_is_told() {
        for (image, variable, meant) in [
            ("postgis/postgis:18-3.6", "PG_DATA", "`PGDATA`"),
            ("postgres:15", "POSTGRES_DATA_DIR", "`PGDATA`"),
            ("postgres:15", "POSTGRESPASSWORD", "`POSTGRES_PASSWORD`"),
            ("mysql:8", "MYSQL_DB", "`MYSQL_DATABASE`"),
        ] {
            let found = check_found(&RULE, &scene(image, variable), Severity::Warning, variable);
            assert!(found.hint.contains(meant), "{found:?}");
        }
        for (image, variable) in [
            ("postgres:15", "PGDATA"),
            ("postgres:15", "TZ"),
            ("acme/web:1", "PG_DATA"),
            ("redis:7", "PG_DATA"),
        ] {
            check_fine(&RULE, &scene(image, variable));
        }
    }
}

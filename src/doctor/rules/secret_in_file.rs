//! A password that stands in the compose file itself goes wherever that file goes.

use super::doctor_rule::DoctorRule;
use crate::compose::{Location, Service};
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "secret-in-file",
    looks_for: "passwords and tokens that stand in a compose file",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let services = facts.model.services.iter();
    services
        .filter(|(_, service)| service.enabled)
        .filter_map(|(key, service)| of_service(key, service))
        .collect()
}

/// All of a service's in one finding. No value is told.
fn of_service(key: &str, service: &Service) -> Option<Finding> {
    let is_secret = |(name, _): &(&String, &Location)| {
        let value = service.environment.get(*name).map_or("", String::as_str);
        sounds_secret(name) && !is_switch(value)
    };
    let secrets: Vec<_> = service.literals.iter().filter(is_secret).collect();
    let (_, at) = secrets.first()?;
    let names: Vec<_> = secrets
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    let finding = Finding::new(
        Severity::Warning,
        RULE.id,
        format!(
            "the value of {} of `{key}` stands in the compose file",
            names.join(", ")
        ),
        "put it into `.env`, of mode 0600, and write `${NAME}` here",
    );
    Some(finding.at(at))
}

/// Whether a variable's name says that its value is a secret, and not a file's name.
pub(crate) fn sounds_secret(name: &str) -> bool {
    const WORDS: [&str; 8] = [
        "pass",
        "pwd",
        "secret",
        "token",
        "credential",
        "apikey",
        "api_key",
        "private_key",
    ];
    let name = name.to_ascii_lowercase();
    // A file's name is no secret.
    !name.ends_with("_file") && WORDS.iter().any(|word| name.contains(word))
}

/// `MYSQL_ALLOW_EMPTY_PASSWORD: "yes"` says no password.
fn is_switch(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.is_empty() || ["yes", "no", "true", "false", "on", "off", "0", "1"].contains(&&*value)
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    fn environment(text: &str) -> DoctorFacts {
        facts(&format!("{{db: {{image: 'db:1', environment: {text}}}}}"))
    }

    #[test]
    fn a_password_in_the_file_is_told_without_its_value() {
        for text in [
            "{POSTGRES_PASSWORD: hunter2}",
            "[POSTGRES_PASSWORD=hunter2]",
            "['POSTGRES_PASSWORD=${UNSET:-hunter2}']",
        ] {
            let found = check_found(
                &RULE,
                &environment(text),
                Severity::Warning,
                "`POSTGRES_PASSWORD`",
            );
            assert!(!format!("{found:?}").contains("hunter2"));
        }
        let two = environment("{API_KEY: a1b2, DB_PASSWD: x}");
        check_found(
            &RULE,
            &two,
            Severity::Warning,
            "`API_KEY`, `DB_PASSWD` of `db`",
        );
    }

    #[test]
    fn what_stands_elsewhere_or_is_no_secret_is_not() {
        for text in [
            "{POSTGRES_PASSWORD: '${SECRET}'}",
            "['POSTGRES_PASSWORD=${SECRET}']",
            "['POSTGRES_PASSWORD']",
            "{POSTGRES_PASSWORD_FILE: /run/secrets/db}",
            "{MYSQL_ALLOW_EMPTY_PASSWORD: 'yes'}",
            "{POSTGRES_PASSWORD: ''}",
            "{POSTGRES_USER: shop, KEYBOARD: us}",
        ] {
            check_fine(&RULE, &environment(text));
        }
    }
}

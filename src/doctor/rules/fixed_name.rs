//! A container of a fixed name is one for the whole engine.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "fixed-name",
    looks_for: "containers of a fixed name, which no second release can have",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let services = facts.model.services.iter();
    let named = services.filter(|(_, service)| service.enabled);
    let named =
        named.filter_map(|(key, service)| Some((key, service, service.container_name.as_ref()?)));
    let finding = |(key, service, name): (&String, &crate::compose::Service, &String)| {
        let finding = Finding::new(
            Severity::Warning,
            RULE.id,
            format!("the container of `{key}` is called `{name}` in whatever project"),
            "leave `container_name` out; side by side, `transship conflicts --fix` puts a suffix to it",
        );
        match &service.container_name_at {
            Some(at) => finding.at(at),
            None => finding,
        }
    };
    named.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn a_fixed_name_is_told() {
        check_fine(&RULE, &facts("{a: {image: 'web:1'}}"));
        let named = facts("{a: {image: 'web:1', container_name: acme-db}}");
        check_found(&RULE, &named, Severity::Warning, "`acme-db`");
    }
}

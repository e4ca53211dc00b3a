//! What runs can't be told from an image without a fixed tag, and going back brings another one.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "latest-tag",
    looks_for: "images without a tag, or tagged `latest`",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let runs = |service: &str| {
        let service = facts.model.services.get(service);
        service.is_some_and(|service| service.enabled && !service.build)
    };
    let mut found = Vec::new();
    for image in facts
        .model
        .images
        .iter()
        .filter(|image| runs(&image.service))
    {
        let Some(reference) = &image.reference else {
            continue;
        };
        let floats = reference.tag.as_deref().is_none_or(|tag| tag == "latest");
        if floats && reference.digest.is_none() {
            let message = format!(
                "the image of `{}`, `{}`, is another one whenever it is pulled",
                image.service, image.resolved
            );
            let hint = format!(
                "name the version that is meant: `transship image set {}=TAG`",
                image.repository()
            );
            found.push(Finding::new(Severity::Warning, RULE.id, message, hint).at(&image.at));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn an_image_without_a_tag_of_its_own_is_told() {
        let digest = format!("{{a: {{image: 'acme/web@sha256:{}'}}}}", "0".repeat(64));
        for fine in [
            "{a: {image: 'acme/web:1'}}",
            "{a: {image: web, build: .}}",
            "{a: {image: web, profiles: [x]}}",
            &digest,
        ] {
            check_fine(&RULE, &facts(fine));
        }
        for image in ["acme/web", "acme/web:latest", "registry:5000/web"] {
            let facts = facts(&format!("{{a: {{image: '{image}'}}}}"));
            let found = check_found(&RULE, &facts, Severity::Warning, image);
            assert!(found.at.unwrap().ends_with("compose.yaml:1:23"));
        }
    }
}

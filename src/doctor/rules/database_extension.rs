//! An extension of another version: its objects travel in the database, and have to be upgraded there.

use super::doctor_rule::DoctorRule;
use crate::doctor::{DatabaseImage, DoctorFacts, Extension, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "database-extension",
    looks_for: "extensions of a database whose version changes, as their images' tags tell",
    check,
};

fn check(facts: &DoctorFacts) -> Vec<Finding> {
    let services = facts.databases.services(&facts.model);
    let finding = |(name, service, image): (&String, &crate::compose::Service, DatabaseImage)| {
        let before = DatabaseImage::of(facts.databases.old_images.get(name)?, None)?.extension?;
        let Extension {
            name: extension,
            version: from,
        } = before;
        let (to, hint) = match image.extension {
            Some(now) if now.name == extension && now.version == from => return None,
            Some(now) if now.name == extension => (
                format!("{} instead of {from}", now.version),
                match extension {
                    "PostGIS" => {
                        "afterwards, in each database: `SELECT postgis_extensions_upgrade()`"
                    }
                    _ => "afterwards, in each database: `ALTER EXTENSION timescaledb UPDATE`",
                },
            ),
            _ => (
                format!("unknown instead of {from}"),
                "look whether the new image has the extension",
            ),
        };
        let message = format!("`{name}` would have {extension} {to}");
        Some(Finding::new(Severity::Warning, RULE.id, message, hint).at(&service.at))
    };
    services.filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts};
    use super::*;

    #[test]
    fn another_version_of_an_extension_is_told() {
        let scene = |old: &str, new: &str| {
            let mut facts = facts(&format!("{{db: {{image: '{new}'}}}}"));
            facts.databases.old_images.insert("db".into(), old.into());
            facts
        };
        check_fine(
            &RULE,
            &scene("postgis/postgis:14-3.2", "postgis/postgis:15-3.2"),
        );
        check_fine(&RULE, &scene("postgres:14", "postgis/postgis:15-3.2"));
        let moved = scene("postgis/postgis:14-3.2", "postgis/postgis:18-3.6");
        check_found(
            &RULE,
            &moved,
            Severity::Warning,
            "PostGIS 3.6 instead of 3.2",
        );
        let gone = scene("postgis/postgis:14-3.2", "postgres:15");
        check_found(&RULE, &gone, Severity::Warning, "unknown instead of 3.2");
    }
}

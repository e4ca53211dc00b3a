//! Which database is on disk, and whether the image that will open its files can.

use super::doctor_rule::DoctorRule;
use crate::compose::Model;
use crate::database::{Database, Known};
use crate::doctor::{DatabaseFacts, DatabaseImage, DoctorFacts, Finding, SeenDatabases, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "database-version",
    looks_for: "databases whose files the image that opens them can't read",
    check: |facts: &DoctorFacts| check(&facts.model, &facts.databases),
};

pub(super) fn check(model: &Model, databases: &DatabaseFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for seen in &databases.seen {
        for database in seen.found.iter().flat_map(|found| &found.databases) {
            found.extend(of_database(model, databases, seen, database));
        }
    }
    found
}

/// What one database has against the image that opens it.
fn of_database(
    model: &Model,
    databases: &DatabaseFacts,
    seen: &SeenDatabases,
    database: &Database,
) -> Option<Finding> {
    // Opened by whatever program keeps its data so.
    if database.kind == "sqlite" || seen.mounts.is_empty() {
        return None;
    }
    let users = seen.mounts.iter();
    let users =
        users.filter_map(|mount| Some((&mount.service, model.services.get(&mount.service)?)));
    let users: Vec<_> = users.filter(|(_, service)| service.enabled).collect();
    let images = users.iter().filter_map(|(name, service)| {
        let image = databases.image_of(service)?;
        is_of(database.kind, image.kind).then_some((*name, service.image.as_ref()?, image))
    });
    // A service that backs it up may mount it, too.
    let mut images = images.peekable();
    if images.peek().is_none() {
        let (name, service) = users
            .iter()
            .find(|(_, service)| databases.image_of(service).is_none())?;
        let image = service.image.as_deref().unwrap_or("what it builds");
        let is_old = databases.old_images.get(*name).map(String::as_str) == Some(image);
        return (!is_old).then(|| unknown(seen, database, &format!("`{name}` runs `{image}`")));
    }
    images.find_map(|(name, reference, image)| {
        let by = format!("`{name}` opens it with `{reference}`");
        match verdict(database, &image) {
            Verdict::Fine => None,
            Verdict::Refused(why) => Some(Finding::new(
                Severity::Error,
                RULE.id,
                format!("{}, and {by}: {why}", told(seen, database)),
                format!(
                    "keep the image that fits, or dump it there and load it here, into a volume that \
                     begins empty (`--skip-volume {}`)",
                    seen.key
                ),
            )),
            // What opened it until now opens it again.
            Verdict::Unknown if databases.old_images.get(name) == Some(reference) => None,
            Verdict::Unknown => Some(unknown(seen, database, &by)),
        }
    })
}

fn unknown(seen: &SeenDatabases, database: &Database, by: &str) -> Finding {
    Finding::new(
        Severity::Unknown,
        RULE.id,
        format!(
            "{}, and whether that is one that it reads isn't known: {by}",
            told(seen, database)
        ),
        "have the image in the engine, or name one by a tag with its version",
    )
}

fn told(seen: &SeenDatabases, database: &Database) -> String {
    let version = database.version.shown();
    format!("{} holds {} {version}", seen.name, database.title)
}

/// Whether an image is meant for such files, or meant to take them over.
fn is_of(on_disk: &str, image: &str) -> bool {
    const KIN: [[&str; 2]; 2] = [["redis", "valkey"], ["mysql", "mariadb"]];
    on_disk == image
        || KIN
            .iter()
            .any(|kin| kin.contains(&on_disk) && kin.contains(&image))
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    Refused(String),
    Unknown,
}

fn verdict(database: &Database, image: &DatabaseImage) -> Verdict {
    let refused = |why: String| Verdict::Refused(why);
    if database.kind != image.kind && database.kind != "redis" {
        return refused(format!("{} doesn't read its files", image.kind));
    }
    let Known::Is(disk) = &database.version else {
        return Verdict::Unknown;
    };
    let Some(image_version) = &image.version else {
        return Verdict::Unknown;
    };
    let (Some(old), Some(new)) = (numbers(disk), numbers(image_version)) else {
        return Verdict::Unknown;
    };
    match database.kind {
        // Redis 7.4 writes what Valkey, which left it at 7.2, doesn't read.
        "redis" if image.kind == "valkey" && old >= (7, 4) => {
            refused("Valkey reads the files of Redis up to 7.2 only".into())
        }
        "redis" if image.kind == "valkey" => Verdict::Fine,
        "postgres" if old.0 != new.0 => {
            refused("files of one major are read by that major alone".into())
        }
        "postgres" => Verdict::Fine,
        // A tag of the major alone means its newest.
        _ if new.0 < old.0 || new.0 == old.0 && image_version.contains('.') && new.1 < old.1 => {
            refused("it is older than what wrote them".into())
        }
        "mysql" if !is_next_mysql(old, new) => refused("MySQL is upgraded series by series".into()),
        "mongodb" | "elasticsearch" if new.0 > old.0 + 1 => {
            refused("it is upgraded one major at a time".into())
        }
        _ => Verdict::Fine,
    }
}

/// 5.7, 8.0, 8.4 and 9 follow each other.
fn is_next_mysql(old: (u64, u64), new: (u64, u64)) -> bool {
    let place = |version: (u64, u64)| match version {
        (5, _) => 0,
        (8, minor) if minor < 4 => 1,
        (8, _) => 2,
        (major, _) => major.saturating_sub(6),
    };
    place(new) <= place(old) + 1
}

/// The first two numbers; the second is 0 where there is one alone.
fn numbers(version: &str) -> Option<(u64, u64)> {
    let mut numbers = version.split('.');
    let first = numbers.next()?.parse().ok()?;
    Some((
        first,
        numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts, seen};
    use super::*;

    /// What is on disk, mounted in a service of the image, which another one was before.
    fn scene(kind: &'static str, on_disk: Option<&str>, image: &str) -> DoctorFacts {
        let mut facts = facts(&format!(
            "{{db: {{image: '{image}'}}, web: {{image: 'acme/web:2'}}}}"
        ));
        facts.databases.seen = vec![seen(kind, on_disk, &[("db", "/data"), ("web", "/backup")])];
        facts
            .databases
            .old_images
            .insert("db".into(), "another:1".into());
        facts
    }

    #[test]
    fn files_that_the_image_reads_are_fine() {
        for (kind, on_disk, image) in [
            ("postgres", "15", "postgres:15-alpine"),
            ("postgres", "15", "postgis/postgis:15-3.4"),
            ("mariadb", "10.6", "mariadb:11.8"),
            ("mariadb", "11.8", "mariadb:11"),
            ("mysql", "8.0", "mysql:8.4"),
            ("mysql", "8.4", "mysql:9.1"),
            ("redis", "7.2.4", "redis:8"),
            ("redis", "7.2.4", "valkey/valkey:8"),
            ("mongodb", "6", "mongo:7"),
        ] {
            check_fine(&RULE, &scene(kind, Some(on_disk), image));
        }
    }

    #[test]
    fn files_that_it_does_not_read_are_refused() {
        for (kind, on_disk, image, why) in [
            (
                "postgres",
                "14",
                "postgis/postgis:18-3.6",
                "that major alone",
            ),
            ("postgres", "17", "postgres:15", "that major alone"),
            (
                "mariadb",
                "11.8",
                "mariadb:10.6",
                "older than what wrote them",
            ),
            ("mariadb", "10.6", "mysql:8", "mysql doesn't read"),
            ("mysql", "5.7", "mysql:8.4", "series by series"),
            ("redis", "8.0", "valkey/valkey:8", "up to 7.2"),
            ("mongodb", "5", "mongo:7", "one major at a time"),
        ] {
            let found = check_found(
                &RULE,
                &scene(kind, Some(on_disk), image),
                Severity::Error,
                why,
            );
            assert!(found.hint.contains("--skip-volume data"), "{found:?}");
        }
    }

    #[test]
    fn what_can_not_be_compared_is_unknown_unless_nothing_changes() {
        for (on_disk, image) in [
            (Some("15"), "postgres:latest"),
            (None, "postgres:15"),
            (Some("15"), "acme/db:2"),
        ] {
            let mut facts = scene("postgres", on_disk, image);
            check_found(&RULE, &facts, Severity::Unknown, image);
            facts.databases.old_images.insert("db".into(), image.into());
            facts
                .databases
                .old_images
                .insert("web".into(), "acme/web:2".into());
            check_fine(&RULE, &facts);
        }
    }
}

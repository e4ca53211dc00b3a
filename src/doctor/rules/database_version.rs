//! Which database is on disk, and whether the image that will open its files can.

use super::doctor_rule::DoctorRule;
use crate::compose::Model;
use crate::database::{
    Database, DatabaseEngine, DatabaseMethod, DatabaseRecipe, FilesVerdict, Opener, Opening,
};
use crate::doctor::{DatabaseFacts, DoctorFacts, Finding, SeenDatabases, ServedImage, Severity};

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
        let image = databases.new_image(service)?;
        is_of(database.kind, image.runs.kind).then_some((*name, service.image.as_ref()?, image))
    });
    // A service that backs it up may mount it, too.
    let mut images = images.peekable();
    if images.peek().is_none() {
        let (name, service) = users
            .iter()
            .find(|(_, service)| databases.image_of(service).is_none())?;
        let image = service.image.as_deref().unwrap_or("what it builds");
        let is_old = databases.old_images.get(*name).map(String::as_str) == Some(image);
        let because = format!("`{name}` runs `{image}`, of which nothing is known");
        return (!is_old).then(|| unknown(databases, seen, database, name, &because));
    }
    images.find_map(|(name, reference, image)| {
        let old = databases.old_image(name);
        let opening = Opening {
            database,
            is_used: seen.is_used,
            old: old.as_ref().map(opener),
            new: opener(&image),
        };
        let by = format!("`{name}` opens it with `{reference}`");
        let way = databases.ways.get(name);
        let verdict = opening.verdict();
        let is_copied = !matches!(verdict, FilesVerdict::Refused(_) | FilesVerdict::Dump(_));
        let lost = is_copied.then(|| misplaced(model, name, &image, seen, database));
        if let Some(lost) = lost.flatten() {
            return Some(lost);
        }
        match verdict {
            FilesVerdict::Right(_) => None,
            // The recipe has another way for it, which the copy of its files has no part in.
            _ if way.is_some_and(|way| *way != DatabaseMethod::Files) => None,
            FilesVerdict::Refused(because) => Some(Finding::new(
                Severity::Error,
                RULE.id,
                format!("{}, and {by}: {because}", told(seen, database)),
                format!(
                    "keep the image that fits, or go by the versions between, or begin with an empty volume \
                     (`--skip-volume {}`)",
                    seen.key
                ),
            )),
            FilesVerdict::Dump(because) => Some(Finding::new(
                if way.is_some() { Severity::Warning } else { Severity::Error },
                RULE.id,
                format!(
                    "{}, and {by}, which needs a dump and a load: {because}",
                    told(seen, database)
                ),
                ways_for(name, database, image.runs.kind, seen),
            )),
            // What opened it until now opens it again, as far as its name tells.
            FilesVerdict::Unknown(_)
                if databases.old_images.get(name) == Some(reference)
                    && !is_known_other(&opening) =>
            {
                None
            }
            FilesVerdict::Unknown(because) => Some(unknown(
                databases,
                seen,
                database,
                name,
                &format!("{by}: {because}"),
            )),
        }
    })
}

/// The image looks for its data where this isn't, and would begin with nothing beside it, as Postgres 18
/// does with a volume that was mounted a level lower.
fn misplaced(
    model: &Model,
    name: &str,
    image: &ServedImage,
    seen: &SeenDatabases,
    database: &Database,
) -> Option<Finding> {
    if database.kind != "postgres" {
        return None;
    }
    let service = model.services.get(name)?;
    let data = image.runs.data_folder(service.environment.get("PGDATA"))?;
    let mounts = seen.mounts.iter().filter(|mount| mount.service == name);
    let mut places = mounts.filter_map(|mount| data.strip_prefix(&mount.target).ok());
    let place = places.next()?;
    let place = match place.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => place.display().to_string(),
    };
    let mut there = seen.found.iter().flat_map(|found| &found.databases);
    if there.any(|other| other.kind == database.kind && other.place == place) {
        return None;
    }
    Some(Finding::new(
        Severity::Error,
        RULE.id,
        format!(
            "{} in its `{}`, and `{name}` looks for it in `{place}`: it would begin with nothing beside it",
            told(seen, database),
            database.place
        ),
        format!(
            "mount it so that its `{}` is at `{}`, or set `PGDATA`",
            database.place,
            data.display()
        ),
    ))
}

/// Whether one name stands for two images by now.
fn is_known_other(opening: &Opening<'_>) -> bool {
    let ids = opening.old.and_then(|old| old.id).zip(opening.new.id);
    ids.is_some_and(|(old, new)| old != new)
}

fn opener(image: &ServedImage) -> Opener<'_> {
    Opener {
        id: image.id.as_deref(),
        kind: image.runs.kind,
        version: image.runs.version.as_deref(),
        platform: &image.platform,
    }
}

/// The ways that are right: the recipe's, where an upgrade has a step for it.
fn ways_for(service: &str, database: &Database, image: &str, seen: &SeenDatabases) -> String {
    let empty = format!("begin with an empty volume (`--skip-volume {}`)", seen.key);
    let is_same = DatabaseEngine::named(image) == DatabaseEngine::named(database.kind);
    let recipe = DatabaseRecipe::of(database.kind);
    let has_step = is_same && recipe.is_some_and(|recipe| recipe.moves().is_some());
    match has_step {
        true => format!(
            "add `databases: [{service}]` to `transship.yml` in the install, keep the image that fits, or {empty}"
        ),
        false => format!(
            "keep the image that fits, add `databases: [{{service: {service}, dump: COMMAND, load: COMMAND, \
             compare: COMMAND}}]` to `transship.yml` in the install, or {empty}"
        ),
    }
}

fn unknown(
    databases: &DatabaseFacts,
    seen: &SeenDatabases,
    database: &Database,
    service: &str,
    because: &str,
) -> Finding {
    let severity = match databases.ways.contains_key(service) {
        true => Severity::Warning,
        false => Severity::Unknown,
    };
    Finding::new(
        severity,
        RULE.id,
        format!(
            "{}, and whether its files are right isn't known: {because}",
            told(seen, database)
        ),
        format!(
            "have both images in the engine; or, if you know that they are, add \
             `databases: [{{service: {service}, method: files}}]` to `transship.yml` in the install"
        ),
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

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts, seen};
    use super::*;
    use crate::database::CLibrary;
    use crate::engine::ImageDefaults;

    /// What is on disk, mounted in a service of the image `to`, which was `from` before.
    fn scene(kind: &'static str, on_disk: Option<&str>, from: &str, to: &str) -> DoctorFacts {
        let mut facts = facts(&format!(
            "{{db: {{image: '{to}', environment: {{PGDATA: /data}}}}, web: {{image: 'acme/web:2'}}}}"
        ));
        facts.databases.seen = vec![seen(kind, on_disk, &[("db", "/data"), ("web", "/backup")])];
        facts
            .databases
            .old_images
            .insert("db".into(), from.to_owned());
        facts
    }

    #[test]
    fn files_that_the_image_reads_are_fine() {
        for (kind, on_disk, from, to) in [
            (
                "postgres",
                "15",
                "postgres:15.3-alpine",
                "postgres:15-alpine",
            ),
            (
                "postgres",
                "15",
                "postgis/postgis:15-3.4",
                "postgis/postgis:15-3.4",
            ),
            (
                "postgres",
                "15",
                "postgres:15.3-bookworm",
                "postgres:15.8-bookworm",
            ),
            ("mariadb", "10.6", "mariadb:10.6", "mariadb:11.8"),
            ("mysql", "8.4", "mysql:8.4", "mysql:9.1"),
            ("redis", "7.2.4", "redis:7", "valkey/valkey:8"),
        ] {
            check_fine(&RULE, &scene(kind, Some(on_disk), from, to));
        }
    }

    #[test]
    fn files_that_it_does_not_read_are_refused_with_the_lines_to_add() {
        for (kind, on_disk, from, to, why, line) in [
            (
                "postgres",
                "14",
                "postgis/postgis:14-3.2",
                "postgis/postgis:18-3.6",
                "that major alone",
                "`databases: [db]`",
            ),
            (
                "postgres",
                "15",
                "postgres:15-bullseye",
                "postgres:15-bookworm",
                "miss rows",
                "`databases: [db]`",
            ),
            (
                "mariadb",
                "10.6",
                "mariadb:10.6",
                "mysql:8",
                "mysql doesn't read",
                "dump: COMMAND",
            ),
            (
                "mariadb",
                "11.8",
                "mariadb:11",
                "mariadb:10.6",
                "older than what wrote them",
                "",
            ),
            (
                "mysql",
                "5.7",
                "mysql:5.7",
                "mysql:8.4",
                "series by series",
                "",
            ),
            (
                "redis",
                "8.0",
                "redis:8",
                "valkey/valkey:8",
                "before 7.4",
                "",
            ),
            (
                "mongodb",
                "5",
                "mongo:5",
                "mongo:7",
                "one major at a time",
                "",
            ),
            (
                "influxdb",
                "1",
                "influxdb:1.8",
                "influxdb:2",
                "that major alone",
                "dump: COMMAND",
            ),
        ] {
            let facts = scene(kind, Some(on_disk), from, to);
            let found = check_found(&RULE, &facts, Severity::Error, why);
            assert!(found.hint.contains("--skip-volume data"), "{found:?}");
            assert!(found.hint.contains(line), "{found:?}");
        }
    }

    #[test]
    fn what_can_not_be_compared_is_unknown_unless_nothing_changes() {
        for (on_disk, to) in [
            (Some("15"), "postgres:latest"),
            (None, "postgres:15"),
            (Some("15"), "postgres:15"),
            (Some("15"), "acme/db:2"),
        ] {
            let mut facts = scene("postgres", on_disk, "another:1", to);
            check_found(&RULE, &facts, Severity::Unknown, to);
            facts.databases.old_images.insert("db".into(), to.into());
            facts
                .databases
                .old_images
                .insert("web".into(), "acme/web:2".into());
            check_fine(&RULE, &facts);
        }
    }

    #[test]
    fn what_the_recipe_tells_is_no_obstacle_but_for_what_is_refused() {
        let told = |facts: &mut DoctorFacts, way| {
            facts.databases.ways.insert("db".into(), way);
        };
        let mut unknown = scene("postgres", Some("15"), "another:1", "postgres:15");
        told(&mut unknown, DatabaseMethod::Files);
        check_found(&RULE, &unknown, Severity::Warning, "isn't known");
        told(&mut unknown, DatabaseMethod::Dump);
        check_fine(&RULE, &unknown);
        let mut dump = scene(
            "postgres",
            Some("15"),
            "postgres:15-bullseye",
            "postgres:15-trixie",
        );
        told(&mut dump, DatabaseMethod::Files);
        check_found(&RULE, &dump, Severity::Warning, "glibc 2.41");
        let mut older = scene("mariadb", Some("11.8"), "mariadb:11.8", "mariadb:10.6");
        told(&mut older, DatabaseMethod::Files);
        check_found(&RULE, &older, Severity::Error, "older");
    }

    /// The same tag, pulled anew: what it stands for now has another C library.
    #[test]
    fn a_tag_that_moved_is_another_image() {
        let mut facts = scene("postgres", Some("15"), "postgres:15", "postgres:15");
        let image = |id: &str| ImageDefaults {
            id: id.into(),
            env: [("PG_MAJOR".to_owned(), "15".to_owned())].into(),
            ..ImageDefaults::default()
        };
        let databases = &mut facts.databases;
        databases.images.insert("postgres:15".into(), image("new"));
        databases.images.insert("old".into(), image("old"));
        databases.old_ids.insert("db".into(), "old".into());
        assert_eq!(databases.to_be_asked(&facts.model), ["new", "old"]);
        check_found(&RULE, &facts, Severity::Unknown, "C library");
        for (library, to) in [("old", 36), ("new", 41)] {
            let glibc = CLibrary::Glibc(2, to);
            facts.databases.c_libraries.insert(library.into(), glibc);
        }
        check_found(&RULE, &facts, Severity::Error, "than glibc 2.36");
        facts.databases.old_ids.insert("db".into(), "new".into());
        let images = &mut facts.databases.images;
        images.insert("new".into(), image("new"));
        check_fine(&RULE, &facts);
        assert!(facts.databases.to_be_asked(&facts.model).is_empty());
    }

    /// Postgres by its versions, its layout and what is told of it: data that is elsewhere isn't found.
    #[test]
    fn data_has_to_be_where_the_image_looks() {
        for (place, target, expect) in [
            (".", "/var/lib/postgresql/18/docker", true),
            ("18/docker", "/var/lib/postgresql", true),
            (".", "/var/lib/postgresql", false),
            ("18/main", "/var/lib/postgresql", false),
        ] {
            let mut facts = facts("{db: {image: 'postgres:18'}}");
            let mut seen = seen("postgres", Some("18"), &[("db", target)]);
            seen.found.as_mut().unwrap().databases[0].place = place.into();
            facts.databases.seen = vec![seen];
            let old = &mut facts.databases.old_images;
            old.insert("db".into(), "postgres:18-trixie".into());
            facts
                .databases
                .ways
                .insert("db".into(), DatabaseMethod::Files);
            let found = check(&facts.model, &facts.databases);
            let lost = found.iter().filter(|one| one.severity == Severity::Error);
            assert_eq!(lost.count() == 0, expect, "{place} {target}: {found:?}");
        }
    }
}

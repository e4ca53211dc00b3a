//! Where an image keeps its data, and whether something is mounted there: else it goes into a volume
//! without a name, which is lost with the container (docker-library/postgres#1400).

use std::path::{Path, PathBuf};

use super::doctor_rule::DoctorRule;
use crate::compose::{Model, Service};
use crate::doctor::{DatabaseFacts, DatabaseImage, DoctorFacts, Finding, Severity};

pub(super) const RULE: DoctorRule = DoctorRule {
    id: "database-folder",
    looks_for: "databases that keep their data where nothing is mounted, as Postgres 18 does",
    check: |facts: &DoctorFacts| {
        let services = facts.databases.services(&facts.model);
        let found = services
            .filter_map(|(name, service, image)| of_service(&facts.model, name, service, &image));
        found.collect()
    },
};

/// The same of the services alone that get a volume or folder with such a database: their data is
/// there already, and would not be found.
pub(super) fn of_data(model: &Model, databases: &DatabaseFacts) -> Vec<Finding> {
    let has_data = |name: &str, image: &DatabaseImage| {
        let mut seen = databases.seen.iter();
        seen.any(|seen| {
            let mut kinds = seen.found.iter().flat_map(|found| &found.databases);
            seen.mounts.iter().any(|mount| mount.service == name)
                && kinds.any(|database| database.kind == image.kind)
        })
    };
    let services = databases.services(model);
    let services = services.filter(|(name, _, image)| has_data(name, image));
    let found =
        services.filter_map(|(name, service, image)| of_service(model, name, service, &image));
    found.collect()
}

fn of_service(
    model: &Model,
    name: &str,
    service: &Service,
    image: &DatabaseImage,
) -> Option<Finding> {
    let finding = |severity, message: String, hint: String| {
        Some(Finding::new(severity, RULE.id, message, hint).at(&service.at))
    };
    let reference = service.image.as_deref().unwrap_or_default();
    let Some(data) = image.data_folder(service.environment.get("PGDATA")) else {
        let message = format!("where `{reference}` of `{name}` keeps its data isn't known");
        let hint = "have the image in the engine, or name it by a tag with its version";
        // The others have always had one place each.
        return match image.kind {
            "postgres" => finding(Severity::Unknown, message, hint.into()),
            _ => None,
        };
    };
    let mounts = mounts(model, name, service);
    let mounted = nearest(&mounts, &data);
    let own = nearest(&image.volumes, &data);
    let depth = |path: &Path| path.components().count();
    if mounted.is_some_and(|mounted| own.is_none_or(|own| depth(own) <= depth(mounted))) {
        return None;
    }
    let mounts: Vec<_> = mounts
        .iter()
        .map(|mount| format!("`{}`", mount.display()))
        .collect();
    let instead = match mounts.is_empty() {
        true => "nothing is mounted".to_owned(),
        false => format!("what is mounted is {}", mounts.join(", ")),
    };
    finding(
        Severity::Error,
        format!(
            "`{name}` with `{reference}` keeps its data in `{}`, and {instead}: it begins empty, in a volume \
             without a name",
            data.display()
        ),
        match own {
            Some(own) => format!("mount its volume at `{}`", own.display()),
            None => format!("mount its volume at `{}`", data.display()),
        },
    )
}

/// Where a service has volumes and folders of the host.
fn mounts(model: &Model, name: &str, service: &Service) -> Vec<PathBuf> {
    let volumes = service.mounts.keys().map(PathBuf::from);
    let binds = model.binds.iter().filter(|bind| bind.service == name);
    volumes
        .chain(binds.map(|bind| PathBuf::from(&bind.target)))
        .collect()
}

/// The deepest of the paths that `data` is in.
fn nearest<'a>(paths: &'a [PathBuf], data: &Path) -> Option<&'a Path> {
    let around = paths.iter().filter(|path| data.starts_with(path));
    let deepest = around.max_by_key(|path| path.components().count());
    deepest.map(PathBuf::as_path)
}

#[cfg(test)]
mod tests {
    use super::super::scene::{check_fine, check_found, facts, seen};
    use super::*;

    fn scene(image: &str, mount: &str, environment: &str) -> DoctorFacts {
        facts(&format!(
            "{{db: {{image: '{image}', volumes: {mount}, environment: {environment}}}}}\nvolumes: {{data: }}"
        ))
    }

    #[test]
    fn data_goes_where_something_is_mounted() {
        for (image, mount, environment) in [
            ("postgres:15", "['data:/var/lib/postgresql/data']", "{}"),
            (
                "postgres:15",
                "['data:/var/lib/postgresql/data']",
                "{PGDATA: /var/lib/postgresql/data/pg}",
            ),
            ("postgres:18", "['data:/var/lib/postgresql']", "{}"),
            (
                "postgres:18",
                "['data:/var/lib/postgresql/18/docker']",
                "{}",
            ),
            ("postgres:18", "['./data:/var/lib/postgresql']", "{}"),
            ("postgres:18", "['/srv/pg:/pg']", "{PGDATA: /pg/18}"),
            (
                "postgres:18",
                "['data:/var/lib/postgresql/data']",
                "{PGDATA: /var/lib/postgresql/data}",
            ),
            ("mariadb:11", "['data:/var/lib/mysql']", "{}"),
            ("acme/web:1", "['data:/x']", "{}"),
        ] {
            check_fine(&RULE, &scene(image, mount, environment));
        }
    }

    #[test]
    fn data_that_goes_beside_what_is_mounted_is_refused() {
        let old = "['data:/var/lib/postgresql/data']";
        for (image, mount, environment, words) in [
            ("postgres:18", old, "{}", "`/var/lib/postgresql/18/docker`"),
            (
                "postgis/postgis:18-3.6",
                old,
                "{PG_DATA: /var/lib/postgresql/data}",
                "/18/docker",
            ),
            (
                "postgres:15",
                "['data:/var/lib/postgresql']",
                "{}",
                "`/var/lib/postgresql/data`",
            ),
            ("postgres:15", old, "{PGDATA: /pg}", "in `/pg`"),
            ("mysql:8", "[]", "{}", "nothing is mounted"),
        ] {
            check_found(
                &RULE,
                &scene(image, mount, environment),
                Severity::Error,
                words,
            );
        }
        let floating = scene("postgres:latest", old, "{}");
        check_found(&RULE, &floating, Severity::Unknown, "isn't known");
    }

    #[test]
    fn a_plan_is_refused_only_where_there_is_data_to_lose() {
        let mut facts = scene("postgres:18", "['data:/var/lib/postgresql/data']", "{}");
        assert_eq!(of_data(&facts.model, &facts.databases), []);
        let target = "/var/lib/postgresql/data";
        facts.databases.seen = vec![seen("postgres", Some("18"), &[("db", target)])];
        assert_eq!(of_data(&facts.model, &facts.databases).len(), 1);
    }
}

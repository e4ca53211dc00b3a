//! Which database an image runs, of which version, and where it keeps its data: from what the image
//! says of itself where the engine has it, else from its name and tag.

use std::path::{Path, PathBuf};

use crate::compose::Reference;
use crate::engine::ImageDefaults;

/// The database that an image runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseImage {
    /// The name of its [`DatabaseKind`](crate::database::DatabaseKind), or `valkey`.
    pub kind: &'static str,
    /// Its version, a major alone where no more is told; nothing where the tag tells none.
    pub version: Option<String>,
    /// An extension that its tag tells the version of.
    pub extension: Option<Extension>,
    /// Where the image has its data by itself, if that is known.
    pub data: Option<PathBuf>,
    /// Where its containers get a volume without a name, if nothing is mounted there.
    pub volumes: Vec<PathBuf>,
}

/// A part of a database that has a version of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The name as people write it: `PostGIS`.
    pub name: &'static str,
    /// Its version, from the tag.
    pub version: String,
}

/// A database as images are made of it.
struct ImageFamily {
    kind: &'static str,
    /// The last part of images' names.
    names: &'static [&'static str],
    /// The variable that tells the version in an image.
    variable: &'static str,
    data: &'static str,
}

const FAMILIES: [ImageFamily; 12] = [
    family(
        "postgres",
        &[
            "postgres",
            "postgis",
            "timescaledb",
            "pgvector",
            "pgautoupgrade",
            "postgresql",
        ],
        "PG_MAJOR",
        "",
    ),
    family("mariadb", &["mariadb"], "MARIADB_VERSION", "/var/lib/mysql"),
    family("mysql", &["mysql"], "MYSQL_VERSION", "/var/lib/mysql"),
    family("mongodb", &["mongo"], "MONGO_VERSION", "/data/db"),
    family(
        "redis",
        &["redis", "redis-stack-server"],
        "REDIS_VERSION",
        "/data",
    ),
    family("valkey", &["valkey"], "VALKEY_VERSION", "/data"),
    family(
        "rabbitmq",
        &["rabbitmq"],
        "RABBITMQ_VERSION",
        "/var/lib/rabbitmq",
    ),
    family("etcd", &["etcd"], "ETCD_VERSION", ""),
    family("influxdb", &["influxdb"], "INFLUXDB_VERSION", ""),
    family(
        "clickhouse",
        &["clickhouse", "clickhouse-server"],
        "CLICKHOUSE_VERSION",
        "/var/lib/clickhouse",
    ),
    family(
        "orientdb",
        &["orientdb"],
        "ORIENTDB_VERSION",
        "/orientdb/databases",
    ),
    family(
        "elasticsearch",
        &["elasticsearch"],
        "ELASTIC_VERSION",
        "/usr/share/elasticsearch/data",
    ),
];

const fn family(
    kind: &'static str,
    names: &'static [&'static str],
    variable: &'static str,
    data: &'static str,
) -> ImageFamily {
    ImageFamily {
        kind,
        names,
        variable,
        data,
    }
}

impl DatabaseImage {
    /// What the image `reference` runs; `config` is what it says of itself, where the engine has it.
    pub fn of(reference: &str, config: Option<&ImageDefaults>) -> Option<Self> {
        let parsed: Reference = reference.parse().ok()?;
        let name = parsed.repository.rsplit('/').next().unwrap_or_default();
        let env = |name: &str| config.and_then(|config| config.env.get(name)).cloned();
        let by_env = || {
            FAMILIES
                .iter()
                .find(|family| env(family.variable).is_some())
        };
        let by_name = FAMILIES.iter().find(|family| family.names.contains(&name));
        let family = by_name.or_else(by_env)?;
        let tag = parsed.tag.as_deref().unwrap_or_default();
        let version = env(family.variable).and_then(|text| number(&text));
        let version = version.or_else(|| of_tag(family.kind, tag));
        let volumes = config.map(|config| config.volumes.clone());
        let mut image = Self {
            kind: family.kind,
            extension: extension(name, tag),
            data: Some(PathBuf::from(family.data)).filter(|_| !family.data.is_empty()),
            volumes: volumes.unwrap_or_default(),
            version,
        };
        if family.kind == "postgres" {
            image.place_postgres(name, env("PGDATA"), config.is_some());
        }
        Some(image)
    }

    /// The first number of the version.
    pub fn major(&self) -> Option<u64> {
        self.version.as_deref().and_then(major)
    }

    /// From 18 on the data is in a folder of the major, and the volume a level higher
    /// (docker-library/postgres#1259).
    fn place_postgres(&mut self, name: &str, pgdata: Option<String>, is_here: bool) {
        let is_official = matches!(name, "postgres" | "postgis" | "timescaledb" | "pgvector");
        let default = match self.major() {
            Some(major) if major >= 18 => Some((
                format!("/var/lib/postgresql/{major}/docker"),
                "/var/lib/postgresql",
            )),
            Some(_) => Some((
                "/var/lib/postgresql/data".to_owned(),
                "/var/lib/postgresql/data",
            )),
            None => None,
        };
        let default = default.filter(|_| is_official);
        let bitnami = (name == "postgresql").then(|| "/bitnami/postgresql/data".to_owned());
        self.data = pgdata
            .or(bitnami)
            .or_else(|| default.as_ref().map(|(data, _)| data.clone()))
            .map(PathBuf::from);
        if let Some((_, volume)) = default.filter(|_| !is_here) {
            self.volumes = vec![PathBuf::from(volume)];
        }
    }

    /// Where a service's data goes, with the variable that Postgres is told by.
    pub fn data_folder(&self, pgdata: Option<&String>) -> Option<PathBuf> {
        match pgdata.filter(|_| self.kind == "postgres") {
            Some(told) if !told.is_empty() => Some(Path::new(told).to_owned()),
            _ => self.data.clone(),
        }
    }
}

/// The first number of a version: 17 of `17.2`.
pub(super) fn major(version: &str) -> Option<u64> {
    version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

/// The numbers that a text begins with: `8.4.2` of `8.4.2-1.el9`.
fn number(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let number = text[..end.unwrap_or(text.len())].trim_end_matches('.');
    Some(number.to_owned()).filter(|number| !number.is_empty())
}

/// The version that a tag tells: 17 of `17-alpine`, of `pg17` and of `2.17.2-pg17`.
fn of_tag(kind: &str, tag: &str) -> Option<String> {
    if kind == "postgres"
        && let Some((_, behind)) = tag.rsplit_once("pg")
    {
        return number(behind);
    }
    number(tag.strip_prefix('v').unwrap_or(tag))
}

fn extension(name: &str, tag: &str) -> Option<Extension> {
    let (name, version) = match name {
        // `17-3.5`, `17-3.5-alpine`
        "postgis" => ("PostGIS", number(tag.split_once('-')?.1)?),
        // `2.17.2-pg17`
        "timescaledb" => ("TimescaleDB", number(tag)?),
        _ => return None,
    };
    Some(Extension { name, version })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Database, version, place of the data, extension.
    fn check(reference: &str, expect: Option<(&str, Option<&str>, &str, &str)>) {
        let image = DatabaseImage::of(reference, None);
        let found = image.as_ref().map(|image| {
            let data = image.data.as_deref().and_then(Path::to_str).unwrap_or("");
            let extension = image.extension.as_ref();
            let extension = extension.map(|extension| extension.version.as_str());
            let version = image.version.as_deref();
            (image.kind, version, data, extension.unwrap_or(""))
        });
        assert_eq!(found, expect, "{reference}");
    }

    #[test]
    fn a_name_and_a_tag_tell_the_database_and_its_version() {
        let old = "/var/lib/postgresql/data";
        let new = "/var/lib/postgresql/18/docker";
        check(
            "postgres:15-alpine",
            Some(("postgres", Some("15"), old, "")),
        );
        check(
            "docker.io/library/postgres:18.1",
            Some(("postgres", Some("18.1"), new, "")),
        );
        check(
            "postgis/postgis:14-3.2",
            Some(("postgres", Some("14"), old, "3.2")),
        );
        check(
            "postgis/postgis:18-3.6-alpine",
            Some(("postgres", Some("18"), new, "3.6")),
        );
        check(
            "timescale/timescaledb:2.17.2-pg17",
            Some(("postgres", Some("17"), old, "2.17.2")),
        );
        check(
            "pgvector/pgvector:pg16",
            Some(("postgres", Some("16"), old, "")),
        );
        check(
            "bitnami/postgresql:15.3.0",
            Some(("postgres", Some("15.3.0"), "/bitnami/postgresql/data", "")),
        );
        check("postgres:latest", Some(("postgres", None, "", "")));
        check("postgres", Some(("postgres", None, "", "")));
        check(
            "mariadb:11.8",
            Some(("mariadb", Some("11.8"), "/var/lib/mysql", "")),
        );
        check(
            "redis:7.4-alpine",
            Some(("redis", Some("7.4"), "/data", "")),
        );
        check("acme/web:15", None);
        check("acme/postgres-exporter:1", None);
    }

    #[test]
    fn an_image_that_is_here_tells_more_than_its_tag() {
        let env = [("PG_MAJOR", "18"), ("PGDATA", "/data/pg")];
        let config = ImageDefaults {
            env: env.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            volumes: vec!["/data".into()],
            ..ImageDefaults::default()
        };
        let image = DatabaseImage::of("acme/db:2024.1", Some(&config)).unwrap();
        assert_eq!((image.kind, image.major()), ("postgres", Some(18)));
        assert_eq!(image.data.as_deref(), Some(Path::new("/data/pg")));
        assert_eq!(image.volumes, [Path::new("/data")]);
        let config = ImageDefaults {
            env: BTreeMap::from([("PG_MAJOR".to_owned(), "16".to_owned())]),
            ..ImageDefaults::default()
        };
        let image = DatabaseImage::of("postgres:latest", Some(&config)).unwrap();
        assert_eq!(image.major(), Some(16));
    }
}

//! MongoDB: one major at a time, each after the compatibility version of the one before.

use super::database_recipe::{DatabaseRecipe, StreamRecipe};
use super::files_rule::{FilesRule, FirstOnOld, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "mongodb",
    title: "MongoDB",
    files: FilesRule {
        versions: VersionRule::OneMajor,
        heeds_c_library: false,
        needs_clean: true,
        forks: &[],
        first: Some(FirstOnOld {
            what: "set its compatibility version",
            command: r#"mongosh --quiet --eval 'db.adminCommand({setFeatureCompatibilityVersion: "{series}"})'"#,
        }),
        afterwards: None,
    },
    stream: Some(StreamRecipe {
        // The one that an image sets a new database up with is the child of a script.
        ready: r#"[ "$(cat /proc/1/comm)" != docker-entrypoi ] && mongosh --quiet ${MONGO_INITDB_ROOT_USERNAME:+-u "$MONGO_INITDB_ROOT_USERNAME" -p "$MONGO_INITDB_ROOT_PASSWORD"} --eval 'db.runCommand({ping: 1})' >/dev/null"#,
        dump: r#"exec mongodump --quiet ${MONGO_INITDB_ROOT_USERNAME:+-u "$MONGO_INITDB_ROOT_USERNAME" -p "$MONGO_INITDB_ROOT_PASSWORD" --authenticationDatabase admin} --archive"#,
        load: r#"exec mongorestore --quiet ${MONGO_INITDB_ROOT_USERNAME:+-u "$MONGO_INITDB_ROOT_USERNAME" -p "$MONGO_INITDB_ROOT_PASSWORD" --authenticationDatabase admin} --archive --drop"#,
        restarts: false,
        idle: false,
        compare: Some(
            r#"exec mongosh --quiet ${MONGO_INITDB_ROOT_USERNAME:+-u "$MONGO_INITDB_ROOT_USERNAME" -p "$MONGO_INITDB_ROOT_PASSWORD"} --eval 'db.adminCommand({listDatabases: 1}).databases.map(d => d.name).filter(n => !["admin", "config", "local"].includes(n)).sort().forEach(n => print(n, db.getSiblingDB(n).runCommand({dbHash: 1}).md5))'"#,
        ),
        // The archive's terminator (`common/archive` of the tools).
        ends_with: Some(&[0xff, 0xff, 0xff, 0xff]),
        leaves: None,
    }),
};

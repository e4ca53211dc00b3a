//! OrientDB: the next minor at most; else its console exports and imports.

use super::database_recipe::{DatabaseRecipe, StreamRecipe};
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "orientdb",
    title: "OrientDB",
    files: FilesRule {
        versions: VersionRule::OneMinor,
        heeds_c_library: false,
        needs_clean: true,
        forks: &[],
        first: None,
        afterwards: None,
    },
    stream: Some(StreamRecipe {
        ready: r#"bin/console.sh "connect remote:localhost root $ORIENTDB_ROOT_PASSWORD" >/dev/null"#,
        dump: r#"set -e; d=$(mktemp -d); bin/console.sh "connect remote:localhost/$DATABASE root $ORIENTDB_ROOT_PASSWORD; export database $d/all.json" >&2; cat "$d"/all.json*; rm -r "$d""#,
        load: r#"set -e; d=$(mktemp -d); cat >"$d/all.json.gz"
            bin/console.sh "create database remote:localhost/$DATABASE root $ORIENTDB_ROOT_PASSWORD plocal; connect remote:localhost/$DATABASE root $ORIENTDB_ROOT_PASSWORD; import database $d/all.json.gz -preserveClusterIDs=true" >&2; rm -r "$d""#,
        restarts: false,
        idle: false,
        compare: None,
        ends_with: None,
        leaves: Some("`config/`, which is copied as files"),
    }),
};

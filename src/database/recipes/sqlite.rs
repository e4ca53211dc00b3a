//! SQLite: every version reads the files; `$DATABASE` is the file's path.

use super::database_recipe::{DatabaseRecipe, StreamRecipe};
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "sqlite",
    title: "SQLite",
    files: FilesRule {
        versions: VersionRule::Forwards,
        heeds_c_library: false,
        needs_clean: false,
        forks: &[],
        first: None,
        afterwards: None,
    },
    stream: Some(StreamRecipe {
        ready: "command -v sqlite3 >/dev/null && [ -n \"$DATABASE\" ]",
        dump: "exec sqlite3 -readonly \"$DATABASE\" .dump",
        load: "[ ! -s \"$DATABASE\" ] || { echo 'it is there already' >&2; exit 1; }; exec sqlite3 -bail \"$DATABASE\"",
        restarts: false,
        idle: true,
        compare: Some(
            "sqlite3 -readonly \"$DATABASE\" 'pragma integrity_check' && sqlite3 -readonly \"$DATABASE\" .dump | sha256sum",
        ),
        ends_with: Some(b"COMMIT;"),
        leaves: Some("`user_version` and other pragmas"),
    }),
};

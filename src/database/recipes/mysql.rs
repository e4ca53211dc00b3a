//! MySQL: series by series after a clean stop.

use super::database_recipe::{DatabaseRecipe, StreamRecipe};
use super::files_rule::{FilesRule, VersionRule};

/// Who is asked, and how: the image's variables tell the password.
macro_rules! as_root {
    ($line:literal) => {
        concat!(
            "set -e; f=${MYSQL_ROOT_PASSWORD_FILE:-}\n",
            "export MYSQL_PWD=\"${MYSQL_ROOT_PASSWORD:-}\"\n",
            "[ -z \"$f\" ] || MYSQL_PWD=$(cat \"$f\")\n",
            $line
        )
    };
}

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "mysql",
    title: "MySQL",
    files: FilesRule {
        versions: VersionRule::Series(&[(5, 7), (8, 0), (8, 4), (9, 0)]),
        heeds_c_library: false,
        needs_clean: true,
        forks: &[],
        first: None,
        afterwards: None,
    },
    stream: Some(StreamRecipe {
        // The server that an image sets a new database up with has no port, and is the child of a script.
        ready: as_root!(
            "[ \"$(cat /proc/1/comm)\" = mysqld ] || mysqladmin ping -h 127.0.0.1 >/dev/null 2>&1\n\
             mysql -uroot -e 'select 1' >/dev/null"
        ),
        dump: as_root!(
            "all=$(mysql -uroot -N -B -e \"select schema_name from information_schema.schemata where schema_name not in ('mysql', 'information_schema', 'performance_schema', 'sys')\")
             [ -n \"$all\" ] || { echo '-- Dump completed'; exit 0; }
             echo \"$all\" | tr '\\n' '\\0' | xargs -0 mysqldump -uroot --single-transaction --quick --routines --events --triggers --hex-blob --set-gtid-purged=OFF --databases"
        ),
        load: as_root!("exec mysql -uroot"),
        restarts: false,
        idle: false,
        compare: Some(as_root!(
            "all=$(mysql -uroot -N -B -e \"select concat(char(96), table_schema, char(96), '.', char(96), table_name, char(96)) from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('mysql', 'information_schema', 'performance_schema', 'sys') order by 1\")
             echo \"$all\" | while read -r one; do [ -z \"$one\" ] || mysql -uroot -N -B -e \"checksum table $one extended\"; done"
        )),
        ends_with: Some(b"-- Dump completed"),
        leaves: Some("accounts and their rights, and the server's own configuration"),
    }),
};

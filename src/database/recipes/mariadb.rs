//! MariaDB: forwards after a clean stop, and then `mariadb-upgrade`.

use super::database_recipe::{DatabaseRecipe, StreamRecipe};
use super::files_rule::{FilesRule, VersionRule};

/// Who is asked, and how: the image's variables tell the password.
macro_rules! as_root {
    ($line:literal) => {
        concat!(
            "set -e; f=${MARIADB_ROOT_PASSWORD_FILE:-${MYSQL_ROOT_PASSWORD_FILE:-}}\n",
            "export MYSQL_PWD=\"${MARIADB_ROOT_PASSWORD:-${MYSQL_ROOT_PASSWORD:-}}\"\n",
            "[ -z \"$f\" ] || MYSQL_PWD=$(cat \"$f\")\n",
            $line
        )
    };
}

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "mariadb",
    files: FilesRule {
        versions: VersionRule::Forwards,
        heeds_c_library: false,
        needs_clean: true,
        forks: &[],
        first: None,
        afterwards: Some(
            "`mariadb-upgrade` has to run then, which the image does with `MARIADB_AUTO_UPGRADE=1`",
        ),
    },
    stream: Some(StreamRecipe {
        ready: as_root!("mariadb -uroot -e 'select 1' >/dev/null"),
        // The accounts first, and then the databases of users; the system's own are made by the server.
        dump: as_root!(
            "mariadb-dump -uroot --system=users --replace --skip-dump-date
             all=$(mariadb -uroot -N -B -e \"select schema_name from information_schema.schemata where schema_name not in ('mysql', 'information_schema', 'performance_schema', 'sys')\")
             [ -n \"$all\" ] || { echo '-- Dump completed'; exit 0; }
             exec mariadb-dump -uroot --single-transaction --quick --routines --events --triggers --hex-blob --databases $all"
        ),
        load: as_root!("exec mariadb -uroot"),
        restarts: false,
        compare: Some(as_root!(
            "all=$(mariadb -uroot -N -B -e \"select concat('`', table_schema, '`.`', table_name, '`') from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('mysql', 'information_schema', 'performance_schema', 'sys') order by 1\")
             echo \"$all\" | while read -r one; do [ -z \"$one\" ] || mariadb -uroot -N -B -e \"checksum table $one extended\"; done
             mariadb -uroot -N -B -e \"select 'view', table_schema, table_name from information_schema.views where table_schema <> 'sys' order by 2, 3; select 'routine', routine_schema, routine_name from information_schema.routines where routine_schema <> 'sys' order by 2, 3; select 'trigger', trigger_schema, trigger_name from information_schema.triggers where trigger_schema <> 'sys' order by 2, 3; select 'event', event_schema, event_name from information_schema.events order by 2, 3; select 'user', user, host from mysql.user order by 2, 3\""
        )),
        ends_with: Some(b"-- Dump completed"),
        leaves: Some("the server's own configuration"),
    }),
};

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
    title: "MariaDB",
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
        // The server that an image sets a new database up with has no port, and is the child of a script.
        ready: as_root!(
            "[ \"$(cat /proc/1/comm)\" = mariadbd ] || mariadb-admin ping -h 127.0.0.1 >/dev/null 2>&1\n\
             mariadb -uroot -e 'select 1' >/dev/null"
        ),
        // The databases of users, and then their accounts, which may have rights on single tables.
        dump: as_root!(
            "all=$(mariadb -uroot -N -B -e \"select schema_name from information_schema.schemata where schema_name not in ('mysql', 'information_schema', 'performance_schema', 'sys')\")
             [ -z \"$all\" ] || echo \"$all\" | tr '\\n' '\\0' | xargs -0 mariadb-dump -uroot --single-transaction --quick --routines --events --triggers --hex-blob --databases
             who=$(mariadb -uroot -N -B -e \"select concat(quote(user), '@', quote(host)) from mysql.global_priv where user not in ('root', 'mariadb.sys', 'PUBLIC') and host <> ''\")
             [ -z \"$who\" ] || echo \"$who\" | while read -r one; do
               mariadb -uroot -N -B -e \"show create user $one; show grants for $one\" | sed 's/^CREATE USER/CREATE OR REPLACE USER/; s/$/;/'
             done
             echo '-- transship: all of it'"
        ),
        load: as_root!("exec mariadb -uroot"),
        restarts: false,
        idle: false,
        compare: Some(as_root!(
            "all=$(mariadb -uroot -N -B -e \"select concat(char(96), table_schema, char(96), '.', char(96), table_name, char(96)) from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('mysql', 'information_schema', 'performance_schema', 'sys') order by 1\")
             echo \"$all\" | while read -r one; do [ -z \"$one\" ] || mariadb -uroot -N -B -e \"checksum table $one extended\"; done
             mariadb -uroot -N -B -e \"select 'view', table_schema, table_name from information_schema.views where table_schema <> 'sys' order by 2, 3; select 'routine', routine_schema, routine_name from information_schema.routines where routine_schema <> 'sys' order by 2, 3; select 'trigger', trigger_schema, trigger_name from information_schema.triggers where trigger_schema <> 'sys' order by 2, 3; select 'event', event_schema, event_name from information_schema.events order by 2, 3; select 'user', user, host from mysql.user where user not in ('root', 'mariadb.sys', 'PUBLIC') order by 2, 3; select 'secret', user, host, authentication_string from mysql.user where user not in ('root', 'mariadb.sys', 'PUBLIC') order by 2, 3\""
        )),
        ends_with: Some(b"-- transship: all of it"),
        leaves: Some("the server's own configuration, `root`'s passwords, roles"),
    }),
};

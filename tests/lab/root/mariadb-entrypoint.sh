#!/bin/bash
# As the official image, as far as an upgrade can tell: as root it takes over the folder and
# steps down; an empty folder is filled, and a server that listens on its socket only makes
# the users and runs /docker-entrypoint-initdb.d; MARIADB_AUTO_UPGRADE is honoured.
set -euo pipefail

[ "${1:0:1}" != - ] || set -- mariadbd "$@"
[ "$1" = mariadbd ] || exec "$@"
data=/var/lib/mysql

# setting NAME: MARIADB_NAME, MYSQL_NAME, or what the file MARIADB_NAME_FILE holds.
setting() {
  local new=MARIADB_$1 old=MYSQL_$1 file=MARIADB_${1}_FILE
  if [ -n "${!file:-}" ]; then cat "${!file}"; else printf %s "${!new:-${!old:-}}"; fi
}

if [ "$(id -u)" = 0 ]; then
  mkdir -p /run/mysqld
  chown mysql /run/mysqld
  find "$data" ! -user mysql -exec chown mysql:mysql {} +
  exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
fi

password=$(setting ROOT_PASSWORD)
client() { mariadb --protocol=socket --user=root ${1:+--password="$1"}; }

# begin [PASSWORD]: a server for this script alone.
begin() {
  mariadbd --skip-networking >/tmp/begin.log 2>&1 &
  server=$!
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    client "${1:-}" <<<'SELECT 1' >/dev/null 2>&1 && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat /tmp/begin.log >&2
  exit 1
}
end() { kill "$server"; wait "$server" || :; }

if [ ! -d "$data/mysql" ]; then
  [ -n "$password$(setting ALLOW_EMPTY_ROOT_PASSWORD)" ] || { echo 'error: no root password is given' >&2; exit 1; }
  mariadb-install-db --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >/dev/null
  begin
  {
    echo "ALTER USER root@localhost IDENTIFIED BY '$password';"
    echo "CREATE USER root@'%' IDENTIFIED BY '$password'; GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;"
    database=$(setting DATABASE) user=$(setting USER)
    [ -z "$database" ] || echo "CREATE DATABASE \`$database\`;"
    [ -z "$user" ] || echo "CREATE USER '$user'@'%' IDENTIFIED BY '$(setting PASSWORD)'; GRANT ALL ON \`$database\`.* TO '$user'@'%';"
  } | client
  for script in /docker-entrypoint-initdb.d/*.sql; do
    [ ! -f "$script" ] || { echo "USE \`$(setting DATABASE)\`;"; cat "$script"; } | client "$password"
  done
  end
elif [ -n "${MARIADB_AUTO_UPGRADE:-}" ]; then
  begin "$password"
  mariadb-upgrade --user=root ${password:+--password="$password"}
  end
fi
exec "$@"

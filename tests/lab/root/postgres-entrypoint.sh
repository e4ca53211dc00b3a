#!/bin/bash
# Behaves as the official image's entry point does, as far as an upgrade can tell: as root
# it takes over PGDATA and steps down; an empty PGDATA is filled by initdb, and a server
# that listens on its socket only makes POSTGRES_DB and runs /docker-entrypoint-initdb.d;
# then the real server takes the place of this script.
set -Eeuo pipefail

[ "${1:0:1}" != - ] || set -- postgres "$@"
[ "$1" = postgres ] || exec "$@"

die() { printf 'Error: %s\n' "$*" >&2; exit 1; }

# from_file NAME: the value of NAME, or the contents of the file that NAME_FILE names.
from_file() {
  local file=${1}_FILE
  [ -n "${!file:-}" ] || return 0
  [ -z "${!1:-}" ] || die "both $1 and $file are set"
  export "$1=$(<"${!file}")"
}
for name in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS; do from_file "$name"; done
user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
method=${POSTGRES_HOST_AUTH_METHOD:-} password=${POSTGRES_PASSWORD:-}

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /run/postgresql
  chmod 700 "$PGDATA"
  find "$PGDATA" /run/postgresql ! -user postgres -exec chown postgres {} +
  exec setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/var/lib/postgresql "$0" "$@"
fi

# From 18 on the data has moved; a cluster in the old place would be overlooked.
refuse_overlooked() {
  [ "$PG_MAJOR" -ge 18 ] || return 0
  local place
  for place in /var/lib/postgresql /var/lib/postgresql/data /var/lib/postgresql/*/docker; do
    [ ! -s "$place/PG_VERSION" ] || die "in 18+, data is kept in $PGDATA; there is PostgreSQL data in $place"
  done
  ! mountpoint -q /var/lib/postgresql/data || die "in 18+, nothing is kept in /var/lib/postgresql/data (unused mount)"
}

run_scripts() {
  local script sql=(psql -v ON_ERROR_STOP=1 -X --username "$user" --dbname "$database")
  # shellcheck disable=SC1090
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
      *.sql) "${sql[@]}" --file "$script" ;;
      *.sql.gz) gunzip -c "$script" | "${sql[@]}" ;;
    esac
  done
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  [ -n "$password" ] || [ "$method" = trust ] || die 'no superuser password is given; set POSTGRES_PASSWORD'
  refuse_overlooked
  eval "initdb --username=\"\$user\" --pwfile=<(printf '%s\n' \"\$password\") ${POSTGRES_INITDB_ARGS:-}"
  printf '\nhost all all all %s\n' "${method:-$(postgres -C password_encryption)}" >>"$PGDATA/pg_hba.conf"
  export PGPASSWORD=$password PGUSER=$user
  pg_ctl -w -o "-c listen_addresses=''" start
  if [ "$database" != postgres ]; then
    psql -v ON_ERROR_STOP=1 -X --dbname postgres --set db="$database" <<<'CREATE DATABASE :"db"'
  fi
  run_scripts
  pg_ctl -m fast -w stop
  unset PGPASSWORD PGUSER
fi
exec "$@"

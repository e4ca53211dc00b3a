#!/bin/sh
# As the official image: as root it takes over the folder and steps down.
set -eu
case $1 in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . ! -user redis -exec chown redis {} +
  exec setpriv --reuid=redis --regid=redis --init-groups "$@"
fi
exec "$@"

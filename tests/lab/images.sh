# Real images with no registry, from Debian's packages; sourced by `up`.
# shellcheck shell=bash disable=SC2154

lab=${BASH_SOURCE[0]%/*}
every_image='shell:1 web:1 postgres:13 postgres:15 postgres:17 postgres:18 redis:7 mariadb:10.11 etcd:3.4 etcd:3.5'

have_image() { docker image inspect "$1" >/dev/null 2>&1; }

# missing_parts IMAGE...: what `up` would have to see to, in one line.
missing_parts() {
  engine_answers || { echo 'a Docker engine'; return; }
  docker compose version >/dev/null 2>&1 || echo 'Compose v2'
  local image
  for image; do have_image "$image" || echo "$image"; done
}

# The Debian release whose packages make the image.
suite_of() {
  case $1 in
    postgres:13) echo bullseye ;;
    postgres:15 | redis:7 | mariadb:10.11 | etcd:3.4) echo bookworm ;;
    postgres:17 | etcd:3.5) echo trixie ;;
    postgres:18) echo sid ;;
    *) return 1 ;;
  esac
}

# make_image NAME:TAG: does nothing where the engine has an image of this name.
make_image() {
  have_image "$1" && return 0
  local start=$SECONDS
  case " $every_image " in *" $1 "*) ;; *) fail "no way to make \`$1\`; known: $every_image" ;; esac
  say "making $1"
  "make_${1%%:*}" "$1"
  say "made $1 in $((SECONDS - start)) s"
}

make_shell() {
  local root=$lab_cache/work/shell
  busybox_root "$root"
  import "$root" "$1" SIGTERM 'CMD ["sh"]'
}

make_web() {
  local root=$lab_cache/work/web
  busybox_root "$root"
  mkdir "$root/www"
  echo 'it works' >"$root/www/index.html"
  import "$root" "$1" SIGTERM 'CMD ["httpd", "-f", "-v", "-p", "80", "-h", "/www"]' 'EXPOSE 80'
}

make_postgres() {
  local major=${1#*:} root=$lab_cache/work/$1 name
  local data=/var/lib/postgresql/data volume=/var/lib/postgresql/data
  # 18 moved both.
  [ "$major" -lt 18 ] || { data=/var/lib/postgresql/$major/docker volume=/var/lib/postgresql; }
  debian_root "$root" "$1" postgres /var/lib/postgresql "postgresql-$major" locales
  for name in en_US de_DE sv_SE cs_CZ; do
    chroot "$root" localedef -i "$name" -f UTF-8 "$name.UTF-8"
  done
  echo "listen_addresses = '*'" >>"$root/usr/share/postgresql/$major/postgresql.conf.sample"
  # Debian's wrappers look for clusters of Debian's own making.
  find "$root/usr/bin" -lname '*/pg_wrapper' -delete
  rm -rf "$root/var/lib/postgresql" "$root"/usr/lib/postgresql/*/lib/{bitcode,llvmjit*} "$root"/usr/lib/*/libLLVM*
  install -d -o 999 -g 999 -m 1777 "$root/var/lib/postgresql" "$root$volume"
  install -d -o 999 -g 999 -m 3777 "$root/run/postgresql"
  mkdir "$root/docker-entrypoint-initdb.d"
  import "$root" "$1" SIGINT "ENV PG_MAJOR=$major" "ENV PGDATA=$data" 'ENV LANG=en_US.utf8' \
    "ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/usr/lib/postgresql/$major/bin" \
    "VOLUME $volume" 'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["postgres"]' 'EXPOSE 5432'
}

make_redis() {
  local root=$lab_cache/work/$1
  debian_root "$root" "$1" redis /data redis-server
  install -d -o 999 -g 999 "$root/data"
  import "$root" "$1" SIGTERM 'WORKDIR /data' 'VOLUME /data' 'ENTRYPOINT ["docker-entrypoint.sh"]' \
    'CMD ["redis-server", "--protected-mode", "no"]' 'EXPOSE 6379'
}

make_mariadb() {
  local root=$lab_cache/work/$1
  debian_root "$root" "$1" mysql /var/lib/mysql mariadb-server-core mariadb-client
  rm -rf "$root/var/lib/mysql" "$root/usr/share/mysql/test"
  install -d -o 999 -g 999 "$root/var/lib/mysql" "$root/run/mysqld"
  mkdir -p "$root/etc/mysql/conf.d" "$root/docker-entrypoint-initdb.d"
  rm -f "$root/etc/mysql/my.cnf" "$root/etc/mysql/mariadb.cnf"
  printf '[mysqld]\nbind-address=*\nskip-name-resolve\n!includedir /etc/mysql/conf.d/\n' >"$root/etc/mysql/my.cnf"
  import "$root" "$1" SIGTERM 'VOLUME /var/lib/mysql' 'ENTRYPOINT ["docker-entrypoint.sh"]' \
    'CMD ["mariadbd"]' 'EXPOSE 3306'
}

make_etcd() {
  local root=$lab_cache/work/$1
  debian_root "$root" "$1" '' '' etcd-server etcd-client
  import "$root" "$1" SIGTERM 'ENV ETCDCTL_API=3' 'VOLUME /etcd-data' 'EXPOSE 2379' \
    'CMD ["etcd", "--data-dir=/etcd-data", "--listen-client-urls=http://0.0.0.0:2379", "--advertise-client-urls=http://0.0.0.0:2379"]'
}

# busybox_root DIR: a root of one static program under all of its names.
busybox_root() {
  local root=$1 busybox applet
  apt_install busybox-static
  busybox=$(command -v busybox)
  rm -rf "$root"
  mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp,var}
  chmod 1777 "$root/tmp"
  cp "$busybox" "$root/bin/busybox"
  for applet in $("$busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
}

# debian_root DIR IMAGE USER HOME PACKAGE...: a small Debian with the packages, the user
# with id 999 (no user where it is empty) and the image's entry point, if it has one.
debian_root() {
  local root=$1 image=$2 user=$3 home=$4 suite entry
  suite=$(suite_of "$image")
  shift 4
  apt_install debootstrap
  base_system "$suite"
  leave_root "$root"
  rm -rf "$root"
  mkdir -p "$root" "$lab_cache/packages-$suite/partial"
  tar -C "$root" -xf "$lab_cache/base-$suite.tar"
  [ -z "$user" ] || {
    chroot "$root" groupadd --system --gid 999 "$user"
    chroot "$root" useradd --system --gid "$user" --uid 999 --home-dir "$home" --shell /bin/bash "$user"
  }
  enter_root "$root" "$suite"
  # shellcheck disable=SC2317  # called by `quietly`
  in_root() { DEBIAN_FRONTEND=noninteractive chroot "$root" "${apt[@]}" "$@"; }
  quietly "$lab_cache/log/$image-update.log" in_root update
  quietly "$lab_cache/log/$image-install.log" in_root install --no-install-recommends "$@"
  leave_root "$root"
  slim "$root"
  entry=$lab/root/${image%%:*}-entrypoint.sh
  [ ! -f "$entry" ] || install -m 755 "$entry" "$root/usr/local/bin/docker-entrypoint.sh"
}

# base_system SUITE: debootstrap's work, kept as one archive.
base_system() {
  local suite=$1 root=$lab_cache/work/base-$1 archive=$lab_cache/base-$1.tar mirror
  [ ! -s "$archive" ] || return 0
  mirror=$(debian_mirror)
  rm -rf "$root"
  # shellcheck disable=SC2086  # no mirror, no argument
  quietly "$lab_cache/log/debootstrap-$suite.log" debootstrap --variant=minbase "$suite" "$root" $mirror
  tar -C "$root" --exclude='./var/cache/apt/archives/*.deb' --exclude='./dev/*' -cf "$archive.part" .
  mv "$archive.part" "$archive"
  rm -rf "$root"
}

# enter_root DIR SUITE: what installing packages in there needs. No service is started, and
# packages that were downloaded before are found again.
enter_root() {
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
  chmod 755 "$1/usr/sbin/policy-rc.d"
  mkdir -p "$1/etc/postgresql-common"
  echo 'create_main_cluster = false' >"$1/etc/postgresql-common/createcluster.conf"
  cp /etc/resolv.conf "$1/etc/resolv.conf"
  mount --bind "$lab_cache/packages-$2" "$1/var/cache/apt/archives"
  mount -t proc proc "$1/proc"
}

leave_root() {
  umount --lazy "$1/proc" 2>/dev/null || :
  umount --lazy "$1/var/cache/apt/archives" 2>/dev/null || :
}

# slim DIR: takes away what no server reads.
slim() {
  rm -rf "$1"/usr/sbin/policy-rc.d "$1"/etc/resolv.conf "$1"/usr/share/{doc,man,info,lintian,bug} \
    "$1"/var/cache/* "$1"/var/log/* "$1"/var/lib/apt/lists/* "$1"/tmp/*
}

# import DIR IMAGE STOP-SIGNAL INSTRUCTION...: makes the image and removes the folder.
# `docker import` takes every instruction but STOPSIGNAL, which a container brings in.
import() {
  local root=$1 image=$2 signal=$3 changes=() line container
  shift 3
  for line; do changes+=(--change "$line"); done
  tar -C "$root" --numeric-owner -c . |
    docker import "${changes[@]}" --change 'LABEL transship-lab=1' - "$image-unfinished" >/dev/null
  container=$(docker create --stop-signal "$signal" "$image-unfinished")
  docker commit "$container" "$image" >/dev/null
  docker rm --volumes "$container" >/dev/null
  docker rmi "$image-unfinished" >/dev/null
  rm -rf "$root"
}

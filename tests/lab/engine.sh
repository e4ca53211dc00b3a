# A Docker engine and Compose v2; sourced by `up`.
# shellcheck shell=bash disable=SC2154

engine_answers() { docker info >/dev/null 2>&1; }

# The programs, from Debian's (or Ubuntu's) own packages.
install_engine() {
  have dockerd || apt_install docker.io iptables ca-certificates
  have docker || apt_install docker-cli
}

# Compose v2 as the plugin that `docker compose` looks for. Debian 12 has only v1, so
# the package of the newest Debian is taken, without letting that touch anything else here.
install_compose() {
  docker compose version >/dev/null 2>&1 && return 0
  local plugins=$HOME/.docker/cli-plugins suite
  if apt-cache show docker-compose-v2 >/dev/null 2>&1; then
    apt_install docker-compose-v2
    return 0
  fi
  mkdir -p "$plugins"
  for suite in sid trixie; do
    say "fetching Compose v2 from Debian $suite"
    compose_from "$suite" || continue
    install -m 755 "$lab_cache/compose-$suite/docker-compose" "$plugins/"
    docker compose version >/dev/null 2>&1 && return 0
    rm "$plugins/docker-compose"
  done
  fail 'no Compose v2 to be had from this mirror'
}

# compose_from SUITE: puts the program into the cache, with an apt of its own.
compose_from() {
  local suite=$1 home=$lab_cache/compose-$1 mirror found
  [ ! -x "$home/docker-compose" ] || return 0
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || return 1
  mkdir -p "$home"/{lists,cache,unpacked}/partial
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$home/sources.list"
  local own=("${apt[@]}" --option Dir::Etc::SourceList="$home/sources.list"
    --option Dir::Etc::SourceParts=- --option Dir::Etc::Preferences=- --option Dir::Etc::PreferencesParts=-
    --option Dir::State::Lists="$home/lists" --option Dir::State::Status=/dev/null
    --option Dir::Cache="$home/cache" --option APT::Sandbox::User=root)
  "${own[@]}" update >"$home/log" 2>&1 || return 1
  (cd "$home" && "${own[@]}" download docker-compose >>log 2>&1) || return 1
  dpkg-deb --extract "$home"/docker-compose_*.deb "$home/unpacked" || return 1
  found=$(find "$home/unpacked" -type f -name docker-compose -perm -u+x -size +1M -print -quit)
  [ -n "$found" ] || return 1
  mv "$found" "$home/docker-compose"
  rm -rf "$home"/{lists,cache,unpacked,*.deb}
}

# Starts an engine where none answers. It keeps its data and its pid in the cache.
start_engine() {
  engine_answers && return 0
  [ -z "${DOCKER_HOST:-}" ] || fail "no engine answers at DOCKER_HOST ($DOCKER_HOST); unset it to get one here"
  local home=$lab_cache/engine tries
  mkdir -p "$home"
  rm -f "$home/pid"
  say 'starting a Docker engine'
  # Descriptor 9 is the lock of `up`, which must not outlive it.
  setsid dockerd --data-root "$home/data" --exec-root "$home/exec" --pidfile "$home/pid" \
    </dev/null >"$home/log" 2>&1 9>&- &
  for ((tries = 0; tries < 150; tries++)); do
    engine_answers && return 0
    kill -0 $! 2>/dev/null || break
    sleep 0.2
  done
  tail -n 20 "$home/log" >&2
  fail "the engine doesn't answer (all that it said: $home/log)"
}

# Shared by the lab's scripts and scripts/test; sourced, never run.
# shellcheck shell=bash

export LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin:/sbin"

# Everything that the lab keeps: downloaded packages, base systems, its engine's data.
lab_cache=${TRANSSHIP_LAB:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/transship-lab}

say() { printf 'lab: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null; }

# quietly LOG COMMAND...: the command's output goes to LOG, and is shown when it fails.
quietly() {
  local log=$1
  shift
  "$@" </dev/null >"$log" 2>&1 9>&- || { tail -n 20 "$log" >&2; fail "failed: $* (all of it: $log)"; }
}

# The apt options for every call: the mirror may be a frozen copy, out of its date.
apt=(apt-get --quiet --yes --option Acquire::Check-Valid-Until=false --option Dpkg::Use-Pty=0)

# apt_install PACKAGE...: installs those that are missing, and upgrades nothing.
apt_install() {
  local wanted=() package
  for package; do
    dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null |
      grep -qx installed || wanted+=("$package")
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  say "installing ${wanted[*]}"
  export DEBIAN_FRONTEND=noninteractive
  mkdir -p "$lab_cache/log"
  quietly "$lab_cache/log/apt-update.log" "${apt[@]}" update
  quietly "$lab_cache/log/apt-install.log" "${apt[@]}" install --no-install-recommends --no-upgrade "${wanted[@]}"
}

# The address of the Debian mirror that this machine's own apt uses; nothing where there is
# none, and debootstrap's own choice is taken.
debian_mirror() {
  # shellcheck disable=SC1091
  local ID='' VERSION_CODENAME='' && . /etc/os-release
  [ "$ID" = debian ] || return 0
  # The fields are apt's own words.
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v suite="$VERSION_CODENAME" '$1 == suite && $2 == "main" { print $3; exit }'
}

# A stand-in for `docker`: keeps volumes in $state, and misbehaves as $state/fault says, in
# lines: the first two words of a call to spoil, and how. Run as `sh docker.sh STATE ...`.
state=$1
shift
echo "$*" >>"$state/calls"

fault=
if [ -f "$state/fault" ]; then
  while read -r first second how; do
    [ "$first $second" != "$1 $2" ] || fault=$how
  done <"$state/fault"
fi

case $fault in
  exit1) echo 'error during connect: EOF' >&2; exit 1 ;;
  silent1) exit 1 ;;
  full) echo 'Error response from daemon: mkdir: no space left on device' >&2; exit 1 ;;
  hangs) sleep 60 ;;
  killed) kill -9 $$ ;;
  garbage) echo '{"Name": "v1", '; exit 0 ;;
  html) echo '<html>502 Bad Gateway</html>'; exit 0 ;;
  wrong-type) echo '[1, "two"]'; exit 0 ;;
  empty) exit 0 ;;
  endless) yes '{"Name":"x"}' ;;
esac

# volume_json NAME
volume_json() {
  printf '{"Name":"%s","Driver":"%s","Mountpoint":"%s","Options":%s,"Labels":{%s}}\n' \
    "$1" "$(cat "$state/driver" 2>/dev/null || echo local)" "$state/data/$1" \
    "$(cat "$state/options" 2>/dev/null || echo null)" "$(cat "$state/volumes/$1")"
}

say() { printf '%s\n' "$1"; }

# A helper container, asked on its standard input: hello, the work, an answer. It has only
# seconds to live where it is to hang, since nobody can remove it.
helper() {
  read -r request || :
  version=2
  [ "$fault" != other-version ] || version=3
  say "{\"is\":\"hello\",\"format\":\"transship-helper\",\"version\":$version}"
  [ "$fault" != nonsense-inside ] || say 'Segmentation fault'
  case $request in
    *'"do":"holds"'*)
      holds=nothing
      [ -z "$(ls -A "$state/data/v1_data")" ] || holds=something
      say "{\"is\":\"done\",\"answer\":{\"holds\":\"$holds\"}}"
      ;;
    *'"do":"copy"'*)
      mkdir -p "$state/data/v2_data/.transship-part"
      case $fault in
        hangs-inside) exec sleep 20 ;;
        dies-inside) kill -9 $$ ;;
        full-inside)
          rmdir "$state/data/v2_data/.transship-part"
          say '{"is":"failed","kind":"failed","message":"can'"'"'t write `/volumes/v2_data/x`","causes":["No space left on device (os error 28)"],"hints":["free some space on the target'"'"'s filesystem"]}'
          exit 4
          ;;
      esac
      cp -a "$state/data/v1_data/." "$state/data/v2_data/"
      rmdir "$state/data/v2_data/.transship-part"
      [ "$fault" != copied-then-killed ] || kill -9 $$
      case $fault in
        other-answer-then) say '{"is":"done","answer":"cleared"}' ;;
        *) say '{"is":"done","answer":{"copied":{"counts":{"files":1,"directories":1,"others":0,"bytes":9,"allocated":4096},"problems":[],"left_out":0}}}' ;;
      esac
      [ "$fault" != answered-then-exit1 ] || exit 1
      ;;
  esac
}

case "$1 $2" in
  'import --change')
    layer=$(sha256sum | cut -d' ' -f1)
    while [ $# -gt 1 ]; do shift; done
    [ "$fault" = lies ] || printf '%s %s\n' "${1#*:}" "$layer" >"$state/image"
    echo sha256:1
    ;;
  'image inspect')
    [ -f "$state/image" ] || { echo 'No such image' >&2; exit 1; }
    read -r tag layer <"$state/image"
    printf '{"Id":"sha256:1","RootFS":{"Type":"layers","Layers":["sha256:%s"]}}\n' "$layer"
    ;;
  'image ls')
    # Those of other runs.
    [ ! -f "$state/images" ] || printf '{"Tag":"%s"}\n' "$(cat "$state/images")"
    [ -f "$state/image" ] || exit 0
    read -r tag layer <"$state/image"
    printf '{"Repository":"transship-helper","Tag":"%s"}\n' "$tag"
    ;;
  'image rm') ;;
  'run --rm') [ -f "$state/image" ] || exit 125; : >"$state/running"; helper; rm -f "$state/running" ;;
  'rm --force') [ "$fault" = exit1 ] || rm -f "$state/running" ;;
  'info --format')
    printf '{"ServerVersion":"1.0","Name":"%s","DockerRootDir":"%s","Architecture":"x86_64","ClientInfo":{"Context":"default"},"SecurityOptions":%s}\n' \
      "$(cat "$state/host" 2>/dev/null || uname -n)" "$state" \
      "$(cat "$state/security" 2>/dev/null || echo '["name=seccomp"]')"
    ;;
  'context inspect') printf '"%s"\n' "$(cat "$state/endpoint" 2>/dev/null || echo unix:///var/run/docker.sock)" ;;
  'volume ls') for file in "$state"/volumes/*; do [ ! -f "$file" ] || printf '{"Name":"%s"}\n' "${file##*/}"; done ;;
  'volume inspect')
    shift 4
    for name; do
      [ "$fault $name" != 'vanishes v2_data' ] || rm -f "$state/volumes/$name"
      [ -f "$state/volumes/$name" ] || { echo "Error: No such volume: $name" >&2; exit 1; }
      [ "$fault" != another ] || { volume_json another; continue; }
      volume_json "$name"
    done
    ;;
  'volume create')
    shift 2
    labels=
    while [ $# -gt 1 ]; do
      case $1 in
        --label) labels="$labels${labels:+,}\"${2%%=*}\":\"${2#*=}\"" ;;
      esac
      shift 2
    done
    [ "$fault" != other-labels ] || labels='"com.docker.compose.project":"stranger"'
    [ "$fault" != lies ] || { echo "$1"; exit 0; }
    printf %s "$labels" >"$state/volumes/$1"
    mkdir -p "$state/data/$1"
    [ "$fault" != done-then-killed ] || kill -9 $$
    [ "$fault" != done-then-exit1 ] || { echo 'unexpected EOF' >&2; exit 1; }
    echo "$1"
    ;;
  'volume rm')
    [ "$fault" != lies ] || { echo "$3"; exit 0; }
    rm -r "$state/volumes/$3" "$state/data/$3"
    [ "$fault" != done-then-killed ] || kill -9 $$
    echo "$3"
    ;;
  'ps --all')
    # Of one name: a helper's container, as far as it is there.
    case "$*" in *name=*) [ ! -f "$state/running" ] || echo 0123456789ab; exit 0 ;; *label=transship-helper*) exit 0 ;; esac
    cat "$state/ps" 2>/dev/null || : ;;
  'container inspect') cat "$state/containers" ;;
  'compose version') printf '{"version":"%s"}\n' "$(cat "$state/compose-version" 2>/dev/null || echo 2.40.3)" ;;
  'compose -p') ;;
  *) echo "docker.sh: unknown call: $*" >&2; exit 2 ;;
esac

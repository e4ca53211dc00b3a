//! Redis: forwards; Valkey reads what was written before 7.4.

use super::database_recipe::{DatabaseRecipe, StreamRecipe};
use super::files_rule::{FilesRule, Fork, VersionRule};

/// The password is in a variable, or in the server's own command.
macro_rules! with_password {
    ($line:literal) => {
        concat!(
            "auth=${REDIS_PASSWORD:-$(printf '%s\n' \"${COMMAND:-}\" | sed -n '/^--requirepass$/{n;p;}')}\n",
            "[ -z \"$auth\" ] || export REDISCLI_AUTH=\"$auth\"\n",
            $line
        )
    };
}

/// A digest of all keys of all databases: of each its name, type and value, whatever order they come in,
/// and whether it expires. `DEBUG DIGEST` is off by default since 7.
const DIGEST: &str = with_password!(
    r#"
script='local found, cursor = {}, "0"
repeat
  local page = redis.call("SCAN", cursor, "COUNT", 1000); cursor = page[1]
  for _, key in ipairs(page[2]) do
    local kind, value = redis.call("TYPE", key).ok, nil
    if kind == "string" then value = {redis.call("GET", key)}
    elseif kind == "list" then value = redis.call("LRANGE", key, 0, -1)
    elseif kind == "set" then value = redis.call("SMEMBERS", key); table.sort(value)
    elseif kind == "zset" then value = redis.call("ZRANGE", key, 0, -1, "WITHSCORES")
    elseif kind == "hash" then
      local flat, pairs_of = redis.call("HGETALL", key), {}
      for i = 1, #flat, 2 do pairs_of[#pairs_of + 1] = redis.sha1hex(flat[i]) .. redis.sha1hex(flat[i + 1]) end
      table.sort(pairs_of); value = pairs_of
    elseif kind == "stream" then
      value = {}
      for _, entry in ipairs(redis.call("XRANGE", key, "-", "+")) do
        value[#value + 1] = entry[1]
        for _, part in ipairs(entry[2]) do value[#value + 1] = part end
      end
    else value = {"unknown kind"} end
    local sums = {}
    for i, part in ipairs(value) do sums[i] = redis.sha1hex(part) end
    local expires = redis.call("PTTL", key) >= 0 and "expires" or "stays"
    found[redis.sha1hex(key .. "/" .. kind .. "/" .. expires .. "/" .. table.concat(sums))] = true
  end
until cursor == "0"
local all = {}
for sum in pairs(found) do all[#all + 1] = sum end
table.sort(all)
return #all .. " " .. redis.sha1hex(table.concat(all))'
for db in $(redis-cli info keyspace | sed -n 's/^db\([0-9]*\):.*/\1/p'); do
  echo "$db $(redis-cli -n "$db" eval "$script" 0)"
done"#
);

/// By a file: to standard output `redis-cli` 7 adds the 40 bytes that mark the end between servers.
const DUMP: &str =
    with_password!(r#"set -e; f=$(mktemp); redis-cli --rdb "$f" >&2; cat "$f"; rm "$f""#);

/// A server with an append-only log reads that and no lone dump, so the dump becomes the log's base
/// (`src/aof.c`, from 7); one that is to end must not save over it.
const LOAD: &str = with_password!(
    r#"set -e
setting() { redis-cli config get "$1" | sed -n 2p; }
[ "$(redis-cli info keyspace | grep -c ^db)" = 0 ] || { echo 'it has keys' >&2; exit 1; }
cd "$(setting dir)"; log=$(setting appendonly); folder=$(setting appenddirname)
cat >transship.rdb
redis-cli config set save '' >/dev/null
if [ "$log" = yes ]; then
  [ -n "$folder" ] || { echo 'before 7 a dump has no place in an append-only log' >&2; exit 1; }
  name=$(setting appendfilename); redis-cli config set appendonly no >/dev/null
  rm -rf "$folder"; mkdir "$folder"; mv transship.rdb "$folder/$name.1.base.rdb"
  echo "file $name.1.base.rdb seq 1 type b" >"$folder/$name.manifest"
  [ "$(id -u)" != 0 ] || chown -R --reference=. "$folder"
else
  name=$(setting dbfilename); mv transship.rdb "$name"
  [ "$(id -u)" != 0 ] || chown --reference=. "$name"
fi"#
);

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "redis",
    title: "Redis",
    files: FilesRule {
        versions: VersionRule::Forwards,
        heeds_c_library: false,
        needs_clean: false,
        forks: &[Fork {
            image: "valkey",
            // Valkey's `src/rdb.h`: 12 to 79 are foreign, and refused.
            most_format: 11,
            before: (7, 4),
        }],
        first: None,
        afterwards: None,
    },
    stream: Some(StreamRecipe {
        ready: with_password!("redis-cli ping | grep -q PONG"),
        dump: DUMP,
        load: LOAD,
        restarts: true,
        idle: false,
        compare: Some(DIGEST),
        // A dump ends with 255 and a checksum; what was cut its own server would refuse.
        ends_with: None,
        leaves: Some(
            "functions' and scripts' caches, accounts of `ACL` that aren't in its configuration",
        ),
    }),
};

//! etcd: one minor at a time; a snapshot moves it.

use super::database_recipe::{DatabaseRecipe, StreamRecipe};
use super::files_rule::{FilesRule, VersionRule};

pub(crate) const RECIPE: DatabaseRecipe = DatabaseRecipe {
    name: "etcd",
    title: "etcd",
    files: FilesRule {
        versions: VersionRule::OneMinor,
        heeds_c_library: false,
        needs_clean: false,
        forks: &[],
        first: None,
        afterwards: None,
    },
    stream: Some(StreamRecipe {
        ready: "export ETCDCTL_API=3; etcdctl endpoint health >/dev/null 2>&1",
        // It ends with its own SHA-256, which `restore` holds it against.
        dump: "set -e; export ETCDCTL_API=3; f=$(mktemp -u); etcdctl snapshot save \"$f\" >&2; cat \"$f\"; rm \"$f\"",
        load: "set -e; export ETCDCTL_API=3
            dir=${ETCD_DATA_DIR:-$(tr '\\0' '\\n' </proc/1/cmdline | sed -n 's/^--data-dir=//p')}; [ -d \"$dir/member\" ]
            [ -z \"$(etcdctl get '' --from-key --keys-only --limit=1)\" ] || { echo 'it has keys' >&2; exit 1; }
            rm -rf \"$dir/transship\"; cat >\"$dir/transship.db\"
            tool=etcdutl; command -v etcdutl >/dev/null || tool=etcdctl
            name=${ETCD_NAME:-default}; peer=${ETCD_INITIAL_ADVERTISE_PEER_URLS:-http://localhost:2380}
            $tool snapshot restore \"$dir/transship.db\" --data-dir \"$dir/transship\" --name \"$name\" --initial-cluster \"${ETCD_INITIAL_CLUSTER:-$name=$peer}\" --initial-advertise-peer-urls \"$peer\" >&2
            rm -rf \"$dir/member\" \"$dir/transship.db\"; mv \"$dir/transship/member\" \"$dir/member\"; rm -rf \"$dir/transship\"",
        restarts: true,
        idle: false,
        compare: Some("export ETCDCTL_API=3; etcdctl get '' --from-key --write-out=simple | sha256sum; etcdctl get '' --from-key --keys-only | grep -c . || :"),
        ends_with: None,
        leaves: Some("the members of a cluster but for this one, accounts' tokens"),
    }),
};

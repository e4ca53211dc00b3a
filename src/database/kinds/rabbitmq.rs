//! RabbitMQ: a node's folder, named after the node.

use super::database_kind::{DatabaseKind, Owns};
use crate::database::files::{DataFolder, Seen};
use crate::database::{Database, Known, ShutdownState};

pub(crate) const KIND: DatabaseKind = DatabaseKind {
    name: "rabbitmq",
    title: "RabbitMQ",
    marks: &[
        &["schema.DAT", "rabbit_serial"],
        &["msg_stores", "coordination"],
        &["schema.DAT", "msg_stores"],
    ],
    tells: "node and host that it belongs to, feature flags, how it was left",
    owns: Owns::Everything,
    read,
};

const STORES: &str = "msg_stores/vhosts";

fn read(folder: &DataFolder<'_>) -> Vec<Database> {
    let mut found = KIND.database(folder);
    // Its files don't tell which version wrote them.
    found.version = Known::Unknown;
    let node = found
        .place
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    if let Some((_, host)) = node.split_once('@') {
        found.hint(format!(
            "the container's `hostname` has to stay `{host}`: with another one the broker starts \
             empty, and says nothing"
        ));
        found.system_identifier = Known::Is(node);
    } else {
        found.system_identifier = Known::Unknown;
        found.hint("the volume is the node's own folder, so that its files don't tell its host");
    }
    let (state, because) = left(folder);
    found.state(state, because);
    match folder.text_beside("-feature_flags") {
        Seen::Is(text) => found.detail("feature flags", Some(flags(&text).join(" "))),
        other => found.detail(
            "feature flags",
            Some(format!("unknown: {}", other.why("-feature_flags"))),
        ),
    }
    found.hint(
        "enable all feature flags on the old version first: `rabbitmqctl enable_feature_flag all`",
    );
    vec![found]
}

/// Every message store has `clean.dot` while nothing has it open, as seen with 3.10.
fn left(folder: &DataFolder<'_>) -> (ShutdownState, String) {
    if folder.has_beside(".pid") {
        return (
            ShutdownState::Unclean,
            "the node's `.pid` file is there: it runs, or was killed".to_owned(),
        );
    }
    let vhosts = match folder.names_in(STORES) {
        Seen::Is(names) if names.complete => names,
        Seen::Is(_) => {
            return (
                ShutdownState::Unknown,
                format!("`{STORES}` has too many entries to list"),
            );
        }
        other => return (ShutdownState::Unknown, other.why(STORES)),
    };
    let mut stores = 0;
    for vhost in vhosts
        .iter()
        .filter_map(|name| std::str::from_utf8(name).ok())
    {
        for store in ["msg_store_persistent", "msg_store_transient"] {
            let path = format!("{STORES}/{vhost}/{store}");
            if matches!(folder.look(&path), Seen::Absent) {
                continue;
            }
            match folder.look(&format!("{path}/clean.dot")) {
                Seen::Is(_) => stores += 1,
                Seen::Absent => {
                    let because = "a message store has no `clean.dot`: it runs, or was killed";
                    return (ShutdownState::Unclean, because.to_owned());
                }
                other => return (ShutdownState::Unknown, other.why("clean.dot")),
            }
        }
    }
    match stores {
        0 => (
            ShutdownState::Unknown,
            "there is no message store, which tells how it was left".to_owned(),
        ),
        _ => (
            ShutdownState::Clean,
            "every message store has its `clean.dot`".to_owned(),
        ),
    }
}

/// The names in an Erlang list of atoms.
fn flags(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let names = text
        .split(|c| !is_part(c))
        .map(|name| name.trim_matches('.'));
    names.filter(|name| !name.is_empty()).take(256).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{InMemory, inspect_files};

    const NODE: &str = "mnesia/rabbit@mq";
    const STORE: &str =
        "mnesia/rabbit@mq/msg_stores/vhosts/628WB79CIFDYO9LJI6DKMI09L/msg_store_persistent";

    fn node() -> InMemory {
        // As rabbitmq-server 3.10.8 left it.
        InMemory::default()
            .file(&format!("{NODE}/schema.DAT"), "x")
            .file(&format!("{NODE}/rabbit_serial"), "1.")
            .file(
                &format!("{NODE}-feature_flags"),
                "[classic_mirrored_queue_version,\n stream_queue].\n",
            )
            .file(&format!("{STORE}/0.rdq"), "")
    }

    fn only(files: &InMemory) -> Database {
        let mut databases = inspect_files(files).databases;
        assert_eq!(databases.len(), 1, "{databases:?}");
        databases.remove(0)
    }

    #[test]
    fn the_host_and_the_flags_are_told() {
        let found = only(&node());
        assert_eq!(found.place, NODE);
        assert_eq!(found.system_identifier, Known::Is("rabbit@mq".to_owned()));
        assert!(found.hints[0].contains("`mq`"));
        assert_eq!(
            found.details["feature flags"],
            "classic_mirrored_queue_version stream_queue"
        );
    }

    #[test]
    fn the_stores_tell_how_it_was_left() {
        assert_eq!(only(&node()).state, ShutdownState::Unclean);
        let clean = node().file(&format!("{STORE}/clean.dot"), "x");
        assert_eq!(only(&clean).state, ShutdownState::Clean);
        let running = clean.file(&format!("{NODE}.pid"), "1");
        assert_eq!(only(&running).state, ShutdownState::Unclean);
        let bare = InMemory::default()
            .file("schema.DAT", "x")
            .file("rabbit_serial", "1.");
        let found = only(&bare);
        assert_eq!(
            (found.state, found.system_identifier),
            (ShutdownState::Unknown, Known::Unknown)
        );
    }
}

//! What the names of variables and options tell of their values.

/// Last parts of names of variables and options whose values are hosts.
pub(super) const HOST_WORDS: [&str; 20] = [
    "host",
    "hostname",
    "domain",
    "server",
    "addr",
    "address",
    "url",
    "uri",
    "endpoint",
    "upstream",
    "backend",
    "broker",
    "node",
    "container",
    "proxy",
    "peer",
    "master",
    "primary",
    "cluster",
    "dsn",
];

/// Those that may stand before `name` for a host: a server's or cluster's name is its own.
pub(super) const NAMED_WORDS: [&str; 3] = ["host", "node", "container"];

/// Last parts of names of variables and options whose values are names of another kind.
const OTHER_WORDS: [&str; 4] = ["database", "dbname", "schema", "bucket"];

/// Those of values that are nobody's host, whatever they look like.
pub(super) const CREDENTIAL_WORDS: [&str; 14] = [
    "user", "username", "login", "owner", "group", "uid", "gid", "password", "passwd", "pass",
    "pwd", "secret", "token", "key",
];

/// Those of values that have a colon and a number behind a name, too: `redis:7`.
pub(super) const IMAGE_WORDS: [&str; 3] = ["image", "tag", "version"];

/// The words that the name of a variable or option is made of, from the last to the first,
/// without numbers and the plural's `s`.
fn words_of(key: &str) -> impl Iterator<Item = String> {
    let parts = key.rsplit(|c: char| !c.is_ascii_alphanumeric());
    let parts = parts.map(|part| {
        let part = part.to_ascii_lowercase();
        let end = |c: char| c == 's' || c.is_ascii_digit();
        part.trim_end_matches(end).to_owned()
    });
    parts.filter(|part| !part.is_empty())
}

/// True if the name of a variable or option says that its value is one of `words`: it ends in
/// one, or in one of `named` and `name`. What such a word only goes before is another thing:
/// the user of a master, the path of a volume.
pub(super) fn speaks_of(key: &str, words: &[&str], named: &[&str]) -> bool {
    let mut parts = words_of(key);
    let (Some(last), before) = (parts.next(), parts.next()) else {
        return false;
    };
    let ends_in = |part: &str, words: &[&str]| {
        let mut words = words.iter();
        words.any(|word| part.ends_with(word.trim_end_matches('s')))
    };
    match last.as_str() {
        "name" => before.is_some_and(|before| ends_in(&before, named)),
        last => ends_in(last, words),
    }
}

/// True if the last word of `key` is one of `words`.
pub(super) fn ends_with_word(key: &str, words: &[&str]) -> bool {
    let last = words_of(key).next().unwrap_or_default();
    let mut words = words.iter();
    words.any(|word| word.trim_end_matches('s') == last)
}

/// True if the last word of `key` says that its value is a name of another kind.
pub(super) fn names_another_kind(key: &str) -> bool {
    ends_with_word(key, &OTHER_WORDS) || ends_with_word(key, &["db", "path"])
}

/// True if a name of another kind might be a host's, too: `DB`, `ORDERS_DB`, `PG_PATH`. What the
/// images of databases call theirs is none.
pub(super) fn may_name_a_host(key: &str) -> bool {
    const ENGINES: [&str; 12] = [
        "postgre",
        "postgresql",
        "pg",
        "mysql",
        "mariadb",
        "mongo",
        "initdb",
        "redi",
        "influxdb",
        "clickhouse",
        "db",
        "database",
    ];
    let mut words = words_of(key);
    match (words.next().as_deref(), words.next()) {
        (Some("db" | "database"), before) => {
            before.is_none_or(|before| !ENGINES.contains(&before.as_str()))
        }
        (Some("path"), before) => before.is_some(),
        _ => false,
    }
}

/// True for the name of a site's domain rather than that of a host within.
pub(super) fn names_a_site(key: &str) -> bool {
    let mut words = words_of(key);
    let is_domain = words.next().is_some_and(|last| last.ends_with("domain"));
    let of = [
        "cookie", "session", "mail", "email", "smtp", "base", "root", "sso",
    ];
    is_domain
        && words
            .next()
            .is_some_and(|before| of.contains(&before.as_str()))
}

/// True for a variable that lists what is waited for or worked with.
pub(super) fn lists_peers(key: &str) -> bool {
    ends_with_word(
        key,
        &["for", "on", "service", "depend", "target", "link", "wait"],
    )
}

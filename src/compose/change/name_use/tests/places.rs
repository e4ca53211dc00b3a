//! Where plain words may be hosts, and what stands beside them.

use super::*;

/// What stands around what is surely meant, and around what may be: no value has it.
const SURE: [&str; 2] = ["‹", "›"];
const UNSURE: [&str; 2] = ["«", "»"];

#[track_caller]
fn check_word(name: &str, role: ValueRole, key: &str, expect: &str) {
    let rename = Rename::new(NamedThing::Container, "db", name.to_owned(), "x".to_owned());
    let text = expect.replace(['‹', '›', '«', '»'], "");
    let named = NamedText {
        role,
        key,
        text: &text,
        own_ports: &[],
        is_own: false,
        reaches: true,
        is_service: false,
        networks: &["proxy".to_owned()],
        hosts: KnownHosts {
            peers: &["web"],
            ..KnownHosts::default()
        },
    };
    let marked = marked_with(&named, &rename, SURE, UNSURE);
    assert_eq!(marked, expect, "{role:?} {key}");
}

#[test]
fn hosts_within_what_is_secret_are_hosts() {
    for (key, expect) in [
        ("DB_SECRET", "postgres://u:p@<shop-db>:5432/x"),
        ("OAUTH_TOKEN", "http://<shop-db>:8080/token"),
        ("AUTH_LOGIN", "http://<shop-db>/login"),
        ("JWT_KEYS", "http://<shop-db>/keys"),
        ("DB_SECRET", "host=<shop-db> user=shop-db"),
        ("AUTH_LOGIN", "[shop-db]:8080"),
        ("DB_PASSWORD", "shop-db"),
        ("DB_SECRET", "http://shop-db:x@h/"),
    ] {
        check(NamedThing::Container, key, expect);
    }
}

#[test]
fn a_plain_word_is_listed_where_a_host_may_stand() {
    let pair = |key: &str, expect: &str| check_word("redis", ValueRole::Pair, key, expect);
    for expect in [
        "«redis» postgres",
        "«redis» 5432",
        "{\"host\":\"‹redis›\",\"port\":1}",
        "{host: ‹redis›}",
        "Server=tcp:‹redis›,1433;",
        "{\"a\": [\"«redis»\"], \"b\": 1, \"c\": 2}",
        "«redis»/db",
        "[«redis»]:80",
        "{{«redis»}}",
        "«redis»\\:5432",
        "http%3A%2F%2F«redis»%3A80",
        "a&«redis»",
        "redis://‹redis›:6379",
        "redis+tls://x",
        "see the redis of the shop",
        "r/redis:7",
        "rediscover",
    ] {
        pair("X", expect);
    }
    pair("WAIT_FOR", "kafka «redis» zoo db");
    pair("DB", "«redis»");
    pair("ORDERS_DATABASE", "«redis»");
    pair("MYSQL_DATABASE", "redis");
    pair("DB_DATABASE", "redis");
    pair("PG_PATH", "«redis»");
    pair("PATH", "redis");
    pair("X_IMAGE", "redis/redis");
    let command = |expect: &str| check_word("redis", ValueRole::Command, "", expect);
    command("sh -c 'until pg_isready «redis»; do sleep 1; done; exec app'");
    command("nc -z «redis» 6379 && ping -c1 «redis»");
    command("redis-cli -h ‹redis› ping /usr/redis/x");
}

#[test]
fn a_plain_word_in_a_file_is_listed_by_what_stands_before_it() {
    let text = |expect: &str| check_word("redis", ValueRole::Text, "", expect);
    for expect in [
        "host = ‹redis›",
        "host = \"‹redis›\"",
        "{\"db\": {\"host\": \"‹redis›\", \"port\": 6379}}",
        "<?php return ['host' => '‹redis›'];",
        "replicaof «redis» 6379",
        "x «redis» 6379",
        "upstream u { server «redis»; }",
        "set $u «redis»;",
        "  \"server\": \"‹redis›\"",
        "until pg_isready -q «redis»; do",
        "'driver' => 'redis',",
        "We use redis for the queue.",
        "see redis 7",
        "import redis",
    ] {
        text(expect);
    }
}

#[test]
fn what_a_command_of_docker_s_is_given_is_a_container() {
    let text = |expect: &str| {
        check_word("redis", ValueRole::Text, "", expect);
        // Whatever services are called.
        let found = marked_for_service(expect);
        assert_eq!(found, expect);
    };
    for expect in [
        "docker exec -i ‹redis› psql < dump.sql",
        "docker exec -e A=b -u x ‹redis› redis-cli ping",
        "x=$(docker exec ‹redis› cat /redis)",
        "docker cp ‹redis›:/data ./x",
        "docker cp ./x \"‹redis›:/data\"",
        "docker stop -t 5 a ‹redis›; docker logs --tail 5 ‹redis› | grep redis",
        "/usr/bin/docker container restart ‹redis›",
        "docker network connect front ‹redis›",
        "docker compose exec redis sh",
        "docker pull redis",
        "docker run redis redis-server",
        "echo docker",
    ] {
        text(expect);
    }
    check(
        NamedThing::Network,
        "X",
        "docker network connect <shop-db> x",
    );
}

fn marked_for_service(expect: &str) -> String {
    let rename = Rename::new(
        NamedThing::Container,
        "db",
        "redis".to_owned(),
        "x".to_owned(),
    );
    let text = expect.replace(['‹', '›'], "");
    let named = NamedText {
        role: ValueRole::Text,
        key: "",
        text: &text,
        own_ports: &[],
        is_own: false,
        reaches: true,
        is_service: true,
        networks: &[],
        hosts: KnownHosts::default(),
    };
    let mut marked = text.clone();
    for found in uses(&named, &rename).into_iter().rev() {
        marked.insert(found.range.end, '›');
        marked.insert(found.range.start, '‹');
    }
    marked
}

#[test]
fn hosts_have_their_names_in_any_case_and_behind_them_that_of_a_network() {
    check(NamedThing::Container, "DB_HOST", "[shop-db].proxy");
    check(
        NamedThing::Container,
        "URL",
        "pg://u:p@[shop-db].proxy:5432/x",
    );
    check(NamedThing::Container, "URL", "pg://shop-db.proxy.org/x");
    check(NamedThing::Container, "DB_HOST", "<Shop-DB>");
    check(NamedThing::Volume, "X", "Shop-DB");
    check_word("redis", ValueRole::Text, "", "host: ‹Redis›");
    check_word("redis", ValueRole::Pair, "X", "Redis «redis»");
}

#[test]
fn the_first_part_of_what_is_stored_is_no_host_and_a_site_s_domain_is_listed() {
    for (key, expect) in [
        ("S3_TARGET_URL", "s3://shop-db/daily"),
        ("URL", "gs://shop-db/x"),
        ("URL", "file://shop-db/x"),
        ("URL", "docker://shop-db:1"),
        ("URL", "http://<shop-db>/s3://x"),
        ("COOKIE_DOMAIN", "[shop-db]"),
        ("TRUSTED_DOMAIN", "<shop-db>"),
    ] {
        check(NamedThing::Container, key, expect);
    }
}

#[test]
fn a_port_apart_from_its_host_is_the_host_s_for_those_who_speak_to_it() {
    let found = |hosts: KnownHosts<'_>, is_own: bool, role: ValueRole, key: &str, expect: &str| {
        let rename = Rename::new(
            NamedThing::HostPort,
            "db",
            "5432".to_owned(),
            "x".to_owned(),
        );
        let text = expect.replace(['‹', '›', '«', '»'], "");
        let named = NamedText {
            role,
            key,
            text: &text,
            own_ports: &[80],
            is_own,
            reaches: true,
            is_service: false,
            networks: &[],
            hosts,
        };
        let marked = marked_with(&named, &rename, SURE, UNSURE);
        assert_eq!(marked, expect, "{role:?} {key} {hosts:?}");
    };
    let none = KnownHosts {
        peers: &["db"],
        ..KnownHosts::default()
    };
    let to_host = KnownHosts {
        speaks_to_host: true,
        gateways: &["dbhost"],
        ..none
    };
    let in_host = KnownHosts {
        is_in_host_network: true,
        ..none
    };
    for (key, expect) in [
        ("DB_PORT", "«5432»"),
        ("DSN", "host=h port=«5432» user=u"),
        ("URL", "postgres://u:p@dbhost:‹5432›/x"),
        ("URL", "postgres://u:p@172.17.0.1:«5432»/x"),
        ("ADDRESS", "172.17.0.1:«5432»"),
        ("TIMEOUT", "5432"),
    ] {
        found(to_host, false, ValueRole::Pair, key, expect);
    }
    found(to_host, false, ValueRole::Command, "", "x --port «5432»");
    found(
        in_host,
        false,
        ValueRole::Pair,
        "URL",
        "pg://u:p@127.0.0.1:‹5432›/x",
    );
    found(in_host, false, ValueRole::Pair, "DB_PORT", "«5432»");
    found(none, false, ValueRole::Pair, "DB_PORT", "5432");
    found(none, false, ValueRole::Pair, "URL", "pg://u:p@db:5432/x");
    found(none, true, ValueRole::Pair, "SSH_PORT", "«5432»");
    found(
        none,
        true,
        ValueRole::Pair,
        "ROOT_URL",
        "http://myhost:«5432»/",
    );
    found(
        none,
        false,
        ValueRole::Text,
        "",
        "{\"to\": \"http://localhost:«5432»/*\"}",
    );
    found(none, false, ValueRole::Text, "", "port 5432 of localhost");
}

use super::*;

/// The text with what is surely meant in `<>`, and what may be meant in `[]`.
fn marked(thing: NamedThing, key: &str, text: &str, role: ValueRole) -> String {
    let from = if thing == NamedThing::HostPort {
        "8080"
    } else {
        "shop-db"
    };
    let rename = Rename::new(thing, "db", from.to_owned(), "x".to_owned());
    let named = NamedText {
        role,
        key,
        text,
        own_ports: &[80],
        is_own: true,
        reaches: true,
        is_service: false,
        networks: &["proxy"],
    };
    let mut marked = text.to_owned();
    for found in uses(&named, &rename).into_iter().rev() {
        let (open, close) = if found.is_sure {
            ("<", ">")
        } else {
            ("[", "]")
        };
        marked.insert_str(found.range.end, close);
        marked.insert_str(found.range.start, open);
    }
    marked
}

#[track_caller]
fn check(thing: NamedThing, key: &str, expect: &str) {
    let text = expect.replace(['<', '>', '[', ']'], "");
    assert_eq!(marked(thing, key, &text, ValueRole::Pair), expect);
}

#[test]
fn a_container_is_the_host_of_urls_dsns_and_lists() {
    for (key, expect) in [
        ("DB_HOST", "<shop-db>"),
        ("DATABASE_URL", "postgres://u:p@<shop-db>:5432/x"),
        ("DATABASE_URL", "postgres://<shop-db>/shop-db"),
        (
            "DATABASE_URL",
            "postgres://shop-db:shop-db@<shop-db>:5432/shop-db",
        ),
        ("MONGO", "mongodb://a:1,<shop-db>:2/x"),
        ("X", "host=<shop-db> port=5432 user=shop-db dbname=shop-db"),
        ("X", "Server=<shop-db>;Database=shop-db;"),
        ("X", "tcp(<shop-db>:3306)/x"),
        ("ES_HOSTS", "a, <shop-db>, b"),
        ("KAFKA_BROKERS", "<shop-db>:9092,other:9092"),
        ("X", "mail@[shop-db]"),
        ("X", "<shop-db>:443"),
        ("X", "u:p@<shop-db>/x"),
        ("RABBITMQ_NODENAME", "rabbit@[shop-db]"),
        ("DB_NAME", "[shop-db]"),
        ("POSTGRES_DB", "shop-db"),
        ("POSTGRES_USER", "shop-db"),
        ("X", "my-shop-db"),
        ("X", "shop-db.example.org"),
        ("X", "see shop-db-2"),
        ("X", "/var/lib/shop-db/x"),
        ("NOTE", "we have [shop-db]."),
        ("WATCHED_CONTAINERS", "a <shop-db>"),
        ("DB_HOST_2", "<shop-db>"),
        ("DB_HOSTNAME", "<shop-db>"),
        ("TRUSTED_DOMAINS", "a.org <shop-db>"),
        ("node.name", "<shop-db>"),
    ] {
        check(NamedThing::Container, key, expect);
    }
}

#[test]
fn what_looks_like_a_host_and_is_none_is_not_edited() {
    for (key, expect) in [
        ("ADMIN_PASSWORD", "[shop-db]:5432"),
        ("POSTGRES_PASSWORD", "x@shop-db"),
        ("MASTER_USER", "shop-db"),
        ("SERVER_SECRET", "shop-db"),
        ("X", "user=shop-db:1234"),
        ("MASTER_USER_NAME", "[shop-db]"),
        ("CLUSTER_NAME", "[shop-db]"),
        ("SERVER_REALM", "[shop-db]"),
        ("DB_IMAGE", "[shop-db]:5000/x"),
        ("X", "[shop-db]:15"),
        ("X", "[shop-db]:80-alpine"),
        ("X", "a [shop-db]:15-alpine"),
    ] {
        check(NamedThing::Container, key, expect);
    }
    for expect in [
        "chown -R shop-db:2000 /d; nc <shop-db>:2000",
        "curl -u shop-db:1234 http://<shop-db>/",
        "psql -U shop-db -h <shop-db>",
    ] {
        let text = expect.replace(['<', '>'], "");
        let found = marked(NamedThing::Container, "", &text, ValueRole::Command);
        assert_eq!(found, expect);
    }
    check(NamedThing::Volume, "VOLUME_OWNER", "shop-db");
    check(NamedThing::Volume, "VOLUME_LABEL", "[shop-db]");
    check(NamedThing::Volume, "X", "rm -v [shop-db]");
}

#[test]
fn options_of_the_engine_mean_the_host_and_no_container() {
    let check = |thing, text: &str| {
        let found = marked(
            thing,
            "address",
            &text.replace(['<', '>'], ""),
            ValueRole::Engine,
        );
        assert_eq!(found, text);
    };
    check(NamedThing::HostPort, "udp://localhost:<8080>");
    check(NamedThing::HostPort, "127.0.0.1:<8080>");
    check(NamedThing::HostPort, "udp://logs.example.org:8080");
    check(NamedThing::Container, "tcp://shop-db:8080");
    check(NamedThing::Network, "shop-db");
}

#[test]
fn who_cannot_reach_a_container_may_mean_another_and_localhost_is_the_reader() {
    let found = |thing, name: &str, text| {
        let rename = Rename::new(thing, "db", name.to_owned(), "x".to_owned());
        let text = NamedText {
            role: ValueRole::Pair,
            key: "DB_HOST",
            text,
            own_ports: &[80],
            is_own: false,
            reaches: false,
            is_service: false,
            networks: &["proxy"],
        };
        uses(&text, &rename)[0].is_sure
    };
    assert!(!found(NamedThing::Container, "shop-db", "shop-db"));
    assert!(!found(
        NamedThing::Container,
        "shop-db",
        "pg://shop-db:5432"
    ));
    assert!(found(NamedThing::Container, "shop-db", "container:shop-db"));
    assert!(!found(
        NamedThing::HostPort,
        "8080",
        "http://localhost:8080"
    ));
    assert!(found(
        NamedThing::HostPort,
        "8080",
        "host.docker.internal:8080"
    ));
}

#[test]
fn a_container_is_named_by_the_options_of_a_command() {
    for (key, expect) in [
        ("", "--db=<shop-db>:5432"),
        ("", "psql -h <shop-db> -U shop-db"),
        ("", "psql --host <shop-db> --username shop-db"),
        ("-h", "<shop-db>"),
        ("--host", "<shop-db>"),
        ("", "docker kill <shop-db>"),
    ] {
        let text = expect.replace(['<', '>', '[', ']'], "");
        let found = marked(NamedThing::Container, key, &text, ValueRole::Command);
        assert_eq!(found, expect);
    }
}

#[test]
fn a_mode_names_a_container_only_where_it_says_so() {
    let mode = |key: &str, text: &str| marked(NamedThing::Container, key, text, ValueRole::Mode);
    assert_eq!(
        mode("network_mode", "container:shop-db"),
        "container:<shop-db>"
    );
    assert_eq!(mode("volumes_from", "shop-db"), "shop-db");
    assert_eq!(
        mode("volumes_from", "container:shop-db:ro"),
        "container:<shop-db>:ro"
    );
    assert_eq!(mode("external_links", "shop-db:db"), "<shop-db>:db");
    let network = |key: &str| marked(NamedThing::Network, key, "shop-db", ValueRole::Mode);
    assert_eq!(
        (network("network_mode"), network("pid")),
        ("<shop-db>".to_owned(), "shop-db".to_owned())
    );
}

#[test]
fn a_name_that_a_service_has_stays() {
    let (from, to) = ("db".to_owned(), "db-b".to_owned());
    let rename = Rename::new(NamedThing::Container, "db", from, to);
    let of = |key, text| {
        uses(
            &NamedText {
                role: ValueRole::Pair,
                key,
                text,
                own_ports: &[],
                is_own: false,
                reaches: true,
                is_service: true,
                networks: &["proxy"],
            },
            &rename,
        )
        .len()
    };
    assert_eq!(of("URL", "postgres://db:5432"), 0);
    assert_eq!(of("BACKUP_CONTAINER", "db"), 1);
}

#[test]
fn a_network_is_meant_where_the_key_says_so() {
    for (key, expect) in [
        ("traefik.docker.network", "<shop-db>"),
        ("DOCKER_NETWORK", "<shop-db>"),
        ("NETWORKS", "a,<shop-db>"),
        ("X", "--providers.docker.network=<shop-db>"),
        ("X", "--network <shop-db> --net <shop-db>"),
        ("X", "[shop-db]"),
        ("X", "http://a/shop-db"),
    ] {
        check(NamedThing::Network, key, expect);
    }
}

#[test]
fn a_volume_is_meant_where_it_is_mounted_or_the_key_says_so() {
    for (key, expect) in [
        ("BACKUP_VOLUME", "<shop-db>"),
        ("X", "run -v <shop-db>:/data -v x:/shop-db"),
        ("X", "[shop-db]"),
        ("X", "docker volume inspect <shop-db>"),
        ("X", "a:/shop-db"),
    ] {
        check(NamedThing::Volume, key, expect);
    }
}

#[test]
fn a_port_is_the_host_s_only_where_the_host_is() {
    for (key, expect) in [
        ("PUBLIC_URL", "http://localhost:<8080>/x"),
        ("X", "http://host.docker.internal:<8080>"),
        ("X", "http://web:8080"),
        ("X", "https://shop.example.org:[8080]/"),
        ("X", "localhost:[8080]"),
        ("PORT", "8080"),
        ("X", "http://localhost:18080"),
    ] {
        check(NamedThing::HostPort, key, expect);
    }
    let inside = marked(
        NamedThing::HostPort,
        "",
        "curl http://localhost:8080",
        ValueRole::Command,
    );
    assert_eq!(inside, "curl http://localhost:8080");
    let internal = marked(
        NamedThing::HostPort,
        "",
        "x host.docker.internal:8080",
        ValueRole::Command,
    );
    assert_eq!(internal, "x host.docker.internal:<8080>");
}

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
        networks: &["proxy"],
    };
    let mut marked = text.clone();
    for found in uses(&named, &rename).into_iter().rev() {
        let (open, close) = if found.is_sure {
            ("‹", "›")
        } else {
            ("«", "»")
        };
        marked.insert_str(found.range.end, close);
        marked.insert_str(found.range.start, open);
    }
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

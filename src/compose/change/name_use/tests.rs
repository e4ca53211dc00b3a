use super::*;

mod places;

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
        networks: &["proxy".to_owned()],
        hosts: KnownHosts {
            peers: &["web"],
            ..KnownHosts::default()
        },
    };
    marked_with(&named, &rename, ["<", ">"], ["[", "]"])
}

/// The text with what is surely meant between the first two, and what may be meant between the others.
fn marked_with(
    named: &NamedText<'_>,
    rename: &Rename,
    sure: [&str; 2],
    unsure: [&str; 2],
) -> String {
    let mut marked = named.text.to_owned();
    for found in uses(named, rename).into_iter().rev() {
        let [open, close] = if found.is_sure { sure } else { unsure };
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
        ("ORACLE", "jdbc:oracle:thin:@//<shop-db>:1521/XE"),
        ("ORACLE", "//<shop-db>:1521/shop-db"),
        ("ORACLE", "//u:p@<shop-db>/x"),
        ("X", "a//shop-db:1521/x"),
        ("X", "/srv//shop-db"),
        (
            "com.centurylinklabs.watchtower.depends-on",
            "/<shop-db>,/other",
        ),
        ("DEPENDS_ON", "/a /<shop-db>"),
        ("WATCHED_CONTAINERS", "/<shop-db>"),
        ("X", "/shop-db"),
        ("WATCHED_CONTAINERS", "/shop-db/x"),
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
        "sed -i -e 's/localhost/[shop-db]/g' -e 's/shop-db/x/' /shop-db/",
    ] {
        let text = expect.replace(['<', '>', '[', ']'], "");
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
            networks: &["proxy".to_owned()],
            hosts: KnownHosts {
                peers: &["web"],
                ..KnownHosts::default()
            },
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
                networks: &["proxy".to_owned()],
                hosts: KnownHosts {
                    peers: &["web"],
                    ..KnownHosts::default()
                },
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
        ("PORT", "[8080]"),
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

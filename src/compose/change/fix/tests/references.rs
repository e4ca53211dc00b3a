//! Who refers to a name that changes.

use super::*;

#[test]
fn names_that_compose_made_of_the_other_project_s_name_become_the_own() {
    let text = "\
services:
  db: {image: d, networks: [front]}
  web:
    image: w
    networks: [front]
    environment:
      DB_HOST: a_db_1
      URL: pg://a-db-1:5432/a-db-1
      OTHER_HOST: a-other-1
      BACKUP_VOLUME: a_data
      MODEL: a-db-1
    labels: [traefik.docker.network=a_front]
    volumes: ['data:/d']
networks: {front: }
volumes: {data: }
";
    let (_, after, left) = fixed(text, &rule());
    let expect = text.replace("a_", "b_").replace("//a-db", "//b-db");
    assert_eq!(after, expect);
    assert_eq!(left, ["stale-name container `a-db-1`"]);
    // What is declared by that name is meant.
    let text = text.replace("{front: }", "{front: {name: a_front, external: true}}");
    let (_, after, left) = fixed(&text, &rule());
    let expect = text.replace("VOLUME: a_", "VOLUME: b_");
    assert_eq!(after, expect);
    assert!(
        left.contains(&"stale-name container `a_db_1`".to_owned()),
        "{left:?}"
    );
    assert!(
        !left.iter().any(|left| left.contains("`a_front`")),
        "{left:?}"
    );
}

#[test]
fn what_keeps_its_name_keeps_those_who_use_it() {
    let theirs = "\
services: {web: {image: w, environment: {A_VOLUME: shop_one, B_VOLUME: shop_two}, volumes: ['one:/1', 'two:/2', 'own:/o']}}
volumes: {one: {name: shop_one}, two: {name: shop_two}, own: {name: theirs}}
";
    // Its own `b_one` is in the way.
    let own = theirs.replace("theirs", "b_one");
    let fixed = Beside::of(theirs).fixed(&own, &rule());
    let after = String::from_utf8(fixed.files[0].bytes.clone()).unwrap();
    assert_eq!(after, own.replace("shop_two", "b_two"));
    assert_eq!(fixed.refusals.len(), 1);
}

#[test]
fn all_that_surely_refers_to_a_container_gets_its_new_name() {
    for rest in [
        "    environment: {DB_HOST: shop-db, URL: 'pg://u:p@shop-db:5432/shop-db'}\n",
        "    environment:\n      - DB_HOST=shop-db\n      - A=b\n",
        "    command: [\"--db=shop-db:5432\", '-h', shop-db]\n",
        "    command: run --db=shop-db:5432 # shop-db\n",
        "    entrypoint: |\n      wait shop-db:5432\n      exec --host shop-db\n",
        "    healthcheck: {test: [CMD, ping, 'http://shop-db/']}\n",
        "    labels: {db.host: shop-db}\n",
        "    build: {context: ., args: {DB_HOST: shop-db}}\n",
        "    network_mode: container:shop-db\n",
        "    pid: container:shop-db\n    volumes_from: ['container:shop-db:ro']\n",
        "    external_links: ['shop-db:db']\n",
        "    environment: &e {DB_HOST: shop-db}\n  more: {image: m, environment: *e}\n",
        "    environment: {A: &a shop-db:80}\n  more: {image: m, environment: {A: *a}}\n",
        "    configs: [c]\nconfigs:\n  c:\n    content: |\n      upstream shop-db:80;\n      # shop-db.\n",
    ] {
        let expect = rest
            .replace("shop-db", "shop-db-b")
            .replace("/shop-db-b'", "/shop-db'")
            .replace("# shop-db-b", "# shop-db");
        let stale: &[&str] = if rest.contains("configs") {
            &["stale-name container `shop-db`"]
        } else {
            &[]
        };
        check(rest, &expect, stale);
    }
}

#[test]
fn commands_that_run_at_the_start_and_before_the_stop_are_edited() {
    let rest = "    post_start: [{command: [wait, 'shop-db:5432'], environment: {DB_HOST: shop-db}}]\n    \
                pre_stop: [{command: bye -h shop-db}]\n";
    check(rest, &rest.replace("shop-db", "shop-db-b"), &[]);
}

#[test]
fn a_variable_that_is_named_alone_changes_where_it_is_set() {
    for rest in [
        "    environment: [URL, UNSET, 'A=b', DB]\n    build: {args: [URL]}\n",
        "    environment: {URL: , UNSET: , A: b, DB: ~}\n",
    ] {
        let (fixed, after, left) = fixed(&shop(rest), &rule());
        assert_eq!(
            after,
            shop(rest).replace("name: shop-db}", "name: shop-db-b}")
        );
        // `DB` may be a database's name.
        let changes = fixed
            .variables
            .iter()
            .map(|v| (v.name.as_str(), v.to.as_str()));
        let changes: Vec<_> = changes.collect();
        assert_eq!(changes, [("URL", "pg://u@shop-db-b:1/shop-db")]);
        assert_eq!(fixed.variables[0].services, ["web"]);
        assert_eq!(left, ["stale-name container `shop-db`"]);
    }
}

#[test]
fn options_of_a_log_driver_mean_the_host() {
    let text = "\
services:
  logs: {image: l, container_name: logs, ports: ['12201:12201/udp']}
  web:
    image: w
    logging:
      driver: gelf
      options: {gelf-address: 'udp://localhost:12201', tag: logs}
  other:
    image: o
    logging: {driver: fluentd, options: {fluentd-address: 'localhost:12201'}}
";
    let (_, after, left) = fixed(text, &rule());
    let expect = text
        .replace("name: logs", "name: logs-b")
        .replace("localhost:12201", "localhost:12301")
        .replace("'12201:", "'12301:");
    assert_eq!(after, expect);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn mounted_files_are_edited_where_it_is_asked_for_and_surely_meant() {
    let text = shop("    volumes: ['./app.conf:/a']\n");
    let content =
        "url = http://shop-db/\r\nhost: shop-db\n# of shop-db\nserver shop-db:80 shop-db:5432;";
    let mut mounted = TextFile {
        path: PathBuf::from("/b/app.conf"),
        text: content.to_owned(),
        kept: None,
    };
    let told = |fixed: &FixedFiles| {
        let stale = fixed.stale.iter();
        let stale = stale.map(|s| format!("{} {}", s.at, s.reason));
        stale.collect::<Vec<_>>()
    };
    let fixed = fixed_with(&text, &rule(), &[], std::slice::from_ref(&mounted));
    let expect = content
        .replace("shop-db", "shop-db-b")
        .replace("of shop-db-b", "of shop-db");
    assert_eq!(String::from_utf8_lossy(&fixed.texts[0].bytes), expect);
    let places: Vec<_> = fixed.texts[0]
        .changes
        .iter()
        .map(|change| (change.at.line, change.at.column))
        .collect();
    assert_eq!(places, [(1, 14), (2, 7), (4, 8), (4, 19)]);
    assert_eq!(told(&fixed), ["/b/app.conf:3:6 it may mean something else"]);

    mounted.kept = Some("it is mounted");
    let fixed = fixed_with(&text, &rule(), &[], &[mounted]);
    assert_eq!(String::from_utf8_lossy(&fixed.texts[0].bytes), content);
    let kept = "it is mounted";
    assert_eq!(
        told(&fixed),
        [
            format!("/b/app.conf:1:14 {kept}"),
            format!("/b/app.conf:2:7 {kept}"),
            "/b/app.conf:3:6 it may mean something else".to_owned(),
            format!("/b/app.conf:4:8 {kept}"),
            format!("/b/app.conf:4:19 {kept}"),
        ]
    );
}

#[test]
fn what_may_refer_to_a_container_is_listed_and_stays() {
    for rest in [
        "    environment: {DB_NAME: shop-db}\n",
        "    command: rm shop-db\n",
        "    environment: {X: 'uses shop-db.'}\n",
    ] {
        check(rest, rest, &["stale-name container `shop-db`"]);
    }
    for rest in [
        "    environment: {POSTGRES_DB: shop-db, X: my-shop-db}\n",
        "    volumes: ['./shop-db:/var/lib/shop-db']\n",
        "    image: r/shop-db:1\n",
    ] {
        let rest = rest.replace("    image: r", "    x-image: r");
        check(&rest, &rest, &[]);
    }
}

#[test]
fn a_link_means_a_service_and_blocks_nothing() {
    let text = "\
services:
  db: {image: d, container_name: db}
  web: {image: w, links: [db], environment: {HOST: db, KILL_CONTAINER: db}}
";
    let (fixed, after, left) = fixed(text, &rule());
    let expect = text
        .replace("name: db}", "name: db-b}")
        .replace("CONTAINER: db", "CONTAINER: db-b");
    assert_eq!(after, expect);
    assert!(fixed.refusals.is_empty() && left.is_empty(), "{left:?}");
}

#[test]
fn a_name_on_a_shared_network_is_told_of_while_it_is_used() {
    let text = |web: &str| {
        format!(
            "services:\n  database: {{image: d, container_name: shop-db, networks: [proxy]}}\n  \
             web: {{image: w, networks: [proxy], environment: {{{web}}}}}\n\
             networks: {{proxy: {{external: true}}}}\n"
        )
    };
    let (_, after, left) = fixed(&text("DB_HOST: shop-db"), &rule());
    assert!(after.contains("DB_HOST: shop-db-b"), "{after}");
    assert_eq!(
        left,
        [
            "network-alias database on proxy",
            "network-alias web on proxy"
        ]
    );
    let (_, _, left) = fixed(&text("DB_NAME: shop-db"), &rule());
    let expect = [
        "network-alias database on proxy",
        "network-alias shop-db on proxy",
        "network-alias web on proxy",
        "stale-name container `shop-db`",
    ];
    assert_eq!(left, expect);
}

#[test]
fn env_files_are_edited_and_mounted_files_only_told_of() {
    let text = shop("    env_file: web.env\n");
    let env = EnvFile::parse(
        Path::new("/b/web.env"),
        b"DB_HOST=shop-db\nB=\"a shop-db:80 shop-db\"\nC='$X shop-db:80'\nPOSTGRES_DB=shop-db\n",
    );
    let mounted = TextFile {
        path: PathBuf::from("/b/nginx.conf"),
        text: "a\n  server shop-db:80;\n".to_owned(),
        kept: Some("it is mounted"),
    };
    let fixed = fixed_with(&text, &rule(), &[env.unwrap()], &[mounted]);
    let changes: Vec<_> = fixed.env_files[0]
        .iter()
        .map(|v| (v.name.as_str(), v.to.as_str()))
        .collect();
    assert_eq!(
        changes,
        [
            ("DB_HOST", "shop-db-b"),
            ("B", "a shop-db-b:80 shop-db"),
            ("C", "$X shop-db-b:80")
        ]
    );
    let stale: Vec<_> = fixed
        .stale
        .iter()
        .map(|s| format!("{} {}", s.at, s.owner))
        .collect();
    assert_eq!(
        stale,
        ["/b/nginx.conf:2:10 /b/nginx.conf", "/b/web.env:2:1 web"]
    );
}

#[test]
fn a_name_put_together_from_parts_gets_what_is_behind_it() {
    for (rest, expect) in [
        ("${A:-shop}-db", "${A:-shop}-db-b"),
        ("pg://${A:-shop}-db:5432/x", "pg://${A:-shop}-db-b:5432/x"),
        ("sho${A:-p-db}", "sho${A:-p-db}-b"),
        ("shop-${TAIL}", "shop-${TAIL}-b"),
        ("pg://shop-$TAIL:5432/x", "pg://shop-$TAIL-b:5432/x"),
    ] {
        let of = |value: &str| format!("    environment: {{DB_HOST: '{value}'}}\n");
        check(&of(rest), &of(expect), &[]);
    }
}

#[test]
fn a_shared_value_is_edited_once_and_told_of_by_nobody() {
    let text = "\
x-db: &db {DB_HOST: &host shop-db}
services:
  database: {image: d, container_name: shop-db}
  web: {image: w, environment: *db}
  worker: {image: w, environment: {<<: *db, QUEUE: *host}}
";
    let (fixed, after, left) = fixed(text, &rule());
    assert_eq!(after, text.replace("shop-db", "shop-db-b"));
    assert!(fixed.refusals.is_empty() && left.is_empty(), "{left:?}");
}

#[test]
fn an_alias_means_a_service_where_it_answers_alone() {
    let text = |networks: &str| {
        format!(
            "services:\n  database:\n    image: d\n    container_name: shop-db\n    \
             networks: {{front: {{aliases: [shop-db]}}, back: }}\n  \
             web: {{image: w, networks: {networks}, environment: {{DB_HOST: shop-db}}}}\n\
             networks: {{front: , back: }}\n"
        )
    };
    let after = |networks: &str| fixed(&text(networks), &rule()).1;
    assert!(after("[back]").contains("DB_HOST: shop-db-b"));
    assert!(after("[front]").contains("DB_HOST: shop-db}"));
    assert!(after("[back, front]").contains("DB_HOST: shop-db}"));
}

#[test]
fn networks_of_builds_and_folders_of_volumes_follow() {
    let text = "\
services:
  web:
    build: {context: ., network: shop_front}
    networks: [front]
    volumes:
      - shop_data:/d
      - /var/lib/docker/volumes/shop_data/_data:/backup:ro
      - {type: bind, source: /var/lib/docker/volumes/shop_data/_data, target: /b, read_only: true}
networks: {front: {name: shop_front}}
volumes: {shop_data: {name: shop_data}}
";
    let (_, after, left) = fixed(text, &rule());
    let expect = text
        .replace("shop_front", "b_front")
        .replace("name: shop_data", "name: b_shop_data")
        .replace("volumes/shop_data", "volumes/b_shop_data");
    assert_eq!(after, expect);
    assert_eq!(left, [""; 0]);
}

#[test]
fn configs_and_secrets_of_variables_follow_where_those_are_set() {
    let text = "\
services:
  database: {image: d, container_name: shop-db}
  web: {image: w, configs: [c], secrets: [s]}
configs: {c: {environment: DB}}
secrets: {s: {environment: URL}}
";
    let (fixed, ..) = fixed(text, &rule());
    let changes = fixed.variables.iter();
    let changes: Vec<_> = changes.map(|v| format!("{} {}", v.name, v.to)).collect();
    // A `DB` may be a database's name.
    assert_eq!(changes, ["URL pg://u@shop-db-b:1/shop-db"]);
    assert_eq!(fixed.stale.len(), 1);
}

#[test]
fn env_files_keep_the_variables_that_their_values_are_made_of() {
    let text = shop("    env_file: web.env\n");
    let env = "\
USER=u
HOST=shop-db
URL=pg://${USER}@shop-db:1/x
OTHER_URL=pg://${HOST}:2
OUTER_HOST=${DB}
PART_HOST=shop-${TAIL}
DB
";
    let env = EnvFile::parse(Path::new("/b/web.env"), env.as_bytes()).unwrap();
    let fixed = fixed_with(&text, &rule(), std::slice::from_ref(&env), &[]);
    let edited = crate::compose::set_variables(&env, &fixed.env_files[0], &lookup).unwrap();
    let expect = "\
USER=u
HOST=shop-db-b
URL=pg://${USER}@shop-db-b:1/x
OTHER_URL=pg://${HOST}:2
OUTER_HOST=${DB}
PART_HOST=shop-${TAIL}
DB
";
    assert_eq!(String::from_utf8_lossy(&edited.bytes), expect);
    let outside: Vec<_> = fixed.variables.iter().map(|v| (&*v.name, &*v.to)).collect();
    assert_eq!(outside, [("DB", "shop-db-b")]);
    let stale: Vec<_> = fixed
        .stale
        .iter()
        .map(|s| (s.at.line, &*s.reason))
        .collect();
    let expect = [
        (6, "it is put together from several parts"),
        (7, "it may mean something else"),
    ];
    assert_eq!(stale, expect);
}

#[test]
fn what_a_container_s_name_is_made_of_stays_in_the_project_s_own_env_file() {
    let text = "\
services:
  database: {image: d, container_name: '${DB_HOST}'}
  web: {image: w, env_file: .env}
";
    let env = EnvFile::parse(Path::new("/b/.env"), b"DB_HOST=shop-db\nHOST=shop-db\n").unwrap();
    let fixed = fixed_with(text, &rule(), std::slice::from_ref(&env), &[]);
    let changed = fixed.env_files[0].iter().chain(&fixed.variables);
    let changed: Vec<_> = changed.map(|v| (&*v.name, &*v.to)).collect();
    // The suffix is written behind it: with another value the name would have it twice.
    assert_eq!(changed, [("HOST", "shop-db-b")]);
    let stale: Vec<_> = fixed.stale.iter().map(|s| &*s.reason).collect();
    assert_eq!(stale, ["the new name is still made of this variable"]);
}

#[test]
fn a_variable_that_names_the_container_too_changes_once() {
    let text = "\
services:
  database: {image: d, container_name: '${DB}'}
  web: {image: w, environment: {DB_HOST: '${DB}', URL: 'pg://${DB}:1'}}
";
    let (fixed, after, _) = fixed(text, &rule());
    let lookup = |name: &str| {
        let mut changed = fixed.variables.iter();
        let changed = changed.find(|change| change.name == name);
        changed.map_or_else(|| lookup(name), |change| Some(change.to.clone()))
    };
    let resolved = interpolate(&after, &lookup).unwrap();
    let expect = interpolate(text, &super::lookup)
        .unwrap()
        .replace("shop-db", "shop-db-b");
    assert_eq!(resolved, expect, "{after}");
}

#[test]
fn a_name_that_extra_hosts_gives_and_a_service_that_does_not_run_mean_nothing_else() {
    let rest = "    extra_hosts: ['shop-db:10.1.2.3']\n    environment: {DB_HOST: shop-db}\n";
    check(rest, rest, &[]);
    let rest = "    extra_hosts: {dbhost: host-gateway}\n    environment: {A: 'x://dbhost:8080'}\n    \
                ports: ['8080:1']\n";
    check(rest, &rest.replace("8080", "8180"), &[]);
    let text = "\
services:
  db: {image: d, profiles: [p]}
  db-pg: {image: d, container_name: db}
  web: {image: w, environment: {DB_HOST: db}}
";
    let (_, after, left) = fixed(text, &rule());
    let expect = text
        .replace("name: db", "name: db-b")
        .replace("HOST: db", "HOST: db-b");
    assert_eq!(after, expect);
    assert_eq!(left, [""; 0]);
}

#[test]
fn a_new_name_that_a_service_has_is_refused_with_another() {
    let text = "\
services:
  one: {image: x, container_name: shop}
  shop-b: {image: x}
  web: {image: x, environment: {H_HOST: shop}}
";
    let (fixed, after, _) = fixed(text, &rule());
    assert_eq!(after, text);
    let Error::Unsafe { reason, remedy, .. } = &fixed.refusals[0] else {
        panic!("{:?}", fixed.refusals);
    };
    assert_eq!(reason, "`shop-b` is the name of a service");
    assert_eq!(remedy, "choose another one: `--suffix=-b2`");
}

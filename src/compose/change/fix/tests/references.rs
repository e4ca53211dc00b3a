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
    let found = conflicts(&claims("a", theirs), &claims("b", &own));
    let document = Document::parse(Path::new("/b/c.yml"), own.as_bytes()).unwrap();
    let project = ProjectFiles {
        model: &model("b", &own),
        documents: &[document],
        lookup: &lookup,
        env_files: &[],
        others: &[],
        texts: &[],
    };
    let fixed = fix(&project, &found, &rule()).unwrap();
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
        // A database's name isn't a host.
        let changes = fixed
            .variables
            .iter()
            .map(|v| (v.name.as_str(), v.to.as_str()));
        let changes: Vec<_> = changes.collect();
        assert_eq!(changes, [("URL", "pg://u@shop-db-b:1/shop-db")]);
        assert_eq!(fixed.variables[0].services, ["web"]);
        assert!(left.is_empty(), "{left:?}");
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
        is_edited: true,
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

    mounted.is_edited = false;
    let fixed = fixed_with(&text, &rule(), &[], &[mounted]);
    assert_eq!(String::from_utf8_lossy(&fixed.texts[0].bytes), content);
    let kept = "a mounted file or a script is only edited with `--mounted`";
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
        "    environment: {DB_HOST: '${A:-shop}-db'}\n",
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
        is_edited: false,
    };
    let fixed = fixed_with(&text, &rule(), &[env.unwrap()], &[mounted]);
    let changes: Vec<_> = fixed.env_files[0]
        .iter()
        .map(|v| (v.name.as_str(), v.to.as_str()))
        .collect();
    assert_eq!(
        changes,
        [("DB_HOST", "shop-db-b"), ("B", "a shop-db-b:80 shop-db")]
    );
    let stale: Vec<_> = fixed
        .stale
        .iter()
        .map(|s| format!("{} {}", s.at, s.owner))
        .collect();
    assert_eq!(
        stale,
        [
            "/b/nginx.conf:2:10 /b/nginx.conf",
            "/b/web.env:2:1 web",
            "/b/web.env:3:1 web"
        ]
    );
}

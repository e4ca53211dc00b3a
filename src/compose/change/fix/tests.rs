use std::path::{Path, PathBuf};

use super::*;
use crate::compose::{Claims, LoadOptions, conflicts, remaining};

fn model(folder: &str, text: &str) -> Model {
    let file = PathBuf::from(format!("/{folder}/c.yml"));
    let variables = [
        ("PORT", "8080"),
        ("DB", "shop-db"),
        ("URL", "pg://u@shop-db:1/shop-db"),
    ];
    let options = LoadOptions {
        environment: variables.map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
        ..LoadOptions::default()
    };
    let read = |path: &Path| match path == file {
        true => Ok(text.as_bytes().to_vec()),
        false => Err(std::io::ErrorKind::NotFound.into()),
    };
    Model::load_with(std::slice::from_ref(&file), &options, &read).unwrap()
}

fn claims(folder: &str, text: &str) -> Claims {
    Claims::of(&model(folder, text))
}

fn lookup(name: &str) -> Option<String> {
    match name {
        "PORT" => Some("8080".to_owned()),
        "DB" => Some("shop-db".to_owned()),
        "URL" => Some("pg://u@shop-db:1/shop-db".to_owned()),
        _ => None,
    }
}

fn rule() -> FixRule {
    FixRule {
        suffix: "-b".to_owned(),
        prefix: "b_".to_owned(),
        port_offset: Some(100),
    }
}

fn fixed_with(text: &str, rule: &FixRule, env_files: &[EnvFile], texts: &[TextFile]) -> FixedFiles {
    let found = conflicts(&claims("a", text), &claims("b", text));
    let document = Document::parse(Path::new("/b/c.yml"), text.as_bytes()).unwrap();
    let project = ProjectFiles {
        model: &model("b", text),
        documents: &[document],
        lookup: &lookup,
        env_files,
        others: &["a".to_owned()],
        texts,
    };
    fix(&project, &found, rule).unwrap()
}

/// The file of project `b`, made fit to run beside the same file as project `a`, and the
/// conflicts that are left.
fn fixed(text: &str, rule: &FixRule) -> (FixedFiles, String, Vec<String>) {
    let fixed = fixed_with(text, rule, &[], &[]);
    let after = String::from_utf8(fixed.files[0].bytes.clone()).unwrap();
    let (first, before, last) = (claims("a", text), claims("b", text), claims("b", &after));
    let left = remaining(&first, (&before, &last), &fixed.stale);
    let left = left.iter().map(|c| format!("{} {}", c.rule, c.subject));
    let left = left.collect();
    (fixed, after, left)
}

/// A web server and its database, whose container's name is used in the web's `rest`.
fn shop(rest: &str) -> String {
    format!(
        "services:\n  database: {{image: d, container_name: shop-db}}\n  web:\n    image: w\n{rest}"
    )
}

/// What becomes of `rest` in [`shop`], and what is left.
#[track_caller]
fn check(rest: &str, expect: &str, stale: &[&str]) {
    let (fixed, after, left) = fixed(&shop(rest), &rule());
    let expect = shop(expect).replace("name: shop-db}", "name: shop-db-b}");
    assert_eq!(after, expect);
    assert_eq!(left, stale);
    assert!(fixed.refusals.is_empty(), "{:?}", fixed.refusals);
}

const TEXT: &str = "\
services:
  web:
    image: x
    container_name: web # fixed
    ports:
      - \"80:80\"
      - 81:81 # too
    networks: [front]
  other:
    image: x
    ports: ['90']
    volumes: ['data:/data', 'own:/own']
volumes:
  data:
    name: data
  own:
networks:
  front: {name: front}
";

#[test]
fn names_and_ports_that_collide_become_the_second_project_s_own() {
    let (fixed, after, left) = fixed(TEXT, &rule());
    let expect = TEXT
        .replace("container_name: web", "container_name: web-b")
        .replace("80:80", "180:80")
        .replace("81:81", "181:81")
        .replace("name: data", "name: b_data")
        .replace("name: front", "name: b_front");
    assert_eq!(after, expect);
    assert!(left.is_empty(), "{left:?}");
    assert!(fixed.refusals.is_empty(), "{:?}", fixed.refusals);
}

#[test]
fn ports_stay_unless_an_offset_is_given() {
    let rule = FixRule {
        port_offset: None,
        ..rule()
    };
    let (_, after, left) = fixed(TEXT, &rule);
    assert!(after.contains("80:80"));
    assert_eq!(left, ["host-port 80/tcp", "host-port 81/tcp"]);
}

#[test]
fn a_port_that_env_holds_is_given_back() {
    let text = "services: {web: {image: x, ports: ['${PORT}:80']}}";
    let (fixed, after, _) = fixed(text, &rule());
    assert_eq!(after, text);
    assert_eq!(fixed.variables[0].to, "8180");
}

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
fn only_containers_that_collide_and_lack_the_suffix_get_it() {
    let theirs =
        "services: {web: {image: x, container_name: web}, db: {image: d, container_name: db-b}}";
    let own = theirs
        .replace("image: x", "image: y")
        .replace("}}", "}, own: {image: o, container_name: own}}");
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
    assert_eq!(
        after,
        own.replace("container_name: web", "container_name: web-b")
    );
}

#[test]
fn a_suffix_matters_where_a_container_collides() {
    let bad = FixRule {
        suffix: "a b".to_owned(),
        ..rule()
    };
    let text = "services: {web: {image: x, ports: ['80:80']}}";
    let (fixed, after, _) = fixed(text, &bad);
    assert_eq!(after, text.replace("'80", "'180"));
    assert!(fixed.refusals.is_empty());
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
fn a_container_s_name_that_no_host_can_have_is_refused() {
    let named = |length: usize| {
        let text = format!(
            "services: {{web: {{image: x, container_name: {}}}}}",
            "a".repeat(length)
        );
        let (fixed, after, _) = fixed(&text, &rule());
        let refusals: Vec<_> = fixed.refusals.iter().map(ToString::to_string).collect();
        (after != text, refusals.join(" "))
    };
    assert_eq!(named(61), (true, String::new()));
    let (is_edited, said) = named(62);
    assert!(!is_edited);
    assert!(
        said.ends_with(
            "-b` has 64 characters, and a container with more than 63 can't be reached by its name"
        ),
        "{said}"
    );
    // Nobody reached it by that before.
    assert_eq!(named(64), (true, String::new()));
}

#[test]
fn what_cannot_be_edited_is_left_with_its_reason() {
    let text = "services: {web: {image: x, container_name: web, ports: ['65500:80']}}";
    let (fixed, after, left) = fixed(text, &rule());
    assert_eq!(after, text.replace("_name: web", "_name: web-b"));
    assert_eq!(left, ["host-port 65500/tcp"]);
    assert_eq!(
        fixed.refusals[0].to_string(),
        "/b/c.yml:1:57: the ports of `web` can't be changed: there is no such port"
    );
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
fn networks_volumes_and_ports_are_edited_where_they_are_named() {
    let text = "\
services:
  web:
    image: w
    networks: [front]
    ports: ['8080:80']
    environment:
      DOCKER_NETWORK: shop_front
      PUBLIC_URL: http://localhost:8080
      BACKUP_VOLUME: shop_data
      NOTE: shop_data
    labels:
      - traefik.docker.network=shop_front
    volumes: ['data:/d']
networks: {front: {name: shop_front}}
volumes: {data: {name: shop_data}}
";
    let (_, after, left) = fixed(text, &rule());
    let expect = text
        .replace("shop_front", "b_front")
        .replace("shop_data", "b_data")
        .replace("NOTE: b_data", "NOTE: shop_data")
        .replace("8080", "8180");
    assert_eq!(after, expect);
    assert_eq!(left, ["stale-name volume `shop_data`"]);
}

#[test]
fn a_name_that_variables_hold_changes_in_them() {
    let text = shop("    environment: {DB_HOST: '${DB}', URL: '${URL}'}\n");
    let (fixed, after, left) = fixed(&text, &rule());
    assert_eq!(after, text.replace("name: shop-db}", "name: shop-db-b}"));
    let changes: Vec<_> = fixed
        .variables
        .iter()
        .map(|v| (v.name.as_str(), v.to.as_str()))
        .collect();
    assert_eq!(
        changes,
        [("DB", "shop-db-b"), ("URL", "pg://u@shop-db-b:1/shop-db")]
    );
    assert!(left.is_empty(), "{left:?}");
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

#[test]
fn hundreds_of_services_are_fixed_at_once() {
    let mut text = "services:\n".to_owned();
    let mut volumes = "volumes:\n".to_owned();
    for n in 0..300 {
        text += &format!(
            "  s{n}:\n    image: i\n    container_name: c{n}\n    ports: ['{}:80']\n    \
             environment: {{HOST: 'c{n}'}}\n    volumes: ['v{n}:/v']\n",
            n + 1000
        );
        volumes += &format!("  v{n}: {{name: w{n}}}\n");
    }
    let rule = FixRule {
        port_offset: Some(10_000),
        ..rule()
    };
    let (fixed, after, left) = fixed(&(text + &volumes), &rule);
    assert!(left.is_empty() && fixed.refusals.is_empty());
    assert_eq!(after.matches("HOST: 'c").count(), 300);
    assert_eq!(after.matches("-b'").count(), 300);
    assert_eq!(after.matches("name: b_v").count(), 300);
}

#[test]
fn a_suffix_that_no_name_can_have_is_an_error() {
    let document = Document::parse(Path::new("/b/c.yml"), TEXT.as_bytes()).unwrap();
    let found = conflicts(&claims("a", TEXT), &claims("b", TEXT));
    let project = ProjectFiles {
        model: &model("b", TEXT),
        documents: &[document],
        lookup: &lookup,
        env_files: &[],
        others: &[],
        texts: &[],
    };
    let of = |rule: FixRule| fix(&project, &found, &rule).unwrap_err();
    let error = of(FixRule {
        suffix: "a b".to_owned(),
        ..rule()
    });
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
    let error = of(FixRule {
        prefix: "a b".to_owned(),
        ..rule()
    });
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
}

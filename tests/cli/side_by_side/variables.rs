//! What variables and the files that set them have to do with it.

use std::fs;
use std::os::unix::fs::symlink;

use super::{Sides, transship};

#[test]
fn sites_and_labels_that_files_and_variables_give_collide() {
    let text = "\
services:
  a: {image: r/a:1, env_file: a.env, label_file: a.labels}
  b: {image: r/b:1, env_file: a.env, environment: {VIRTUAL_HOST: b.org}}
  c: {image: r/c:1, environment: [VIRTUAL_HOST]}
";
    let sides = Sides::of(&[
        ("compose.yaml", text),
        (".env", "VIRTUAL_HOST=c.org\nTOP=org\n"),
        ("a.env", "VIRTUAL_HOST=a.${TOP}\n"),
        ("a.labels", "caddy=d.org\n"),
    ]);
    let found = sides.run(&["--json"]).exits(1).json();
    let found = found["conflicts"].as_array().unwrap().iter();
    let found: Vec<_> = found
        .map(|one| (&one["second"]["owner"], &one["subject"]))
        .map(|(owner, subject)| {
            format!("{} {}", owner.as_str().unwrap(), subject.as_str().unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [
            "a caddy site d.org",
            "a virtual host a.org",
            "b virtual host b.org",
            "c virtual host c.org"
        ]
    );
}

#[test]
fn values_made_of_variables_keep_them() {
    let text = "\
services:
  database: {image: r/db:1, container_name: \"${PREFIX}-db\"}
  web:
    image: r/web:1
    ports: [\"${WEB_PORT}:80\"]
    env_file: web.env
    environment: {DB_URL: \"${DB_URL}\", PUBLIC_URL: \"${PUBLIC_URL}\", PEER: \"${PREFIX}-db:80\"}
    secrets: [dsn]
secrets: {dsn: {file: dsn.txt}}
";
    let env = "\
PREFIX=acme
PW=secret
DB_URL=postgres://u:${PW}@acme-db/x
WEB_PORT=8080
PUBLIC_URL=http://localhost:${WEB_PORT}
";
    let sides = Sides::of(&[
        ("compose.yaml", text),
        (".env", env),
        ("web.env", "URL=\"postgres://u:${PW}@acme-db:5432/x\"\n"),
        ("dsn.txt", "postgres://u:secret@acme-db/x\n"),
    ]);
    let ran = sides.fix(&["--port-offset", "auto", "--mounted"]).exits(1);
    assert!(!ran.out.contains("secret@"), "{}", ran.out);
    ran.prints("dsn.txt:1:21")
        .prints("it isn't edited, because a secret's file is never edited")
        .complains("1 conflict");
    let expect = text
        .replace("-db\"", "-db-b\"")
        .replace("-db:80", "-db-b:80");
    assert_eq!(sides.read("B/compose.yaml"), expect);
    let expect = env.replace("acme-db", "acme-db-b").replace("8080", "8081");
    assert_eq!(sides.read("B/.env"), expect);
    assert_eq!(
        sides.read("B/web.env"),
        "URL=\"postgres://u:${PW}@acme-db-b:5432/x\"\n"
    );
    sides.is_valid();
}

#[test]
fn a_variable_that_a_container_s_name_is_made_of_stays() {
    let text = "\
services:
  database: {image: r/db:1, container_name: \"${DB_HOST}\", environment: {POSTGRES_DB: \"${DB_HOST}\"}}
  web: {image: r/web:1, environment: {DB_HOST: \"${DB_HOST}\", URL: \"${URL}\"}}
  alone: {image: r/web:1, environment: [DB_HOST]}
";
    let env = "DB_HOST=shop-db\nURL=pg://${DB_HOST}:5432/x\n";
    let sides = Sides::of(&[("compose.yaml", text), (".env", env)]);
    let ran = sides.fix(&[]).exits(1);
    ran.prints(".env:2:1: URL")
        .prints("because the new name is still made of a variable in it")
        .prints("compose.yaml:4:41: alone")
        .prints("because the new name is still made of this variable")
        .complains("2 conflicts");
    let expect = text
        .replace("name: \"${DB_HOST}", "name: \"${DB_HOST}-b")
        .replace("{DB_HOST: \"${DB_HOST}", "{DB_HOST: \"${DB_HOST}-b");
    assert_eq!(sides.read("B/compose.yaml"), expect);
    assert_eq!(sides.read("B/.env"), env);
    sides.is_valid();
}

#[test]
fn variables_of_an_include_change_in_its_own_env_file() {
    let text = "\
include: [{path: sub/db.yaml, env_file: sub/db.env}, other/compose.yaml]
services:
  web: {image: r/web:1, environment: {DB_HOST: sub-db, OTHER_HOST: other-db}}
";
    let database = "\
services:
  SIDE:
    image: r/db:1
    container_name: ${NAME:-db}
    ports: [\"${SIDE_PORT}:5432\"]
";
    let (sub, other) = (
        database.replace("SIDE", "SUB"),
        database.replace("SIDE", "OTHER"),
    );
    let sides = Sides::of(&[
        ("compose.yaml", text),
        ("sub/db.yaml", &sub),
        ("sub/db.env", "SUB_PORT=5432\nNAME=sub-db\n"),
        ("other/compose.yaml", &other),
        ("other/.env", "OTHER_PORT=5433\nNAME=other-db\n"),
    ]);
    sides
        .fix(&["--port-offset", "10"])
        .exits(0)
        .complains("nothing collides");
    let expect = text
        .replace("sub-db", "sub-db-b")
        .replace("other-db", "other-db-b");
    assert_eq!(sides.read("B/compose.yaml"), expect);
    assert_eq!(
        sides.read("B/sub/db.yaml"),
        sub.replace("${NAME:-db}", "${NAME:-db}-b")
    );
    assert_eq!(sides.read("B/sub/db.env"), "SUB_PORT=5442\nNAME=sub-db\n");
    assert_eq!(
        sides.read("B/other/.env"),
        "OTHER_PORT=5443\nNAME=other-db\n"
    );
    sides.is_valid();
}

#[test]
fn a_variable_named_alone_and_a_file_of_labels_follow() {
    let text = "\
services:
  database: {image: r/db:1, container_name: shop-db, networks: [front]}
  web:
    image: r/web:1
    environment: [DB_HOST]
    label_file: web.labels
    networks: [front]
networks:
  front: {name: shop_front}
";
    let sides = Sides::of(&[
        ("compose.yaml", text),
        (".env", "DB_HOST=shop-db\n"),
        ("web.labels", "traefik.docker.network=shop_front\n"),
    ]);
    sides.fix(&[]).exits(0);
    let expect = text
        .replace("shop-db,", "shop-db-b,")
        .replace("shop_front", "b_front");
    assert_eq!(sides.read("B/compose.yaml"), expect);
    assert_eq!(sides.read("B/.env"), "DB_HOST=shop-db-b\n");
    assert_eq!(
        sides.read("B/web.labels"),
        "traefik.docker.network=b_front\n"
    );
    assert_eq!(sides.read("A/.env"), "DB_HOST=shop-db\n");
    sides.is_valid();
}

#[test]
fn a_file_of_variables_that_is_another_side_s_too_stays_and_the_compose_file_is_edited() {
    let text = "\
services:
  database: {image: r/db:1, container_name: shop-db, ports: [\"${DB_PORT:-5432}:5432\"]}
  web: {image: r/web:1, environment: {DB_HOST: \"${DB_HOST}\", API: \"${API}\"}}
  alone: {image: r/web:1, environment: [DB_HOST]}
";
    let env = "DB_HOST=shop-db\nDB_PORT=5432\nAPI=http://shop-db:80/x\n";
    let expect = |suffix: &str| {
        text.replace("name: shop-db", "name: shop-db-SUFFIX")
            .replace("${DB_PORT:-5432}:", "5441:")
            .replace("${DB_HOST}", "${DB_HOST}-SUFFIX")
            .replace("${API}", "http://shop-db-SUFFIX:80/x")
            .replace("[DB_HOST]", "[DB_HOST=shop-db-SUFFIX]")
            .replace("SUFFIX", suffix)
    };
    let fixed = |sides: &Sides, side_a: &str, side_b: &str, file: &str| {
        let args = ["conflicts", side_a, side_b, "--fix", "--port-offset", "9"];
        transship(sides.0.path(), [&args[..], &["-p", "c"]].concat())
            .exits(0)
            .complains("nothing collides");
        assert_eq!(sides.read(file), env);
        assert_eq!(sides.read("B/compose.yaml"), expect("c"));
        sides.is_valid();
    };
    // One folder for both.
    let sides = Sides::of(&[("compose.yaml", text), ("a.yaml", text), (".env", env)]);
    fixed(&sides, "B/a.yaml", "B/compose.yaml", "B/.env");
    assert_eq!(sides.read("B/a.yaml"), text);
    // A link of both, and a link into the other.
    let sides = Sides::of(&[("compose.yaml", text), ("../shared/.env", env)]);
    for side in ["A", "B"] {
        symlink("../shared/.env", sides.0.path().join(side).join(".env")).unwrap();
    }
    fixed(&sides, "A", "B", "shared/.env");
    let sides = Sides::of(&[("compose.yaml", text), (".env", env)]);
    fs::remove_file(sides.0.path().join("B/.env")).unwrap();
    symlink("../A/.env", sides.0.path().join("B/.env")).unwrap();
    fixed(&sides, "A", "B", "A/.env");
    // Of an include.
    let include = "include: [{path: sub.yaml, env_file: ../shared.env}]\n";
    let sides = Sides::of(&[
        ("compose.yaml", include),
        ("sub.yaml", text),
        ("../shared.env", env),
    ]);
    sides.fix(&["--port-offset", "9"]).exits(0);
    assert_eq!(sides.read("shared.env"), env);
    assert_eq!(sides.read("B/sub.yaml"), expect("b"));
    sides.is_valid();
}

#[test]
fn what_a_shared_file_of_variables_keeps_to_itself_is_told() {
    let text = "\
services:
  database: {image: r/db:1, container_name: shop-db}
  web: {image: r/web:1, env_file: .env, environment: {A_URL: \"${DB_URL}\"}}
";
    let env = "DB_URL=pg://u:secret@shop-db:1/x\n";
    let sides = Sides::of(&[("compose.yaml", text), ("../shared.env", env)]);
    for side in ["A", "B"] {
        symlink("../shared.env", sides.0.path().join(side).join(".env")).unwrap();
    }
    let ran = sides.fix(&[]).exits(1);
    assert!(!format!("{}{}", ran.out, ran.err).contains("secret@"));
    ran.prints("compose.yaml:3:62: web")
        .prints("because another side has the value of the variable from the same file")
        .prints("B/.env:1:1: DB_URL")
        .prints("because another side has this file, too")
        .complains("2 conflicts");
    assert_eq!(sides.read("shared.env"), env);
    let expect = text.replace("name: shop-db", "name: shop-db-b");
    assert_eq!(sides.read("B/compose.yaml"), expect);
}

#[test]
fn a_port_that_only_a_shared_file_can_change_is_refused_before_anything_is_written() {
    let text = "\
services:
  web: {image: r/web:1, container_name: web, ports: [\"${A_PORT:-${WEB_PORT}}:80\"]}
";
    let sides = Sides::of(&[("compose.yaml", text), ("../shared.env", "WEB_PORT=8080\n")]);
    for side in ["A", "B"] {
        symlink("../shared.env", sides.0.path().join(side).join(".env")).unwrap();
    }
    sides
        .fix(&["--port-offset", "9"])
        .exits(3)
        .complains("a variable within a variable holds the port");
    assert_eq!(sides.read("B/compose.yaml"), text);
}

//! What a copy of a release needs to run beside the original: names that are used, not only
//! declared. Each edited file is judged by `docker compose config`, where there is one.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use super::common::install::run;
use super::common::need;
use super::common::program::{Ran, transship};

mod names;
mod variables;

/// Two folders `A` and `B` with the same files.
struct Sides(tempfile::TempDir);

impl Sides {
    fn of(files: &[(&str, &str)]) -> Self {
        let sides = Self(tempfile::tempdir().unwrap());
        for side in ["A", "B"] {
            for (name, content) in files {
                let path = sides.0.path().join(side).join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
        }
        sides
    }

    fn compose(text: &str) -> Self {
        Self::of(&[("compose.yaml", text)])
    }

    fn run(&self, args: &[&str]) -> Ran {
        let args = [&["conflicts", "A", "B"], args].concat();
        transship(self.0.path(), args)
    }

    fn fix(&self, args: &[&str]) -> Ran {
        self.run(&[&["--fix"], args].concat())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// The edited side is what Compose takes.
    #[track_caller]
    fn is_valid(&self) {
        if !need::compose() {
            return;
        }
        let mut compose = Command::new("docker");
        compose.args(["compose", "config", "--quiet"]);
        run(compose.current_dir(self.0.path().join("B")));
    }
}

const SHARED: &str = "\
services:
  database:
    image: r/db:1
    container_name: shop-db
    networks: [proxy]
  web:
    image: r/web:1
    networks: [proxy]
    environment:
      DB_HOST: shop-db
networks:
  proxy:
    external: true
";

#[test]
fn a_container_named_on_a_shared_network_is_edited_wherever_it_is_named() {
    let sides = Sides::compose(SHARED);
    let ran = sides.fix(&[]).exits(1);
    ran.prints("network-alias: database on proxy");
    let expect = SHARED.replace("shop-db", "shop-db-b");
    assert_eq!(sides.read("B/compose.yaml"), expect);
    assert_eq!(sides.read("A/compose.yaml"), SHARED);
    sides.is_valid();
}

#[test]
fn a_name_that_is_left_on_a_shared_network_keeps_its_finding() {
    let sides = Sides::compose(&SHARED.replace("DB_HOST", "THING"));
    let ran = sides.fix(&[]).exits(1);
    ran.prints("network-alias: shop-db on proxy")
        .prints("stale-name: container `shop-db`")
        .prints("compose.yaml:10:14: web")
        .prints("write `shop-db-b` there if it means the container");
    // It leads to the other's container as long as it stands there.
    for again in [sides.run(&[]), sides.fix(&[])] {
        again
            .exits(1)
            .prints("network-alias: shop-db on proxy")
            .prints("compose.yaml:10:14: web");
    }
}

#[test]
fn a_script_that_still_names_the_other_s_container_is_told_of_later() {
    let text = "services: {database: {image: r/db:1, container_name: shop-db}}\n";
    let script = "docker exec -i shop-db psql < dump.sql\n";
    let sides = Sides::of(&[("compose.yaml", text), ("restore.sh", script)]);
    sides.fix(&[]).exits(1).prints("restore.sh:1:16");
    sides.run(&[]).exits(1).prints("restore.sh:1:16");
    let own = script.replace("shop-db", "shop-db-b");
    fs::write(sides.0.path().join("B/restore.sh"), own).unwrap();
    sides.run(&[]).exits(0).complains("nothing collides");
}

#[test]
fn hosts_in_urls_variables_and_commands_follow_the_container() {
    let text = "\
services:
  database:
    image: r/db:1
    container_name: shop-db
  web:
    image: r/web:1
    env_file: web.env
    environment:
      DB_HOST: shop-db
      DB_URL: postgres://u:p@shop-db:5432/x
      OTHER: ${OTHER}
    command: [\"--db=shop-db:5432\"]
    volumes: ['./app.conf:/app.conf']
";
    let sides = Sides::of(&[
        ("compose.yaml", text),
        ("web.env", "# mine\nDB_HOST=shop-db # here\n"),
        (".env", "OTHER='shop-db:80'\n"),
        ("app.conf", "upstream shop-db:80\n"),
    ]);
    let ran = sides.fix(&[]).exits(1);
    assert!(!ran.err.contains("u:p@"), "{}", ran.err);
    ran.prints("app.conf:1:10").complains("1 conflict");
    assert_eq!(
        sides.read("B/compose.yaml"),
        text.replace("shop-db", "shop-db-b")
    );
    assert_eq!(
        sides.read("B/web.env"),
        "# mine\nDB_HOST=shop-db-b # here\n"
    );
    assert_eq!(sides.read("B/.env"), "OTHER='shop-db-b:80'\n");
    assert_eq!(sides.read("B/app.conf"), "upstream shop-db:80\n");
    sides.is_valid();
}

#[test]
fn labels_and_variables_follow_networks_volumes_and_ports() {
    let text = "\
services:
  web:
    image: r/web:1
    networks: [front]
    ports: [\"8080:80\"]
    environment:
      DOCKER_NETWORK: shop_front
      PUBLIC_URL: http://localhost:8080
      BACKUP_VOLUME: shop_data
    labels:
      - traefik.docker.network=shop_front
    volumes: [\"data:/d\"]
networks:
  front:
    name: shop_front
volumes:
  data:
    name: shop_data
";
    let sides = Sides::compose(text);
    sides
        .fix(&["--port-offset", "auto"])
        .exits(0)
        .complains("nothing collides");
    let expect = text
        .replace("shop_front", "b_front")
        .replace("shop_data", "b_data")
        .replace("8080", "8081");
    assert_eq!(sides.read("B/compose.yaml"), expect);
    sides.is_valid();
}

#[test]
fn an_offset_that_lands_on_the_other_side_is_refused_before_anything_is_written() {
    let apart = "\
services:
  a: {image: r/a:1, container_name: a, ports: [\"8081:80\"]}
  b: {image: r/b:1, ports: [\"9081:80\"]}
";
    let together = "services: {a: {image: r/a:1, ports: [\"8081:80\", \"9081:81\"]}}\n";
    for text in [apart, together] {
        let sides = Sides::compose(text);
        let ran = sides.fix(&["--port-offset", "1000"]).exits(3);
        ran.complains("port 9081 would be that of")
            .complains("`--port-offset 1001` works");
        assert_eq!(sides.read("B/compose.yaml"), text);
        sides.fix(&["--port-offset", "1001"]).exits(0);
        sides.is_valid();
    }
}

#[test]
fn no_port_lands_where_something_listens() {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).ok();
    let (port, held) = (24_000..)
        .step_by(7)
        .find_map(|port| {
            let (_, held, _) = (is_free(port)?, is_free(port + 1)?, is_free(port + 2)?);
            Some((port, held))
        })
        .unwrap();
    let text = format!("services: {{a: {{image: r/a:1, ports: [\"{port}:80\"]}}}}\n");
    let sides = Sides::compose(&text);
    sides
        .fix(&["--port-offset", "1"])
        .exits(3)
        .complains(&format!(
            "with an offset of 1 port {} would be that of",
            port + 1
        ))
        .complains(&format!("(process {})", std::process::id()));
    assert_eq!(sides.read("B/compose.yaml"), text);
    sides.fix(&["--port-offset", "auto"]).exits(0);
    let moved = text.replace(&port.to_string(), &(port + 2).to_string());
    assert_eq!(sides.read("B/compose.yaml"), moved);
    // What holds a port may be the side itself, which only the engine knows.
    let text = text.replace(&port.to_string(), &(port + 1).to_string());
    fs::write(sides.0.path().join("B/compose.yaml"), text).unwrap();
    let told = format!("port {}/tcp of `a` is held on this machine by ", port + 1);
    sides.run(&[]).exits(0).complains(&told);
    sides.fix(&["--dry-run"]).exits(0).complains(&told);
    let json = sides.run(&["--json"]).exits(0).json();
    let unseen = json["unseen"][0].as_str().unwrap().to_owned();
    assert!(unseen.starts_with(&told), "{unseen}");
    drop(held);
    let ran = sides.run(&[]).exits(0);
    assert!(!ran.err.contains("is held"), "{}", ran.err);
}

#[test]
fn mounted_files_are_edited_when_asked_for_and_the_difference_is_shown() {
    let text = "\
services:
  database: {image: r/db:1, container_name: shop-db}
  web: {image: r/web:1, volumes: [\"./conf.d:/conf.d\", \"COMMON:/common:ro\"]}
";
    let common = tempfile::NamedTempFile::new().unwrap();
    fs::write(common.path(), "upstream shop-db:80\n").unwrap();
    let text = text.replace("COMMON", common.path().to_str().unwrap());
    let files = [
        ("compose.yaml", &*text),
        ("conf.d/app.conf", "a\nserver shop-db:80;\n"),
    ];
    let sides = Sides::of(&files);
    let hint = "a mounted file or a script is only edited with `--mounted`";
    sides
        .fix(&["--dry-run"])
        .exits(1)
        .prints("conf.d/app.conf:2:8")
        .prints(hint);
    sides
        .fix(&["--dry-run", "--mounted"])
        .exits(1)
        .prints("+server shop-db-b:80;");
    assert_eq!(sides.read("B/conf.d/app.conf"), files[1].1);
    let ran = sides.fix(&["--mounted"]).exits(1);
    ran.complains("-server shop-db:80;")
        .complains("+server shop-db-b:80;")
        .complains("1 conflict")
        .prints("because another side has this file, too");
    assert_eq!(sides.read("B/conf.d/app.conf"), "a\nserver shop-db-b:80;\n");
    assert_eq!(sides.read("A/conf.d/app.conf"), files[1].1);
    assert_eq!(
        fs::read_to_string(common.path()).unwrap(),
        "upstream shop-db:80\n"
    );
    sides.is_valid();
}

#[test]
fn folders_that_are_not_searched_are_told() {
    let text = "services: {a: {image: r/a:1, container_name: a, volumes: ['/etc:/e:ro']}}\n";
    let ran = Sides::compose(text).fix(&[]).exits(0);
    ran.complains("`/etc` is mounted, and its files weren't searched for old names");
}

#[test]
fn a_link_to_a_service_does_not_block() {
    let text = "\
services:
  db:
    image: r/db:1
    container_name: db
  web:
    image: r/web:1
    links:
      - db
";
    let sides = Sides::compose(text);
    sides.fix(&[]).exits(0);
    assert_eq!(
        sides.read("B/compose.yaml"),
        text.replace("_name: db", "_name: db-b")
    );
    sides.is_valid();
}

#[test]
fn services_behind_profiles_are_said_to_be_left_out_and_compared_when_asked_for() {
    let text = "\
services:
  web:
    image: r/web:1
  debug:
    image: r/debug:1
    container_name: debug
    profiles: [debug]
    ports: [\"9000:80\"]
    volumes: [\"dv:/d\"]
volumes:
  dv:
    name: shared-dv
";
    let sides = Sides::compose(text);
    let ran = sides.run(&[]).exits(0).complains("nothing collides");
    ran.complains("b: service `debug` is left out: none of its profiles (debug) is active");
    let json = sides.run(&["--json"]).exits(0).json();
    assert_eq!(json["unseen"].as_array().unwrap().len(), 2);
    sides
        .run(&["--profile", "debug"])
        .exits(1)
        .complains("3 conflicts");
    let args = ["--profile", "debug", "--port-offset", "auto"];
    sides.fix(&args).exits(0);
    let expect = text
        .replace("_name: debug", "_name: debug-b")
        .replace("9000", "9001")
        .replace("shared-dv", "b_dv");
    assert_eq!(sides.read("B/compose.yaml"), expect);
    sides.is_valid();
}

#[test]
fn a_network_that_nothing_uses_is_not_made() {
    let text = "services: {web: {image: r/web:1}}\nnetworks: {run: {name: run}}\n\
                volumes: {v: {name: v}}\n";
    Sides::compose(text)
        .run(&[])
        .exits(0)
        .complains("nothing collides");
}

#[test]
fn pwd_is_the_project_s_folder() {
    let text = "services: {web: {image: r/web:1, volumes: [\"${PWD}/data:/data\"]}}\n";
    Sides::compose(text)
        .run(&[])
        .exits(0)
        .complains("nothing collides");
}

#[test]
fn what_cannot_be_seen_is_said() {
    let text = "\
services:
  a: {image: r/a:1, network_mode: host}
  b: {image: r/b:1, devices: ['/dev/ttyUSB0:/dev/x']}
";
    let ran = Sides::compose(text).run(&[]).exits(0);
    ran.complains("service `a` is in the host's network")
        .complains("service `b` uses the host's device `/dev/ttyUSB0`");
}

#[test]
fn sites_of_nginx_proxy_collide() {
    let text = "services: {a: {image: r/a:1, environment: {VIRTUAL_HOST: 'x.org, Y.org'}}}\n";
    let ran = Sides::compose(text).run(&[]).exits(1);
    ran.prints("router-label: virtual host x.org")
        .prints("router-label: virtual host y.org");
}

#[test]
fn where_one_thing_cannot_be_edited_nothing_is_written() {
    let text = "\
services:
  a: {image: r/a:1, container_name: a}
  b: {image: r/b:1, container_name: &n b, hostname: *n, volumes: ['v:/v']}
volumes:
  v: {name: v}
";
    let sides = Sides::compose(text);
    sides
        .fix(&[])
        .exits(3)
        .complains("not everything can be edited, so nothing was")
        .complains("the container_name of `b` can't be changed: it is shared with line 3");
    assert_eq!(sides.read("B/compose.yaml"), text);
}

#[test]
fn a_service_that_extends_another_is_edited_where_what_it_has_is_written() {
    let text = "\
services:
  database:
    extends: {file: base.yaml, service: db}
  other: {image: r/x:1, container_name: shop-o}
  web: {image: r/x:1, environment: [DB_HOST=shop-db, O_HOST=shop-o]}
";
    let base = "\
services:
  db: {image: r/x:1, container_name: shop-db, ports: [\"5432:5432\", {target: 1, published: 5433}]}
  database: {image: r/y:1, container_name: unrelated, ports: [\"90:90\"]}
";
    let sides = Sides::of(&[("compose.yaml", text), ("base.yaml", base)]);
    sides
        .fix(&["--port-offset", "10"])
        .exits(0)
        .complains("nothing collides");
    let expect = text
        .replace("HOST=shop-db", "HOST=shop-db-b")
        .replace("shop-o", "shop-o-b");
    assert_eq!(sides.read("B/compose.yaml"), expect);
    let expect = base
        .replace("shop-db", "shop-db-b")
        .replace("5432:", "5442:")
        .replace("5433", "5443");
    assert_eq!(sides.read("B/base.yaml"), expect);
    sides.is_valid();
}

#[test]
fn a_release_that_mounts_its_own_folder_is_edited() {
    let text = "\
services:
  database: {image: r/db:1, container_name: shop-db}
  web: {image: r/web:1, volumes: [\".:/app\"], environment: {DB_HOST: shop-db}}
";
    let sides = Sides::of(&[
        ("compose.yaml", text),
        ("app.conf", "url=http://shop-db/\n"),
    ]);
    let left = sides.fix(&["--dry-run"]).exits(1);
    left.prints("app.conf:1:12").complains("1 conflict");
    sides.fix(&["--mounted"]).exits(0);
    assert_eq!(
        sides.read("B/compose.yaml"),
        text.replace("shop-db", "shop-db-b")
    );
    assert_eq!(sides.read("B/app.conf"), "url=http://shop-db-b/\n");
}

#[test]
fn a_container_that_a_script_names_is_another_s_whatever_services_are_called() {
    let text = "\
services:
  postgres: {image: r/db:1, container_name: postgres}
  web: {image: r/web:1, environment: {DB_HOST: postgres}}
";
    let script = "#!/bin/sh\ndocker exec -i postgres psql < dump.sql\n";
    let sides = Sides::of(&[("compose.yaml", text), ("restore.sh", script)]);
    let left = sides.fix(&["--dry-run"]).exits(1);
    left.prints("restore.sh:2:16").complains("1 conflict");
    sides.fix(&["--mounted"]).exits(0);
    assert_eq!(
        sides.read("B/restore.sh"),
        script.replace("postgres", "postgres-b")
    );
    assert_eq!(
        sides.read("B/compose.yaml"),
        text.replace("name: postgres", "name: postgres-b")
    );
}

//! Two copies of a project up at once, asked from inside of each container whom its names lead
//! to: proof that what `conflicts --fix` and `up -p` edit parts them.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use super::lab::{Lab, put_text};
use super::need;
use super::program::{Ran, transship};

/// Two services that tell whose they are on port 80, and name each other in every way. `OWN` is
/// the test's own, `PORT` a port of the host, `MORE` the rest of the web's networks.
const COMPOSE: &str = "\
x-service: &service
  image: shell:1
  pull_policy: never
  init: true
  stop_grace_period: 0s
  command: ['sh', '-c', 'mkdir /w; echo $$WHO >/w/index.html; exec httpd -f -p 80 -h /w']
services:
  database:
    <<: *service
    container_name: OWNdb
    environment: {WHO: '${COMPOSE_PROJECT_NAME}'}
    networks: {front: {aliases: [store]}}
  web:
    <<: *service
    container_name: OWNweb
    environment:
      - WHO=${COMPOSE_PROJECT_NAME}
      - DB_HOST=OWNdb
      - DB_URL=http://u:p@OWNdb:80/OWNdb
      - CACHE_HOST
    env_file: web.env
    labels: [traefik.docker.network=OWNfront]
    ports: ['127.0.0.1:PORT:80']
    networks: [front]
    volumes: ['data:/data']
networks:
  front: {name: OWNfront}
volumes:
  data: {name: OWNdata}
";

/// Both containers on the network of everybody, and nothing else.
const SHARED: &str = "\
services:
  database:
    image: shell:1
    container_name: OWNdb
    command: ['sh', '-c', 'mkdir /w; echo $$WHO >/w/index.html; exec httpd -f -p 80 -h /w']
    init: true
    environment: {WHO: '${COMPOSE_PROJECT_NAME}'}
    networks: [shared]
  web:
    image: shell:1
    container_name: OWNweb
    command: sleep 1000
    init: true
    environment: {DB_HOST: OWNdb}
    networks: [shared]
networks:
  shared: {name: OWNshared, external: true}
";

/// Releases v1 and v2 of an install, the same but for nothing.
struct Copies {
    lab: Lab,
    home: tempfile::TempDir,
}

impl Copies {
    fn new(test: &str, compose: &str) -> Self {
        let (lab, home) = (Lab::new(test), tempfile::tempdir().unwrap());
        for release in ["v1", "v2"] {
            let release = home.path().join("releases").join(release);
            fs::create_dir_all(&release).unwrap();
            let text = compose.replace("OWN", &lab.name(""));
            put_text(&release.join("compose.yaml"), &text);
            let env = format!("PORT={}\nCACHE_HOST={}\n", free_port(), lab.name("db"));
            put_text(&release.join(".env"), &env);
            put_text(
                &release.join("web.env"),
                &format!("EVENTS=http://{}:80\n", lab.name("web")),
            );
        }
        // Both are to want one port.
        fs::copy(
            home.path().join("releases/v1/.env"),
            home.path().join("releases/v2/.env"),
        )
        .unwrap();
        Self { lab, home }
    }

    fn release(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join("releases").join(name)
    }

    fn ran(&self, args: &[&str]) -> Ran {
        transship(self.home.path(), args.iter().copied())
    }

    /// Brings a release up as it is, as a project of its name.
    fn compose_up(&self, release: &str) {
        let project = self.lab.name(release);
        let mut up = Command::new("docker");
        up.args([
            "compose", "-p", &project, "up", "--detach", "--pull", "never",
        ]);
        let output = up.current_dir(self.release(release)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn down(&self, release: &str) {
        let project = self.lab.name(release);
        let down = ["compose", "-p", &project, "down", "--volumes", "-t", "0"];
        let _ = Command::new("docker").args(down).output();
    }

    /// The containers of a release's project, by service.
    fn containers(&self, release: &str) -> Vec<(String, String)> {
        let filter = format!(
            "label=com.docker.compose.project={}",
            self.lab.name(release)
        );
        let format = "{{.Label \"com.docker.compose.service\"}} {{.ID}}";
        let list = self
            .lab
            .docker(&["ps", "--filter", &filter, "--format", format]);
        let row = |line: &str| {
            let (service, id) = line.split_once(' ').unwrap();
            (service.to_owned(), id.to_owned())
        };
        list.lines().map(row).collect()
    }

    /// The addresses of a release's containers on all of their networks.
    fn addresses(&self, release: &str) -> BTreeSet<String> {
        let format = "{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{end}}";
        let of = |(_, id): (String, String)| self.lab.docker(&["inspect", "--format", format, &id]);
        let all: Vec<String> = self.containers(release).into_iter().map(of).collect();
        all.iter()
            .flat_map(|text| text.lines())
            .map(str::to_owned)
            .collect()
    }

    /// The addresses that a name has inside of a container.
    fn resolved(&self, container: &str, name: &str) -> BTreeSet<String> {
        let script = format!("nslookup {name} | sed '1,/^$/d' | sed -n 's/^Address: //p'");
        let text = self.lab.docker(&["exec", container, "sh", "-c", &script]);
        text.lines().map(str::to_owned).collect()
    }

    /// From inside of every container, every name leads to the release's own containers alone,
    /// and who answers there is the release's.
    #[track_caller]
    fn leads_to_its_own(&self, release: &str, names: &[String]) {
        let own = self.addresses(release);
        for (service, container) in self.containers(release) {
            for name in names {
                let found = self.resolved(&container, name);
                assert!(
                    !found.is_empty(),
                    "{name} is nobody in {release}'s {service}"
                );
                let strangers: Vec<_> = found.difference(&own).collect();
                assert!(
                    strangers.is_empty(),
                    "{name} in {release}'s {service}: {strangers:?}"
                );
                for address in found {
                    // It may have started a moment ago.
                    let ask = format!(
                        "for n in $(seq 40); do who=$(printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 20 \
                         {address} 80 | tail -n 1); [ -z \"$who\" ] || break; sleep 0.5; done; echo $who"
                    );
                    let who = self.lab.docker(&["exec", &container, "sh", "-c", &ask]);
                    assert_eq!(
                        who,
                        self.lab.name(release),
                        "{name} in {release}'s {service}"
                    );
                }
            }
        }
    }

    /// What the web of a release has in a variable.
    fn variable(&self, release: &str, name: &str) -> String {
        let web = self
            .containers(release)
            .into_iter()
            .find(|(service, _)| service == "web");
        self.lab.docker(&[
            "exec",
            &web.unwrap().1,
            "sh",
            "-c",
            &format!("echo ${name}"),
        ])
    }

    /// The hosts that the web of a release is told of.
    fn hosts(&self, release: &str) -> Vec<String> {
        let url = self.variable(release, "DB_URL");
        let events = self.variable(release, "EVENTS");
        let path = self.lab.name("db");
        assert!(
            url.ends_with(&format!("/{path}")),
            "the database's own name: {url}"
        );
        vec![
            self.variable(release, "DB_HOST"),
            self.variable(release, "CACHE_HOST"),
            url.replace("http://u:p@", "")
                .split(':')
                .next()
                .unwrap()
                .to_owned(),
            events.replace("http://", "").replace(":80", ""),
        ]
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        self.down("v1");
        self.down("v2");
    }
}

/// A port that nothing listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn can() -> bool {
    need::docker() && need::root()
}

fn of_names(text: &str) -> [String; 3] {
    ["database", "web", text].map(str::to_owned)
}

#[test]
fn a_fixed_copy_reaches_its_own_containers_and_never_the_original_s() {
    if !can() {
        return;
    }
    let copies = Copies::new("sbs", &COMPOSE.replace("PORT", "${PORT}"));
    copies.compose_up("v1");
    let project = copies.lab.name("v2");
    let fix = [
        "conflicts",
        "v1",
        "v2",
        "--running",
        "-p",
        &project,
        "--fix",
    ];
    let fix = [&fix[..], &["--port-offset", "auto"]].concat();
    copies.ran(&fix).exits(0).complains("nothing collides");
    copies.compose_up("v2");

    let names = [&copies.hosts("v2")[..], &of_names("store")].concat();
    copies.leads_to_its_own("v2", &names);
    assert!(
        names.contains(&format!("{}-{project}", copies.lab.name("db"))),
        "{names:?}"
    );
    // The original still has what it had.
    let names = [&copies.hosts("v1")[..], &of_names("store")].concat();
    copies.leads_to_its_own("v1", &names);
    assert!(names.contains(&copies.lab.name("db")), "{names:?}");
}

#[test]
fn a_release_that_is_started_beside_another_reaches_its_own_containers() {
    if !can() {
        return;
    }
    // An env file isn't copied: what it names would be the other's, and is refused.
    let text = COMPOSE.replace(
        "    env_file: web.env\n",
        "      - EVENTS=http://OWNweb:80\n",
    );
    let text = text.replace(
        "      - CACHE_HOST\n      - EVENTS",
        "      - CACHE_HOST=${CACHE_HOST}\n      - EVENTS",
    );
    let copies = Copies::new("sbsup", &text.replace("PORT", "${PORT}"));
    copies.ran(&["init", "--current", "v1"]).exits(0);
    let (a, b) = (copies.lab.name("v1"), copies.lab.name("v2"));
    copies.ran(&["up", "v1", "-p", &a]).exits(0);
    let before = fs::read(copies.release("v2").join("compose.yaml")).unwrap();
    copies
        .ran(&["up", "v2", "-p", &b, "--port-offset", "auto"])
        .exits(0);
    assert_eq!(
        before,
        fs::read(copies.release("v2").join("compose.yaml")).unwrap()
    );
    for release in ["v1", "v2"] {
        let names = [&copies.hosts(release)[..], &of_names("store")].concat();
        copies.leads_to_its_own(release, &names);
    }
}

#[test]
fn on_a_network_of_everybody_what_is_edited_parts_and_what_is_told_is_true() {
    if !can() {
        return;
    }
    let copies = Copies::new("sbsshared", SHARED);
    copies
        .lab
        .docker(&["network", "create", &copies.lab.name("shared")]);
    copies.compose_up("v1");
    let project = copies.lab.name("v2");
    let fix = ["conflicts", "v1", "v2", "-p", &project, "--fix"];
    let on = copies.lab.name("shared");
    copies
        .ran(&fix)
        .exits(1)
        .prints(&format!("network-alias: database on {on}"))
        .complains("2 conflicts");
    copies.compose_up("v2");
    for release in ["v1", "v2"] {
        copies.leads_to_its_own(release, &[copies.variable(release, "DB_HOST")]);
    }
    // What is left is told for a reason: the service's name is both.
    let (_, web) = &copies.containers("v2")[0];
    assert_eq!(copies.resolved(web, "database").len(), 2);
    copies.down("v1");
    copies.down("v2");
}

#[test]
fn what_runs_has_its_ports_routes_and_subnets() {
    if !can() {
        return;
    }
    let lab = Lab::new("sbshost");
    let third = std::process::id() % 250;
    let subnet = format!("10.213.{third}.0/25");
    lab.docker(&["network", "create", "--subnet", &subnet, &lab.name("net")]);
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let host = lab.name("x.org").replace('_', "-");
    let router = format!("traefik.http.routers.{}.rule", lab.name("router"));
    lab.docker(&[
        "run",
        "--detach",
        "--network",
        &lab.name("net"),
        "--name",
        &lab.name("web"),
        "--env",
        &format!("VIRTUAL_HOST={host}"),
        "--label",
        &format!("{router}=Host(`x`)"),
        "shell:1",
        "sleep",
        "1000",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "services:\n  web:\n    image: shell:1\n    ports: ['{port}:80']\n    environment: {{VIRTUAL_HOST: \
         {host}}}\n    labels: {{{router}: x}}\nnetworks:\n  default: {{ipam: {{config: \
         [{{subnet: 10.213.{third}.0/24}}]}}}}\n"
    );
    put_text(&folder.path().join("compose.yaml"), &text);
    let run = |folder: &Path, args: &[&str]| transship(folder, args.iter().copied());
    let ran = run(folder.path(), &["conflicts", ".", "--running"]).exits(1);
    ran.prints(&format!("host-port: {port}/tcp"))
        .prints(&format!("(process {})", std::process::id()))
        .prints(&format!("router-label: virtual host {host}"))
        .prints(&format!(
            "router-label: traefik router {}",
            lab.name("router")
        ))
        .prints(&format!("network-subnet: {subnet} and 10.213.{third}.0/24"));
}

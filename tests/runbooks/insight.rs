//! A small product in the manner of Graphistry: a web server that tells its release, a
//! Postgres with an explicit volume, a one-shot, and fixed names and ports.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::common::install::run;
use crate::common::need;
use crate::common::program::{Ran, transship};

/// An install on the engine under names that nothing else has; all of it goes in the end.
pub(crate) struct Insight {
    folder: tempfile::TempDir,
    /// What all of its names on the engine begin with.
    tag: String,
    /// The web server's, as the releases have it.
    port: u16,
}

impl Insight {
    /// An adopted install with the release `v1.3.2`; none where the machine can't have it.
    /// `port` and the two thousands after it should be free.
    pub(crate) fn new(tag: &str, port: u16) -> Option<Self> {
        let images = ["shell:1", "web:1", "postgres:15"];
        if !need::root() || !need::docker() || !need::images(&images) {
            return None;
        }
        let insight = Self {
            folder: tempfile::Builder::new().prefix(tag).tempdir().unwrap(),
            tag: tag.to_owned(),
            port,
        };
        insight.sweep();
        fs::create_dir(insight.root().join("releases")).unwrap();
        insight.write_release(&insight.root().join("releases"), "v1.3.2");
        insight.transship(&["init"]).exits(0);
        Some(insight)
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A compose project's name of this test's own.
    pub(crate) fn project(&self, name: &str) -> String {
        format!("{}-{name}", self.tag)
    }

    /// A volume's name of this test's own.
    pub(crate) fn volume_name(&self, name: &str) -> String {
        format!("{}_{name}", self.tag)
    }

    /// Writes the vendor's files of a release below `parent`.
    pub(crate) fn write_release(&self, parent: &Path, version: &str) -> PathBuf {
        let release = parent.join(version);
        fs::create_dir_all(release.join("www")).unwrap();
        fs::write(release.join("www/index.html"), format!("{version}\n")).unwrap();
        fs::write(release.join(".env"), "POSTGRES_PASSWORD=correct-horse\n").unwrap();
        let slug = version.replace('.', "_");
        let (tag, port) = (&self.tag, self.port);
        let compose = format!(
            r#"services:
  web:
    image: web:1
    stop_grace_period: 0s
    ports: ["127.0.0.1:{port}:80"]
    volumes: ["./www:/www:ro"]
    depends_on: [db]
  db:
    image: postgres:15
    container_name: {tag}-db   # scripts call it by this name
    network_mode: none
    environment: {{POSTGRES_PASSWORD: "${{POSTGRES_PASSWORD}}"}}
    volumes: ["postgres_data:/var/lib/postgresql/data"]
    healthcheck: {{test: [CMD, pg_isready, -h, 127.0.0.1, -U, postgres], interval: 1s, retries: 99}}
  once:
    image: shell:1
    command: "true"
volumes:
  postgres_data: {{name: {tag}_{slug}_postgres_data}}
"#
        );
        fs::write(release.join("docker-compose.yml"), compose).unwrap();
        release
    }

    /// Runs `transship` in the install.
    pub(crate) fn transship(&self, args: &[&str]) -> Ran {
        transship(self.root(), args.iter().copied())
    }

    /// What the web server answers whose port `offset` was added to.
    pub(crate) fn answer(&self, offset: u16) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port + offset)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.split("\r\n\r\n").nth(1).unwrap().trim().to_owned()
    }

    /// The container of the service `db` of a project.
    pub(crate) fn db(&self, project: &str) -> String {
        let project = self.project(project);
        let filters = [
            format!("label=com.docker.compose.project={project}"),
            "label=com.docker.compose.service=db".to_owned(),
        ];
        let args = ["ps", "-aq", "-f", &filters[0], "-f", &filters[1]];
        let ids = docker(&args);
        assert_eq!(ids.lines().count(), 1, "{project}: {ids}");
        ids
    }

    /// Runs a program in a project's database container.
    pub(crate) fn in_db(&self, project: &str, args: &[&str]) -> String {
        let container = self.db(project);
        docker(&[&["exec", "-u", "postgres", &container], args].concat())
    }

    /// Fills a project's database with pgbench's rows, 100,000 for each unit of `scale`.
    pub(crate) fn fill(&self, project: &str, scale: u32) {
        let scale = scale.to_string();
        self.in_db(project, &["pgbench", "-i", "-q", "-s", &scale, "postgres"]);
    }

    /// How many of those rows a project's database has.
    pub(crate) fn rows(&self, project: &str) -> u64 {
        let query = "select count(*) from pgbench_accounts";
        let count = self.in_db(project, &["psql", "-XAtc", query, "postgres"]);
        count.parse().unwrap()
    }

    /// The folder of a volume of this test's own.
    pub(crate) fn volume(&self, name: &str) -> String {
        let name = self.volume_name(name);
        docker(&["volume", "inspect", "-f", "{{.Mountpoint}}", &name])
    }

    fn sweep(&self) {
        for (list, remove) in [
            (
                &["ps", "-a", "--format", "{{.ID}} {{.Names}}"][..],
                &["rm", "-fv"][..],
            ),
            (
                &["network", "ls", "--format", "{{.ID}} {{.Name}}"],
                &["network", "rm"],
            ),
            (
                &["volume", "ls", "--format", "{{.Name}} {{.Name}}"],
                &["volume", "rm"],
            ),
        ] {
            for line in docker(list).lines() {
                let (id, name) = line.split_once(' ').unwrap();
                if name.starts_with(&self.tag) {
                    let _ = Command::new("docker").args(remove).arg(id).output();
                }
            }
        }
    }
}

impl Drop for Insight {
    fn drop(&mut self) {
        self.sweep();
    }
}

/// Runs `docker` to a good end and gives what it printed.
#[track_caller]
pub(crate) fn docker(args: &[&str]) -> String {
    run(Command::new("docker").args(args)).trim().to_owned()
}

//! A server, in a container or on a data folder that nobody else reaches, and how its programs are run there.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::PostgresError;
use super::owner_programs::OwnerPrograms;
use crate::engine::program::{self, Ended, Running};
use crate::engine::{Container, Docker, Invocation};
use crate::progress::Progress;
use crate::threads;

/// Nothing that a server is asked has an end of its own to its time: a table may be large.
pub(super) const EVER: Duration = Duration::from_hours(365 * 24);
/// The end of a program whose streams have ended.
pub(super) const SOON: Duration = Duration::from_mins(2);
/// Between two looks at whether the user wants to stop.
const TICK: Duration = Duration::from_millis(100);

/// Run in the container before the program: whom the image's variables make the superuser. A
/// password is read where it is and comes out nowhere.
const AS_SUPERUSER: &str = r#"
user=${POSTGRES_USER:-}
[ -z "${POSTGRES_USER_FILE:-}" ] || user=$(cat "$POSTGRES_USER_FILE")
password=${POSTGRES_PASSWORD:-}
[ -z "${POSTGRES_PASSWORD_FILE:-}" ] || password=$(cat "$POSTGRES_PASSWORD_FILE")
export PGUSER="${user:-postgres}" PGPASSWORD="${PGPASSWORD:-$password}"
export PGCLIENTENCODING=UTF8 PGAPPNAME=transship
exec "$@""#;

/// A Postgres server that runs.
#[derive(Debug, Clone)]
pub struct PostgresServer {
    reach: ServerReach,
    name: String,
    version: String,
    /// The superuser that its image sets up.
    user: String,
    port: String,
}

/// How a server is reached.
#[derive(Debug, Clone)]
enum ServerReach {
    /// By programs in its container.
    Container {
        docker: Docker,
        container: Box<Container>,
    },
    /// By programs where its folder is, through a socket there.
    Socket {
        programs: OwnerPrograms,
        folder: String,
    },
}

/// What is asked of a server first.
const WHO: &str = "select json_build_array(name, current_user, setting) from pg_settings
  where name in ('server_version', 'port')";

impl PostgresServer {
    /// The server in the running container of this name or id, or in that of a compose project's
    /// service where it is `PROJECT/SERVICE`.
    ///
    /// # Errors
    /// [`PostgresError::NoContainer`], [`PostgresError::NotRunning`], those of Docker, and those of
    /// the question for the version, which anything but Postgres won't answer.
    pub fn find(docker: &Docker, name: &str) -> Result<Self, PostgresError> {
        let container =
            Container::find(docker, name)?.ok_or_else(|| PostgresError::NoContainer {
                name: name.to_owned(),
            })?;
        if !container.running || container.paused {
            return Err(PostgresError::NotRunning {
                name: container.name.clone(),
            });
        }
        let name = container.name.clone();
        Self::asked(
            ServerReach::Container {
                docker: docker.clone(),
                container: Box::new(container),
            },
            name,
            String::new(),
        )
    }

    /// The server whose socket is in `folder`, called `name`, as its superuser `user`.
    ///
    /// # Errors
    /// Those of the question for its version.
    pub(super) fn at_socket(
        programs: &OwnerPrograms,
        folder: &str,
        name: &str,
        user: &str,
    ) -> Result<Self, PostgresError> {
        let reach = ServerReach::Socket {
            programs: programs.clone(),
            folder: folder.to_owned(),
        };
        Self::asked(reach, name.to_owned(), user.to_owned())
    }

    /// Asks the version.
    fn asked(reach: ServerReach, name: String, user: String) -> Result<Self, PostgresError> {
        let mut server = Self {
            reach,
            name,
            version: String::new(),
            user,
            port: String::new(),
        };
        let silent = &crate::progress::Silent;
        for row in server.rows("template1", "ask the version", WHO, silent)? {
            let value = row.value.unwrap_or_default();
            match row.kind.as_str() {
                "port" => server.port = value,
                // Debian's adds its own: `15.8 (Debian 15.8-0+deb12u1)`.
                _ => server.version = value.split(' ').take(1).collect(),
            }
            server.user = row.name;
        }
        Ok(server)
    }

    /// What it is called: the container's name or the folder's, unless it got another.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same server, called otherwise in all that is told of it.
    #[must_use]
    pub(super) fn called(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Its container, and the program that reaches that one's engine.
    ///
    /// # Errors
    /// [`PostgresError::Said`] where it runs in none.
    pub(super) fn container(&self) -> Result<(&Docker, &Container), PostgresError> {
        match &self.reach {
            ServerReach::Container { docker, container } => Ok((docker, container)),
            ServerReach::Socket { .. } => {
                Err(self.said("find the container", "it runs in none".to_owned()))
            }
        }
    }

    /// Whether both are one server.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (&self.reach, &other.reach) {
            (
                ServerReach::Container { container, .. },
                ServerReach::Container {
                    container: other, ..
                },
            ) => container.id == other.id,
            (
                ServerReach::Socket { folder, .. },
                ServerReach::Socket {
                    folder: other_folder,
                    ..
                },
            ) => folder == other_folder,
            _ => false,
        }
    }

    /// The superuser that it is asked as.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// The port that it listens on, within its container.
    pub(super) fn port(&self) -> &str {
        &self.port
    }

    /// The superuser's password, as far as the container's environment knows it; it may be empty.
    pub(super) fn password(&self) -> Result<String, PostgresError> {
        let what = "read the environment";
        let call = self.call(["sh", "-c", "printf %s \"$PGPASSWORD\""]);
        let output = call
            .run_well()
            .map_err(|source| self.program(what, source))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Where it keeps its data, as its container sees it.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub fn data_directory(&self) -> Result<PathBuf, PostgresError> {
        let sql = "select json_build_array('folder', '', current_setting('data_directory'))";
        let silent = &crate::progress::Silent;
        let mut rows = self.rows("template1", "ask for the folder", sql, silent)?;
        let folder = rows.pop().and_then(|row| row.value).unwrap_or_default();
        Ok(PathBuf::from(folder))
    }

    /// Sets the superuser's password again, by the container's environment, where it is kept as MD5: what a
    /// newer image writes into `pg_hba.conf` refuses that.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub fn renew_md5_password(&self) -> Result<(), PostgresError> {
        // The password is the session's alone: no log has it, and no argument of a program.
        let sql = "set log_statement = 'none'; set log_min_duration_statement = -1; \
             set log_min_error_statement = 'panic';\n\
             \\set password `printenv PGPASSWORD`\n\
             select rolpassword like 'md5%' and :'password' <> '' as renew from pg_authid where rolname = current_user \\gset\n\
             \\if :renew\nalter role current_user password :'password';\n\\endif\n";
        let silent = &crate::progress::Silent;
        self.rows("template1", "set the superuser's password", sql, silent)
            .map(drop)
    }

    /// The server's version: `15.8`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The server's major: 15. It is 0 where its version can't be understood.
    pub fn major(&self) -> u32 {
        let digits = self.version.split(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// The C library of the image, as `getconf` tells it: `glibc 2.36`; nothing where there is no
    /// such program, as with musl.
    pub fn c_library(&self) -> Option<String> {
        let call = self.call(["getconf", "GNU_LIBC_VERSION"]);
        let output = call.run_well().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Some(text).filter(|text| !text.is_empty())
    }

    /// A call of a program in the container, as the superuser, with nothing on its standard input
    /// unless it is [started](Invocation::start).
    pub(super) fn call<'a>(&self, argv: impl IntoIterator<Item = &'a str>) -> Invocation {
        match &self.reach {
            ServerReach::Container { docker, container } => {
                let call = docker.call_within(EVER, ["exec", "--interactive"]);
                call.args([&container.id, "sh", "-c", AS_SUPERUSER, "sh"])
                    .args(argv)
            }
            ServerReach::Socket { programs, folder } => {
                let variables = [
                    ("PGHOST", folder.as_str()),
                    ("PGUSER", &self.user),
                    ("PGPORT", super::owner_programs::PORT),
                    ("PGCLIENTENCODING", "UTF8"),
                    ("PGAPPNAME", "transship"),
                ];
                programs.call(&variables, argv)
            }
        }
    }

    /// The rows that `sql` gives in `database`, each a JSON array of kind, name and value. The first
    /// statement that fails ends it.
    ///
    /// # Errors
    /// [`PostgresError`]; [`PostgresError::Said`] with what the server complained of.
    pub(super) fn rows(
        &self,
        database: &str,
        what: &str,
        sql: &str,
        progress: &dyn Progress,
    ) -> Result<Vec<Row>, PostgresError> {
        let mut rows = Vec::new();
        let ended = self.each_row(
            database,
            what,
            sql,
            &["-v", "ON_ERROR_STOP=1"],
            progress,
            &mut |row| {
                rows.push(row);
            },
        )?;
        match ended.status.success() {
            true => Ok(rows),
            false => Err(self.said(what, ended.describe())),
        }
    }

    /// Hands each row that `sql` gives to `take`, as they come. Statements that fail are passed over.
    ///
    /// # Errors
    /// Those of [`PostgresServer::rows`], but for a statement that fails.
    pub(super) fn each_row(
        &self,
        database: &str,
        what: &str,
        sql: &str,
        options: &[&str],
        progress: &dyn Progress,
        take: &mut dyn FnMut(Row),
    ) -> Result<Ended, PostgresError> {
        let database = connection(database);
        let psql = ["psql", "-X", "-q", "-A", "-t", "-d", &database, "-f", "-"];
        let call = self.call(psql).args(options);
        let mut running = call.start().map_err(|source| self.program(what, source))?;
        let pipe = |source| PostgresError::Pipe {
            name: self.name().to_owned(),
            what: what.to_owned(),
            source,
        };
        if let Some(mut stdin) = running.stdin() {
            let sql = sql.to_owned();
            // What it doesn't read it speaks of by how it ends.
            threads::start(move || drop(stdin.write_all(sql.as_bytes()))).map_err(pipe)?;
        }
        self.read_rows(&mut running, what, progress, take)?;
        let ended = running.ended_while(SOON, &|| !progress.interrupted());
        ended.map_err(|source| self.program(what, source))
    }

    fn read_rows(
        &self,
        running: &mut Running,
        what: &str,
        progress: &dyn Progress,
        take: &mut dyn FnMut(Row),
    ) -> Result<(), PostgresError> {
        let Some(stdout) = running.stdout() else {
            return Ok(());
        };
        let (send, lines) = channel();
        let pipe = |source| PostgresError::Pipe {
            name: self.name().to_owned(),
            what: what.to_owned(),
            source,
        };
        threads::start(move || {
            let lines = BufReader::new(stdout).split(b'\n');
            for line in lines {
                if send.send(line).is_err() {
                    return;
                }
            }
        })
        .map_err(pipe)?;
        loop {
            match lines.recv_timeout(TICK) {
                Ok(line) => take(self.row(what, &line.map_err(pipe)?)?),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) if progress.interrupted() => {
                    return Err(PostgresError::Interrupted);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn row(&self, what: &str, line: &[u8]) -> Result<Row, PostgresError> {
        let row: Result<(String, String, Option<String>), _> = serde_json::from_slice(line);
        // Neither the line nor serde's words, which would quote it.
        let (kind, name, value) =
            row.map_err(|_| self.said(what, "the answer can't be understood".to_owned()))?;
        Ok(Row { kind, name, value })
    }

    pub(super) fn program(&self, what: &str, source: program::Error) -> PostgresError {
        match source {
            program::Error::Interrupted { .. } => PostgresError::Interrupted,
            source => PostgresError::Program {
                name: self.name().to_owned(),
                what: what.to_owned(),
                source,
            },
        }
    }

    pub(super) fn said(&self, what: &str, said: String) -> PostgresError {
        PostgresError::Said {
            name: self.name().to_owned(),
            what: what.to_owned(),
            said,
        }
    }
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) value: Option<String>,
}

/// How libpq's programs are told a database whose name may be anything: `postgres://` in a bare name
/// would be an address.
pub(super) fn connection(database: &str) -> String {
    format!("dbname={}", quoted_value(database))
}

fn quoted_value(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{escaped}'")
}

/// `name` as SQL writes it, whatever is in it.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as a literal of SQL, where `standard_conforming_strings` is on.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_may_have_any_name() {
        assert_eq!(connection("app"), "dbname='app'");
        assert_eq!(connection(r"host=x 'y\z"), r"dbname='host=x \'y\\z'");
    }
}

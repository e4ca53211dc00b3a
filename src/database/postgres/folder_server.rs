//! A server on a data folder that nobody else reaches: no port is open, its socket is in a folder of its
//! owner's, and whoever gets there is let in. Nothing runs in it by itself that speaks to another server.

use std::path::Path;

use super::PostgresError;
use super::owner_programs::{OwnerPrograms, PORT};
use super::server::PostgresServer;
use crate::engine::program::quoted;
use crate::progress::Progress;

/// Who is let in, whose socket's folder he can enter.
const ALL: &str = "local all all trust\n";
/// Kept off: what opens a port, writes elsewhere, or speaks to other servers.
const ALONE: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "external_pid_file=",
    "logging_collector=off",
    "log_destination=stderr",
    "ssl=off",
    "archive_mode=off",
    "max_logical_replication_workers=0",
    "max_worker_processes=0",
];
/// How long a server may take to stop or to come up, in seconds.
const TURNING: &str = "1800";

/// A data folder with the programs of its major, as those that run them see both.
#[derive(Debug, Clone)]
pub(super) struct ClusterFolder {
    /// Run as whom the folder belongs to, those of its major first.
    pub(super) programs: OwnerPrograms,
    /// The folder of its programs.
    pub(super) bin: String,
    /// The folder.
    pub(super) data: String,
    /// The file of its settings, where that is elsewhere.
    pub(super) config: Option<String>,
    /// What it is called in all that is told of it.
    pub(super) called: String,
}

/// A server on such a folder; it is stopped when this is dropped.
#[derive(Debug)]
pub(super) struct FolderServer<'a> {
    pub(super) server: PostgresServer,
    cluster: &'a ClusterFolder,
    is_over: bool,
}

impl ClusterFolder {
    /// Its socket's folder, and that of what is said.
    fn work(&self) -> String {
        self.programs.work().display().to_string()
    }

    /// What its server is started with, whoever starts it: `hba` false leaves who is let in to its own rules.
    pub(super) fn options(&self, hba: bool) -> String {
        let mut words: Vec<String> = ALONE.iter().map(|one| (*one).to_owned()).collect();
        words.push(format!("unix_socket_directories={}", self.work()));
        if hba {
            words.push(format!("hba_file={}/hba", self.work()));
        }
        words.extend(self.config.iter().map(|file| format!("config_file={file}")));
        let words: Vec<String> = words
            .into_iter()
            .flat_map(|word| ["-c".to_owned(), word])
            .collect();
        quoted(words.iter().map(String::as_str))
    }

    /// The role that it was made for, which no server has to be asked for.
    fn role(&self) -> Result<String, PostgresError> {
        let (what, asked) = (
            "ask for the role that it was made for",
            "select rolname from pg_authid where oid = 10\n",
        );
        let config = self.config.iter().map(|file| format!("config_file={file}"));
        let config: Vec<String> = config.flat_map(|one| ["-c".to_owned(), one]).collect();
        let alone = ["postgres", "--single", "-D", &self.data];
        let words = alone.into_iter().chain(config.iter().map(String::as_str));
        let call = self.programs.call(&[], words.chain(["template1"]));
        let output = self.ran(what, call.stdin(asked).run_well())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let role = role_in(&text);
        role.ok_or_else(|| self.said(what, "the answer can't be understood".to_owned()))
    }

    /// Starts a server on it, and asks it as the role that it was made for.
    pub(super) fn start_as_made(&self) -> Result<FolderServer<'_>, PostgresError> {
        self.start(&self.role()?)
    }

    /// Starts a server on it, and asks it as `user`.
    pub(super) fn start(&self, user: &str) -> Result<FolderServer<'_>, PostgresError> {
        let what = "write who is let in";
        let place = format!("{}/hba", self.work());
        let call = self
            .programs
            .call(&[], ["sh", "-c", "cat >\"$1\"", "sh", &place]);
        self.ran(what, call.stdin(ALL).run_well())?;
        self.turn_on(true)?;
        Ok(FolderServer {
            server: PostgresServer::at_socket(&self.programs, &self.work(), &self.called, user)
                .inspect_err(|_| self.turn_off())?,
            cluster: self,
            is_over: false,
        })
    }

    /// Starts it by its own rules of who is let in, and stops it again.
    pub(super) fn try_start(&self) -> Result<(), PostgresError> {
        self.turn_on(false)?;
        self.turn_off();
        Ok(())
    }

    fn turn_on(&self, hba: bool) -> Result<(), PostgresError> {
        let log = format!("{}/log", self.work());
        let options = format!("{} -p {PORT}", self.options(hba));
        let call = self.programs.call(
            &[],
            [
                "sh",
                "-c",
                "rm -f \"$1\"; shift; exec pg_ctl start \"$@\"",
                "sh",
                &log,
            ]
            .into_iter()
            .chain([
                "-w", "-t", TURNING, "-s", "-D", &self.data, "-l", &log, "-o", &options,
            ]),
        );
        let Err(error) = call.run_well() else {
            return Ok(());
        };
        let said = self.programs.ask(["tail", "-n", "5", &log]);
        match said {
            Ok(said) if !said.is_empty() => Err(self.said("start the server", said)),
            _ => self.ran("start the server", Err(error)),
        }
    }

    /// Stops whatever server runs on it, in order. That there is none is no error.
    pub(super) fn turn_off(&self) {
        let line =
            "[ ! -e \"$1/postmaster.pid\" ] || exec pg_ctl stop -w -t \"$2\" -s -m fast -D \"$1\"";
        let call = self
            .programs
            .call(&[], ["sh", "-c", line, "sh", &self.data, TURNING]);
        // Whether it stands still is looked at where that counts.
        let _ = call.run();
    }

    /// The version of its programs: `15.8`.
    pub(super) fn version(&self, program: &str) -> Result<String, PostgresError> {
        let path = Path::new(&self.bin).join(program);
        let said = self.programs.ask([&*path.to_string_lossy(), "--version"]);
        let said = self.ran(&format!("ask the version of `{}`", path.display()), said)?;
        // `postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)`.
        let mut words = said.split(' ').skip_while(|word| *word != "(PostgreSQL)");
        Ok(words.nth(1).unwrap_or_default().to_owned())
    }

    pub(super) fn ran<T>(
        &self,
        what: &str,
        ran: Result<T, crate::engine::program::Error>,
    ) -> Result<T, PostgresError> {
        use crate::engine::program::Error;
        ran.map_err(|source| match source {
            Error::Interrupted { .. } => PostgresError::Interrupted,
            source => PostgresError::Program {
                name: self.called.clone(),
                what: what.to_owned(),
                source,
            },
        })
    }

    pub(super) fn said(&self, what: &str, said: String) -> PostgresError {
        PostgresError::Said {
            name: self.called.clone(),
            what: what.to_owned(),
            said,
        }
    }

    /// Runs a program to a good end, as long as the user wants it.
    pub(super) fn run(
        &self,
        what: &str,
        argv: &[&str],
        progress: &dyn Progress,
    ) -> Result<String, PostgresError> {
        let call = self.programs.call(&[], argv.iter().copied());
        let output = self.ran(what, call.run_or_stop(&|| !progress.interrupted()))?;
        if !output.status.success() {
            return Err(self.said(what, output.complaint()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl FolderServer<'_> {
    /// Stops it, in order.
    pub(super) fn stop(mut self) -> Result<(), PostgresError> {
        self.is_over = true;
        let (cluster, silent) = (self.cluster, &crate::progress::Silent);
        let stop = [
            "pg_ctl",
            "stop",
            "-w",
            "-t",
            TURNING,
            "-s",
            "-m",
            "fast",
            "-D",
            &cluster.data,
        ];
        cluster.run("stop the server", &stop, silent).map(drop)
    }
}

impl Drop for FolderServer<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.cluster.turn_off();
        }
    }
}

/// The name in the answer of a server without a client, `1: rolname = "postgres" (typeid = 19, ...)`.
fn role_in(text: &str) -> Option<String> {
    let mut lines = text
        .lines()
        .filter_map(|line| line.split_once("rolname = \""));
    let (_, rest) = lines.next()?;
    Some(rest.rsplit_once("\"\t(typeid")?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_read_whatever_its_name() {
        let answer = |name: &str| {
            format!(
                "\nPostgreSQL stand-alone backend 15.14\nbackend> \t 1: rolname\t(typeid = 19, len = 64, typmod = -1, byval = f)\n\t----\n\
                 \t 1: rolname = \"{name}\"\t(typeid = 19, len = 64, typmod = -1, byval = f)\n\t----\nbackend> "
            )
        };
        for name in ["postgres", "a \"b\"", "naïve"] {
            assert_eq!(role_in(&answer(name)).as_deref(), Some(name));
        }
        assert_eq!(role_in("backend> "), None);
    }
}

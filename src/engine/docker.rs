//! The `docker` program, or what stands in for it.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Error;
use super::program::{self, Invocation, Program};
use super::projects::compose::ComposeProgram;
use crate::threads;

/// An engine that is there answers within this.
const PROBE: Duration = Duration::from_secs(15);

/// One thing that has gone since it was listed fails a whole inspection; the list is taken
/// anew this often. On a machine where containers come and go all the time one try rarely is enough.
const TRIES: u32 = 20;

/// The `docker` program: found, which doesn't mean that an engine answers it.
#[derive(Debug, Clone)]
pub struct Docker {
    program: Program,
    /// Before every call's own arguments: which engine.
    engine: Vec<String>,
    time_out: Option<Duration>,
    /// What the engine said of itself, once it has.
    server: Arc<OnceLock<ServerInfo>>,
    /// The Compose that goes with it, once that was looked for.
    pub(super) compose: Arc<OnceLock<ComposeProgram>>,
}

/// What a Docker engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The engine's own id; engines of one machine may share it.
    pub id: String,
    /// The engine's version: `28.2.2`.
    pub version: String,
    /// The name of the machine that it runs on, as the engine sees it.
    pub name: String,
    /// The engine's data root on that machine: `/var/lib/docker`.
    pub root: PathBuf,
    /// Its processor, as it names it: `x86_64`; may be empty.
    pub machine: String,
    /// True for an engine without root's rights, which shifts user ids.
    pub rootless: bool,
    /// The time there, when it was asked; nothing where it doesn't tell.
    pub clock: Option<Timestamp>,
    /// The context that leads to it: `default`.
    pub context: String,
    /// The address that the context stands for: `unix:///var/run/docker.sock`; empty
    /// where the program doesn't say.
    pub endpoint: String,
}

impl ServerInfo {
    /// True if both are answers of one engine, by whatever address it was asked. No two
    /// engines of a machine have one data root.
    pub fn is_same_engine(&self, other: &Self) -> bool {
        let known = !self.id.is_empty();
        known && (&self.id, &self.name, &self.root) == (&other.id, &other.name, &other.root)
    }
}

impl ServerInfo {
    /// True if the ports that its containers publish are this machine's: it is reached by a
    /// local socket, as Docker Desktop's virtual machine is.
    pub fn publishes_here(&self) -> bool {
        self.endpoint.is_empty() || self.endpoint.starts_with("unix://")
    }

    /// Where the engine is, unless it is on this machine: by a local socket, and with this
    /// machine's name, since Docker Desktop's is a virtual one.
    pub fn elsewhere(&self) -> Option<String> {
        if !self.endpoint.is_empty() && !self.endpoint.starts_with("unix://") {
            Some(format!("at {}", self.endpoint))
        } else if self.name != host_name() {
            Some(format!("on `{}`", self.name))
        } else {
            None
        }
    }
}

fn host_name() -> String {
    let names = rustix::system::uname();
    names.nodename().to_string_lossy().into_owned()
}

impl Docker {
    /// Finds the program: `docker`, or what the setting `program` names, which may be
    /// several words (`sudo -n docker`).
    ///
    /// # Errors
    /// [`Error::NoProgram`].
    pub fn find(program: Option<&str>) -> Result<Self, Error> {
        let program = Program::parse(program.unwrap_or("docker")).map_err(Error::NoProgram)?;
        Ok(Self {
            program,
            engine: Vec::new(),
            time_out: None,
            server: Arc::default(),
            compose: Arc::default(),
        })
    }

    /// The same program, for another engine: a context's name, or an address such as
    /// `ssh://admin@example.org`.
    #[must_use]
    pub fn at(mut self, engine: &str) -> Self {
        let option = if engine.contains("://") {
            "--host"
        } else {
            "--context"
        };
        self.engine = vec![option.to_owned(), engine.to_owned()];
        self.server = Arc::default();
        self
    }

    /// The same program, with another end to the time of every call: 15 s to find out
    /// whether an engine is there, an hour to remove a volume, 60 s for the rest.
    #[must_use]
    pub fn time_out(mut self, after: Duration) -> Self {
        self.time_out = Some(after);
        self
    }

    /// The end that was set to the time of every call.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.time_out
    }

    /// What the engine is: it is asked once, and may be gone since.
    ///
    /// # Errors
    /// [`Error::NoEngine`] where none answers in 15 s.
    pub fn server(&self) -> Result<ServerInfo, Error> {
        if let Some(known) = self.server.get() {
            return Ok(known.clone());
        }
        let asked = self.ask()?;
        Ok(self.server.get_or_init(|| asked).clone())
    }

    /// Asks the engine what it is, or whether it is still there.
    ///
    /// # Errors
    /// [`Error::NoEngine`] where none answers in 15 s.
    pub(super) fn ask(&self) -> Result<ServerInfo, Error> {
        let call = self.call_within(PROBE, ["info", "--format", "{{json .}}"]);
        // Either question takes as long as the program needs to start.
        let (answer, endpoint) = thread::scope(|scope| {
            let endpoint = threads::start_in(scope, || self.endpoint());
            let answer = call.run();
            (answer, threads::ended_or(endpoint, || self.endpoint()))
        });
        let output = answer.map_err(|error| Error::NoEngine {
            said: error.to_string(),
        })?;
        // Without an engine the program still tells of itself; some versions end with 0.
        let info: Info = serde_json::from_slice(&output.stdout).unwrap_or_default();
        if let Some(said) = info.server_errors.iter().flatten().next() {
            return Err(Error::NoEngine { said: said.clone() });
        }
        if info.server_version.is_empty() || !output.status.success() {
            return Err(Error::NoEngine {
                said: output.complaint(),
            });
        }
        Ok(info.understood(endpoint))
    }

    /// The address of the current context; nothing where the program doesn't know
    /// contexts.
    fn endpoint(&self) -> String {
        let wanted = "{{json .Endpoints.docker.Host}}";
        let call = self.call(["context", "inspect", "--format", wanted]);
        Self::json("find the engine's address", &call).unwrap_or_default()
    }

    /// The program `name` as this one is called: with `sudo -n` before it, where that
    /// stands before `docker`.
    pub(super) fn sibling(&self, name: &str) -> Result<Program, program::Error> {
        self.program.sibling(name)
    }

    /// A call of the program.
    pub(super) fn call<I>(&self, args: I) -> Invocation
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        self.call_within(program::TIME_OUT, args)
    }

    /// A call that takes longer than others, or should take less.
    pub(crate) fn call_within<I>(&self, after: Duration, args: I) -> Invocation
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let after = self.time_out.unwrap_or(after);
        self.program.call(&self.engine).args(args).time_out(after)
    }

    /// What `inspect` tells of all that `list` names. What comes and goes meanwhile makes an
    /// inspection fail; the list is then taken anew, some times. What the engine lists and knows nothing of,
    /// as it does while it removes a container, is gone; that is believed of ids alone, which never come
    /// again.
    pub(super) fn inspected<T>(
        list: impl Fn() -> Result<Vec<String>, Error>,
        inspect: impl Fn(&[String]) -> Result<Vec<T>, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut names = list()?;
        for _ in 1..TRIES {
            match inspect(&names) {
                Ok(found) => return Ok(found),
                Err(error) => {
                    let mut now = list()?;
                    now.retain(|name| !is_gone(name, &error));
                    if now == names {
                        return Err(error);
                    }
                    names = now;
                }
            }
        }
        inspect(&names)
    }

    /// Makes the call and reads its one JSON value; `what` is said in errors.
    fn json<T: DeserializeOwned>(what: &str, call: &Invocation) -> Result<T, Error> {
        let output = call.run_well().map_err(failed(what))?;
        serde_json::from_slice(&output.stdout).map_err(|source| Error::Answer {
            what: what.to_owned(),
            command: call.shown(),
            source,
        })
    }

    /// Makes the call and reads the JSON values that it prints one after another.
    pub(super) fn json_lines<T: DeserializeOwned>(
        what: &str,
        call: &Invocation,
    ) -> Result<Vec<T>, Error> {
        let output = call.run_well().map_err(failed(what))?;
        let values = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
        values
            .collect::<Result<_, _>>()
            .map_err(|source| Error::Answer {
                what: what.to_owned(),
                command: call.shown(),
                source,
            })
    }
}

/// Whether the engine said that there is nothing of this id.
fn is_gone(id: &str, error: &Error) -> bool {
    let Error::Call { source, .. } = error else {
        return false;
    };
    let program::Error::Exit { said, .. } = source else {
        return false;
    };
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id
        && said
            .lines()
            .any(|line| line.contains(id) && line.to_lowercase().contains("no such "))
}

/// Turns a program's error into that of the thing wanted.
pub(super) fn failed(what: &str) -> impl FnOnce(program::Error) -> Error {
    let what = what.to_owned();
    move |source| Error::Call { what, source }
}

/// The part that is read of `docker info`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Info {
    #[serde(rename = "ID")]
    id: String,
    server_version: String,
    name: String,
    docker_root_dir: PathBuf,
    architecture: String,
    system_time: String,
    /// Null where the kernel has none.
    security_options: Option<Vec<String>>,
    #[serde(rename = "ClientInfo")]
    client: ClientInfo,
    server_errors: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ClientInfo {
    context: String,
}

impl Info {
    fn understood(self, endpoint: String) -> ServerInfo {
        let options = self.security_options.unwrap_or_default();
        ServerInfo {
            rootless: options
                .iter()
                .any(|option| option.contains("name=rootless")),
            id: self.id,
            version: self.server_version,
            name: self.name,
            root: self.docker_root_dir,
            machine: self.architecture,
            clock: self.system_time.parse().ok(),
            context: self.client.context,
            endpoint,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    fn refused(said: String) -> Error {
        failed("list the containers")(program::Error::Exit {
            command: "docker container inspect".to_owned(),
            said,
            how: program::Ending(ExitStatus::from_raw(1 << 8)),
        })
    }

    /// What is found of what is listed, a digit each, one list after the other; nothing is known of `9`.
    fn found(lists: &[&str], says: &str) -> Option<String> {
        let next = RefCell::new(lists.iter());
        let list = || {
            let names = next.borrow_mut().next().expect("no list more");
            Ok(names
                .chars()
                .map(|name| name.to_string().repeat(64))
                .collect())
        };
        let inspect = |ids: &[String]| match ids.iter().find(|id| id.starts_with('9')) {
            Some(gone) => Err(refused(format!("Error: {says}: {gone}"))),
            None => Ok(ids.iter().map(|id| id[..1].to_owned()).collect()),
        };
        Some(Docker::inspected(list, inspect).ok()?.concat())
    }

    #[test]
    fn what_comes_and_goes_while_it_is_listed_is_no_failure() {
        for (lists, says, expect) in [
            (&["12"] as &[_], "No such container", Some("12")),
            (&["129", "12"], "No such container", Some("12")),
            (&["129", "139", "139"], "No such container", Some("13")),
            // Listed while it is removed.
            (&["129", "129"], "No such container", Some("12")),
            // What else fails isn't taken for gone.
            (&["129", "129"], "permission denied", None),
        ] {
            assert_eq!(found(lists, says).as_deref(), expect, "{lists:?}, {says}");
        }
    }
}

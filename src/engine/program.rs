//! The one door to other programs.
//!
//! A [`Program`] is an absolute path, found in `PATH` once, so that a `PATH` changed
//! half-way changes nothing. An [`Invocation`] is one call of it: arguments as a list and
//! never a shell line, no standard input unless given, an end to its time and to what it
//! may print, and a form to show to people in which secrets are masked.
//!
//! A call runs in a process group of its own, and the whole group is killed when its time
//! is up, so that nothing goes on in the background after an error was reported.

mod capture;
mod error;
mod run;
mod running;
#[cfg(test)]
mod tests;
mod trace;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

pub use error::Error;
pub use running::{Ended, Running};
pub use trace::{CallListener, CallTrace, listen};

use crate::clock::Stopwatch;

/// The longest that a call may take where its caller names no other limit.
pub const TIME_OUT: Duration = Duration::from_mins(1);
/// The most that is kept of each output stream where the caller names no other limit.
pub const LIMIT: usize = 16 << 20;
/// Stands for a secret in everything that is shown.
const MASK: &str = "***";

/// A program that was found, with the arguments that belong to its name (`sudo docker`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
    /// As the user would type it: `docker`, or `sudo docker`.
    words: Vec<String>,
}

impl Program {
    /// Finds `name`, one word: looked up in the absolute folders of `PATH`, or taken as a
    /// path where it holds a slash.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nothing executable is there.
    pub fn find(name: &str) -> Result<Self, Error> {
        Self::from_words(vec![name.to_owned()])
    }

    /// Finds the program that a setting such as `sudo -n docker` names: the words are
    /// split as a shell would, the first is the program.
    ///
    /// # Errors
    /// [`Error::Words`] for no word at all or an unclosed quote, [`Error::NotFound`] when
    /// the first word is no program.
    pub fn parse(words: &str) -> Result<Self, Error> {
        match shlex::split(words) {
            Some(list) if !list.is_empty() => Self::from_words(list),
            _ => Err(Error::Words {
                words: words.to_owned(),
            }),
        }
    }

    fn from_words(words: Vec<String>) -> Result<Self, Error> {
        let path = look_up(&words[0]).ok_or_else(|| Error::NotFound {
            name: words[0].clone(),
        })?;
        Ok(Self { path, words })
    }

    /// Finds another program that is called in the same way: `sudo -n docker-compose` where
    /// this is `sudo -n docker`.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none of that name.
    pub fn sibling(&self, name: &str) -> Result<Self, Error> {
        let mut words = self.words.clone();
        words.pop();
        look_up(name).ok_or_else(|| Error::NotFound {
            name: name.to_owned(),
        })?;
        words.push(name.to_owned());
        Self::from_words(words)
    }

    /// The program's absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A call with these arguments, to be made more precise and then [`run`](Invocation::run).
    pub fn call<I>(&self, args: I) -> Invocation
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let start = Invocation {
            program: self.clone(),
            args: Vec::new(),
            env: Vec::new(),
            removed: Vec::new(),
            folder: None,
            stdin: Vec::new(),
            time_out: TIME_OUT,
            limit: LIMIT,
            secrets: Vec::new(),
        };
        start.args(args)
    }
}

impl Program {
    /// Has the program show `text` to whoever sits at this terminal, and waits until that is over;
    /// `meanwhile` is called some times a second.
    ///
    /// # Errors
    /// Those of starting it, and that it ended otherwise than well.
    pub fn show(&self, text: &str, meanwhile: &dyn Fn()) -> io::Result<()> {
        run::show(self, text, meanwhile)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(self.words.iter().map(String::as_str)))
    }
}

/// One call of a [`Program`]. The environment is inherited, so that `DOCKER_HOST`,
/// `DOCKER_CONTEXT` and `COMPOSE_*` mean what they mean to the program itself.
#[derive(Clone)]
pub struct Invocation {
    program: Program,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    removed: Vec<String>,
    folder: Option<PathBuf>,
    stdin: Vec<u8>,
    time_out: Duration,
    limit: usize,
    secrets: Vec<String>,
}

impl Invocation {
    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable; it is shown before the program, as in a shell.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Takes away an inherited environment variable.
    #[must_use]
    pub fn without_env(mut self, name: &str) -> Self {
        self.removed.push(name.to_owned());
        self
    }

    /// The folder to run in; else the caller's own.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// What the program reads from its standard input; else nothing (`/dev/null`).
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// The longest that the call may take, [`TIME_OUT`] where it isn't named.
    #[must_use]
    pub fn time_out(mut self, after: Duration) -> Self {
        self.time_out = after;
        self
    }

    /// The most bytes to keep of each output stream, [`LIMIT`] where it isn't named; the
    /// rest is read and thrown away, so that the program isn't held up.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Masks `secret` wherever it turns up in what is shown: the arguments, the
    /// environment, and the program's own complaints.
    #[must_use]
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        let secret = secret.into();
        if !secret.is_empty() {
            self.secrets.push(secret);
            // A secret that is part of another must not uncover the rest of it.
            self.secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        }
        self
    }

    /// The command line that a person would type, quoted for a shell, secrets masked.
    pub fn shown(&self) -> String {
        let set = self
            .env
            .iter()
            .map(|(name, value)| format!("{name}={}", quoted([&*self.mask(value)])));
        let words = self.program.words.iter().map(OsStr::new);
        let masked: Vec<String> = words
            .chain(self.args.iter().map(OsString::as_os_str))
            .map(|word| self.mask(word))
            .collect();
        let line = quoted(masked.iter().map(String::as_str));
        set.chain([line]).collect::<Vec<_>>().join(" ")
    }

    fn mask(&self, text: impl AsRef<OsStr>) -> String {
        let text = text.as_ref().to_string_lossy().into_owned();
        self.secrets
            .iter()
            .fold(text, |text, secret| text.replace(secret, MASK))
    }

    /// Runs the program as [`Invocation::run_well`] does, as long as `go_on` says so: it is asked
    /// some times a second, and may tell meanwhile what is waited for.
    ///
    /// # Errors
    /// Those of [`Invocation::run_well`], and [`Error::Interrupted`].
    pub fn run_while(&self, go_on: &dyn Fn() -> bool) -> Result<Output, Error> {
        self.well(self.traced(Some(go_on))?)
    }

    /// Runs the program as [`Invocation::run`] does, as long as `go_on` says so.
    ///
    /// # Errors
    /// Those of [`Invocation::run`], and [`Error::Interrupted`].
    pub fn run_or_stop(&self, go_on: &dyn Fn() -> bool) -> Result<Output, Error> {
        self.traced(Some(go_on))
    }

    /// Runs the program to its end. How it ended is in [`Output::status`]; an exit code
    /// other than 0 is no error here.
    ///
    /// # Errors
    /// [`Error::Start`] when it can't be started, [`Error::TimedOut`] when it was killed
    /// for taking too long, [`Error::Wait`] when the system loses track of it.
    pub fn run(&self) -> Result<Output, Error> {
        self.traced(None)
    }

    /// Starts the program and gives its standard input and output to the caller; what was
    /// set by [`Invocation::stdin`] and [`Invocation::time_out`] doesn't count.
    ///
    /// # Errors
    /// [`Error::Start`] when it can't be started.
    pub fn start(&self) -> Result<Running, Error> {
        Running::start(self)
    }

    /// Runs the program and takes anything but exit code 0 for an error.
    ///
    /// # Errors
    /// Those of [`Invocation::run`], and [`Error::Exit`] with the last lines of what it
    /// said on its standard error.
    pub fn run_well(&self) -> Result<Output, Error> {
        self.well(self.run()?)
    }

    fn traced(&self, go_on: Option<&dyn Fn() -> bool>) -> Result<Output, Error> {
        let watch = Stopwatch::start();
        let ran = run::run(self, go_on);
        trace::tell(&|listener| {
            let failed = match &ran {
                Ok(output) if output.status.success() => None,
                Ok(output) => Some(Ending(output.status).to_string()),
                Err(error) => Some(error.to_string()),
            };
            listener(&CallTrace {
                command: &self.shown(),
                failed: failed.as_deref(),
                took: watch.elapsed(),
            });
        });
        ran
    }

    fn well(&self, output: Output) -> Result<Output, Error> {
        if output.status.success() {
            return Ok(output);
        }
        Err(Error::Exit {
            command: self.shown(),
            said: self.mask(output.complaint()),
            how: Ending(output.status),
        })
    }
}

// Written by hand: arguments and environment can hold secrets.
impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Invocation").field(&self.shown()).finish()
    }
}

/// What a program left behind.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What the program wrote to standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// What the program wrote to standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// True where one of the two went over the limit and is cut.
    pub cut: bool,
}

impl Output {
    /// The last lines of its standard error, or of its standard output where it said
    /// nothing there; enough for a message, without trailing blanks.
    pub fn complaint(&self) -> String {
        let errors = String::from_utf8_lossy(&self.stderr);
        if errors.trim().is_empty() {
            last_lines(&String::from_utf8_lossy(&self.stdout))
        } else {
            last_lines(&errors)
        }
    }
}

pub(super) fn last_lines(text: &str) -> String {
    const LINES: usize = 5;
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

/// How a program ended, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending(pub ExitStatus);

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.code(), self.0.signal()) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => write!(f, "{}", self.0),
        }
    }
}

/// Words joined into a line that a shell splits into the same words again.
pub(crate) fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoter = shlex::Quoter::new().allow_nul(true);
    let words = words.into_iter();
    let list: Vec<_> = words
        .map(|word| quoter.quote(word).unwrap_or_default())
        .collect();
    list.join(" ")
}

/// The absolute path of the executable that `name` means.
fn look_up(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        let path = std::path::absolute(name).ok()?;
        return is_executable(&path).then_some(path);
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        // A relative folder would mean another program in another place.
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

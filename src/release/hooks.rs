//! Hooks and checks of a recipe: what the vendor or the administrator wants run around an upgrade, and
//! what has to answer before it counts as done.

use serde::{Deserialize, Serialize};

/// How long a hook may take where the recipe doesn't say, in seconds.
const HOOK_LIMIT: u64 = 3600;
/// How long a check may take to be well where the recipe doesn't say, in seconds.
const CHECK_LIMIT: u64 = 300;

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HookCommand {
    /// A program and its arguments.
    Argv(Vec<String>),
    /// A line for `sh -c`.
    Shell(String),
}

impl HookCommand {
    /// The program and its arguments.
    pub fn argv(&self) -> Vec<String> {
        match self {
            Self::Argv(argv) => argv.clone(),
            Self::Shell(line) => ["sh", "-c", line].map(str::to_owned).to_vec(),
        }
    }

    /// As a person would type it.
    pub fn shown(&self) -> String {
        match self {
            Self::Argv(argv) => {
                shlex::try_join(argv.iter().map(String::as_str)).unwrap_or_else(|_| argv.join(" "))
            }
            Self::Shell(line) => line.clone(),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Argv(argv) => argv.first().is_none_or(String::is_empty),
            Self::Shell(line) => line.trim().is_empty(),
        }
    }
}

/// Something that is run at one point of an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeHook {
    /// What is run.
    pub run: HookCommand,
    /// The service in which it is run; on the host, in the release's folder, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Services that have to be up for it, and nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub up: Vec<String>,
    /// How long it may take, in seconds.
    pub seconds: u64,
}

/// The hooks of a recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Run while the old release serves still, just before it is stopped.
    pub before_stop: Option<RecipeHook>,
    /// Run after the data was copied and before the new release serves.
    pub migrate: Option<RecipeHook>,
    /// Run when the new release serves.
    pub after_up: Option<RecipeHook>,
    /// Run before anything else of an upgrade, be it one hop of several or the only one.
    pub before_hop: Option<RecipeHook>,
    /// Run after everything else of an upgrade.
    pub after_hop: Option<RecipeHook>,
}

/// Something that has to be well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is asked.
    #[serde(flatten)]
    pub question: CheckQuestion,
    /// How long it may take to be well, in seconds.
    pub seconds: u64,
}

/// What a check asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckQuestion {
    /// Whether a URL is answered with a status below 400.
    Http(String),
    /// Whether somebody takes connections at `HOST:PORT`.
    Tcp(String),
    /// Whether a command ends with 0.
    Command {
        /// What is run.
        run: HookCommand,
        /// The service in which it is run; on the host when absent.
        service: Option<String>,
    },
}

impl Check {
    /// In a few words.
    pub fn shown(&self) -> String {
        match &self.question {
            CheckQuestion::Http(url) => without_password(url),
            CheckQuestion::Tcp(address) => format!("tcp {address}"),
            CheckQuestion::Command { run, service: None } => run.shown(),
            CheckQuestion::Command {
                run,
                service: Some(service),
            } => format!("in {service}: {}", run.shown()),
        }
    }
}

/// A URL without the password in it.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}{}", &rest[end..]),
        None => url.to_owned(),
    }
}

/// A key that can't be followed, as `hooks.migrate`, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CantFollow(pub String);

/// Hooks as they are written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WrittenHooks {
    before_stop: Option<WrittenHook>,
    migrate: Option<WrittenHook>,
    after_up: Option<WrittenHook>,
    before_hop: Option<WrittenHook>,
    after_hop: Option<WrittenHook>,
}

/// A hook as it is written.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum WrittenHook {
    Detailed {
        run: HookCommand,
        service: Option<String>,
        #[serde(default)]
        up: Vec<String>,
        within: Option<String>,
    },
    Plain(HookCommand),
}

impl WrittenHooks {
    pub(super) fn read(self) -> Result<Hooks, CantFollow> {
        let read = |key: &str, hook: Option<WrittenHook>| {
            hook.map(|hook| hook.read(&format!("hooks.{key}")))
                .transpose()
        };
        let hooks = Hooks {
            before_stop: read("before-stop", self.before_stop)?,
            migrate: read("migrate", self.migrate)?,
            after_up: read("after-up", self.after_up)?,
            before_hop: read("before-hop", self.before_hop)?,
            after_hop: read("after-hop", self.after_hop)?,
        };
        for (key, hook) in [
            ("before-stop", &hooks.before_stop),
            ("after-up", &hooks.after_up),
            ("before-hop", &hooks.before_hop),
            ("after-hop", &hooks.after_hop),
        ] {
            if hook.as_ref().is_some_and(|hook| !hook.up.is_empty()) {
                return Err(CantFollow(format!("hooks.{key}.up")));
            }
        }
        Ok(hooks)
    }
}

impl WrittenHook {
    /// What a rehearsal runs in its clone. On the host it would be run on what isn't the clone.
    pub(super) fn read_neutralize(self) -> Result<RecipeHook, CantFollow> {
        let hook = self.read("neutralize")?;
        match hook.service {
            None => Err(CantFollow("neutralize: without a `service`".to_owned())),
            Some(_) => Ok(hook),
        }
    }

    fn read(self, key: &str) -> Result<RecipeHook, CantFollow> {
        let hook = match self {
            Self::Plain(run) => RecipeHook {
                run,
                service: None,
                up: Vec::new(),
                seconds: HOOK_LIMIT,
            },
            Self::Detailed {
                run,
                service,
                up,
                within,
            } => RecipeHook {
                run,
                service,
                up,
                seconds: limit(within.as_deref(), HOOK_LIMIT, key)?,
            },
        };
        match hook.run.is_empty() {
            true => Err(CantFollow(format!("{key}: nothing to run"))),
            false => Ok(hook),
        }
    }
}

/// A check as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCheck {
    http: Option<String>,
    tcp: Option<String>,
    command: Option<HookCommand>,
    service: Option<String>,
    within: Option<String>,
}

impl WrittenCheck {
    pub(super) fn read(self) -> Result<Check, CantFollow> {
        let seconds = limit(self.within.as_deref(), CHECK_LIMIT, "checks")?;
        let question = match (self.http, self.tcp, self.command, self.service) {
            (Some(url), None, None, None) if is_url(&url) => CheckQuestion::Http(url),
            (Some(url), None, None, None) => {
                return Err(CantFollow(format!(
                    "checks.http: {}",
                    without_password(&url)
                )));
            }
            (None, Some(address), None, None) if address.contains(':') => {
                CheckQuestion::Tcp(address)
            }
            (None, Some(address), None, None) => {
                return Err(CantFollow(format!("checks.tcp: {address}")));
            }
            (None, None, Some(run), service) if !run.is_empty() => {
                CheckQuestion::Command { run, service }
            }
            _ => {
                return Err(CantFollow(
                    "checks: one of `http`, `tcp` and `command` each".to_owned(),
                ));
            }
        };
        Ok(Check { question, seconds })
    }
}

fn is_url(url: &str) -> bool {
    let mut schemes = ["http://", "https://"].iter();
    schemes.any(|scheme| {
        url.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    })
}

/// Seconds, of `300s`, `5m` or `1h`.
fn limit(written: Option<&str>, default: u64, key: &str) -> Result<u64, CantFollow> {
    let Some(text) = written else {
        return Ok(default);
    };
    seconds(text)
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| CantFollow(format!("{key}.within: {text}")))
}

/// The seconds of `300s`, `5m`, `1h`, or of a number of seconds.
pub fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let factor = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hooks(text: &str) -> Result<Hooks, String> {
        let written: WrittenHooks =
            serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        written.read().map_err(|error| error.0)
    }

    fn check(text: &str) -> Result<Check, String> {
        let written: WrittenCheck =
            serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        written.read().map_err(|error| error.0)
    }

    #[test]
    fn a_hook_is_a_line_a_list_or_told_in_detail() {
        let read = hooks(
            "{before-stop: echo bye, after-up: [touch, a b], migrate: {service: web, run: [m, x], within: 5m}}",
        );
        let read = read.unwrap();
        let [before, after, migrate] =
            [read.before_stop, read.after_up, read.migrate].map(Option::unwrap);
        assert_eq!(before.run.argv(), ["sh", "-c", "echo bye"]);
        assert_eq!(
            (after.run.argv(), after.run.shown()),
            (vec!["touch".into(), "a b".into()], "touch 'a b'".into())
        );
        assert_eq!(
            (migrate.service.as_deref(), migrate.seconds),
            (Some("web"), 300)
        );
        assert_eq!((after.service, after.seconds), (None, 3600));
    }

    #[test]
    fn what_can_not_be_followed_is_named() {
        for (text, key) in [
            ("{before-hop: {run: x, up: [db]}}", "hooks.before-hop.up"),
            ("{after-hop: ['']}", "hooks.after-hop: nothing to run"),
            ("{after-up: {run: x, up: [db]}}", "hooks.after-up.up"),
            (
                "{migrate: {run: x, within: soon}}",
                "hooks.migrate.within: soon",
            ),
            ("{migrate: ''}", "hooks.migrate: nothing to run"),
            ("{migrate: []}", "hooks.migrate: nothing to run"),
        ] {
            assert_eq!(hooks(text), Err(key.to_owned()), "{text}");
        }
        assert!(hooks("{later: x}").unwrap_err().contains("later"));
    }

    #[test]
    fn what_neutralizes_a_clone_is_run_in_a_service() {
        let read = |text: &str| {
            let written: WrittenHook = serde_yaml::from_str(text).unwrap();
            written.read_neutralize().map_err(|error| error.0)
        };
        let hook = read("{service: db, run: psql}").unwrap();
        assert_eq!(hook.service.as_deref(), Some("db"));
        for (text, key) in [
            ("psql", "neutralize: without a `service`"),
            ("{run: psql}", "neutralize: without a `service`"),
            ("{service: db, run: ''}", "neutralize: nothing to run"),
            ("{service: db, run: x, within: no}", "neutralize.within: no"),
        ] {
            assert_eq!(read(text), Err(key.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_check_asks_one_thing() {
        for (text, shown, seconds) in [
            ("{http: 'http://u:p@h:8080/x'}", "http://***@h:8080/x", 300),
            ("{tcp: 'h:1', within: 10s}", "tcp h:1", 10),
            (
                "{command: [pg_isready], service: db}",
                "in db: pg_isready",
                300,
            ),
            ("{command: test -e x}", "test -e x", 300),
        ] {
            let check = check(text).unwrap();
            assert_eq!((check.shown().as_str(), check.seconds), (shown, seconds));
        }
        for text in [
            "{http: 'ftp://x'}",
            "{tcp: h}",
            "{}",
            "{http: 'http://x', tcp: 'h:1'}",
            "{tcp: 'h:1', service: db}",
            "{command: ''}",
            "{tcp: 'h:1', within: 0s}",
            "{tcp: 'h:1', often: 3}",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}

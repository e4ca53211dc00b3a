//! What a clone would have sent to the outside, as its sink heard it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sink::{HeardLine, Overheard};
use crate::mask::Secrets;

/// What a clone would have sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// What, in order: mails, requests, other connections, names.
    pub entries: Vec<LedgerEntry>,
    /// How often there was something that was too much to be told apart.
    pub more: u64,
    /// How often, at least, an address was wanted that was given by number: there is no way to it, and so it
    /// isn't known which.
    pub no_route: u64,
}

/// One thing that was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEntry {
    /// What.
    pub heard: Overheard,
    /// When, and how often.
    pub during: Vec<HeardDuring>,
}

/// How often something was heard in a part of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeardDuring {
    /// Which part, in words: `the upgrade`.
    pub part: String,
    /// How often.
    pub times: u64,
}

impl LedgerEntry {
    /// When it was heard, and how often: `the upgrade, the way back (3 times)`.
    pub fn when(&self) -> String {
        let part = |during: &HeardDuring| match during.times {
            1 => during.part.clone(),
            times => format!("{} ({times} times)", during.part),
        };
        let parts: Vec<_> = self.during.iter().map(part).collect();
        parts.join(", ")
    }
}

impl Ledger {
    /// Takes what the sink has said until now; what is new since the last time was heard during `part`.
    pub(super) fn take(&mut self, said: &str, part: &str, secrets: &Secrets) {
        let mut now: BTreeMap<Overheard, u64> = BTreeMap::new();
        // Each line tells how often in all: the last one of its kind counts. What makes no sense isn't ours.
        let lines = said
            .lines()
            .filter_map(|line| serde_json::from_str::<HeardLine>(line).ok());
        let mut raw: BTreeMap<Overheard, u64> = BTreeMap::new();
        for line in lines {
            match line.heard {
                Some(heard) => {
                    raw.insert(heard, line.times);
                }
                None => self.more = line.times,
            }
        }
        for (heard, times) in raw {
            // Without their secrets two may be one.
            let all = now.entry(masked(heard, secrets)).or_default();
            *all = all.saturating_add(times);
        }
        let mut known: BTreeMap<Overheard, Vec<HeardDuring>> = std::mem::take(&mut self.entries)
            .into_iter()
            .map(|entry| (entry.heard, entry.during))
            .collect();
        for (heard, times) in now {
            let during = known.entry(heard).or_default();
            let before: u64 = during.iter().map(|one| one.times).sum();
            let new = times.saturating_sub(before);
            match during.iter_mut().find(|one| one.part == part) {
                Some(one) => one.times += new,
                None if new > 0 => during.push(HeardDuring {
                    part: part.to_owned(),
                    times: new,
                }),
                None => {}
            }
        }
        let entries = known.into_iter();
        self.entries = entries
            .map(|(heard, during)| LedgerEntry { heard, during })
            .collect();
    }

    /// Whether nothing was wanted of the outside.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.more == 0 && self.no_route == 0
    }

    /// What else is to be told, a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.more > 0 {
            remarks.push(format!("{} more were too many to be told apart", self.more));
        }
        if self.no_route > 0 {
            remarks.push(format!(
                "an address given by number was wanted at least {} times: no way leads there, and which it was isn't known",
                self.no_route
            ));
        }
        remarks
    }
}

/// Without what is a secret of the releases'.
fn masked(heard: Overheard, secrets: &Secrets) -> Overheard {
    match heard {
        Overheard::Mail { from, to, port } => Overheard::Mail {
            from: named(from, secrets),
            to: to.into_iter().map(|one| named(one, secrets)).collect(),
            port,
        },
        Overheard::Request {
            method,
            host,
            path,
            port,
        } => Overheard::Request {
            method,
            host: named(host, secrets),
            path: secrets.setting(None, &path),
            port,
        },
        Overheard::Encrypted { host, port } => Overheard::Encrypted {
            host: host.map(|host| named(host, secrets)),
            port,
        },
        Overheard::Name { name, kind } => Overheard::Name {
            name: named(name, secrets),
            kind,
        },
        other => other,
    }
}

/// A host or an address of mail; one that stands in `.env` as it is, is what the ledger is for.
fn named(text: String, secrets: &Secrets) -> String {
    let shown = secrets.setting(None, &text);
    match shown.contains(|letter: char| letter.is_alphanumeric()) {
        true => shown,
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::SecretWords;

    fn name(name: &str) -> Overheard {
        Overheard::Name {
            name: name.to_owned(),
            kind: "A".to_owned(),
        }
    }

    fn line(heard: Option<Overheard>, times: u64) -> String {
        serde_json::to_string(&HeardLine { heard, times }).unwrap() + "\n"
    }

    fn no_secrets() -> Secrets {
        Secrets::new(false, SecretWords::default())
    }

    #[test]
    fn what_is_new_was_heard_in_the_part_that_has_just_ended() {
        let mut ledger = Ledger::default();
        let mut said = String::from("ready\n");
        said += &line(Some(name("a.example")), 1);
        said += &line(Some(name("a.example")), 2);
        ledger.take(&said, "the old release", &no_secrets());
        said += &line(Some(name("b.example")), 1);
        ledger.take(&said, "the upgrade", &no_secrets());
        said += &line(Some(name("a.example")), 7);
        said += &line(None, 12);
        said += "{\"heard\": half";
        ledger.take(&said, "the upgrade", &no_secrets());
        let told: Vec<_> = ledger
            .entries
            .iter()
            .map(|entry| format!("{}: {}", entry.heard, entry.when()))
            .collect();
        assert_eq!(
            told,
            [
                "looked up a.example (A): the old release (2 times), the upgrade (5 times)",
                "looked up b.example (A): the upgrade",
            ]
        );
        assert!(ledger.remarks()[0].starts_with("12 more"));
    }

    #[test]
    fn secrets_of_the_releases_are_masked_and_hosts_arent() {
        let mut secrets = no_secrets();
        let value = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        secrets.add([
            value("API_TOKEN", "hunter22"),
            value("HOOK_URL", "hooks.example.com"),
        ]);
        let request = |path: &str| Overheard::Request {
            method: "POST".to_owned(),
            host: "hooks.example.com".to_owned(),
            path: path.to_owned(),
            port: 80,
        };
        let shown = masked(request("/v1/hunter22/x"), &secrets);
        assert_eq!(shown, request("/v1/********/x"));
        assert_eq!(
            masked(name("hunter22.evil.example"), &secrets),
            name("********.evil.example")
        );
    }
}

//! How a data folder was made, and what `initdb` is told so that another one is like it: purely.

use std::collections::BTreeMap;

use super::PostgresError;
use super::server::{PostgresServer, Row};
use crate::progress::Progress;

const FACTS: &str = include_str!("survey/cluster_facts.sql");

/// What isn't so of another folder: where its files are, and whom it follows.
const OF_THE_FOLDER: [&str; 8] = [
    "data_directory",
    "config_file",
    "external_pid_file",
    "stats_temp_directory",
    "primary_conninfo",
    "primary_slot_name",
    "restore_command",
    "recovery_target",
];
/// Where the rules are of who is let in, by setting and by the name that they have in a data folder.
pub(super) const RULES: [(&str, &str); 2] =
    [("hba_file", "pg_hba.conf"), ("ident_file", "pg_ident.conf")];

/// How a data folder was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ClusterMaking {
    made: BTreeMap<String, String>,
    /// What its files of settings say, the last one of each name.
    pub(super) settings: BTreeMap<String, String>,
    /// Its tablespaces outside of it, with their folders.
    pub(super) tablespaces: Vec<String>,
    /// Its replication slots.
    pub(super) slots: Vec<String>,
    /// Its rules of who is let in, by setting, where their files are elsewhere.
    pub(super) rules: BTreeMap<String, String>,
}

impl ClusterMaking {
    /// Asks its server.
    pub(super) fn of(
        server: &PostgresServer,
        progress: &dyn Progress,
    ) -> Result<Self, PostgresError> {
        let rows = server.rows("template1", "ask how it was made", FACTS, progress)?;
        Ok(Self::read(rows))
    }

    fn read(rows: Vec<Row>) -> Self {
        let mut found = Self::default();
        for Row { kind, name, value } in rows {
            let value = value.unwrap_or_default();
            match kind.as_str() {
                "made" => drop(found.made.insert(name, value)),
                "tablespace" => found.tablespaces.push(format!("{name} ({value})")),
                "slot" => found.slots.push(name),
                _ if OF_THE_FOLDER.contains(&name.as_str()) => {}
                _ if RULES.iter().any(|(setting, _)| *setting == name) => {
                    found.rules.insert(name, value);
                }
                _ => drop(found.settings.insert(name, value)),
            }
        }
        found
    }

    fn told(&self, what: &str) -> &str {
        self.made.get(what).map_or("", String::as_str)
    }

    /// The role that it was made for.
    pub(super) fn role(&self) -> &str {
        self.told("role")
    }

    /// What `initdb` of the major `new` is told.
    pub(super) fn initdb_options(&self, new: u32) -> Vec<String> {
        let mut options: Vec<String> = [
            ("username", "role"),
            ("encoding", "encoding"),
            ("lc-collate", "collate"),
            ("lc-ctype", "ctype"),
        ]
        .map(|(option, what)| format!("--{option}={}", self.told(what)))
        .to_vec();
        options.extend(self.provider_options(new));
        options.extend(match self.told("data_checksums") {
            "on" => Some("--data-checksums".to_owned()),
            // Before, that is how it is unless it is told otherwise.
            _ if new >= 18 => Some("--no-data-checksums".to_owned()),
            _ => None,
        });
        let segment: Option<u64> = self.told("wal_segment_size").parse().ok();
        let segment = segment.map(|bytes| format!("--wal-segsize={}", bytes >> 20));
        options.extend(segment);
        // Until the old one's rules are there.
        options.extend(["--auth-local=peer", "--auth-host=scram-sha-256"].map(str::to_owned));
        options
    }

    fn provider_options(&self, new: u32) -> Vec<String> {
        let (locale, rules) = (self.told("locale"), self.told("rules"));
        match self.told("provider") {
            _ if new < 15 => Vec::new(),
            "i" => {
                let rules = Some(rules).filter(|rules| !rules.is_empty());
                let rules = rules.map(|rules| format!("--icu-rules={rules}"));
                let own = [
                    "--locale-provider=icu".to_owned(),
                    format!("--icu-locale={locale}"),
                ];
                own.into_iter().chain(rules).collect()
            }
            "b" => vec![
                "--locale-provider=builtin".to_owned(),
                format!("--builtin-locale={locale}"),
            ],
            _ => vec!["--locale-provider=libc".to_owned()],
        }
    }
}

/// Settings as a file of them has it.
pub(super) fn settings_file(settings: &BTreeMap<String, String>, from: &str) -> String {
    let mut text = format!("\n# What the files of settings of Postgres {from} said:\n");
    for (name, value) in settings {
        text += &format!("{name} = '{}'\n", value.replace('\'', "''"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(more: &[(&str, &str)]) -> ClusterMaking {
        let usual = [
            ("role", "post gres"),
            ("encoding", "UTF8"),
            ("collate", "sv_SE.UTF-8"),
            ("ctype", "C"),
            ("provider", "c"),
            ("data_checksums", "off"),
            ("wal_segment_size", "16777216"),
        ];
        let all = usual.iter().chain(more).map(|(name, value)| Row {
            kind: "made".to_owned(),
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
        });
        ClusterMaking::read(all.collect())
    }

    #[track_caller]
    fn check(more: &[(&str, &str)], new: u32, with: &[&str], without: &[&str]) {
        let options = made(more).initdb_options(new);
        for option in with {
            assert!(
                options.iter().any(|one| one == option),
                "{option}: {options:?}"
            );
        }
        for option in without {
            assert!(
                !options.iter().any(|one| one.starts_with(option)),
                "{option}: {options:?}"
            );
        }
    }

    #[test]
    fn a_new_folder_is_made_as_the_old_one_was() {
        let as_ever = [
            "--username=post gres",
            "--encoding=UTF8",
            "--lc-collate=sv_SE.UTF-8",
            "--lc-ctype=C",
        ];
        check(&[], 17, &as_ever, &["--no-data", "--data", "--icu"]);
        check(
            &[],
            17,
            &["--locale-provider=libc", "--wal-segsize=16"],
            &[],
        );
        check(&[], 14, &as_ever, &["--locale-provider"]);
        // 18 has them unless it is told not to.
        check(&[], 18, &["--no-data-checksums"], &["--data-checksums"]);
        check(
            &[("data_checksums", "on")],
            18,
            &["--data-checksums"],
            &["--no-data"],
        );
        check(
            &[("wal_segment_size", "67108864")],
            18,
            &["--wal-segsize=64"],
            &[],
        );
        let icu = [("provider", "i"), ("locale", "de-DE"), ("rules", "&a < g")];
        check(
            &icu,
            17,
            &[
                "--locale-provider=icu",
                "--icu-locale=de-DE",
                "--icu-rules=&a < g",
            ],
            &[],
        );
        let builtin = [("provider", "b"), ("locale", "C.UTF-8")];
        check(
            &builtin,
            18,
            &["--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
            &["--icu"],
        );
    }

    #[test]
    fn the_last_of_a_setting_counts_and_places_stay_behind() {
        let row = |kind: &str, name: &str, value: &str| Row {
            kind: kind.to_owned(),
            name: name.to_owned(),
            value: Some(value.to_owned()),
        };
        let rows = vec![
            row("setting", "work_mem", "4MB"),
            row("setting", "search_path", "it's"),
            row("setting", "work_mem", "8MB"),
            row("setting", "hba_file", "/etc/postgresql/15/main/pg_hba.conf"),
            row("tablespace", "fast", "/mnt/fast"),
            row("slot", "standby", "physical"),
        ];
        let found = ClusterMaking::read(rows);
        assert_eq!((found.tablespaces.len(), found.slots.len()), (1, 1));
        assert_eq!(
            found.rules["hba_file"],
            "/etc/postgresql/15/main/pg_hba.conf"
        );
        assert_eq!(
            settings_file(&found.settings, "15"),
            "\n# What the files of settings of Postgres 15 said:\nsearch_path = 'it''s'\nwork_mem = '8MB'\n"
        );
    }
}

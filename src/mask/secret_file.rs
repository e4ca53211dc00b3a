//! Files that are secret by what they or their parts are called.

use std::path::Path;

use super::split_line::after;
use crate::env_file::is_env_name;

/// True for `db_password.txt`, `tls.key`, `id_ed25519`, and what is in a folder `secrets`: files
/// that hold one value, whose name is theirs. `.env` files have names for each of their values.
pub(super) fn is_named_secret(path: &Path) -> bool {
    const WORDS: [&str; 6] = [
        "passwd",
        "password",
        "secret",
        "credential",
        "private",
        "token",
    ];
    const ENDINGS: [&str; 9] = [
        "key",
        "pem",
        "p12",
        "pfx",
        "jks",
        "keystore",
        "kdbx",
        "ppk",
        "kubeconfig",
    ];
    const KEYS: [&str; 6] = [
        "id_rsa",
        "id_dsa",
        "id_ecdsa",
        "id_ed25519",
        ".netrc",
        ".pgpass",
    ];
    let lower = |name: &std::ffi::OsStr| name.to_string_lossy().to_ascii_lowercase();
    let name = path.file_name().map(lower).unwrap_or_default();
    let folder = path.parent().and_then(Path::file_name).map(lower);
    let ending = path.extension().map(lower).unwrap_or_default();
    !is_env_name(path)
        && (WORDS.iter().any(|word| name.contains(word))
            || ENDINGS.contains(&ending.as_str())
            || KEYS.contains(&name.as_str())
            || matches!(folder.as_deref(), Some("secrets" | ".secrets")))
}

/// The lines below a `secrets:` of a YAML file, all of whose values are secret.
#[derive(Default)]
pub(super) struct SecretsBlock {
    /// The column of the key, while it is open.
    column: Option<usize>,
}

impl SecretsBlock {
    /// Takes the next line; where its secret begins, if it is in the block.
    pub(super) fn secret_in(&mut self, content: &str) -> Option<usize> {
        let trimmed = content.trim_start_matches([' ', '-']);
        if trimmed.is_empty() {
            return self.column.map(|_| content.len());
        }
        let column = content.len() - content.trim_start_matches(' ').len();
        let is_item = content[column..].starts_with('-');
        self.column = self
            .column
            .filter(|open| column > *open || (is_item && column == *open));
        if self.column.is_some() {
            return Some(Self::value_in(content, content.len() - trimmed.len()));
        }
        if trimmed.trim_end() == "secrets:" {
            self.column = Some(content.len() - trimmed.len());
        }
        None
    }

    /// Behind a key that has a value here, but for what only refers to the secret; all of the
    /// line where there is no key.
    fn value_in(content: &str, first: usize) -> usize {
        const REFERENCES: [&str; 9] = [
            "file",
            "external",
            "name",
            "environment",
            "source",
            "target",
            "uid",
            "gid",
            "mode",
        ];
        let Some((key, value)) = content[first..].split_once(':') else {
            return first;
        };
        if REFERENCES.contains(&key) {
            return content.len();
        }
        match value.is_empty() || value.starts_with(' ') {
            true => after(content, first + key.len() + 1),
            false => first,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{SecretWords, pair};

    fn masked(path: &str, old: &str, new: &str) -> String {
        pair(Path::new(path), old, new, &SecretWords::default()).1
    }

    #[test]
    fn all_below_secrets_is_masked_but_what_refers_to_it() {
        let text = "secrets:\n  db:\n    file: ./db.txt\n  api: hunter2\n  more: |\n    line\n\n    x: y\n  - z\nservices:\n  web: {a: b}\n";
        let expected = "secrets:\n  db:\n    file: ./db.txt\n  api: ********\n  more: ********\n    ********\n\n    x: ********\n  - ********\nservices:\n  web: {a: b}\n";
        assert_eq!(masked("config.yml", text, text), expected);
        let list = "    secrets:\n    - hunter2\n    image: a\n";
        assert_eq!(
            masked("c.yml", list, list),
            "    secrets:\n    - ********\n    image: a\n"
        );
    }

    #[test]
    fn a_file_is_secret_by_its_name() {
        for name in [
            "db_password.txt",
            "a/secrets/x",
            "tls/site.key",
            "id_ed25519",
            "API-TOKEN",
        ] {
            assert!(is_named_secret(Path::new(name)), "{name}");
        }
        for name in [
            "Caddyfile",
            "secrets.d/x",
            "token.env",
            "keycloak.json",
            "monkey",
        ] {
            assert!(!is_named_secret(Path::new(name)), "{name}");
        }
    }
}

//! What is a secret by its shape, whatever it is called: tokens of well-known makers, and long random
//! text.

/// Beginnings that makers of tokens give theirs.
const BEGINNINGS: [&str; 28] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "pk_live_",
    "whsec_",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "SG.",
    "npm_",
    "pypi-",
    "dckr_pat_",
    "hvs.",
    "shpat_",
];

/// The shortest token that is taken for one.
const SHORTEST: usize = 16;

/// True for a value that is a token by what it looks like.
pub(super) fn is_token(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    if value.contains("-----BEGIN ") {
        return true;
    }
    let is_one = !value.contains(char::is_whitespace) && value.len() >= SHORTEST;
    is_one && (has_beginning(value) || is_web_token(value) || is_random(value))
}

/// True for a word that a well-known maker's token begins like.
pub(super) fn has_maker(word: &str) -> bool {
    word.len() >= SHORTEST && (has_beginning(word) || is_web_token(word))
}

fn has_beginning(value: &str) -> bool {
    BEGINNINGS
        .iter()
        .any(|beginning| value.starts_with(beginning))
}

/// Three parts of base64, the first of which is JSON.
fn is_web_token(value: &str) -> bool {
    value.starts_with("eyJ") && value.split('.').count() == 3
}

/// Long, without words in it: letters and digits through each other.
fn is_random(value: &str) -> bool {
    const LONG: usize = 24;
    let letters = value.trim_end_matches('=');
    let is_plain = letters
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "+/_-".contains(c));
    let kinds: Vec<_> = letters.chars().map(|c| c.is_ascii_digit()).collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    letters.len() >= LONG && is_plain && changes * 6 >= letters.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_shape() {
        for token in [
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "glpat-AbCdEf0123456789xyzw",
            "sk_live_0123456789abcdef",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dGVzdHRlc3Q",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "'k3J9x0Qm2Zb7Lp5Vt8Yw1Rc4Dn6=='",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert!(is_token(token), "{token}");
        }
    }

    #[test]
    fn a_name_a_path_or_a_sentence_is_none() {
        for plain in [
            "",
            "8080",
            "v2.10.5",
            "insight.example.org",
            "/srv/acme/data/volumes",
            "Europe/Berlin",
            "a sentence of several words",
            "registry.example.com:5000/acme/web",
            "sk-short",
            "production-eu-central-1-backup",
            "postgres://db:5432/insight",
            "2026-11-27T20:48:00Z",
        ] {
            assert!(!is_token(plain), "{plain}");
        }
    }
}

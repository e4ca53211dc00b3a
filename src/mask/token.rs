//! What is a secret by its shape, whatever it is called: tokens of well-known makers, and long random
//! text.

/// Beginnings that makers of tokens give theirs.
const BEGINNINGS: [&str; 32] = [
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
    "hf_",
    "dop_v1_",
    "glrt-",
    "AGE-SECRET-KEY-",
];

/// The shortest token that is taken for one.
const SHORTEST: usize = 16;

/// True for a value that is a token by what it looks like.
pub(super) fn is_token(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    if value.contains("-----BEGIN ") {
        return true;
    }
    if is_header(value) {
        return true;
    }
    let is_one = !value.contains(char::is_whitespace) && value.len() >= SHORTEST;
    is_one && (has_maker(value) || is_random(value))
}

/// What a client sends to say who it is: `Bearer` or `Basic`, and one word.
fn is_header(value: &str) -> bool {
    let word = value
        .strip_prefix("Bearer ")
        .or(value.strip_prefix("Basic "));
    word.is_some_and(|word| word.len() >= 8 && !word.contains(char::is_whitespace))
}

/// An address that whoever knows it may post to.
fn is_webhook(value: &str) -> bool {
    const PLACES: [&str; 3] = [
        "hooks.slack.com/services/",
        "/api/webhooks/",
        "webhook.office.com/",
    ];
    value.starts_with("https://") && PLACES.iter().any(|place| value.contains(place))
}

/// The number of a Telegram bot, and 35 letters.
fn is_bot(value: &str) -> bool {
    let parts = value.split_once(':');
    parts.is_some_and(|(number, rest)| {
        (8..=10).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && rest.len() == 35
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    })
}

/// True for a word that a well-known maker's token begins like.
pub(super) fn has_maker(word: &str) -> bool {
    let is_known = [has_beginning, is_web_token, is_webhook, is_bot];
    word.len() >= SHORTEST && is_known.iter().any(|is| is(word))
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
            "Bearer abcdef0123456789",
            "Basic dXNlcjpwYXNz",
            "https://hooks.slack.com/services/T0/B0/abcdefgh",
            "https://discord.com/api/webhooks/1234/abcdefgh",
            "123456789:AAabcdefghijklmnopqrstuvwxyzabcdefg",
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
            "Basic settings of the house",
            "https://example.org/hooks/list",
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

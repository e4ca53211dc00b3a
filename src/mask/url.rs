//! What may be shown of an address of the web: whom it leads to and what it is about, and no key to it.

use super::MASK;
use super::token::is_token;

/// The path of an address, with its query: what is in the query is masked, and what in the path looks like a
/// key, since that is how webhooks are addressed.
pub fn url_path(text: &str) -> String {
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    let parts: Vec<_> = path
        .split('/')
        .map(|part| match is_key(part) {
            true => MASK,
            false => part,
        })
        .collect();
    let mut shown = parts.join("/");
    if let Some(query) = query {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if !is_key(name) => format!("{name}={MASK}"),
            _ => MASK.to_owned(),
        });
        shown += "?";
        shown += &pairs.collect::<Vec<_>>().join("&");
    }
    shown
}

/// A host, without the user and the password that may stand before it.
pub fn url_host(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => text.to_owned(),
    }
}

/// Whether a part of a path is none that a person has named.
fn is_key(part: &str) -> bool {
    const SHORTEST: usize = 16;
    let has = |kind: fn(char) -> bool| part.contains(kind);
    let is_mixed = has(|c| c.is_ascii_digit()) && has(|c| c.is_ascii_alphabetic());
    is_token(part) || (part.len() >= SHORTEST && is_mixed) || part.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_is_masked_and_what_is_named_is_shown() {
        for (path, expect) in [
            ("", ""),
            ("/", "/"),
            ("/api/v1/orders", "/api/v1/orders"),
            (
                "/search?q=shoes&token=abc&flag",
                "/search?q=********&token=********&********",
            ),
            (
                "/services/T024BE7LD/B0Q2JX7MZ/k3J9x0Qm2Zb7Lp5Vt8Yw1Rc4",
                "/services/T024BE7LD/B0Q2JX7MZ/********",
            ),
            ("/bot123:AAF/sendMessage", "/********/sendMessage"),
            ("/hooks/6f1ed002ab5595859014ebf0951522d9", "/hooks/********"),
            (
                "/a-page-with-a-long-name-in-words",
                "/a-page-with-a-long-name-in-words",
            ),
        ] {
            assert_eq!(url_path(path), expect);
        }
        assert_eq!(url_host("u:p@h.example.com"), "********@h.example.com");
        assert_eq!(url_host("h.example.com:8080"), "h.example.com:8080");
    }
}

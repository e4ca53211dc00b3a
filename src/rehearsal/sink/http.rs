//! The head of a request of HTTP/1 (RFC 9112): what is wanted, and of whom. Its body is never read.

use super::heard::{Overheard, plain};
use crate::mask;

/// The longest head that is waited for, in bytes.
pub(super) const LONGEST_HEAD: usize = 16 << 10;

/// What is answered to who brings something: it was taken.
const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// What is answered to who wants something: there is nothing.
const NOTHING: &str =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Whether the head has come to its end, or to the length at which no more is waited for.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let has = |end: &[u8]| bytes.windows(end.len()).any(|part| part == end);
    bytes.len() >= LONGEST_HEAD || has(b"\r\n\r\n") || has(b"\n\n")
}

/// The request that the bytes begin with, and what is answered; nothing where it is none.
pub(super) fn request(bytes: &[u8], port: u16) -> Option<(Overheard, &'static str)> {
    let mut lines = bytes
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let (method, target) = (words.next()?, words.next()?);
    let is_method = (1..=20).contains(&method.len()) && method.iter().all(u8::is_ascii_uppercase);
    if !is_method || !words.next()?.starts_with(b"HTTP/1.") {
        return None;
    }
    let named = lines
        .take_while(|line| !line.is_empty())
        .find_map(|line| {
            let (name, value) = line.split_at_checked(b"host:".len())?;
            name.eq_ignore_ascii_case(b"host:").then_some(value)
        })
        .unwrap_or_default();
    let (host, path) = parts(target, named);
    let answer = match method {
        b"POST" | b"PUT" | b"PATCH" | b"DELETE" => TAKEN,
        _ => NOTHING,
    };
    let heard = Overheard::Request {
        method: plain(method),
        host: mask::url_host(&plain(host)),
        path: mask::url_path(&plain(path)),
        port,
    };
    Some((heard, answer))
}

/// Whom a request is for and what of it, by its target and by what `Host:` says.
fn parts<'a>(target: &'a [u8], named: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    if target.starts_with(b"/") || target == b"*" {
        return (named, target);
    }
    // A proxy is told all of an address, or whom to lead to.
    let Some(scheme) = target.windows(3).position(|part| part == b"://") else {
        return (target, b"");
    };
    let rest = target.get(scheme + 3..).unwrap_or_default();
    let slash = rest.iter().position(|byte| b"/?".contains(byte));
    rest.split_at(slash.unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Option<String> {
        let (heard, _) = request(text.as_bytes(), 80)?;
        Some(heard.to_string())
    }

    #[test]
    fn a_request_is_heard_by_host_and_path_without_secrets() {
        for (text, expect) in [
            (
                "POST /hook HTTP/1.1\r\nHost: h.example.com\r\n\r\n",
                "POST http://h.example.com/hook",
            ),
            (
                "GET / HTTP/1.0\nUser-Agent: x\nhOST: h.example.com:8080 \n\n",
                "GET http://h.example.com:8080/",
            ),
            (
                "GET http://p.example.com/x?key=1&b=2 HTTP/1.1\r\nHost: other\r\n\r\n",
                "GET http://p.example.com/x?key=********&b=********",
            ),
            (
                "CONNECT t.example.com:443 HTTP/1.1\r\n\r\n",
                "CONNECT http://t.example.com:443",
            ),
            (
                "POST /services/T024BE7LD/B0Q2JX7MZ/k3J9x0Qm2Zb7Lp5Vt8Yw1Rc4 HTTP/1.1\r\nHost: s\r\n\r\n",
                "POST http://s/services/T024BE7LD/B0Q2JX7MZ/********",
            ),
            (
                "GET http://user:pass@h.example.com/ HTTP/1.1\r\n\r\n",
                "GET http://********@h.example.com/",
            ),
            ("GET / HTTP/1.1\r\n\r\nHost: body\r\n", "GET http:///"),
        ] {
            assert_eq!(heard(text).as_deref(), Some(expect));
        }
    }

    #[test]
    fn what_brings_something_is_taken_and_what_wants_something_gets_nothing() {
        for (method, code) in [
            ("POST", "200"),
            ("DELETE", "200"),
            ("GET", "503"),
            ("HEAD", "503"),
        ] {
            let text = format!("{method} / HTTP/1.1\r\n\r\n");
            let (_, answer) = request(text.as_bytes(), 80).unwrap();
            assert_eq!(&answer[9..12], code, "{method}");
        }
    }

    #[test]
    fn what_is_no_request_is_none() {
        for text in [
            "",
            "\r\n",
            "GET",
            "GET /",
            "GET / HTTP/2",
            "get / HTTP/1.1\r\n",
            "\u{16}\u{3}\u{1} / HTTP/1.1",
            "SSH-2.0-x\r\n",
        ] {
            assert_eq!(heard(text), None, "{text:?}");
        }
        assert!(!is_whole(b"GET / HTTP/1.1\r\nHost: x\r\n"));
        assert!(is_whole(b"GET / HTTP/1.1\r\n\r\n") && is_whole(&[b'x'; LONGEST_HEAD]));
    }
}

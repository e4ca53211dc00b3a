//! What the sink hears, in words that are safe to show.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest text that is kept of anything, in characters.
const LONGEST: usize = 512;

/// One thing that somebody in a clone wanted of the outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Overheard {
    /// A mail, taken and thrown away.
    Mail {
        /// Whom it says it is from; empty for a bounce.
        from: String,
        /// Whom it was to go to.
        to: Vec<String>,
        /// The port that it came by.
        port: u16,
    },
    /// A request of HTTP.
    Request {
        /// `POST` and the like.
        method: String,
        /// Whom it was for: what `Host:` says, or the request's own address.
        host: String,
        /// What of it, without secrets.
        path: String,
        /// The port that it came by.
        port: u16,
    },
    /// A connection that was to be encrypted, ended before anything was said.
    Encrypted {
        /// Whom it was for, where that was told.
        host: Option<String>,
        /// The port that it came by.
        port: u16,
    },
    /// A connection or a datagram to another port; nothing took it.
    Port {
        /// How.
        protocol: Protocol,
        /// The port.
        port: u16,
    },
    /// A connection to a port that is listened on, in which nothing was said that the sink knows.
    Unknown {
        /// The port.
        port: u16,
    },
    /// A name was looked up.
    Name {
        /// The name.
        name: String,
        /// What was asked of it: `A`, `AAAA`, `MX`.
        kind: String,
    },
}

/// How something came that no more is known of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// As a connection.
    Tcp,
    /// As a datagram.
    Udp,
}

/// What a sink says on a line: a thing that it heard, and how often until now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeardLine {
    /// What; absent for all that is too much to be told apart.
    pub heard: Option<Overheard>,
    /// How often.
    pub times: u64,
}

impl fmt::Display for Overheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mail { from, to, .. } => {
                let from = if from.is_empty() { "nobody" } else { from };
                write!(f, "mail from {from} to {}", to.join(", "))
            }
            Self::Request {
                method,
                host,
                path,
                port,
            } => {
                let port = match port {
                    80 => String::new(),
                    _ if host.contains(':') => String::new(),
                    port => format!(":{port}"),
                };
                write!(f, "{method} http://{host}{port}{path}")
            }
            Self::Encrypted { host, port } => match host {
                Some(host) => write!(f, "TLS to {host}:{port}"),
                None => write!(f, "TLS to port {port}, for nobody by name"),
            },
            Self::Port { protocol, port } => match protocol {
                Protocol::Tcp => write!(f, "a connection to port {port}"),
                Protocol::Udp => write!(f, "a datagram to port {port}"),
            },
            Self::Unknown { port } => {
                write!(f, "a connection to port {port} that said nothing known")
            }
            Self::Name { name, kind } => write!(f, "looked up {name} ({kind})"),
        }
    }
}

/// Bytes that somebody sent, as text that can be shown: bounded, and without what a terminal acts upon.
pub(super) fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..4 * LONGEST).unwrap_or(bytes));
    let shown = |letter: char| match letter.is_control() || is_turning(letter) {
        true => char::REPLACEMENT_CHARACTER,
        false => letter,
    };
    text.trim().chars().take(LONGEST).map(shown).collect()
}

/// Whether it changes the direction or the line of what follows.
fn is_turning(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_is_told_in_a_line() {
        let mail = Overheard::Mail {
            from: "shop@example.org".to_owned(),
            to: vec!["a@example.com".to_owned(), "b@example.com".to_owned()],
            port: 25,
        };
        let request = |host: &str, port| Overheard::Request {
            method: "POST".to_owned(),
            host: host.to_owned(),
            path: "/hook".to_owned(),
            port,
        };
        for (heard, expect) in [
            (
                mail,
                "mail from shop@example.org to a@example.com, b@example.com",
            ),
            (
                request("h.example.com", 80),
                "POST http://h.example.com/hook",
            ),
            (
                request("h.example.com", 8080),
                "POST http://h.example.com:8080/hook",
            ),
            (
                request("h.example.com:8080", 8080),
                "POST http://h.example.com:8080/hook",
            ),
            (
                Overheard::Port {
                    protocol: Protocol::Udp,
                    port: 514,
                },
                "a datagram to port 514",
            ),
        ] {
            assert_eq!(heard.to_string(), expect);
        }
    }

    #[test]
    fn what_was_sent_is_printable_and_short() {
        for (sent, expect) in [
            (&b" a\x1b[2Jb\r\n"[..], "a\u{fffd}[2Jb"),
            (b"\xff\x00", "\u{fffd}\u{fffd}"),
            ("\u{202e}gpj".as_bytes(), "\u{fffd}gpj"),
        ] {
            assert_eq!(plain(sent), expect);
        }
        assert_eq!(plain(&[b'a'; 9000]).len(), LONGEST);
        assert_eq!(plain("ä".repeat(9000).as_bytes()).chars().count(), LONGEST);
    }
}

//! Where a plain word, such as `redis`, may be a host's name.

use super::key_words::lists_peers;
use super::{QUOTES, Token, ValueRole};

impl Token<'_> {
    /// True where a word that might be any may be a host: in a command, in a list that is no
    /// prose, between the marks of a language, behind what wants a host or before a port.
    pub(super) fn is_at_a_host_s_place(&self) -> bool {
        let text = self.text;
        if self.after.starts_with([':', '+']) {
            // Of a URL's scheme, or an image.
            return false;
        }
        let next = self
            .after
            .trim_start()
            .split(|c: char| !c.is_ascii_digit())
            .next();
        let is_before_port = self.after.starts_with([' ', '\t'])
            && next.is_some_and(|port| port.parse().is_ok_and(|port: u16| port > 9));
        let marks_before = ['"', '\'', '[', '{', '(', '=', '|', '&'];
        let is_escaped = self.before.len() >= 3 && self.before.bytes().nth_back(2) == Some(b'%');
        match text.role {
            ValueRole::Command => true,
            ValueRole::Pair => {
                is_before_port
                    || is_escaped
                    || self.before.ends_with(marks_before)
                    || self
                        .after
                        .starts_with(['"', '\'', ']', '}', ')', '|', '\\', '%'])
                    || text.text.split_whitespace().nth(2).is_none()
                    || lists_peers(text.key)
            }
            _ => is_before_port || self.is_behind_what_wants_a_host(),
        }
    }

    /// A directive or a program that is given a host: `server x;`, `ping x`, `set $upstream x;`.
    fn is_behind_what_wants_a_host(&self) -> bool {
        const WANTS: [&str; 18] = [
            "server",
            "host",
            "hostname",
            "replicaof",
            "slaveof",
            "upstream",
            "proxy_pass",
            "fastcgi_pass",
            "uwsgi_pass",
            "grpc_pass",
            "nc",
            "ncat",
            "telnet",
            "ping",
            "ping6",
            "pg_isready",
            "wait-for",
            "wait-for-it.sh",
        ];
        let before = self.before.trim_end_matches(QUOTES);
        let mut words = before
            .rsplit([' ', '\t', ';', '{', '(', '|', '&'])
            .filter(|word| !word.is_empty());
        let is_behind = before.ends_with([' ', '\t']);
        let mut word = words.next().unwrap_or_default();
        // Options that have no value stand between.
        while word.starts_with('-') {
            word = words.next().unwrap_or_default();
        }
        let is_set = word.starts_with('$') && words.next() == Some("set");
        is_behind && (is_set || WANTS.contains(&word.to_ascii_lowercase().as_str()))
    }

    /// What `sed` puts in: `s/localhost/NAME/g`.
    pub(super) fn is_put_in_by_sed(&self) -> bool {
        let is_edge = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';');
        let word = self.before.rsplit(is_edge).next().unwrap_or_default();
        let is_second = word.starts_with("s/") && word.matches('/').count() == 2;
        self.text.role == ValueRole::Command && is_second && self.after.starts_with('/')
    }

    /// An element of a list behind one slash, as Docker itself spells names of containers.
    pub(super) fn is_slashed(&self) -> bool {
        let is_edge = |c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\'');
        let begins = self.before.strip_suffix('/');
        self.text.role == ValueRole::Pair
            && begins.is_some_and(|before| before.chars().next_back().is_none_or(is_edge))
            && self.after.chars().next().is_none_or(is_edge)
    }
}

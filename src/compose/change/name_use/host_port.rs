//! Whether a number is a port of the host.

use super::key_words::ends_with_word;
use super::{Token, ValueRole};

impl Token<'_> {
    /// Whether it is surely the port of the host rather than one of a container.
    pub(super) fn as_port(&self, name: &str) -> Option<bool> {
        let hosts = self.text.hosts;
        let is_own_port = |port: &u16| port.to_string() == name;
        let is_inside = self.text.own_ports.iter().any(is_own_port);
        let Some((host, is_url)) = self.host_before() else {
            return self.is_alone_as_port(is_inside).then_some(false);
        };
        let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let is_machine = host == "host.docker.internal" || hosts.gateways.contains(&host);
        let is_machine_s = self.text.role == ValueRole::Engine || hosts.is_in_host_network;
        if is_machine || is_local && is_machine_s {
            return Some(true);
        }
        if is_bridge(host) {
            return Some(false);
        }
        match self.text.role {
            ValueRole::Pair => {}
            ValueRole::Text => return (is_url && is_local).then_some(false),
            _ => return None,
        }
        if is_local {
            // Others mean themselves by it, at a port that needn't be published.
            let is_sure = is_url && !is_inside && self.text.is_own;
            return (is_url || !is_inside).then_some(is_sure);
        }
        // A name without a dot may be another container, by its own port.
        let is_far = host.contains('.') || !is_inside && hosts.peers.binary_search(&host).is_err();
        (is_url && is_far).then_some(false)
    }

    /// A port that stands apart from its host: `DB_PORT` beside `DB_HOST`, `port=` in a DSN. It is
    /// the host's only for those who speak to that, or for those whose it is.
    fn is_alone_as_port(&self, is_inside: bool) -> bool {
        let (text, hosts) = (self.text, self.text.hosts);
        let may_be = text.is_own && !is_inside || hosts.is_in_host_network || hosts.speaks_to_host;
        let is_value = self.is_element() || self.before.ends_with('=');
        text.role != ValueRole::Engine
            && may_be
            && is_value
            && ends_with_word(self.option(), &["port"])
    }

    /// The host that stands before `:PORT`, and whether it is a URL's.
    fn host_before(&self) -> Option<(&str, bool)> {
        let before = self.before.strip_suffix(':')?;
        let ends =
            |c: char| matches!(c, '/' | '@' | ',' | '=' | '(' | '"' | '\'') || c.is_whitespace();
        let start = before.rfind(ends).map_or(0, |at| at + 1);
        let host = &before[start..];
        let is_url = before[..start].ends_with("://") || before[..start].ends_with('@');
        (!host.is_empty()).then_some((host, is_url))
    }
}

/// The machine, as Docker's own bridges call it: 172.17.0.1, 172.18.0.1 and so on.
pub(crate) fn is_bridge(host: &str) -> bool {
    let parts: Vec<Option<u8>> = host.split('.').map(|part| part.parse().ok()).collect();
    matches!(
        parts.as_slice(),
        [Some(172), Some(16..=31), Some(0), Some(1)]
    )
}

//! Published ports, in the short syntax (`127.0.0.1:8000-8001:80-81/udp`) and the long.
//! The rules are those of Docker's `nat` package, which Compose uses.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use serde::Serialize;

/// One published port of a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Port {
    /// The port inside of the container.
    pub target: u16,
    /// The host's port, or a range to choose from (`8000-8009`); absent if the engine
    /// chooses any.
    pub published: Option<String>,
    /// The host's address; absent for all.
    pub host_ip: Option<String>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

impl Port {
    /// Takes the short syntax apart: one port for each of a range. None if malformed.
    pub fn parse(spec: &str) -> Option<Vec<Self>> {
        let (ports, protocol) = spec.split_once('/').unwrap_or((spec, "tcp"));
        let protocol = protocol.to_ascii_lowercase();
        if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
            return None;
        }
        let mut parts = ports.rsplitn(3, ':');
        let container = range(parts.next()?)?;
        let published = parts.next().filter(|part| !part.is_empty());
        let host_ip = parts.next().map(|ip| {
            let bare = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']'));
            bare.unwrap_or(ip).to_owned()
        });
        let port = |target: u16, published: Option<String>| Self {
            target,
            published,
            host_ip: host_ip.clone().filter(|ip| !ip.is_empty()),
            protocol: protocol.clone(),
        };
        let Some(published) = published else {
            return Some(container.map(|target| port(target, None)).collect());
        };
        let host = range(published)?;
        if container.len() == host.len() {
            let pairs = container.zip(host);
            return Some(
                pairs
                    .map(|(target, published)| port(target, Some(published.to_string())))
                    .collect(),
            );
        }
        (container.len() == 1).then(|| vec![port(*container.start(), Some(published.to_owned()))])
    }

    /// The host's ports; none if the engine chooses, or if it is malformed.
    pub fn host_ports(&self) -> Option<RangeInclusive<u16>> {
        range(self.published.as_deref()?)
    }

    /// True if both are of one protocol and on a common address of the host, whatever the ports.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.protocol == other.protocol && Address::of(self).meets(Address::of(other))
    }

    /// True if both may be what one socket of the host listens on.
    pub(crate) fn is_same_socket(&self, other: &Self) -> bool {
        self.host_ports().is_some() && self.host_ports() == other.host_ports() && self.meets(other)
    }
}

/// The host's addresses that a port is published on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    All,
    AllOf { v4: bool },
    One(IpAddr),
}

impl Address {
    fn of(port: &Port) -> Self {
        match port.host_ip.as_deref() {
            Some("0.0.0.0") => Self::AllOf { v4: true },
            Some("::") => Self::AllOf { v4: false },
            ip => ip
                .and_then(|ip| ip.parse().ok())
                .map_or(Self::All, Self::One),
        }
    }

    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::AllOf { v4 }, Self::One(ip)) | (Self::One(ip), Self::AllOf { v4 }) => {
                ip.is_ipv4() == v4
            }
            (Self::One(_), Self::One(_)) | (Self::AllOf { .. }, Self::AllOf { .. }) => {
                self == other
            }
            _ => true,
        }
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let port = |text: &str| text.parse::<u16>().ok();
    match text.split_once('-') {
        Some((first, last)) => {
            let (first, last) = (port(first)?, port(last)?);
            (first <= last).then_some(first..=last)
        }
        None => port(text).map(|port| port..=port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spec: &str, expect: &[(&str, &str, u16, &str)]) {
        let found = Port::parse(spec).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|port| {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                (
                    text(&port.host_ip),
                    text(&port.published),
                    port.target,
                    port.protocol.clone(),
                )
            })
            .collect();
        let expect: Vec<_> = expect
            .iter()
            .map(|(ip, published, target, protocol)| {
                (
                    (*ip).to_owned(),
                    (*published).to_owned(),
                    *target,
                    (*protocol).to_owned(),
                )
            })
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn short_syntax_is_taken_apart_as_docker_does() {
        check("80", &[("", "", 80, "tcp")]);
        check("8080:80", &[("", "8080", 80, "tcp")]);
        check("127.0.0.1:80:80/udp", &[("127.0.0.1", "80", 80, "udp")]);
        check("127.0.0.1::80", &[("127.0.0.1", "", 80, "tcp")]);
        check("[::1]:6:6", &[("::1", "6", 6, "tcp")]);
        check("::1:6:6", &[("::1", "6", 6, "tcp")]);
        check(
            "8000-8001:80-81",
            &[("", "8000", 80, "tcp"), ("", "8001", 81, "tcp")],
        );
        check("8000-8009:80", &[("", "8000-8009", 80, "tcp")]);
        check("80-81", &[("", "", 80, "tcp"), ("", "", 81, "tcp")]);
    }

    #[test]
    fn malformed_ports_are_none() {
        for spec in ["", "a", "80/x", "1-2:1-3", "99999", "2-1", "80:", ":"] {
            assert_eq!(Port::parse(spec), None, "{spec}");
        }
    }

    #[test]
    fn one_socket_is_one_port_on_addresses_that_meet() {
        let is_one = |one: &str, other: &str| {
            let port = |spec: &str| Port::parse(spec).unwrap().remove(0);
            port(one).is_same_socket(&port(other))
        };
        assert!(is_one("80:1", "80:2"));
        assert!(is_one("80:1", "127.0.0.1:80:2"));
        assert!(is_one("0.0.0.0:80:1", "127.0.0.1:80:2"));
        assert!(!is_one("80:1", "81:1"));
        assert!(!is_one("80:1", "80:1/udp"));
        assert!(!is_one("[::]:80:1", "127.0.0.1:80:2"));
        assert!(!is_one("127.0.0.2:80:1", "127.0.0.1:80:2"));
        assert!(!is_one("80", "80"));
    }

    #[test]
    fn host_ports_are_a_range() {
        let ports = |spec: &str| Port::parse(spec).unwrap()[0].host_ports();
        assert_eq!(ports("8000-8009:80"), Some(8000..=8009));
        assert_eq!(ports("8000:80"), Some(8000..=8000));
        assert_eq!(ports("80"), None);
    }
}

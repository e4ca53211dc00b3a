//! Addresses in compose files: those that services have by them, and those that are spoken of.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::load::Sources;
use super::value::{Data, Value};
use crate::compose::file::location::Location;

/// What of a service on one network isn't the engine's to choose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FixedEndpoint {
    /// `ipv4_address` and `ipv6_address`.
    pub addresses: Vec<IpAddr>,
    /// `mac_address`.
    pub mac: Option<String>,
}

/// An address that stands in a compose file for something else than to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokenAddress {
    /// The address.
    pub address: IpAddr,
    /// The place of the value in which it stands.
    pub at: Location,
}

/// Those of a service, by the keys of its networks.
pub(crate) fn endpoints(service: &Value) -> BTreeMap<String, FixedEndpoint> {
    let networks = service.get("networks").and_then(Value::as_map);
    let each = networks.into_iter().flatten().map(|(key, value)| {
        let text = |name: &str| value.get(name).and_then(Value::to_text);
        let addresses = ["ipv4_address", "ipv6_address"].into_iter();
        let addresses = addresses.filter_map(|name| text(name)?.parse().ok());
        let endpoint = FixedEndpoint {
            addresses: addresses.collect(),
            mac: text("mac_address"),
        };
        (key.clone(), endpoint)
    });
    each.filter(|(_, endpoint)| *endpoint != FixedEndpoint::default())
        .collect()
}

/// All that are spoken of, but for services that aren't among `enabled`.
pub(crate) fn spoken(
    root: &Value,
    sources: &Sources,
    enabled: &BTreeSet<&str>,
) -> Vec<SpokenAddress> {
    let mut found = Vec::new();
    collect(root, &mut Vec::new(), &mut |path, value, text| {
        let is_disabled = matches!(path, ["services", name, ..] if !enabled.contains(name));
        if is_disabled || is_given(path) {
            return;
        }
        found.extend(addresses_in(text).map(|address| SpokenAddress {
            address,
            at: sources.location(value.at),
        }));
    });
    found
}

/// Whether what stands there gives an address rather than speaks of one, or is this machine's.
fn is_given(path: &[&str]) -> bool {
    match path {
        ["networks", ..] => true,
        ["services", _, "networks", _, name, ..] => name.ends_with("_address"),
        ["services", _, name, ..] => matches!(*name, "extra_hosts" | "ports"),
        _ => false,
    }
}

fn collect<'a>(
    value: &'a Value,
    path: &mut Vec<&'a str>,
    take: &mut impl FnMut(&[&str], &Value, &str),
) {
    match &value.data {
        Data::Text(text) => take(path, value, text),
        Data::List(items) => items.iter().for_each(|item| collect(item, path, take)),
        Data::Map(map) => {
            for (key, value) in map {
                path.push(key);
                collect(value, path, take);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The addresses that stand in a text, whatever is around them.
pub fn addresses_in(text: &str) -> impl Iterator<Item = IpAddr> + '_ {
    let is_of_one = |letter: char| letter.is_ascii_hexdigit() || ".:".contains(letter);
    let words = text.split(move |letter: char| !is_of_one(letter));
    words.filter_map(|word| {
        let word = word.trim_matches('.');
        let before_port = word.split(':').find(|part| part.contains('.'));
        let whole = word.parse().ok();
        whole.or_else(|| before_port?.trim_matches('.').parse().ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_seen_in_whatever_it_stands() {
        let seen = |text: &str| -> Vec<String> {
            addresses_in(text)
                .map(|address| address.to_string())
                .collect()
        };
        for (text, expect) in [
            ("10.2.3.4", &["10.2.3.4"][..]),
            (
                "postgres://u:p@10.2.3.4:5432/db?x=10.2.3.5",
                &["10.2.3.4", "10.2.3.5"],
            ),
            ("server 10.2.3.4;", &["10.2.3.4"]),
            ("It is 10.2.3.4.", &["10.2.3.4"]),
            ("HOST=10.2.3.4:80,10.2.3.5:80", &["10.2.3.4", "10.2.3.5"]),
            ("http://[fd00::5]:80/", &["fd00::5"]),
            ("10.2.3.0/24", &["10.2.3.0"]),
            ("1.2.3", &[]),
            ("1.2.3.4.5", &[]),
            ("010.2.3.4444", &[]),
            ("a:b", &[]),
        ] {
            assert_eq!(seen(text), expect, "{text}");
        }
    }
}

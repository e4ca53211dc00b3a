//! Where a text uses a name of Docker's, such as a container's: as the host of a URL, a DSN or
//! an option, or only as a word that may mean something else.
//!
//! Pure: one text, what it is the value of, and the name. What surely means the thing can be
//! edited; what may mean it is for a person to look at.

mod docker_command;
mod host_place;
mod host_port;
mod key_words;

pub(crate) use self::host_port::is_bridge;

use std::ops::Range;

use self::key_words::{
    CREDENTIAL_WORDS, HOST_WORDS, IMAGE_WORDS, NAMED_WORDS, ends_with_word, may_name_a_host,
    names_a_site, names_another_kind, speaks_of,
};
use super::rename::{NamedThing, Rename};

/// What a text is the value of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueRole {
    /// Of a variable or label, under its name.
    Pair,
    /// Of a command or health check: what runs inside of the container.
    Command,
    /// Of `network_mode`, `pid`, `ipc`, `volumes_from` or `external_links`, where names are
    /// containers'.
    Mode,
    /// Of an option of the engine's own, such as a log driver's or a mount: it is the host that
    /// reads it.
    Engine,
    /// Of a file's content.
    Text,
}

/// A text in which names are looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamedText<'a> {
    pub(crate) role: ValueRole,
    /// The variable's or label's name, or the argument before this one.
    pub(crate) key: &'a str,
    pub(crate) text: &'a str,
    /// The ports that those who read it have inside of their containers.
    pub(crate) own_ports: &'a [u16],
    /// True if whoever reads it has the name itself.
    pub(crate) is_own: bool,
    /// True if whoever reads it is on a network with the container that has the name.
    pub(crate) reaches: bool,
    /// True for a name that a service answers to, whatever its container is called.
    pub(crate) is_service: bool,
    /// The networks by whose names those who read it may call a host: `db.proxy`. In order.
    pub(crate) networks: &'a [String],
    /// What they know of hosts.
    pub(crate) hosts: KnownHosts<'a>,
}

/// The hosts that whoever reads a text knows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KnownHosts<'a> {
    /// Names of services and their aliases, in order.
    pub(crate) peers: &'a [&'a str],
    /// Names of the machine itself, by `extra_hosts`.
    pub(crate) gateways: &'a [&'a str],
    /// Names of addresses, by `extra_hosts`.
    pub(crate) fixed: &'a [&'a str],
    /// True if they are in the machine's own network.
    pub(crate) is_in_host_network: bool,
    /// True if they speak to the machine, by whatever name.
    pub(crate) speaks_to_host: bool,
}

/// A place in a text that uses a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameUse {
    /// The bytes of the name in the text.
    pub(crate) range: Range<usize>,
    /// True if it can't mean anything else.
    pub(crate) is_sure: bool,
}

/// True for what names of containers, networks and volumes are made of.
pub(crate) const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// All uses of the old name of `rename` in a text, in order.
pub(crate) fn uses(text: &NamedText<'_>, rename: &Rename) -> Vec<NameUse> {
    let name = rename.from.as_str();
    let found = places(text, rename).into_iter().filter_map(|place| {
        let range = place.at..place.at + name.len();
        let token = Token {
            text,
            before: &text.text[..place.at],
            after: &text.text[place.end..],
        };
        let is_sure = token.meaning(rename.thing, name)? && place.end == range.end;
        let is_spelled_so = &text.text[range.clone()] == name;
        let is_it = is_sure || is_spelled_so || name.contains(TELLING);
        is_it.then_some(NameUse {
            range,
            is_sure: is_sure && !rename.may_be_others,
        })
    });
    found.collect()
}

/// What prose has no words with.
const TELLING: [char; 3] = ['_', '-', '.'];

/// A place in a text where a name stands.
struct WordPlace {
    at: usize,
    /// Where it ends, with the network's name where that stands behind it.
    end: usize,
}

/// Where a name stands as a word. Hosts have theirs in whatever case.
fn places(text: &NamedText<'_>, rename: &Rename) -> Vec<WordPlace> {
    let is_host = rename.thing == NamedThing::Container;
    let fold = |text: &str| match is_host {
        true => text.to_ascii_lowercase(),
        false => text.to_owned(),
    };
    let (whole, name) = (fold(text.text), fold(&rename.from));
    let bytes = whole.as_bytes();
    let is_escape = |at: usize| {
        at >= 3 && bytes[at - 3] == b'%' && bytes[at - 2..at].iter().all(u8::is_ascii_hexdigit)
    };
    let is_name = |at: usize| bytes.get(at).is_some_and(|byte| is_name_byte(*byte));
    let network_behind = |end: usize| {
        let rest = whole.get(end + 1..).unwrap_or_default();
        let length = rest.bytes().take_while(|byte| is_name_byte(*byte)).count();
        let network = &rest[..length];
        let known = text
            .networks
            .binary_search_by(|name| name.as_str().cmp(network));
        (is_host && known.is_ok()).then_some(end + 1 + length)
    };
    let place = |at: usize| {
        let starts = at == 0 || !is_name_byte(bytes[at - 1]) || is_escape(at);
        let end = at + name.len();
        let end = match bytes.get(end) {
            // The full stop that ends a sentence is no part of a name.
            Some(b'.') if is_name(end + 1) => network_behind(end),
            Some(b'.') => Some(end),
            _ => (!is_name(end)).then_some(end),
        };
        end.filter(|_| starts).map(|end| WordPlace { at, end })
    };
    whole
        .match_indices(name.as_str())
        .filter_map(|(at, _)| place(at))
        .collect()
}

/// Marks around a value.
const QUOTES: [char; 2] = ['"', '\''];

/// A name in its text.
struct Token<'a> {
    text: &'a NamedText<'a>,
    before: &'a str,
    after: &'a str,
}

impl Token<'_> {
    /// What the name means as one of `thing`: Some(true) surely that, Some(false) perhaps, None
    /// something else.
    fn meaning(&self, thing: NamedThing, name: &str) -> Option<bool> {
        if self.text.role != ValueRole::Engine
            && docker_command::names(thing, self.before, self.after)
        {
            return Some(true);
        }
        if self.is_of_credential() {
            // A secret that is a host and its port is none.
            let is_host = thing == NamedThing::Container && self.before.is_empty();
            return (is_host && !self.text.is_service && self.port().is_some()).then_some(false);
        }
        match thing {
            NamedThing::Container => self.as_container(name),
            NamedThing::Network => self.as_named("network", name),
            NamedThing::Volume => self.as_volume(name),
            NamedThing::HostPort => self.as_port(name),
        }
    }

    /// The option or key whose value begins here: `host` of `host=x`, of `host: x` and of
    /// `"host" => "x"`, `--db` of `--db x`, the variable's name at the beginning of its value.
    fn option(&self) -> &str {
        let before = self.before.trim_end_matches(QUOTES);
        if before.is_empty() {
            return self.text.key;
        }
        let last = |text: &'_ str| -> usize {
            let is_end = |c: char| {
                c.is_whitespace()
                    || matches!(c, ';' | ',' | '&' | '?' | '(' | '[' | '{' | '"' | '\'')
            };
            text.rfind(is_end).map_or(0, |at| at + 1)
        };
        // `Server=tcp:x` of SQL Server.
        let assigned = before.strip_suffix("tcp:").unwrap_or(before);
        let assigned = assigned.trim_end_matches(' ');
        if let Some(key) = assigned
            .strip_suffix("=>")
            .or_else(|| assigned.strip_suffix('='))
        {
            let key = key.trim_end_matches(' ').trim_end_matches(QUOTES);
            return &key[last(key)..];
        }
        let trimmed = before.trim_end_matches(' ');
        if let Some(key) = trimmed.strip_suffix(':') {
            let name = key.trim_end_matches(QUOTES);
            if trimmed.len() < before.len() || name.len() < key.len() {
                return &name[last(name)..];
            }
        }
        if trimmed.len() < before.len() && !trimmed.ends_with([',', ';']) {
            let word = &trimmed[last(trimmed)..];
            if word.starts_with('-') {
                return word;
            }
        }
        // One of a list.
        match self.is_element() && self.text.role == ValueRole::Pair {
            true => self.text.key,
            false => "",
        }
    }

    /// True if nothing but separators of a list, or a bracket, stands beside it.
    fn is_element(&self) -> bool {
        let is_edge = |c: char| {
            c.is_whitespace()
                || matches!(
                    c,
                    ',' | ';' | '"' | '\'' | '[' | ']' | '{' | '}' | '(' | ')'
                )
        };
        self.before.chars().next_back().is_none_or(is_edge)
            && self.after.chars().next().is_none_or(is_edge)
    }

    fn is_whole(&self) -> bool {
        let is_quote = |text: &str| text.trim_matches(['"', '\'', ' ', '\n']).is_empty();
        is_quote(self.before) && is_quote(self.after)
    }

    /// A part of a path: behind one slash, or before one that no host could stand before.
    fn is_in_path(&self) -> bool {
        let begins_authority = self.authority() == Some(self.before.len());
        let behind = self.before.ends_with('/') && !begins_authority;
        behind || (self.after.starts_with('/') && !self.is_host_of_url())
    }

    /// Where the authority of the URL that it is in begins, if it is in one: behind `://`, behind the
    /// `@//` of Oracle's, or behind the slashes that a text begins with.
    fn authority(&self) -> Option<usize> {
        let slashes = self.before.rfind("//")?;
        let begins = matches!(
            self.before[..slashes].chars().next_back(),
            None | Some(':' | '@')
        );
        let start = slashes + 2;
        if !begins {
            return None;
        }
        let ends = |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace();
        (!self.before[start..].contains(ends)).then_some(start)
    }

    /// Within a URL whose first part is a bucket, a folder or an image.
    fn is_of_storage(&self) -> bool {
        const SCHEMES: [&str; 10] = [
            "s3", "s3a", "gs", "gcs", "b2", "abs", "wasb", "file", "docker", "oci",
        ];
        let scheme = self
            .before
            .rsplit_once("://")
            .map_or("", |(before, _)| before);
        let is_end = |c: char| !c.is_ascii_alphanumeric();
        self.authority().is_some()
            && scheme
                .rsplit(is_end)
                .next()
                .is_some_and(|scheme| SCHEMES.contains(&scheme))
    }

    /// What follows within the authority.
    fn rest_of_authority(&self) -> &str {
        let ends = |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace();
        self.after.split(ends).next().unwrap_or_default()
    }

    fn is_host_of_url(&self) -> bool {
        !self.is_of_storage()
            && self.authority().is_some_and(|start| {
                let is_first = |c: char| matches!(c, '@' | ',');
                let before = &self.before[start..];
                (before.is_empty() || before.ends_with(is_first))
                    && !self.rest_of_authority().contains('@')
            })
    }

    /// Within the value of something that is a user's name, a group or a secret; the host of a URL
    /// is none, nor that of an option in it.
    fn is_of_credential(&self) -> bool {
        let (option, key) = (self.option(), self.text.key);
        let is_of_host = option != key && speaks_of(option, &HOST_WORDS, &NAMED_WORDS);
        let is_key = self.text.role == ValueRole::Pair && ends_with_word(key, &CREDENTIAL_WORDS);
        let is_credential = ends_with_word(option, &CREDENTIAL_WORDS)
            || matches!(option, "-u" | "-U")
            || is_key && !is_of_host
            || self.text.role == ValueRole::Command && self.is_given_to_chown();
        is_credential && !self.is_host_of_url()
    }

    /// One of the words behind `chown` or `chgrp`, up to the end of that command.
    fn is_given_to_chown(&self) -> bool {
        let is_end = |c: char| matches!(c, ';' | '&' | '|' | '\n');
        let command = self.before.rsplit(is_end).next().unwrap_or_default();
        let mut words = command.split_whitespace().chain([self.text.key]);
        words.any(|word| matches!(word, "chown" | "chgrp"))
    }

    /// A user's name or a password in a URL.
    fn is_credential(&self) -> bool {
        self.authority().is_some() && self.rest_of_authority().contains('@')
    }

    /// The number behind its colon, if it can be a port: neither `7-alpine` nor `7.2`.
    fn port(&self) -> Option<u16> {
        let rest = self.after.strip_prefix(':')?;
        let end = rest.bytes().position(|byte| !byte.is_ascii_digit());
        let (digits, behind) = rest.split_at(end.unwrap_or(rest.len()));
        let starts =
            |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.' | ':' | '/');
        let is_alone = self.before.chars().next_back().is_none_or(starts)
            && !behind.starts_with(|c: char| c.is_ascii() && is_name_byte(c as u8));
        digits.parse().ok().filter(|_| is_alone)
    }

    /// True if a number behind a colon is surely a port. A small one may be an image's tag or
    /// a group, where nothing speaks of a host and it is none that everybody knows.
    fn has_sure_port(&self, port: u16) -> bool {
        const FIRST_OF_PROGRAMS: u16 = 1024;
        const KNOWN: [u16; 8] = [80, 389, 443, 465, 587, 636, 993, 995];
        port >= FIRST_OF_PROGRAMS
            || KNOWN.contains(&port)
            || self.before.ends_with(['(', '@'])
            || speaks_of(self.option(), &HOST_WORDS, &NAMED_WORDS)
    }

    /// Whether it is surely the container's host name; None if it is none.
    fn as_container(&self, name: &str) -> Option<bool> {
        if self.text.role == ValueRole::Engine {
            return None;
        }
        if self.text.role == ValueRole::Mode {
            // A bare word is a service's.
            let is_named = self.before == "container:" || self.text.key == "external_links";
            return is_named.then_some(true);
        }
        let option = self.option();
        if self.text.hosts.fixed.contains(&name) {
            // `extra_hosts` says where that is.
            return None;
        }
        let speaks_of_containers = speaks_of(option, &["container"], &["container"])
            || matches!(option, "--volumes-from" | "--link");
        if self.before.ends_with("container:") {
            return Some(true);
        }
        if self.is_slashed() {
            let key = self.text.key.to_ascii_lowercase().replace('_', "-");
            let depends = key.ends_with("depends-on");
            let speaks_of_them = speaks_of(self.text.key, &["container"], &["container"]);
            return (depends || speaks_of_them).then_some(true);
        }
        if self.is_credential()
            || self.is_of_storage()
            || (self.text.is_service && !speaks_of_containers)
        {
            return None;
        }
        let is_image = ends_with_word(option, &IMAGE_WORDS);
        let is_short = matches!(option, "-h" | "-H");
        if self.is_host_of_url() || is_short {
            return Some(self.text.reaches);
        }
        if let Some(port) = self.port() {
            return Some(self.text.reaches && !is_image && self.has_sure_port(port));
        }
        // A host behind its user in a DSN; else the name of a node may be made of it, under
        // which there is data.
        if let Some(before) = self.before.strip_suffix('@') {
            let is_host = before.contains(':') && self.after.starts_with('/');
            return Some(self.text.reaches && is_host);
        }
        if self.is_in_path() && self.is_put_in_by_sed() {
            return Some(false);
        }
        if self.is_in_path() || names_another_kind(option) {
            let begins = self.text.role == ValueRole::Pair && self.before.is_empty();
            let is_first = begins && self.after.starts_with('/') && !is_image;
            let may_be_host = is_first && !names_another_kind(option)
                || begins && self.is_whole() && may_name_a_host(option);
            return may_be_host.then_some(false);
        }
        let is_value = self.is_element() || self.before.ends_with(['=', ':']);
        if is_value && speaks_of_containers {
            return Some(true);
        }
        if is_value && speaks_of(option, &HOST_WORDS, &NAMED_WORDS) {
            return Some(self.text.reaches && !names_a_site(option));
        }
        (self.is_telling(name) || self.is_at_a_host_s_place()).then_some(false)
    }

    /// Whether it is surely the network or volume, by what the option is called.
    fn as_named(&self, what: &str, name: &str) -> Option<bool> {
        if self.text.role == ValueRole::Engine {
            return None;
        }
        if self.text.role == ValueRole::Mode {
            let is_network = matches!(self.text.key, "network_mode" | "network");
            return (what == "network" && is_network && self.is_whole()).then_some(true);
        }
        let option = self.option();
        let is_short = what == "network" && option.trim_start_matches('-') == "net";
        let speaks_of_it = is_short || speaks_of(option, &[what], &[what]);
        if speaks_of_it
            && (self.is_element() || self.before.ends_with('=') || self.after.starts_with(":/"))
        {
            return Some(true);
        }
        if self.is_in_path()
            || self.is_credential()
            || self.text.is_service
            || names_another_kind(option)
        {
            return None;
        }
        self.is_telling(name).then_some(false)
    }

    fn as_volume(&self, name: &str) -> Option<bool> {
        // Its folder on the engine's disk.
        if self.before.ends_with("/docker/volumes/") && self.after.starts_with("/_data") {
            return Some(true);
        }
        if self.text.role == ValueRole::Engine {
            return None;
        }
        if self.after.starts_with(":/") && self.is_element_before() {
            return Some(true);
        }
        self.as_named("volume", name)
    }

    fn is_element_before(&self) -> bool {
        let is_edge = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '=');
        self.before.chars().next_back().is_none_or(is_edge)
    }

    /// A word that is hardly there by chance.
    fn is_telling(&self, name: &str) -> bool {
        self.is_whole() || name.contains(TELLING) || self.is_listed()
    }

    /// One of a list that isn't prose.
    fn is_listed(&self) -> bool {
        const SEPARATORS: [char; 3] = [',', ';', '|'];
        let (before, after) = (self.before, self.after);
        let begins = before.is_empty() || before.ends_with(SEPARATORS);
        let ends = after.is_empty() || after.starts_with(SEPARATORS);
        begins && ends && !self.text.text.contains(' ')
    }
}

#[cfg(test)]
mod tests;

//! What listens on this machine: ports that no project can publish beside it, whoever asks.
//!
//! The kernel tells everybody which ports are taken and by which user (`/proc/net`); which
//! process that is root alone sees of all, anybody else of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use super::processes::names;
use crate::compose::{Claim, Claimant, Port};

/// The protocols, and the states in which a socket holds its port (`include/net/tcp_states.h`):
/// TCP's listen, UDP's have no state.
const TABLES: [(&str, &str, &str); 4] = [
    ("tcp", "tcp", "0A"),
    ("tcp6", "tcp", "0A"),
    ("udp", "udp", "07"),
    ("udp6", "udp", "07"),
];

/// A port that a socket of this machine holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct HeldPort {
    protocol: &'static str,
    /// None for all addresses of both families.
    address: Option<IpAddr>,
    number: u16,
    user: u32,
    socket: u64,
}

/// The ports that processes of this machine listen on, each once, with their names where this
/// process may know them. None where the kernel doesn't tell.
pub fn listening() -> Option<Vec<Claim<Port>>> {
    let mut held = BTreeSet::new();
    for (table, protocol, state) in TABLES {
        match fs::read_to_string(Path::new("/proc/net").join(table)) {
            Ok(text) => held.extend(sockets(&text, protocol, state)),
            // Without IPv6 its tables aren't there.
            Err(_) if table.ends_with('6') => {}
            Err(_) => return None,
        }
    }
    let processes = processes_of(&held.iter().map(|port| port.socket).collect());
    let mut claims: Vec<Claim<Port>> = held.iter().map(|port| port.claim(&processes)).collect();
    claims.sort_by(|a, b| (&a.what, &a.holder).cmp(&(&b.what, &b.holder)));
    claims.dedup();
    Some(claims)
}

/// The sockets of a table that are in `state` and have no other end.
fn sockets(text: &str, protocol: &'static str, state: &str) -> Vec<HeldPort> {
    let socket = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (address, number) = end(fields.get(1)?)?;
        let (_, other) = end(fields.get(2)?)?;
        let is_held = fields.get(3)? == &state && other == 0;
        is_held.then_some(HeldPort {
            protocol,
            // A socket for all of IPv6 takes IPv4, too, unless it was asked not to, which the
            // kernel doesn't tell here.
            address: Some(address).filter(|ip| *ip != IpAddr::from(Ipv6Addr::UNSPECIFIED)),
            number,
            user: fields.get(7)?.parse().ok()?,
            socket: fields.get(9)?.parse().ok()?,
        })
    };
    text.lines().skip(1).filter_map(socket).collect()
}

/// `0100007F:1F90`: the words of the address as this machine's processor has them in memory.
fn end(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| {
        let digits = address.get(at..at + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let address = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes: Vec<u8> = words.concat();
            let bytes: [u8; 16] = bytes.try_into().ok()?;
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

impl HeldPort {
    fn claim(&self, processes: &BTreeMap<u64, String>) -> Claim<Port> {
        let owner = match processes.get(&self.socket) {
            Some(process) => process.clone(),
            None => format!("a process of user {}", self.user),
        };
        let port = Port {
            target: self.number,
            published: Some(self.number.to_string()),
            host_ip: self.address.map(|ip| ip.to_string()),
            protocol: self.protocol.to_owned(),
        };
        let holder = Claimant {
            project: None,
            owner,
            at: None,
        };
        Claim::new(port, holder)
    }
}

/// The processes that have these sockets open, by socket; of several the first that was started.
fn processes_of(sockets: &BTreeSet<u64>) -> BTreeMap<u64, String> {
    let mut numbers: Vec<u32> = names(Path::new("/proc"))
        .filter_map(|name| name.parse().ok())
        .collect();
    numbers.sort_unstable();
    let mut found = BTreeMap::new();
    for number in numbers {
        let process = Path::new("/proc").join(number.to_string());
        let open = names(&process.join("fd")).filter_map(|fd| {
            let link = fs::read_link(process.join("fd").join(fd)).ok()?;
            socket_of(link.to_str()?).filter(|socket| sockets.contains(socket))
        });
        let open: Vec<u64> = open.collect();
        let Some(name) = open
            .first()
            .and_then(|_| fs::read_to_string(process.join("comm")).ok())
        else {
            continue;
        };
        for socket in open {
            let called = format!("{} (process {number})", name.trim_end());
            found.entry(socket).or_insert(called);
        }
    }
    found
}

/// The number in `socket:[12345]`.
fn socket_of(link: &str) -> Option<u64> {
    let number = link.strip_prefix("socket:[")?.strip_suffix(']')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use super::*;

    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 19 1
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 20 1
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000    33        0 21 1
";
    const TCP6: &str = "\
  sl  local_address                         remote_address                        st tx rx tr
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 7 0 22 1
   1: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 0:0 0:0 0 7 0 23 1
   2: 0000000000000000FFFF00000100007F:0052 00000000000000000000000000000000:0000 0A 0:0 0:0 0 7 0 24 1
";

    fn shown(text: &str) -> Vec<(Option<String>, u16, u32, u64)> {
        let found = sockets(text, "tcp", "0A").into_iter();
        let shown = found.map(|port| {
            let address = port.address.map(|ip| ip.to_string());
            (address, port.number, port.user, port.socket)
        });
        shown.collect()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn sockets_that_listen_are_read_from_the_kernel_s_tables() {
        let ip = |ip: &str| Some(ip.to_owned());
        assert_eq!(
            shown(TCP),
            [
                (ip("0.0.0.0"), 2024, 0, 19),
                (ip("127.0.0.1"), 8080, 33, 20)
            ]
        );
        assert_eq!(
            shown(TCP6),
            [
                (None, 80, 7, 22),
                (ip("::1"), 81, 7, 23),
                (ip("127.0.0.1"), 82, 7, 24)
            ]
        );
        assert_eq!(shown("header\n 0: x y\n\n 1: 1:2 3:4 0A\n"), []);
    }

    fn holders(port: u16, protocol: &str) -> Vec<(Option<String>, String)> {
        let port = port.to_string();
        let claims = listening().unwrap().into_iter();
        let on = claims.filter(|claim| {
            claim.what.published.as_ref() == Some(&port) && claim.what.protocol == protocol
        });
        on.map(|claim| (claim.what.host_ip, claim.holder.owner))
            .collect()
    }

    #[test]
    fn this_process_is_found_by_the_ports_that_it_listens_on() {
        let own = format!("(process {})", std::process::id());
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        // Another end isn't another holder.
        let _stream = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
        let found = holders(port, "tcp");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0.as_deref(), Some("127.0.0.1"));
        assert!(found[0].1.ends_with(&own), "{found:?}");

        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = udp.local_addr().unwrap().port();
        let found = holders(port, "udp");
        assert!(found.iter().any(|(_, owner)| owner.ends_with(&own)));
        drop(tcp);
    }

    #[test]
    fn a_holder_that_may_not_be_seen_is_told_by_its_user() {
        let held = &sockets(TCP, "tcp", "0A")[1];
        let claim = held.claim(&BTreeMap::new());
        assert_eq!(claim.holder.to_string(), "a process of user 33");
        let known = BTreeMap::from([(20, "nginx (process 9)".to_owned())]);
        assert_eq!(held.claim(&known).holder.owner, "nginx (process 9)");
        assert_eq!(socket_of("socket:[20]"), Some(20));
        assert_eq!(socket_of("pipe:[20]"), None);
    }
}

//! Whether the engine's machine has addresses on the clone's networks, which it must not: measured from within,
//! since an engine that doesn't know the option that it is told so by passes that over.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::threads;

/// The port that is tried; that nobody listens there is an answer, too.
const PORT: u16 = 9;

/// How long it takes at most until the kernel of the same machine has answered.
const PATIENCE: Duration = Duration::from_millis(500);

/// Those of the addresses that somebody has. One of one's own is nobody else's.
pub(super) fn reached(addresses: &[Ipv4Addr], is_own: fn(Ipv4Addr) -> bool) -> Vec<Ipv4Addr> {
    let asked = addresses.iter().map(|&address| {
        let begun = threads::start(move || is_reached(address));
        (address, begun)
    });
    let asked: Vec<_> = asked.collect();
    let reached = asked.into_iter().filter_map(|(address, begun)| {
        let is_reached = match begun.map(std::thread::JoinHandle::join) {
            Ok(Ok(is_reached)) => is_reached,
            _ => is_reached(address),
        };
        (is_reached && !is_own(address)).then_some(address)
    });
    reached.collect()
}

fn is_reached(address: Ipv4Addr) -> bool {
    let to = SocketAddr::from((address, PORT));
    match TcpStream::connect_timeout(&to, PATIENCE) {
        Ok(_) => true,
        Err(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => true,
            // Whoever says nothing may be there all the same, behind a firewall.
            _ => {
                fs::read_to_string("/proc/net/arp").map_or(true, |table| is_known(&table, address))
            }
        },
    }
}

/// Whether somebody has told the kernel that the address is its own.
fn is_known(table: &str, address: Ipv4Addr) -> bool {
    table.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace();
        let is_its = fields.next() == Some(&address.to_string());
        let flags = fields.nth(1);
        is_its && flags != Some("0x0")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_the_address_is_reached_whether_it_listens_or_not() {
        let local = Ipv4Addr::LOCALHOST;
        assert_eq!(reached(&[local], |_| false), [local]);
        assert!(reached(&[local], |_| true).is_empty());
        assert!(reached(&[], |_| false).is_empty());
    }

    #[test]
    fn an_address_that_nobody_has_claimed_is_nobodys() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device\n\
            172.18.0.1       0x1         0x0         00:00:00:00:00:00     *        eth0\n\
            172.18.0.3       0x1         0x2         02:42:ac:12:00:03     *        eth0\n";
        let known = |last: u8| is_known(table, Ipv4Addr::new(172, 18, 0, last));
        assert_eq!([1, 2, 3].map(known), [false, false, true]);
    }
}

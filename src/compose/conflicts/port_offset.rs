//! By how much the host ports of a project move so that they meet no other: decided against
//! all that is known, before a byte is written.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::claims::{Claim, Claimant, Claims};
use super::conflict::{Conflict, ConflictRule};
use crate::compose::error::Error;
use crate::compose::model::port::Port;

/// What is to be added to host ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortOffset {
    /// The smallest number with which every port is free.
    Auto,
    /// This number, if with it every port is free.
    By(i32),
}

impl FromStr for PortOffset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let number = text
            .parse()
            .ok()
            .filter(|by: &i32| by.unsigned_abs() <= 65535);
        number
            .map(Self::By)
            .ok_or_else(|| "it is a number from -65535 to 65535, or `auto`".to_owned())
    }
}

/// Why an offset can't be: the port that it lands on, and whose that is.
struct Landing<'a> {
    port: u16,
    holder: &'a Claimant,
}

/// The ports that move, and all that they must not meet.
struct Moves<'a> {
    moving: Vec<&'a Claim<Port>>,
    taken: Vec<&'a Claim<Port>>,
}

/// The offset for the services of `own` that collide by a port in `found`, so that no port of
/// theirs meets one of `others` or one of their own project that stays.
///
/// # Errors
/// [`Error::PortTaken`] for an offset that lands on a port that is taken, with one that works;
/// [`Error::NoPort`] for one that leads to none, or if none works.
pub fn port_offset(
    others: &Claims,
    own: &Claims,
    found: &[Conflict],
    wanted: PortOffset,
) -> Result<i32, Error> {
    let owners: BTreeSet<&str> = found
        .iter()
        .filter(|conflict| conflict.rule == ConflictRule::HostPort)
        .map(|conflict| conflict.second.owner.as_str())
        .collect();
    let is_moving = |claim: &&Claim<Port>| owners.contains(claim.holder.owner.as_str());
    let (moving, staying): (Vec<_>, Vec<_>) = own.ports.iter().partition(is_moving);
    let moves = Moves {
        moving,
        taken: others.ports.iter().chain(staying).collect(),
    };
    let free = moves.free();
    let least = |from: i32| (from.max(1)..=65535).find(|by| free.allows(*by));
    let any = || least(1).or_else(|| (1..=65535).map(|by: i32| -by).find(|by| free.allows(*by)));
    match wanted {
        PortOffset::Auto => any().ok_or(Error::NoPort {
            by: None,
            works: None,
        }),
        PortOffset::By(by) if free.allows(by) => Ok(by),
        PortOffset::By(by) => Err(moves.refusal(by, least(by).or_else(any))),
    }
}

/// The offsets with which no port meets another.
struct Free {
    /// A bit for each, from -65535 on.
    blocked: Vec<u64>,
}

const LAST: i32 = 65535;

/// A bit for each port.
type PortSet = Vec<u64>;

impl Free {
    fn all() -> Self {
        Self {
            blocked: vec![0; 2 * 65536 / 64 + 1],
        }
    }

    fn allows(&self, by: i32) -> bool {
        let bit = usize::try_from(by + LAST).ok();
        bit.filter(|bit| *bit <= 2 * 65535)
            .is_some_and(|bit| self.blocked[bit / 64] & (1 << (bit % 64)) == 0)
    }

    fn block(&mut self, from: i32, to: i32) {
        for by in from.max(-LAST)..=to.min(LAST) {
            if let Ok(bit) = usize::try_from(by + LAST) {
                self.blocked[bit / 64] |= 1 << (bit % 64);
            }
        }
    }

    /// Blocks all that lead from one port to one of a set: the set itself, moved. So thousands of
    /// ports against thousands take no time.
    fn block_ways(&mut self, from: u16, to: &PortSet) {
        let shift = 65535 - usize::from(from);
        let (words, bits) = (shift / 64, shift % 64);
        for (index, word) in to.iter().enumerate() {
            self.blocked[index + words] |= word << bits;
            if bits > 0 {
                self.blocked[index + words + 1] |= word >> (64 - bits);
            }
        }
    }
}

/// The single ports of one protocol on one address of the host.
struct PortGroup<'a> {
    /// Any of them.
    like: &'a Port,
    ports: BTreeSet<u16>,
}

impl PortGroup<'_> {
    fn set(&self) -> PortSet {
        let mut set = vec![0; 65536 / 64];
        for port in &self.ports {
            set[usize::from(*port / 64)] |= 1 << (port % 64);
        }
        set
    }
}

/// The single ports by protocol and address, and those that are chosen from ranges.
fn grouped<'a>(claims: &[&'a Claim<Port>]) -> (Vec<PortGroup<'a>>, Vec<&'a Port>) {
    let mut groups: BTreeMap<(&str, Option<&str>), PortGroup<'a>> = BTreeMap::new();
    let mut ranges = Vec::new();
    for Claim { what: port, .. } in claims {
        let Some(ports) = port.host_ports() else {
            continue;
        };
        if ports.start() == ports.end() {
            let group = groups
                .entry((&port.protocol, port.host_ip.as_deref()))
                .or_insert_with(|| PortGroup {
                    like: port,
                    ports: BTreeSet::new(),
                });
            group.ports.insert(*ports.start());
        } else {
            ranges.push(port);
        }
    }
    (groups.into_values().collect(), ranges)
}

impl<'a> Moves<'a> {
    fn free(&self) -> Free {
        let mut free = Free::all();
        // There is no port 0, nor one beyond 65535.
        for (first, last) in self.moving.iter().filter_map(|claim| ends(&claim.what)) {
            free.block(-LAST, -first);
            free.block(LAST + 1 - last, LAST);
        }
        let (moving, moving_ranges) = grouped(&self.moving);
        let (taken, taken_ranges) = grouped(&self.taken);
        for group in &moving {
            for other in taken.iter().filter(|other| group.like.meets(other.like)) {
                let set = other.set();
                for port in &group.ports {
                    free.block_ways(*port, &set);
                }
            }
            for range in taken_ranges.iter().filter(|range| group.like.meets(range)) {
                let (first, last) = ends(range).unwrap_or_default();
                for port in &group.ports {
                    free.block(first - i32::from(*port), last - i32::from(*port));
                }
            }
        }
        // Two that choose from ranges step aside for each other.
        for range in moving_ranges {
            let (first, last) = ends(range).unwrap_or_default();
            for group in taken.iter().filter(|group| range.meets(group.like)) {
                for port in &group.ports {
                    free.block(i32::from(*port) - last, i32::from(*port) - first);
                }
            }
        }
        free
    }

    fn refusal(&self, by: i32, works: Option<i32>) -> Error {
        let landing = self.moving.iter().find_map(|claim| self.landing(claim, by));
        match landing {
            Some(Landing { port, holder }) => Error::PortTaken {
                by,
                port,
                owner: holder.in_words(),
                works,
            },
            None => Error::NoPort {
                by: Some(by),
                works,
            },
        }
    }

    fn landing(&self, claim: &Claim<Port>, by: i32) -> Option<Landing<'a>> {
        let (first, last) = ends(&claim.what)?;
        let (first, last) = (first + by, last + by);
        self.taken.iter().find_map(|other| {
            let (other_first, other_last) = ends(&other.what)?;
            let hits = other_first <= last && first <= other_last;
            let port = u16::try_from(first.max(other_first)).ok()?;
            (hits && claim.what.meets(&other.what)).then_some(Landing {
                port,
                holder: &other.holder,
            })
        })
    }
}

fn ends(port: &Port) -> Option<(i32, i32)> {
    let ports = port.host_ports()?;
    Some((i32::from(*ports.start()), i32::from(*ports.end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(project: &str, ports: &[(&str, &str)]) -> Claims {
        let claim = |(owner, spec): &(&str, &str)| {
            let holder = Claimant {
                project: Some(project.to_owned()),
                owner: (*owner).to_owned(),
                at: None,
            };
            Claim::new(Port::parse(spec).unwrap().remove(0), holder)
        };
        Claims {
            ports: ports.iter().map(claim).collect(),
            ..Claims::default()
        }
    }

    fn solved(
        others: &[(&str, &str)],
        own: &[(&str, &str)],
        wanted: PortOffset,
    ) -> Result<i32, String> {
        let (others, own) = (claims("a", others), claims("b", own));
        let found = crate::compose::conflicts(&others, &own);
        port_offset(&others, &own, &found, wanted).map_err(|error| error.to_string())
    }

    #[test]
    fn an_offset_that_lands_on_another_port_is_refused_with_one_that_works() {
        let ports = [("a", "8081:80"), ("b", "9081:80")];
        assert_eq!(
            solved(&ports, &ports, PortOffset::By(1000)),
            Err("with an offset of 1000 port 9081 would be that of b of project a, too".to_owned())
        );
        assert_eq!(solved(&ports, &ports, PortOffset::By(1001)), Ok(1001));
        // Whose it is is the one that is met, not one beyond.
        let others = [("x", "80:80"), ("far", "9999:80"), ("near", "8080-8089:80")];
        assert_eq!(
            solved(&others, &[("a", "80:80")], PortOffset::By(8000)),
            Err(
                "with an offset of 8000 port 8080 would be that of near of project a, too"
                    .to_owned()
            )
        );
    }

    #[test]
    fn the_smallest_offset_that_works_for_all_is_found() {
        let check = |others: &[(&str, &str)], own: &[(&str, &str)], expect: i32| {
            assert_eq!(solved(others, own, PortOffset::Auto), Ok(expect));
        };
        check(&[("a", "80:80")], &[("a", "80:80")], 1);
        check(&[("a", "80:80"), ("b", "81:80")], &[("a", "80:80")], 2);
        // What stays of its own is in the way, too.
        check(&[("a", "80:80")], &[("a", "80:80"), ("b", "81:80")], 2);
        // All ports of a service move together.
        check(
            &[("a", "80:80"), ("b", "91:80")],
            &[("a", "80:80"), ("a", "90:90")],
            2,
        );
        // Another protocol or address is no other port.
        check(&[("a", "80:80"), ("b", "81:80/udp")], &[("a", "80:80")], 1);
        check(
            &[("a", "127.0.0.1:80:80"), ("b", "127.0.0.2:81:80")],
            &[("a", "127.0.0.1:80:80")],
            1,
        );
        check(&[("a", "80:80"), ("b", "81-89:80")], &[("a", "80:80")], 10);
        check(&[("a", "5:80")], &[("a", "1-9:80")], 5);
        check(&[("a", "65535:80")], &[("a", "65535:80")], -1);
        check(&[("a", "65534:80")], &[("a", "65534:80")], 1);
    }

    #[test]
    fn every_offset_is_free_or_not_as_a_comparison_of_all_ports_says() {
        let others = [
            ("a", "80:80"),
            ("b", "127.0.0.1:130:80"),
            ("c", "150-155:80"),
            ("d", "64:80/udp"),
            ("e", "65535:80"),
            ("f", "1:80"),
            ("g", "[::1]:90:80"),
        ];
        let own = [
            ("a", "80:80"),
            ("a", "127.0.0.2:129:80"),
            ("a", "100-104:80"),
            ("a", "65:80/udp"),
        ];
        let (others, own) = (claims("a", &others), claims("b", &own));
        let moves = Moves {
            moving: own.ports.iter().collect(),
            taken: others.ports.iter().collect(),
        };
        let free = moves.free();
        let is_free = |by: i32| {
            own.ports.iter().all(|claim| {
                let (first, last) = ends(&claim.what).unwrap();
                let moved = (first + by, last + by);
                let is_met = others.ports.iter().any(|other| {
                    let (start, end) = ends(&other.what).unwrap();
                    let is_single = moved.0 == moved.1 || start == end;
                    is_single && start <= moved.1 && moved.0 <= end && claim.what.meets(&other.what)
                });
                moved.0 >= 1 && moved.1 <= LAST && !is_met
            })
        };
        for by in -LAST..=LAST {
            assert_eq!(free.allows(by), is_free(by), "{by}");
        }
        assert!(!free.allows(LAST + 1) && !free.allows(-LAST - 1));
    }

    #[test]
    fn ports_that_do_not_exist_are_no_way_out() {
        let found = solved(
            &[("a", "65000:80")],
            &[("a", "65000:80")],
            PortOffset::By(600),
        );
        assert_eq!(
            found,
            Err("with an offset of 600 a port would be none: they are 1 to 65535".to_owned())
        );
    }

    #[test]
    fn an_offset_is_a_number_or_auto() {
        assert_eq!("auto".parse(), Ok(PortOffset::Auto));
        assert_eq!("-5".parse(), Ok(PortOffset::By(-5)));
        assert!("65536".parse::<PortOffset>().is_err());
        assert!("x".parse::<PortOffset>().is_err());
    }
}

//! Ranges of addresses, `10.1.0.0/16` or `fd00::/64`, and whether they overlap.

use std::net::IpAddr;

/// True if the two share an address. What isn't a subnet is compared as it is written.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    match (Subnet::parse(one), Subnet::parse(other)) {
        (Some(one), Some(other)) => one.overlaps(other),
        _ => one == other,
    }
}

#[derive(Debug, Clone, Copy)]
struct Subnet {
    is_v4: bool,
    /// The address at the upper end of 128 bits.
    address: u128,
    /// How many bits are fixed.
    fixed: u32,
}

impl Subnet {
    fn parse(text: &str) -> Option<Self> {
        let (address, fixed) = text.split_once('/')?;
        let fixed: u32 = fixed.parse().ok()?;
        let (is_v4, address, length) = match address.parse().ok()? {
            IpAddr::V4(address) => (true, u128::from(u32::from(address)) << 96, 32),
            IpAddr::V6(address) => (false, u128::from(address), 128),
        };
        (fixed <= length).then_some(Self {
            is_v4,
            address,
            fixed,
        })
    }

    fn overlaps(self, other: Self) -> bool {
        let common = self.fixed.min(other.fixed);
        let mask = u128::MAX.checked_shl(128 - common).unwrap_or(0);
        self.is_v4 == other.is_v4 && self.address & mask == other.address & mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_overlap_if_one_holds_the_other() {
        for (one, other, expect) in [
            ("10.1.0.0/16", "10.1.2.0/24", true),
            ("10.1.2.0/24", "10.1.0.0/16", true),
            ("10.1.0.0/24", "10.1.1.0/24", false),
            ("0.0.0.0/0", "10.1.1.0/24", true),
            ("fd00::/64", "fd00::1:0/112", true),
            ("fd00::/64", "fd00:0:0:1::/64", false),
            ("::/0", "10.0.0.0/8", false),
            ("10.0.0.0/40", "10.0.0.0/40", true),
            ("x", "y", false),
        ] {
            assert_eq!(overlap(one, other), expect, "{one} {other}");
        }
    }
}
